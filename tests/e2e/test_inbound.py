"""`inbound` as a process: what it tells without a call, and whom `--ready` promotes after a read."""

from __future__ import annotations

import fcntl
import hmac
import json
import subprocess
import sys
from typing import Any

import pytest
import requests

from reconciler.sandbox.inbox import mo_body
from tests.support import ACCOUNT, ANA, BRUNO, CARLOS, DORA, STRANGER, Repo, Result

SECRET = "what-nobody-else-should-read"


@pytest.fixture
def waiting(repo: Repo) -> Repo:
    """`suporte` waits for ana and bruno as admins and carlos as a member, `vendas` for ana."""
    repo.group("suporte", "subject: Suporte\nadmins: [ana, bruno]\nmembers: [carlos]\n")
    repo.group("vendas", "subject: Vendas\nadmins: [ana]\n")
    assert repo.apply().code == 0
    repo.api.clear_calls()
    return repo


def wrote(repo: Repo, *messages: tuple[str, str | None]) -> str:
    """A file with a body for each (who, subject of the group or None)."""
    lines = [
        json.dumps(mo_body(who, ACCOUNT, SECRET, repo.live(group)["id"] if group else None))
        for who, group in messages
    ]
    return str(repo.write("webhook.jsonl", "\n".join(lines) + "\n"))


def lines(result: Result) -> list[Any]:
    return [json.loads(line) for line in result.out.splitlines()]


def test_it_tells_who_has_shown_up_and_calls_nobody(waiting: Repo) -> None:
    file = wrote(
        waiting,
        (ANA, "Suporte"),
        (CARLOS, "Suporte"),
        (STRANGER, "Suporte"),
        (BRUNO, "Vendas"),
        (ANA, None),
    )
    told = waiting.run("inbound", file, RECONCILER_USERNAME="", RECONCILER_TOKEN="")
    assert (told.code, told.err) == (0, "")
    assert [(line["kind"], line["from"], line.get("appeared_as")) for line in lines(told)] == [
        ("group_message", "ana", "admin"),
        ("group_message", "carlos", "member"),
        ("group_message", "+55 19 •••• 0077", None),
        ("group_message", "bruno", None),
        ("direct_message", "ana", None),
    ]
    assert [line["group"]["name"] for line in lines(told)[:4]] == ["suporte", "suporte", "suporte", "vendas"]
    assert waiting.api.calls() == []
    assert SECRET not in told.out
    assert f"+{STRANGER}" in waiting.run("inbound", file, "--show-numbers").out

    waiting.api.join(waiting.live("Suporte")["id"], ANA, CARLOS)
    assert waiting.apply().code == 0
    assert [line.get("appeared_as") for line in lines(waiting.run("inbound", file))] == [None] * 5


def test_ready_promotes_who_wrote_and_is_in_and_nobody_else(waiting: Repo) -> None:
    suporte, vendas = (waiting.live(subject)["id"] for subject in ("Suporte", "Vendas"))
    waiting.group(
        "suporte", "subject: Renamed\nadmins: [ana, bruno, dora]\nmembers: []\nprune_members: true\n"
    )
    waiting.api.join(suporte, ANA, DORA, STRANGER, CARLOS)
    waiting.api.promote(suporte, STRANGER)
    waiting.api.join(vendas, ANA)
    # bruno's message is made up: he is not in; dora is in, and has not written; ana wrote in one group only
    file = wrote(waiting, (ANA, "Suporte"), (BRUNO, "Suporte"), (STRANGER, "Suporte"), (DORA, None))
    waiting.api.clear_calls()
    done = waiting.run("inbound", file, "--ready", "--yes", "--report", "json=done.json", "--verbose")
    assert done.code == 0, done.err
    assert [line["kind"] for line in lines(done)] == ["group_message"] * 3 + ["direct_message"]
    assert set(waiting.live("Suporte")["admins"]) == {ACCOUNT, STRANGER, ANA}
    assert [(call["method"], call["path"]) for call in waiting.api.calls()] == [
        ("GET", "/groups"),
        ("GET", f"/groups/{suporte}"),
        ("GET", f"/groups/{suporte}"),
        ("PATCH", f"/groups/{suporte}/admins"),
        ("GET", f"/groups/{suporte}"),
    ]
    assert waiting.api.writes()[0]["summary"]["waIds"] == [ANA]
    report = json.loads((waiting.path / "done.json").read_text())
    assert [group["name"] for group in report["groups"]] == ["suporte"]
    assert report["groups"][0]["outcomes"][0]["status"] == "done"
    assert "1 done" in done.err
    assert SECRET not in done.out + done.err + waiting.state.read_text() + json.dumps(report)

    waiting.api.clear_calls()
    again = waiting.run("inbound", file, "--ready", "--yes")
    assert (again.code, waiting.writes()) == (0, [])
    assert "Nobody to promote" in again.err


