"""Judges a play by the API's own record alone: every call with its effect, and the world before and after it.

Nothing here is shared with `reconciler.planning` but the key of a number. What is compared with the record is
what the files said (`Loaded.desired`), the plan that was approved, the exit code, and what was durable when a
run began.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from reconciler import pictures
from reconciler.errors import Exit, InputError, LockedError, NotFound
from reconciler.model.change import (
    ChangePeople,
    CreateGroup,
    LeaveGroup,
    PeopleKind,
    RevokeLink,
    SetIcon,
    SetValue,
)
from reconciler.model.desired import DesiredGroup, Person
from reconciler.model.group import Ensure
from reconciler.model.live import GroupList, IconMeta, LiveGroup
from reconciler.model.number import key
from reconciler.model.plan import GroupPlan
from tests.fakes import ACCOUNT, READS, FakeGroup
from tests.simulation.service import CREATES, LOOKS, NOTHING, Call

if TYPE_CHECKING:
    from tests.simulation.play import Play, Ran

US = key(ACCOUNT)
PEOPLE_CALLS = frozenset(get_args(PeopleKind)) - {"add_members"} | {"add_participants"}


@dataclass(frozen=True)
class Verdict:
    """What is wrong: `code` says of which kind."""

    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


@dataclass
class Judged:
    verdicts: list[Verdict]
    allowed: Counter[str]  # repetitions that the terms allow, by kind


def judge(play: Play) -> Judged:
    court = _Court(play)
    return Judged(list(dict.fromkeys(court.all())), court.allowed)


def normal(subject: str) -> str:
    return unicodedata.normalize("NFC", subject).strip()


class _Court:
    def __init__(self, play: Play) -> None:
        self.play = play
        self.allowed: Counter[str] = Counter()

    def all(self) -> Iterator[Verdict]:
        for ran in self.play.ran:
            if ran.bug:
                yield Verdict("bug", f"#{ran.process.number}: {ran.bug.strip().splitlines()[-1]}")
        yield from self._made_twice()
        yield from self._made_beside()
        yield from self._made_beside_short_list()
        yield from self._asked_again()
        yield from self._revoked_twice()
        yield from self._sent_twice()
        yield from self._dead_links()
        yield from self._two_at_once()
        for ran in self.play.ran:
            if ran.run.verb in ("accept", "import") and any(
                call.method not in READS for call in ran.process.calls
            ):
                yield Verdict("unplanned", f"#{ran.process.number} {ran.run.verb} wrote to the service")
            if ran.run.verb in ("apply", "ready"):
                yield from self._calls(ran)
            if ran.run.verb == "apply" and ran.exit is Exit.OK:
                yield from self._green(ran)
        yield from self._quiet()

    # One group each

    def _made_twice(self) -> Iterator[Verdict]:
        """No group is made for a name that has one which could be known of."""
        play = self.play
        belongs = {name: set(ids) for name, ids in play.meant.items()}
        for call in play.service.record:
            if call.method != "create_group" or not call.effective:
                continue
            ran = self._ran(call)
            new = next(iter(call.after.keys() - call.before.keys()))
            subject = normal(str(call.args[0]))
            wanting = [g for g in (ran.loaded.desired.groups if ran.loaded else ()) if g.subject == subject]
            unbound = [group for group in wanting if group.name not in ran.before.groups]
            for group in unbound or wanting:  # two may want one subject: it is made for who has no group
                names = {group.subject, *group.previously}
                before = ran.before.groups.get(group.name)
                for other in sorted(
                    belongs.setdefault(group.name, set()) | ({before.id} if before else set())
                ):
                    told = self._told(ran, other, call)
                    if told is not None and normal(told.subject) not in names and before is None:
                        continue  # its name was another, when it was last read
                    if before is None and other in {record.id for record in ran.before.groups.values()}:
                        continue  # bound to another name, and only called like this one
                    if self._had(call, other, names, bound=before is not None and before.id == other):
                        kind = self._excuse(ran, call, group.name, other)
                        if kind:
                            self.allowed[kind] += 1
                        else:
                            why = self._unread(ran, other)
                            yield Verdict("made-twice", f"{group.name} has {other}{why}, and {new} was made")
                belongs[group.name].add(new)

    def _told(self, ran: Ran, group_id: str, until: Call) -> LiveGroup | None:
        """What a run was last told of a group before a call."""
        answers = [
            call.readings[group_id]
            for call in ran.process.calls
            if group_id in call.readings and call.at <= until.at
        ]
        return answers[-1] if answers else None

    def _made_beside(self) -> Iterator[Verdict]:
        """No group is made beside somebody else's of that subject which the last list named."""
        for call in self.play.service.record:
            if call.method != "create_group" or not call.effective:
                continue
            ran, subject = self._ran(call), normal(str(call.args[0]))
            earlier = [each for each in ran.process.calls if each.arrived < call.arrived]
            lists = [each for each in earlier if each.method == "list_groups" and each.answer is not None]
            lists = [each for each in lists if each.thread is call.thread] or lists
            told = {group_id: live for each in earlier for group_id, live in each.readings.items()}
            for group_id in lists[-1].answer.ids if lists else ():  # type: ignore[attr-defined]
                if group_id in told and normal(told[group_id].subject) != subject:
                    continue  # its name was another, when it was last read
                worlds = [each.before[group_id] for each in (*earlier, call) if group_id in each.before]
                others = {record.id for record in ran.before.groups.values()}
                if not worlds:
                    continue
                foreign = worlds[-1].live.creator != ACCOUNT and group_id not in others
                if foreign and all(normal(world.live.subject) == subject for world in worlds):
                    yield Verdict(
                        "made-beside", f"#{ran.process.number} {subject!r}, which {group_id} is called"
                    )

    def _had(self, call: Call, other: str, names: Collection[str], *, bound: bool) -> bool:
        """Whether a group that belongs to a name was there for it, ever since the run began."""
        ran = self._ran(call)
        worlds = [each.before for each in ran.process.calls if each.at <= call.at] + [call.before]
        for world in worlds:
            group = world.get(other)
            if group is None and self._maker(other) is ran:
                continue
            if group is None or ACCOUNT not in group.live.participants:
                return False
            if not bound and (group.live.creator != ACCOUNT or normal(group.live.subject) not in names):
                return False
        return True

    def _excuse(self, ran: Ran, call: Call, name: str, other: str) -> str:
        """Why this run could not know of the group, by the terms; "" where it could."""
        play = self.play
        born = play.service.born.get(other, -1e9)
        maker = self._maker(other)
        listed = any(
            other in each.answer.ids
            for each in ran.process.calls
            if isinstance(each.answer, GroupList) and each.at < call.at
        )
        if other in ran.unlisted and not listed and name not in ran.before.creating:
            return "forgotten by the gateway's cache, and by us"
        if maker is None:
            return ""
        unlisted = born + play.list_lag + 1.0 >= ran.began or other in ran.unlisted | call.unlisted
        if not play.keeps:
            return "without state" if unlisted and maker is not ran else ""
        if unlisted and any(born <= loss.at <= ran.began for loss in play.losses):
            return "state lost while a create was open"
        ahead = ran.process.clock.skew - maker.process.clock.skew
        if unlisted and (ahead > 1.0 or ran.process.jumped or maker.process.jumped):
            return "clock put forward while a create was open"
        return ""

    def _maker(self, group_id: str) -> Ran | None:
        """The run that made a group, None where it was none of ours."""
        for call in self.play.service.record:
            if (
                call.method == "create_group"
                and call.effective
                and group_id in call.after.keys() - call.before.keys()
            ):
                return self._ran(call)
        return None

    def _unread(self, ran: Ran, group_id: str) -> str:
        """What the run was told of a group that it did not find."""
        errors = [
            call.error
            for call in ran.process.calls
            if call.method == "get_group" and call.args == (group_id,) and call.error is not None
        ]
        return f" (asked for it, was told {type(errors[-1]).__name__})" if errors else ""

    def _ran(self, call: Call) -> Ran:
        return self.play.ran[call.process.number - 1]

    # Nothing that people see is done twice

    def _revoked_twice(self) -> Iterator[Verdict]:
        """A version of the link is revoked once; a rotation that took effect is not made again."""
        done: dict[tuple[str, str, object], list[Call]] = defaultdict(list)
        for call in self.play.service.record:
            if call.method != "revoke_link" or not call.effective:
                continue
            ran = self._ran(call)
            group_id = str(call.args[0])
            if ran.run.verb == "rotate":
                continue
            planned = self._planned(ran, call)
            change = (
                next((each for each in planned.changes if isinstance(each, RevokeLink)), None)
                if planned
                else None
            )
            if planned is None or change is None:
                continue
            earlier = done[planned.name, group_id, change.after]
            if earlier:
                since = min(each.at for each in earlier)
                if any(since <= loss.at <= ran.began for loss in self.play.losses):
                    self.allowed["state lost after a revoke"] += 1
                else:
                    code = "revoked-twice" if change.after is not None else "revoked-twice-closing"
                    yield Verdict(code, f"{planned.name}: the link of version {change.after} died again")
            earlier.append(call)

    def _sent_twice(self) -> Iterator[Verdict]:
        """Nobody is sent a link twice."""
        sent: Counter[tuple[object, str]] = Counter()
        last: dict[tuple[object, str], float] = {}
        for call in self.play.service.record:
            if call.method != "send_to_person" or not call.effective:
                continue
            text = str(call.args[1])
            for link in {word for word in text.replace("'", " ").split() if "chat.whatsapp.com" in word}:
                which = (key(str(call.args[0])), link)
                sent[which] += 1
                if sent[which] > 1:
                    if any(last[which] <= loss.at <= call.at for loss in self.play.losses):
                        self.allowed["state lost after a message"] += 1
                    else:
                        yield Verdict("sent-twice", f"{call.args[0]} was sent the same link again")
                last[which] = call.at

    def _dead_links(self) -> Iterator[Verdict]:
        """After `invites --send` ended 0 nobody who is still awaited holds a dead link alone, unless it is
        not their turn."""
        messages: dict[str, list[Call]] = defaultdict(list)
        for ran in self.play.ran:
            for call in ran.process.calls:
                if call.method == "send_to_person" and call.effective:
                    messages[key(str(call.args[0]))].append(call)
            if ran.run.verb != "send" or ran.exit is not Exit.OK or ran.loaded is None:
                continue
            for group in ran.loaded.desired.groups:
                record = ran.before.groups.get(group.name)
                live = None if record is None else self._last(ran, record.id)
                if (
                    record is None
                    or not isinstance(live, LiveGroup)
                    or group.hold
                    or group.ensure is not Ensure.PRESENT
                ):
                    continue
                calls = ran.process.calls
                links = {
                    each.link for call in calls for each in (call.before[record.id], call.after[record.id])
                }
                link = links.pop() if len(links) == 1 else None
                for person in (*(group.admins or ()), *(group.members or ())):
                    sent = messages[key(person.numbers[0])]
                    own = [each for each in sent if self._link_of(each, record.id)]
                    if not own or key(person.numbers[0]) in live.participant_keys:
                        continue
                    due = len(sent) < 3 and len(own) < 3
                    lost = any(loss.at >= own[0].at for loss in self.play.losses)
                    if due and not lost and link is not None and self._link_of(own[-1], record.id) != link:
                        yield Verdict(
                            "dead-link", f"#{ran.process.number} {group.name}: {person.ref} has a dead link"
                        )

    def _link_of(self, call: Call, group_id: str) -> str | None:
        """The link of a group that a message holds, as it was then."""
        group = call.before.get(group_id)
        link = None if group is None else group.link
        return link if link is not None and link in str(call.args[1]) else None

    def _two_at_once(self) -> Iterator[Verdict]:
        """With a state, no two runs hold the lock at a time."""
        if not self.play.keeps:
            return
        held = [ran for ran in self.play.ran if ran.locked]
        for one in held:
            for other in held:
                if one is not other and one.began < other.began < one.ended:
                    yield Verdict("two-at-once", f"#{one.process.number} and #{other.process.number}")
        for ran in self.play.ran:
            if isinstance(ran.error, LockedError) and ran.process.calls:
                yield Verdict("two-at-once", f"#{ran.process.number} was refused the lock, and made calls")

    # Every call that writes

    def _planned(self, ran: Ran, call: Call) -> GroupPlan | None:
        """The plan of the group that a call is about."""
        if ran.plan is None:
            return None
        by_id = {group.id: group for group in ran.plan.groups if group.id is not None}
        group_id = call.group_id
        if group_id in by_id:
            return by_id[group_id]
        subject = self._made_as(ran, group_id)
        for group in ran.plan.groups:
            if any(
                isinstance(each, CreateGroup) and normal(each.subject) == subject for each in group.changes
            ):
                return group
        return None

    def _made_as(self, ran: Ran, group_id: str | None) -> str | None:
        """The subject with which a group that was not there when the run planned was made by us."""
        for call in self.play.service.record:
            if (
                call.method == "create_group"
                and call.effective
                and group_id in call.after.keys() - call.before.keys()
            ):
                return normal(str(call.args[0]))
        return None

    def _calls(self, ran: Ran) -> Iterator[Verdict]:
        """Planned, safe, needed: as of what this run had last read of the group."""
        number = f"#{ran.process.number}"
        seen: dict[str, LiveGroup] = {}  # as last read
        icon: dict[str, object] = {}  # as last read
        waiting: dict[str, set[str]] = defaultdict(set)  # promoted, and not yet seen
        were: dict[str, set[str]] = defaultdict(set)  # promoted, and seen: demoted since, it was by somebody
        done: Counter[tuple[str, object]] = Counter()  # what this run has done already
        leavers = ran.loaded.desired.leavers if ran.loaded else ()
        for call in ran.process.calls:
            group_id = call.group_id or ""
            of_ids_alone = call.method == "list_groups" and call.at >= ran.approved
            for read, answer in () if of_ids_alone else call.readings.items():
                seen[read] = answer
                were[read] |= waiting[read] & set(answer.admins)
                waiting[read] -= set(answer.admins) | (waiting[read] - set(answer.participants))
            if call.method == "get_icon" and call.answer is not None:
                icon[group_id] = call.answer
            if call.method in READS | LOOKS:
                continue
            if call.method in ("create_group", "add_participants") and len(call.args) > 1:
                told = {each.answer for each in ran.process.calls if each.method == "find_person"}
                if not told.issuperset(call.args[1]):  # type: ignore[arg-type]
                    yield Verdict("not-looked-up", f"{number} {call.method} {call.args}")
            if call.method == "create_group":
                yield from self._making(ran, number, call)
                continue
            planned = self._planned(ran, call)
            if planned is None:
                yield Verdict("unplanned", f"{number} {call.method} in {group_id}")
                continue
            where = f"{number} {planned.name}"
            live = seen.get(group_id)
            people = self._people(call)
            pinned = planned.desired is not None and planned.desired.id is not None
            bound = {
                ran.before.groups[name].id
                for name in (planned.name, planned.was)
                if name in ran.before.groups
            }
            if (
                live is not None
                and live.creator not in (ACCOUNT, None)
                and group_id not in bound
                and not pinned
            ):
                yield Verdict("foreign", f"{where}: {call.method} in a group that somebody else made")
            if not _in_plan(planned, call, people, self.play.service.plain):
                yield Verdict("unplanned", f"{where}: {call.method} {call.args[1:]}")
            if ran.run.verb == "ready" and call.method != "promote":
                yield Verdict("unplanned", f"{where}: {call.method} by --ready")
            if live is None:
                yield Verdict("unread", f"{where}: {call.method} without a look at the group")
                continue
            if call.method in ("demote", "remove_participants", "leave"):
                due = {
                    who
                    for change in planned.changes
                    if change.kind == "promote"
                    for each in change.people
                    for who in (self.play.service.plain(each.wa_id),)
                    if who in set(live.participants) - set(live.admins) - were[group_id]
                }
                if due | waiting[group_id]:
                    unseen = " ".join(sorted(due | waiting[group_id]))
                    yield Verdict("not-seen", f"{where}: {call.method} before {unseen} were seen as admins")
            if call.method == "promote":
                waiting[group_id] |= set(people)
            for who in people:
                yield from self._person(where, call.method, planned.desired, live, leavers, who)
            yield from self._admins_left(where, call.method, live, people)
            if call.effective:
                yield from _needed(where, call, people, live, icon.get(group_id))
                for each in people or (str(call.args[1:]),):
                    if call.method in ("get_link", "revoke_link", "leave", "set_icon", "remove_icon"):
                        continue
                    done[call.method, (group_id, each)] += 1
                    if done[call.method, (group_id, each)] > 1 and not self._undone(ran, call, each):
                        yield Verdict(
                            f"again-{call.method}", f"{where}: {call.method} {each} twice in one run"
                        )

    def _making(self, ran: Ran, number: str, call: Call) -> Iterator[Verdict]:
        """A group is made because the plan says so; with people where the service makes none without, and
        with nobody whom the files and the plan would not have added to it."""
        planned = [
            group
            for group in (ran.plan.groups if ran.plan is not None else ())
            if any(isinstance(each, CreateGroup) and each.subject == call.args[0] for each in group.changes)
        ]
        if not planned:
            yield Verdict("unplanned", f"{number} made {call.args[0]!r}")
            return
        people = self._people(call)
        if bool(people) is not self.play.service.can.peopled:
            yield Verdict("people", f"{number} made {call.args[0]!r} with {len(people)} people")
        leavers = ran.loaded.desired.leavers if ran.loaded else ()
        for who in people:
            if not any(_may_add(group, who) for group in planned) or _has_left(leavers, who):
                yield Verdict("unwanted", f"{number} made {call.args[0]!r} with {who}")

    def _people(self, call: Call) -> tuple[str, ...]:
        """Whom a call is about, by their numbers where anybody can know them."""
        if call.method not in PEOPLE_CALLS | CREATES or len(call.args) < 2:
            return ()
        return tuple(self.play.service.plain(str(each)) for each in call.args[1])  # type: ignore[attr-defined]

    def _undone(self, ran: Ran, call: Call, each: str) -> bool:
        """Whether somebody else took back meanwhile what is done again: then it did have an effect."""
        group_id = call.group_id or ""
        before, after = call.before.get(group_id), call.after.get(group_id)
        return before is None or after is None or before.live != after.live

    def _person(
        self,
        where: str,
        method: str,
        group: DesiredGroup | None,
        live: LiveGroup,
        leavers: Iterable[Person],
        who: str,
    ) -> Iterator[Verdict]:
        """Whether the files say it of this person, as the group was last read."""
        closing = group is not None and group.ensure is Ensure.CLOSED and method == "remove_participants"
        if method == "add_participants":
            yield from self._added(where, group, live, who)
        elif _is_hidden(who) and not closing:
            yield Verdict("hidden", f"{where}: {method} {who}, of whom nobody knows who it is")
        elif method != "promote" and _protected(live, who):
            yield Verdict("protected", f"{where}: {method} of creator or account")
        elif group is not None and (
            (method == "promote" and not _to_promote(group, live, leavers, who))
            or (method == "demote" and not _to_demote(group, live, leavers, who))
            or (method == "remove_participants" and not _to_remove(group, live, leavers, who))
        ):
            yield Verdict("unwanted", f"{where}: {method} {who}, which the files do not say")

    def _added(self, where: str, group: DesiredGroup | None, live: LiveGroup, who: str) -> Iterator[Verdict]:
        """Only who is wanted, is not in, and is surely not in under a number that is hidden, is added."""
        wanted = () if group is None else (*(group.admins or ()), *(group.members or ()))
        if group is None or group.join != "add" or key(who) not in _first(wanted):
            yield Verdict("unwanted", f"{where}: {who} is added, which the files do not say")
        hidden = [each for each in live.participants if _is_hidden(each) and not _protected(live, each)]
        if hidden:
            yield Verdict("doubled", f"{where}: {who} is added, and may be {hidden[0]}")

    def _asked_again(self) -> Iterator[Verdict]:
        """Nobody who refused to be added is asked again while the people of the manifest are the same, and
        nobody who was added or refused for good is added again."""
        asked: dict[tuple[str, str], tuple[Call, int, object]] = {}
        for call in self.play.service.record:
            ran = self._ran(call)
            if call.method == "create_group":
                asked |= self._let_in(ran, call)
            if call.method != "add_participants":
                continue
            planned = self._planned(ran, call)
            if planned is None or planned.desired is None:
                continue
            wanted = frozenset(map(key, (each.numbers[0] for each in _wanted(planned.desired))))
            for who in self._people(call):
                earlier = asked.get((planned.name, key(who)))
                if earlier is None or call.args[0] not in earlier[0].after:
                    continue
                made = earlier[0].after.keys() - earlier[0].before.keys()
                if call.args[0] not in (made or earlier[0].args):
                    continue
                before, status, people = earlier
                if any(before.at <= loss.at <= ran.began for loss in self.play.losses):
                    self.allowed["state lost after an adding"] += 1
                elif status in (403, 417) and people == wanted:
                    yield Verdict("refused-again", f"{planned.name}: {who} refused, and is asked again")
                elif status in (200, 408, 409):
                    yield Verdict("added-twice", f"{planned.name}: {who} was added, and is once more")
            if call.error is None and ran.exit is not None and not ran.process.struck["refuse_step"]:
                for answer in call.answer or ():  # type: ignore[attr-defined]
                    who = key(self.play.service.plain(answer.id or answer.number))
                    was_in = any(who == key(each) for each in call.after[str(call.args[0])].live.participants)
                    if answer.status not in (200, 409) or (
                        was_in and self._was_seen(call, str(call.args[0]), who)
                    ):
                        asked[planned.name, who] = (call, answer.status, wanted)

    def _let_in(self, ran: Ran, call: Call) -> dict[tuple[str, str], tuple[Call, int, object]]:
        """Who came into a group with its create, of those who were seen in it by the run that made it."""
        made = next(iter(call.after.keys() - call.before.keys()), None)
        named = [
            group
            for group in (ran.plan.groups if ran.plan is not None else ())
            if any(isinstance(each, CreateGroup) and each.subject == call.args[0] for each in group.changes)
        ]
        if made is None or ran.exit is None or ran.process.struck["refuse_step"] or len(named) != 1:
            return {}
        later = (
            each.readings[made]
            for each in call.process.calls
            if each.arrived > call.arrived and made in each.readings
        )
        first = next(later, None)
        there = frozenset() if first is None else first.participant_keys
        return {
            (named[0].name, key(who)): (call, 200, None)
            for who in self._people(call)
            if key(who) in there and self._was_seen(call, made, key(who))
        }

    def _was_seen(self, call: Call, group_id: str, who: str) -> bool:
        """Whether the run read the group with somebody in it, after it had added them, and never without them
        after that."""
        later = [
            who in each.readings[group_id].participant_keys
            for each in call.process.calls
            if each.arrived > call.arrived and group_id in each.readings
        ]
        return bool(later) and all(later[later.index(True) :] if True in later else [False])

    def _made_beside_short_list(self) -> Iterator[Verdict]:
        """No group is made beside a list that leaves out what the run has seen listed, or had on record."""
        for call in self.play.service.record:
            if call.method != "create_group" or not call.effective or not self.play.service.gateway:
                continue
            ran = self._ran(call)
            lists = [
                each
                for each in ran.process.calls
                if each.method == "list_groups" and isinstance(each.answer, GroupList) and each.at < call.at
            ]
            own = [each for each in lists if each.thread is call.thread]
            if not lists:
                yield Verdict("made-beside-short-list", f"#{ran.process.number} {call.args[0]!r}: no list")
                continue
            last = frozenset((own or lists)[-1].answer.ids)  # type: ignore[attr-defined]
            known = {each for one in lists for each in one.answer.ids}  # type: ignore[attr-defined]
            known |= {record.id for record in ran.before.groups.values()}
            there = {
                each
                for each in known
                if each in call.before and ACCOUNT in call.before[each].live.participants
            }
            gone = {each for each in there - last if self._told_gone(call, each)}
            self.allowed["told that a group which reads do not show yet is gone"] += len(gone)
            if lacking := there - last - gone:
                text = f"#{ran.process.number} {call.args[0]!r}: the list leaves out {sorted(lacking)}"
                yield Verdict("made-beside-short-list", text)

    def _told_gone(self, create: Call, group_id: str) -> bool:
        """Whether all that a run was told of a group before it made another is that there is none: by the
        service's own word, or by two lists with a refresh between them."""
        if group_id in create.unlisted and any(
            call.method == "refresh_list" and call.at < create.at for call in create.process.calls
        ):
            return True
        asked = [
            call.error
            for call in create.process.calls
            if call.method == "get_group" and call.args == (group_id,) and call.at < create.at
        ]
        return not self.play.service.can.refreshes and bool(asked) and isinstance(asked[-1], NotFound)

    def _admins_left(
        self, where: str, method: str, live: LiveGroup, people: Collection[str]
    ) -> Iterator[Verdict]:
        """This run lifts all guards, so only creator and account are looked at: they stay admins."""
        if method in ("demote", "remove_participants") and not set(live.admins) - set(people):
            yield Verdict("no-admin", f"{where}: nobody would be admin")

    # Green means right

    def _green(self, ran: Ran) -> Iterator[Verdict]:
        """What ends 0 is so, as of the last reading of each group."""
        number = f"#{ran.process.number}"
        assert ran.loaded is not None
        lists = [call for call in ran.process.calls if call.method == "list_groups" and call.error is None]
        for group in ran.loaded.desired.groups:
            if group.hold is not None:
                continue
            record = ran.after.groups.get(group.name) if ran.after else None
            if group.ensure is not Ensure.PRESENT:
                old = ran.before.groups.get(group.name)
                if old is not None:
                    last = self._last(ran, old.id, until_unlisted=True)
                    if isinstance(last, LiveGroup) and ACCOUNT in last.participants and lists:
                        yield Verdict("green-wrong", f"{number} {group.name}: we are still in it")
                continue
            group_id = record.id if record is not None else group.id
            if group_id is None:
                yield Verdict("green-wrong", f"{number} {group.name}: no group is known of it")
                continue
            live = self._last(ran, group_id)
            if not isinstance(live, LiveGroup):
                yield Verdict("green-unread", f"{number} {group.name}: {group_id} was never read")
                continue
            doubled = [who for who in live.participants if key(who) in live.ambiguous_keys]
            known = self._before_writing(ran, group_id)
            for what in wrong(group, live, ran.loaded.desired.leavers, known):
                code = "green-several-ids" if any(who in what for who in doubled) else "green-wrong"
                yield Verdict(code, f"{number} {group.name}: {what}")
            yield from self._green_icon(ran, number, group, group_id)
            yield from self._green_link(ran, number, group, group_id)

    def _before_writing(self, ran: Ran, group_id: str) -> Collection[str] | None:
        """Who was in a group when it was last read before the first write; None where nothing was written.
        Whoever joins after that is dealt with by the next run."""
        known: Collection[str] = ()
        for call in ran.process.calls:
            if group_id in call.readings:
                known = call.readings[group_id].participants
            if call.method not in READS and (
                call.group_id == group_id or group_id in call.after.keys() - call.before.keys()
            ):
                return known
        return None

    def _last(self, ran: Ran, group_id: str, *, until_unlisted: bool = False) -> object:
        """The last answer about a group in a run: the group, or that there is none. A gateway says only by
        its list that there is none; that counts where the account was to leave."""
        last: object = None
        for call in ran.process.calls:
            begun = call.at >= ran.approved  # from then on a list is asked for its ids alone
            asked = call.args == (group_id,) and call.method == "get_group"
            unlisted = isinstance(call.answer, GroupList) and group_id not in call.answer.ids
            if group_id in call.readings and (asked or not begun):
                last = call.readings[group_id]
            elif (asked and isinstance(call.error, NotFound)) or (until_unlisted and unlisted):
                last = None
        return last

    def _green_icon(self, ran: Ran, number: str, group: DesiredGroup, group_id: str) -> Iterator[Verdict]:
        if group.icon is None:
            return
        last = None
        for call in ran.process.calls:
            if call.method == "get_icon" and call.args == (group_id,) and call.answer is not None:
                last = call.answer
        made = any(
            call.method == "create_group" and group_id in call.after.keys() - call.before.keys()
            for call in ran.process.calls
        )
        if last is None:
            if not (made and group.icon.picture is None):
                yield Verdict("green-unread", f"{number} {group.name}: its icon was never looked at")
            return
        data = None if last == NOTHING else self.play.service.pictures.get(last.bare_url)  # type: ignore[attr-defined]
        if group.icon.picture is None:
            right = data is None
        else:
            source = group.icon.picture.sha256
            right = data is not None and (source == pictures.sha256(data) or source in self._sources(data))
        if not right and isinstance(last, IconMeta) and self._set_meanwhile(group_id, last):
            self.allowed["icon set by hand during an upload"] += 1
        elif not right:
            yield Verdict("green-wrong", f"{number} {group.name}: its icon is another")

    def _set_meanwhile(self, group_id: str, icon: IconMeta) -> bool:
        """Whether the picture, or one of the same bytes, was first shown to a run in its looks after an
        upload: as the service may store pictures otherwise, nobody can tell it from ours."""
        stored = self.play.service.pictures
        for upload in self.play.service.record:
            if upload.method != "set_icon" or upload.args[0] != group_id:
                continue
            looks = [
                (
                    each.arrived,
                    stored.get(each.answer.bare_url) if isinstance(each.answer, IconMeta) else None,
                )
                for each in upload.process.calls
                if each.method == "get_icon" and each.args == (group_id,)
            ]
            shown = [arrived for arrived, data in looks if data == stored.get(icon.bare_url)]
            if shown and shown[0] > upload.arrived:
                return True
        return False

    def _sources(self, data: bytes) -> set[str]:
        """Of which pictures the served bytes are what the service keeps."""
        from tests.simulation.play import COLOURS, icon_bytes, reencoded

        return {
            pictures.sha256(icon_bytes(name))
            for name in COLOURS
            if data in (icon_bytes(name), reencoded(icon_bytes(name)))
        }

    def _green_link(self, ran: Ran, number: str, group: DesiredGroup, group_id: str) -> Iterator[Verdict]:
        """A version that was raised over the recorded one: its link is dead."""
        old = ran.before.groups.get(group.name)
        version = group.link_version
        if version is None or old is None or old.id != group_id or old.link_version is None:
            return
        if version <= old.link_version or old.revoking is not None:
            return  # of one that was begun, any other link says that it is done, whoever made it
        ever = any(
            call.method == "revoke_link" and call.effective and call.args == (group_id,)
            for call in self.play.service.record
            if call.at <= ran.ended
        )
        worlds = [world for call in ran.process.calls for world in (call.before, call.after)]
        links = {world[group_id].link for world in worlds if group_id in world} - {None}
        if not ever and len(links) < 2:  # reset by hand meanwhile, it is dead as well
            yield Verdict("green-wrong", f"{number} {group.name}: its link was not revoked")

    # In the end

    def _quiet(self) -> Iterator[Verdict]:
        """The next quiet run converges, and the one after it writes nothing."""
        first, second = self.play.ran[-2:]
        for ran in (first, second):
            if isinstance(ran.error, InputError):
                return  # nothing was read, and nothing written
            if ran.bug or ran.error is not None:
                yield Verdict("quiet", f"#{ran.process.number} ended {ran.exit}: {ran.error or 'a bug'}")
                return
        result = first.result
        planned = first.plan.groups if first.plan else ()
        ended = result.groups  # type: ignore[attr-defined]
        stuck = {each.name for each in (*planned, *ended) if each.action in ("blocked", "missing")}
        if first.exit not in (Exit.OK, Exit.PARTIAL, Exit.OBJECTION) or (
            first.exit is Exit.PARTIAL and not stuck
        ):
            yield Verdict("quiet", f"#{first.process.number} ended {int(first.exit or 0)}")
        for group in ended:
            for outcome in group.outcomes:
                if outcome.status != "done" and first.exit is not Exit.OBJECTION:
                    code = outcome.problem.code if outcome.problem else ""
                    yield Verdict("quiet", f"{group.name}: {outcome.change.kind} {outcome.status} {code}")
        writes = [call.method for call in second.process.calls if call.method not in READS]
        if writes and first.exit is not Exit.OBJECTION:
            yield Verdict("quiet-writes", f"#{second.process.number} writes: {' '.join(writes)}")


