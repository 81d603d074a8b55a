"""What is fuzzed, and what has to hold: errors of ours only, bounded in time, with places that exist."""

from __future__ import annotations

import json
import random
import re
import shutil
import socket
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from urllib3.connection import HTTPConnection

from reconciler.backends import (
    evolution,
    faults,
    gateway_answers,
    gateway_groups,
    icons,
    sinch,
    waha_answers,
)
from reconciler.backends.calls import Answer
from reconciler.backends.client import _LIBRARY_ERRORS, _body, _bounded, _unclear
from reconciler.errors import ApiError, CredentialsError, InputError, Unclear
from reconciler.manifests.files import WorkTree
from reconciler.manifests.load import LoadOptions, load
from reconciler.messaging.inbound import read_file
from reconciler.model.messages import Match
from reconciler.report import text, validate
from reconciler.report.inbound import lines as lines_of
from reconciler.report.redact import Redactor
from reconciler.sandbox.inbox import mo_body
from reconciler.state import codec
from tests.backends.test_evolution import INSTANCE, STATE, info
from tests.backends.test_waha import OWN, SESSION, VERSION, gows, noweb
from tests.fuzz.mutate import any_json, changed, spoiled

ROOT = Path(__file__).resolve().parents[2]
SLOWEST = 2.0
"""Seconds for one input."""

_ACTS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_SECRET = "fuzz-token-that-must-not-leak"
_GROUP = "5519911112222-1513616971"
_GATEWAY_GROUP = "120363012345678901@g.us"

Target = Callable[[random.Random], None]
"""Makes one input and runs it; raises whatever should not be."""


def manifests() -> Target:
    """A repository in which one file at a time is spoiled: validate's own way from bytes to complaints."""
    seeds = tuple(path.read_bytes() for path in sorted((ROOT / "groups").glob("*.yaml")))
    seeds += ((ROOT / "contacts.yaml").read_bytes(), (ROOT / "reconciler.yaml").read_bytes())
    seeds += (
        b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
        b"name: a\nsubject: b\n---\nname: c\nid: 5519911112222-1\nhold: {reason: x, until: 2026-12-01}\n",
        b"people: {ana: {name: A, numbers: ['+55 19 90000-0001'], left: 2026-11-21}}\nteams: {cs: [ana]}\n",
        b"allow: [{code: demote-many, max: 1, until: 2026-11-28, reason: x}]\ninvites: {resend_after: 7d}\n",
        b"accounts: {a: {account: +55 19 91111-2222, state: 'git:origin/a'}, b: {manifests: groups/b}}\n",
    )
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    shutil.copytree(ROOT / "groups", folder / "groups")
    (folder / ".git").mkdir()
    names = ("groups/fuzz.yaml", "contacts.yaml", "reconciler.yaml")

    def one(rng: random.Random) -> None:
        data = spoiled(rng, seeds)
        name = rng.choice(names)
        for other in names:
            if other == names[0]:
                (folder / other).write_bytes(b"subject: fuzz\n")
            else:
                shutil.copyfile(ROOT / other, folder / other)
        (folder / name).write_bytes(data)
        try:
            load(
                WorkTree(folder, folder),
                LoadOptions(config_path=None, today=date(2026, 11, 22), check_icons=rng.random() < 0.01),
            )
        except InputError as error:
            complaints = error.complaints
        else:
            return
        assert complaints
        for complaint in complaints:
            assert complaint.location.file, complaint
            assert len(complaint.message) < 2000, complaint.message
            if complaint.location.file.endswith(name):
                assert complaint.location.line <= len(data.decode(errors="replace").splitlines()) + 1, (
                    complaint
                )
        shown = text.render_complaints(complaints, color=False)
        assert not _ACTS.search(shown), ascii(shown)
        json.dumps(validate.told(complaints, None).data())

    return one


