"""What is sent again, how often and after which wait, over HTTP in virtual time."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.utils import format_datetime

import pytest

from reconciler.backends.service import Client
from reconciler.errors import CredentialsError, Interrupted, NotFound, NotSent, RateLimited, Refused, Unclear
from tests.backends.conftest import TOKEN, USERNAME, Connect
from tests.backends.server import RawServer, Step, hang, raw, reply, reset
from tests.backends.test_hostile import CALLS, GROUP, OK_HEAD
from tests.fakes import NOON, FakeClock

READS = {"list", "group", "icon", "fetch"}
ONCE = {"create", "send"}

TRANSIENT: dict[str, Step] = {
    "500": reply(500),
    "503": reply(503, b"<html>"),
    "504": reply(504),
    "408": reply(408),
    "reset": reset(),
    "closed": raw(b""),
    "truncated": raw(OK_HEAD + b"Content-Length: 50\r\n\r\n{}"),
    "a web page": reply(200, b"<html>please log in</html>"),
    "empty": reply(200),
}


def group_answer() -> Step:
    return reply(
        200,
        b'{"groups":[{"id":"%s","subject":"x","admins":[],"participants":["5519900000001"]}]}'
        % GROUP.encode(),
    )


@pytest.mark.parametrize("kind", TRANSIENT)
def test_a_read_is_repeated(kind: str, server: RawServer, client_for: Connect, clock: FakeClock) -> None:
    client = client_for(server.url, retries=3)
    server.script.extend([TRANSIENT[kind]] * 3 + [group_answer()])
    assert client.reader.get_group(GROUP).subject == "x"
    assert len(server.seen) == 4
    assert [longest >= waited for longest, waited in zip((0.5, 1, 2), clock.slept, strict=True)] == [True] * 3


@pytest.mark.parametrize("kind", TRANSIENT)
def test_a_read_is_given_up_in_the_end(kind: str, server: RawServer, client_for: Connect) -> None:
    client = client_for(server.url, retries=2)
    server.default = TRANSIENT[kind]
    with pytest.raises(Unclear) as caught:
        client.reader.get_group(GROUP)
    assert len(server.seen) == 3
    assert caught.value.retry


def test_waits_grow_to_half_a_minute_and_vary(
    server: RawServer, client_for: Connect, clock: FakeClock
) -> None:
    server.default = reply(500)
    for _ in range(20):
        with pytest.raises(Unclear):
            client_for(server.url, retries=9).reader.list_groups()
    rounds = [clock.slept[start : start + 9] for start in range(0, 180, 9)]
    bounds = [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    for bound, waits in zip(bounds, zip(*rounds, strict=True), strict=True):
        assert min(waits) < bound / 2 < max(waits) <= bound


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 412, 302])
def test_a_definite_answer_is_not_asked_for_twice(
    status: int, server: RawServer, client_for: Connect, clock: FakeClock
) -> None:
    server.default = reply(status)
    with pytest.raises((CredentialsError, Refused, NotFound, Unclear)):
        client_for(server.url, retries=5).reader.get_group(GROUP)
    assert len(server.seen) == 1
    assert clock.slept == []


@pytest.mark.parametrize("body", [b'{"groups":{}}', b'{"groups":[{"id":"1","subject":2}]}', b"[]"])
def test_json_that_makes_no_sense_is_not_asked_for_twice(
    body: bytes, server: RawServer, client_for: Connect
) -> None:
    server.default = reply(200, body)
    with pytest.raises(Unclear) as caught:
        client_for(server.url, retries=5).reader.get_group(GROUP)
    assert (caught.value.code, len(server.seen)) == ("bad_answer", 1)


WRITES = [(column, call) for column, call in CALLS if column not in READS]


@pytest.mark.parametrize("kind", TRANSIENT)
def test_no_write_is_repeated_after_an_unclear_answer(
    kind: str, server: RawServer, client_for: Connect
) -> None:
    client = client_for(server.url, retries=5)
    server.default = TRANSIENT[kind]
    for number, (column, call) in enumerate(WRITES, 1):
        if kind == "empty" and column in {"void", "remove_icon"}:
            call(client, "")
        else:
            with pytest.raises(Unclear):
                call(client, "")
        assert len(server.seen) == number


@pytest.mark.parametrize("status", [420, 429])
def test_a_write_that_was_refused_for_the_pace_is_repeated(
    status: int, server: RawServer, client_for: Connect, clock: FakeClock
) -> None:
    client = client_for(server.url, retries=5)
    for column, call in WRITES:
        if column == "link":
            continue  # its answer is another; it is sent as all others are
        server.seen.clear()
        server.script.append(reply(status, b"", {"Retry-After": "3"}))
        if column in ONCE:
            with pytest.raises(RateLimited):
                call(client, "")
            assert len(server.seen) == 1
        else:
            before = clock.elapsed
            call(client, "")
            assert len(server.seen) == 2
            assert server.seen[0] == server.seen[1]
            assert clock.elapsed - before >= 3


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_connection_that_was_never_made(client_for: Connect, clock: FakeClock) -> None:
    client = client_for(f"http://127.0.0.1:{closed_port()}", retries=2)
    for column, call in CALLS[:8]:
        clock.slept.clear()
        with pytest.raises(NotSent) as caught:
            call(client, "")
        assert caught.value.code == "no_connection"
        assert len(clock.slept) == (0 if column in ONCE else 2)
    assert client.counts == {"no_connection": 6 * 3 + 2}


def test_a_connection_that_the_server_closed_meanwhile(server: RawServer, client_for: Connect) -> None:
    """The server goes between two requests; a read is asked again, a write is unclear."""
    client = client_for(server.url, retries=1)
    server.script.extend([group_answer(), raw(b""), group_answer(), raw(b"")])
    client.reader.get_group(GROUP)
    client.reader.get_group(GROUP)
    with pytest.raises(Unclear) as caught:
        client.writer.set_subject(GROUP, "Novo")
    assert caught.value.code == "reset"
    assert server.connections == 2
    assert len(server.seen) == 4


def test_a_busy_server_is_left_alone_by_all(server: RawServer, client_for: Connect, clock: FakeClock) -> None:
    """Retry-After beside a 503 counts for the next call as well, a write's too."""
    client = client_for(server.url, retries=5)
    server.script.append(reply(503, b"", {"Retry-After": "20"}))
    with pytest.raises(Unclear):
        client.writer.leave(GROUP)
    assert clock.elapsed == 0
    server.default = reply(200, b'{"groups":[]}')
    client.reader.list_groups()
    assert 20 <= clock.elapsed < 23