def _in_plan(planned: GroupPlan, call: Call, people: tuple[str, ...], plain: Callable[[str], str]) -> bool:
    """Whether the approved plan has this very call. Who is promoted right after they were added is listed by
    an id that the plan did not know."""
    for change in planned.changes:
        match change:
            case SetValue() if call.method == "set_permission" == change.kind:
                return (change.name, change.after) == call.args[1:]
            case SetValue() if call.method == change.kind:
                return change.after == call.args[1]
            case SetIcon() if call.method == "set_icon" and change.after is not None:
                return change.after.sha256 == pictures.sha256(call.args[1])  # type: ignore[arg-type]
            case SetIcon() if call.method == "remove_icon" and change.after is None:
                return True
            case RevokeLink() if call.method in ("get_link", "revoke_link"):
                return True
            case LeaveGroup() if call.method == "leave":
                return True
            case ChangePeople("add_members") if call.method == "add_participants":
                return {*map(key, people)} <= {each.key for each in change.people}
            case ChangePeople("promote") if call.method == "promote":
                return {*map(key, people)} <= {key(plain(each.shown)) for each in change.people}
            case ChangePeople(kind) if kind == call.method:
                return set(people) <= {plain(each.wa_id) for each in change.people}
    return False


def _may_add(planned: GroupPlan, who: str) -> bool:
    """Whether files and approved plan say that somebody is added to a group."""
    group = planned.desired
    added = {each.key for change in planned.changes if change.kind == "add_members" for each in change.people}
    wanted = group is not None and group.join == "add" and key(who) in _first(_wanted(group))
    return wanted and key(who) in added


