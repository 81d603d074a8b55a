"""Ctrl-C and SIGTERM in the middle of twelve creations: finish, save, say, and go on another time."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest

from tests.faults.support import configure, recorded, statuses
from tests.support import Repo, Result, picture

TWELVE = [f"g{n:02}" for n in range(12)]
SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture
def twelve(repo: Repo) -> Repo:
    """Twelve groups to create, three at a time, each with an icon, by an API that takes its time."""
    configure(repo, write_concurrency=3)
    repo.write("groups/icons/i.png", picture(size=256))
    for name in TWELVE:
        repo.group(name, f"subject: Grupo {name}\nicon: icons/i.png\n")
    return repo


def interrupted(repo: Repo, number: signal.Signals, *, at: int, form: str = "json") -> Result:
    """The run that gets the signal once the `at`-th create has been made and before it is answered."""
    repo.api.add_faults(f"POST /groups delay=1 when=after nth={at}")
    process = repo.start("apply", "--yes", "--format", form, "--report", "text=report.txt")
    repo.api.wait_for_call("POST", "/groups", nth=at - 1)
    deadline = time.monotonic() + 30
    while len(repo.api.groups()) < at:  # made, and the answer is on its way
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    repo.api.clear_faults()
    return Result(process.returncode, out, err)


@pytest.mark.parametrize("number", SIGNALS)
def test_what_is_in_flight_ends_and_the_next_run_does_the_rest(twelve: Repo, number: signal.Signals) -> None:
    first = interrupted(twelve, number, at=5)
    assert first.code == 130
    assert "Stopping after the calls in flight" in first.err
    assert all(call["status"] == 200 for call in twelve.api.calls() if call["write"]), "nothing was torn off"
    made = {group["subject"]: group["id"] for group in twelve.api.groups()}
    assert 5 <= len(made) < 12

    # The report says what was done, and the state has it.
    assert first.json["interrupted"] is True
    by_status = {name: statuses(first, name) for name in TWELVE}
    created = {name for name in TWELVE if by_status[name]["create_group"] == "done"}
    assert {f"Grupo {name}" for name in created} == made.keys()
    assert all(by_status[name]["create_group"] == "skipped" for name in TWELVE if name not in created)
    pictured = {group["subject"].removeprefix("Grupo ") for group in twelve.api.groups() if group["icon"]}
    for name in TWELVE:  # an upload in flight was answered, and nobody has looked at what came of it
        assert by_status[name]["set_icon"] in (("done", "unknown") if name in pictured else ("skipped",))
    text = (twelve.path / "report.txt").read_text()
    assert all(name in text for name in TWELVE)
    state = recorded(twelve)
    assert {name: record.id for name, record in state.groups.items()} == {
        name: made[f"Grupo {name}"] for name in created
    }
    assert state.creating == {}

    # The rest, exactly.
    begun = {call["n"] for call in twelve.api.calls()}
    again = twelve.apply()
    assert again.code == 0, again.out
    later = [call for call in twelve.api.calls() if call["n"] not in begun and call["write"]]
    assert sum(call["path"] == "/groups" for call in later) == 12 - len(created)
    assert sum(call["path"].endswith("/icon") for call in later) == 12 - len(pictured)
    assert len(later) == 24 - len(created) - len(pictured)
    groups = twelve.api.groups()
    assert sorted(group["subject"] for group in groups) == [f"Grupo {name}" for name in TWELVE]
    assert all(group["icon"] for group in groups)
    assert twelve.plan("--detailed-exitcode").code == 0


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_stops_at_once(twelve: Repo, number: signal.Signals) -> None:
    twelve.api.add_faults("POST /groups hang when=after nth=4")
    process = twelve.start("apply", "--yes")
    twelve.api.wait_for_call("POST", "/groups", nth=4)
    process.send_signal(number)
    with pytest.raises(subprocess.TimeoutExpired):  # the first waits for the call in flight
        process.wait(timeout=2)
    begun = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert time.monotonic() - begun < 1
    assert "Stopped at once" in err
    twelve.api.clear_faults()
    recorded(twelve)
    assert twelve.apply().code == 0
    assert sorted(group["subject"] for group in twelve.api.groups()) == [f"Grupo {name}" for name in TWELVE]


@pytest.mark.parametrize("number", SIGNALS)
def test_stopped_while_planning_nothing_was_done(twelve: Repo, number: signal.Signals) -> None:
    for verb in (("plan",), ("apply", "--yes")):
        twelve.api.clear_calls()
        twelve.api.add_faults("GET /groups delay=2 nth=1")
        process = twelve.start(*verb)
        deadline = time.monotonic() + 30
        while not twelve.api.calls():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 130, err
    assert twelve.writes() == []


def test_ctrl_c_while_waiting_for_the_lock(twelve: Repo) -> None:
    twelve.api.add_faults("POST /groups hang")
    holder = twelve.start("apply", "--yes")
    try:
        twelve.api.wait_for_call("POST", "/groups")  # the first group goes alone: it asks no more
        waiting = twelve.start("apply", "--yes", "--lock-timeout", "60")
        lists = sum(call["path"] == "/groups" for call in twelve.api.calls())
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(timeout=2)
        waiting.send_signal(signal.SIGINT)
        waiting.communicate(timeout=30)
        assert waiting.returncode == 130
        assert sum(call["path"] == "/groups" for call in twelve.api.calls()) == lists, "it waited first"
    finally:
        holder.kill()
        holder.communicate()
