"""A code host that means harm, or a proxy before it: bounded in time and size, no token out, nobody else's
comment touched."""

from __future__ import annotations

import json
import time

import pytest

from reconciler.backends.client import Limits
from reconciler.errors import ApiError, CredentialsError, ReconcilerError, Refused, Unclear
from reconciler.publish import github, gitlab
from reconciler.publish.api import PAGES, PER_PAGE, Api
from reconciler.publish.author import Author
from reconciler.publish.comments import publish
from reconciler.publish.issues import track
from tests.backends.server import RawServer, Seen, Step, drip, flood, reply
from tests.fakes import FakeClock
from tests.security.support import routed

TOKEN = "forge-token-that-must-not-leak"
OURS = '<!-- reconciler {"kind":"plan","digest":"x"} -->\n## Plan\n'
DRIFT = '<!-- reconciler {"kind":"drift","quiet":false} -->\n## Drift in 1 group\n'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
LIMITS = Limits(width=1)
ME = {"id": 7, "login": "us", "username": "us"}


def post(server: RawServer, provider: str, limits: Limits = LIMITS) -> object:
    """What `comment` does, as somebody whose identity is known."""
    clock, who = FakeClock(), Author("us", 7)
    chosen = github if provider == "github" else gitlab
    with Api(chosen.origin(server.url, TOKEN), clock, limits=limits) as api:
        if provider == "github":
            return publish(github.PullRequest(api, "a/b", 12, who), OURS, clock)
        return publish(gitlab.MergeRequest(api, "77", 12, who), OURS, clock)


def test_slow_answers_end_in_time() -> None:
    """By the deadline of the one client, whose other kinds of slowness `tests/backends` has."""
    with RawServer(drip(HEAD + b"Content-Length: 9999\r\n\r\n", b" ")) as server:
        begun = time.monotonic()
        with pytest.raises(Unclear):
            post(server, "github", Limits(timeout=0.2, retries=0))
        assert time.monotonic() - begun < 2


LARGE: dict[str, Step] = {
    "endless": flood(HEAD + b"Connection: close\r\n\r\n", b" " * 65536),
    "deep": reply(200, b"[" * 200_000),
    "a long number": reply(200, b"9" * 5000),
}


@pytest.mark.parametrize("step", LARGE.values(), ids=LARGE)
def test_large_answers_are_cut_off(step: Step) -> None:
    with RawServer(step) as server:
        with pytest.raises(Unclear):
            post(server, "gitlab", Limits(retries=1))
        assert server.sent < 64 << 20, "two attempts of 16 MiB at the most, and what was under way"
        assert {seen.method for seen in server.seen} == {"GET"}, "nothing was posted for want of a list"


@pytest.mark.parametrize("provider", ["github", "gitlab"])
def test_pages_without_end(provider: str) -> None:
    note = {"id": 1, "body": OURS, "user": {"id": 8}, "author": {"id": 8}}
    body = json.dumps([note] * PER_PAGE).encode()
    for headers in ({}, {"Link": '</next>; rel="next"'}):
        with RawServer(reply(200, body, headers)) as server:
            with pytest.raises(Unclear, match="more than 100 pages"):
                post(server, provider)
            assert len(server.seen) == PAGES
            assert {seen.method for seen in server.seen} == {"GET"}


NEXT = {
    "another port": ("Link", '<http://127.0.0.1:1/next>; rel="next"'),
    "another host": ("Link", '<http://evil.example/next>; rel="next"'),
    "a host after ours": ("Link", '<//127.0.0.1.evil.example/next>; rel="next"'),
    "another scheme": ("Link", '<https://127.0.0.1/next>; rel="next"'),
    "no scheme that we know": ("Link", '<file:///etc/passwd>; rel="next"'),
    "no address": ("Link", '<http://[::1>; rel="next"'),
    "the page before": ("X-Next-Page", "1"),
    "no number": ("X-Next-Page", "two"),
    "a number of another script": ("X-Next-Page", "\xb2"),
    "a number without end": ("X-Next-Page", "9" * 400),
}


@pytest.mark.parametrize("provider", ["github", "gitlab"])
@pytest.mark.parametrize("name", NEXT)
def test_a_list_goes_on_where_it_began_or_not_at_all(provider: str, name: str) -> None:
    """Nothing is posted for want of a list, and the token goes nowhere else."""
    header, value = NEXT[name]
    with RawServer(reply(200, b"[]", {header: value})) as server:
        with pytest.raises(Unclear, match="list goes on"):
            post(server, provider)
        assert [seen.method for seen in server.seen] == ["GET"]


def test_an_address_with_our_host_and_somebodys_name_is_not_ours() -> None:
    with RawServer() as server:
        host = server.url.partition("//")[2]
        server.default = reply(200, b"[]", {"Link": f'<http://joe@{host}/next>; rel="next"'})
        with pytest.raises(Unclear, match="another address"):
            post(server, "github")


