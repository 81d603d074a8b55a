"""WAHA's dialect: every call a group tool needs, in the shapes of the API facts, and its oddities."""

from __future__ import annotations

import base64
import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from reconciler.sandbox.group import lid_of

from .conftest import ACCOUNT, ANA, BRUNO, CARLA, Client, Connect, picture

GROUPS = "/default/groups"


def seed(waha: Client, subject: str = "Suporte", **more: Any) -> str:
    """A group of the account with Ana in it; returns its id as WAHA has it."""
    (group,) = waha.control.seed(subject, participants=[ANA], **more)
    return f"{group['id']}@g.us"


def at(group_id: str, *rest: str) -> str:
    return "/".join([GROUPS, group_id.replace("@", "%40"), *rest])


def people(*numbers: str) -> dict[str, Any]:
    return {"participants": [{"id": f"{number}@c.us"} for number in numbers]}


def outcomes(answer: requests.Response) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {entry["jid"]: entry["status"] for entry in answer.json()}


def truth(waha: Client, group_id: str) -> dict[str, Any]:
    return waha.truth(group_id.removesuffix("@g.us"))


def test_the_session_tells_engine_store_and_the_own_account(waha: Client) -> None:
    info = waha("GET", "/sessions/vendas").json()
    assert (info["name"], info["status"], info["engine"]) == ("vendas", "WORKING", {"engine": "NOWEB"})
    assert info["config"]["noweb"]["store"]["enabled"] is True
    assert info["me"]["id"] == f"{ACCOUNT}@c.us"
    assert info["me"]["lid"] == f"{lid_of(ACCOUNT)}@lid"
    assert waha("GET", "/server/version").json()["engine"] == "NOWEB"
    assert waha("GET", "/sessions/vendas/capping").json()["cappingStatus"] == "NONE"
    assert waha("GET", "/sessions/vendas/timelock").json()["isActive"] is False


def test_a_session_that_does_not_work_answers_nothing_else(waha: Client) -> None:
    waha.control.set_options(session_status="SCAN_QR_CODE")
    info = waha("GET", "/sessions/default").json()
    assert (info["status"], info["me"]) == ("SCAN_QR_CODE", None)
    for path in (GROUPS, "/default/lids", "/contacts/check-exists?phone=1&session=default"):
        assert waha("GET", path).status_code == 422


def test_the_key(connect: Connect) -> None:
    waha = connect("waha", username="x", token="the-key")
    assert waha("GET", GROUPS).status_code == 401
    assert waha("GET", GROUPS).json() == {
        "statusCode": 401,
        "message": "Unauthorized",
        "error": "Unauthorized",
    }
    assert waha("GET", GROUPS, headers={"X-Api-Key": "the-key"}).status_code == 200
    assert connect("waha")("GET", GROUPS, headers={"X-Api-Key": ""}).status_code == 401


def test_noweb_lists_an_object_by_id(waha: Client) -> None:
    group_id = seed(waha, admins=[ANA], description="Só urgências", creation_time=1_700_000_000)
    listed = waha("GET", GROUPS).json()
    assert listed == {
        group_id: {
            "id": group_id,
            "addressingMode": "pn",
            "subject": "Suporte",
            "subjectOwner": f"{ACCOUNT}@c.us",
            "subjectTime": 1_700_000_000,
            "size": 2,
            "creation": 1_700_000_000,
            "owner": f"{ACCOUNT}@c.us",
            "restrict": False,
            "announce": False,
            "joinApprovalMode": False,
            "memberAddMode": True,
            "isCommunity": False,
            "isCommunityAnnounce": False,
            "desc": "Só urgências",
            "descId": listed[group_id]["descId"],
            "participants": [
                {"id": f"{ACCOUNT}@c.us", "admin": "superadmin"},
                {"id": f"{ANA}@c.us", "admin": "admin"},
            ],
        }
    }
    assert waha("GET", at(group_id)).json() == listed[group_id]
    assert waha("GET", f"{GROUPS}/{group_id}").json() == listed[group_id]
    (bare,) = waha("GET", f"{GROUPS}?exclude=participants").json().values()
    assert "participants" not in bare
    assert bare["size"] == 2


