"""Events as WAHA posts them: which there are, what they say, and that they are signed."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from reconciler.sandbox.group import lid_of

from .conftest import ACCOUNT, ANA, BRUNO, CARLA, Client
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
