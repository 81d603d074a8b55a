"""A create whose answer says nothing: after the run and one or two more there is exactly one group.

The call is not idempotent, so this is promise 2 at its hardest: reads may lag behind what was created.
"""

from __future__ import annotations

from pathlib import Path

from tests.faults.support import configure, each, posts, recorded, statuses, world
from tests.support import Repo

AFTER = ("reset", "hang", "status=500", "status=504 body=html", "truncated", "garbage", "empty")
"""The group was made, and the answer was lost or is worth nothing."""
BEFORE = ("reset", "hang", "status=503", "status=429", "status=420 body=text", "status=429 retry_after=1")
"""No group was made."""
SURE = ("status=429", "status=420 body=text", "status=429 retry_after=1")
"""Of these, the answers that say so: the run itself sends the create again."""

FAULTS = [f"{action} when=after" for action in AFTER] + [f"{action} when=before" for action in BEFORE]


def test_exactly_one_group_whatever_becomes_of_the_answer(tmp_path: Path) -> None:
    def work(case: tuple[str, int]) -> None:
        fault, lag = case
        folder = "".join(character if character.isalnum() else "-" for character in f"{fault} {lag}")
        with world(tmp_path / folder, lag=lag) as repo:
            configure(repo, timeout=3 if "hang" in fault else 30)
            repo.group("nova", "subject: Nova\n")
            repo.api.add_faults(f"POST /groups {fault} nth=1")
            first = repo.apply()
            made = "when=after" in fault
            sure = fault.removesuffix(" when=before") in SURE
            assert len(repo.api.groups()) == (1 if made or sure else 0)
            assert posts(repo) == (2 if sure else 1), "nothing is sent again while it is not known"
            if made or sure:
                assert (first.code, statuses(first, "nova")) == (0, {"create_group": "done"}), first.err
            else:
                assert (first.code, statuses(first, "nova")) == (3, {"create_group": "unknown"}), first.err
                assert repo.apply().code == 0
            again = repo.apply()
            assert (again.code, again.json["summary"]["done"]) == (0, 0), again.out
            (group,) = repo.api.groups()
            assert group["subject"] == "Nova"
            assert recorded(repo).groups["nova"].id == group["id"]
            assert recorded(repo).creating == {}
            assert posts(repo) == (1 if made else 2)

    cases = [(fault, lag) for lag in (5, 0) for fault in FAULTS]
    each(cases, work, width=len(FAULTS))


def test_many_creates_with_every_fault_at_once(tmp_path: Path) -> None:
    """Whoever is struck first, and however the pauses of one hold up the others."""
    names = [f"g{n}" for n in range(len(FAULTS) + 1)]
    with world(tmp_path / "repo", lag=2) as repo:
        configure(repo, timeout=5)
        for name in names:
            repo.group(name, f"subject: Grupo {name}\n")
        repo.api.add_faults(*(f"POST /groups {fault} nth={n}" for n, fault in enumerate(FAULTS, 1)))
        assert repo.apply().code in (0, 3)
        repo.api.clear_faults()
        repo.apply()
        last = repo.apply()
        assert last.code == 0, last.out
        assert sorted(group["subject"] for group in repo.api.groups()) == sorted(f"Grupo {n}" for n in names)
        ids = {group["subject"]: group["id"] for group in repo.api.groups()}
        assert {name: record.id for name, record in recorded(repo).groups.items()} == {
            name: ids[f"Grupo {name}"] for name in names
        }


def test_the_next_run_waits_for_a_group_that_is_listed_late(tmp_path: Path) -> None:
    """The answer is lost and the list lags longer than the run waits: unknown. The next one, begun at once,
    says that it waits, and makes no second group."""
    with world(tmp_path / "repo", lag=12) as repo:
        repo.group("nova", "subject: Nova\n")
        repo.api.add_faults("POST /groups reset when=after nth=1")
        first = repo.apply()
        assert first.code == 3
        assert statuses(first, "nova") == {"create_group": "unknown"}
        assert "run apply again" in first.group("nova")["outcomes"][0]["error"]["hint"]
        planned = repo.plan()
        assert planned.group("nova")["action"] == "create"
        assert any("may have" in note for note in planned.group("nova")["notes"])
        second = repo.apply()
        assert second.code == 0
        assert "Looking for up to" in second.err
        assert len(repo.api.groups()) == 1
        assert posts(repo) == 1


def test_where_the_next_run_may_not_know_this_one_waits(tmp_path: Path) -> None:
    """Without a state, and with one in a file of a pipeline, nobody will know later that it was unclear."""

    def work(environment: dict[str, str]) -> None:
        with world(tmp_path / "-".join(environment), lag=12) as repo:
            repo.group("nova", "subject: Nova\n")
            repo.api.add_faults("POST /groups reset when=after nth=1")
            first = repo.apply(**environment)
            assert first.code == 0
            assert "whether nova was created" in first.err
            repo.state.unlink(missing_ok=True)
            assert repo.apply(**environment).code == 0
            assert len(repo.api.groups()) == 1

    each([{"RECONCILER_STATE": "none"}, {"CI": "true"}], work)


def test_two_groups_of_the_subject_block_with_ids_and_what_to_write(repo: Repo) -> None:
    """As when somebody made one by hand while the answer was lost."""
    repo.group("nova", "subject: Nova\n")
    repo.api.add_faults("POST /groups status=500 when=after nth=1", "GET /groups status=500 nth=3 times=60")
    assert repo.apply().code == 3
    repo.api.clear_faults()
    repo.api.seed("Nova")
    ids = sorted(group["id"] for group in repo.api.groups())
    assert len(ids) == 2
    repo.api.clear_calls()
    blocked = repo.apply()
    assert blocked.code == 3
    assert blocked.group("nova")["action"] == "blocked"
    assert repo.writes() == []
    text = repo.run("plan", "--show-numbers", "--detailed-exitcode")
    assert text.code == 2
    said = " ".join(text.out.split())
    assert all(group_id in said for group_id in ids)
    assert "add `id:` with one of them to the manifest" in said
    repo.group("nova", f"subject: Nova\nid: {ids[1]}\n")
    assert repo.apply().code == 0
    assert recorded(repo).groups["nova"].id == ids[1]
    assert repo.writes() == []