_GOOD = (
    {"groups": [{"id": _GROUP}, {"id": "120363000000000001"}]},
    {"groups": [{"id": _GROUP, "subject": "S", "creator": "5519911112222", "creation_time": 1513616971,
                 "admins": ["5519911112222"], "participants": ["5519911112222", "5519900000001"]}]},
    {"groups": [{"link": "https://chat.whatsapp.com/AbC"}]},
    {"type": "URL", "mimeType": "image/png", "extraData": {"Content-Length": "2500"}, "data": "https://x/y"},
    {"id": "abc", "destinations": [{"id": "x", "destination": "5519900000001"}]},
    {"errors": [{"code": 1012, "details": f"{_SECRET} 5519900000001"}], "meta": {"success": False}},
    {"errorCode": 401, "errorMessage": _SECRET},
    {_GATEWAY_GROUP: noweb(_GATEWAY_GROUP), "1@newsletter": None},
    noweb(_GATEWAY_GROUP),
    [gows(_GATEWAY_GROUP)],
    gows(_GATEWAY_GROUP),
    SESSION,
    VERSION,
    {"isActive": True, "timeEnforcementEnds": 2 * 10**9},
    {"cappingStatus": "CAPPED", "totalQuota": 5, "usedQuota": 5},
    {"lid": "1111@lid", "pn": "5519900000001@c.us", "numberExists": True, "chatId": "5519900000001@c.us"},
    {"id": f"true_{_GATEWAY_GROUP}_3EB0", "to": "5519900000001@c.us", "fromMe": True, "ack": 1},
    [{"status": "403", "jid": "1111@lid", "content": {"attrs": {"phone_number": "5519900000001@c.us"}}}],
    {"statusCode": 500, "exception": {"message": f"rate-overlimit {_SECRET} 5519900000001", "name": "Error"}},
    "AbCdEfGhIjKlMnOpQrStUv",
    None,
    STATE,
    [{**INSTANCE, "token": _SECRET}],
    [info(_GATEWAY_GROUP, pictureUrl="https://pps.whatsapp.net/1.jpg")],
    info(_GATEWAY_GROUP),
    {"wuid": _GATEWAY_GROUP, "profilePictureUrl": "https://pps.whatsapp.net/1.jpg"},
    [{"exists": True, "jid": "5519900000001@s.whatsapp.net", "number": "5519900000001"}],
    {"updateParticipants": [{"status": "403", "jid": "1111@lid", "content": {"attrs": {"code": _SECRET}}}]},
    {"inviteUrl": "https://chat.whatsapp.com/undefined", "inviteCode": "AbCdEfGhIjKlMnOpQrStUv"},
    {"key": {"remoteJid": _GATEWAY_GROUP, "fromMe": True, "id": "3EB0"}, "status": "PENDING"},
    {"status": 404, "response": {"message": ["Error fetching group", f"Error: {_SECRET} rate-overlimit"]}},
)  # fmt: skip
_PARSERS: tuple[Callable[[Answer], object], ...] = (
    sinch.group_ids,
    lambda answer: sinch.group(answer, _GROUP),
    sinch.icon,
    sinch.created,
    sinch.link,
    lambda sent: sinch.sent(sent, "5519900000001"),
    lambda sent: sinch.sent(sent, "5519900000001", group=True),
    icons.picture,
    faults.void,
    waha_answers.session,
    waha_answers.version,
    waha_answers.capped,
    lambda answer: waha_answers.locked_until(answer, datetime(2026, 11, 22, tzinfo=UTC)),
    waha_answers.icon,
    lambda answer: waha_answers.number_of(answer, "1111@lid"),
    lambda answer: waha_answers.known_as(answer, "5519900000001"),
    gateway_answers.done,
    waha_answers.permitted,
    waha_answers.removed,
    waha_answers.refreshed,
    gateway_answers.created,
    gateway_answers.done_to,
    gateway_answers.done_to_absent,
    gateway_answers.people,
    gateway_answers.link,
    lambda sent: gateway_answers.sent(sent, "5519900000001@c.us"),
    lambda sent: gateway_answers.sent(sent, _GATEWAY_GROUP),
    lambda answer: gateway_groups.groups(gateway_answers.read(answer), OWN),
    lambda answer: gateway_groups.group(gateway_answers.read(answer), _GATEWAY_GROUP, OWN),
    evolution._state,
    lambda answer: evolution._instance(answer, "suporte"),
    evolution._not_found,
    lambda answer: evolution._pictures(gateway_answers.read(answer)),
    evolution._icon_asked_for,
    lambda answer: evolution._known_as(answer, "5519900000001"),
)
_STATUSES = (200, 200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 408, 420, 429, 500, 503, 999, 100)