ENTRIES: dict[str, object] = {
    "another's, with our marker": {"id": 1, "body": OURS, "user": {"id": 8}, "author": {"id": 8}},
    "another's, with our name": {
        "id": 1,
        "body": OURS,
        "user": {"id": 8, "login": "us"},
        "author": {"id": 8},
    },
    "nobody's": {"id": 1, "body": OURS, "user": None, "author": None},
    "ours by a text": {"id": 1, "body": OURS, "user": {"id": "7"}, "author": {"id": "7"}},
    "an id that is a path": {"id": "../../pulls/1", "body": OURS, "user": ME, "author": ME},
    "an id of null": {"id": None, "body": OURS, "user": ME, "author": ME},
    "a body that is none": {"id": 1, "body": {"x": OURS}, "user": ME, "author": ME},
    "our own without a marker": {"id": 1, "body": f"> {OURS}", "user": ME, "author": ME},
    "our own, the marker below": {"id": 1, "body": f"\n{OURS}", "user": ME, "author": ME},
    "our own, of another kind": {"id": 1, "body": OURS.replace("plan", "drift"), "user": ME, "author": ME},
}


@pytest.mark.parametrize("provider", ["github", "gitlab"])
@pytest.mark.parametrize("kind", ENTRIES)
def test_what_is_not_ours_is_left_alone(kind: str, provider: str) -> None:
    """A new comment is made beside it, at the one path where comments are made."""
    made = {"id": 2, "body": OURS, "user": ME, "author": ME}

    def answer(seen: Seen) -> Step:
        return reply(200, json.dumps([ENTRIES[kind]] if seen.method == "GET" else made).encode())

    with RawServer() as server:
        server.default = routed(server, answer)
        post(server, provider)
        path = (
            "/repos/a/b/issues/12/comments"
            if provider == "github"
            else "/projects/77/merge_requests/12/notes"
        )
        assert [(seen.method, seen.path) for seen in server.seen if seen.method != "GET"] == [("POST", path)]


ECHO = f"{TOKEN} and 5519900000077 at https://chat.whatsapp.com/Secret \x1b]0;x\x07\n::error::x\u202e"


@pytest.mark.parametrize("provider", ["github", "gitlab"])
@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 410, 422, 429, 500])
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_an_error_repeats_no_token(verb: str, status: int, provider: str) -> None:
    """Nor a number, a link or what acts in a terminal; and a redirect takes the token nowhere."""
    with RawServer() as elsewhere, RawServer() as server:
        no = reply(status, json.dumps({"message": ECHO}).encode(), {"Location": f"{elsewhere.url}/x"})
        server.default = routed(server, lambda seen: no if seen.method == verb else reply(200, b"[]"))
        with pytest.raises((ApiError, CredentialsError)) as caught:
            post(server, provider)
        assert elsewhere.connections == 0
        assert len([seen for seen in server.seen if seen.method == verb]) <= 6 or status == 429
    text = f"{caught.value.message} {caught.value.hint}"
    for secret in (TOKEN, "5519900000077", "Secret", "\x1b", "\n", "\u202e"):
        assert secret not in text, text
    if status in (400, 401, 422):
        assert "[hidden] and" in text, "while the rest of its words is shown"


@pytest.mark.parametrize("data", [b"[]", b"null", b'{"id": "7"}', b'{"login": "us"}', b"7"])
def test_who_we_are_is_not_guessed(data: bytes) -> None:
    with RawServer(reply(200, data)) as server:
        with pytest.raises(ReconcilerError):
            github.identify(Api(github.origin(server.url, TOKEN), FakeClock()), in_actions=True)
        with pytest.raises(ReconcilerError):
            gitlab.identify(Api(gitlab.origin(server.url, TOKEN), FakeClock()))


def test_issues_of_others_stay_and_odd_ones_count_for_nothing() -> None:
    deep: object = "x"
    for _ in range(400):
        deep = [deep]
    odd = [
        {"number": 1, "title": deep, "body": DRIFT, "state": "open", "user": {"id": 8}},
        {"number": "../1", "title": "x", "body": DRIFT, "state": "open", "user": ME},
        {"number": 3, "title": "x", "body": DRIFT, "state": "open", "user": ME, "pull_request": {}},
        "x",
        None,
    ]
    made = {"number": 9, "title": deep, "body": DRIFT, "state": "open", "user": ME}
    with RawServer() as server:
        server.default = routed(
            server, lambda seen: reply(200, json.dumps(odd if seen.method == "GET" else made).encode())
        )
        api = Api(github.origin(server.url, TOKEN), FakeClock())
        done = track(github.Issues(api, "a/b", Author("us", 7)), DRIFT, FakeClock())
        assert done.action == "created"
        writes = [(seen.method, seen.path) for seen in server.seen if seen.method != "GET"]
        assert writes == [("POST", "/repos/a/b/issues")]


def test_a_redirect_is_explained() -> None:
    with RawServer(reply(301, b"{}", {"Location": "https://evil.example"})) as server:
        with pytest.raises(Refused, match="redirect") as caught:
            post(server, "github")
        assert "evil" not in f"{caught.value.message} {caught.value.hint}"
