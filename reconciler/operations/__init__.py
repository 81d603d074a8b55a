"""What the verbs do, one readable function each; everything they need is handed in, nothing is printed.

Here belongs how a verb is put together from reading, planning, applying and recording: one module a family of
verbs, all named below. Never here: printing, exit codes, concrete backends and stores, or decisions.
A verb's module is imported when it is first asked for, so that no verb pays for another.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.operations.accepting import accept
    from reconciler.operations.applying import apply
    from reconciler.operations.binding import bind, forget, migrate, move
    from reconciler.operations.comparing import BaseFiles, under_settings_of
    from reconciler.operations.deciding import Drifted, Planned, drift, plan
    from reconciler.operations.importing import import_groups
    from reconciler.operations.inviting import Whom, invites, rotate_links, send_invites
    from reconciler.operations.listing import list_groups
    from reconciler.operations.messages import send_to_group
    from reconciler.operations.readying import inbound, ready
    from reconciler.operations.remembering import remember

__all__ = [
    "BaseFiles",
    "Drifted",
    "Planned",
    "Whom",
    "accept",
    "apply",
    "bind",
    "drift",
    "forget",
    "import_groups",
    "inbound",
    "invites",
    "list_groups",
    "migrate",
    "move",
    "plan",
    "ready",
    "remember",
    "rotate_links",
    "send_invites",
    "send_to_group",
    "under_settings_of",
]

_HOMES = {
    "accept": "accepting",
    "apply": "applying",
    "bind": "binding",
    "forget": "binding",
    "migrate": "binding",
    "move": "binding",
    "BaseFiles": "comparing",
    "under_settings_of": "comparing",
    "Drifted": "deciding",
    "Planned": "deciding",
    "drift": "deciding",
    "plan": "deciding",
    "import_groups": "importing",
    "Whom": "inviting",
    "invites": "inviting",
    "rotate_links": "inviting",
    "send_invites": "inviting",
    "list_groups": "listing",
    "send_to_group": "messages",
    "inbound": "readying",
    "ready": "readying",
    "remember": "remembering",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
