"""Hostile answers through the whole program: whatever comes, an end in time that is not green, and no write.

What each call makes of each answer is `tests/backends/test_hostile.py`'s matter; here it is that nothing of
it gets lost on the way to the exit code.
"""

from __future__ import annotations

import gzip
import json

import pytest

from tests.backends.server import RawServer, Seen, Step, drip, flood, hang, raw, reply, reset
from tests.security.support import GROUP, Checkout, assert_clean, everything, groups_api, live, ok, routed
from tests.support import ACCOUNT, picture

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BROKEN: dict[str, Step] = {
    "a body of 1 GB": flood(HEAD + b"Content-Length: 1073741824\r\n\r\n", b"[" * 65536),
    "an endless body": flood(HEAD + b"\r\n", b" " * 65536),
    "an endless head": flood(HEAD, b"X-Y: z\r\n" * 1000),
    "a slow drip": drip(HEAD + b"Content-Length: 1000000\r\n\r\n", b" "),
    "silence": hang(),
    "a reset": reset(),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "HTML": reply(200, b"<html><script>alert(1)</script>Login</html>"),
    "nothing": reply(200, b""),
    "cut short": reply(200, b'{"groups": [{"id": "12'),
    "deep": reply(200, b"[" * 1_000_000),
    "a number of 5 MB": reply(200, b'{"groups": ' + b"9" * 5_000_000 + b"}"),
    "millions of lists": reply(200, b'{"groups": [' + b"[]," * 2_700_000 + b"[]]}"),
    "packed": reply(200, gzip.compress(b'{"groups": []}' * 1000), {"Content-Encoding": "gzip"}),
    "an error in a success": ok({"errors": [{"code": 1000, "title": "\x1b]0;x\x07"}]}),
    "a refusal with a year to wait": reply(429, b"{}", {"Retry-After": "99999999999999999999"}),
    "busy with words to wait": reply(503, b"{}", {"Retry-After": "\x1b[2Jtomorrow"}),
    "a status that is none": raw(b"HTTP/1.1 2000000 OK\r\n\r\n"),
    "no list": ok([]),
    "groups of text": ok({"groups": [GROUP]}),
}
LISTS: dict[str, Step] = {
    "an id that is a path": ok({"groups": [{"id": "../../v1/send"}]}),
    "an id that is dots": ok({"groups": [{"id": ".."}]}),
    "an id with a query": ok({"groups": [{"id": "a?b=c"}]}),
    "an id with a line break": ok({"groups": [{"id": "a\r\nX: y"}]}),
    "an id that is a number": ok({"groups": [{"id": 5519900000077}]}),
    "a long id": ok({"groups": [{"id": "9" * 65}]}),
    "an empty id": ok({"groups": [{"id": ""}]}),
    "no id": ok({"groups": [{}]}),
    "one bad id among good ones": ok({"groups": [{"id": GROUP}, {"id": "::error::x"}]}),
}
PEOPLE = [f"55199{n:08d}" for n in range(600_000)]
GROUPS: dict[str, Step] = {
    "another group's id": ok({"groups": [live(id="5519900000077-1")]}),
    "two groups": ok({"groups": [live(), live()]}),
    "ten million participants": flood(
        HEAD + b'\r\n{"groups":[{"id":"x","subject":"s","participants":[', b'"5519900000077",' * 4000
    ),
    "participants up to the limit": ok({"groups": [live(participants=PEOPLE, admins=[ACCOUNT, 1])]}),
    "participants of null": ok({"groups": [live(participants=None)]}),
    "participants that are objects": ok({"groups": [live(participants=[{"wa_id": ACCOUNT}])]}),
    "a participant that is a path": ok({"groups": [live(participants=["../x"])]}),
    "admins as text": ok({"groups": [live(admins=ACCOUNT)]}),
    "a subject that is none": ok({"groups": [live(subject=None)]}),
    "a subject that is an object": ok({"groups": [live(subject={"text": "Suporte"})]}),
    "a creator that is a list": ok({"groups": [live(creator=[ACCOUNT])]}),
}


SOME = GROUPS | {
    name: BROKEN[name] for name in ("a body of 1 GB", "a slow drip", "a reset", "HTML", "nothing", "deep")
}


@pytest.mark.parametrize("step", (BROKEN | LISTS).values(), ids=BROKEN | LISTS)
def test_the_list_of_groups(step: Step, checkout: Checkout, api: RawServer) -> None:
    api.default = step
    done = checkout.quick("apply", "--yes", "--format", "json", "--verbose")
    assert done.code == 1, everything(done)
    assert {seen.method for seen in api.seen} == {"GET"}, "and no group was created for want of a list"
    assert_clean(done)


@pytest.mark.parametrize("step", SOME.values(), ids=SOME)
def test_one_group(step: Step, checkout: Checkout, api: RawServer) -> None:
    """A group that is bound and cannot be read: its plan is not known, and that is not in sync."""
    checkout.group("suporte", f"id: {GROUP}\nsubject: Suporte\n")
    api.default = routed(api, lambda seen: step if seen.path.endswith(GROUP) else groups_api()(seen))
    done = checkout.quick("plan", "--format", "json", "--detailed-exitcode")
    assert done.code == 1, everything(done)
    assert done.json["complete"] is False
    assert done.json["summary"]["unreadable"] == 1
    assert done.json["summary"]["unchanged"] == 0
    assert {seen.method for seen in api.seen} == {"GET"}
    assert_clean(done)


