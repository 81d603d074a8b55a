"""Reads that lag behind writes, answers that take their time, and a limit of requests a second."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.sandbox.settings import Pace, Settings
from reconciler.sandbox.store import Store

from .conftest import ACCOUNT, ANA, Connect, picture

LAG = 0.8


def test_reads_lag_behind_every_write(connect: Connect) -> None:
    api = connect()
    group_id = api.control.seed("Before", participants=[ANA], icon=picture())[0]["id"]
    link = api.control.invite(group_id)
    time.sleep(LAG)  # the link too must be older than the lag
    api.control.set_options(lag=LAG)
    assert api("PUT", f"/groups/{group_id}", {"subject": "After"}).status_code == 200
    assert api("PATCH", f"/groups/{group_id}/admins", api.people(ANA)).status_code == 200
    assert api("DELETE", f"/groups/{group_id}/icon").status_code == 200
    assert api("DELETE", f"/groups/{group_id}/invite").status_code == 200
    old = api.info(group_id)
    assert (old["subject"], old["admins"]) == ("Before", [ACCOUNT])
    assert api("GET", f"/groups/{group_id}/icon").status_code == 200
    assert api("GET", f"/groups/{group_id}/invite").json()["groups"] == [{"link": link}]
    assert api.truth(group_id)["subject"] == "After"
    time.sleep(LAG)
    new = api.info(group_id)
    assert (new["subject"], new["admins"]) == ("After", [ACCOUNT, ANA])
    assert api("GET", f"/groups/{group_id}/icon").status_code == 404
    assert api("GET", f"/groups/{group_id}/invite").json()["groups"] != [{"link": link}]


def test_new_groups_appear_late_and_left_ones_go_late(connect: Connect) -> None:
    api = connect(lag=LAG)
    old = api.control.seed("Old")[0]["id"]
    assert api.listed() == [old]
    new = api.create("New")
    assert api("POST", f"/groups/{old}/leave").status_code == 200
    assert api("PUT", f"/groups/{new}", {"subject": "Newer"}).status_code == 200
    assert api.listed() == [old]
    assert api.info(old)["participants"] == [ACCOUNT]
    assert api("GET", f"/groups/{new}").status_code == 404
    assert api("PUT", f"/groups/{old}", {"subject": "x"}).status_code == 404
    time.sleep(LAG)
    assert api.listed() == [new]
    assert api.info(new)["subject"] == "Newer"


def test_an_invite_link_that_lags_is_made_once(connect: Connect) -> None:
    api = connect(lag=LAG)
    group_id = api.control.seed("Old")[0]["id"]
    links = {api("GET", f"/groups/{group_id}/invite").json()["groups"][0]["link"] for _ in range(3)}
    assert len(links) == 1


def test_the_past_is_what_it_was_at_each_moment() -> None:
    now = 1000.0
    store = Store(":memory:", clock=lambda: now)
    try:
        from reconciler.sandbox.group import Group

        for subject in ("a", "b", "c"):
            store.save(Group("1", subject, ACCOUNT, 1, (ACCOUNT,), (ACCOUNT,)))
            now += 10
        seen = {lag: store.seen("1", lag) for lag in (0, 5, 10, 15, 20, 25, 30, 31)}
        found = {lag: group.subject if group else None for lag, group in seen.items()}
        assert found == {0: "c", 5: "c", 10: "c", 15: "b", 20: "b", 25: "a", 30: "a", 31: None}
        now += 3600
        store.save(Group("1", "d", ACCOUNT, 1, (ACCOUNT,), (ACCOUNT,)))
        group = store.seen("1", 30)
        assert group
        assert group.subject == "c"
    finally:
        store.close()


def test_latency(connect: Connect) -> None:
    api = connect(latency=0.1)
    began = time.monotonic()
    api.create()
    assert time.monotonic() - began >= 0.1
    with ThreadPoolExecutor(8) as pool:
        began = time.monotonic()
        answers = list(pool.map(lambda _: api("GET", "/groups").status_code, range(8)))
        assert answers == [200] * 8
        assert time.monotonic() - began < 0.8  # side by side, not one after the other


@pytest.mark.parametrize(("status", "retry_after", "sent"), [(429, None, None), (420, 0.2, "1")])
def test_rate(connect: Connect, status: int, retry_after: float | None, sent: str | None) -> None:
    api = connect(rate=2, rate_status=status, retry_after=retry_after)
    answers = [api("GET", "/groups") for _ in range(12)]
    refused = [answer for answer in answers if answer.status_code == status]
    assert [answer.status_code for answer in answers[:2]] == [200] * 2
    assert 6 <= len(refused) <= 10
    assert {answer.headers.get("Retry-After") for answer in refused} == {sent}
    assert refused[0].json()["errorCode"] == status
    assert {call["outcome"] for call in api.control.calls()} == {"answered", "rate"}
    api.control.set_options(rate=None)
    assert api("GET", "/groups").status_code == 200


def test_the_pace_fills_up_again_and_refusals_cost_nothing() -> None:
    from reconciler.sandbox import Options

    now = 0.0
    pace = Pace(Settings(Options(database=":memory:", rate=10)), clock=lambda: now)
    assert [pace.admits() for _ in range(12)] == [True] * 10 + [False] * 2
    now = 0.1
    assert [pace.admits() for _ in range(2)] == [True, False]
    now = 60.0
    assert sum(pace.admits() for _ in range(50)) == 10
