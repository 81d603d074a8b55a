"""`drift` as processes over real HTTP: every way in which a group can drift, and what is no drift."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support import ACCOUNT, ANA, BRUNO, CARLOS, CONTACTS, DORA, STRANGER, Repo, Result, picture

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas/drift.schema.json").read_text())
SUPORTE = """\
subject: Suporte
icon: icons/suporte.png
admins: [ana, bruno]
members: [dora]
prune_members: true
"""


def drift(repo: Repo, *arguments: str, **environment: str) -> Result:
    """`drift --format json`, whose output keeps to the schema."""
    result = repo.run("drift", "--format", "json", *arguments, timeout=120, **environment)
    if result.out:
        jsonschema.Draft202012Validator(SCHEMA).validate(result.json)
    return result


def causes(result: Result, name: str = "suporte") -> dict[str, str]:
    return {field["field"]: field["cause"] for field in result.group(name)["fields"]}


def people(result: Result, field: str, name: str = "suporte") -> list[tuple[str, str, str]]:
    (found,) = [each for each in result.group(name)["fields"] if each["field"] == field]
    return [(each["person"], each["change"], each["cause"]) for each in found["people"]]


@pytest.fixture
def settled(repo: Repo) -> Repo:
    """Two groups, applied until there is nothing left to do; everybody has joined."""
    repo.group("suporte", SUPORTE)
    repo.group("vendas", "subject: Vendas\nicon: null\n")
    repo.write("groups/icons/suporte.png", picture())
    assert repo.apply().code == 0
    repo.api.join(suporte(repo), ANA, BRUNO, DORA)
    assert repo.apply().code == 0
    found = drift(repo)
    assert (found.code, found.json["in_sync"]) == (0, True), found.out
    return repo


def suporte(repo: Repo) -> str:
    group_id: str = repo.live("Suporte")["id"]
    return group_id


# --- every way of drifting --------------------------------------------------------------------------------

Hand = Callable[[Repo, str], None]
WAYS: dict[str, tuple[Hand, str, list[tuple[str, str, str]]]] = {
    "somebody is promoted": (
        lambda repo, group: repo.api.promote(group, DORA),
        "admins",
        [("dora", "demote", "edited_outside")],
    ),
    "an admin is demoted": (
        lambda repo, group: repo.api.demote(group, ANA),
        "admins",
        [("ana", "promote", "edited_outside")],
    ),
    "a stranger joins": (
        lambda repo, group: repo.api.join(group, STRANGER),
        "members",
        [("+55 19 •••• 0077", "remove", "edited_outside")],
    ),
    "the subject": (lambda repo, group: repo.api.set_subject(group, "OFERTAS"), "subject", []),
    "the icon": (lambda repo, group: repo.api.set_icon(group, picture("navy")), "icon", []),
    "the icon goes": (lambda repo, group: repo.api.remove_icon(group), "icon", []),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_drifting_is_named_and_can_be_put_back(settled: Repo, way: str) -> None:
    by_hand, field, who = WAYS[way]
    by_hand(settled, suporte(settled))
    found = drift(settled)
    assert found.code == 2
    assert (found.json["in_sync"], found.json["complete"]) == (False, True)
    assert found.json["summary"]["drifted"] == 1
    assert found.json["summary"]["in_sync"] == 1
    group = found.group("suporte")
    assert (group["status"], causes(found)) == ("drifted", {field: "edited_outside"})
    if who:
        assert people(found, field) == who
    line = 1 + [text.partition(":")[0] for text in SUPORTE.splitlines()].index(field)
    assert [each["line"] for each in group["fields"]] == [line]
    noted = settled.run("drift", "--format", "github")
    assert f"file=groups/suporte.yaml,line={line}," in noted.out
    planned = settled.plan("--report", "text=plan.txt")
    assert [change["origin"] for change in planned.group("suporte")["changes"]] == ["edited_outside"]
    told = (settled.path / "plan.txt").read_text()
    assert "outside" in told.split("suporte", 1)[1]
    program, *arguments = group["commands"]["restore"].split()
    assert (program, *arguments) == ("reconciler", "apply", "--target", "suporte")
    assert settled.run(*arguments, "--yes").code == 0
    assert drift(settled).code == 0


def test_an_icon_where_none_is_wanted(settled: Repo) -> None:
    settled.api.set_icon(settled.live("Vendas")["id"], picture("navy"))
    found = drift(settled)
    (field,) = found.group("vendas")["fields"]
    assert (field["desired"], field["last_applied"], field["cause"]) == (None, None, "edited_outside")
    assert field["live"]["bytes"] > 0


@pytest.mark.parametrize("options", [{"change_byte": True}, {"reencode": True}])
def test_what_the_server_makes_of_an_icon_is_no_drift(
    make_repo: Callable[..., Repo], options: dict[str, bool]
) -> None:
    repo = make_repo(**options)
    repo.group("suporte", "subject: Suporte\nicon: icons/suporte.png\n")
    repo.write("groups/icons/suporte.png", picture())
    assert repo.apply().code == 0
    assert drift(repo).json["in_sync"] is True
    repo.write("groups/icons/suporte.png", picture("darkred"))
    found = drift(repo)
    assert (found.code, causes(found)) == (0, {"icon": "not_applied"})
    (field,) = found.group("suporte")["fields"]
    assert field["live"]["sha256"] == field["last_applied"]["served"] != field["last_applied"]["sha256"]


# --- what is no drift -------------------------------------------------------------------------------------


def test_what_is_not_applied_yet_is_pending_and_ends_0(settled: Repo) -> None:
    settled.group("suporte", SUPORTE.replace("Suporte", "Atendimento").replace("bruno]", "dora]"))
    settled.group("nova", "subject: Nova\n")
    found = drift(settled)
    assert found.code == 0
    assert found.json["in_sync"] is False
    assert (found.json["summary"]["pending"], found.json["summary"]["drifted"]) == (2, 0)
    assert causes(found) == {"admins": "not_applied", "subject": "not_applied", "members": "not_applied"}
    assert found.group("nova")["status"] == "pending"
    text = settled.run("drift")
    assert (text.code, text.out.splitlines()[0]) == (0, "No drift; 2 groups not applied yet.")


def test_a_change_outside_that_the_manifest_wants_by_now_is_in_sync(settled: Repo) -> None:
    settled.api.set_subject(suporte(settled), "Atendimento")
    settled.group("suporte", SUPORTE.replace("Suporte", "Atendimento"))
    assert drift(settled).json["in_sync"] is True


def test_both_have_moved(settled: Repo) -> None:
    settled.api.set_subject(suporte(settled), "OFERTAS")
    settled.group("suporte", SUPORTE.replace("Suporte", "Atendimento"))
    found = drift(settled)
    (field,) = found.group("suporte")["fields"]
    assert (found.code, field) == (
        2,
        {
            "field": "subject",
            "desired": "Atendimento",
            "last_applied": "Suporte",
            "live": "OFERTAS",
            "cause": "both",
            "line": 1,
        },
    )


def test_people_who_have_yet_to_join_or_have_left_are_no_drift(settled: Repo) -> None:
    settled.group("suporte", SUPORTE.replace("[dora]", "[dora, elisa]"))
    settled.api.leave(suporte(settled), ANA)
    found = drift(settled)
    assert (found.code, found.json["in_sync"]) == (0, True)
    assert found.group("suporte")["notes"] == ["joined and has left since, so is not invited again: ana"]


def test_a_leaver_whose_day_came_is_pending(settled: Repo) -> None:
    settled.write(
        "contacts.yaml",
        CONTACTS.replace(f'bruno: "+{BRUNO}"', f'bruno: {{numbers: ["+{BRUNO}"], left: 2020-01-01}}'),
    )
    settled.group("suporte", SUPORTE.replace("ana, bruno", "ana"))
    settled.write(
        "contacts.yaml", (settled.path / "contacts.yaml").read_text().replace("cs: [ana, bruno]", "cs: [ana]")
    )
    found = drift(settled)
    assert found.code == 0, found.err
    assert people(found, "admins") == [("bruno", "demote", "not_applied")]
    assert people(found, "members") == [("bruno", "remove", "not_applied")]


def test_creator_and_account_may_be_admins(repo: Repo) -> None:
    (seeded,) = repo.api.seed("Clientes", creator=CARLOS, participants=[ANA], admins=[ANA], account="admin")
    repo.group("clientes", f"id: {seeded['id']}\nadmins: [ana]\n")
    assert repo.apply().code == 0
    assert drift(repo).json["in_sync"] is True


# --- blocked, missing, held, incomplete -------------------------------------------------------------------


def test_an_account_that_lost_its_rights_is_blocked_and_the_rest_is_told_all_the_same(repo: Repo) -> None:
    (seeded,) = repo.api.seed("Suporte", creator=CARLOS, participants=[ANA], admins=[ANA], account="admin")
    repo.group("suporte", f"id: {seeded['id']}\nsubject: Suporte\nadmins: [ana]\n")
    assert repo.apply().code == 0
    repo.api.demote(seeded["id"], ACCOUNT)
    quiet = drift(repo)
    assert (quiet.code, quiet.group("suporte")["status"]) == (0, "in_sync")
    assert "the account is no admin of this group" in quiet.group("suporte")["notes"][0]
    repo.api.demote(seeded["id"], ANA)
    repo.api.set_subject(seeded["id"], "OFERTAS")
    found = drift(repo)
    assert (found.code, found.group("suporte")["status"]) == (2, "blocked")
    assert causes(found) == {"admins": "edited_outside", "subject": "edited_outside"}
    # nothing can be written to the group, and what is live can be taken over all the same
    assert found.group("suporte")["commands"] == {"accept": "reconciler accept suporte"}
    assert drift(repo, "--exit-zero").code == 0
    assert repo.run("drift").out.splitlines()[0] == "Drift: 1 blocked."
    assert repo.run("accept", "suporte", "--yes").code == 0  # nobody else's right is needed for that
    assert drift(repo).json["in_sync"] is True


def test_a_group_that_is_gone_is_missing(settled: Repo) -> None:
    settled.api.remove(suporte(settled), ACCOUNT)
    found = drift(settled)
    assert (found.code, found.group("suporte")["status"]) == (2, "missing")
    assert drift(settled, "--exit-zero").code == 0
    assert drift(settled, "--target", "vendas").code == 0


def test_a_group_on_hold_is_reported_and_fails_nothing(settled: Repo) -> None:
    settled.api.set_subject(suporte(settled), "OFERTAS")
    settled.group("suporte", SUPORTE + "hold: {reason: campaign}\n")
    found = drift(settled)
    assert (found.code, found.json["in_sync"]) == (0, False)
    assert (found.group("suporte")["status"], causes(found)) == ("held", {"subject": "edited_outside"})


@pytest.mark.parametrize("options", [(), ("--exit-zero",)])
def test_no_option_hides_that_something_was_not_read(settled: Repo, options: tuple[str, ...]) -> None:
    settled.api.set_subject(settled.live("Vendas")["id"], "OFERTAS")
    settled.api.add_faults(f"GET /groups/{suporte(settled)} status=409")
    found = drift(settled, *options)
    assert found.code == 1, found.err
    assert (found.json["complete"], found.json["in_sync"]) == (False, False)
    assert found.group("suporte")["status"] == "unreadable"
    assert found.group("vendas")["status"] == "drifted", "what was read is told"
    text = settled.run("drift", *options)
    assert text.code == 1
    assert "Not everything could be read" in text.out


def test_a_short_list_is_never_in_sync(settled: Repo) -> None:
    settled.api.hide(suporte(settled))
    found = drift(settled)
    assert (found.code, found.json["complete"], found.json["in_sync"]) == (1, False, False)


def test_without_a_state_nobody_knows_who_changed_it(settled: Repo) -> None:
    assert drift(settled, RECONCILER_STATE="none").json["in_sync"] is True
    settled.api.promote(suporte(settled), DORA)
    found = drift(settled, RECONCILER_STATE="none")
    assert (found.code, causes(found)) == (2, {"admins": "unknown"})
    (field,) = found.group("suporte")["fields"]
    assert field["last_applied"] is None
    settled.group("nova", "subject: Nova\n")
    assert drift(settled, "--target", "nova", RECONCILER_STATE="none").code == 2, "was there ever one?"
    assert drift(settled, "--target", "nova").code == 0


def test_a_target_has_to_have_a_manifest(settled: Repo) -> None:
    (settled.path / "groups/vendas.yaml").unlink()
    assert drift(settled, "--target", "vendas").code == 64
    found = drift(settled)
    assert (found.code, [group["name"] for group in found.json["groups"]]) == (0, ["suporte"])
    assert any(note.startswith("vendas: its manifest is gone") for note in found.json["notes"])


# --- it only reads ----------------------------------------------------------------------------------------


def test_drift_makes_gets_only_asks_for_no_link_and_writes_nothing(settled: Repo) -> None:
    """Promise 1."""
    group = suporte(settled)
    settled.api.promote(group, DORA)
    settled.api.set_icon(group, picture("navy"))
    settled.group("nova", "subject: Nova\nlink_version: 2\n")
    before, files, state = settled.api.groups(), tree(settled.path), settled.state.read_bytes()
    settled.api.clear_calls()
    assert drift(settled).code == 2
    calls = settled.api.calls()
    assert {call["method"] for call in calls} == {"GET"}
    assert not any(call["path"].endswith("/invite") for call in calls)
    assert settled.api.groups() == before
    assert tree(settled.path) == files
    assert settled.state.read_bytes() == state


def tree(path: Path) -> dict[str, int]:
    return {str(file.relative_to(path)): file.stat().st_mtime_ns for file in path.rglob("*")}


def test_it_reads_while_somebody_else_holds_the_lock(settled: Repo) -> None:
    import fcntl

    with (settled.path / ".reconciler/state.json.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert drift(settled).code == 0


def test_a_pending_revocation_does_not_ask_for_the_link(settled: Repo) -> None:
    settled.group("vendas", "subject: Vendas\nicon: null\nlink_version: 1\n")
    assert settled.apply().code == 0
    settled.group("vendas", "subject: Vendas\nicon: null\nlink_version: 2\n")
    settled.api.clear_calls()
    found = drift(settled)
    assert (found.code, causes(found, "vendas")) == (0, {"link_version": "not_applied"})
    assert not any(call["path"].endswith("/invite") for call in settled.api.calls())


def test_formats_reports_and_exit_codes_agree(settled: Repo) -> None:
    settled.api.set_subject(suporte(settled), "OFERTAS")
    text = settled.run("drift", "--report", "json=drift.json", "--report", "text=drift.txt")
    assert text.code == 2
    assert text.out.splitlines()[0] == "Drift: 1 drifted."
    assert "reconciler apply --target suporte" in text.out
    assert '"OFERTAS"' in text.out
    for name in ("drift.json", "drift.txt"):
        assert stat.S_IMODE((settled.path / name).stat().st_mode) == 0o600
    assert json.loads((settled.path / "drift.json").read_text()) == drift(settled).json
    for number in (ANA, BRUNO, DORA):
        assert number not in text.out + drift(settled).out


# --- since when -------------------------------------------------------------------------------------------


def since(result: Result, field: str) -> datetime:
    (found,) = [each for each in result.group("suporte")["fields"] if each["field"] == field]
    return datetime.fromisoformat(found["since"])


def backdate(path: Path, to: str) -> None:
    """As if all that is on record had been seen first at that time."""
    history: Any = json.loads(path.read_text())
    history["seen"] = {name: dict.fromkeys(found, to) for name, found in history["seen"].items()}
    path.write_text(json.dumps(history))


def test_record_keeps_when_each_drift_was_first_seen(settled: Repo) -> None:
    file = settled.path / "drift-history.json"
    state = settled.state.read_bytes()
    group = suporte(settled)
    settled.api.promote(group, DORA)
    first = drift(settled, "--record", file.name)
    assert first.code == 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    backdate(file, "2026-01-02T03:04:05Z")
    settled.api.set_subject(group, "OFERTAS")
    again = drift(settled, "--record", file.name)
    assert since(again, "admins").isoformat() == "2026-01-02T03:04:05+00:00"
    assert since(again, "subject") >= since(first, "admins")
    assert "first seen 2026-01-02 03:04 UTC" in settled.run("drift", "--record", file.name).out
    assert "since" not in drift(settled).group("suporte")["fields"][0], "only where it is kept"
    settled.api.demote(group, DORA)
    settled.api.set_subject(group, "Suporte")
    assert drift(settled, "--record", file.name).code == 0
    assert json.loads(file.read_text())["seen"] == {}
    assert settled.state.read_bytes() == state
    assert [path.name for path in settled.path.glob("*drift-history*")] == [file.name]


def test_a_history_outlives_a_run_that_could_not_read(settled: Repo) -> None:
    file = settled.path / "h.json"
    settled.api.promote(suporte(settled), DORA)
    drift(settled, "--record", "h.json")
    backdate(file, "2026-01-02T03:04:05Z")
    before = json.loads(file.read_text())
    assert drift(settled, "--record", "h.json", "--target", "vendas").code == 0
    settled.api.add_faults(f"GET /groups/{suporte(settled)} status=409")
    assert drift(settled, "--record", "h.json").code == 1
    assert json.loads(file.read_text()) == before


def test_a_missing_group_has_a_day_too(settled: Repo) -> None:
    settled.api.remove(suporte(settled), ACCOUNT)
    drift(settled, "--record", "h.json")
    backdate(settled.path / "h.json", "2026-01-02T03:04:05Z")
    again = drift(settled, "--record", "h.json")
    assert again.group("suporte")["since"] == "2026-01-02T03:04:05Z"


DAMAGE = {
    "empty": b"",
    "half": b'{"format_version": 1, "kind": "drift_hist',
    "another file": b'{"format_version": 1, "kind": "plan"}',
    "a newer one": b'{"format_version": 2, "kind": "drift_history", "seen": {}}',
    "no object": b'{"format_version": 1, "kind": "drift_history", "seen": []}',
    "no time": b'{"format_version": 1, "kind": "drift_history", "seen": {"a": {"admins": "yesterday"}}}',
    "no zone": b'{"format_version": 1, "kind": "drift_history", "seen": {"a": {"b": "2026-01-02T03:04:05"}}}',
    "no name": b'{"format_version": 1, "kind": "drift_history", "seen": {"\\u001b[31m": {}}}',
    "no text": b"\xff\xfe",
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("data", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_history_is_an_error_and_stays_as_it_is(settled: Repo, data: bytes) -> None:
    file = settled.write("h.json", data)
    settled.api.clear_calls()
    found = drift(settled, "--record", "h.json")
    assert (found.code, found.out) == (1, "")
    assert "h.json" in found.err
    assert "mv h.json h.json.old" in found.err
    assert "Traceback" not in found.err
    assert file.read_bytes() == data
    assert settled.api.calls() == [], "before anything is asked for"


def test_a_history_that_could_not_be_written_is_told_of_before_anything_is_asked(settled: Repo) -> None:
    settled.api.clear_calls()
    found = settled.run("drift", "--record", "nowhere/h.json")
    assert (found.code, found.out) == (1, "")
    assert found.err.count("nowhere/h.json cannot be written") == 1
    assert settled.api.calls() == []


def test_the_history_is_never_the_state(settled: Repo) -> None:
    state = settled.state.read_bytes()
    assert drift(settled, "--record", ".reconciler/state.json").code == 64
    assert settled.state.read_bytes() == state
