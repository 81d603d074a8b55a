"""Documents to manifests and back, and documents as YAML text, all pure.

A document is what the schema allows, without what it calls wrong. `document(manifest(d)) == d` for every
document that writes no default out. Text is quoted so that every reader of YAML, ours and an editor's, reads
the same back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from reconciler.model.group import UNSET, Ensure, Hold, Manifest, Unset

if TYPE_CHECKING:
    from reconciler.errors import Location

_WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z\u00c0-\u024f][\w ./-]*[\w.]|[A-Za-z\u00c0-\u024f]")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAYS = frozenset(["until", "left"])
_WORDS = frozenset(["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"])


def manifest(
    document: Mapping[str, Any],
    *,
    name: str,
    location: Location,
    locations: Mapping[str, Location] | None = None,
) -> Manifest:
    """Return the manifest that a checked document declares; `name` is taken where the document gives none."""
    get = document.get
    hold = get("hold")
    return Manifest(
        name=get("name", name),
        location=location,
        subject=get("subject"),
        description=get("description", UNSET),
        icon=get("icon", UNSET),
        permissions=get("permissions"),
        join=get("join"),
        admins=_texts(get("admins")),
        members=_texts(get("members")),
        prune_members=get("prune_members"),
        link_version=get("link_version"),
        previously=tuple(get("previously", ())),
        id=get("id"),
        kind=get("kind"),
        unmanaged=tuple(get("unmanaged", ())),
        ensure=Ensure(get("ensure", Ensure.PRESENT)),
        hold=None if hold is None else Hold(hold["reason"], _day(hold.get("until"))),
        locations=locations or {},
    )


def document(manifest: Manifest) -> dict[str, Any]:
    """Return the document that declares a manifest: keys in the order users know, nothing for what is
    unset."""
    found: dict[str, Any] = {
        "name": manifest.name,
        "subject": manifest.subject,
        "description": manifest.description,
        "icon": manifest.icon,
        "permissions": manifest.permissions and dict(manifest.permissions),
        "join": manifest.join,
        "admins": _list(manifest.admins),
        "members": _list(manifest.members),
        "prune_members": manifest.prune_members,
        "link_version": manifest.link_version,
        "previously": _list(manifest.previously or None),
        "id": manifest.id,
        "kind": manifest.kind,
        "unmanaged": _list(manifest.unmanaged or None),
        "ensure": None if manifest.ensure is Ensure.PRESENT else manifest.ensure.value,
        "hold": None if manifest.hold is None else _hold(manifest.hold),
    }
    return {
        key: value
        for key, value in found.items()
        if not isinstance(value, Unset) and (value is not None or key in ("description", "icon"))
    }


def _hold(hold: Hold) -> dict[str, str]:
    until = {} if hold.until is None else {"until": hold.until.isoformat()}
    return {"reason": hold.reason, **until}


def _texts(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


def _list(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


# --- as text -----------------------------------------------------------------------------------------------


def yaml_text(document: Mapping[str, object]) -> str:
    """Return one document: a line a key, lists and mappings in one line where they fit.

    Values are text, whole numbers, true, false, null, lists of those and mappings of those.
    """
    return "".join(_entry(key, value) for key, value in document.items())


def _entry(key: str, value: object) -> str:
    line = f"{scalar_text(key)}: {flow_text(value)}\n"
    if len(line) <= _WIDTH or not isinstance(value, list) or not value:
        return line
    return f"{scalar_text(key)}:\n" + "".join(f"  - {flow_text(item)}\n" for item in value)


def flow_text(value: object) -> str:
    """Return a value in one line, as it may stand behind a key."""
    if isinstance(value, str):
        return scalar_text(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(_pair(str(key), item) for key, item in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(flow_text, value)) + "]"
    return json.dumps(value)


def _pair(key: str, value: object) -> str:
    if key in _DAYS and isinstance(value, str) and _DAY.fullmatch(value):
        return f"{key}: {value}"  # a day to every reader, and meant as one
    return f"{scalar_text(key)}: {flow_text(value)}"


def scalar_text(text: str, *, quoted: bool = False) -> str:
    """Return a text as it may stand anywhere: plain where it cannot be mistaken and need not be `quoted`,
    else in double quotes, whose escapes are JSON's."""
    if not quoted and _PLAIN.fullmatch(text) and text.isprintable() and text.lower() not in _WORDS:
        return text
    written = json.dumps(text, ensure_ascii=False)
    return written if written.isprintable() else "".join(map(_shown, written))


def _shown(char: str) -> str:
    """Return a character that everybody sees, or its escape: invisible ones (tags, joiners, bidi marks)
    could hide words from whoever reviews the file."""
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if char < "\U00010000" else f"\\U{ord(char):08x}"
