"""What differs between a group as wanted and as read: fields, people, and the icon.

Fields are compared by deepdiff, which is asked only about unequal values. On lists it would call "bob out,
cat in" a change of bob, so people are compared as sets of number keys. A server may encode an icon again
and sign its URLs anew on every answer, so the recorded observation decides first: the source last applied,
and the place, length and bytes served after that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256
from typing import Literal, NamedTuple

from reconciler.language import joined, msg, msg_n, msg_p
from reconciler.model.change import Affected, Invite
from reconciler.model.desired import DesiredGroup, DesiredIcon, Person
from reconciler.model.live import LiveGroup, LiveIcon
from reconciler.model.plan import Note
from reconciler.model.record import Decision, IconRecord


class Differences(NamedTuple):
    """Where two nested mappings differ: paths of keys that came, that went, and whose values are others."""

    added: tuple[tuple[str, ...], ...] = ()
    removed: tuple[tuple[str, ...], ...] = ()
    changed: tuple[tuple[str, ...], ...] = ()


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> Differences:
    """Compare two nested mappings, key by key."""
    if before == after:
        return Differences()
    from deepdiff import DeepDiff

    delta = DeepDiff(before, after, view="tree", threshold_to_diff_deeper=0)
    found: dict[str, list[tuple[str, ...]]] = {}
    for kind, items in delta.items():
        found.setdefault(kind, []).extend(tuple(map(str, item.path(output_format="list"))) for item in items)
    added, removed = found.pop("dictionary_item_added", []), found.pop("dictionary_item_removed", [])
    return Differences(
        tuple(added), tuple(removed), tuple(path for paths in found.values() for path in paths)
    )


def changed_fields(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[str, ...]:
    """Return names of the fields whose values differ; both sides have the same keys."""
    return tuple(sorted({path[0] for path in differences(before, after).changed}))


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleDiff:
    """Who is to be added (by number), promoted, demoted, removed (participants, as listed), and who is to be
    invited. `stuck`: why nothing may be done, because nobody can tell whom it would be done to."""

    add: tuple[Affected, ...] = ()
    promote: tuple[Affected, ...] = ()
    demote: tuple[Affected, ...] = ()
    remove: tuple[Affected, ...] = ()
    invite: tuple[Invite, ...] = ()
    notes: tuple[Note, ...] = ()
    stuck: Note | None = None


def compare_people(
    group: DesiredGroup,
    live: LiveGroup,
    *,
    leavers: Mapping[str, Person],
    account_keys: frozenset[str],
    joined: frozenset[str],
    decisions: Mapping[str, Decision] | None = None,
) -> PeopleDiff:
    """Compare admins and members with the live group.

    Creator and account are protected: never demoted, removed or invited. Ids that share a key are one person
    in each role: not wanted in it, all lose it; wanted, all have to have it already, because nobody can tell
    which one to promote. `leavers` is by number keys. `joined` holds the joined-refs
    (`joined_ref`) of people who were seen in the group before: whoever of them is not in it now has left, and
    is not invited again; neither is anybody added whose `decisions` say so. While somebody in the group
    is *unidentified*, whoever is missing may be that person: they are not added, and invited only by name.
    Nothing is done, and nothing is green, while such a person is admin or may be somebody who has left.
    """
    return _PeopleComparison(group, live, leavers, account_keys, joined, decisions or {}).result()


def people_digest(group: DesiredGroup) -> str:
    """Return a short digest of the people whom a manifest wants, whatever they are to be, by which a refusal
    is remembered as long as they stay the same."""
    refs = {joined_ref(person) for person in (*(group.admins or ()), *(group.members or ()))}
    return sha256("\n".join(sorted(refs)).encode()).hexdigest()[:16]


def joined_ref(person: Person) -> str:
    """Return the text by which state remembers that this person was in the group with the number that is
    wanted now.

    The alias and the number's last four digits, so that a new number is invited again; without an alias the
    digits, which the manifest holds anyway.
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
        decisions: Mapping[str, Decision],
    ) -> None:
        self.group = group
        self.live = live
        self.ids: dict[str, list[str]] = {}  # by number key, in the server's order
        for wa_id in dict.fromkeys(live.participants):
            self.ids.setdefault(live.key(wa_id), []).append(wa_id)
        self.admin_keys = live.admin_keys
        self.protected = account_keys | live.protected_keys
        self.leavers = leavers
        self.joined = joined
        self.decisions = decisions
        self.digest = people_digest(group) if decisions else ""
        self.unidentified = tuple(each for each in live.unidentified if live.key(each) not in self.protected)
        self.spared = self.protected.union(map(live.key, self.unidentified))
        self.add: list[Affected] = []
        self.promote_added: list[Affected] = []
        self.maybe: list[str] = []
        self.waiting: list[str] = []
        self.kept: set[str] = set()  # earlier numbers that keep their place for now
        self.invites: dict[str, Invite] = {}
        self.left: list[str] = []
        self.choices: list[str] = []  # keys of whom one id would have to be chosen

    def result(self) -> PeopleDiff:
        present = self._promotions()
        promote = (*present, *self.promote_added)
        self._members()
        demote = self._demotions()
        remove = self._removals()
        notes = []
        if self.left:
            notes.append(
                Note(
                    msg("joined and has left since, so is not invited again: {people}"),
                    people=tuple(self.left),
                )
            )
        if self.waiting:
            notes.append(
                Note(
                    msg("asked to join, and waits for an admin's approval, so is sent no link: {people}"),
                    people=tuple(self.waiting),
                )
            )
        if self.maybe:
            notes.append(
                Note(
                    msg(
                        "maybe in already, under a hidden number; not added, and invited by name only: "
                        "{people}"
                    ),
                    people=tuple(self.maybe),
                )
            )
        elif self.unidentified:
            count = len(self.unidentified)
            hidden = msg_n(
                "{n} here whose number the service hides: nothing is done to them",
                "{n} here whose number the service hides: nothing is done to them",
                count,
            )
            notes.append(Note(hidden))
        return PeopleDiff(
            add=tuple(self.add),
            promote=promote,
            demote=demote,
            remove=remove,
            invite=tuple(self.invites.values()),
            notes=tuple(notes),
            stuck=self._choice() or self._hidden(),
        )

    def _hidden(self) -> Note | None:
        """Say why nothing may be called as it should be: somebody whose number is hidden is admin, or may be
        somebody who has left."""
        admins = [each for each in self.unidentified if each in self.live.admins]
        mend = msg("put their id into `lids:` of that person in the contacts, or look at the group by phone")
        if admins and self.group.admins is not None:
            return Note(
                msg(
                    "admin here, and the service does not tell who it is: {{people}}. So nobody "
                    "can say whether the admins are as wanted; {mend}",
                    mend=mend,
                ),
                people=tuple(admins),
            )
        gone = {person.alias or person.numbers[0]: person for person in self.leavers.values()}
        missed = [each for each in gone.values() if not each.lids and not each.keys & self.ids.keys()]
        if self.unidentified and missed:
            return Note(
                msg(
                    "{{people}} left by the contacts, and may still be here under a hidden number; {mend}",
                    mend=mend,
                ),
                people=tuple(person.numbers[0] for person in missed),
            )
        return None

    def _choice(self) -> Note | None:
        """Say what a person has to do before anything can be done: only a phone shows which id is whose.
        Masked, the ids of one number look alike; how many digits they have does not."""
        if not self.choices:
            return None
        ids = tuple(wa_id for key in self.choices for wa_id in self.ids[key])
        spare = [msg("{count} digits", count=len(each)) for each in ids if each not in self.live.admins]
        which = msg("the one that is not theirs")
        if len(spare) < len(ids):
            digits = joined(msg(" and "), spare)
            which = msg("the one of {digits}", digits=digits)
        return Note(
            msg(
                "several ids are one person's number, and nobody can tell which of them to "
                "make admin: {{people}}. Remove {which} by phone; until then nothing is "
                "changed in this group",
                which=which,
            ),
            people=ids,
        )

    def _promotions(self) -> tuple[Affected, ...]:
        promote: list[Affected] = []
        for person in self.group.admins or ():
            if person.key in self.ids:
                self.kept.add(person.key)
                ids = self.ids[person.key]
                lacking = [wa_id for wa_id in ids if wa_id not in self.live.admins]
                if len(ids) == 1:
                    promote += [self._affected(wa_id, msg("has joined")) for wa_id in lacking]
                elif lacking and person.key not in self.protected:
                    self.choices.append(person.key)
            else:
                self.kept |= person.keys
                self._invite(person, "admin")
        return tuple(promote)

    def _affected(self, wa_id: str, reason: str, *, has_left: bool = False) -> Affected:
        return Affected(wa_id, reason, has_left=has_left, number=self.live.numbers.get(wa_id))

    def _members(self) -> None:
        admins = {person.key for person in self.group.admins or ()}
        for person in self.group.members or ():
            if person.key in self.ids:
                self.kept.add(person.key)
                continue
            self.kept |= person.keys
            if person.key not in admins:
                self._invite(person, "member")

    def _invite(self, person: Person, role: Literal["admin", "member"]) -> None:
        if person.key in self.protected:
            return
        ref = joined_ref(person)
        decision = self.decisions.get(ref)
        has_left = ref in self.joined or (decision is not None and decision.status == "left")
        if person.key in self.live.waiting:
            self.waiting.append(person.numbers[0])
        elif self.unidentified:
            self.maybe.append(person.numbers[0])
            if not has_left:
                self.invites[person.key] = Invite(person, role, maybe=True)
        elif has_left:
            self.left.append(person.numbers[0])
        elif self.group.join == "add" and (decision is None or decision.people != self.digest):
            affected = Affected(person.numbers[0], msg("not in the group"), number=person.numbers[0])
            self.add.append(affected)
            if role == "admin":
                self.promote_added.append(replace(affected, reason=msg("once added")))
        else:
            self.invites[person.key] = Invite(person, role)

    def _demotions(self) -> tuple[Affected, ...]:
        wanted = self._wanted_admins()
        demote: list[Affected] = []
        for key in self.ids:  # in the server's order
            if key not in self.admin_keys or key in self.spared:
                continue
            if key in self.leavers:
                reason = self._why_left(key)
            elif self.group.admins is None or key in wanted:
                continue
            else:
                reason = msg("not an admin in the manifest")
            left = key in self.leavers
            ids = (wa_id for wa_id in self.ids[key] if wa_id in self.live.admins)
            demote += (self._affected(wa_id, reason, has_left=left) for wa_id in ids)
        return tuple(demote)

    def _wanted_admins(self) -> set[str]:
        """Return keys that may stay admin: the wanted ones, and earlier numbers until the wanted one is
        there."""
        wanted: set[str] = set()
        for person in self.group.admins or ():
            wanted |= {person.key} if person.key in self.ids else person.keys
        return wanted

    def _removals(self) -> tuple[Affected, ...]:
        stay = self.kept | self.protected
        if self.group.admins is None:
            stay |= self.admin_keys
        remove: list[Affected] = []
        for key in self.ids:
            if key in self.spared:
                continue
            if key in self.leavers:
                reason = self._why_left(key)
            elif not self.group.prune_members or self.group.members is None or key in stay:
                continue
            else:
                reason = msg("not in the manifest")
            left = key in self.leavers
            remove += (self._affected(wa_id, reason, has_left=left) for wa_id in self.ids[key])
        return tuple(remove)

    def _why_left(self, key: str) -> str:
        location = self.leavers[key].location
        if location is None:
            return msg_p("of a person", "left")
        return msg("left ({file}:{line})", file=location.file, line=location.line)