def test_retry_after_as_a_date(server: RawServer, client_for: Connect, clock: FakeClock) -> None:
    date = format_datetime(NOON + timedelta(seconds=90), usegmt=True)
    server.script.append(reply(429, b"", {"Retry-After": date}))
    server.default = reply(200, b'{"groups":[]}')
    client_for(server.url, retries=1).reader.list_groups()
    assert 90 <= clock.elapsed < 100


def test_once_stopping_no_read_begins(server: RawServer, client_for: Connect, clock: FakeClock) -> None:
    client = client_for(server.url, retries=5)
    clock.stopping = True
    for call in (client.reader.list_groups, lambda: client.reader.get_group(GROUP)):
        with pytest.raises(Interrupted):
            call()
    assert server.seen == []


def test_once_stopping_a_read_is_not_repeated(
    server: RawServer, client_for: Connect, clock: FakeClock
) -> None:
    _stop_after_first(server, clock, reply(500))
    with pytest.raises(Interrupted):
        client_for(server.url, retries=5).reader.list_groups()
    assert len(server.seen) == 1


def test_once_stopping_a_write_is_sent_but_not_repeated(
    server: RawServer, client_for: Connect, clock: FakeClock
) -> None:
    client = client_for(server.url, retries=5)
    clock.stopping = True
    client.writer.leave(GROUP)
    assert len(server.seen) == 1
    clock.stopping = False
    _stop_after_first(server, clock, reply(429))
    with pytest.raises(RateLimited):
        client.writer.leave(GROUP)
    assert len(server.seen) == 2


def _stop_after_first(server: RawServer, clock: FakeClock, answer: Step) -> None:
    def stop(peer: object) -> bool:
        clock.stopping = True
        return answer(peer)  # type: ignore[arg-type]

    server.script.append(stop)


def test_counts(server: RawServer, client_for: Connect) -> None:
    client = client_for(server.url, retries=1, timeout=0.1)
    server.script.extend([reply(500), reply(200, b'{"groups":[]}'), hang(), reply(429), reply(404)])
    client.reader.list_groups()
    with pytest.raises(Unclear):
        client.writer.leave(GROUP)
    with pytest.raises(NotFound):
        client.writer.leave(GROUP)
    assert client.counts == {"500": 1, "200": 1, "timeout": 1, "429": 1, "404": 1}


def _everything(client: Client, url: str) -> None:
    for _, call in CALLS:
        try:
            call(client, url)
        except (Unclear, NotFound, Refused, RateLimited):
            continue