def _needed(
    where: str, call: Call, people: tuple[str, ...], live: LiveGroup, icon: object
) -> Iterator[Verdict]:
    """Nothing is sent that the last reading shows to be so already."""
    needless = False
    match call.method:
        case "set_subject":
            needless = normal(live.subject) == call.args[1]
        case "set_description":
            needless = live.description == call.args[1]
        case "set_permission":
            needless = live.permissions.get(call.args[1]) == call.args[2]  # type: ignore[call-overload]
        case "add_participants":
            needless = not live.participant_keys.isdisjoint(map(key, people))
        case "promote":
            needless = set(people) <= set(live.admins)
        case "demote":
            needless = not set(people) & set(live.admins)
        case "remove_participants":
            needless = not set(people) & set(live.participants)
        case "remove_icon":
            needless = icon == NOTHING
        case "set_icon":
            group_id = call.group_id or ""
            needless = isinstance(icon, IconMeta) and _shows(call.before.get(group_id), icon, call)
    if needless:
        yield Verdict(f"needless-{call.method}", f"{where}: it was so already")


def _shows(group: FakeGroup | None, icon: IconMeta, call: Call) -> bool:
    """Whether the icon that was read last is the very upload of these bytes by this process."""
    earlier = [
        each
        for each in call.process.calls  # type: ignore[attr-defined]
        if each is not call
        and each.method == "set_icon"
        and each.effective
        and each.args == call.args
        and each.arrived < call.arrived
    ]
    return group is not None and any(
        (made := each.after.get(call.group_id or "")) is not None and made.icon == icon.bare_url
        for each in earlier
    )