def joined(repo: Repo, subject: str, *people: str, event: str = "evt_1") -> dict[str, object]:
    """What a gateway tells when people have joined a group."""
    payload = {
        "type": "join",
        "group": {"id": repo.live(subject)["id"]},
        "participants": [{"id": "1234@lid", "pn": f"{each}@c.us", "role": "participant"} for each in people],
    }
    return {
        "id": event,
        "timestamp": 1700000000000,
        "session": SECRET,
        "event": "group.v2.participants",
        "payload": payload,
    }


def signed(body: dict[str, object], key: str) -> str:
    """A line with the signature beside the body."""
    text = json.dumps(body)
    headers = {"X-Webhook-Hmac": hmac.new(key.encode(), text.encode(), "sha512").hexdigest()}
    return json.dumps({"headers": headers, "body": text})


def test_ready_promotes_who_joined_by_a_signed_event(waiting: Repo) -> None:
    group_id = waiting.live("Suporte")["id"]
    waiting.api.join(group_id, ANA, BRUNO, STRANGER)
    lies = signed(joined(waiting, "Suporte", BRUNO), "another key")
    once = signed(joined(waiting, "Suporte", ANA, STRANGER), SECRET)
    waiting.write("inbox.jsonl", f"{lies}\n{once}\n{once}\n")
    result = waiting.run("inbound", "inbox.jsonl", "--ready", "--yes", RECONCILER_WEBHOOK_KEY=SECRET)
    assert result.code == 1, "a line was refused"
    assert [(each["kind"], each.get("appeared_as")) for each in lines(result)] == [
        ("unreadable", None),
        ("participant", "admin"),
        ("participant", None),
    ]
    assert set(waiting.live("Suporte")["admins"]) == {ACCOUNT, ANA}
    assert SECRET not in result.out + result.err


def test_ready_promotes_who_joined_by_the_sandboxs_own_events(repo: Repo) -> None:
    repo.write("reconciler.yaml", f'account: "+{ACCOUNT}"\nbackend: waha\n')
    repo.group("suporte", "subject: Suporte\nadmins: [ana, bruno]\n")
    assert repo.apply().code == 0
    repo.api.join(repo.live("Suporte")["id"], ANA, STRANGER)
    told = requests.get(f"{repo.server.base_url}/webhooks.jsonl", timeout=10).text
    repo.write("inbox.jsonl", told)
    refused = repo.run("inbound", "inbox.jsonl", RECONCILER_WEBHOOK_KEY="another key")
    assert (refused.code, {each["kind"] for each in lines(refused)}) == (1, {"unreadable"})
    result = repo.run("inbound", "inbox.jsonl", "--ready", "--yes", RECONCILER_WEBHOOK_KEY="sandbox")
    assert result.code == 0, result.err
    assert [each["appeared_as"] for each in lines(result) if each["kind"] == "participant"] == ["admin", None]
    assert set(repo.live("Suporte")["admins"]) == {ACCOUNT, ANA}