@pytest.mark.parametrize("step", [reply(200, b"{}"), reply(500, b"oops"), reset()])
def test_the_log_names_no_group_person_link_or_credential(
    step: Step, server: RawServer, client_for: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    server.default = step
    with caplog.at_level(logging.DEBUG, logger="reconciler"):
        _everything(client_for(server.url, retries=1), server.url)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("reconciler")]
    assert any(line.startswith("DELETE /v1/whatsapp/groups/{id}/icon → ") for line in lines)
    assert len(lines) == len(server.seen)
    for secret in (GROUP, "5519900000001", TOKEN, USERNAME, "Novo", "127.0.0.1", "icon.jpeg"):
        assert secret not in "\n".join(lines)


def test_each_call_is_sent_as_the_api_wants_it(server: RawServer, client_for: Connect) -> None:
    client = client_for(server.url)
    server.default = reply(200, b'{"id":"m1","groups":[{"id":"g@1","link":"https://chat.whatsapp.com/A"}]}')
    group_id = "1203@g.us"
    writer = client.writer
    acts: list[tuple[Callable[[], object], str, str, bytes | None]] = [
        (lambda: writer.create_group("Olá"), "POST", "", b'{"subject": "Ol\\u00e1"}'),
        (lambda: writer.set_subject(group_id, "x"), "PUT", "/1203%40g.us", b'{"subject": "x"}'),
        (lambda: writer.get_link(group_id), "GET", "/1203%40g.us/invite", b""),
        (lambda: writer.revoke_link(group_id), "DELETE", "/1203%40g.us/invite", b""),
        (lambda: writer.leave(group_id), "POST", "/1203%40g.us/leave", b""),
        (
            lambda: writer.promote(group_id, ["55123"]),
            "PATCH",
            "/1203%40g.us/admins",
            b'{"waIds": ["55123"]}',
        ),
        (
            lambda: writer.demote(group_id, ["55123"]),
            "DELETE",
            "/1203%40g.us/admins",
            b'{"waIds": ["55123"]}',
        ),
        (
            lambda: writer.remove_participants(group_id, ["55123", "55124"]),
            "DELETE",
            "/1203%40g.us/participants",
            b'{"waIds": ["55123", "55124"]}',
        ),
        (
            lambda: writer.set_icon(group_id, b"\x89PNG\0\xff", "image/png"),
            "POST",
            "/1203%40g.us/icon",
            b"\x89PNG\0\xff",
        ),
        (lambda: writer.remove_icon(group_id), "DELETE", "/1203%40g.us/icon", b""),
        (client.reader.list_groups, "GET", "", b""),
    ]
    for act, method, path, body in acts:
        act()
        seen = server.seen[-1]
        assert (seen.method, seen.path, seen.body) == (method, "/v1/whatsapp/groups" + path, body)
        assert seen.headers["username"] == USERNAME
        assert seen.headers["authenticationtoken"] == TOKEN
        assert seen.headers["user-agent"].startswith("group-reconciler/")
        assert "cookie" not in seen.headers
        mime = "image/png" if path.endswith("icon") else "application/json"
        assert seen.headers.get("content-type") == (mime if body else None)
    assert server.connections == 1
    server.default = reply(200, b'{"id": "m", "destinations": [{"destination": "1203@g.us"}]}')
    writer.send_to_group(group_id, "Olá")
    assert server.seen[-1].path == "/v1/whatsapp/send"
    assert server.seen[-1].body == (
        b'{"destinations": [{"destination": "1203@g.us", "recipientType": "group"}],'
        b' "message": {"messageText": "Ol\\u00e1"}}'
    )
    server.default = reply(200, b'{"id": "m", "destinations": [{"destination": "55123"}]}')
    writer.send_to_person("55123", {"template": {"elementName": "convite"}}, "c-1")
    assert server.seen[-1].body == (
        b'{"destinations": [{"destination": "55123", "correlationId": "c-1"}],'
        b' "message": {"template": {"elementName": "convite"}}}'
    )


def test_threads_share_a_bounded_number_of_connections(server: RawServer, client_for: Connect) -> None:
    server.default = group_answer()
    client = client_for(server.url, width=3)
    with ThreadPoolExecutor(12) as pool:
        assert {live.id for live in pool.map(client.reader.get_group, [GROUP] * 120)} == {GROUP}
    assert server.connections <= 3
    assert client.counts == {"200": 120}


def test_cookies_are_not_kept(server: RawServer, client_for: Connect) -> None:
    server.default = reply(200, b'{"groups":[]}', {"Set-Cookie": "session=1; Path=/"})
    client = client_for(server.url)
    client.reader.list_groups()
    client.reader.list_groups()
    assert "cookie" not in server.seen[-1].headers
