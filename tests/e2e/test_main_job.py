"""The main job, as processes over real HTTP: manifests to live groups, and back to an empty plan."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support import ACCOUNT, ANA, BRUNO, CARLOS, DORA, STRANGER, Repo, picture

SUPORTE = """\
name: suporte
subject: Suporte São Paulo
icon: icons/suporte.png
admins: [ana, cs]
members: [dora]
"""
PLAIN = "name: vendas\nsubject: Vendas\nicon: null\n"


@pytest.fixture
def filled(repo: Repo) -> Repo:
    """Two manifests: one with everything, one plain."""
    return fill(repo)


def fill(repo: Repo) -> Repo:
    repo.group("suporte", SUPORTE)
    repo.group("vendas", PLAIN)
    repo.write("groups/icons/suporte.png", picture())
    return repo


def test_first_apply_creates_with_subject_and_icon_and_reports_whom_to_invite(filled: Repo) -> None:
    done = filled.apply()
    assert done.code == 0, done.err
    assert done.json["summary"] == {
        "done": 3, "failed": 0, "skipped": 0, "unknown": 0, "blocked": 0, "missing": 0, "held": 0
    }  # fmt: skip
    suporte = filled.live("Suporte São Paulo")
    assert suporte["icon"] is not None
    assert filled.live("Vendas")["icon"] is None
    assert done.group("suporte")["id"] == suporte["id"]
    plan = filled.plan("--detailed-exitcode")
    assert plan.code == 0
    assert plan.group("suporte")["to_invite"] == [
        {"person": "ana", "as": "admin"},
        {"person": "bruno", "as": "admin"},
        {"person": "dora", "as": "member"},
    ]


def test_second_apply_makes_no_call_that_writes(filled: Repo) -> None:
    assert filled.apply().code == 0
    filled.api.clear_calls()
    again = filled.apply()
    assert again.code == 0
    assert filled.writes() == []
    assert again.json["summary"]["done"] == 0


def test_people_who_joined_are_promoted_and_strangers_demoted(filled: Repo) -> None:
    filled.apply()
    suporte = filled.live("Suporte São Paulo")["id"]
    filled.api.join(suporte, ANA, BRUNO, STRANGER)
    filled.api.promote(suporte, STRANGER)
    filled.api.clear_calls()
    done = filled.apply()
    assert done.code == 0, done.out
    assert sorted(filled.live("Suporte São Paulo")["admins"]) == sorted([ACCOUNT, ANA, BRUNO])
    assert [method for method, _ in filled.writes()] == ["PATCH", "DELETE"], "promote, then demote"
    assert filled.plan("--detailed-exitcode").code == 0


@pytest.mark.parametrize("options", [{}, {"change_byte": True}, {"reencode": True}])
@pytest.mark.parametrize("signed", [True, False])
def test_converges_however_icons_are_stored(
    make_repo: Callable[..., Repo], options: dict[str, bool], signed: bool
) -> None:
    repo = fill(make_repo(signed_urls=signed, **options))
    assert repo.apply().code == 0
    repo.api.clear_calls()
    assert repo.plan("--detailed-exitcode").code == 0
    assert repo.apply().code == 0
    assert repo.writes() == []
    assert repo.api.downloads() == [], "an unchanged icon is never downloaded"
    repo.state.unlink()
    assert repo.plan("--detailed-exitcode").code == 0, "without a record bytes or looks decide"
    assert repo.apply().code == 0
    assert repo.writes() == []


def test_a_changed_icon_file_is_uploaded_once(filled: Repo) -> None:
    filled.apply()
    filled.write("groups/icons/suporte.png", picture("darkred"))
    filled.api.clear_calls()
    assert filled.plan("--detailed-exitcode").code == 2
    assert filled.apply().code == 0
    assert [method for method, path in filled.writes() if path.endswith("/icon")] == ["POST"]
    assert filled.plan("--detailed-exitcode").code == 0


def test_an_icon_changed_by_hand_is_put_back(filled: Repo) -> None:
    filled.apply()
    suporte = filled.live("Suporte São Paulo")["id"]
    filled.api.set_icon(suporte, picture("navy"))
    filled.api.set_icon(filled.live("Vendas")["id"], picture("navy"))
    plan = filled.plan()
    assert [change["kind"] for change in plan.group("suporte")["changes"]] == ["set_icon"]
    assert [change["kind"] for change in plan.group("vendas")["changes"]] == ["remove_icon"]
    assert filled.apply().code == 0
    assert filled.plan("--detailed-exitcode").code == 0
    assert filled.live("Vendas")["icon"] is None


def test_plan_makes_gets_only_and_never_asks_for_a_link(filled: Repo) -> None:
    """Promise 1."""
    filled.apply()
    suporte = filled.live("Suporte São Paulo")["id"]
    filled.api.join(suporte, ANA)
    filled.group("vendas", PLAIN + "link_version: 2\n")
    filled.group("nova", "name: nova\nsubject: Nova\n")
    before = filled.api.groups()
    filled.api.clear_calls()
    filled.plan("--prune", "--allow", "recreate", "--target", "*")
    calls = filled.api.calls()
    assert calls
    assert {call["method"] for call in calls} == {"GET"}
    assert not any(call["path"].endswith("/invite") for call in calls)
    assert filled.api.groups() == before


def test_a_large_account_costs_only_what_is_managed(repo: Repo) -> None:
    """300 groups, 5 of them managed and bound: one list, five infos, five icons."""
    repo.write("groups/icons/i.png", picture())
    for n in range(5):
        repo.group(f"g{n}", f"subject: Grupo {n}\nicon: icons/i.png\n")
    assert repo.apply().code == 0
    repo.api.seed("Outro {n}", count=295)
    repo.api.clear_calls()
    plan = repo.plan("--detailed-exitcode")
    assert plan.code == 0
    assert plan.json["summary"]["unmanaged"] == 295
    assert len(repo.api.calls()) <= 11


def test_lost_state_finds_its_groups_again(filled: Repo) -> None:
    """Promise 3."""
    filled.apply()
    ids = {group["id"] for group in filled.api.groups()}
    filled.state.unlink()
    plan = filled.plan("--detailed-exitcode")
    assert plan.code == 0
    assert plan.json["summary"]["adopt"] == 2
    assert filled.apply().code == 0
    assert {group["id"] for group in filled.api.groups()} == ids
    assert filled.plan().json["summary"]["unchanged"] == 2


def test_without_any_state_it_is_the_same(filled: Repo) -> None:
    for _ in range(2):
        assert filled.apply(RECONCILER_STATE="none").code == 0
    assert len(filled.api.groups()) == 2
    assert not filled.state.exists()
    plan = filled.plan("--detailed-exitcode", RECONCILER_STATE="none")
    assert plan.code == 0
    assert plan.json["summary"]["unchanged"] == 2


def test_a_renamed_manifest_adopts_its_group(filled: Repo) -> None:
    filled.apply()
    group_id = filled.live("Vendas")["id"]
    (filled.path / "groups/vendas.yaml").rename(filled.path / "groups/comercial.yaml")
    filled.group("comercial", PLAIN.replace("name: vendas", "name: comercial"))
    filled.api.clear_calls()
    plan = filled.plan("--detailed-exitcode")
    assert plan.code == 0
    assert plan.group("comercial")["action"] == "adopt"
    assert plan.group("comercial")["changes"][0]["before"] == "vendas"
    assert filled.apply().code == 0
    assert filled.writes() == []
    assert filled.plan().group("comercial") | {"notes": []} == {
        **filled.plan().group("comercial"), "id": group_id, "action": "none", "notes": []
    }  # fmt: skip


def test_creator_and_account_are_never_touched(repo: Repo) -> None:
    """Promise 4: protected, whatever the manifest leaves out."""
    (seeded,) = repo.api.seed(
        "Clientes", creator=CARLOS, participants=[ANA, STRANGER], admins=[ANA, STRANGER], account="admin"
    )
    repo.group("clientes", f"id: {seeded['id']}\nadmins: [ana]\nmembers: [ana]\nprune_members: true\n")
    done = repo.apply()
    assert done.code == 0, done.out
    live = repo.live("Clientes")
    assert sorted(live["admins"]) == sorted([ACCOUNT, CARLOS, ANA])
    assert STRANGER not in live["participants"]
    for number in (ACCOUNT, CARLOS):
        assert not any(number in str(call["summary"]) for call in repo.api.writes())


def test_a_demotion_waits_until_the_promotion_is_seen(filled: Repo) -> None:
    """Promise 4: the API says 200 to the promotion, and nothing happens."""
    filled.apply()
    suporte = filled.live("Suporte São Paulo")["id"]
    filled.api.join(suporte, ANA, BRUNO, STRANGER)
    filled.api.promote(suporte, STRANGER)
    filled.api.add_faults("PATCH /groups/*/admins lie")
    done = filled.apply()
    assert done.code == 3
    outcomes = {entry["kind"]: entry["status"] for entry in done.group("suporte")["outcomes"]}
    assert outcomes == {"promote": "failed", "demote": "skipped"}
    assert STRANGER in filled.live("Suporte São Paulo")["admins"]


def test_nobody_is_demoted_when_the_last_promotion_left(repo: Repo) -> None:
    (seeded,) = repo.api.seed("Grupo", participants=[BRUNO, DORA], admins=[BRUNO])
    repo.group("grupo", f"id: {seeded['id']}\nadmins: [ana]\n")
    plan = repo.plan()
    assert plan.code == 6
    assert [entry["code"] for entry in plan.json["objections"]] == ["no-admin-left"]
    assert repo.apply().code == 6
    assert repo.writes() == []
