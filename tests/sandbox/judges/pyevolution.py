"""Drives Evolution's dialect with `pyevolutionapi`, which nobody here wrote, in an environment of its own.

It names the group in the query. Started with the sandbox's address and some facts of its world as JSON; what
its models make of the answers comes out as JSON. An answer that a model refuses ends it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pyevolutionapi import EvolutionClient, NotFoundError
from pyevolutionapi.models.webhook import WebhookConfig

INSTANCE = "vendas"


def main(base_url: str, known: dict[str, str]) -> dict[str, Any]:
    client = EvolutionClient(base_url, api_key="any")
    groups = client.groups
    ana, bruno, carla = (f"{known[name]}@s.whatsapp.net" for name in ("ana", "bruno", "carla"))
    seen: dict[str, Any] = {}

    (instance,) = client.instance.fetch_instances(INSTANCE)
    seen["integration"] = instance.integration
    seen["state"] = client.instance.connection_state(INSTANCE)["instance"]["state"]
    numbers = client.chat.whatsapp_numbers(INSTANCE, [ana, carla])
    seen["exists"] = [entry["exists"] for entry in numbers]

    made = groups.create(INSTANCE, "Juízo", "Só fatos", [ana])
    seen["people"] = [entry.id for entry in made.participants]
    (group,) = groups.fetch_all_groups(INSTANCE, get_participants=True)
    seen["group"] = group.id
    seen["admins"] = [entry.admin for entry in group.participants]
    (short,) = groups.fetch_all_groups(INSTANCE)
    seen["without people"] = (short.subject, short.size, short.participants)

    seen["done"] = [
        groups.update_subject(INSTANCE, group.id, "Juízo final"),
        groups.update_description(INSTANCE, group.id, "Fatos"),
        groups.update_picture(INSTANCE, group.id, known["picture"]),
    ]
    picture = client.chat.fetch_profile_picture(INSTANCE, group.id)
    seen["picture"] = picture["profilePictureUrl"].startswith(base_url)
    first = groups.get_invite_code(INSTANCE, group.id)["inviteCode"]
    seen["code"] = groups.revoke_invite_code(INSTANCE, group.id)["inviteCode"]
    seen["other code"] = first != seen["code"]
    for action in ("add", "promote", "demote", "remove"):
        answer = groups.update_participant(INSTANCE, group.id, action, [bruno, carla])
        seen[action] = [entry["status"] for entry in answer["updateParticipants"]]
    members = groups.get_participants(INSTANCE, group.id)["participants"]
    seen["members"] = [entry["id"] for entry in members]
    hook = WebhookConfig(url=f"{base_url}/hook", events=["GROUPS_UPSERT"])
    client.request(
        "POST", f"/webhook/set/{INSTANCE}", json={"webhook": hook.model_dump(mode="json", by_alias=True)}
    )

    seen["left"] = groups.leave_group(INSTANCE, known["other"])
    try:
        groups.get_participants(INSTANCE, known["other"])
    except NotFoundError as gone:
        seen["gone"] = gone.response_data["response"]["message"][-1]
    return seen


if __name__ == "__main__":
    json.dump(main(sys.argv[1], json.loads(sys.argv[2])), sys.stdout)
