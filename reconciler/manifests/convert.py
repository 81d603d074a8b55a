"""Documents to manifests and back, both pure: plain values in, plain values out.

A document is what the schema allows, without what it calls wrong. `document(manifest(d)) == d` for every
document that writes no default out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from reconciler.model.group import UNSET, Ensure, Hold, Manifest, Unset

if TYPE_CHECKING:
    from reconciler.errors import Mark


def manifest(
    document: Mapping[str, Any],
    *,
    name: str,
    mark: Mark,
    marks: Mapping[str, Mark] | None = None,
) -> Manifest:
    """The manifest that a checked document declares; `name` is taken where the document gives none."""
    get = document.get
    hold = get("hold")
    return Manifest(
        name=get("name", name),
        mark=mark,
        subject=get("subject"),
        icon=get("icon", UNSET),
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
        marks=marks or {},
    )


def document(manifest: Manifest) -> dict[str, Any]:
    """The document that declares a manifest: keys in the order users know, nothing for what is unset."""
    found: dict[str, Any] = {
        "name": manifest.name,
        "subject": manifest.subject,
        "icon": manifest.icon,
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
        if not isinstance(value, Unset) and (value is not None or key == "icon")
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
