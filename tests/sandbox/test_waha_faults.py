"""Faults of WAHA's own: caches that are short, empty or old, people by hidden id, limits inside a 500."""

from __future__ import annotations

import pytest

from reconciler.sandbox.group import lid_of

from .conftest import ACCOUNT, ANA, BRUNO, Client, Connect, picture
from .test_waha import GROUPS, at, people, seed, truth


def test_a_list_that_is_short_until_it_is_refreshed(waha: Client) -> None:
    waha.control.seed("g{n}", count=3)
    waha.control.add_faults("GET /api/*/groups** show=short until=refresh")
    assert len(waha("GET", GROUPS).json()) == 2
    assert waha("GET", f"{GROUPS}/count").json() == {"count": 2}
    waha.control.add_faults("POST /api/*/groups/refresh status=500 body=overlimit nth=1")
    assert waha("POST", f"{GROUPS}/refresh").status_code == 500
    assert len(waha("GET", GROUPS).json()) == 2
    assert waha("POST", f"{GROUPS}/refresh").status_code == 201
    assert len(waha("GET", GROUPS).json()) == 3
    assert [fault["matched"] for fault in waha.control.faults()] == [2]


@pytest.mark.parametrize(("engine", "empty"), [("NOWEB", {}), ("GOWS", [])])
def test_a_list_that_is_empty(connect: Connect, engine: str, empty: object) -> None:
    waha = connect("waha", engine=engine)
    seed(waha)
    waha.control.add_faults("GET /api/*/groups show=none times=1")
    assert waha("GET", GROUPS).json() == empty
    assert len(waha("GET", GROUPS).json()) == 1


def test_metadata_that_is_empty_but_for_its_size(waha: Client) -> None:
    group_id = seed(waha)
    waha.control.add_faults("GET /api/** show=bare")
    bare = {"id": group_id, "subject": "", "size": 2, "participants": []}
    assert waha("GET", GROUPS).json() == {group_id: bare}
    assert waha("GET", at(group_id)).json() == bare
    assert waha("GET", at(group_id, "participants", "v2")).json() == []
    waha.control.set_options(engine="GOWS")
    gows = waha("GET", at(group_id)).json()
    assert (gows["JID"], gows["Name"], gows["Participants"], gows["ParticipantCount"]) == (
        group_id,
        "",
        None,
        2,
    )
    assert gows["GroupCreated"].startswith("0001")


def test_counts_that_lag(waha: Client) -> None:
    group_id = seed(waha)
    waha.control.add_faults("GET /api/** show=behind")
    shown = waha("GET", at(group_id)).json()
    assert (shown["size"], len(shown["participants"])) == (1, 2)
    assert waha("GET", f"{GROUPS}/count").json() == {"count": 0}


def test_people_and_owners_by_their_hidden_ids_alone(waha: Client) -> None:
    group_id = seed(waha)
    waha.control.add_faults("* /api/** show=lids")
    shown = waha("GET", at(group_id)).json()
    assert (shown["addressingMode"], shown["owner"]) == ("lid", f"{lid_of(ACCOUNT)}@lid")
    assert ANA not in waha("GET", at(group_id)).text
    assert waha("GET", at(group_id, "participants", "v2")).json()[1] == {
        "id": f"{lid_of(ANA)}@lid",
        "role": "participant",
    }
    (answer,) = waha("POST", at(group_id, "participants", "add"), people(BRUNO)).json()
    assert (answer["jid"], answer["status"]) == (f"{lid_of(BRUNO)}@lid", "200")
    assert answer["content"]["attrs"]["phone_number"] == f"{BRUNO}@s.whatsapp.net"
    lid = {"participants": [{"id": f"{lid_of(ANA)}@lid"}]}
    assert waha("POST", at(group_id, "admin", "promote"), lid).json()[0]["status"] == "200"
    assert ANA in truth(waha, group_id)["admins"]
    assert waha("GET", f"/default/lids/{lid_of(ANA)}@lid").json()["pn"] == f"{ANA}@c.us"
    waha.control.add_faults("GET /api/*/lids/** show=null")
    assert waha("GET", f"/default/lids/{lid_of(ANA)}@lid").json()["pn"] is None
    assert waha("GET", f"/default/lids/pn/{ANA}").json()["lid"] is None


def test_people_by_hidden_id_with_their_number_beside(waha: Client) -> None:
    group_id = seed(waha)
    waha.control.add_faults("GET /api/** show=mapped")
    shown = waha("GET", at(group_id)).json()
    assert shown["ownerPn"] == f"{ACCOUNT}@s.whatsapp.net"
    assert shown["participants"][1] == {
        "id": f"{lid_of(ANA)}@lid",
        "admin": None,
        "phoneNumber": f"{ANA}@s.whatsapp.net",
    }
    assert waha("GET", at(group_id, "participants", "v2")).json()[1]["pn"] == f"{ANA}@c.us"


