"""The control API: what tests of others lean on."""

from __future__ import annotations

import hashlib
import threading
import time

import pytest
import requests

from reconciler.sandbox.control import ControlError

from .conftest import ACCOUNT, ANA, BRUNO, CARLA, Client, Connect, picture


@pytest.mark.parametrize("headers", [{}, {"X-Sandbox-Control": "0"}])
@pytest.mark.parametrize(("method", "path"), [("GET", "calls"), ("POST", "groups"), ("PATCH", "options")])
def test_it_asks_for_its_header(api: Client, method: str, path: str, headers: dict[str, str]) -> None:
    url = f"{api.server.base_url}/_sandbox/{path}"
    answer = requests.request(method, url, json={"subject": "x"}, headers=headers, timeout=10)
    assert answer.status_code == 403
    assert api.control.groups() == []


def test_another_origin_gets_no_leave(api: Client) -> None:
    url = f"{api.server.base_url}/_sandbox/groups"
    asked = {
        "Origin": "http://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-sandbox-control",
    }
    answer = requests.options(url, headers=asked, timeout=10)
    assert not any(name.lower().startswith("access-control-") for name in answer.headers)


def test_calls(api: Client) -> None:
    group_id = api.create("Olá")
    api.control.join(group_id, ANA)
    api.set_icon(group_id, picture())
    api("PATCH", f"/groups/{group_id}/admins", api.people(ANA))
    api("PATCH", f"/groups/{group_id}/admins", api.people(ANA))
    api("GET", f"/groups/{group_id}/invite")
    api("GET", f"/groups/{group_id}/invite")
    calls = api.control.calls()
    assert [(call["method"], call["path"].replace(group_id, "ID")) for call in calls] == [
        ("POST", "/groups"),
        ("POST", "/groups/ID/icon"),
        ("PATCH", "/groups/ID/admins"),
        ("PATCH", "/groups/ID/admins"),
        ("GET", "/groups/ID/invite"),
        ("GET", "/groups/ID/invite"),
    ]
    assert [call["write"] for call in calls] == [True, True, True, True, False, False]
    assert [call["changed"] for call in calls] == [True, True, True, False, True, False]
    assert calls[0]["summary"] == {"subject": "Olá"}
    assert calls[1]["summary"] == {"icon": {"bytes": len(picture()), "type": "image/png"}}
    assert calls[2]["summary"] == {"waIds": [ANA]}
    assert [call["n"] for call in calls] == [1, 2, 3, 4, 5, 6]
    assert all(call["status"] == 200 and call["outcome"] == "answered" for call in calls)
    assert all(call["started"] <= call["finished"] for call in calls)
    assert api.control.writes() == calls[:4]
    api.control.clear_calls()
    assert api.control.calls() == []


def test_seeding(api: Client) -> None:
    own = api.control.seed("Own", participants=[ANA, BRUNO], admins=[BRUNO, CARLA], icon=picture())[0]
    assert (own["creator"], own["participants"]) == (ACCOUNT, [ACCOUNT, ANA, BRUNO, CARLA])
    assert own["admins"] == [ACCOUNT, BRUNO, CARLA]
    assert own["icon"]["sha256"] == hashlib.sha256(picture()).hexdigest()
    member = api.control.seed("Foreign", creator=ANA)[0]
    assert (member["participants"], member["admins"], member["listed"]) == ([ANA, ACCOUNT], [ANA], True)
    admin = api.control.seed("Foreign", creator=ANA, account="admin")[0]
    assert admin["admins"] == [ANA, ACCOUNT]
    absent = api.control.seed("Foreign", creator=ANA, account="absent")[0]
    assert (absent["participants"], absent["listed"]) == ([ANA], False)
    dated = api.control.seed("Dated", creation_time=1513616971)[0]
    assert dated["id"] == f"{ACCOUNT}-1513616971"
    assert [group["id"] for group in (own, member, admin, dated)] == api.listed()


def test_seeding_many_is_quick(api: Client) -> None:
    began = time.monotonic()
    groups = api.control.seed("Grupo {n}", count=1000, participants=[ANA], icon=picture())
    assert time.monotonic() - began < 3
    assert [group["subject"] for group in groups[:2]] == ["Grupo 1", "Grupo 2"]
    assert len(set(api.listed())) == 1000
    assert all(group["creation_time"] < time.time() - 80_000 for group in groups)
    assert api.create() not in {group["id"] for group in groups}