def test_pages_and_order(waha: Client) -> None:
    waha.control.seed("g{n}", count=5)
    page = waha("GET", f"{GROUPS}?limit=2&offset=1&sortBy=subject&sortOrder=desc").json()
    assert [group["subject"] for group in page.values()] == ["g4", "g3"]
    assert len(waha("GET", GROUPS).json()) == 5
    assert waha("GET", f"{GROUPS}/count").json() == {"count": 5}
    assert waha("GET", f"{GROUPS}?limit=all").status_code == 422


def test_gows_lists_an_array(connect: Connect) -> None:
    waha = connect("waha", engine="GOWS")
    group_id = seed(waha, permissions={"edit_info": "admins", "add_members": "admins"})
    (group,) = waha("GET", GROUPS).json()
    assert group == waha("GET", at(group_id)).json()
    assert (group["JID"], group["Name"], group["Topic"]) == (group_id, "Suporte", "")
    assert (group["IsLocked"], group["IsAnnounce"], group["MemberAddMode"]) == (True, False, "admin_add")
    assert [(p["JID"], p["IsSuperAdmin"]) for p in group["Participants"]] == [
        (f"{ACCOUNT}@s.whatsapp.net", True),
        (f"{ANA}@s.whatsapp.net", False),
    ]
    (bare,) = waha("GET", f"{GROUPS}?exclude=participants").json()
    assert (bare["Participants"], bare["ParticipantCount"]) == (None, 2)


def test_communities_say_what_they_are(waha: Client) -> None:
    (above,) = waha.control.seed("Bairro", kind="community")
    (told,) = waha.control.seed("Avisos", kind="announcements", parent=above["id"])
    group_id = seed(waha, parent=above["id"])
    listed = waha("GET", GROUPS).json()
    assert listed[f"{above['id']}@g.us"]["isCommunity"] is True
    assert listed[f"{told['id']}@g.us"]["isCommunityAnnounce"] is True
    assert listed[group_id]["linkedParent"] == f"{above['id']}@g.us"
    assert listed[group_id]["isCommunity"] is False


def test_a_group_is_made_with_those_who_may_be_added(waha: Client) -> None:
    waha.control.person(BRUNO, refusal=403)
    answer = waha("POST", GROUPS, {"name": "Novo", **people(ANA, BRUNO)})
    assert answer.status_code == 201
    made = answer.json()
    assert [person["id"] for person in made["participants"]] == [f"{ACCOUNT}@c.us", f"{ANA}@c.us"]
    assert waha("POST", GROUPS, {"name": "Só", "participants": []}).json()["size"] == 1
    assert waha("POST", GROUPS, {"name": "", "participants": []}).status_code == 400
    assert waha("POST", GROUPS, {"name": "x" * 101, "participants": []}).status_code == 400
    assert waha("POST", GROUPS, {"name": "x"}).status_code == 422


def test_what_no_engine_knows_is_a_500(waha: Client) -> None:
    for method, rest in (("GET", ()), ("GET", ("participants", "v2")), ("POST", ("leave",))):
        answer = waha(method, at("120363000000000000@g.us", *rest))
        assert answer.status_code == 500
        assert answer.json()["exception"]["message"] == "item-not-found"
    assert waha("GET", at(seed(waha), "anything")).status_code == 404
    assert waha("PUT", at(seed(waha), "subject"), data=b"<<<").status_code == 422