def test_one_person_whose_number_nobody_is_told(waha: Client) -> None:
    group_id = seed(waha, admins=[BRUNO])
    waha.control.person(BRUNO, hidden=True)
    plain = waha("GET", at(group_id)).json()["participants"]
    assert [person["id"] for person in plain] == [f"{ACCOUNT}@c.us", f"{ANA}@c.us", f"{lid_of(BRUNO)}@lid"]
    assert waha("GET", at(group_id, "participants", "v2")).json()[2] == {
        "id": f"{lid_of(BRUNO)}@lid",
        "role": "admin",
    }
    waha.control.add_faults("GET /api/** show=mapped", f"GET /api/*/lids/{lid_of(BRUNO)}@lid show=null")
    assert ["phoneNumber" in person for person in waha("GET", at(group_id)).json()["participants"]] == [
        True,
        True,
        False,
    ]
    assert waha("GET", f"/default/lids/{lid_of(BRUNO)}%40lid").json()["pn"] is None
    assert waha("GET", f"/default/lids/{lid_of(ANA)}%40lid").json()["pn"] == f"{ANA}@c.us"
    exists = waha("GET", "/contacts/check-exists", params={"phone": BRUNO, "session": "default"}).json()
    assert exists == {"numberExists": True, "chatId": f"{lid_of(BRUNO)}@lid", "pn": None}


def test_a_newsletter_in_the_list(waha: Client) -> None:
    group_id = seed(waha)
    waha.control.add_faults("GET /api/*/groups show=others")
    assert list(waha("GET", GROUPS).json()) == [group_id, "120363000000000001@newsletter"]


def test_a_group_without_an_owner(waha: Client) -> None:
    group_id = seed(waha)
    waha.control.add_faults("GET /api/** show=ownerless", "GET /api/** show=mapped")
    assert not {"owner", "ownerPn"} & waha("GET", at(group_id)).json().keys()
    waha.control.set_options(engine="GOWS")
    gows = waha("GET", at(group_id)).json()
    assert (gows["OwnerJID"], gows["OwnerPN"]) == ("", "")


def test_ids_with_devices(waha: Client) -> None:
    group_id = seed(waha)
    waha.control.add_faults("GET /api/** show=devices")
    assert waha("GET", at(group_id)).json()["participants"][1]["id"] == f"{ANA}:12@c.us"
    waha.control.add_faults("GET /api/** show=mapped")
    assert waha("GET", at(group_id)).json()["participants"][1]["id"] == f"{lid_of(ANA)}:12@lid"


def test_a_picture_is_cached_until_it_is_refreshed(waha: Client) -> None:
    group_id = seed(waha)
    waha.control.set_icon(truth(waha, group_id)["id"], picture("red"))
    waha.control.add_faults("GET /api/*/groups/*/picture show=cached")
    path = at(group_id, "picture")
    first = waha("GET", path).json()["url"]
    waha.control.set_icon(truth(waha, group_id)["id"], picture("blue"))
    assert waha("GET", path).json()["url"] == first
    fresh = waha("GET", f"{path}?refresh=true").json()["url"]
    assert fresh.partition("?")[0] != first.partition("?")[0]
    assert waha("GET", path).json()["url"] == fresh
    waha.control.add_faults("GET /api/*/groups/*/picture show=null")
    assert waha("GET", f"{path}?refresh=true").json() == {"url": None}


@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
def test_a_rate_limit_inside_a_500(waha: Client, when: str, made: int) -> None:
    waha.control.add_faults(f"POST /api/*/groups status=500 body=overlimit when={when}")
    answer = waha("POST", GROUPS, {"name": "Novo", "participants": []})
    assert (answer.status_code, answer.json()["exception"]["message"]) == (500, "rate-overlimit")
    assert len(waha.control.groups()) == made


def test_the_rate_option_is_a_500_too(connect: Connect) -> None:
    waha = connect("waha", rate=0.001)
    assert [waha("GET", GROUPS).status_code for _ in range(2)] == [200, 500]


def test_200_without_effect(waha: Client) -> None:
    group_id = seed(waha)
    waha.control.add_faults("* /api/** lie")
    assert waha("PUT", at(group_id, "subject"), {"subject": "x"}).status_code == 200
    assert waha("POST", at(group_id, "participants", "add"), people(BRUNO)).json()[0]["status"] == "200"
    assert waha("POST", GROUPS, {"name": "Novo", "participants": []}).status_code == 201
    waha.control.clear_faults()
    assert truth(waha, group_id)["subject"] == "Suporte"
    assert [group["participants"] for group in waha.control.groups()] == [[ACCOUNT, ANA]]
    assert waha.control.webhooks() == []


def test_errors_have_wahas_shapes(waha: Client) -> None:
    waha.control.add_faults("GET /api/*/groups/count status=404", "GET /api/*/groups status=500")
    refused = waha("GET", f"{GROUPS}/count")
    assert (refused.status_code, refused.json()["statusCode"], refused.json()["error"]) == (
        404,
        404,
        "Not Found",
    )
    assert set(waha("GET", GROUPS).json()) == {"statusCode", "timestamp", "path", "exception"}


def test_an_engine_that_nobody_here_has_read(connect: Connect) -> None:
    waha = connect("waha", engine="WEBJS")
    group_id = seed(waha)
    (chat,) = waha("GET", GROUPS).json()
    assert chat["id"]["_serialized"] == group_id
    assert waha("GET", "/server/version").json()["engine"] == "WEBJS"