def test_everything_behind_the_back(api: Client) -> None:
    group_id = api.create("Before")
    control = api.control
    control.join(group_id, ANA, BRUNO, ANA)
    control.join(group_id, ANA)
    control.promote(group_id, ANA, BRUNO)
    control.demote(group_id, ANA)
    control.set_subject(group_id, "After " * 10)
    control.set_icon(group_id, picture("red"))
    control.write(ANA, "oi", group_id)
    link = control.invite(group_id)
    group = api.truth(group_id)
    assert (group["participants"], group["admins"]) == ([ACCOUNT, ANA, BRUNO], [ACCOUNT, BRUNO])
    assert (group["subject"], group["link"]) == ("After " * 10, link)
    assert group["icon"]["sha256"] == hashlib.sha256(picture("red")).hexdigest()
    assert [message["text"] for message in group["messages"]] == ["oi"]
    control.revoke(group_id)
    control.remove_icon(group_id)
    control.leave(group_id, BRUNO)
    control.remove(group_id, ACCOUNT)
    group = api.truth(group_id)
    assert (group["link"], group["icon"], group["participants"]) == (None, None, [ANA])
    assert api("GET", f"/groups/{group_id}").status_code == 404
    assert api.control.calls()[0]["method"] == "POST"
    assert len(api.control.calls()) == 2


def test_the_account_may_lose_its_place(api: Client) -> None:
    group_id = api.control.seed("Foreign", creator=ANA, account="admin")[0]["id"]
    api.control.demote(group_id, ACCOUNT)
    assert api("PUT", f"/groups/{group_id}", {"subject": "x"}).status_code == 403


def test_a_hidden_group_answers_but_is_not_listed(api: Client) -> None:
    group_id = api.create()
    api.control.hide(group_id)
    assert api.listed() == []
    assert api.info(group_id)["id"] == group_id
    api.control.hide(group_id, False)
    assert api.listed() == [group_id]


def test_options_change_while_it_runs(api: Client) -> None:
    changed = api.control.set_options(latency=0.05, change_byte=True, empty_answers="null")
    assert (changed["latency"], changed["change_byte"], changed["lag"]) == (0.05, True, 0.0)
    assert api.server.options.latency == 0.05
    began = time.monotonic()
    api.create()
    assert time.monotonic() - began >= 0.05


def test_waiting_for_a_call(api: Client) -> None:
    api.control.add_faults("POST /groups hang nth=2 when=after")
    api.create("first")

    def second() -> None:
        with pytest.raises(requests.exceptions.ReadTimeout):
            api("POST", "/groups", {"subject": "second"}, timeout=1)

    thread = threading.Thread(target=second)
    thread.start()
    call = api.control.wait_for_call("POST", "/groups", 2)
    assert (call["outcome"], call["summary"], call["status"]) == ("hang", {"subject": "second"}, None)
    assert len(api.control.groups()) == 2
    thread.join()
    with pytest.raises(TimeoutError, match="POST /groups hang"):
        api.control.wait_for_call("GET", "/groups", timeout=0.05)


def test_waiting_for_a_call_that_is_not_answered_yet(api: Client) -> None:
    api.control.add_faults("GET /groups delay=1")
    thread = threading.Thread(target=api, args=("GET", "/groups"))
    thread.start()
    assert api.control.wait_for_call("GET", "/groups", pending=True)["outcome"] == "pending"
    assert api.control.wait_for_call("GET", "/groups")["status"] == 200
    thread.join()


def test_refusals_say_why(api: Client) -> None:
    group_id = api.create()
    with pytest.raises(ControlError, match="not a participant"):
        api.control.promote(group_id, ANA)
    with pytest.raises(ControlError, match="creator"):
        api.control.demote(group_id, ACCOUNT)
    with pytest.raises(ControlError, match="digits only"):
        api.control.join(group_id, "+55 19")
    with pytest.raises(ControlError, match="no such group"):
        api.control.join("1-1", ANA)
    with pytest.raises(ControlError, match="neither JPEG nor PNG"):
        api.control.set_icon(group_id, b"GIF89a")
    with pytest.raises(ControlError, match="account: admin, member or absent"):
        api.control.seed("x", account="absent")
    with pytest.raises(ControlError, match="is no action"):
        api.control.add_faults("GET /groups status=500", "GET /groups explode")
    assert api.control.faults() == []
    for options in ({"subject_limit": 3}, {"lag": -1}, {"latency": True}, {"reencode": "yes"}, {"rate": "5"}):
        with pytest.raises(ControlError):
            api.control.set_options(**options)
    with pytest.raises(KeyError):
        api.control.group("1-1")


def test_credentials_are_of_no_use_to_it(connect: Connect) -> None:
    api = connect(username="ana", token="secret")
    assert api.control.groups() == []