class IconDifference(Enum):
    """How a live icon differs from the wanted one. `FETCH` and `COMPARE` ask for more: the served bytes, and
    a look at them beside the source."""

    SAME = "same"
    SAME_BYTES = "same_bytes"
    ALIKE = "alike"
    DIFFERS = "differs"
    FETCH = "fetch"
    COMPARE = "compare"


IN_SYNC = frozenset({IconDifference.SAME, IconDifference.SAME_BYTES, IconDifference.ALIKE})


def compare_icon(wanted: DesiredIcon, seen: LiveIcon, record: IconRecord | None) -> IconDifference:
    """Return how the live icon differs from the wanted one, or what has to be looked at next to tell."""
    if wanted.picture is None or seen.meta is None:
        return (
            IconDifference.SAME if (wanted.picture is None) == (seen.meta is None) else IconDifference.DIFFERS
        )
    source = wanted.picture.sha256
    untouched = record is not None and seen.meta.bare_url == record.url and seen.meta.length == record.length
    if untouched and record is not None:
        return IconDifference.SAME if source in (record.source, record.served) else IconDifference.DIFFERS
    if seen.sha256 is None:
        return IconDifference.FETCH
    if seen.sha256 == source:
        return IconDifference.SAME_BYTES
    if record is not None and seen.sha256 == record.served:
        return IconDifference.SAME if record.source == source else IconDifference.DIFFERS
    if record is not None and record.source == source:
        return IconDifference.DIFFERS  # somebody changed the picture after it was applied
    if seen.alike is None:
        return IconDifference.COMPARE
    return IconDifference.ALIKE if seen.alike else IconDifference.DIFFERS
