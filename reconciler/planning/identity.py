"""Which live group is it? The five rules, each resolved for all manifests before the next.

(1) `id`; (2) the binding in state; (3) a create that an earlier run started and never recorded; (4) the only
unbound live group with this subject; (5) the only one with a subject in `previously`. Rules 3 to 5 compare
exactly first, then by what a service may make of a subject (`planning.subjects.loose`), and take only a group
that the account created, where that is known. A group that is claimed twice blocks both claimants. Whatever
could not be read is never taken for absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from reconciler.errors import Problem
from reconciler.language import msg, msg_n
from reconciler.model.desired import DesiredGroup
from reconciler.model.live import LiveGroup, LiveState
from reconciler.model.plan import Note
from reconciler.model.record import Left, State
from reconciler.planning.bindings import contradictions, departed, recorded_ids, short_list, to_search
from reconciler.planning.subjects import BySubject, loose

FoundBy = Literal["id", "state", "create", "subject", "previously"]


@dataclass(frozen=True, slots=True)
class Bound:
    """A name that means this group. `was`: the name it was bound to before, when that has no manifest now.
    `loosely`: it was found by another form of its subject."""

    id: str
    found_by: FoundBy
    was: str | None = None
    loosely: bool = False


@dataclass(frozen=True, slots=True)
class Unbound:
    """A name to which no live group belongs. `left`: the one that did was left on purpose, and another was
    not allowed."""

    left: Left | None = None


@dataclass(frozen=True, slots=True)
class Blocked:
    """A name of which only a person can say which group it means; `note` says what to write."""

    note: Note


@dataclass(frozen=True, slots=True)
class Undetermined:
    """A name of which this run cannot know whether its group exists."""

    note: Note


Resolution = Bound | Unbound | Blocked | Undetermined
_Find = Callable[[BySubject, tuple[str, ...]], list[LiveGroup]]
_SEARCHES: tuple[FoundBy, ...] = ("create", "subject", "previously")
_PASSES: tuple[tuple[_Find, bool], ...] = (
    (lambda live, subjects: live.of(*subjects), False),
    (lambda live, subjects: live.loosely(*subjects), True),
)
_NAMED = 5  # names in a note, which every one of them gets


@dataclass(frozen=True, slots=True, kw_only=True)
class Identities:
    """Every manifest's resolution, the orphaned bindings (name → id), and the ids nobody claims."""

    names: Mapping[str, Resolution]
    orphans: Mapping[str, str]
    unmanaged: tuple[str, ...]


def resolve(
    groups: tuple[DesiredGroup, ...],
    state: State,
    reading: LiveState,
    account_keys: frozenset[str],
    *,
    recreate: bool = False,
) -> Identities:
    """Resolve all manifests together; `recreate` is `--allow recreate`.

    `reading.groups` has to hold every unbound live group while a manifest is unbound; one that is missing
    there, or is a `Problem`, makes rules 3 to 5 answer `Undetermined`.
    """
    resolver = _Resolver(groups, state, reading, account_keys)
    return resolver.run(to_search(groups, state, reading, account_keys, recreate=recreate))


