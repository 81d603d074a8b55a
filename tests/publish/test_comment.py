"""The one comment of a pull request, against a code host that records: found, replaced, never made twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.cli import main
from reconciler.cli.clock import SystemClock
from reconciler.errors import (
    ApiError,
    CredentialsError,
    NotFound,
    RateLimited,
    ReconcilerError,
    Refused,
    Unclear,
    UsageError,
)
from reconciler.publish import github, gitlab
from reconciler.publish.api import MAX_BYTES, Api, checked_api
from reconciler.publish.author import Author
from reconciler.publish.comments import MOST, Host, Published, checked, kind_of, overtake, publish
from reconciler.report.markdown import BUDGET
from reconciler.report.markdown_text import marker
from reconciler.retry import ALLOWANCE
from tests.backends.server import RawServer
from tests.fakes import FakeClock
from tests.publish.host import CodeHost

MARK = marker({"kind": "plan", "digest": "d", "truncated": False})
BODY = f"{MARK}\n## Plan: 1 to create"
OLD = f"{MARK}\n## Plan: 2 to create"


@pytest.fixture
def code() -> Iterator[CodeHost]:
    with CodeHost() as host:
        yield host


@contextmanager
def connected(code: CodeHost, provider: str, clock: FakeClock) -> Iterator[Host]:
    chosen = github if provider == "github" else gitlab
    with Api(chosen.origin(code.url, "the-token"), clock) as api:
        if provider == "github":
            yield github.PullRequest(api, "acme/groups", 12, github.identify(api, in_actions=True))
        else:
            code.user_status = 200
            yield gitlab.MergeRequest(api, "77", 12, gitlab.identify(api))


def comment(
    code: CodeHost, provider: str = "github", body: str = BODY, clock: FakeClock | None = None
) -> Published:
    clock = clock or FakeClock()
    with connected(code, provider, clock) as host:
        return publish(host, body, clock)


BOTH = pytest.mark.parametrize("provider", ["github", "gitlab"])


@BOTH
def test_made_then_replaced_then_left(code: CodeHost, provider: str) -> None:
    assert comment(code, provider, OLD).action == "created"
    assert comment(code, provider).action == "updated"
    assert comment(code, provider).action == "unchanged"
    assert [note.body for note in code.notes] == [BODY]
    assert code.writes() == ["POST", "PATCH" if provider == "github" else "PUT"]


@BOTH
def test_a_plan_is_marked_as_overtaken_once_and_replaced_by_the_next(code: CodeHost, provider: str) -> None:
    """Accounts that have a job each have a comment each; those of others, and drifts, stay."""
    clock = FakeClock()
    words = "> [!WARNING]\n> Overtaken."
    others = [code.add(OLD, mine=False), code.add(marker({"kind": "drift"}) + "\nx")]
    before = [note.body for note in others]
    with connected(code, provider, clock) as host:
        assert overtake(host, words).action == "unchanged"
        assert code.writes() == []
        ours = [code.add(OLD.replace("\n", "\r\n")), code.add(OLD.replace('"plan"', '"plan sales"'))]
        assert [overtake(host, words).action for _ in range(2)] == ["updated", "unchanged"]
        assert overtake(host, "> [!WARNING]\n> Ultrapassado.").action == "unchanged"
        assert [note.body for note in others] == before
        assert ours[0].body == f"{MARK}\n{words}\n\n## Plan: 2 to create"
        assert words in ours[1].body
        assert publish(host, BODY, clock).action == "updated"
    assert ours[0].body == BODY


@BOTH
def test_only_our_own_first_line_counts(code: CodeHost, provider: str) -> None:
    """Anybody may write our marker, and we may quote it."""
    others = [
        code.add(OLD, mine=False),
        code.add(OLD, mine=False, login="github-actions"),
        code.add(f"> {OLD}"),
        code.add(f"\n{OLD}"),
        code.add("LGTM"),
        code.add(f"text {MARK}"),
        code.add("<!-- reconciler {} -->\nx"),
        code.add("<!-- reconciler {not json} -->\nx"),
        code.add(f"<!-- reconciler {'[' * 5000}{'{'} -->"),
        code.add(marker({"kind": "drift"}) + "\nx"),
    ]
    before = [note.body for note in others]
    assert comment(code, provider).action == "created"
    assert [note.body for note in others] == before
    assert code.notes[-1].body == BODY


def test_a_name_that_looks_like_ours_is_not_ours_where_the_number_is_known(code: CodeHost) -> None:
    code.user_status = 200
    code.add(OLD, mine=False, login=code.login)
    assert comment(code).action == "created"


def test_a_system_note_is_no_comment(code: CodeHost) -> None:
    code.add(OLD, system=True)
    assert comment(code, "gitlab").action == "created"


@BOTH
def test_ours_is_found_on_a_later_page(code: CodeHost, provider: str) -> None:
    for number in range(250):
        code.add(f"comment {number}", mine=False)
    ours = code.add(OLD)
    assert comment(code, provider).action == "updated"
    assert ours.body == BODY
    assert len([seen for seen in code.seen if "page=" in seen.path]) == 3


@BOTH
@pytest.mark.parametrize("told", [("X-Next-Page", "Link"), ("Link",), ("X-Next-Page",)], ids=" ".join)
@pytest.mark.parametrize("hidden", [1, 150])
def test_ours_is_found_behind_pages_that_are_short_or_empty(
    code: CodeHost, provider: str, told: tuple[str, ...], hidden: int
) -> None:
    """Some hosts leave out what a token may not see once they have cut the pages."""
    if provider == "github" and "Link" not in told:
        return
    code.told = told
    for number in range(210):
        code.add(f"comment {number}", mine=False).hidden = number < hidden
    ours = code.add(OLD)
    assert [comment(code, provider).action for _ in range(3)] == ["updated", "unchanged", "unchanged"]
    assert ours.body == BODY
    assert code.writes() in (["PATCH"], ["PUT"])


@BOTH
def test_without_a_word_of_the_host_a_full_page_has_a_next_one(code: CodeHost, provider: str) -> None:
    code.told = ()
    for number in range(100):
        code.add(f"comment {number}", mine=False)
    ours = code.add(OLD)
    assert comment(code, provider).action == "updated"
    assert ours.body == BODY


@BOTH
def test_a_list_that_goes_on_elsewhere_is_not_followed(code: CodeHost, provider: str) -> None:
    code.told = ("Link",)
    for number in range(101):
        code.add(f"comment {number}", mine=False)
    with CodeHost() as other:
        code.elsewhere = other.url
        with pytest.raises(Unclear, match="at another address"):
            comment(code, provider)
        assert other.seen == []
    assert code.writes() == []


@BOTH
def test_of_several_the_oldest_stays(code: CodeHost, provider: str) -> None:
    first, second, third = code.add(OLD), code.add(OLD.replace("2", "3")), code.add(BODY)
    done = comment(code, provider)
    assert done.action == "updated"
    assert code.notes == [first]
    assert second not in code.notes
    assert third not in code.notes


def test_line_ends_of_the_host_s_own_are_no_change(code: CodeHost) -> None:
    code.add(BODY.replace("\n", "\r\n") + "\r\n")
    assert comment(code).action == "unchanged"


@BOTH
def test_a_lost_answer_makes_no_second_comment(code: CodeHost, provider: str) -> None:
    code.faults["POST"].append("lost")
    clock = FakeClock()
    assert comment(code, provider, clock=clock).action == "created"
    assert [note.body for note in code.notes] == [BODY]
    assert code.writes() == ["POST"]
    assert clock.slept == [2.0]


@pytest.mark.parametrize("fault", ["dropped", 500, 502, b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"])
def test_after_an_unclear_answer_nothing_is_made_blindly(code: CodeHost, fault: int | str | bytes) -> None:
    code.faults["POST"].append(fault)
    clock = FakeClock()
    with pytest.raises(Unclear, match="it is not known whether the comment was made"):
        comment(code, clock=clock)
    assert code.writes() == ["POST"]
    assert clock.slept == [2.0, 4.0, 8.0]
    assert comment(code).action == "created"
    assert len(code.notes) == 1


@pytest.mark.parametrize("fault", ["dropped", "lost", 500, 503])
def test_what_says_what_should_be_is_repeated(code: CodeHost, fault: int | str) -> None:
    ours = code.add(OLD)
    code.faults["GET"].extend([fault, fault])
    code.faults["PATCH"].extend([fault, fault])
    assert comment(code).action == "updated"
    assert ours.body == BODY


def test_it_is_not_repeated_for_ever(code: CodeHost) -> None:
    code.faults["GET"].extend([503] * 20)
    clock = FakeClock()
    with pytest.raises(Unclear, match="HTTP 503"):
        comment(code, clock=clock)
    assert len(clock.slept) == len([seen for seen in code.seen if "comments" in seen.path]) - 1 == 5


@pytest.mark.parametrize("status", [403, 429])
def test_the_pace_is_kept_even_by_what_makes_something(code: CodeHost, status: int) -> None:
    code.faults["POST"].append((status, {"Retry-After": "7"}))
    clock = FakeClock()
    assert comment(code, clock=clock).action == "created"
    assert 7 <= clock.elapsed < 8
    assert len(code.notes) == 1


def test_a_long_wait_is_named_and_not_waited_for(code: CodeHost) -> None:
    code.faults["POST"].append((429, {"Retry-After": "100000"}))
    clock = FakeClock()
    with pytest.raises(RateLimited, match="HTTP 429") as error:
        comment(code, clock=clock)
    assert error.value.wait == 100000
    assert error.value.hint == "it asks to wait 27 h 47 min: run it again then"
    assert clock.slept == []
    assert not code.notes


def test_refusals_without_end_are_given_up(code: CodeHost) -> None:
    code.faults["GET"].extend([429] * 100)
    clock = FakeClock()
    with pytest.raises(RateLimited):
        comment(code, clock=clock)
    assert ALLOWANCE <= clock.elapsed < ALLOWANCE + 40


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("prefix", ["X-RateLimit", "RateLimit"])
def test_a_limit_is_waited_for_until_it_is_reset(code: CodeHost, status: int, prefix: str) -> None:
    if (status, prefix) == (403, "RateLimit"):
        return  # GitLab's, which says 429
    clock = FakeClock()
    reset = int(clock.now().timestamp()) + 42
    code.faults["POST"].append((status, {f"{prefix}-Remaining": "0", f"{prefix}-Reset": str(reset)}))
    assert comment(code, clock=clock).action == "created"
    assert 41 <= clock.elapsed < 50
    assert len(code.notes) == 1


def test_a_reset_that_is_far_is_named_and_not_waited_for(code: CodeHost) -> None:
    clock = FakeClock()
    reset = int(clock.now().timestamp()) + 3000
    code.faults["GET"].append((403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}))
    with pytest.raises(RateLimited) as error:
        comment(code, clock=clock)
    assert error.value.hint == "it asks to wait 50 min: run it again then"
    assert clock.slept == []


@pytest.mark.parametrize("reset", ["", "soon", "-1", "9" * 40])
def test_a_reset_that_makes_no_sense_is_a_minute(code: CodeHost, reset: str) -> None:
    code.faults["GET"].append((403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}))
    clock = FakeClock()
    assert comment(code, clock=clock).action == "created"
    assert 60 <= clock.elapsed < 70


def test_a_secondary_limit_told_in_words_alone_is_a_limit(code: CodeHost) -> None:
    """Without a time GitHub asks for a minute."""
    words = b'{"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}'
    code.faults["POST"].append(
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(words), words)
    )
    clock = FakeClock()
    assert comment(code, clock=clock).action == "created"
    assert 60 <= clock.elapsed < 70
    assert len(code.notes) == 1


@pytest.mark.parametrize(
    ("method", "status", "error", "words"),
    [
        ("GET", 401, CredentialsError, "the token was refused"),
        ("GET", 403, CredentialsError, "may not write to"),
        ("POST", 403, CredentialsError, "may not write to"),
        ("GET", 404, NotFound, "is not there, or this token may not see it"),
        ("POST", 404, NotFound, "is not there, or this token may not see it"),
        ("POST", 410, NotFound, "is not there"),
        ("POST", 422, Refused, "HTTP 422: said by the host"),
        ("POST", 418, Refused, "HTTP 418"),
        ("GET", 301, Refused, "redirect"),
    ],
)
@BOTH
def test_a_definite_no(
    code: CodeHost, provider: str, method: str, status: int, error: type[ReconcilerError], words: str
) -> None:
    code.faults[method].append(status)
    with pytest.raises(error, match=words):
        comment(code, provider)
    assert not code.notes


def test_no_redirect_takes_the_token_along(code: CodeHost) -> None:
    with CodeHost() as elsewhere:
        code.faults["GET"].append(
            (307, {"Location": f"{elsewhere.url}/repos/acme/groups/issues/12/comments"})
        )
        with pytest.raises(Refused, match="redirect"):
            comment(code)
        assert not elsewhere.seen


def test_netrc_does_not_replace_the_token(
    code: CodeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    comment(code)
    assert {seen.headers["authorization"] for seen in code.seen} == {"Bearer the-token"}


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{{{{",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\n[[]]",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MAX_BYTES + 1) + b"x" * (MAX_BYTES + 1),
    ],
    ids=["no JSON", "an object", "a list of lists", "packed", "long"],
)
def test_an_answer_that_makes_no_sense(code: CodeHost, answer: bytes) -> None:
    code.faults["GET"].extend([answer] * 8)
    if b"[[]]" in answer:
        assert comment(code).action == "created"  # what is no comment is none of ours
        return
    with pytest.raises(Unclear):
        comment(code)
    assert not code.writes()


def test_who_we_are(code: CodeHost) -> None:
    api = Api(github.origin(code.url, "t"), FakeClock())
    assert github.identify(api, in_actions=True) == Author("github-actions[bot]")
    with pytest.raises(UsageError, match="may not ask whose it is"):
        github.identify(api, in_actions=False)
    with pytest.raises(UsageError, match="may not ask whose it is"):
        gitlab.identify(api)
    code.user_status, code.login = 200, "ana"
    assert github.identify(api, in_actions=True) == Author("ana", code.me)
    assert gitlab.identify(api) == Author("ana", code.me)
    code.user_status = 401
    with pytest.raises(CredentialsError):
        github.identify(api, in_actions=True)
    api.close()


def test_another_identity_than_was_expected_is_said(code: CodeHost) -> None:
    code.login = "my-app[bot]"
    assert "--author" in comment(code).warning


def test_a_project_of_gitlab_may_be_named_by_its_path(code: CodeHost) -> None:
    code.user_status = 200
    with Api(gitlab.origin(code.url, "t"), FakeClock()) as api:
        host = gitlab.MergeRequest(api, "acme/groups", 12, gitlab.identify(api))
        assert publish(host, BODY, FakeClock()).action == "created"
    assert code.seen[-1].path.startswith("/projects/acme%2Fgroups/merge_requests/12/notes")


def test_what_is_a_report() -> None:
    assert kind_of(BODY) == "plan"
    assert checked(f"{BODY}\n", "plan.md") == BODY
    for text in ("", "# x", f"\n{BODY}", "<!-- reconciler [] -->", '<!-- reconciler {"kind": 1} -->'):
        with pytest.raises(ReconcilerError, match="its first line is not the marker"):
            checked(text, "plan.md")
    assert checked(MARK + "x".rjust(MOST - len(MARK), "\n"), "plan.md")
    with pytest.raises(ReconcilerError, match="longer than a comment may be"):
        checked(MARK + "\n" + "☕" * (MOST - len(MARK)), "plan.md")
    with pytest.raises(ReconcilerError, match="longer than a comment may be"):
        checked(MARK + "\n" + "👍" * (MOST // 2), "plan.md")
    assert MOST == BUDGET


@pytest.mark.parametrize(
    "url",
    [
        "http://api.github.com",
        "ftp://x",
        "https://",
        "https://user:pw@x",
        "https://x/?a=b",
        "https://x/#a",
        "api.github.com",
        "https://x y",
        "https://ex\u00e4mple",
        "http://127.0.0.1.evil.example",
    ],
)
def test_no_token_to_a_strange_address(url: str) -> None:
    with pytest.raises(UsageError):
        checked_api(url, "--api-url")


def test_addresses() -> None:
    for url in ("https://api.github.com", "https://ghe.example:8443/api/v3/", "http://127.0.0.1:1"):
        assert checked_api(url, "x") == url.rstrip("/")


def test_the_token_goes_past_a_proxy_in_the_clear(code: CodeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would look for loopback on its own machine, and read the token."""
    with RawServer() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert comment(code).action == "created"
        assert proxy.connections == 0


