"""Evolution's dialect: every call a group tool needs, in the shapes of the API facts, and its oddities."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import requests

from reconciler.sandbox.evolution_shapes import INSTANCE_TOKEN
from reconciler.sandbox.group import lid_of

from .conftest import ACCOUNT, ANA, BRUNO, CARLA, Client, Connect, picture
from .test_waha import serving

NOBODY = "120363000000000000@g.us"


def seed(evolution: Client, subject: str = "Suporte", **more: Any) -> str:
    """A group of the account with Ana in it; returns its id as gateways have it."""
    (group,) = evolution.control.seed(subject, **{"participants": [ANA], **more})
    return f"{group['id']}@g.us"


def truth(evolution: Client, group_id: str) -> dict[str, Any]:
    return evolution.truth(group_id.removesuffix("@g.us"))


def pn(*numbers: str) -> list[str]:
    return [f"{number}@s.whatsapp.net" for number in numbers]


def post(evolution: Client, operation: str, **body: Any) -> requests.Response:
    return evolution("POST", f"/group/{operation}/vendas", body)


def get(evolution: Client, operation: str, group_id: str) -> requests.Response:
    return evolution("GET", f"/group/{operation}/vendas", params={"groupJid": group_id})


def listed(evolution: Client, people: str = "true") -> list[dict[str, Any]]:
    answer = evolution("GET", "/group/fetchAllGroups/vendas", params={"getParticipants": people})
    assert answer.status_code == 200, answer.text
    groups: list[dict[str, Any]] = answer.json()
    return groups


def update(evolution: Client, group_id: str, action: str, *people: str) -> dict[str, str]:
    answer = post(evolution, "updateParticipant", groupJid=group_id, action=action, participants=list(people))
    assert answer.status_code == 201, answer.text
    return {entry["jid"]: entry["status"] for entry in answer.json()["updateParticipants"]}


def failed(answer: requests.Response) -> tuple[int, Any]:
    """Status and message of an error, whose shape is checked."""
    body = answer.json()
    assert body.keys() == {"status", "error", "response"}
    assert body["status"] == answer.status_code
    return answer.status_code, body["response"]["message"]


# The instance


def test_the_instance_tells_the_own_account_and_its_secrets(evolution: Client) -> None:
    (found,) = evolution("GET", "/instance/fetchInstances", params={"instanceName": "vendas"}).json()
    assert (found["name"], found["ownerJid"]) == ("vendas", f"{ACCOUNT}@s.whatsapp.net")
    assert (found["connectionStatus"], found["integration"]) == ("open", "WHATSAPP-BAILEYS")
    assert found["token"] == INSTANCE_TOKEN
    assert evolution("GET", "/instance/connectionState/vendas").json() == {
        "instance": {"instanceName": "vendas", "state": "open"}
    }
    evolution.control.set_options(short_owner=True)
    (found,) = evolution("GET", "/instance/fetchInstances").json()
    assert found["ownerJid"] == "551911112222@s.whatsapp.net"
    evolution.control.add_faults("GET /instance/fetchInstances show=others")
    others = evolution("GET", "/instance/fetchInstances", params={"instanceName": "vendas"}).json()
    assert [one["name"] for one in others] == ["elsewhere", "vendas"]


@pytest.mark.parametrize(
    ("status", "state"), [("SCAN_QR_CODE", "connecting"), ("STARTING", "connecting"), ("STOPPED", "close")]
)
def test_an_instance_that_is_not_open_does_nothing(evolution: Client, status: str, state: str) -> None:
    group_id = seed(evolution)
    evolution.control.set_options(session_status=status)
    assert evolution("GET", "/instance/connectionState/vendas").json()["instance"]["state"] == state
    assert failed(get(evolution, "findGroupInfos", group_id)) == (
        404,
        ["Error fetching group", "Error: Connection Closed"],
    )
    for answer in (
        evolution("GET", "/group/fetchAllGroups/vendas?getParticipants=true"),
        evolution("POST", "/chat/whatsappNumbers/vendas", {"numbers": [ANA]}),
    ):
        assert failed(answer) == (500, "Connection Closed")
    sent = evolution("POST", "/message/sendText/vendas", {"number": ANA, "text": "olá"})
    assert failed(sent) == (400, ["Error: Connection Closed"])


def test_another_integration_has_no_groups(evolution: Client) -> None:
    evolution.control.set_options(integration="WHATSAPP-BUSINESS")
    status, message = failed(evolution("GET", "/group/fetchAllGroups/vendas?getParticipants=true"))
    assert (status, "not available" in message[0]) == (400, True)
    (found,) = evolution("GET", "/instance/fetchInstances").json()
    assert found["integration"] == "WHATSAPP-BUSINESS"


def test_the_key(connect: Connect) -> None:
    evolution = connect("evolution", username="vendas", token="the-key")
    path = "/group/fetchAllGroups/vendas?getParticipants=false"
    for headers in ({}, {"apikey": ""}, {"apikey": "another"}, {"apikey": None, "X-Api-Key": "the-key"}):
        assert failed(evolution("GET", path, headers=headers)) == (401, "Unauthorized")
    assert evolution("GET", path, headers={"apikey": "the-key"}).status_code == 200


def test_an_instance_that_there_is_not(connect: Connect) -> None:
    evolution = connect("evolution", username="vendas", token="secret")
    assert failed(evolution("GET", "/instance/connectionState/outra")) == (
        404,
        ['The "outra" instance does not exist'],
    )
    assert evolution("GET", "/instance/fetchInstances?instanceName=outra").status_code == 404
    assert evolution("GET", "/group/fetchAllGroups/outra?getParticipants=true").status_code == 404
    assert listed(evolution) == []


def test_an_instance_may_hold_a_slash(evolution: Client) -> None:
    told = evolution("GET", "/instance/connectionState/a%2Fb").json()
    assert told["instance"]["instanceName"] == "a/b"
    assert evolution("GET", "/group/nothing/vendas").status_code == 404


# Reading groups


def test_the_list_has_pictures_and_asks_whether_to_have_people(connect: Connect) -> None:
    evolution = connect("evolution", signed_urls=False)
    group_id = seed(evolution, admins=[ANA], description="Só urgências", creation_time=1_700_000_000)
    evolution.control.set_icon(truth(evolution, group_id)["id"], picture())
    (group,) = listed(evolution)
    assert requests.get(group.pop("pictureUrl"), timeout=10).content == picture()
    assert group == {
        "id": group_id,
        "subject": "Suporte",
        "subjectOwner": f"{ACCOUNT}@s.whatsapp.net",
        "subjectTime": 1_700_000_000,
        "size": 2,
        "creation": 1_700_000_000,
        "owner": f"{ACCOUNT}@s.whatsapp.net",
        "desc": "Só urgências",
        "descId": group["descId"],
        "restrict": False,
        "announce": False,
        "participants": [
            {"id": f"{ACCOUNT}@s.whatsapp.net", "admin": "superadmin"},
            {"id": f"{ANA}@s.whatsapp.net", "admin": "admin"},
        ],
        "isCommunity": False,
        "isCommunityAnnounce": False,
    }
    info = get(evolution, "findGroupInfos", group_id).json()
    assert info.keys() == {*group, "pictureUrl"}
    assert get(evolution, "participants", group_id).json() == {"participants": info["participants"]}
    assert "participants" not in listed(evolution, "false")[0]
    for query in ("", "?getParticipants=1"):
        assert evolution("GET", f"/group/fetchAllGroups/vendas{query}").status_code == 400


def test_a_group_is_asked_for_in_query_or_body_with_its_domain_or_without(evolution: Client) -> None:
    group_id = seed(evolution)
    for query in (group_id, group_id.removesuffix("@g.us")):
        assert get(evolution, "findGroupInfos", query).json()["id"] == group_id
    path = "/group/updateGroupSubject/vendas"
    assert evolution("POST", path, {"subject": "Um"}, params={"groupJid": group_id}).status_code == 201
    other = seed(evolution)
    body = {"groupJid": group_id.removesuffix("@g.us"), "subject": "Dois"}
    assert evolution("POST", path, body, params={"groupJid": other}).status_code == 201
    assert truth(evolution, group_id)["subject"] == "Dois"
    assert evolution("GET", "/group/findGroupInfos/vendas").status_code == 400
    assert get(evolution, "findGroupInfos", "um@g.us").status_code == 400


def test_whatever_fails_has_the_status_of_its_call(evolution: Client) -> None:
    gone: dict[str, Any] = {"groupJid": NOBODY}
    cause = "Error: item-not-found"
    for operation in ("findGroupInfos", "participants", "inviteCode"):
        status, (_, why) = failed(get(evolution, operation, NOBODY))
        assert (status, why) == (404, cause)
    for operation, body, expected in (
        ("updateGroupSubject", {"subject": "x"}, 500),
        ("updateGroupDescription", {"description": "x"}, 500),
        ("updateGroupPicture", {"image": base64.b64encode(picture()).decode()}, 500),
        ("revokeInviteCode", {}, 404),
        ("updateParticipant", {"action": "add", "participants": pn(ANA)}, 400),
        ("updateSetting", {"action": "locked"}, 400),
        ("toggleEphemeral", {"expiration": 0}, 400),
    ):
        status, (_, why) = failed(post(evolution, operation, **gone, **body))
        assert (operation, status, why) == (operation, expected, cause)
    left = evolution("DELETE", "/group/leaveGroup/vendas", params=gone)
    assert failed(left) == (400, ["Unable to leave the group", cause])
    (elsewhere,) = evolution.control.seed("Fora", creator=BRUNO, account="absent")
    assert get(evolution, "findGroupInfos", f"{elsewhere['id']}@g.us").status_code == 404


# Creating


def test_numbers_that_are_not_on_whatsapp_are_left_out_without_a_word(evolution: Client) -> None:
    evolution.control.person(BRUNO, refusal=404)
    evolution.control.person(CARLA, refusal=403)
    made = post(evolution, "create", subject="Novo", participants=pn(ANA, BRUNO, CARLA), description="Oi")
    assert made.status_code == 201
    body = made.json()
    assert [person["id"] for person in body["participants"]] == pn(ACCOUNT, ANA)
    assert (body["desc"], body["addressingMode"], "pictureUrl" in body) == ("Oi", "pn", False)
    assert post(evolution, "create", subject="Só", participants=pn(BRUNO)).status_code == 500
    assert len(evolution.control.groups()) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"participants": pn(ANA)},
        {"subject": "", "participants": pn(ANA)},
        {"subject": "Novo"},
        {"subject": "Novo", "participants": []},
        {"subject": "Novo", "participants": [*pn(ANA), *pn(ANA)]},
        {"subject": "Novo", "participants": ["12345"]},
        {"subject": "Novo", "participants": [{"id": ANA}]},
        {"subject": "Novo", "participants": pn(ANA), "description": ""},
        {"subject": "Novo", "participants": pn(ANA), "promoteParticipants": "yes"},
    ],
)
def test_a_create_that_is_refused(evolution: Client, body: dict[str, Any]) -> None:
    assert failed(post(evolution, "create", **body))[0] == 400
    assert evolution.control.groups() == []


def test_a_create_promotes_whom_it_added(evolution: Client) -> None:
    made = post(evolution, "create", subject="Novo", participants=pn(ANA), promoteParticipants=True)
    assert made.json()["participants"][1]["admin"] == "admin"
    assert failed(post(evolution, "create", subject="x" * 101, participants=pn(ANA)))[0] == 500


def test_a_limit_after_the_group_is_made(evolution: Client) -> None:
    evolution.control.add_faults("POST /group/create/* status=500 body=overlimit when=after")
    assert failed(post(evolution, "create", subject="Novo", participants=pn(ANA))) == (
        500,
        ["Error creating group", "Error: rate-overlimit"],
    )
    assert [group["subject"] for group in evolution.control.groups()] == ["Novo"]


# Changing


def test_subject_and_description(evolution: Client) -> None:
    group_id = seed(evolution)
    done = post(evolution, "updateGroupSubject", groupJid=group_id, subject="Um")
    assert (done.status_code, done.json()) == (201, {"update": "success"})
    done = post(evolution, "updateGroupDescription", groupJid=group_id, description="Um.")
    assert (done.status_code, done.json()) == (201, {"update": "success"})
    assert post(evolution, "updateGroupDescription", groupJid=group_id, description="").status_code == 400
    too_long = post(evolution, "updateGroupDescription", groupJid=group_id, description="x" * 2049)
    assert too_long.status_code == 500
    found = truth(evolution, group_id)
    assert (found["subject"], found["description"]) == ("Um", "Um.")
    locked = seed(evolution, creator=BRUNO, permissions={"edit_info": "admins"})
    assert failed(post(evolution, "updateGroupSubject", groupJid=locked, subject="Um")) == (
        500,
        ["Error updating group subject", "Error: forbidden"],
    )


def test_pictures(evolution: Client) -> None:
    group_id, data = seed(evolution), picture("red")

    def shown() -> str | None:
        url: str | None = get(evolution, "findGroupInfos", group_id).json()["pictureUrl"]
        return url

    assert shown() is None
    bare = base64.b64encode(data).decode()
    for image in (f"data:image/png;base64,{bare}", "no base64", base64.b64encode(b"no picture").decode()):
        assert post(evolution, "updateGroupPicture", groupJid=group_id, image=image).status_code == 500
    assert post(evolution, "updateGroupPicture", groupJid=group_id, image="").status_code == 400
    assert shown() is None
    assert post(evolution, "updateGroupPicture", groupJid=group_id, image=bare).json() == {
        "update": "success"
    }
    assert requests.get(shown() or "", timeout=10).content == data
    with serving(picture("blue")) as url:
        assert post(evolution, "updateGroupPicture", groupJid=group_id, image=url).status_code == 201
    assert requests.get(shown() or "", timeout=10).content == picture("blue")
    elsewhere = post(evolution, "updateGroupPicture", groupJid=group_id, image="https://example.com/p.png")
    assert elsewhere.status_code == 500
    told = evolution("POST", "/chat/fetchProfilePictureUrl/vendas", {"number": group_id}).json()
    assert told["wuid"] == group_id
    assert requests.get(told["profilePictureUrl"], timeout=10).content == picture("blue")


def test_a_picture_that_is_null_says_nothing(evolution: Client) -> None:
    group_id = seed(evolution)
    evolution.control.set_icon(truth(evolution, group_id)["id"], picture())
    evolution.control.add_faults("* /** show=null")
    assert get(evolution, "findGroupInfos", group_id).json()["pictureUrl"] is None
    assert listed(evolution)[0]["pictureUrl"] is None
    for chat in (group_id, NOBODY, f"{ANA}@s.whatsapp.net"):
        told = evolution("POST", "/chat/fetchProfilePictureUrl/vendas", {"number": chat})
        assert (told.status_code, told.json()) == (200, {"wuid": chat, "profilePictureUrl": None})


def test_invite_codes(evolution: Client) -> None:
    group_id = seed(evolution)
    told = get(evolution, "inviteCode", group_id).json()
    assert told["inviteUrl"] == truth(evolution, group_id)["link"]
    assert told["inviteUrl"].endswith(f"/{told['inviteCode']}")
    revoked = post(evolution, "revokeInviteCode", groupJid=group_id)
    assert (revoked.status_code, revoked.json()["revoked"]) == (201, True)
    assert truth(evolution, group_id)["link"].endswith(revoked.json()["inviteCode"])
    assert revoked.json()["inviteCode"] != told["inviteCode"]
    member = seed(evolution, creator=BRUNO)
    assert failed(get(evolution, "inviteCode", member)) == (404, ["No invite code", "Error: forbidden"])
    evolution.control.add_faults("GET /group/inviteCode/* show=null")
    assert get(evolution, "inviteCode", group_id).json() == {
        "inviteUrl": "https://chat.whatsapp.com/undefined"
    }


def test_a_link_in_a_message(evolution: Client) -> None:
    group_id = seed(evolution)
    sent = post(evolution, "sendInvite", groupJid=group_id, description="Venha", numbers=pn(BRUNO))
    link = truth(evolution, group_id)["link"]
    assert (sent.status_code, sent.json()) == (200, {"send": True, "inviteUrl": link})
    assert [(one["chat"], one["text"]) for one in evolution.control.messages()] == [
        (BRUNO, f"Venha\n\n{link}")
    ]


@pytest.mark.parametrize(
    ("action", "permission", "value"),
    [
        ("announcement", "send_messages", "admins"),
        ("not_announcement", "send_messages", "everyone"),
        ("locked", "edit_info", "admins"),
        ("unlocked", "edit_info", "everyone"),
    ],
)
def test_settings(evolution: Client, action: str, permission: str, value: str) -> None:
    other = {"admins": "everyone", "everyone": "admins"}[value]
    group_id = seed(evolution, permissions={permission: other})
    assert post(evolution, "updateSetting", groupJid=group_id, action=action).status_code == 201
    assert truth(evolution, group_id)["permissions"][permission] == value
    shown = get(evolution, "findGroupInfos", group_id).json()
    assert shown["announce" if permission == "send_messages" else "restrict"] is (value == "admins")
    for wrong in ("members", [], None):
        assert post(evolution, "updateSetting", groupJid=group_id, action=wrong).status_code == 400


def test_a_timer_can_be_set_and_is_never_told(evolution: Client) -> None:
    group_id = seed(evolution)
    before = get(evolution, "findGroupInfos", group_id).json()
    done = post(evolution, "toggleEphemeral", groupJid=group_id, expiration=86_400)
    assert (done.status_code, done.json()) == (201, {"success": True})
    assert get(evolution, "findGroupInfos", group_id).json() == before
    for wrong in (1, False, "0"):
        assert post(evolution, "toggleEphemeral", groupJid=group_id, expiration=wrong).status_code == 400


def test_leaving(evolution: Client) -> None:
    group_id = seed(evolution)
    left = evolution("DELETE", "/group/leaveGroup/vendas", params={"groupJid": group_id})
    assert (left.status_code, left.json()) == (200, {"groupJid": group_id, "leave": True})
    assert listed(evolution) == []
    assert truth(evolution, group_id)["participants"] == [ANA]


# People


def test_each_person_is_answered_for_inside_a_201(evolution: Client) -> None:
    group_id = seed(evolution)
    refused = {f"55199000010{status % 100:02}": status for status in (401, 403, 404, 417, 419)}
    for number, status in refused.items():
        evolution.control.person(number, refusal=status)
    evolution.control.join(truth(evolution, group_id)["id"], CARLA)
    evolution.control.leave(truth(evolution, group_id)["id"], CARLA)
    path, people = "/group/updateParticipant/vendas", pn(ANA, BRUNO, CARLA, *refused)
    answer = evolution("POST", path, {"groupJid": group_id, "action": "add", "participants": people})
    told = {entry["jid"]: entry for entry in answer.json()["updateParticipants"]}
    assert answer.status_code == 201
    assert [told[person]["status"] for person in people] == ["409", "200", "408", *map(str, refused.values())]
    private = told[f"{list(refused)[1]}@s.whatsapp.net"]
    assert private["content"]["content"][0]["tag"] == "add_request"
    assert private["content"]["content"][0]["attrs"]["code"]
    assert truth(evolution, group_id)["participants"] == [ACCOUNT, ANA, BRUNO]

    ana, bruno, account = pn(ANA, BRUNO, ACCOUNT)
    assert update(evolution, group_id, "promote", ana, *pn(CARLA)) == {ana: "200", pn(CARLA)[0]: "404"}
    assert update(evolution, group_id, "demote", ana, account) == {ana: "200", account: "406"}
    assert update(evolution, group_id, "remove", bruno) == {bruno: "200"}
    assert truth(evolution, group_id)["participants"] == [ACCOUNT, ANA]
    for body in ({"action": "ban", "participants": [ana]}, {"action": "add", "participants": []}):
        assert post(evolution, "updateParticipant", groupJid=group_id, **body).status_code == 400
    member = seed(evolution, creator=BRUNO)
    body = {"groupJid": member, "action": "promote", "participants": [ana]}
    assert failed(evolution("POST", path, body)) == (400, ["Error updating participants", "Error: forbidden"])


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("5511987654321", "5511987654321"),
        ("5531987654321", "553187654321"),
        ("+55 (31) 98765-4321", "553187654321"),
        ("5531987654321@c.us", "553187654321"),
        ("5531987654321@s.whatsapp.net", "5531987654321"),
        ("5531987654321:12@s.whatsapp.net", "5531987654321"),
        ("5215512345678", "525512345678"),
    ],
)
def test_bare_digits_lose_the_ninth_from_area_code_31_on(evolution: Client, given: str, meant: str) -> None:
    (found,) = evolution("POST", "/chat/whatsappNumbers/vendas", {"numbers": [given]}).json()
    assert (found["jid"], found["number"]) == (f"{meant}@s.whatsapp.net", given)
    assert found["exists"] is (meant in given)


def test_bare_digits_may_mean_nobody(evolution: Client) -> None:
    group_id = seed(evolution)
    full, short = "5531987654321", "553187654321"
    assert update(evolution, group_id, "add", full) == {f"{short}@s.whatsapp.net": "404"}
    assert update(evolution, group_id, "add", *pn(full)) == {f"{full}@s.whatsapp.net": "200"}
    evolution.control.person("5531900000001", registered="553100000001")
    path = "/chat/whatsappNumbers/vendas"
    (found,) = evolution("POST", path, {"numbers": pn("5531900000001")}).json()
    assert (found["jid"], found["exists"]) == ("553100000001@s.whatsapp.net", True)


def test_who_is_on_whatsapp(evolution: Client) -> None:
    group_id = seed(evolution)
    evolution.control.person(BRUNO, refusal=404)
    body = {"numbers": [*pn(ANA, BRUNO), f"{lid_of(ANA)}@lid", group_id]}
    found = evolution("POST", "/chat/whatsappNumbers/vendas", body)
    assert found.status_code == 200
    assert [(one["jid"], one["exists"]) for one in found.json()] == [
        (group_id, True),
        *zip(pn(ANA, BRUNO), (True, False), strict=True),
        (f"{lid_of(ANA)}@lid", True),
    ]
    assert evolution("POST", "/chat/whatsappNumbers/vendas", {"numbers": []}).status_code == 400


# Messages


def test_messages_are_pending_whoever_they_are_for(evolution: Client) -> None:
    group_id = seed(evolution)
    evolution.control.person(CARLA, refusal=404)
    for chat in (group_id, *pn(BRUNO, CARLA), "123456789012345@lid"):
        answer = evolution("POST", "/message/sendText/vendas", {"number": chat, "text": "olá"})
        assert answer.status_code == 201, answer.text
        assert (answer.json()["key"]["remoteJid"], answer.json()["status"]) == (chat, "PENDING")
    assert [one["chat"] for one in evolution.control.messages()] == [group_id.removesuffix("@g.us"), BRUNO]
    assert evolution("POST", "/message/sendText/vendas", {"number": group_id}).status_code == 400


def test_a_conversation_that_whatsapp_does_not_let_begin_is_pending_too(evolution: Client) -> None:
    evolution.control.set_options(capping="CAPPED")
    answer = evolution("POST", "/message/sendText/vendas", {"number": pn(BRUNO)[0], "text": "olá"})
    assert (answer.status_code, evolution.control.messages()) == (201, [])


def test_a_message_to_a_group_that_may_not_be_written_in(evolution: Client) -> None:
    told = seed(evolution, creator=BRUNO, permissions={"send_messages": "admins"})
    for chat, cause in ((told, "forbidden"), (NOBODY, "item-not-found")):
        sent = evolution("POST", "/message/sendText/vendas", {"number": chat, "text": "olá"})
        assert failed(sent) == (400, [f"Error: {cause}"])
    assert evolution.control.messages() == []


def test_a_webhook_is_taken(evolution: Client) -> None:
    path, webhook = "/webhook/set/vendas", {"enabled": True, "url": "http://127.0.0.1/hook", "events": []}
    assert evolution("POST", path, {"webhook": webhook}).status_code == 201
    assert evolution("POST", path, {"webhook": {"url": "hook"}}).status_code == 400
    assert evolution("POST", path, {}).status_code == 400


# One world


def test_one_world_through_all_dialects(evolution: Client, connect: Connect) -> None:
    sinch, waha = connect("sinch", evolution.server), connect("waha", evolution.server)
    made = post(evolution, "create", subject="Um", participants=pn(ANA)).json()["id"]
    bare = made.removesuffix("@g.us")
    assert sinch.info(bare)["participants"] == [ACCOUNT, ANA]
    sinch("PATCH", f"/groups/{bare}/admins", sinch.people(ANA))
    waha("PUT", f"/default/groups/{made}/description", {"description": "Dois"})
    shown = get(evolution, "findGroupInfos", made).json()
    assert (shown["desc"], shown["participants"][1]["admin"]) == ("Dois", "admin")
    post(evolution, "updateSetting", groupJid=made, action="announcement")
    other = waha("GET", f"/default/groups/{made}").json()
    assert (other["announce"], other["desc"]) == (True, "Dois")
    code = get(evolution, "inviteCode", made).json()["inviteCode"]
    assert code in sinch("GET", f"/groups/{bare}/invite").text


def test_the_log_knows_the_calls(evolution: Client) -> None:
    group_id = seed(evolution)
    update(evolution, group_id, "add", *pn(BRUNO))
    call = evolution.control.calls()[-1]
    assert (call["dialect"], call["changed"], call["write"]) == ("evolution", True, True)
    assert call["path"] == "/group/updateParticipant/vendas"
    assert call["summary"] == {"action": "add", "participants": pn(BRUNO)}
