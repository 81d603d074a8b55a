"""Saved plans: what was reviewed, as keyed digests, so that a file can be published and still be compared.

A digest covers, for every changed group, the desired values, the id, the before-values of what changes, the
people affected and the icons' hashes; and for the run its options and objections. The file holds no number,
link or token: without the key nobody can try numbers against it. It is compared, never executed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.errors import ObjectionError
from reconciler.language import joined, msg
from reconciler.model.change import (
    AdoptGroup,
    Change,
    ChangePeople,
    CreateGroup,
    LeaveGroup,
    RevokeLink,
    SetIcon,
    SetValue,
)
from reconciler.model.desired import DesiredGroup
from reconciler.model.live import LiveIcon
from reconciler.model.plan import GroupPlan, Plan
from reconciler.planning.diff import Differences, differences
from reconciler.planning.guards import ON_THE_COMMAND_LINE
from reconciler.planning.options import Options

FORMAT_VERSION = 1

_RUN_WORDS = {
    "options": msg("the options (--target, --prune, --allow) are others"),
    "objections": msg("the objections, or what lifts them, are others"),
}
_WORDS = {
    "desired": msg("what the manifest says"),
    "id": msg("which group it is"),
    "before": msg("what the group is like now"),
    "changes": msg("what would be changed"),
    "people": msg("the people affected"),
    "icon": msg("the icon"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Keyed digests (hex) of a plan: of the whole, the options, the objections, and per changed group of
    each aspect."""

    whole: str
    options: str
    objections: str
    groups: Mapping[str, Mapping[str, str]]


def fingerprint(plan: Plan, options: Options, key: bytes) -> Fingerprint:
    """Return the digests of a plan under a key."""
    # only apply objects to what is not committed; what is wanted is in the digests
    allow = sorted(options.allow - ON_THE_COMMAND_LINE)
    options_digest = _digest(key, "options", [allow, options.prune, sorted(options.targets)])
    objections_digest = _digest(
        key,
        "objections",
        [
            [entry.code, list(entry.groups), entry.lifted_by]
            for entry in plan.objections
            if entry.code not in ON_THE_COMMAND_LINE
        ],
    )
    groups = {
        group.name: {aspect: _digest(key, aspect, value) for aspect, value in _aspects(group).items()}
        for group in plan.changed
    }
    whole = _digest(key, "plan", [options_digest, objections_digest, groups])
    return Fingerprint(whole=whole, options=options_digest, objections=objections_digest, groups=groups)


def document(print_: Fingerprint, plan: Plan, key: bytes) -> str:
    """Return the text of a plan file: JSON, sealed, so that a change of the file itself shows as well."""
    body = {
        "format_version": FORMAT_VERSION,
        "kind": "saved_plan",
        "digest": print_.whole,
        "options": print_.options,
        "objections": print_.objections,
        "groups": [
            {
                "name": group.name,
                "action": group.action,
                "changes": [change.kind for change in group.changes],
                "digests": dict(print_.groups[group.name]),
            }
            for group in plan.changed
        ],
    }
    return json.dumps({**body, "seal": _digest(key, "file", body)}, indent=2, ensure_ascii=False) + "\n"


def check(text: str, print_: Fingerprint, key: bytes) -> None:
    """Raise `ObjectionError`, saying what differs, unless the file holds this very plan."""
    saved = _saved(text)
    if saved is None:
        raise ObjectionError(
            msg("the file holds no saved plan, or not the whole of one"),
            msg("give what `plan --out FILE` wrote"),
        )
    differences = _differences(saved, print_, key)
    if differences:
        raise ObjectionError(
            msg(
                "the saved plan does not hold any more: {differences}",
                differences=joined("; ", differences),
            ),
            msg("plan again, have it reviewed, and apply the new file"),
        )


def _saved(text: str) -> dict[str, Any] | None:
    """Return what a file holds, or None for what no `document` can be."""
    try:
        saved = json.loads(text)
    except (ValueError, RecursionError):
        return None
    sealed = isinstance(saved, dict) and isinstance(saved.get("seal"), str)
    return saved if sealed else None