def test_subject_and_description(waha: Client) -> None:
    group_id = seed(waha)
    bodies = []
    for text in ("Um", "Dois"):
        bodies.append(waha("PUT", at(group_id, "subject"), {"subject": text}).content)
        bodies.append(waha("PUT", at(group_id, "description"), {"description": f"{text}."}).content)
    assert set(bodies) == {b"", b"true"}
    assert waha("PUT", at(group_id, "subject"), {"subject": ""}).status_code == 400
    found = waha("GET", at(group_id)).json()
    assert (found["subject"], found["desc"]) == ("Dois", "Dois.")
    assert waha("PUT", at(group_id, "description"), {"description": ""}).status_code == 200
    assert "desc" not in waha("GET", at(group_id)).json()


def test_a_member_may_not_edit_a_locked_group(waha: Client) -> None:
    group_id = seed(waha, creator=BRUNO, permissions={"edit_info": "admins"})
    for what in ("subject", "description"):
        answer = waha("PUT", at(group_id, what), {what: "x"})
        assert (answer.status_code, answer.json()) == (200, False)
    assert waha("DELETE", at(group_id, "picture")).json() == {"success": False}
    assert truth(waha, group_id)["subject"] == "Suporte"
    answer = waha("PUT", at(group_id, "settings", "security", "info-admin-only"), {"adminsOnly": False})
    assert (answer.status_code, answer.json()["exception"]["message"]) == (500, "forbidden")


@pytest.mark.parametrize(
    ("name", "key", "permission", "when_true"),
    [
        ("info-admin-only", "adminsOnly", "edit_info", "admins"),
        ("messages-admin-only", "adminsOnly", "send_messages", "admins"),
        ("member-add-mode", "membersCanAddNewMember", "add_members", "everyone"),
        ("membership-approval", "newMembersApprovalRequired", "approve_members", True),
    ],
)
def test_the_four_settings(waha: Client, name: str, key: str, permission: str, when_true: Any) -> None:
    group_id = seed(waha)
    before = truth(waha, group_id)["permissions"]
    path = at(group_id, "settings", "security", name)
    for value in (False, True):
        assert waha("PUT", path, {key: value}).status_code == 200
        assert waha("GET", path).json() == {key: value}
        assert (truth(waha, group_id)["permissions"][permission] == when_true) is value
    after = truth(waha, group_id)["permissions"]
    assert {name for name in after if after[name] != before[name]} <= {permission}
    assert waha("PUT", path, {key: "yes"}).status_code == 422


def test_pictures_by_base64(connect: Connect) -> None:
    waha = connect("waha", signed_urls=False)
    group_id, data = seed(waha), picture()
    assert waha("GET", at(group_id, "picture")).json() == {"url": None}
    body = {"file": {"mimetype": "image/png", "data": base64.b64encode(data).decode()}}
    assert waha("PUT", at(group_id, "picture"), body).json() == {"success": True}
    url = waha("GET", at(group_id, "picture")).json()["url"]
    assert url.startswith(f"{waha.server.base_url}/")
    assert requests.get(url, timeout=10).content == data
    assert waha("DELETE", at(group_id, "picture")).json() == {"success": True}
    assert waha("GET", at(group_id, "picture")).json() == {"url": None}
    bad = {"file": {"mimetype": "image/png", "data": base64.b64encode(b"no picture").decode()}}
    assert waha("PUT", at(group_id, "picture"), bad).status_code == 500
    assert waha("PUT", at(group_id, "picture"), {"file": {}}).status_code == 422