def parser() -> Target:
    """Every parser of answers, with every status and bodies of any shape."""

    def one(rng: random.Random) -> None:
        roll = rng.random()
        value = changed(rng, rng.choice(_GOOD)) if roll < 0.6 else any_json(rng)
        body = json.dumps(value).encode()
        if roll > 0.85:
            body = spoiled(rng, (body,))
        answer = Answer(rng.choice(_STATUSES), body, wait=rng.choice((None, 5.0, 1e9)), secrets=(_SECRET,))
        _parsed(answer)

    return one


def _parsed(answer: Answer) -> None:
    """Let every parser have the answer; what it raises is an error of ours without a secret in it."""
    for parse in _PARSERS:
        try:
            parse(answer)
        except (ApiError, CredentialsError) as error:
            text = f"{error.message} {error.hint}"
            assert _SECRET not in text, text
            assert "5519900000001" not in text, text
            assert not _ACTS.search(text), ascii(text)
            assert len(text) < 1000, text


_HEADS = (
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 404 No\r\n",
    b"HTTP/1.1 204 No Content\r\n",
    b"HTTP/1.1 429 Slow\r\nRetry-After: 5\r\n",
)
_FIELDS = (
    b"Content-Type: application/json\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n",
    b"Content-Length: -1\r\n", b"Content-Encoding: gzip\r\n", b"X: y\r\n z\r\n", b"X y\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n", b"Connection: close\r\n", b"Date: never\r\n",
)  # fmt: skip


def wire() -> Target:
    """The bytes of an answer as they come over a connection, framed well or badly, and cut anywhere."""

    def one(rng: random.Random) -> None:
        body = json.dumps(changed(rng, rng.choice(_GOOD))).encode()
        head = rng.choice(_HEADS) + b"".join(rng.sample(_FIELDS, rng.randrange(3)))
        match rng.randrange(3):
            case 0:
                data = head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            case 1:
                chunks = b"".join(
                    b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:9], body[9:]) if part
                )
                data = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
            case _:
                data = head + b"\r\n" + body
        if rng.random() < 0.7:
            data = spoiled(rng, (data,))
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.settimeout(0)
            sent = theirs.send(data) if data else 0
            theirs.shutdown(socket.SHUT_WR)
            ours.settimeout(5)
            connection = _bounded(HTTPConnection, "")("127.0.0.1", timeout=5)
            connection.sock = ours
            connection.request("GET", "/", preload_content=False, decode_content=False)
            try:
                response = connection.getresponse()
                found = _body(response, 1 << 20)
            except (*_LIBRARY_ERRORS, ApiError) as error:
                raised = error if isinstance(error, Unclear) else _unclear(error, None, "")
                assert isinstance(raised, Unclear), raised
                return
            finally:
                connection.close()
            assert len(found) <= sent
        _parsed(Answer(response.status, found, headers=response.headers, secrets=(_SECRET,)))

    return one


