"""Revoking an invite link so that it is surely dead, and nobody is told twice of another.

                         ┌─ refused, never sent:  as before
begun (on disk) ── sent ─┼─ another link is read: revoked (on disk), done
                         └─ anything else:        begun; the next run looks before it sends
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.errors import ApiError
from reconciler.model.link import digest
from reconciler.model.record import Record, Revoking

if TYPE_CHECKING:
    from reconciler.ports import WritePorts

JUNK_LINK = "junk_link"
"""The code of an answer that is no invite link, see `ports.Writer.get_link`."""


def present_link(ports: WritePorts, group_id: str) -> str:
    """The digest of the group's link, "" for a junk one. Raises what `get_link` raises otherwise."""
    try:
        return digest(ports.writer.get_link(group_id))
    except ApiError as error:
        if error.code == JUNK_LINK:
            return ""
        raise


def ended_since(begun: Revoking | None, present: str) -> bool:
    """Whether a revoke that an earlier run began has taken effect: the `present` link is another one."""
    return begun is not None and present not in ("", begun.link)


@dataclass(frozen=True, slots=True)
class LinkRevoke:
    """The revoke of one recorded group's link. `before` is the record from before it was begun, `begun` what
    is on record of it from then on, with the digest of the link that is to die."""

    ports: WritePorts
    name: str
    before: Record
    begun: Revoking

    def begin(self) -> None:
        """Put on record that it is about to be sent. Raises `StateError`."""
        self.ports.journal.revoke(self.name, self.begun)

    def send(self) -> None:
        """Make the one call. Raises what `revoke_link` raises."""
        self.ports.writer.revoke_link(self.before.id)

    def undo(self) -> None:
        """Put on record that surely nothing was done: a link that dies otherwise would count as this one.
        Raises `StateError`."""
        self.ports.journal.record(self.name, self.before)

    def is_dead(self) -> bool:
        """Whether the group has another proper link by now. Raises what `get_link` raises."""
        return digest(self.ports.writer.get_link(self.before.id)) != self.begun.link

    def end(self) -> None:
        """Put on record that it was seen to have taken effect, so that it is not done again. Raises
        `StateError`."""
        self.ports.journal.revoked(self.name)
