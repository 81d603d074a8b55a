"""A plan beside its base: settings that change, people and changes of both causes, something called off."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.attribution import Base, SettingChange
from reconciler.model.change import Affected, ChangePeople, SetValue
from reconciler.model.plan import Plan
from reconciler.planning.attribution import attribute, without_base

from . import samples

_SUPPORT = replace(
    samples.SUPPORT,
    changes=(
        SetValue("subject", "Suporte Cps", "Suporte de Campinas"),
        ChangePeople("promote", (Affected(samples.ANA, "has joined"),)),
        ChangePeople("demote", (Affected(samples.BRUNO, "not in the manifest"),)),
    ),
)
BEFORE = Plan(
    groups=(
        _SUPPORT,
        *(
            group
            for group in samples.EVERYTHING.groups
            if group.name in ("comunidade-cafe", "antigo", "campanha")
        ),
    ),
    objections=samples.EVERYTHING.objections[:1],
)
SETTINGS = (
    SettingChange("account", "", (), (samples.ACCOUNT,)),
    SettingChange("guards", "demote_share", ("0.25",), ("0.9",)),
    SettingChange("allow", "", (), ("leave-many, max 4: moving",)),
    SettingChange("alias", "ana", (samples.ANA,), ("5519800000001",)),
)
BASE = Base(
    ref="origin/main",
    commit="b" * 40,
    attribution=attribute(samples.EVERYTHING, BEFORE),
    settings=SETTINGS,
)
BROKEN = Base(
    ref="origin/main",
    commit="b" * 40,
    attribution=without_base(samples.EVERYTHING),
    problem="its files are wrong, so everything counts as this change's: groups/a.yaml:1:1: no",
    warnings=("origin/main has commits that are not checked out",),
)
NOTHING_NEW = replace(BASE, attribution=attribute(samples.EVERYTHING, samples.EVERYTHING), settings=())
