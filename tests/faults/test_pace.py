"""A server that allows 20 requests a second: nothing fails, and it is hardly ever asked too often."""

from __future__ import annotations

from pathlib import Path

from tests.faults.support import configure, each, world
from tests.support import ANA

RATE = 20.0


def test_200_groups_are_read_and_20_created(tmp_path: Path) -> None:
    """Whether it answers 429 or 420, with or without `Retry-After`."""

    def work(case: tuple[int, int | None]) -> None:
        status, retry_after = case
        with world(tmp_path / f"{status}-{retry_after}") as repo:
            seeded = repo.api.seed("Grupo {n}", participants=[ANA], admins=[ANA], count=200)
            for n, group in enumerate(seeded, 1):
                repo.group(f"g{n:03}", f"id: {group['id']}\nsubject: Grupo {n}\n")
            for n in range(20):
                repo.group(f"n{n:02}", f"subject: Nova {n}\n")
            repo.api.set_options(rate=RATE, rate_status=status, retry_after=retry_after)
            done = repo.run("apply", "--yes", "--format", "json", timeout=300)
            assert done.code == 0, done.err
            assert done.json["summary"]["done"] == 20
            calls = repo.api.calls()
            assert len(repo.api.groups()) == 220
            assert {f"/groups/{group['id']}" for group in seeded} <= {call["path"] for call in calls}
            begun = calls[0]["started"]
            later = [call for call in calls if call["started"] > begun + 1]
            first, *others = [call for call in calls if call["outcome"] == "rate"]
            assert sum(call in later for call in (first, *others)) < 0.05 * len(later)
            # All workers slow down together: once the refusal is known, nobody asks until the pause ends.
            pause = [call for call in calls if 0.4 < call["started"] - first["started"] < 0.9]
            assert pause == []

    each([(429, None), (429, 1), (420, None), (420, 1)], work)


def test_a_rate_of_ones_own_is_kept_from_the_start(tmp_path: Path) -> None:
    """`api.rate`, with a server that would allow far more: evenly, never above."""
    with world(tmp_path / "repo") as repo:
        configure(repo, rate=RATE)
        for n, group in enumerate(repo.api.seed("Grupo {n}", count=80), 1):
            repo.group(f"g{n:03}", f"id: {group['id']}\nsubject: Grupo {n}\n")
        for n in range(3):
            repo.group(f"n{n:02}", f"subject: Nova {n}\n")
        repo.api.clear_calls()
        done = repo.run("apply", "--yes", "--format", "json", timeout=300)
        assert done.code == 0, done.err
        times = [call["started"] for call in repo.api.calls()]
        for start in times:
            window = [at for at in times if start <= at < start + 1]
            assert len(window) <= RATE * 1.25 + 1, "more in one second than was allowed"
        elapsed = times[-1] - times[0]
        assert len(times) / elapsed <= RATE * 1.05
        assert len(times) / elapsed >= RATE * 0.5, "and not needlessly slower"


def test_a_server_at_exactly_that_rate_never_refuses(tmp_path: Path) -> None:
    with world(tmp_path / "repo", rate=RATE) as repo:
        configure(repo, rate=RATE)
        for n, group in enumerate(repo.api.seed("Grupo {n}", count=60), 1):
            repo.group(f"g{n:03}", f"id: {group['id']}\nsubject: Grupo {n}\n")
        assert repo.plan().code == 0
        assert [call for call in repo.api.calls() if call["outcome"] == "rate"] == []
