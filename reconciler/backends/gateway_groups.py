"""What gateways say of groups: a list of them, or one, as facts or not.

A group is one only with a subject, a creation time, somebody in it, and the own account among them: gateways
answer from caches that may hold less. Evolution API and WAHA's engine NOWEB tell them as the library Baileys
has them; WAHA's GOWS has names of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from reconciler.backends import faults
from reconciler.backends.gateway_answers import GROUP_DOMAIN, bad, id_of, without_device
from reconciler.errors import Problem, Unclear
from reconciler.language import msg
from reconciler.model import number
from reconciler.model.group import Permission, Value
from reconciler.model.live import LiveGroup, Session

_SOME_TIME = re.compile(r"(?!0001)[0-9]{4}-[0-9]{2}-[0-9]{2}T.*")
_GOWS = {
    "JID": "id",
    "OwnerJID": "owner",
    "OwnerPN": "ownerPn",
    "Name": "subject",
    "Topic": "desc",
    "IsLocked": "restrict",
    "IsAnnounce": "announce",
    "IsParent": "isCommunity",
    "IsDefaultSubGroup": "isCommunityAnnounce",
    "LinkedParentJID": "linkedParent",
    "IsJoinApprovalRequired": "joinApprovalMode",
    "MemberAddMode": "memberAddMode",
    "GroupCreated": "creation",
    "Participants": "participants",
    "ParticipantCount": "size",
    "PhoneNumber": "phoneNumber",
}
"""The engine GOWS's names of what Baileys calls otherwise, of groups and of people."""


class _NoFact(Exception):
    """What is said of a group does not make one; `why` says in what."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def groups(data: object, own: Session) -> tuple[dict[str, LiveGroup | Problem], int]:
    """The groups of one listing by id, and how many entries it has: an object by id (NOWEB) or a list.
    What is no group's id is dropped, as channels and broadcasts are."""
    if isinstance(data, dict):
        entries = list(data.items())
    elif isinstance(data, list):
        entries = [(id_of(entry), entry) for entry in data]
    else:
        raise bad(msg("the answer holds no list of groups"))
    found: dict[str, LiveGroup | Problem] = {}
    for group_id, entry in entries:
        if not isinstance(group_id, str) or "@" not in group_id:
            raise bad(msg("the list of groups holds an entry without a usable id"))
        if not group_id.endswith(GROUP_DOMAIN) or group_id in found:
            continue
        if not number.is_group_id(group_id):
            raise bad(msg("the list of groups holds an entry without a usable id"))
        try:
            found[group_id] = _group(entry, group_id, own)
        except _NoFact as no_fact:
            found[group_id] = Problem.of(_unreadable(no_fact))
    return found, len(entries)


def group(data: object, group_id: str, own: Session) -> LiveGroup:
    """One group, which must be the one asked for."""
    try:
        return _group(data, group_id, own)
    except _NoFact as no_fact:
        raise _unreadable(no_fact) from None


def _unreadable(no_fact: _NoFact) -> Unclear:
    return Unclear(
        msg("what the gateway says of the group is incomplete: {why}", why=no_fact.why),
        msg("gateways answer from a cache: run it again later, or restart the session"),
        code="unreadable",
        retry=True,
    )


def _group(entry: object, group_id: str, own: Session) -> LiveGroup:
    if not isinstance(entry, dict):
        raise _NoFact(msg("it is no object"))
    found = _as_baileys(entry)
    if found.get("id") != group_id:
        raise _NoFact(msg("it is another group, or has no id"))
    subject = found.get("subject")
    if not isinstance(subject, str) or not subject.strip():
        raise _NoFact(msg("it has no subject"))
    if not _is_moment(found.get("creation")):
        raise _NoFact(msg("it does not say when it was created"))
    people = _people(found.get("participants"))
    numbers = {person: digits for person, (digits, _) in people.items() if digits is not None}
    ours = {person for person in people if _is_own(person, numbers.get(person), own)}
    if not ours:
        raise _NoFact(msg("the account is not in it"))
    if own.number is not None:
        numbers |= dict.fromkeys(ours - numbers.keys(), own.number)
    description = found.get("desc")
    if description is not None and not isinstance(description, str):
        raise _NoFact(msg("its description is no text"))
    parent = found.get("linkedParent") or None
    if parent is not None and not (isinstance(parent, str) and number.is_group_id(parent)):
        raise _NoFact(msg("its community has no usable id"))
    return LiveGroup(
        id=group_id,
        subject=faults.well_formed(subject),
        creator=_creator(found, numbers, people, own),
        admins=tuple(person for person, (_, role) in people.items() if role),
        participants=tuple(people),
        description=faults.well_formed(description or ""),
        permissions=_permissions(found),
        numbers=numbers,
        superadmins=tuple(person for person, (_, role) in people.items() if role == "superadmin"),
        parent=parent,
        community=bool(found.get("isCommunity") or found.get("isCommunityAnnounce")),
        count=faults.integer(found.get("size")),
    )


