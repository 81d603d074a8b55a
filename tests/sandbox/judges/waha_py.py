"""Drives WAHA's dialect with `waha-py`, which nobody here wrote, in an environment of its own.

Started with the sandbox's address, its engine, and some facts of its world as JSON. Every answer is validated
by that client's models, and what the test looks at comes out as JSON. An answer that a model refuses ends it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import httpx
from pydantic import TypeAdapter
from waha import WahaClient, models


def check(model: Any, answer: Any) -> Any:
    """Return the answer, which the model must take."""
    TypeAdapter(model).validate_python(answer)
    return answer


def main(base_url: str, engine: str, known: dict[str, str]) -> dict[str, Any]:
    client = WahaClient(base_url, api_key="any")
    groups, s = client.groups, "default"
    ana, bruno, carla = (f"{known[name]}@c.us" for name in ("ana", "bruno", "carla"))
    seen: dict[str, Any] = {}

    check(models.SessionInfo, client.sessions.get(s))
    check(models.MeInfo, client.sessions.get_me(s))
    check(models.MessageCappingData, client.sessions.fetch_message_capping(s))
    check(models.ReachoutTimelockData, client.sessions.fetch_reachout_timelock(s))
    check(models.WAHAEnvironment, client.server.get())
    check(models.WAHAEnvironment, client.version.get())

    person = models.Participant(id=ana)
    made = groups.create_group(s, models.CreateGroupRequest(name="Juízo", participants=[person]))
    group = made["id"] if engine == "NOWEB" else made["JID"]
    seen["group"] = group
    listed = groups.get_groups(s, {"limit": 10, "offset": 0, "sortBy": "subject", "sortOrder": "asc"})
    seen["listed"] = sorted(listed if engine == "NOWEB" else (entry["JID"] for entry in listed))
    groups.get_groups(s, {"exclude": ["participants"]})
    seen["count"] = check(models.CountResponse, groups.get_groups_count(s))["count"]
    groups.refresh_groups(s)
    seen["same"] = groups.get_group(s, group) == next(
        entry for entry in (listed.values() if engine == "NOWEB" else listed) if group in entry.values()
    )

    groups.set_subject(s, group, models.SubjectRequest(subject="Juízo final"))
    groups.set_description(s, group, models.DescriptionRequest(description="Só fatos"))
    switches = (
        (groups.set_info_admin_only, groups.get_info_admin_only, models.SettingsSecurityChangeInfo),
        (groups.set_messages_admin_only, groups.get_messages_admin_only, models.SettingsSecurityChangeInfo),
        (groups.set_member_add_mode, groups.get_member_add_mode, models.SettingsMemberAddMode),
        (
            groups.set_membership_approval_mode,
            groups.get_membership_approval_mode,
            models.SettingsMembershipApproval,
        ),
    )
    for put, get, model in switches:
        (key,) = model.model_fields
        put(s, group, model(**{key: True}))
        seen[put.__name__] = check(model, get(s, group))[key]

    picture = models.BinaryFile(mimetype="image/png", data=known["picture"])
    check(models.Result, groups.set_picture(group, s, models.ProfilePictureRequest(file=picture)))
    check(models.ChatPictureResponse, groups.get_chat_picture(s, group, {"refresh": True}))
    check(models.Result, groups.delete_picture(group, s))
    seen["no picture"] = groups.get_chat_picture(s, group)

    first = groups.get_invite_code(s, group)
    seen["code"] = check(str, groups.revoke_invite_code(s, group))
    seen["other code"] = first != seen["code"]
    groups.join_info_group(s, {"code": seen["code"]})

    asked = models.ParticipantsRequest(
        participants=[models.Participant(id=bruno), models.Participant(id=carla)]
    )
    seen["added"] = [entry["status"] for entry in groups.add_participants(s, group, asked)]
    seen["promoted"] = [entry["status"] for entry in groups.promote_to_admin(s, group, asked)]
    seen["demoted"] = [entry["status"] for entry in groups.demote_to_admin(s, group, asked)]
    groups.get_participants(s, group)
    people = check(list[models.GroupParticipant], groups.get_group_participants(s, group))
    seen["people"] = [entry["id"] for entry in people]
    seen["removed"] = [entry["status"] for entry in groups.remove_participants(s, group, asked)]

    waiting = groups.get_group_join_requests(s, known["waiting"])
    if engine == "NOWEB":  # says null of two keys that the model wants as text
        waiting = [entry | {"addedById": "", "parentGroupId": ""} for entry in waiting]
    check(list[models.GroupJoinRequest], waiting)
    one, other = ({"participants": [{"id": entry["requesterId"]}]} for entry in waiting)
    results = list[models.GroupJoinRequestResult]
    approved = check(results, groups.approve_group_join_requests(s, known["waiting"], one))
    rejected = check(results, groups.reject_group_join_requests(s, known["waiting"], other))
    again = check(results, groups.reject_group_join_requests(s, known["waiting"], other))
    seen["decided"] = [entry["success"] for entry in (*approved, *rejected, *again)]

    text = models.MessageTextRequest(chatId=group, text="olá", session=s)
    check(models.WAMessage, client.chatting.send_text(text))
    exists = client.contacts.check_exists({"phone": known["ana"], "session": s})
    seen["exists"] = check(models.WANumberExistResult, exists)["chatId"]
    check(list[models.LidToPhoneNumber], client.lids.get_all(s, {"limit": 5, "offset": 0}))
    check(models.CountResponse, client.lids.get_lids_count(s))
    pair = check(models.LidToPhoneNumber, client.lids.find_lid_by_phone_number(s, ana))
    seen["pn"] = check(models.LidToPhoneNumber, client.lids.find_pn_by_lid(s, pair["lid"]))["pn"]

    seen["joined"] = check(models.JoinGroupResponse, groups.join_group(s, {"code": known["code"]}))["id"]
    groups.leave_group(s, seen["joined"])

    payloads = {
        "group.v2.join": models.GroupV2JoinEvent,
        "group.v2.leave": models.GroupV2LeaveEvent,
        "group.v2.update": models.GroupV2UpdateEvent,
        "group.v2.participants": models.GroupV2ParticipantsEvent,
        "group.v2.participants.join-request": models.GroupV2ParticipantsJoinRequestEvent,
    }
    control = {"X-Sandbox-Control": "1"}
    told = httpx.get(f"{base_url}/_sandbox/webhooks", headers=control).json()["webhooks"]
    events = [json.loads(webhook["body"]) for webhook in told]
    for event in events:
        check(payloads[event["event"]], event["payload"])
        check(models.MeInfo, event["me"])
        check(models.WAHAEnvironment, event["environment"])
    seen["events"] = sorted({event["event"] for event in events})
    return seen


if __name__ == "__main__":
    json.dump(main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])), sys.stdout)