# What the files say of people (design, "What becomes a change")


def _first(people: Iterable[Person] | None) -> set[str]:
    return {key(person.numbers[0]) for person in people or ()}


def _wanted(group: DesiredGroup) -> tuple[Person, ...]:
    return (*(group.admins or ()), *(group.members or ()))


def _is_hidden(who: str) -> bool:
    """Whether this is an id of which nobody knows the number."""
    return "@" in who


def _has_left(leavers: Iterable[Person], who: str) -> bool:
    return any(key(who) == key(digits) for person in leavers for digits in person.numbers)


def _protected(live: LiveGroup, who: str) -> bool:
    return key(who) in {US, key(live.creator or ACCOUNT), *map(key, live.superadmins)}


def _keeps(people: Iterable[Person], live: LiveGroup, who: str, role: Collection[str]) -> bool:
    """Whether this is a wanted number, or another of somebody whose wanted one does not have the role yet."""
    for person in people:
        wanted = key(person.numbers[0])
        if key(who) == wanted:
            return True
        there = wanted in {key(each) for each in role}
        if not there and any(key(who) == key(digits) for digits in person.numbers):
            return True
    return False


def _to_promote(group: DesiredGroup, live: LiveGroup, leavers: Iterable[Person], who: str) -> bool:
    return key(who) in _first(group.admins) and who in live.participants and not _has_left(leavers, who)


