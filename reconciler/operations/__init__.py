"""What the verbs do, one readable function each; everything they need is handed in, nothing is printed.

Here belongs how a verb is put together from reading, planning, applying and recording: one module a family of
verbs, all named below. Never here: printing, exit codes, concrete backends and stores, or decisions.
"""

from reconciler.operations.applying import apply
from reconciler.operations.binding import bind, forget, move
from reconciler.operations.comparing import BaseFiles, under_settings_of
from reconciler.operations.deciding import Drifted, Planned, drift, plan
from reconciler.operations.importing import ImportWish, import_groups
from reconciler.operations.inviting import Whom, invites, rotate_links, send_invites
from reconciler.operations.listing import list_groups
from reconciler.operations.messages import send_to_group
from reconciler.operations.readying import inbound, ready

__all__ = [
    "BaseFiles",
    "Drifted",
    "ImportWish",
    "Planned",
    "Whom",
    "apply",
    "bind",
    "drift",
    "forget",
    "import_groups",
    "inbound",
    "invites",
    "list_groups",
    "move",
    "plan",
    "ready",
    "rotate_links",
    "send_invites",
    "send_to_group",
    "under_settings_of",
]