def test_a_group_that_cannot_be_read_is_not_created_again(checkout: Checkout, api: RawServer) -> None:
    """It may be the one that is searched for."""
    api.default = routed(
        api, lambda seen: reply(500, b"{}") if seen.path.endswith(GROUP) else groups_api()(seen)
    )
    done = checkout.quick("apply", "--yes")
    assert done.code != 0
    assert {seen.method for seen in api.seen} == {"GET"}
    assert_clean(done)


def test_ids_listed_twice_are_one(checkout: Checkout, api: RawServer) -> None:
    api.default = routed(api, groups_api(listed={"groups": [{"id": GROUP}] * 50_000}))
    done = checkout.quick("plan", "--format", "json")
    assert done.code == 0, everything(done)
    assert len(api.seen) == 2


def test_a_group_as_large_as_an_answer_may_be(checkout: Checkout, api: RawServer) -> None:
    """60,000 people, half of them admins, while one admin is wanted: planned, and objected to."""
    people = [ACCOUNT, *PEOPLE[:60_000]]
    api.default = routed(api, groups_api(live(participants=people, admins=people[:30_000])))
    done = checkout.quick("plan", "--format", "json", within=60)
    assert done.code == 6, everything(done)[:500]
    assert {entry["code"] for entry in done.json["objections"]} >= {"demote-many"}
    assert not [number for number in PEOPLE[:1000] if number in done.out]


# --- icons ---------------------------------------------------------------------------------------------

BOMB = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xc3\x50\0\0\xc3\x50\x08\x02\0\0\0" + b"\0" * 4
SERVED: dict[str, Step] = {
    **{name: BROKEN[name] for name in ("a body of 1 GB", "an endless body", "a slow drip",
        "silence", "a reset")},
    "a redirect inside": reply(302, b"", {"Location": "http://169.254.169.254/latest/meta-data/"}),
    "refused": reply(403, b"<Error>secret</Error>"),
}  # fmt: skip
LINKS = (
    "file:///etc/passwd",
    "http://169.254.169.254/latest/meta-data/",
    "https://10.0.0.1/x",
    "https://user:pw@127.0.0.1/x",
    "http://127.0.0.1:1\\@evil.test/",
    "https://" + "a" * 5000,
    "http://[",
)


def _with_icon(checkout: Checkout) -> None:
    checkout.group("suporte", f"id: {GROUP}\nsubject: Suporte\nicon: i.png\n")
    checkout.write("groups/i.png", picture())


@pytest.mark.parametrize("link", LINKS)
def test_links_of_icons(link: str, checkout: Checkout, api: RawServer) -> None:
    _with_icon(checkout)
    api.default = routed(api, groups_api(others=lambda _: ok({"type": "URL", "data": link})))
    done = checkout.quick("plan", "--format", "json", "--detailed-exitcode")
    assert done.code == 1, everything(done)
    assert done.json["complete"] is False
    assert "evil" not in everything(done)
    assert_clean(done)


@pytest.mark.parametrize("step", SERVED.values(), ids=SERVED)
def test_icons_that_are_not_served(step: Step, checkout: Checkout, api: RawServer) -> None:
    _with_icon(checkout)

    def others(seen: Seen) -> Step:
        return step if seen.path == "/cdn" else ok({"type": "URL", "data": f"{api.url}/cdn"})

    api.default = routed(api, groups_api(others=others))
    done = checkout.quick("plan", "--format", "json")
    assert done.code == 1, everything(done)
    assert done.json["complete"] is False
    assert_clean(done)


@pytest.mark.parametrize("body", [BOMB, b"<svg onload=alert(1)>", b"GIF89a", b"\xff\xd8\xff" + b"x" * 1000])
def test_pictures_that_are_none_are_another_icon(body: bytes, checkout: Checkout, api: RawServer) -> None:
    """What is served cannot be opened, so it is not the picture that is wanted: it would be replaced."""
    _with_icon(checkout)

    def others(seen: Seen) -> Step:
        return reply(200, body) if seen.path == "/cdn" else ok({"type": "URL", "data": f"{api.url}/cdn"})

    api.default = routed(api, groups_api(others=others))
    done = checkout.quick("plan", "--format", "json", "--detailed-exitcode")
    assert done.code == 2, everything(done)
    assert [change["kind"] for change in done.group("suporte")["changes"]] == ["set_icon"]
    assert_clean(done)


def test_writes_that_answer_nonsense_are_not_done(checkout: Checkout, api: RawServer) -> None:
    checkout.group("suporte", f"id: {GROUP}\nsubject: Novo\n")
    api.default = routed(api, groups_api(others=lambda _: reply(200, json.dumps({"errors": [{}]}).encode())))
    done = checkout.quick("apply", "--yes", "--format", "json")
    assert done.code == 3, everything(done)
    assert done.json["summary"]["done"] == 0
    assert_clean(done)