def test_a_wait_is_told(
    code: CodeHost, report: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_actions(monkeypatch, code)
    monkeypatch.setattr(SystemClock, "sleep", lambda *_: None)
    code.faults["GET"].append((429, {"Retry-After": "20"}))
    assert main(["comment", "plan.md"]) == 0
    assert "Waiting 2" in capsys.readouterr().err


# --- the command ------------------------------------------------------------------------------------------


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "plan.md"
    path.write_text(f"{BODY}\n")
    for name in ("GH_TOKEN",):
        monkeypatch.delenv(name, raising=False)
    return path


def test_without_a_report_the_comment_is_marked(
    code: CodeHost, report: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_actions(monkeypatch, code)
    assert main(["comment", "--overtaken"]) == 0
    assert not code.notes
    assert main(["comment", "plan.md"]) == 0
    assert main(["comment", "--overtaken"]) == 0
    assert "Comment updated: https://github.example/" in capsys.readouterr().err
    (note,) = code.notes
    assert "A later push has overtaken this plan" in note.body
    assert main(["comment"]) == main(["comment", "plan.md", "--overtaken"]) == 64
    assert main(["comment", "--overtaken", "--issue"]) == 64


def in_actions(monkeypatch: pytest.MonkeyPatch, code: CodeHost, **more: str) -> None:
    values = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "acme/groups",
        "GITHUB_API_URL": code.url,
        "GITHUB_REF": "refs/pull/12/merge",
        "GITHUB_TOKEN": "the-token-that-must-not-leak",
        **more,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_the_command_in_github_actions(
    code: CodeHost, report: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_actions(monkeypatch, code)
    assert main(["comment", "plan.md"]) == 0
    assert (
        "Comment created: https://github.example/acme/groups/pull/12#issuecomment-" in capsys.readouterr().err
    )
    assert main(["comment", "plan.md", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert [note.body for note in code.notes] == [BODY]


def test_the_command_in_gitlab_ci(code: CodeHost, report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code.user_status = 200
    for name, value in {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": code.url,
        "CI_PROJECT_ID": "77",
        "CI_MERGE_REQUEST_IID": "12",
        "GITLAB_TOKEN": "glpat-x",
    }.items():
        monkeypatch.setenv(name, value)
    assert main(["comment", "plan.md"]) == 0
    assert [note.body for note in code.notes] == [BODY]
    assert {seen.headers["private-token"] for seen in code.seen} == {"glpat-x"}


EVENTS = {
    "pull_request": {"pull_request": {"number": 12}},
    "issue_comment": {"issue": {"number": 12, "pull_request": {}}},
    "workflow_run": {"workflow_run": {"pull_requests": [{"number": 12}]}},
}


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_the_number_is_in_the_event(
    code: CodeHost, report: Path, monkeypatch: pytest.MonkeyPatch, event: object
) -> None:
    (report.parent / "event.json").write_text(json.dumps(event))
    in_actions(
        monkeypatch, code, GITHUB_REF="refs/heads/main", GITHUB_EVENT_PATH=str(report.parent / "event.json")
    )
    assert main(["comment", "plan.md"]) == 0
    assert code.notes


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        {"pull_request": 12},
        {"pull_request": {"number": "12"}},
        {"pull_request": {"number": -1}},
        {"pull_request": {"number": True}},
        {"issue": {"number": 12}},
        {"workflow_run": {"pull_requests": [{"number": 1}, {"number": 2}]}},
    ],
)
def test_a_job_of_no_pull_request_is_a_usage_error(
    code: CodeHost,
    report: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    event: object,
) -> None:
    (report.parent / "event.json").write_text(json.dumps(event))
    in_actions(
        monkeypatch, code, GITHUB_REF="refs/heads/main", GITHUB_EVENT_PATH=str(report.parent / "event.json")
    )
    assert main(["comment", "plan.md"]) == 64
    assert "--number N" in capsys.readouterr().err
    assert not code.seen


WRONG: dict[str, tuple[int, list[str], Callable[[pytest.MonkeyPatch, CodeHost], object]]] = {
    "no token": (4, [], lambda patch, _: patch.delenv("GITHUB_TOKEN")),
    "a token with a line": (4, [], lambda patch, _: patch.setenv("GITHUB_TOKEN", "a\nb")),
    "refused": (4, [], lambda _, code: code.faults["GET"].append(401)),
    "no right": (4, [], lambda _, code: code.faults["POST"].append(403)),
    "not there": (1, ["--number", "13"], lambda *_: None),
    "not valid": (1, [], lambda _, code: code.faults["POST"].append(422)),
    "unclear": (1, [], lambda _, code: code.faults["GET"].extend([302])),
    "no code host": (
        64,
        [],
        lambda patch, _: [patch.delenv(name) for name in ("GITHUB_ACTIONS", "GITHUB_REPOSITORY")],
    ),
    "a repository that leads elsewhere": (64, ["--repository", "acme/../x"], lambda *_: None),
    "a repository of dots": (64, ["--repository", "../.."], lambda *_: None),
    "a number": (64, ["--number", "0"], lambda *_: None),
    "an address": (64, ["--api-url", "http://evil.example"], lambda *_: None),
    "an option that means nothing": (64, ["--target", "x"], lambda *_: None),
}


@pytest.mark.parametrize(("code_", "arguments", "spoil"), WRONG.values(), ids=WRONG)
def test_exit_codes(
    code: CodeHost,
    report: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    code_: int,
    arguments: list[str],
    spoil: Callable[[pytest.MonkeyPatch, CodeHost], object],
) -> None:
    in_actions(monkeypatch, code)
    spoil(monkeypatch, code)
    assert main(["comment", "plan.md", *arguments]) == code_
    said = capsys.readouterr()
    assert said.out == ""
    assert "the-token" not in said.err
    assert not code.notes


def test_only_a_report_is_posted(
    code: CodeHost, report: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_actions(monkeypatch, code)
    report.write_text("# anything\n")
    assert main(["comment", "plan.md"]) == 1
    assert "its first line is not the marker" in capsys.readouterr().err
    assert main(["comment", "none.md"]) == 1
    assert not code.seen


def test_the_host_is_asked_for_no_more_than_is_needed(code: CodeHost) -> None:
    comment(code)
    assert [seen.method for seen in code.seen] == ["GET", "GET", "POST"]


def test_a_dead_host_is_an_error(code: CodeHost) -> None:
    clock = FakeClock()
    with Api(github.origin("http://127.0.0.1:1", "t"), clock) as api:
        host = github.PullRequest(api, "acme/groups", 12, Author("x"))
        with pytest.raises(ApiError, match="the connection was refused") as caught:
            publish(host, BODY, clock)
    assert "--api-url" in caught.value.hint
    assert len(clock.slept) == 5
