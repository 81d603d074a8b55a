"""Drives Evolution's dialect with `evolution-api-mcp`, which nobody here wrote, in an environment of its own.

It names the group in the body, and people by bare digits. Started with the sandbox's address and some facts
of its world as JSON; what its tools say comes out as JSON. An answer that it takes for a failure ends it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable
from typing import Any

from evolution_api_mcp import context
from evolution_api_mcp.client import EvolutionClient
from evolution_api_mcp.errors import ToolExecutionError
from evolution_api_mcp.tools import contacts, groups, messaging
from evolution_api_mcp.toolsets import TOOLSETS


async def told(call: Awaitable[str]) -> Any:
    """Return what a tool says."""
    return json.loads(await call)


async def drive(base_url: str, known: dict[str, str]) -> dict[str, Any]:
    client = EvolutionClient(base_url, "any")
    connection = context.Connection(
        mode="local",
        policy="standard",
        toolsets=frozenset(TOOLSETS),
        allow=None,
        deny=frozenset(),
        deny_is_default=False,
        irreversible_granted=True,
        identity=context.InstanceIdentity("vendas", "WHATSAPP-BAILEYS"),
        subject=None,
        default_delay_ms=0,
        max_writes_per_minute=0,
        max_reads_per_minute=0,
    )
    ana, bruno, carla = known["ana"], known["bruno"], known["carla"]
    seen: dict[str, Any] = {}
    with context.override_for_tests(connection, client):
        checked = await told(contacts.check_whatsapp_numbers([ana, carla]))
        seen["exists"] = [entry["on_whatsapp"] for entry in checked["results"]]
        made = await told(groups.create_group("Juízo", [ana, carla], "Só fatos"))
        group = made["group_id"]
        seen["made"] = (made["subject"], made["size"])
        seen["listed"] = [entry["group_id"] for entry in (await told(groups.list_groups()))["groups"]] == [
            group
        ]

        await groups.update_group_subject(group, "Juízo final")
        await groups.update_group_description(group, "Fatos")
        await groups.update_group_picture(group, known["picture"])
        seen["settings"] = await told(
            groups.update_group_settings(group, only_admins_send=True, only_admins_edit_info=True)
        )
        await groups.set_disappearing_messages(group, "24h")
        added = await told(groups.add_group_participants(group, [ana, bruno, carla]))
        seen["added"] = [entry["status_code"] for entry in added["results"]]
        for action in ("promote", "demote"):
            changed = await told(groups.update_group_admins(group, [bruno], action))
            seen[action] = [entry["status"] for entry in changed["results"]]
        removed = await told(groups.remove_group_participants(group, [bruno]))
        seen["removed"] = [entry["status"] for entry in removed["results"]]

        info = await told(groups.get_group(group))
        seen["info"] = {
            name: info[name]
            for name in ("subject", "description", "owner", "size", "announce_only", "locked", "is_community")
        }
        seen["picture"] = info["picture_url"].startswith(base_url)
        seen["phones"] = [entry["phone"] for entry in info["participants"]]
        first = (await told(groups.get_group_invite_link(group)))["invite_code"]
        seen["code"] = (await told(groups.revoke_group_invite_link(group)))["invite_code"]
        seen["other code"] = first != seen["code"]
        invited = await told(groups.send_group_invite(group, [bruno], "Venha"))
        seen["invited"] = invited["invite_url"].endswith(seen["code"])
        sent = await told(messaging.send_text_message("olá", group))
        seen["sent"] = sent["chat_id"] == group
        seen["left"] = (await told(groups.leave_group(known["other"])))["left"]
        try:
            await groups.get_group(known["other"])
        except ToolExecutionError as refused:
            seen["gone"] = str(refused)
    await client.aclose()
    return {**seen, "group": group}


if __name__ == "__main__":
    json.dump(asyncio.run(drive(sys.argv[1], json.loads(sys.argv[2]))), sys.stdout)
