"""Somebody's hands between plan and write: only what was approved is done, and the rest is said.

A delay on the read before the first write (the second read of the group) holds the run while somebody acts;
what that read answers is what is true after it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.support import each, problems, statuses, world
from tests.support import ACCOUNT, ANA, BRUNO, CARLOS, DORA, ELISA, STRANGER, Repo, Result, picture

OTHER = "5519900000088"
MANIFEST = (
    "subject: Depois\nadmins: [ana, bruno]\nmembers: [ana, bruno, carlos, elisa]\nprune_members: true\n"
)
ALL = {"set_subject", "promote", "demote", "remove_participants"}


def prepare(repo: Repo) -> str:
    """A group of carlos, with the plan: subject, promote ana and bruno, demote and remove two strangers."""
    (group,) = repo.api.seed(
        "Antes",
        creator=CARLOS,
        account="admin",
        participants=[ANA, BRUNO, ELISA, STRANGER, OTHER],
        admins=[STRANGER, OTHER],
    )
    repo.group("g1", f"id: {group['id']}\n{MANIFEST}")
    return str(group["id"])


def meddled(repo: Repo, group_id: str, meddle: Callable[[], None], *arguments: str) -> Result:
    """Apply, with somebody's act after the plan was made and before the group is read again."""
    repo.api.add_faults(f"GET /groups/{group_id} delay=1.5 nth=2")
    process = repo.start("apply", "--yes", "--format", "json", *arguments)
    wait_until_asked(repo, group_id, 2, process)
    meddle()
    out, err = process.communicate(timeout=60)
    repo.api.clear_faults()
    return Result(process.returncode, out, err)


def wait_until_asked(repo: Repo, group_id: str, times: int, process: subprocess.Popen[str]) -> None:
    """Wait for a call that is being held up (which counts as pending, so `wait_for_call` would wait on)."""
    while sum(call["path"] == f"/groups/{group_id}" for call in repo.api.calls()) < times:
        assert process.poll() is None, process.communicate()


@dataclass(frozen=True)
class Dropped:
    """An act after which less is to be done: `done` is what is still sent, by path's end and people."""

    act: Callable[[Repo, str], None]
    sent: tuple[tuple[str, str, tuple[str, ...]], ...]


PROMOTED = ("PATCH", "admins", (ANA, BRUNO))
DEMOTED = ("DELETE", "admins", (STRANGER, OTHER))
REMOVED = ("DELETE", "participants", (STRANGER, OTHER))
RENAMED = ("PUT", "", ())


def _by_hand(repo: Repo, group_id: str) -> None:
    repo.api.set_subject(group_id, "Depois")
    repo.api.promote(group_id, ANA, BRUNO)
    repo.api.remove(group_id, STRANGER, OTHER)


def _join_and_promote(repo: Repo, group_id: str) -> None:
    repo.api.join(group_id, DORA)
    repo.api.promote(group_id, DORA)


DROPPED = {
    "a stranger leaves": Dropped(
        lambda repo, group: repo.api.leave(group, STRANGER),
        (RENAMED, PROMOTED, ("DELETE", "admins", (OTHER,)), ("DELETE", "participants", (OTHER,))),
    ),
    "one to promote leaves": Dropped(
        lambda repo, group: repo.api.leave(group, BRUNO),
        (RENAMED, ("PATCH", "admins", (ANA,)), DEMOTED, REMOVED),
    ),
    "one is promoted already": Dropped(
        lambda repo, group: repo.api.promote(group, ANA),
        (RENAMED, ("PATCH", "admins", (BRUNO,)), DEMOTED, REMOVED),
    ),
    "a stranger is demoted already": Dropped(
        lambda repo, group: repo.api.demote(group, STRANGER),
        (RENAMED, PROMOTED, ("DELETE", "admins", (OTHER,)), REMOVED),
    ),
    "both strangers are removed": Dropped(
        lambda repo, group: repo.api.remove(group, STRANGER, OTHER), (RENAMED, PROMOTED)
    ),
    "nobody is left to promote": Dropped(
        lambda repo, group: repo.api.leave(group, ANA, BRUNO), (RENAMED, DEMOTED, REMOVED)
    ),
    "somebody renames it as wanted": Dropped(
        lambda repo, group: repo.api.set_subject(group, "Depois"), (PROMOTED, DEMOTED, REMOVED)
    ),
    "everything is done by hand": Dropped(
        _by_hand,
        (),
    ),
}

MORE: dict[str, Callable[[Repo, str], None]] = {
    "somebody joins who would be removed": lambda repo, group: repo.api.join(group, DORA),
    "somebody else is made admin": lambda repo, group: repo.api.promote(group, ELISA),
    "somebody renames it otherwise": lambda repo, group: repo.api.set_subject(group, "Outra coisa"),
    "one joins and is promoted": _join_and_promote,
    "the account is demoted": lambda repo, group: repo.api.demote(group, ACCOUNT),
    "the account is put out": lambda repo, group: repo.api.remove(group, ACCOUNT),
}