def state() -> Target:
    """A state file that an outsider may have written: read, or damaged; and what is read can be written."""
    seed = {
        "format_version": 1,
        "base_url": "http://127.0.0.1:1",
        "serial": 3,
        "commit": None,
        "groups": {
            "a": {
                "id": "g-1",
                "applied": {"subject": "x", "icon": "", "admins": ["ana"], "members": []},
                "icon": {"source": "a", "served": "b", "url": "https://x", "length": 3},
                "link_version": 2,
                "joined": ["ana"],
                "missing": {"ana": "2026-11-20T12:00:00Z"},
                "sent": {
                    "ana": {
                        "at": "2026-11-22T12:00:00Z",
                        "times": 1,
                        "status": "sent",
                        "earlier": ["2026-11-22T11:00:00Z"],
                        "message": "inv-1",
                    }
                },
            }
        },
        "creating": {"n": {"subject": "s", "listed": ["g1"], "at": "2026-11-22T12:00:00.5Z"}},
        "created": ["2026-11-22T12:00:00Z"],
    }
    seeds = (json.dumps(seed).encode(),)

    def one(rng: random.Random) -> None:
        data = spoiled(rng, seeds)
        if rng.random() < 0.6:
            data = json.dumps(changed(rng, seed)).encode()
        try:
            found = codec.loads(data)
        except (codec.Damaged, codec.Newer) as error:
            said = str(error)
        else:
            said = ""
            assert codec.loads(codec.dumps(found)) == found
        assert len(said) < 500, said

    return one


def inbound() -> Target:
    """What anybody may post to the webhook: records for every body, and lines that can be shown."""
    bodies: tuple[object, ...] = (
        mo_body("5519900000001", "5519911112222", "oi", _GROUP),
        mo_body("5519900000001", "5519911112222", "oi", None),
        {
            "total": 1,
            "data": [
                {"id": "m", "correlationId": "c", "destination": "5519900000001", "sent": True, "read": 0}
            ],
        },
        {
            "id": "evt_1",
            "timestamp": 1700000000000,
            "event": "group.v2.participants",
            "payload": {
                "type": "join",
                "group": {"id": _GATEWAY_GROUP},
                "participants": [{"id": "1111@lid", "pn": "5519900000001@c.us"}],
            },
        },
        {
            "id": "evt_2",
            "event": "message",
            "payload": {"from": _GATEWAY_GROUP, "participant": "5519900000001@c.us", "body": "oi"},
        },
        {"headers": {"X-Webhook-Hmac": "00"}, "body": '{"event": "x", "payload": {}}'},
        {
            "event": "group-participants.update",
            "instance": "suporte",
            "data": {
                "id": _GATEWAY_GROUP,
                "action": "add",
                "participants": ["1111@lid", {"id": "5519900000001@s.whatsapp.net"}],
                "participantsData": [{"jid": "1111@lid", "phoneNumber": "5519900000001@s.whatsapp.net"}],
            },
            "apikey": "hunter2",
        },
        {
            "event": "messages.upsert",
            "data": {
                "key": {"remoteJid": _GATEWAY_GROUP, "participant": "5519900000001@s.whatsapp.net"},
                "messageType": "conversation",
                "message": {"conversation": "oi"},
                "messageTimestamp": 1700000000,
            },
            "apikey": "hunter2",
        },
        {"event": "groups.update", "data": [{"id": _GATEWAY_GROUP}], "apikey": "hunter2"},
    )
    seeds = tuple(json.dumps(body).encode() for body in bodies)
    redactor = Redactor({}, frozenset({"5519911112222"}))

    def one(rng: random.Random) -> None:
        parts = [
            spoiled(rng, seeds)
            if rng.random() < 0.4
            else json.dumps(changed(rng, rng.choice(bodies))).encode()
            for _ in range(rng.randint(1, 3))
        ]
        records = read_file(b"\n".join(parts))
        lines = lines_of(map(Match, records), redactor).splitlines()
        assert len(lines) == len(records)
        for line in lines:
            json.loads(line)
            assert not _ACTS.search(line), ascii(line)
            assert "5519900000001" not in line, line
            assert len(line) < 2000, line

    return one


TARGETS: dict[str, Callable[[], Target]] = {
    "manifests": manifests,
    "parser": parser,
    "wire": wire,
    "state": state,
    "inbound": inbound,
}