def _as_baileys(found: Mapping[str, object]) -> dict[str, object]:
    return {_GOWS.get(key, key): value for key, value in found.items()}


def _is_moment(value: object) -> bool:
    """Whether this is a time: seconds since 1970, or a date that is not the beginning of the calendar."""
    if isinstance(value, str) and _SOME_TIME.fullmatch(value):
        return True
    return bool(faults.integer(value))


def _people(listed: object) -> dict[str, tuple[str | None, str]]:
    """Who is in a group, by id without the device: the digits, where they are known, and the role, "" for
    none."""
    if not isinstance(listed, list) or not listed:
        raise _NoFact(msg("it has nobody in it"))
    people: dict[str, tuple[str | None, str]] = {}
    for each in listed:
        if not isinstance(each, dict):
            raise _NoFact(msg("somebody in it is no object"))
        found = _as_baileys(each)
        person = without_device(found.get("id"))
        if "@" not in person or not number.is_person_id(person):
            raise _NoFact(msg("somebody in it has no usable id"))
        told = number.told_by(person, found.get("phoneNumber"), found.get("pn")), _role(found)
        if people.setdefault(person, told) != told:
            raise _NoFact(msg("somebody is in it twice, and not as the same"))
    return people


def _role(found: Mapping[str, object]) -> str:
    if found.get("IsSuperAdmin") is True:
        return "superadmin"
    if found.get("IsAdmin") is True:
        return "admin"
    role = found.get("admin")
    if role in (None, False, ""):
        return ""
    if not isinstance(role, str) or role not in ("admin", "superadmin"):
        raise _NoFact(msg("somebody in it has a role that is not known here"))
    return role


def _is_own(person: str, digits: str | None, own: Session) -> bool:
    if digits is not None and own.number is not None and number.key(digits) == number.key(own.number):
        return True
    return own.lid is not None and number.key(person) == own.lid


def _creator(
    found: Mapping[str, object], numbers: Mapping[str, str], people: Collection[str], own: Session
) -> str | None:
    """The creator's number where it is told, else their id among the people; None where nobody can say."""
    owner = without_device(found.get("owner"))
    told = number.told_by(found.get("ownerPn"), owner) or numbers.get(owner)
    if told is not None:
        return told
    if own.lid is not None and owner == own.lid:
        return own.number or own.lid
    return owner if owner in people else None


def _permissions(found: Mapping[str, object]) -> dict[Permission, Value]:
    """What members may do, as far as it is told."""
    permissions: dict[Permission, Value] = {}
    if (announce := _flag(found, "announce")) is not None:
        permissions["send_messages"] = "admins" if announce else "everyone"
    if (restrict := _flag(found, "restrict")) is not None:
        permissions["edit_info"] = "admins" if restrict else "everyone"
    mode = found.get("memberAddMode")
    everyone = {"all_member_add": True, "admin_add": False}.get(mode) if isinstance(mode, str) else mode
    if isinstance(everyone, bool):
        permissions["add_members"] = "everyone" if everyone else "admins"
    elif mode not in (None, ""):
        raise _NoFact(msg("who may add people is not known here"))
    if (approve := _flag(found, "joinApprovalMode")) is not None:
        permissions["approve_members"] = approve
    return permissions


def _flag(found: Mapping[str, object], key: str) -> bool | None:
    value = found.get(key)
    if value is not None and not isinstance(value, bool):
        raise _NoFact(msg("its `{key}` is neither true nor false", key=key))
    return value
