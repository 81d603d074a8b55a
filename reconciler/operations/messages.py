"""`send`: one text to one group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.errors import ReconcilerError
from reconciler.messaging.group_message import addressed, send_once
from reconciler.messaging.invitations import people_only
from reconciler.model.live import Problem
from reconciler.operations.deciding import decide

if TYPE_CHECKING:
    from reconciler.manifests.load import Loaded
    from reconciler.model.record import State
    from reconciler.model.sending import GroupMessage
    from reconciler.planning.options import Options
    from reconciler.ports import ReadPorts


def send_to_group(
    loaded: Loaded,
    state: State,
    options: Options,
    ports: ReadPorts,
    *,
    text: str,
    send: Callable[[str, str], str],
    approve: Callable[[GroupMessage], bool],
) -> GroupMessage:
    """Send a text to the group that a manifest declares, once somebody has agreed.

    The group is found and read as for a plan; `options.targets` is its name alone. Of the writer it is handed
    `send_to_group` alone. Raises what `plan` raises, `ReconcilerError` where the group is not there or could
    not be read, and `CredentialsError`.
    """
    (name,) = options.targets
    clock = ports.clock
    made, _ = decide(replace(loaded, desired=people_only(loaded.desired)), state, options, ports)
    group = next(group for group in made.groups if group.name == name)
    if group.live is None:
        why = {
            "create": "it is yet to be created",
            "missing": "it is gone",
            "unreadable": "it could not be read",
        }
        reason = why.get(group.action, "nobody knows which it is")
        raise ReconcilerError(f"nothing was sent to {name}: {reason}", "see: reconciler plan")
    account = loaded.settings.account_keys
    to = addressed(name, group.live, account)
    if account and not account & group.live.participant_keys:
        raise ReconcilerError(f"nothing was sent to {name}: the account is not in this group any more")
    if not approve(to):
        return replace(to, problem=Problem("declined", "not sent: nobody agreed"), interrupted=clock.stopping)
    return send_once(to, text, send, clock=clock, retries=loaded.settings.api.retries)
