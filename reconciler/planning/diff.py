"""What differs between a group as wanted and as read: scalars by deepdiff, people by set algebra.

deepdiff is asked only about unequal scalar fields; on lists it would call "bob out, cat in" a change of
bob, so people are compared as sets of number keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from reconciler.frozen import dataclass
from reconciler.model import number
from reconciler.model.change import Affected, Invite
from reconciler.model.desired import DesiredGroup, Person
from reconciler.model.live import LiveGroup
from reconciler.model.plan import Note

Scalar = str | int | bool | None


def changed_fields(before: Mapping[str, Scalar], after: Mapping[str, Scalar]) -> tuple[str, ...]:
    """Names of the fields whose values differ; both sides have the same keys."""
    if before == after:
        return ()
    from deepdiff import DeepDiff

    delta = DeepDiff(dict(before), dict(after), view="tree")
    return tuple(
        sorted({str(item.path(output_format="list")[0]) for items in delta.values() for item in items})
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleDiff:
    """Who is to be promoted, demoted, removed (participants, as listed), and who is to be invited."""

    promote: tuple[Affected, ...] = ()
    demote: tuple[Affected, ...] = ()
    remove: tuple[Affected, ...] = ()
    invite: tuple[Invite, ...] = ()
    notes: tuple[Note, ...] = ()


def compare_people(
    group: DesiredGroup,
    live: LiveGroup,
    *,
    leavers: Mapping[str, Person],
    account_keys: frozenset[str],
    joined: frozenset[str],
) -> PeopleDiff:
    """Compare admins and members with the live group.

    Creator and account are protected: never demoted, removed or invited. Ids that share a key are
    ambiguous: nothing is decided about them. `leavers` is by number keys. `joined` holds the joined-refs
    (`joined_ref`) of people who were seen in the group before: whoever of them is not in it now has left, and
    is not invited again.
    """
    return _PeopleComparison(group, live, leavers, account_keys, joined).result()


def joined_ref(person: Person) -> str:
    """How state remembers that this person was in the group with the number that is wanted now.

    The alias and the number's last four digits, so that a new number is invited again; without an alias
    the digits, which the manifest holds anyway.
    """
    return f"{person.alias}/{person.key[-4:]}" if person.alias else person.numbers[0]


class _PeopleComparison:
    def __init__(
        self,
        group: DesiredGroup,
        live: LiveGroup,
        leavers: Mapping[str, Person],
        account_keys: frozenset[str],
        joined: frozenset[str],
    ) -> None:
        self.group = group
        self.live = live
        self.ids = {number.key(wa_id): wa_id for wa_id in live.participants}
        self.admin_keys = live.admin_keys
        self.ambiguous = live.ambiguous_keys
        self.protected = account_keys | ({live.creator_key} if live.creator_key else set())
        self.leavers = leavers
        self.joined = joined
        self.kept: set[str] = set()  # earlier numbers that keep their place for now
        self.invites: dict[str, Invite] = {}
        self.left: list[str] = []
        self.unclear: dict[str, None] = {}

    def result(self) -> PeopleDiff:
        promote = self._promotions()
        self._members()
        demote = self._demotions()
        remove = self._removals()
        notes = []
        if self.unclear:
            ids = tuple(wa_id for wa_id in self.live.participants if number.key(wa_id) in self.unclear)
            notes.append(
                Note(
                    "ambiguous: these ids may be one person, so nothing is done about them: {people}",
                    people=ids,
                )
            )
        if self.left:
            notes.append(
                Note("joined and has left since, so is not invited again: {people}", people=tuple(self.left))
            )
        return PeopleDiff(
            promote=promote,
            demote=demote,
            remove=remove,
            invite=tuple(self.invites.values()),
            notes=tuple(notes),
        )

    def _promotions(self) -> tuple[Affected, ...]:
        promote: list[Affected] = []
        for person in self.group.admins or ():
            if person.key in self.ambiguous:
                self._doubt(person.key)
                self.kept |= person.keys
            elif person.key in self.ids:
                self.kept.add(person.key)
                if person.key not in self.admin_keys:
                    promote.append(Affected(self.ids[person.key], "has joined"))
            else:
                self.kept |= person.keys
                self._invite(person, "admin")
        return tuple(promote)

    def _members(self) -> None:
        admins = {person.key for person in self.group.admins or ()}
        for person in self.group.members or ():
            if person.key in self.ids and person.key not in self.ambiguous:
                self.kept.add(person.key)
                continue
            self.kept |= person.keys
            if person.key in self.ids:
                continue
            if person.key not in admins:
                self._invite(person, "member")

    def _invite(self, person: Person, role: Literal["admin", "member"]) -> None:
        if person.key in self.protected:
            return
        if joined_ref(person) in self.joined:
            self.left.append(person.numbers[0])
            return
        self.invites[person.key] = Invite(person, role)

    def _demotions(self) -> tuple[Affected, ...]:
        wanted = self._wanted_admins()
        demote: list[Affected] = []
        for key in self.ids:  # in the server's order
            if key not in self.admin_keys or key in self.protected:
                continue
            if key in self.leavers:
                reason = self._why_left(key)
            elif self.group.admins is None or key in wanted:
                continue
            else:
                reason = "not in the manifest"
            if key in self.ambiguous:
                self._doubt(key)
            else:
                demote.append(Affected(self.ids[key], reason))
        return tuple(demote)

    def _wanted_admins(self) -> set[str]:
        """Keys that may stay admin: the wanted ones, and earlier numbers until the wanted one is there."""
        wanted: set[str] = set()
        for person in self.group.admins or ():
            there = person.key in self.ids and person.key not in self.ambiguous
            wanted |= {person.key} if there else person.keys
        return wanted

    def _removals(self) -> tuple[Affected, ...]:
        stay = self.kept | self.protected
        if self.group.admins is None:
            stay |= self.admin_keys
        remove: list[Affected] = []
        for key in self.ids:
            if key in self.protected:
                continue
            if key in self.leavers:
                reason = self._why_left(key)
            elif not self.group.prune_members or self.group.members is None or key in stay:
                continue
            else:
                reason = "not in the manifest"
            if key in self.ambiguous:
                self._doubt(key)
            else:
                remove.append(Affected(self.ids[key], reason))
        return tuple(remove)

    def _why_left(self, key: str) -> str:
        mark = self.leavers[key].mark
        return f"left ({mark.file}:{mark.line})" if mark else "left"

    def _doubt(self, key: str) -> None:
        self.unclear[key] = None
