"""Faults of Evolution's own: lists that are short or slow, people by hidden id, limits in every status."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.group import lid_of

from .conftest import ACCOUNT, ANA, BRUNO, CARLA, Client, Connect, picture
from .test_evolution import NOBODY, failed, get, listed, pn, post, seed, truth, update


def test_lists_that_are_short_or_empty_or_name_something_else(evolution: Client) -> None:
    ids = [seed(evolution, f"g{n}") for n in range(3)]
    for show in ("short", "none", "others"):
        evolution.control.add_faults(f"GET /group/fetchAllGroups/* show={show} times=1")
    assert listed(evolution) == [
        {"id": "120363000000000001@newsletter", "subject": "News", "pictureUrl": None}
    ]
    evolution.control.add_faults("GET /group/fetchAllGroups/* show=short times=1")
    assert len(listed(evolution)) == 2
    assert {group["id"] for group in listed(evolution)} == set(ids)


def test_groups_that_lack_something(evolution: Client) -> None:
    group_id = seed(evolution)

    def shown(*shows: str) -> dict[str, Any]:
        evolution.control.clear_faults()
        evolution.control.add_faults(*(f"GET /group/** show={show}" for show in shows))
        (found,) = listed(evolution)
        assert get(evolution, "findGroupInfos", group_id).json() == found
        return found

    bare = {"id": group_id, "subject": "", "pictureUrl": None, "size": 2, "participants": []}
    assert shown("bare") == bare
    behind = shown("behind")
    assert (behind["size"], len(behind["participants"])) == (1, 2)
    assert "owner" not in shown("ownerless")
    assert shown("devices")["participants"][1]["id"] == f"{ANA}:12@s.whatsapp.net"
    by_lid = shown("lids")
    assert by_lid["participants"][1] == {"id": f"{lid_of(ANA)}@lid", "admin": None}
    mapped = shown("mapped")
    assert mapped["participants"][1] == {
        "id": f"{lid_of(ANA)}@lid",
        "admin": None,
        "phoneNumber": f"{ANA}@s.whatsapp.net",
    }
    # The owner's number is not passed on.
    assert mapped["owner"] == by_lid["owner"] == f"{lid_of(ACCOUNT)}@lid"
    assert "ownerPn" not in mapped


def test_one_person_whose_number_nobody_is_told(evolution: Client) -> None:
    group_id = seed(evolution, participants=[ANA, BRUNO])
    evolution.control.person(BRUNO, hidden=True)
    evolution.control.add_faults("GET /group/** show=mapped")
    people = get(evolution, "findGroupInfos", group_id).json()["participants"]
    assert [person.get("phoneNumber") for person in people] == [*pn(ACCOUNT, ANA), None]


def test_people_by_their_hidden_ids_are_answered_for_with_the_number_inside(evolution: Client) -> None:
    group_id = seed(evolution)
    evolution.control.add_faults("* /group/** show=lids")
    path = "/group/updateParticipant/vendas"
    body: dict[str, Any] = {"groupJid": group_id, "action": "add", "participants": pn(BRUNO)}
    (answer,) = evolution("POST", path, body).json()["updateParticipants"]
    assert answer["jid"] == f"{lid_of(BRUNO)}@lid"
    assert answer["content"]["attrs"]["phone_number"] == f"{BRUNO}@s.whatsapp.net"
    assert update(evolution, group_id, "promote", f"{lid_of(BRUNO)}@lid") == {f"{lid_of(BRUNO)}@lid": "200"}
    assert BRUNO in truth(evolution, group_id)["admins"]
    assert update(evolution, group_id, "add", "123456789012345@lid") == {"123456789012345@lid": "404"}


def test_a_picture_that_is_cached(evolution: Client) -> None:
    group_id = seed(evolution)
    evolution.control.set_icon(truth(evolution, group_id)["id"], picture("red"))
    evolution.control.add_faults("GET /group/** show=cached")
    first = listed(evolution)[0]["pictureUrl"]
    evolution.control.set_icon(truth(evolution, group_id)["id"], picture("blue"))
    assert listed(evolution)[0]["pictureUrl"] == first


def test_a_list_takes_the_longer_the_more_groups_there_are(evolution: Client) -> None:
    first, *_ = [seed(evolution, f"g{n}") for n in range(3)]
    evolution.control.set_options(picture_latency=0.1)
    listed(evolution)
    get(evolution, "findGroupInfos", first)
    slow, quick = (call["finished"] - call["started"] for call in evolution.control.calls())
    assert (slow >= 0.3, quick >= 0.1) == (True, True)


def test_the_rate_has_the_status_of_each_call(connect: Connect) -> None:
    evolution = connect("evolution", rate=0.001)
    assert listed(evolution) == []
    limit = "Error: rate-overlimit"
    assert failed(get(evolution, "findGroupInfos", NOBODY)) == (404, ["Error fetching group", limit])
    assert failed(post(evolution, "create", subject="Novo")) == (500, ["Error creating group", limit])
    assert failed(post(evolution, "updateSetting")) == (400, ["Error updating setting", limit])
    for path in ("/group/fetchAllGroups/vendas", "/instance/fetchInstances"):
        assert failed(evolution("GET", path)) == (500, "rate-overlimit")


@pytest.mark.parametrize(
    ("fault", "message"), [("", "fault of the sandbox"), ("body=overlimit", "rate-overlimit")]
)
def test_errors_have_its_shape_and_the_faults_status(evolution: Client, fault: str, message: str) -> None:
    evolution.control.add_faults(f"GET /group/findGroupInfos/* status=503 {fault}")
    status, told = failed(get(evolution, "findGroupInfos", seed(evolution)))
    assert (status, message in told[-1]) == (503, True)


def test_201_without_effect(evolution: Client) -> None:
    group_id = seed(evolution)
    evolution.control.add_faults("* /group/** lie")
    assert post(evolution, "updateGroupSubject", groupJid=group_id, subject="x").status_code == 201
    assert update(evolution, group_id, "add", *pn(CARLA)) == dict.fromkeys(pn(CARLA), "200")
    assert post(evolution, "create", subject="Novo", participants=pn(ANA)).status_code == 201
    evolution.control.clear_faults()
    assert [group["participants"] for group in evolution.control.groups()] == [[ACCOUNT, ANA]]
    assert evolution.control.webhooks("evolution") == []


def test_reads_that_lag(connect: Connect) -> None:
    evolution = connect("evolution", lag=30)
    group_id = seed(evolution)
    post(evolution, "updateGroupSubject", groupJid=group_id, subject="Novo")
    assert truth(evolution, group_id)["subject"] == "Novo"
    assert get(evolution, "findGroupInfos", group_id).json()["subject"] == "Suporte"
    assert listed(evolution)[0]["subject"] == "Suporte"