class _Resolver:
    def __init__(
        self, groups: tuple[DesiredGroup, ...], state: State, reading: LiveState, account_keys: frozenset[str]
    ) -> None:
        self.groups = {group.name: group for group in groups}
        self.state = state
        self.reading = reading
        self.account_keys = account_keys
        self.names: dict[str, Resolution] = {}
        self.taken: set[str] = set()
        self.disputed: set[str] = set()  # taken by somebody who is blocked
        self.former = {record.id: name for name, record in state.groups.items() if name not in self.groups}

    def run(self, searched: Mapping[str, bool]) -> Identities:
        self._bound_rules(searched)
        if searched:
            self._search_rules(searched)
        for name in self.groups:
            record = self.state.groups.get(name)
            if record is not None and searched.get(name):
                self.names.setdefault(name, Bound(record.id, "state"))
            left = None if name in searched else self._departed(name)
            self.names.setdefault(name, Unbound(left))
        claimed = self.taken | {found.id for found in self.names.values() if isinstance(found, Bound)}
        orphans = {name: group_id for group_id, name in self.former.items() if group_id not in claimed}
        known = claimed | set(orphans.values())
        unmanaged = tuple(group_id for group_id in self.reading.listed if group_id not in known)
        return Identities(names=self.names, orphans=orphans, unmanaged=unmanaged)

    def _departed(self, name: str) -> Left | None:
        return departed(name, self.state, self.reading, self.account_keys)

    def _bound_rules(self, searched: Mapping[str, bool]) -> None:
        """Apply rules 1 and 2, which need nothing of the live side."""
        claims: dict[str, list[str]] = {}
        for name, group in self.groups.items():
            record = self.state.groups.get(name)
            if group.id is not None and record is not None and record.id != group.id:
                self.taken |= {group.id, record.id}
                self.disputed |= {group.id, record.id}
                self.names[name] = Blocked(
                    Note(
                        msg(
                            "`id` says {{ids[0]}}, but this name is bound to {{ids[1]}}. If the manifest "
                            "is right, run: reconciler state forget {name}",
                            name=name,
                        ),
                        ids=(group.id, record.id),
                    )
                )
                claims.setdefault(group.id, []).append(name)
            elif group.id is not None:
                was = self.former.get(group.id)
                self._claim(claims, name, Bound(group.id, "id", was))
            elif record is not None and name not in searched:
                self._claim(claims, name, Bound(record.id, "state"))
        self._take(claims)

    def _claim(self, claims: dict[str, list[str]], name: str, bound: Bound) -> None:
        self.names[name] = bound
        claims.setdefault(bound.id, []).append(name)

    def _take(self, claims: Mapping[str, list[str]]) -> None:
        """Take what was claimed once; block everybody who claims the same group.

        A name that is blocked already, for a reason that says more, still keeps the others from the group.
        """
        for group_id, names in claims.items():
            self.taken.add(group_id)
            if len(names) > 1 or isinstance(self.names[names[0]], Blocked):
                self.disputed.add(group_id)
            if len(names) > 1:
                for name in names:
                    if isinstance(self.names[name], Blocked):
                        continue
                    others = _others(names, name)
                    self.names[name] = Blocked(
                        Note(
                            msg(
                                "{{ids[0]}} is claimed by {others} as well. Give each manifest the `id` of "
                                "its own group.",
                                others=others,
                            ),
                            ids=(group_id,),
                        )
                    )

    def _search_rules(self, searched: Mapping[str, bool]) -> None:
        """Apply rules 3 to 5, over the live groups that are bound to no manifest."""
        gone = {left.id for name in self.state.left if (left := self._departed(name)) is not None}
        unbound = [group_id for group_id in self.reading.listed if group_id not in self.taken | gone]
        listed = set(self.reading.listed)
        unlisted = sorted(recorded_ids(self.groups.values(), self.state) - listed)
        unknown = tuple(
            group_id
            for group_id in (*unbound, *unlisted)
            if isinstance(self.reading.groups.get(group_id), Problem | None)
        )
        doubtful = self._doubtful(unknown)
        if doubtful is not None:
            for name in searched:
                self.names[name] = Undetermined(doubtful)
            return
        live = BySubject(
            found
            for group_id in unbound
            if isinstance(found := self.reading.groups[group_id], LiveGroup) and not found.community
        )
        claims: dict[str, list[str]]
        for found_by in _SEARCHES:
            for find, loosely in _PASSES:
                claims = {}
                earlier = frozenset(self.taken)  # what this rule takes is still there for its other claimants
                for name, only_rule_3 in searched.items():
                    if name not in self.names and (found_by == "create" or not only_rule_3):
                        matching = self._matching(found_by, name, find, live)
                        candidates = [group for group in matching if group.id not in earlier]
                        self._choose(claims, name, candidates, found_by, loosely)
                self._take(claims)
        disputed = BySubject(
            group
            for group_id in sorted(self.disputed)
            if isinstance(group := self.reading.groups.get(group_id), LiveGroup)
        )
        for name in searched:
            if name not in self.names:
                self._unless_disputed(name, disputed)
            if name not in self.names and not searched[name]:
                self._unless_cut_off(name, live)
        self._same_subject_twice(name for name, only_rule_3 in searched.items() if not only_rule_3)

    def _unless_disputed(self, name: str, disputed: BySubject) -> None:
        """Block a name beside a group that would have been found, had not others claimed it and been blocked:
        it may turn out to be this one, so nothing is created beside it."""
        find, _ = _PASSES[-1]  # loosely, which finds what is exactly so as well
        ids = tuple(
            dict.fromkeys(
                group.id for found_by in _SEARCHES for group in self._matching(found_by, name, find, disputed)
            )
        )
        if ids:
            self.names[name] = Blocked(
                Note(
                    msg(
                        "{ids} would be found for this name, but it is not settled whose it is: see "
                        "the other manifests that are blocked. Nothing is created beside it."
                    ),
                    ids=ids,
                )
            )

    def _unless_cut_off(self, name: str, live: BySubject) -> None:
        """Block a name beside a group whose subject is the wanted one, cut off by the service."""
        subject = self.groups[name].subject
        cut = (
            ()
            if subject is None
            else tuple(group for group in live.cut(subject) if group.id not in self.taken)
        )
        if cut:
            self.names[name] = Blocked(
                Note(
                    msg(
                        "{ids} may be this group: its subject is the beginning of the wanted one, cut "
                        "off. If it is, add to the manifest: id: {ids[0]}. If not, give this one a "
                        "subject that begins otherwise. Nothing is created beside it."
                    ),
                    ids=tuple(group.id for group in cut),
                )
            )

    def _doubtful(self, unknown: tuple[str, ...]) -> Note | None:
        """Say why it is not known whether a group exists that was not found; None where it is known."""
        if short := short_list(self.reading, self.account_keys):
            return Note(
                msg_n(
                    "The list of groups is incomplete: it leaves out {{ids}}, which exists. So it is not "
                    "known whether this group exists, and nothing is created. Run again later.",
                    "The list of groups is incomplete: it leaves out {{ids}}, which exists. So it is not "
                    "known whether this group exists, and nothing is created. Run again later.",
                    len(short),
                ),
                ids=short,
            )
        if contradicted := contradictions(self.reading):
            return Note(
                msg(
                    "The list names {ids}, but asking for it answers that there is none. So it is "
                    "not known whether this group exists, and nothing is created. Run again later; "
                    "if it stays so, `ignore:` in reconciler.yaml leaves it out."
                ),
                ids=contradicted,
            )
        if unknown:
            return Note(
                msg(
                    "These groups could not be read, and one of them may be this one: {ids}. "
                    "Nothing is created. Run again later."
                ),
                ids=unknown,
            )
        return None

    def _matching(self, found_by: FoundBy, name: str, find: _Find, live: BySubject) -> list[LiveGroup]:
        """Return what one rule finds for a name among these groups."""
        group, intent = self.groups[name], self.state.creating.get(name)
        match found_by:
            case "create" if intent is not None:
                listed = set(intent.listed)
                return [found for found in find(live, (intent.subject,)) if found.id not in listed]
            case "subject" if group.subject is not None:
                return find(live, (group.subject,))
            case "previously":
                return find(live, group.previously)
            case _:
                return []

    def _choose(
        self,
        claims: dict[str, list[str]],
        name: str,
        candidates: list[LiveGroup],
        found_by: FoundBy,
        loosely: bool,
    ) -> None:
        ids = tuple(group.id for group in candidates)
        match candidates:
            case []:
                return
            case [group] if not group.may_be_created_by(self.account_keys):
                claims.setdefault(group.id, []).append(name)
                self.names[name] = Blocked(
                    Note(
                        msg(
                            "{ids[0]} has this subject, but {people[0]} created it, not the account. If it "
                            "is the right one, add to the manifest: id: {ids[0]}"
                        ),
                        ids=ids,
                        people=(group.creator or "",),
                    )
                )
            case [group] if self.reading.gateway and self._may_be_strangers(group):
                claims.setdefault(group.id, []).append(name)
                self.names[name] = Blocked(
                    Note(
                        msg(
                            "{ids[0]} has this subject, but may be somebody else's: its creator is not "
                            "told, or the account is no admin of it. If it is the right one, add to the "
                            "manifest: id: {ids[0]}"
                        ),
                        ids=ids,
                    )
                )
            case [group]:
                self._claim(claims, name, Bound(group.id, found_by, self.former.get(group.id), loosely))
            case _:
                for group_id in ids:
                    claims.setdefault(group_id, []).append(name)
                self.names[name] = Blocked(
                    Note(
                        msg(
                            "{count} groups have this subject: {{ids}}. Say which one it is: add `id:` with "
                            "one of them to the manifest.",
                            count=len(ids),
                        ),
                        ids=ids,
                    )
                )

    def _may_be_strangers(self, group: LiveGroup) -> bool:
        """Return whether somebody else may have made a group of a gateway, or rules it."""
        return group.creator is None or not self.account_keys & group.admin_keys

    def _same_subject_twice(self, searched: Iterable[str]) -> None:
        """Block creates with one subject: they could never be told apart again."""
        wanted: dict[str, list[str]] = {}
        for name in searched:
            subject = self.groups[name].subject
            if name not in self.names and subject is not None:
                wanted.setdefault(loose(subject), []).append(name)
        for names in wanted.values():
            if len(names) > 1:
                for name in names:
                    others = _others(names, name)
                    self.names[name] = Blocked(
                        Note(
                            msg(
                                "{others} would be created with the same subject. A group that is not "
                                "bound is found by its subject, so make them differ, or create one, pin its "
                                "`id`, and add the other then.",
                                others=others,
                            )
                        )
                    )


def _others(names: list[str], name: str) -> str:
    """Name the others: some of them, and how many more there are."""
    others = [other for other in names[: _NAMED + 2] if other != name][:_NAMED]
    more = len(names) - 1 - len(others)
    some = ", ".join(others)
    return msg("{names} and {more} more", names=some, more=more) if more else some