def _differences(saved: dict[str, Any], print_: Fingerprint, key: bytes) -> list[str]:
    seal = str(saved.pop("seal"))
    if not hmac.compare_digest(seal.encode(errors="replace"), _digest(key, "file", saved).encode()):
        return [msg("the file is damaged, was changed, or was made with another key (RECONCILER_PLAN_KEY)")]
    if saved.get("format_version") != FORMAT_VERSION or saved.get("kind") != "saved_plan":
        return [msg("the file was written by another version")]
    # The seal has shown that the rest was written by `document`.
    before = {
        "options": saved["options"],
        "objections": saved["objections"],
        "groups": {group["name"]: group["digests"] for group in saved["groups"]},
    }
    now = {"options": print_.options, "objections": print_.objections, "groups": print_.groups}
    return _told(differences(before, now))


def _told(found: Differences) -> list[str]:
    """Return what differs, in words: first of the run, then of each group."""
    told = [text for part, text in _RUN_WORDS.items() if (part,) in found.changed]
    groups = {path[1]: msg("{name} would be changed now, too", name=path[1]) for path in found.added}
    groups |= {path[1]: msg("{name} would not be changed any more", name=path[1]) for path in found.removed}
    aspects: dict[str, set[str]] = {}
    for path in found.changed:
        if path[0] == "groups":
            aspects.setdefault(path[1], set()).add(path[2])
    for name, differing in aspects.items():
        words = [word for aspect, word in _WORDS.items() if aspect in differing]
        groups[name] = msg("{name}: {aspects} changed", name=name, aspects=joined(", ", words))
    return told + [groups[name] for name in sorted(groups)]


def _digest(key: bytes, aspect: str, value: object) -> str:
    text = json.dumps([aspect, value], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _aspects(group: GroupPlan) -> dict[str, object]:
    return {
        "desired": _desired(group.desired) if group.desired else None,
        "id": group.id,
        "before": [_before(change) for change in group.changes],
        "changes": [_effect(change) for change in group.changes],
        "people": [
            [change.kind, sorted(person.wa_id for person in change.people)]
            for change in group.changes
            if isinstance(change, ChangePeople)
        ],
        "icon": [
            change.after.sha256 for change in group.changes if isinstance(change, SetIcon) and change.after
        ],
    }


def _desired(group: DesiredGroup) -> list[object]:
    return [
        group.name,
        group.subject,
        None if group.icon is None else [group.icon.picture.sha256 if group.icon.picture else None],
        None if group.admins is None else [person.numbers for person in group.admins],
        None if group.members is None else [person.numbers for person in group.members],
        group.prune_members,
        group.link_version,
        group.previously,
        group.id,
        group.ensure.value,
        *([group.description, dict(group.permissions), group.join] if _goes_further(group) else []),
    ]


def _goes_further(group: DesiredGroup) -> bool:
    """Return whether a group wants what not every service has: the digest of others stays as it was."""
    return group.description is not None or bool(group.permissions) or group.join != "invite"


def _before(change: Change) -> object:
    match change:
        case SetValue() | RevokeLink():
            return change.before
        case SetIcon():
            return _icon(change.before)
        case AdoptGroup():
            return change.was
        case CreateGroup() | ChangePeople() | LeaveGroup():
            return None


def _icon(seen: LiveIcon | None) -> object:
    if seen is None or seen.meta is None:
        return None
    return seen.sha256 or [seen.meta.bare_url, seen.meta.length]


def _effect(change: Change) -> list[object]:
    match change:
        case CreateGroup():
            return [change.kind, change.subject]
        case AdoptGroup():
            return [change.kind, change.id, change.found_by]
        case SetValue() | RevokeLink():
            return [change.key, change.after]
        case SetIcon() | ChangePeople() | LeaveGroup():
            return [change.kind]