def test_ready_promotes_who_joined_by_an_event_that_nobody_signs(waiting: Repo) -> None:
    group_id = waiting.live("Suporte")["id"]
    waiting.api.join(group_id, ANA, STRANGER)
    data = {
        "id": group_id,
        "action": "add",
        "participants": ["1234@lid", f"{BRUNO}@s.whatsapp.net", f"{STRANGER}@s.whatsapp.net"],
        "participantsData": [{"jid": "1234@lid", "phoneNumber": f"{ANA}@s.whatsapp.net"}],
    }
    once = json.dumps({"event": "group-participants.update", "instance": "x", "data": data, "apikey": SECRET})
    waiting.write("inbox.jsonl", f"{once}\n{once}\n")
    refused = waiting.run("inbound", "inbox.jsonl", RECONCILER_WEBHOOK_KEY="a key")
    assert (refused.code, {each["kind"] for each in lines(refused)}) == (1, {"unreadable"})
    assert all("Evolution API signs nothing" in each["reason"] for each in lines(refused))

    result = waiting.run("inbound", "inbox.jsonl", "--ready", "--yes", "--report", "json=done.json")
    assert result.code == 0, result.err
    assert [(each["kind"], each["person"], each["appeared_as"]) for each in lines(result)] == [
        ("participant", "ana", "admin"),
        ("participant", "bruno", "admin"),
        ("participant", "+55 19 •••• 0077", None),
    ]
    assert set(waiting.live("Suporte")["admins"]) == {ACCOUNT, ANA}, "bruno is not in"
    for told in (refused.out, refused.err, result.out, result.err, waiting.state.read_text()):
        assert SECRET not in told
    assert SECRET not in (waiting.path / "done.json").read_text()


def test_messages_of_nobody_awaited_are_no_reason_to_call(waiting: Repo) -> None:
    file = wrote(waiting, (STRANGER, "Suporte"), (CARLOS, "Suporte"), (ANA, None))
    waiting.api.clear_calls()
    done = waiting.run("inbound", file, "--ready", "--yes")
    assert (done.code, waiting.api.calls()) == (0, [])
    assert "Nobody to promote: no group waits for an admin." in done.err


def test_without_a_state_the_group_is_found(waiting: Repo) -> None:
    suporte = waiting.live("Suporte")["id"]
    waiting.api.join(suporte, ANA, BRUNO)
    file = wrote(waiting, (ANA, "Suporte"))
    waiting.api.clear_calls()
    done = waiting.run("inbound", file, "--ready", "--yes", RECONCILER_STATE="none")
    assert done.code == 0, done.err
    assert [call["summary"]["waIds"] for call in waiting.api.writes()] == [[ANA]]
    assert (lines(done)[0]["group"]["name"], lines(done)[0]["appeared_as"]) == (None, None)


def test_what_cannot_be_read_ends_1_and_holds_up_nothing(waiting: Repo) -> None:
    waiting.api.join(waiting.live("Suporte")["id"], ANA)
    file = wrote(waiting, (ANA, "Suporte"))
    waiting.write("webhook.jsonl", (waiting.path / "webhook.jsonl").read_text() + "<html>\n")
    waiting.api.clear_calls()
    done = waiting.run("inbound", file, "--ready", "--yes")
    assert (done.code, len(waiting.writes())) == (1, 1)
    assert "1 of 2 entries cannot be read" in done.err
    assert lines(done)[1]["kind"] == "unreadable"


def test_a_locked_state_and_what_means_nothing(waiting: Repo) -> None:
    file = wrote(waiting, (ANA, "Suporte"))
    waiting.api.clear_calls()
    with (waiting.path / ".reconciler/state.json.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert waiting.run("inbound", file).code == 0
        locked = waiting.run("inbound", file, "--ready", "--yes")
        assert (locked.code, len(lines(locked))) == (5, 1), "what it says is told all the same"
    for refused in (
        ("--ready",),  # no terminal to ask on
        ("--yes",),
        ("--report", "json=x.json"),
        ("--format", "text"),
        ("--target", "nobody"),
    ):
        result = waiting.run("inbound", file, *refused)
        assert (result.code, result.out) == (64, ""), refused
    assert waiting.run("inbound", "missing.jsonl").code == 1
    assert waiting.api.calls() == []


def test_a_body_from_stdin(waiting: Repo) -> None:
    body = json.dumps(mo_body(ANA, ACCOUNT, SECRET, waiting.live("Vendas")["id"]), indent=2)
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "inbound", "-", "--target", "vendas"],
        cwd=waiting.path,
        env=waiting.environment,
        input=body,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["appeared_as"] == "admin"