def sent(repo: Repo) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    return tuple(
        (call["method"], call["path"].split("/", 3)[3] if call["path"].count("/") > 2 else "",
         tuple(call["summary"].get("waIds", ())))
        for call in repo.api.writes()
    )  # fmt: skip


def test_what_is_needed_no_more_is_dropped(tmp_path: Path) -> None:
    def work(name: str) -> None:
        with world(tmp_path / name) as repo:
            group_id = prepare(repo)
            case = DROPPED[name]
            done = meddled(repo, group_id, lambda: case.act(repo, group_id))
            assert done.code == 0, done.out
            assert set(statuses(done, "g1").values()) == {"done"}
            assert sent(repo) == case.sent
            assert repo.plan("--detailed-exitcode").code == 0

    each(DROPPED, work)


def test_more_than_approved_is_skipped_as_a_whole(tmp_path: Path) -> None:
    def work(name: str) -> None:
        with world(tmp_path / name) as repo:
            group_id = prepare(repo)
            repo.group("g2", "subject: Outro\n")
            done = meddled(repo, group_id, lambda: MORE[name](repo, group_id))
            assert done.code == 3, done.out
            assert statuses(done, "g1") == dict.fromkeys(ALL, "skipped")
            assert all("changed since planned" in why for why in problems(done, "g1").values())
            assert statuses(done, "g2") == {"create_group": "done"}, "no other group is held up"
            assert repo.writes() == [("POST", "/groups")]

    each(MORE, work)


def test_nobody_is_demoted_when_the_one_to_promote_has_left(repo: Repo) -> None:
    """The plan kept an admin; with ana gone, only the account would be left."""
    (group,) = repo.api.seed("Grupo", participants=[ANA, BRUNO], admins=[BRUNO])
    repo.group("g1", f"id: {group['id']}\nadmins: [ana]\n")
    done = meddled(repo, group["id"], lambda: repo.api.leave(group["id"], ANA))
    assert done.code == 3
    assert statuses(done, "g1") == {"promote": "skipped", "demote": "skipped"}
    assert "nobody but the account would stay admin" in problems(done, "g1")["demote"]
    assert repo.writes() == []


def test_a_twin_that_appears_is_not_made_again(repo: Repo) -> None:
    """Somebody creates a group of the same subject between plan and create."""
    repo.group("nova", "subject: Nova\n")
    repo.api.add_faults("GET /groups delay=1.5 nth=2")
    process = repo.start("apply", "--yes", "--format", "json")
    repo.api.wait_for_call("GET", "/groups", nth=1)
    while sum(call["path"] == "/groups" for call in repo.api.calls()) < 2:
        assert process.poll() is None
    repo.api.seed("Nova")
    out, _ = process.communicate(timeout=60)
    done = Result(process.returncode, out, "")
    assert done.code == 3
    assert statuses(done, "nova") == {"create_group": "skipped"}
    assert "changed since planned" in problems(done, "nova")["create_group"]
    assert len(repo.api.groups()) == 1
    assert repo.apply().code == 0
    assert len(repo.api.groups()) == 1


def test_an_icon_changed_meanwhile_is_not_overwritten(repo: Repo) -> None:
    (group,) = repo.api.seed("Grupo", icon=picture("teal", 256))
    repo.write("groups/icons/i.png", picture("navy", 256))
    repo.group("g1", f"id: {group['id']}\nicon: icons/i.png\n")
    done = meddled(repo, group["id"], lambda: repo.api.set_icon(group["id"], picture("darkred", 256)))
    assert done.code == 3
    assert statuses(done, "g1") == {"set_icon": "skipped"}
    assert repo.writes() == []


@pytest.mark.parametrize("leaver", [STRANGER, OTHER])
def test_a_400_for_one_who_has_just_left_is_no_failure_of_the_others(repo: Repo, leaver: str) -> None:
    """One such number and the API demotes nobody in that call: the others are sent again."""
    group_id = prepare(repo)
    repo.api.add_faults(f"DELETE /groups/{group_id}/admins delay=1.5 nth=1")
    process = repo.start("apply", "--yes", "--format", "json")
    while ("DELETE", f"/groups/{group_id}/admins") not in repo.writes():
        assert process.poll() is None
    repo.api.leave(group_id, leaver)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    done = Result(0, out, "")
    assert set(statuses(done, "g1").values()) == {"done"}
    assert any(call["status"] == 400 for call in repo.api.calls()), "the API refused once"
    live = repo.live("Depois")
    assert sorted(live["participants"]) == sorted([ACCOUNT, ANA, BRUNO, CARLOS, ELISA])
    assert sorted(live["admins"]) == sorted([ACCOUNT, ANA, BRUNO, CARLOS])
