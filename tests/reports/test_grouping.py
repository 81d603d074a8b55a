"""What is equal in four groups or more is said once, in formats that people read line by line."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from reconciler.model.change import SetValue
from reconciler.model.drift import Drift, GroupDrift
from reconciler.model.outcome import ApplyResult, GroupOutcome, Outcome
from reconciler.model.plan import Plan
from reconciler.report import apply, drift

from . import drifts, media, samples
from .runs import render
from .samples import REDACTOR

ICON = drifts.SUPPORT.fields[2]


def drifted(count: int) -> list[GroupDrift]:
    return [drifts.group(f"g{n}", "drifted", ICON) for n in range(count)]


def shown(name: str, *groups: GroupDrift) -> str:
    return render(name, "drift", drift.told(Drift(groups=groups), REDACTOR))


@pytest.mark.parametrize("name", ["text", "markdown"])
def test_an_equal_drift_in_four_groups_is_said_once(name: str) -> None:
    three, four = shown(name, *drifted(3)), shown(name, *drifted(4))
    assert (three.count("a1f3, 2 KB"), four.count("a1f3, 2 KB")) == (3, 1)
    assert "g0, g1, g2, g3" in four
    assert "reconciler apply --target NAME" in four
    assert "reconciler apply --target g2" in three


def test_a_group_that_has_more_points_to_what_is_said_of_many() -> None:
    groups = drifted(4)
    subject = drifts.subject("edited_outside", "A", "A", "B")
    groups[1] = replace(groups[1], fields=(subject, ICON))
    text = shown("text", *groups)
    assert text.index("~ 4 groups") < text.index("~ g1")
    assert "~ g1  drifted, icon as above " in text
    assert "reconciler apply --target g1" in text
    assert "~ g2" not in text


def test_groups_of_another_status_stay_apart() -> None:
    groups = drifted(4)
    groups[0] = replace(groups[0], status="blocked")
    assert shown("text", *groups).count("a1f3, 2 KB") == 4


def test_what_went_wrong_is_said_once_as_well() -> None:
    outcome = Outcome(SetValue("subject", "A", "B"), "failed", samples.STOPPED)
    groups = tuple(GroupOutcome(name=f"g{n}", action="update", outcomes=(outcome,)) for n in range(40))
    text = render("text", "apply", apply.told(ApplyResult(plan=Plan(groups=()), groups=groups), REDACTOR))
    assert text.count("interrupted before it was sent") == 1
    assert text.startswith("✗ 40 groups  failed\n    g0, g1, ")


def test_machines_are_told_of_every_group() -> None:
    names = {f"g{n}" for n in range(12)}
    groups = drifted(12)
    assert {each["name"] for each in json.loads(shown("json", *groups))["groups"]} == names
    assert {case.get("name") for case in media.junit(shown("junit", *groups))[0]} == names
    assert shown("html", *groups).count("<article") == 12


@pytest.mark.parametrize("name", ["text", "markdown"])
def test_what_many_have_in_common_does_not_go_before_what_matters_more(name: str) -> None:
    waiting = [drifts.group(f"w{n}", "pending", ICON) for n in range(4)]
    told = shown(name, *drifted(1), *waiting)
    assert told.index("reconciler apply --target g0") < told.index("4 groups")


def test_four_hundred_groups_that_share_an_icon_point_to_it_without_a_line_of_their_own() -> None:
    groups = [
        drifts.group(f"g{n:03}", "drifted", drifts.subject("edited_outside", f"G{n}", f"G{n}", "x"), ICON)
        for n in range(400)
    ]
    for name in ("text", "markdown"):
        told = shown(name, *groups)
        assert told.count("a1f3, 2 KB") == 1
        assert "below" not in told
        heads = [line for line in told.splitlines() if re.match("`?~`? .*g[0-9]{3}", line)]
        assert len(heads) > 150
        assert all("icon as above" in line for line in heads)
        assert len(re.findall(r"^[!+ -] *(?:icon|also) ", told, re.M)) == 1
