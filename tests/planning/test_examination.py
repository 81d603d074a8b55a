"""What doctor says of an account, a state and a clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from reconciler.errors import Exit
from reconciler.model.adoption import Finding
from reconciler.model.desired import Desired
from reconciler.model.live import LiveGroup
from reconciler.model.record import Intent
from reconciler.model.settings import Settings
from reconciler.planning.examination import judge_account, judge_checkout, judge_clock, judge_state
from reconciler.planning.options import Checkout
from tests.planning.build import ACCOUNT, NOW, STRANGER, found, settings, state, wanted


def verdicts(findings: Iterable[Finding]) -> list[str]:
    return [finding.verdict for finding in findings]


@pytest.mark.parametrize(
    ("skew", "verdict", "words"),
    [
        (None, "skipped", "does not say"),
        (0.4, "ok", "agrees"),
        (-59.0, "ok", "agrees"),
        (90.0, "warning", "2 minutes ahead of"),
        (-7300.0, "warning", "2 hours behind"),
        (400_000.0, "warning", "5 days ahead of"),
    ],
)
def test_the_clock(skew: float | None, verdict: str, words: str) -> None:
    said = judge_clock(skew)
    assert said.verdict == verdict
    assert words in said.note.text


@pytest.mark.parametrize(
    ("configured", "groups", "listed", "verdict", "words"),
    [
        (settings(), [found()], 1, "ok", "of 1 group it is in 1 and admin in 1"),
        (settings(), [found()], 30, "ok", "admin in 1; 29 more were not looked at"),
        (settings(), [], 0, "ok", "no group yet"),
        (Settings(), [], 0, "warning", "not set"),
        (Settings(), [found(), found("g-2", members=[STRANGER])], 2, "warning", "probably {people}"),
        (settings(), [found(account=False)], 1, "problem", "is not in the one group that was read"),
        (
            settings(),
            [found(), found("g-2", account=False)],
            2,
            "warning",
            "of 2 groups it is in 1 and admin in 1",
        ),
        (
            settings(),
            [replace(found(), admins=(STRANGER,), participants=(STRANGER, ACCOUNT))],
            1,
            "warning",
            "of 1 group it is in 1 and admin in 0",
        ),
    ],
)
def test_the_account(
    configured: Settings, groups: list[LiveGroup], listed: int, verdict: str, words: str
) -> None:
    (said,) = judge_account(configured, groups, listed)
    assert said.verdict == verdict
    assert words in said.note.text
    assert said.exit_code == (Exit.ERROR if verdict == "problem" else Exit.OK)
    assert ACCOUNT not in said.note.text  # it stands in the note's people, to be masked


def test_the_state() -> None:
    desired = Desired(groups=(wanted("sales"),))
    assert verdicts(judge_state(state(sales="g-1"), desired, "here")) == ["ok"]
    odd = replace(state(sales="g-1", old_one="g-2"), creating={"new": Intent("Nova", (), NOW)}, serial=7)
    said = list(judge_state(odd, desired, "here"))
    assert verdicts(said) == ["ok", "warning", "warning"]
    assert "here knows 2 groups, serial 7" in said[0].note.text
    assert said[1].note.text.endswith(": old-one")
    assert said[2].note.text.endswith(": new")
    many = state(**{f"g{n:02}": f"g-{n}" for n in range(9)})
    assert "and 4 more" in list(judge_state(many, desired, "here"))[1].note.text


@pytest.mark.parametrize(
    ("stands", "expected"), [("behind", ["warning"]), ("aside", ["warning"]), ("ahead", []), ("unknown", [])]
)
def test_the_checkout(stands: str, expected: list[str]) -> None:
    assert verdicts(judge_checkout(Checkout(stands, "a" * 40, "b" * 40))) == expected  # type: ignore[arg-type]
    assert verdicts(judge_checkout(None)) == []
