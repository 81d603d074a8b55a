"""An import that ended after it had written manifests and before it had recorded them, and the next one.

The process is killed while the icon of the second group hangs: the first one's manifest is there by then, and
whatever was written is recorded at the end only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from reconciler.model.record import Intent, Record, State
from reconciler.state import codec
from tests.support import ACCOUNT, ANA, BRUNO, DORA, picture

from .conftest import Inside
from .test_import import imported, manifests, nothing_to_do


def recorded(repo: Inside) -> State:
    return codec.loads(repo.state.read_bytes())


def entry(repo: Inside, subject: str, *arguments: str, code: int = 0) -> dict[str, object]:
    """What an `import` of everything says of one group."""
    found = imported(repo, "--all", *arguments)
    assert found.code == code, found.err
    group_id = repo.live(subject)["id"]
    (group,) = (group for group in found.json["groups"] if group["id"] == group_id)
    return dict(group)


@pytest.fixture
def killed(inside: Inside) -> Inside:
    """Alfa has a manifest and an icon that nobody recorded; Beta has neither."""
    inside.api.seed("Alfa", participants=[ANA, BRUNO], admins=[ANA], icon=picture())
    inside.api.seed("Beta", participants=[DORA], icon=picture("navy"))
    inside.api.add_faults(f"GET /groups/{inside.live('Beta')['id']}/icon hang")
    process = inside.start("import", "--all", "--fields", "subject,icon,admins,members")
    manifest, deadline = inside.path / "groups/alfa.yaml", time.monotonic() + 60
    while not manifest.exists() and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.kill()
    process.communicate()
    inside.api.clear_faults()
    assert sorted(manifests(inside)) == ["alfa"]
    assert not inside.state.exists()
    return inside


def test_what_a_killed_import_wrote_is_bound_by_the_next(killed: Inside) -> None:
    manifest = (killed.path / "groups/alfa.yaml").read_bytes()
    would = entry(killed, "Alfa", "--dry-run")
    assert (would["status"], would["bound"]) == ("skipped", True)
    assert "1 would be bound to a manifest that was there" in killed.run("import", "--all", "--dry-run").out
    assert not killed.state.exists()
    assert sorted(manifests(killed)) == ["alfa"]

    found = killed.run("import", "--all", "--fields", "subject,icon,admins,members")
    assert found.code == 0, found.err
    assert "+ Bound in state now\n    alfa" in found.out
    assert "1 manifest written · 1 bound to a manifest that was there." in found.out
    assert (killed.path / "groups/alfa.yaml").read_bytes() == manifest
    groups = recorded(killed).groups
    assert groups["alfa"] == Record(id=killed.live("Alfa")["id"], joined=("ana/0001", "bruno/0002"))
    assert groups["beta"].applied is not None
    nothing_to_do(killed)
    drift = killed.run("drift", "--format", "json")
    assert (drift.code, drift.json["in_sync"]) == (0, True)

    before = killed.state.read_bytes()
    again = entry(killed, "Alfa")
    assert (again["status"], again["bound"]) == ("skipped", False)
    assert killed.state.read_bytes() == before, "nothing is recorded twice"
    killed.api.leave(killed.live("Alfa")["id"], BRUNO)
    assert killed.run("invites", "--format", "json").json["groups"] == [], "who left by choice is not invited"
    assert killed.apply().code == 0
    assert recorded(killed).groups["alfa"].applied is not None
    assert killed.writes() == []


def test_a_manifest_that_was_edited_in_between_counts_as_nothing_applied(killed: Inside) -> None:
    edited = "subject: Alfa Nova\nicon: null\nadmins: [ana, bruno]\nlink_version: 2\n"
    killed.group("alfa", f'{edited}id: "{killed.live("Alfa")["id"]}"\n')
    assert entry(killed, "Alfa")["bound"] is True
    record = recorded(killed).groups["alfa"]
    assert record == Record(id=killed.live("Alfa")["id"], joined=("ana/0001",)), "bruno is no admin yet"
    plan = killed.plan("--detailed-exitcode")
    assert plan.code == 2
    assert [change["kind"] for change in plan.group("alfa")["changes"]] == [
        "set_subject",
        "remove_icon",
        "promote",
    ]
    assert any("the present link is not revoked" in note for note in plan.group("alfa")["notes"])
    drift = killed.run("drift", "--format", "json")
    assert drift.code == 2, "what nobody recorded may have been changed by anybody"
    assert {field["cause"] for field in drift.group("alfa")["fields"]} == {"unknown"}
    assert killed.writes() == []


def test_a_group_that_was_edited_in_between_is_bound_and_shows_as_drifted(killed: Inside) -> None:
    killed.api.set_subject(killed.live("Alfa")["id"], "Outra")
    assert entry(killed, "Outra")["bound"] is True
    drift = killed.run("drift", "--format", "json")
    assert drift.code == 2
    (field,) = drift.group("alfa")["fields"]
    assert (field["field"], field["cause"], field["last_applied"]) == ("subject", "unknown", None)


def test_only_what_is_asked_for_and_only_where_there_is_a_state(killed: Inside) -> None:
    assert imported(killed, "Beta").json["groups"][0]["bound"] is True
    assert set(recorded(killed).groups) == {"beta"}
    stateless = imported(killed, "--all", RECONCILER_STATE="none")
    assert [group["bound"] for group in stateless.json["groups"]] == [False, False]
    assert imported(killed, killed.live("Alfa")["id"]).json["groups"][0]["bound"] is True
    assert set(recorded(killed).groups) == {"alfa", "beta"}


def test_what_cannot_be_read_is_not_bound_and_said(killed: Inside) -> None:
    killed.write("reconciler.yaml", f'account: "+{ACCOUNT}"\napi: {{retries: 0}}\n')
    killed.api.add_faults(f"GET /groups/{killed.live('Alfa')['id']} status=500")
    found = entry(killed, "Alfa", code=1)
    assert (found["status"], found["name"], found["bound"]) == ("unreadable", "alfa", False)
    assert set(recorded(killed).groups) == {"beta"}
    killed.api.clear_faults()
    assert entry(killed, "Alfa")["bound"] is True
    nothing_to_do(killed)


def _known_by_another_name(repo: Inside) -> None:
    assert repo.run("state", "bind", "antigo", repo.live("Alfa")["id"]).code == 0


def _a_create_under_this_name(repo: Inside) -> None:
    intent = Intent("Alfa", (), datetime(2026, 1, 1, tzinfo=UTC))
    assert repo.run("state", "bind", "x", repo.live("Beta")["id"]).code == 0
    state = recorded(repo).without("x").with_intent("alfa", intent)
    repo.state.write_bytes(codec.dumps(state))


def _to_be_left(repo: Inside) -> None:
    repo.group("alfa", f'ensure: left\nid: "{repo.live("Alfa")["id"]}"\n')


def _not_pinned(repo: Inside) -> None:
    repo.group("alfa", "subject: Alfa\n")


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        (
            _known_by_another_name,
            "which knows it as antigo; if that is its old name: reconciler state mv",
        ),
        (_a_create_under_this_name, "a create under this name is not settled yet"),
        (_to_be_left, ""),
        (_not_pinned, ""),
    ],
)
def test_what_an_import_may_not_settle_it_leaves(
    inside: Inside, prepare: Callable[[Inside], None], says: str
) -> None:
    inside.api.seed("Alfa", participants=[ANA], admins=[ANA])
    inside.api.seed("Beta")
    inside.group("alfa", f'subject: Alfa\nadmins: [ana]\nid: "{inside.live("Alfa")["id"]}"\n')
    prepare(inside)
    before = recorded(inside) if inside.state.exists() else State()
    found = entry(inside, "Alfa")
    assert (found["status"], found["bound"]) == ("skipped", False)
    assert says in str(found["remarks"])
    after = recorded(inside)
    assert set(after.groups) - {"beta"} == set(before.groups)
    assert after.creating == before.creating
    assert sorted(manifests(inside)) == ["alfa", "beta"]


def test_a_group_whose_manifest_is_blocked_gets_no_second_one(inside: Inside) -> None:
    """Two manifests with one `id` are an error in the files, with which no command works any more."""
    inside.api.seed("Alfa")
    inside.api.seed("Beta")
    assert inside.run("state", "bind", "um", inside.live("Beta")["id"]).code == 0
    inside.group("um", f'subject: Alfa\nid: "{inside.live("Alfa")["id"]}"\n')
    found = imported(inside, "--all")
    assert (found.code, found.json["summary"]["skipped"]) == (0, 2)
    assert all("claims it" in group["remarks"][0] for group in found.json["groups"])
    assert sorted(manifests(inside)) == ["um"]
    assert recorded(inside).groups["um"] == Record(id=inside.live("Beta")["id"])
    assert inside.plan().group("um")["action"] == "blocked"