def _to_demote(group: DesiredGroup, live: LiveGroup, leavers: Iterable[Person], who: str) -> bool:
    if who not in live.admins:
        return True  # said by `needless`
    return _has_left(leavers, who) or (
        group.admins is not None
        and key(who) not in _first(group.admins)
        and not _keeps_strictly(group.admins, live, who)
    )


def _keeps_strictly(people: Iterable[Person], live: LiveGroup, who: str) -> bool:
    return _keeps(people, live, who, live.participants)


def _to_remove(group: DesiredGroup, live: LiveGroup, leavers: Iterable[Person], who: str) -> bool:
    if group.ensure is Ensure.CLOSED or _has_left(leavers, who):
        return True
    if not group.prune_members or group.members is None:
        return False
    if group.admins is None and key(who) in live.admin_keys:
        return False
    return not _keeps_strictly((*(group.admins or ()), *group.members), live, who)


def wrong(
    group: DesiredGroup, live: LiveGroup, leavers: Iterable[Person], known: Collection[str] | None = None
) -> Iterator[str]:
    """In what a group is not as its manifest says; whoever is not `known` has just joined."""
    if ACCOUNT not in live.participants:
        yield "we are not in it"
    if group.subject is not None and normal(live.subject) != group.subject:
        yield f"its subject is {live.subject!r}"
    if group.description is not None and normal(live.description or "") != group.description:
        yield f"its description is {live.description!r}"
    for name, value in group.permissions.items():
        if live.permissions.get(name) != value:
            yield f"its {name} is {live.permissions.get(name)!r}"
    hidden = [each for each in live.participants if _is_hidden(each) and not _protected(live, each)]
    if group.admins is not None and set(hidden) & set(live.admins):
        yield f"{hidden} hides their number, and is admin"
    for person in leavers:
        if hidden and not person.lids and not person.keys & live.participant_keys:
            yield f"{person.ref} has left, and may be {hidden}"
    for who in live.participants:
        if _protected(live, who):
            continue
        admin = who in live.admins
        if _is_hidden(who):
            continue
        if not admin and known is not None and who not in known:
            continue
        if _has_left(leavers, who):
            yield f"{who} has left, and is in it"
            continue
        if group.admins is not None and not admin and key(who) in _first(group.admins):
            yield f"{who} is no admin"
        if group.admins is not None and admin and not _keeps_strictly(group.admins, live, who):
            yield f"{who} is admin"
        if (
            group.prune_members
            and group.members is not None
            and not (group.admins is None and key(who) in live.admin_keys)
            and not _keeps_strictly((*(group.admins or ()), *group.members), live, who)
        ):
            yield f"{who} is in it"