@contextmanager
def serving(data: bytes) -> Iterator[str]:
    """A server on this machine that has one picture."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/p.png"
        server.shutdown()


def test_pictures_by_address(waha: Client) -> None:
    group_id, data = seed(waha), picture("red")
    with serving(data) as url:
        answer = waha("PUT", at(group_id, "picture"), {"file": {"mimetype": "image/png", "url": url}})
    assert answer.json() == {"success": True}
    shown = waha("GET", at(group_id, "picture")).json()["url"]
    assert requests.get(shown, timeout=10).content == data
    for elsewhere in ("https://example.com/p.png", "http://127.0.0.1:1/p.png", "file:///etc/passwd"):
        file = {"mimetype": "image/png", "url": elsewhere}
        assert waha("PUT", at(group_id, "picture"), {"file": file}).status_code == 500


def test_invite_codes_come_as_text_or_json(waha: Client) -> None:
    group_id = seed(waha)
    answers = [waha("GET", at(group_id, "invite-code")).text for _ in range(2)]
    code = truth(waha, group_id)["link"].rpartition("/")[2]
    assert sorted(answers) == sorted([code, f'"{code}"'])
    revoked = waha("POST", at(group_id, "invite-code", "revoke")).text.strip('"')
    assert revoked != code
    assert truth(waha, group_id)["link"].endswith(revoked)


def test_joining_by_a_code(waha: Client) -> None:
    (group,) = waha.control.seed("Fora", creator=BRUNO, account="absent")
    link = waha.control.invite(group["id"])
    assert waha("GET", GROUPS).json() == {}
    info = waha("GET", f"{GROUPS}/join-info", params={"code": link}).json()
    assert info["subject"] == "Fora"
    assert waha("POST", f"{GROUPS}/join", {"code": link}).json() == {"id": f"{group['id']}@g.us"}
    assert list(waha("GET", GROUPS).json()) == [f"{group['id']}@g.us"]
    assert waha("POST", at(f"{group['id']}@g.us", "leave")).status_code == 200
    assert waha("GET", GROUPS).json() == {}
    assert waha("POST", f"{GROUPS}/join", {"code": "nothing"}).status_code == 500


def test_each_person_is_answered_for(waha: Client) -> None:
    group_id = seed(waha)
    refused = {f"55199000010{status % 100:02}": status for status in (401, 403, 404, 417, 419, 451)}
    for number, status in refused.items():
        waha.control.person(number, refusal=status)
    waha.control.join(truth(waha, group_id)["id"], CARLA)
    waha.control.leave(truth(waha, group_id)["id"], CARLA)
    answer = waha("POST", at(group_id, "participants", "add"), people(ANA, BRUNO, CARLA, *refused))
    assert outcomes(answer) == {
        f"{ANA}@c.us": "409",
        f"{BRUNO}@c.us": "200",
        f"{CARLA}@c.us": "408",
        **{f"{number}@c.us": str(status) for number, status in refused.items()},
    }
    (private,) = [entry for entry in answer.json() if entry["status"] == "403"]
    assert private["content"]["content"][0]["attrs"]["code"]
    assert truth(waha, group_id)["participants"] == [ACCOUNT, ANA, BRUNO]

    stranger = "5519900009999"
    promoted = waha("POST", at(group_id, "admin", "promote"), people(ANA, stranger))
    assert outcomes(promoted) == {f"{ANA}@c.us": "200", f"{stranger}@c.us": "404"}
    demoted = waha("POST", at(group_id, "admin", "demote"), people(ANA, ACCOUNT))
    assert outcomes(demoted) == {f"{ANA}@c.us": "200", f"{ACCOUNT}@c.us": "406"}
    removed = waha("POST", at(group_id, "participants", "remove"), people(BRUNO, stranger))
    assert outcomes(removed) == {f"{BRUNO}@c.us": "200", f"{stranger}@c.us": "404"}
    assert truth(waha, group_id)["participants"] == [ACCOUNT, ANA]
    assert waha("POST", at(group_id, "participants", "add"), {"participants": []}).status_code == 422


def test_members_add_where_the_group_lets_them(waha: Client) -> None:
    group_id = seed(waha, creator=BRUNO)
    assert outcomes(waha("POST", at(group_id, "participants", "add"), people(CARLA))) == {
        f"{CARLA}@c.us": "200"
    }
    waha.control.permit(truth(waha, group_id)["id"], add_members="admins")
    assert waha("POST", at(group_id, "participants", "add"), people("5519900000009")).status_code == 500
    assert waha("POST", at(group_id, "admin", "promote"), people(CARLA)).status_code == 500
    assert waha("GET", at(group_id, "invite-code")).status_code == 500


def test_ids_are_taken_in_every_form(waha: Client) -> None:
    group_id = seed(waha)
    forms = [f"{BRUNO}@s.whatsapp.net", f"{CARLA}:12@c.us", f"{lid_of(ANA)}@lid", "123456789@lid"]
    body = {"participants": [{"id": form} for form in forms]}
    answer = waha("POST", at(group_id, "participants", "add"), body)
    assert [entry["status"] for entry in answer.json()] == ["200", "200", "409", "404"]
    assert truth(waha, group_id)["participants"] == [ACCOUNT, ANA, BRUNO, CARLA]
    assert (
        waha("POST", at(group_id, "participants", "add"), {"participants": [{"id": "ana"}]}).status_code
        == 422
    )


def test_roles(waha: Client) -> None:
    group_id = seed(waha, admins=[BRUNO])
    assert waha("GET", at(group_id, "participants", "v2")).json() == [
        {"id": f"{ACCOUNT}@c.us", "pn": f"{ACCOUNT}@c.us", "role": "superadmin"},
        {"id": f"{ANA}@c.us", "pn": f"{ANA}@c.us", "role": "participant"},
        {"id": f"{BRUNO}@c.us", "pn": f"{BRUNO}@c.us", "role": "admin"},
    ]
    assert (
        waha("GET", at(group_id, "participants")).json() == waha("GET", at(group_id)).json()["participants"]
    )


def test_who_asks_to_join(waha: Client) -> None:
    group_id = seed(waha, permissions={"approve_members": True})
    waha.control.join(truth(waha, group_id)["id"], BRUNO, CARLA)
    path = at(group_id, "participants", "join-requests")
    asked = waha("GET", path).json()
    assert [(entry["requesterId"], entry["requesterPn"]) for entry in asked] == [
        (f"{lid_of(number)}@lid", f"{number}@c.us") for number in (BRUNO, CARLA)
    ]
    approved = waha("POST", f"{path}/approve", {"participants": [{"id": asked[0]["requesterId"]}]}).json()
    assert approved == [{"requesterId": asked[0]["requesterId"], "success": True}]
    assert waha("POST", f"{path}/reject", people(CARLA, ANA)).json() == [
        {"requesterId": f"{CARLA}@c.us", "success": True},
        {"requesterId": f"{ANA}@c.us", "success": False, "error": 404},
    ]
    assert waha("GET", path).json() == []
    assert truth(waha, group_id)["participants"] == [ACCOUNT, ANA, BRUNO]


def test_messages(waha: Client) -> None:
    group_id = seed(waha)
    for chat in (group_id, f"{BRUNO}@c.us"):
        answer = waha("POST", "/sendText", {"session": "default", "chatId": chat, "text": "olá"})
        assert answer.status_code == 201
        assert {answer.json()[key] for key in ("to", "body")} == {chat, "olá"}
    kept = [(message["chat"], message["text"]) for message in waha.control.messages()]
    assert kept == [(group_id.removesuffix("@g.us"), "olá"), (BRUNO, "olá")]
    assert waha("POST", "/sendText", {"session": "default", "chatId": group_id}).status_code == 422


def test_a_number_without_its_ninth_digit(waha: Client) -> None:
    full, short = "5531900000001", "553100000001"
    waha.control.person(full, registered=short)
    group_id = seed(waha)
    found = waha("GET", "/contacts/check-exists", params={"phone": full, "session": "default"}).json()
    assert found == {"numberExists": True, "chatId": f"{short}@c.us"}
    assert outcomes(waha("POST", at(group_id, "participants", "add"), people(full))) == {
        f"{full}@c.us": "404"
    }
    assert outcomes(waha("POST", at(group_id, "participants", "add"), people(short))) == {
        f"{short}@c.us": "200"
    }
    sent = waha("POST", "/sendText", {"session": "default", "chatId": f"{full}@c.us", "text": "olá"})
    assert (sent.status_code, sent.json()["ack"]) == (201, 0)
    assert waha.control.messages() == []
    waha.control.person(ANA, refusal=404)
    gone = waha("GET", "/contacts/check-exists", params={"phone": ANA, "session": "default"}).json()
    assert gone == {"numberExists": False}


def test_limits_of_new_conversations(waha: Client) -> None:
    def send(number: str) -> str:
        body = {"session": "default", "chatId": f"{number}@c.us", "text": "olá"}
        answer = waha("POST", "/sendText", body)
        return "" if answer.status_code == 201 else answer.json()["exception"]["message"]

    waha.control.write(ANA, "oi")
    waha.control.set_options(capping="CAPPED")
    assert (send(ANA), send(BRUNO)) == ("", "server returned error 475")
    assert waha("GET", "/sessions/default/capping").json()["cappingStatus"] == "CAPPED"
    waha.control.set_options(timelock=time.time() + 3600)
    assert send(BRUNO) == "server returned error 463"
    locked = waha("GET", "/sessions/default/timelock").json()
    assert (locked["isActive"], locked["enforcementType"]) == (True, "RESTRICT_ALL_COMPANIONS")
    waha.control.set_options(timelock=None, capping="NONE")
    assert send(BRUNO) == ""


def test_hidden_ids_are_looked_up(waha: Client) -> None:
    seed(waha)
    pair = {"lid": f"{lid_of(ANA)}@lid", "pn": f"{ANA}@c.us"}
    assert waha("GET", f"/default/lids/{lid_of(ANA)}%40lid").json() == pair
    assert waha("GET", f"/default/lids/pn/{ANA}@c.us").json() == pair
    assert pair in waha("GET", "/default/lids").json()
    assert len(waha("GET", "/default/lids?limit=1").json()) == 1
    assert waha("GET", "/default/lids/count").json() == {"count": 2}
    assert waha("GET", "/default/lids/123456789@lid").json() == {"lid": "123456789@lid", "pn": None}
    assert waha("GET", f"/default/lids/pn/{CARLA}").json()["lid"] is None
    waha.control.set_options(noweb_store=False)
    assert waha("GET", f"/default/lids/{lid_of(ANA)}@lid").status_code == 400


def test_both_dialects_see_one_world(waha: Client, connect: Connect) -> None:
    sinch = connect("sinch", waha.server)
    made = waha("POST", GROUPS, {"name": "Um", **people(ANA)}).json()
    group_id = made["id"].removesuffix("@g.us")
    assert sinch.info(group_id)["participants"] == [ACCOUNT, ANA]
    sinch("PATCH", f"/groups/{group_id}/admins", sinch.people(ANA))
    assert waha("GET", at(made["id"])).json()["participants"][1]["admin"] == "admin"


def test_a_trace_goes_on(waha: Client) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    told = waha("GET", GROUPS, headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    assert told.headers["traceparent"].split("-")[1] == trace
    assert len(waha("GET", GROUPS).headers["traceparent"].split("-")[1]) == 32


def test_a_session_may_hold_a_slash(waha: Client) -> None:
    assert waha("GET", "/sessions/a%2Fb").json()["name"] == "a/b"
    assert waha("GET", "/a%2Fb/groups").json() == {}


def test_the_log_knows_the_calls(waha: Client) -> None:
    group_id = seed(waha)
    waha("POST", at(group_id, "participants", "add"), people(BRUNO))
    call = waha.control.calls()[-1]
    assert (call["dialect"], call["changed"], call["write"]) == ("waha", True, True)
    assert call["path"] == f"/api{GROUPS}/{group_id}/participants/add"
    assert call["summary"] == people(BRUNO)
