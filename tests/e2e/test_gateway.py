"""Every verb at a gateway: WAHA's dialect of the sandbox, over real HTTP."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from reconciler.sandbox import Server
from tests.e2e.test_doctor import doctor, said
from tests.support import ACCOUNT, ANA, BRUNO, CARLOS, DORA, STRANGER, Repo, as_gateway, picture

VERBS = (
    ("plan",),
    ("apply", "--yes"),
    ("apply", "--ready", "--yes"),
    ("drift",),
    ("list",),
    ("invites",),
    ("invites", "--send", "--yes"),
    ("invites", "--rotate", "a", "--yes"),
    ("send", "a", "Oi", "--yes"),
    ("import", "--all"),
    ("accept", "a", "--yes"),
)


def applied(gateway: Repo, text: str = "") -> Repo:
    """The repository with one group, `a`, that is as its manifest says."""
    gateway.group("a", f"subject: Suporte\nadmins: [ana]\nmembers: [bruno]\njoin: add\n{text}")
    done = gateway.apply()
    assert done.code == 0, done.out + done.err
    return gateway


def test_doctor_says_what_works_at_the_gateway(gateway: Repo) -> None:
    applied(gateway)
    done = doctor(gateway)
    assert done.code == 0
    assert said(done, "session") == [("ok", "it works; the gateway 2026.9.2 runs NOWEB with its store")]
    assert said(done, "account") == [("ok", "of 1 group it is in 1 and admin in 1")]
    gateway.api.set_options(noweb_store=False)
    ((verdict, message),) = said(doctor(gateway), "session")
    assert (verdict, "without its store" in message) == ("warning", True)
    gateway.api.set_options(engine="GOWS", noweb_store=True)
    assert said(doctor(gateway), "session") == [("ok", "it works; the gateway 2026.9.2 runs GOWS")]


def test_what_does_not_work_is_named_with_its_mend(gateway: Repo) -> None:
    applied(gateway)
    states = {
        "SCAN_QR_CODE": "not logged in",
        "STOPPED": "is stopped",
        "FAILED": "has failed",
        "PASSKEY_REQUIRED": "waits for a passkey",
    }
    for status, words in states.items():
        gateway.api.set_options(session_status=status)
        done = doctor(gateway)
        assert done.code == 1
        assert said(done, "login") == [("ok", "the gateway takes the key")]
        ((verdict, message),) = said(done, "session")
        assert (verdict, words in message) == ("problem", True)
        assert next(each["hint"] for each in done.json["findings"] if each["check"] == "session")
        assert [verdict for verdict, _ in said(done, "account")] == ["skipped"]
    gateway.api.set_options(session_status="WORKING")
    for engine in ("WEBJS", "WPP"):
        gateway.api.set_options(engine=engine)
        ((verdict, message),) = said(doctor(gateway), "session")
        assert (verdict, engine in message) == ("problem", True)


def test_a_session_that_does_not_work_ends_every_verb(gateway: Repo) -> None:
    applied(gateway)
    calls = len(gateway.writes())
    gateway.api.set_options(session_status="SCAN_QR_CODE")
    for verb in VERBS:
        done = gateway.run(*verb)
        assert (done.code, "scan its QR code" in done.err) == (1, True), (verb, done.out + done.err)
    assert len(gateway.writes()) == calls


def test_another_account_than_the_configured_one_ends_every_verb(gateway: Repo) -> None:
    applied(gateway)
    calls = len(gateway.writes())
    for verb in VERBS:
        done = gateway.run(*verb, RECONCILER_ACCOUNT=f"+{ANA}")
        assert (done.code, "the session belongs to" in done.err) == (1, True), (verb, done.out + done.err)
    examined = doctor(gateway, RECONCILER_ACCOUNT=f"+{ANA}")
    assert examined.code == 1
    assert said(examined, "account")[0][0] == "problem"
    assert said(examined, "session")[0][0] == "ok"
    assert len(gateway.writes()) == calls


def test_a_wrong_key_is_a_matter_of_credentials(make_gateway: Callable[..., Repo]) -> None:
    gateway = make_gateway(token="another")
    gateway.group("a", "subject: Suporte\n")
    for verb in VERBS:
        done = gateway.run(*verb)
        assert done.code == 4, (verb, done.out + done.err)
    examined = doctor(gateway)
    assert examined.code == 4
    assert [verdict for verdict, _ in said(examined, "login")] == ["problem"]
    assert [verdict for verdict, _ in said(examined, "session")] == ["skipped"]


def test_files_that_are_wrong_hide_neither_the_gateway_nor_send_its_key_elsewhere(gateway: Repo) -> None:
    gateway.group("a", "subjet: Suporte\n")
    assert said(doctor(gateway), "session")[0][0] == "ok"
    gateway.write("reconciler.yaml", "backend: whaa\n")
    gateway.api.clear_calls()
    done = doctor(gateway)
    assert done.code == 1
    assert [said(done, check)[0][0] for check in ("address", "login", "account")] == ["skipped"] * 3
    assert gateway.api.calls() == []


def test_limits_of_the_number_end_what_would_write(gateway: Repo) -> None:
    """Locked: nothing is written. Capped: nobody new is written to or added, and the rest goes on."""
    applied(gateway)
    gateway.group("a", "subject: Suporte\nadmins: [ana]\nmembers: [bruno, carlos]\n")
    until = datetime.now(UTC) + timedelta(hours=5)
    gateway.api.set_options(timelock=int(until.timestamp()))
    gateway.group("b", "subject: Vendas\n")
    writing = [
        ("apply", "--yes"),
        ("invites", "--send", "--yes"),
        ("invites", "--rotate", "a", "--yes"),
        ("send", "a", "Oi", "--yes"),
    ]
    calls = len(gateway.writes())
    for verb in writing:
        done = gateway.run(*verb)
        assert done.code == 1, (verb, done.out + done.err)
        assert f"restricts this number until {until:%Y-%m-%d %H:%M} UTC" in done.err
    for verb in (("plan",), ("drift",), ("list",)):
        assert gateway.run(*verb).code == 0
    assert len(gateway.writes()) == calls

    gateway.api.set_options(timelock=None, capping="CAPPED")
    assert gateway.apply().code == 0
    sending = gateway.run("invites", "--send", "--yes")
    assert (sending.code, "is capped" in sending.err) == (1, True)
    assert gateway.api.messages() == [each for each in gateway.api.messages() if each["kind"] != "sent"]
    gateway.api.set_options(capping="NONE")
    assert gateway.run("invites", "--send", "--yes").code == 0


def test_a_message_goes_to_the_number_that_whatsapp_knows(gateway: Repo) -> None:
    gateway.group("a", f'subject: Suporte\nmembers: ["+5519987654321", carlos, "+{STRANGER}"]\n')
    assert gateway.apply().code == 0
    gateway.api.person("5519987654321", registered="551987654321")
    gateway.api.person(STRANGER, refusal=404)
    done = gateway.run("invites", "--send", "--yes")
    assert done.code == 3, done.out + done.err
    assert "nobody has this number on WhatsApp" in done.out
    chats = {each["chat"] for each in gateway.api.messages() if each["kind"] == "sent"}
    assert chats == {"551987654321", CARLOS}


EVERYTHING = """subject: Suporte
description: Oi
permissions: {send_messages: admins, approve_members: true}
admins: [ana]
members: [bruno, carlos, dora]
join: add
"""


def test_what_became_of_each_person_stands_in_every_format(gateway: Repo) -> None:
    for person, refusal in ((BRUNO, 403), (CARLOS, 408), (DORA, 404)):
        gateway.api.person(person, refusal=refusal)
    gateway.group("a", EVERYTHING)
    reports = ("json", "csv", "markdown", "html", "junit", "github", "prometheus")
    done = gateway.run("apply", "--yes", *(f"--report={each}=out.{each}" for each in reports))
    assert done.code == 3
    said = {each: (gateway.path / f"out.{each}").read_text() for each in reports}
    (group,) = json.loads(said["json"])["groups"]
    adding = next(each for each in group["outcomes"] if each["kind"] == "add_members")
    assert {each["person"]: each["status"] for each in adding["people"]} == {
        "ana": "done", "bruno": "invite", "carlos": "left", "dora": "failed"
    }  # fmt: skip
    rows = [
        (row["change"], row["people"], row["status"], row["after"], row["setting"])
        for row in csv.DictReader(said["csv"].splitlines())
    ]
    assert ("add_members", "ana", "done", "", "") in rows
    assert ("add_members", "carlos", "left", "", "") in rows
    assert ("add_members", "dora", "failed", "", "") in rows
    assert ("set_permission", "", "done", "true", "approve_members") in rows
    for each in ("markdown", "html", "junit", "github"):
        assert "nobody has this number on WhatsApp" in said[each], each
    assert 'reconciler_groups{status="failed"} 1' in said["prometheus"]


def test_an_admin_demoted_by_hand_is_drift_beside_somebody_who_cannot_be_added(gateway: Repo) -> None:
    gateway.api.person(DORA, refusal=404)
    gateway.group("a", EVERYTHING)
    assert gateway.apply().code == 3
    group_id = gateway.live("Suporte")["id"]
    gateway.api.demote(group_id, ANA)
    gateway.api.permit(group_id, approve_members=False)
    drift = gateway.run("drift", "--format", "json", "--report", "prometheus=drift.prom")
    assert drift.code == 2
    causes = {each["field"]: each["cause"] for each in drift.group("a")["fields"]}
    assert causes == {"admins": "edited_outside", "permissions.approve_members": "edited_outside"}
    metrics = (gateway.path / "drift.prom").read_text()
    assert 'reconciler_drift_changes{kind="set_permission"} 1' in metrics
    assert 'reconciler_drift_changes{kind="promote"} 1' in metrics


def test_the_state_names_nobody_by_number_who_has_an_alias(gateway: Repo) -> None:
    applied(gateway)
    recorded = gateway.state.read_text()
    assert ANA not in recorded
    assert json.loads(recorded)["backend"] == "waha"
    assert json.loads(recorded)["account"] == ACCOUNT


def test_the_state_is_the_accounts_wherever_the_gateway_is(
    gateway: Repo, serve: Callable[..., Server]
) -> None:
    applied(gateway)
    another = serve(account=STRANGER).base_url
    for verb in (("plan",), ("apply", "--yes"), ("drift",), ("invites", "--send", "--yes"), ("doctor",)):
        done = gateway.run(*verb, RECONCILER_BASE_URL=another)
        assert (done.code, "belongs to another account" in done.out + done.err) == (1, True), verb
    elsewhere = serve().base_url
    for verb in (("plan",), ("apply", "--yes")):
        done = gateway.run(*verb, RECONCILER_BASE_URL=elsewhere)
        assert "Note: the gateway was at another address" in done.err, verb
        assert done.code == {"plan": 1, "apply": 3}[verb[0]]  # the group is not to be found there
    warned = doctor(gateway, RECONCILER_BASE_URL=elsewhere)
    assert any("another address" in message for _, message in said(warned, "state"))
    gateway.group("b", "subject: Vendas\n")
    assert gateway.run("apply", "--yes", "--target", "b").code == 0
    assert "Note" not in gateway.run("plan").err


def test_moving_to_a_gateway_in_the_same_folder_says_what_to_do(repo: Repo) -> None:
    repo.group("a", "subject: Suporte\n")
    assert repo.apply().code == 0
    as_gateway(repo)
    for verb in VERBS:
        done = repo.run(*verb)
        assert done.code == 1, (verb, done.out)
        assert "belongs to another service: sinch, not waha" in done.err
        assert "Say `backend: sinch`, or keep the state elsewhere" in done.err
    (aside,) = [repo.state.rename(repo.state.with_name("state.json.old"))]
    assert aside.exists()
    assert repo.apply().code == 0  # found by its subject, as the account has made it
    assert len(repo.api.groups()) == 1


def test_each_service_has_a_state_of_its_own_in_the_embedded_sandbox(repo: Repo) -> None:
    repo.group("a", "subject: Suporte\n")
    assert repo.apply("--sandbox").code == 0
    as_gateway(repo)
    done = repo.apply("--sandbox")
    assert done.code == 0, done.err
    assert json.loads(done.out)["groups"][0]["outcomes"][0]["kind"] == "adopt_group"
    repo.write("reconciler.yaml", f'account: "+{ACCOUNT}"\n')
    assert repo.run("plan", "--sandbox", "--detailed-exitcode").code == 0


def test_an_icon_that_the_gateway_does_not_show_any_more_is_not_taken_for_removed(gateway: Repo) -> None:
    gateway.write("groups/x.png", picture())
    gateway.group("a", "subject: Suporte\nicon: x.png\n")
    assert gateway.apply().code == 0
    gateway.api.add_faults("GET /api/*/groups/*/picture show=null")
    calls = len(gateway.writes())
    for verb in ("plan", "drift", "apply"):
        done = gateway.run(verb, *(("--yes",) if verb == "apply" else ()))
        assert (done.code, "shows no icon any more" in done.out) == (1, True), done.out
    assert len(gateway.writes()) == calls
    gateway.api.clear_faults()
    gateway.group("a", "subject: Suporte\nicon: null\n")
    assert gateway.apply().code == 0  # our own removal
    assert gateway.plan().json["groups"][0]["action"] == "none"
    gateway.group("b", "subject: Vendas\nicon: null\n")  # none was seen before
    assert gateway.apply().code == 0


def test_a_count_that_lags_is_a_note(gateway: Repo) -> None:
    applied(gateway)
    gateway.api.add_faults("GET /api/*/groups show=behind")
    planned = gateway.plan()
    assert (planned.code, planned.group("a")["action"]) == (0, "none")
    assert any("counts 2 people here and lists 3" in note for note in planned.group("a")["notes"])
    assert gateway.run("drift").code == 0


def test_whoever_may_be_in_already_is_not_told_to_be_yet_to_join(gateway: Repo) -> None:
    gateway.group("a", "subject: Suporte\nmembers: [bruno, carlos]\njoin: add\n")
    assert gateway.apply().code == 0
    gateway.state.unlink()
    gateway.api.add_faults("GET /api/** show=lids", "GET /api/*/lids/* show=null")
    planned = gateway.plan()
    assert planned.json["summary"]["invites"] == 0
    assert {each["person"]: each["maybe"] for each in planned.group("a")["to_invite"]} == {
        "bruno": True, "carlos": True
    }  # fmt: skip
    text = gateway.run("plan").out
    assert "maybe in already, under a hidden number" in text
    assert "Still to join" not in text
    assert "Nobody to invite" in gateway.run("invites").out
    named = gateway.run("invites", "--person", "carlos", "--format", "json")
    assert [each["contact"] for group in named.json["groups"] for each in group["people"]] == ["carlos"]


def test_no_group_is_made_twice_or_beside_a_short_list(gateway: Repo) -> None:
    gateway.group("a", "subject: Suporte\n")
    gateway.api.add_faults("POST /api/*/groups status=500 body=overlimit when=after times=1")
    assert gateway.apply().code == 0
    gateway.group("b", "subject: Vendas\n")
    gateway.api.clear_faults()
    gateway.api.add_faults("GET /api/*/groups show=none")
    calls = len(gateway.writes())
    for verb in (("plan",), ("drift",), ("apply", "--yes")):
        assert gateway.run(*verb).code == 1, verb
    assert not [path for _, path in gateway.writes()[calls:] if not path.endswith("/refresh")]
    gateway.api.clear_faults()
    assert gateway.apply().code == 0
    assert sorted(group["subject"] for group in gateway.api.groups()) == ["Suporte", "Vendas"]


def test_a_write_without_effect_is_a_failure(gateway: Repo) -> None:
    applied(gateway)
    gateway.api.add_faults("PUT /api/*/groups/*/settings/** lie", "PUT /api/*/groups/*/description lie")
    gateway.group("a", EVERYTHING)
    done = gateway.apply()
    assert done.code == 3
    ended = {each["kind"]: each["status"] for each in done.group("a")["outcomes"]}
    assert (ended["set_description"], ended["set_permission"]) == ("failed", "failed")
    gateway.api.clear_faults()
    assert gateway.apply().code == 0


def test_who_waits_for_approval_is_shown_so_and_sent_no_link(gateway: Repo) -> None:
    gateway.group("a", "subject: Suporte\nmembers: [bruno, dora]\npermissions: {approve_members: true}\n")
    assert gateway.apply().code == 0
    gateway.api.join(gateway.live("Suporte")["id"], DORA)  # the group has a gate: this asks
    found = json.loads(gateway.plan().out)
    (planned,) = found["groups"]
    assert [each["person"] for each in planned["to_invite"]] == ["bruno"]
    assert any("waits for an admin's approval" in note and "dora" in note for note in planned["notes"])
    sent = gateway.run("invites", "--send", "--yes")
    assert sent.code == 0, sent.out + sent.err
    assert "bruno" in sent.out
    assert "dora" not in sent.out
