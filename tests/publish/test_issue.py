"""The one issue that tells of a drift, against a code host that records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.backends.client import Origin
from reconciler.cli import main
from reconciler.errors import ReconcilerError, Unclear
from reconciler.publish import github, gitlab
from reconciler.publish.api import Api
from reconciler.publish.comments import Published
from reconciler.publish.issues import Tracker, track
from reconciler.report.markdown_text import marker
from tests.fakes import FakeClock
from tests.publish.host import CodeHost
from tests.publish.test_comment import in_actions
from tests.reports.runs import render
from tests.reports.test_markdown import first_line


def report(words: str, *, quiet: bool = False) -> str:
    return (
        f"{marker({'kind': 'drift', 'digest': '', 'truncated': False, 'quiet': quiet})}\n## Drift: {words}\n"
    )


DRIFTED, WORSE, QUIET = report("1 drifted"), report("2 drifted"), report("0 drifted", quiet=True)


@pytest.fixture(params=["github", "gitlab"])
def code(request: pytest.FixtureRequest) -> Iterator[CodeHost]:
    with CodeHost(user_status=200, opened="open" if request.param == "github" else "opened") as host:
        yield host


@contextmanager
def connected(code: CodeHost, clock: FakeClock) -> Iterator[Tracker]:
    api = Api(Origin(code.url, {}), clock)
    try:
        if code.opened == "open":
            yield github.Issues(api, "acme/groups", github.identify(api, in_actions=True))
        else:
            yield gitlab.Issues(api, "77", gitlab.identify(api))
    finally:
        api.close()


def tell(code: CodeHost, body: str) -> Published:
    clock = FakeClock()
    with connected(code, clock) as tracker:
        return track(tracker, body, clock)


def test_its_life(code: CodeHost) -> None:
    life = [QUIET, DRIFTED, DRIFTED, WORSE, QUIET, QUIET, WORSE, QUIET]
    actions = [tell(code, body).action for body in life]
    assert actions == [
        "unchanged",
        "created",
        "unchanged",
        "updated",
        "closed",
        "unchanged",
        "reopened",
        "closed",
    ]
    (issue,) = code.tickets
    assert (issue["title"], issue["state"], issue["body"]) == ("Drift: 0 drifted", "closed", QUIET)


def test_only_our_own_newest_one_counts(code: CodeHost) -> None:
    code.open_issue("x", WORSE, mine=False)
    code.open_issue("x", f"> {WORSE}")
    code.open_issue("x", marker({"kind": "plan", "quiet": False}))
    code.open_issue("old", WORSE, state="closed")
    code.open_issue("mine", WORSE)
    if code.opened == "open":
        code.open_issue("x", WORSE, pull_request={})
    before = [dict(ticket) for ticket in code.tickets]
    assert tell(code, DRIFTED).action == "updated"
    changed = [new["title"] for new, old in zip(code.tickets, before, strict=True) if new != old]
    assert changed == ["Drift: 1 drifted"]
    assert code.tickets[4]["title"] == "Drift: 1 drifted"


def test_a_lost_answer_opens_no_second_one(code: CodeHost) -> None:
    code.faults["POST"].append("lost")
    assert tell(code, DRIFTED).action == "created"
    assert code.writes() == ["POST"]
    code.tickets.clear()
    code.faults["POST"].append("dropped")
    with pytest.raises(Unclear, match="whether the issue was made"):
        tell(code, DRIFTED)
    assert code.writes() == ["POST", "POST"]


def test_a_report_that_does_not_say_is_refused(code: CodeHost) -> None:
    with pytest.raises(ReconcilerError, match="nothing that an issue could be closed by"):
        tell(code, marker({"kind": "plan"}) + "\n## Plan")
    assert not code.writes()


def test_a_title_is_words(code: CodeHost) -> None:
    tell(code, report("@everyone `<b>` #1 " + "x" * 500))
    title = code.tickets[0]["title"]
    assert title.startswith("Drift: everyone b 1 xxx")
    assert len(title) <= 200


def test_a_drift_report_says_whether_there_is_anything_to_tell() -> None:
    found = first_line(render("markdown", "drift"))
    assert found["quiet"] is False


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with CodeHost() as code:
        in_actions(monkeypatch, code, GITHUB_REF="refs/heads/main")
        for body, word in ((DRIFTED, "created"), (QUIET, "closed")):
            (tmp_path / "drift.md").write_text(body)
            assert main(["comment", "--issue", "drift.md"]) == 0
            assert f"Issue {word}: https://github.example/acme/groups/issues/1" in capsys.readouterr().err
        assert main(["comment", "--issue", "drift.md", "--number", "1"]) == 64


def test_the_issues_of_others_are_not_read(code: CodeHost) -> None:
    tell(code, DRIFTED)
    for number in range(950):
        code.open_issue(f"issue {number}", "", mine=False)
    code.seen.clear()
    assert tell(code, WORSE).action == "updated"
    assert len([seen for seen in code.seen if seen.method == "GET" and "/issues?" in seen.path]) == 1


@pytest.mark.parametrize("told", [("X-Next-Page", "Link"), ("Link",)], ids=" ".join)
def test_our_issue_is_found_behind_pages_that_are_short_or_empty(
    code: CodeHost, told: tuple[str, ...]
) -> None:
    code.told = told
    tell(code, DRIFTED)
    for number in range(230):
        code.open_issue(f"issue {number}", "", hidden=number % 100 > 10 or number < 100)
    assert [tell(code, WORSE).action for _ in range(2)] == ["updated", "unchanged"]
    assert len(code.tickets) == 231
