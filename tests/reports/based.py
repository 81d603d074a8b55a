"""A plan beside its base: settings that change, people and changes of both causes, something called off."""

from __future__ import annotations

from dataclasses import replace

from reconciler.language import msg
from reconciler.model.attribution import Base, SettingChange
from reconciler.model.change import Affected, ChangePeople, SetValue
from reconciler.model.plan import Plan
from reconciler.planning.attribution import attribute, without_base

from . import samples

_SUPPORT = replace(
    samples.SUPPORT,
    changes=(
        SetValue("subject", "Suporte Cps", "Suporte de Campinas"),
        ChangePeople("promote", (Affected(samples.ANA, samples.JOINED),)),
        ChangePeople("demote", (Affected(samples.BRUNO, samples.UNLISTED),)),
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
_ALLOWED = msg(
    "{allowance}: {reason}",
    allowance=msg("{allowance}, max {max}", allowance="leave-many", max=4),
    reason="moving",
)
SETTINGS = (
    SettingChange("account", "", (), (samples.ACCOUNT,)),
    SettingChange("guards", "demote_share", ("0.25",), ("0.9",)),
    SettingChange("allow", "", (), (_ALLOWED,)),
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
    problem=msg(
        "its files are wrong, so everything counts as this change's: {mistakes}",
        mistakes="groups/a.yaml:1:1: no",
    ),
    warnings=("origin/main has commits that are not checked out",),
)
NOTHING_NEW = replace(BASE, attribution=attribute(samples.EVERYTHING, samples.EVERYTHING), settings=())
