"""Events as gateways post them: which there are, what they say, and whether they are signed."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
import requests

from reconciler.sandbox.control import ControlError
from reconciler.sandbox.evolution_shapes import INSTANCE_TOKEN
from reconciler.sandbox.group import lid_of

from .conftest import ACCOUNT, ANA, BRUNO, CARLA, Client, picture
from .test_waha import GROUPS, at, people, seed, truth


def events(waha: Client) -> list[tuple[str, dict[str, Any]]]:
    bodies = [json.loads(webhook["body"]) for webhook in waha.control.webhooks()]
    return [(body["event"], body["payload"]) for body in bodies]


def test_every_change_of_people_is_an_event(waha: Client) -> None:
    group_id = seed(waha)
    assert events(waha) == []  # it has been there for long
    waha("POST", at(group_id, "participants", "add"), people(ANA, BRUNO))
    waha("POST", at(group_id, "admin", "promote"), people(BRUNO))
    waha("POST", at(group_id, "admin", "demote"), people(BRUNO))
    waha.control.leave(truth(waha, group_id)["id"], BRUNO)
    told = [
        (payload["type"], [(p["pn"], p["role"]) for p in payload["participants"]], payload["group"])
        for name, payload in events(waha)
        if name == "group.v2.participants"
    ]
    bruno, group = f"{BRUNO}@c.us", {"id": group_id}
    assert told == [
        ("join", [(bruno, "participant")], group),
        ("promote", [(bruno, "admin")], group),
        ("demote", [(bruno, "admin")], group),  # the role that Bruno had, as the service has it
        ("leave", [(bruno, "left")], group),
    ]


def test_the_accounts_own_comings_and_goings(waha: Client) -> None:
    made = waha("POST", GROUPS, {"name": "Um", "participants": []}).json()["id"]
    waha("POST", at(made, "leave"))
    (join, joined), (leave, left) = events(waha)[0], events(waha)[-2]
    assert (join, joined["group"]["id"], joined["group"]["subject"]) == ("group.v2.join", made, "Um")
    assert joined["_data"]["announce"] is False
    assert (leave, left["group"]) == ("group.v2.leave", {"id": made})
    waha.control.join(made.removesuffix("@g.us"), CARLA)  # of which the account hears nothing
    assert len(events(waha)) == 3


def test_who_may_send_messages_is_told_the_wrong_way_round(waha: Client) -> None:
    group_id = seed(waha)
    waha("PUT", at(group_id, "settings", "security", "messages-admin-only"), {"adminsOnly": True})
    ((name, payload),) = events(waha)
    assert (name, payload["group"]["membersCanSendMessages"]) == ("group.v2.update", True)
    assert payload["_data"]["announce"] is True
    assert "subject" not in payload["group"]


def test_who_asks_to_join(waha: Client) -> None:
    group_id = seed(waha, permissions={"approve_members": True})
    waha.control.join(truth(waha, group_id)["id"], BRUNO)
    waha.control.reject(truth(waha, group_id)["id"], BRUNO)
    assert [
        (name.rpartition(".")[2], payload["action"], payload["requesterId"], payload["requesterPn"])
        for name, payload in events(waha)
    ] == [
        ("join-request", action, f"{lid_of(BRUNO)}@lid", f"{BRUNO}@c.us")
        for action in ("created", "rejected")
    ]


def test_events_are_signed(waha: Client) -> None:
    waha.control.set_options(webhook_key="my-secret-key")
    waha("PUT", at(seed(waha), "subject"), {"subject": "Olá 🙂"})
    (webhook,) = waha.control.webhooks()
    body, headers = webhook["body"].encode(), webhook["headers"]
    assert headers["X-Webhook-Hmac-Algorithm"] == "sha512"
    assert headers["X-Webhook-Hmac"] == hmac.new(b"my-secret-key", body, hashlib.sha512).hexdigest()
    envelope = json.loads(body)
    assert envelope["id"].startswith("evt_")
    assert envelope["me"]["id"] == f"{ACCOUNT}@c.us"
    assert (envelope["session"], envelope["engine"]) == ("default", "NOWEB")
    assert waha.control.webhooks() == [webhook]


def told(evolution: Client) -> list[tuple[str, Any]]:
    """Name and data of each of Evolution's events."""
    bodies = [json.loads(webhook["body"]) for webhook in evolution.control.webhooks("evolution")]
    return [(body["event"], body["data"]) for body in bodies]


def test_evolution_tells_of_people_by_id_with_the_digits_beside(evolution: Client) -> None:
    group_id = seed(evolution)
    evolution.control.person(CARLA, hidden=True)
    bare = group_id.removesuffix("@g.us")
    evolution.control.join(bare, BRUNO, CARLA)
    evolution.control.promote(bare, BRUNO)
    evolution.control.demote(bare, BRUNO)
    evolution.control.leave(bare, BRUNO)
    bruno, carla = f"{BRUNO}@s.whatsapp.net", f"{lid_of(CARLA)}@lid"
    (name, joined), *others = told(evolution)
    assert (name, joined) == (
        "group-participants.update",
        {
            "id": group_id,
            "participants": [bruno, carla],
            "action": "add",
            "participantsData": [
                {"jid": bruno, "phoneNumber": BRUNO},
                {"jid": carla, "phoneNumber": lid_of(CARLA)},  # which is no number, as the service has it
            ],
        },
    )
    assert [(data["action"], data["participants"]) for _, data in others] == [
        (action, [bruno]) for action in ("promote", "demote", "remove")
    ]


def test_evolution_tells_of_groups_and_what_changed(evolution: Client) -> None:
    group_id = seed(evolution)
    evolution.control.set_subject(group_id.removesuffix("@g.us"), "Novo")
    evolution.control.permit(group_id.removesuffix("@g.us"), send_messages="admins")
    evolution.control.invite(group_id.removesuffix("@g.us"))
    evolution.control.set_icon(group_id.removesuffix("@g.us"), picture())  # of which it tells nothing
    assert [(name, data[0].get("subject"), data[0].get("announce")) for name, data in told(evolution)] == [
        ("groups.update", "Novo", None),
        ("groups.update", None, True),
        ("groups.update", None, None),
    ]
    (elsewhere,) = evolution.control.seed("Fora", creator=ANA, account="absent")
    evolution.control.join(elsewhere["id"], ACCOUNT)
    name, (group,) = told(evolution)[3]
    assert (name, group["id"], group["subject"]) == ("groups.upsert", f"{elsewhere['id']}@g.us", "Fora")
    assert group["participants"][-1]["id"] == f"{ACCOUNT}@s.whatsapp.net"


def test_evolutions_events_are_unsigned_and_hold_the_key(evolution: Client) -> None:
    evolution.control.set_subject(seed(evolution).removesuffix("@g.us"), "Olá 🙂")
    (webhook,) = evolution.control.webhooks("evolution")
    assert webhook["headers"] == {"Content-Type": "application/json"}
    body = json.loads(webhook["body"])
    assert (body["instance"], body["sender"]) == ("sandbox", f"{ACCOUNT}@s.whatsapp.net")
    assert body["apikey"] == INSTANCE_TOKEN
    lines = requests.get(f"{evolution.server.base_url}/webhooks.jsonl?dialect=evolution", timeout=10).text
    assert [json.loads(line) for line in lines.splitlines()] == [webhook]
    url = f"{evolution.server.base_url}/webhooks.jsonl?dialect=sinch"
    assert requests.get(url, timeout=10).status_code == 404
    with pytest.raises(ControlError, match="dialect: one of waha, evolution"):
        evolution.control.webhooks("sinch")
