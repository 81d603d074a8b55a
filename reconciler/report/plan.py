"""What `plan` tells: what would become of every group, what stands in the way, and who has yet to join."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.language import msg_p, tr, tr_n, tr_p
from reconciler.model import number
from reconciler.model.change import (
    Change,
    ChangePeople,
    CreateGroup,
    LeaveGroup,
    RevokeLink,
)
from reconciler.report import base as compared
from reconciler.report import changes, words
from reconciler.report.base import UNTIL_NOW
from reconciler.report.changes import ACTIONS
from reconciler.report.model import Banner, Column, Command, Count, Entry, Field, Report, Status, Summary
from reconciler.report.redact import labels
from reconciler.report.section import Cell, Data, Rows, Told, once
from reconciler.report.words import few

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reconciler.model.attribution import Base, GroupAttribution
    from reconciler.model.live import LiveGroup
    from reconciler.model.plan import CauseOfChange, GroupPlan, Plan
    from reconciler.report.redact import Redactor

_REFUSED = Status("blocked", "!", msg_p("of a plan", "refused"), "bad", "failure")
COLUMNS = (
    Column(msg_p("a column of values", "now"), "-"),
    Column(msg_p("a column of values", "after apply"), "+"),
)
_WAITING = (COLUMNS[0], Column(msg_p("a column of values", "wanted"), "+"))
_NAMES = 15
"""Groups named beside what cannot be undone."""
_PEOPLE = 3
"""People named there, if there are no more."""


def told(plan: Plan, redactor: Redactor, base: Base | None = None) -> Told:
    """Return what there is to tell of a plan; of one that was compared with a base, with causes."""
    facts = once(lambda: data(plan, redactor, base))
    return Told(
        report=once(lambda: report(plan, redactor, base)), data=facts, rows=once(lambda: rows(facts()))
    )


# --- the document -----------------------------------------------------------------------------------------


def report(plan: Plan, redactor: Redactor, base: Base | None = None) -> Report:
    """Return the document of a plan. Groups stand in the plan's order; beside a base those that this change
    changes come first, then what was due before, then the others."""
    count = Counter[str](group.action for group in plan.groups)
    shares = {} if base is None else {cause: compared.share(plan, base, cause) for cause in compared.CAUSES}
    asked = {} if base is None else compared.besides(plan, base, shares["this_change"])
    verdict, status, sentences = _verdict(plan, count, shares, asked)
    return Report(
        verb="plan",
        verdict=verdict,
        status=status,
        sentences=sentences,
        title=_title(plan, count, shares, asked),
        summary=_summary(plan, count, shares, asked),
        banners=tuple(_banners(plan, redactor, base)),
        counts=(
            *(Count(status, count[key]) for key, status in ACTIONS.items()),
            Count(words.UNMANAGED, len(plan.unmanaged), share=False),
        ),
        entries=tuple(_entries(plan, redactor, base)),
        tables=changes.joining(_joining(plan, redactor, base)),
        listings=words.unmanaged(plan.unmanaged, redactor),
        facts=() if base is None else ((tr("Compared with"), compared.named(base, redactor)),),
        digest=plan.digest,
    )


Shares = dict["CauseOfChange", dict[str, int]]
"""What each cause contributes; empty where there is no base."""


def _verdict(
    plan: Plan, count: Counter[str], shares: Shares, asked: Mapping[str, str]
) -> tuple[str, Status, tuple[str, ...]]:
    """The line that matters most, how it is meant, and sentences beside it. `asked` is what this change makes
    so besides (`base.besides`)."""
    changed = len(plan.changed)
    mine = shares.get("this_change", {})
    sentences = [f"{words.GROUPS['none'](count['none'])}."]
    sentences += [_notices(plan)] if changed else []
    title = tr_n("{n} group would change", "{n} groups would change", changed)
    if shares:
        sentences.insert(0, compared.also(shares["before"]))
        makes = (
            tr("This change makes {changes}", changes=compared.in_groups(mine))
            if mine["changes"]
            else tr("This change causes no changes")
        )
        title = "; ".join((makes, *_joined(asked)))
    sentences += [f"{each}." for each in _to_invite(plan, mine)]
    if refused := len(plan.open_objections):
        objects = tr_n("Refused: {n} guard objects", "Refused: {n} guards object", refused)
        return objects, _REFUSED, (f"{title}.", *sentences)
    if changed:
        sentences.append(
            tr("Nothing is changed yet. Once this is merged: {command}.", command=_how(plan))
            if shares
            else tr("Nothing is changed yet. Next: {command}.", command=_how(plan))
        )
        return title, ACTIONS["update"], tuple(sentences)
    if asked:
        alone = (
            ACTIONS[key] for key in ("held", "orphaned") if asked.keys() == {key} and mine[key] == count[key]
        )
        return title, next(alone, changes.JOINING), tuple(sentences)
    if not plan.complete:
        return tr("Not everything could be read"), ACTIONS["unreadable"], tuple(sentences)
    if stuck := words.of_groups(count, ("blocked", "missing")):
        return tr("Nothing can be applied"), ACTIONS["blocked"], (f"{words.both(stuck)}.", *sentences)
    return tr("Nothing to change"), ACTIONS["none"], tuple(sentences)


def _joined(asked: Mapping[str, str]) -> list[str]:
    """Return what a change makes so besides as one piece of a sentence, or none."""
    return [", ".join(asked.values())] if asked else []


def _to_invite(plan: Plan, mine: Mapping[str, int]) -> list[str]:
    """Return how many have yet to join, unless `mine`, the share of this change, is all of them."""
    invites = [invite for group in plan.groups for invite in group.joining]
    return [words.to_invite(invites)] if invites and len(invites) != mine.get("invites") else []


def _how(plan: Plan) -> str:
    """Return the command that makes what is planned so: `apply` has to be told again what this plan was."""
    options = ["--prune"] if any(map(_is_pruned, plan.changed)) else []
    options += [f"--allow {each.code}" for each in plan.objections if each.by_option]
    return " ".join(("reconciler apply", *options))


def _is_pruned(group: GroupPlan) -> bool:
    """Return whether only `--prune` leaves the group: no manifest says so."""
    return group.location is None and any(isinstance(change, LeaveGroup) for change in group.changes)


def _notices(plan: Plan) -> str:
    """Say what the members will notice."""
    told = [group.notices for group in plan.groups if group.notices]
    if not told:
        return tr("Members will see no notices.")
    return tr(
        "Members will see {notices} in {groups}.",
        notices=tr_n("{n} notice", "{n} notices", sum(told)),
        groups=tr_n("{n} group", "{n} groups", len(told)),
    )


def _title(plan: Plan, count: Counter[str], shares: Shares, asked: Mapping[str, str]) -> str:
    """Say in the fewest words what would be done, for a heading."""
    if not plan.changed:
        return _summary(plan, count, shares, asked).head
    if not shares:
        return _actions(count)
    mine, before = shares["this_change"], shares["before"]
    title = _actions(mine) if mine["changes"] else tr("no changes")
    title = tr("{changes} by this change", changes=" · ".join((title, *_joined(asked))))
    if not before["changes"]:
        return title
    due = tr("{changes} due before", changes=compared.in_groups(before))
    return f"{title} · {due}"


def _actions(count: Mapping[str, int]) -> str:
    """`1 to create, 2 to update, 0 to leave`."""
    found = [
        tr_n("{n} to create", "{n} to create", count["create"]),
        tr_n("{n} to update", "{n} to update", count["update"]),
        tr_n("{n} to leave", "{n} to leave", count["leave"]),
    ]
    if count["adopt"]:
        found.insert(1, tr_n("{n} to adopt", "{n} to adopt", count["adopt"]))
    return ", ".join(found)


def _summary(plan: Plan, count: Counter[str], shares: Shares, asked: Mapping[str, str]) -> Summary:
    """Counts by action, and what the members will notice; beside a base what this change causes, and how much
    there is besides. Where nothing changes, also how many have yet to join."""
    mine = shares.get("this_change", {})
    stuck = ("blocked", "missing", "unreadable", "held", "orphaned")
    told = [key for key in stuck if count[key] != mine.get(key)]  # else it is said of this change
    others = words.of_groups(count | Counter(unmanaged=len(plan.unmanaged)), (*told, "unmanaged"))
    if not plan.changed:
        if plan.ready_only:
            return changes.nobody(len(plan.groups), others)
        others += _to_invite(plan, mine)
        impossible = count["blocked"] or count["missing"] or count["unreadable"]
        verdict = tr("Nothing can be applied") if impossible else tr("No changes")
        by = [tr("by this change {asked}", asked=each) for each in _joined(asked)]
        return changes.nothing(f"{'; '.join((verdict, *by))}.", count["none"], others)
    tail = f"{' · '.join((words.GROUPS['none'](count['none']), *others))}. {_notices(plan)}"
    if not shares:
        return Summary(_actions(count), f" · {tail}")
    head = (
        tr("This change: {actions}", actions=_actions(mine))
        if mine["changes"]
        else tr("This change causes no changes")
    )
    return Summary(f"{'; '.join((head, *_joined(asked)))}.", f" {compared.also(shares['before'])} {tail}")


# --- banners ----------------------------------------------------------------------------------------------


def _banners(plan: Plan, redactor: Redactor, base: Base | None) -> Iterator[Banner]:
    """Yield the protections that this change moves, the reading, what cannot be undone, and what guards
    say."""
    if renamed := [group for group in plan.groups if group.maybe]:
        yield Banner(
            tr("Perhaps a rename: see to it before anything is applied"),
            "warn",
            tuple(_maybe(renamed)),
            first=True,
        )
    if base is not None:
        yield from compared.banners(base, redactor)
    unreadable = sum(group.action == "unreadable" for group in plan.groups)
    notes = tuple(map(redactor.note, plan.notes))
    yield from words.reading(complete=plan.complete, notes=notes, unreadable=unreadable)
    if final := tuple(_final(plan.groups, redactor)):
        yield Banner(tr("Cannot be undone"), "warn", final)
    causes = {} if base is None else base.attribution.objections
    yield from changes.objections(plan.objections, redactor, causes)


def _maybe(renamed: Iterable[GroupPlan]) -> Iterator[str]:
    """Yield what each group may be that would be made anew, and how to say so."""
    for group in renamed:
        yield tr(
            "{name} would be made as a second group. If it is one under a new name: {commands}",
            name=group.name,
            commands=tr("; or: ").join(
                f"reconciler state mv {orphan} {group.name}" for orphan in group.maybe
            ),
        )


def _final(groups: Iterable[GroupPlan], redactor: Redactor) -> Iterator[str]:
    """Yield a line for each sort of change that cannot be undone."""
    left: list[str] = []
    revoked: list[str] = []
    removed: list[str] = []
    people: dict[str, str] = {}
    for group in groups:
        for change in group.changes:
            match change:
                case LeaveGroup():
                    left.append(group.name)
                case RevokeLink():
                    revoked.append(group.name)
                case ChangePeople("remove_participants", affected):
                    removed.append(group.name)
                    people |= {person.key: person.shown for person in affected}
                case _:  # the others can be made undone by another change
                    pass
    if left:
        yield tr_n(
            "{n} group left for good: {names}",
            "{n} groups left for good: {names}",
            len(left),
            names=few(left, _NAMES),
        )
    if removed:
        who = tr_n("{n} person", "{n} people", len(people))
        if len(people) <= _PEOPLE:
            who += f" ({', '.join(map(labels(redactor, people.values()), people.values()))})"
        yield tr_n(
            "{who} removed from {groups}, who would have to join again: {names}",
            "{who} removed from {groups}, who would have to join again: {names}",
            len(people),
            who=who,
            groups=tr_n("{n} group", "{n} groups", len(removed)),
            names=few(removed, _NAMES),
        )
    if revoked:
        yield tr_n(
            "{n} invite link revoked, which stops working: {names}",
            "{n} invite links revoked, which stop working: {names}",
            len(revoked),
            names=few(revoked, _NAMES),
        )


# --- groups -----------------------------------------------------------------------------------------------


def _entries(plan: Plan, redactor: Redactor, base: Base | None) -> Iterator[Entry]:
    """Yield every group once, or beside a base once for each of its causes."""
    if base is None:
        for group in plan.groups:
            yield _entry(group, group.changes, redactor)
        return
    known = base.attribution.groups
    told = set()
    for cause, part in compared.parts(base, redactor).items():
        for group in plan.groups:
            found = known[group.name]
            mine = found.this_change if cause == "this_change" else found.before
            is_taken_on = compared.is_taken_on(group, base)
            if mine.changes or (cause == "this_change" and (mine or found.stuck == cause or is_taken_on)):
                told.add(group.name)
                made = _entry(group, mine.changes, redactor, part=part, cause=cause, found=found)
                yield replace(made, aside=changes.TAKEN_ON.word) if is_taken_on and mine.changes else made
    for group in plan.groups:
        if group.name not in told:
            yield _entry(group, (), redactor, cause=compared.cause_of(known[group.name]))


def _entry(
    group: GroupPlan,
    part_of_it: tuple[Change, ...],
    redactor: Redactor,
    *,
    part: Status | None = None,
    cause: CauseOfChange | None = None,
    found: GroupAttribution | None = None,
) -> Entry:
    """A group with its changes, or those of one cause. What the whole will look like, and its notes, stand
    where this change's part is, or else with the other."""
    is_whole = found is None or cause == (compared.cause_of(found) or cause)
    label = _label(group, redactor)
    status = ACTIONS[compared.action_of(part_of_it) if part_of_it and found is not None else group.action]
    if found is not None and group.action == "none" and not part_of_it:
        status = changes.JOINING if found.this_change.invites else changes.TAKEN_ON
    after = admins_after(group) if is_whole and status.key != "create" else None
    joining = found.this_change.invites if found is not None and cause == "this_change" else ()
    waits = cause == "before" and group.action != "unreadable"
    prune = " --prune" if _is_pruned(group) else ""
    return Entry(
        name=group.name,
        status=status,
        taken_as=UNTIL_NOW if waits else None,
        id="" if group.id is None else redactor.group_id(group.id),
        subject=redactor.untrusted(_subject(group)),
        file=group.location.file if group.location else "",
        line=group.location.line if group.location else 0,
        columns=_WAITING if group.withheld else COLUMNS,
        fields=(
            *changes.fields_of(
                part_of_it, redactor, label, "" if after is None else _named(after, group, redactor, label)
            ),
            *(_waiting(each, group) for each in changes.fields_of(group.withheld, redactor, label)),
            *changes.joining_field(joining, redactor),
        ),
        notes=tuple(map(redactor.note, group.notes)) if is_whole else (),
        commands=(
            Command(
                tr_p("a command's label", "apply"),
                f"reconciler apply{prune} --target {group.name}",
                quiet=True,
            ),
        )
        if group.changes
        else (),
        part=part,
        origin=cause or "",
    )


def _subject(group: GroupPlan) -> str:
    """Return the subject that a group is to have, else the one that it has."""
    wanted = group.desired and group.desired.subject
    return wanted or (group.live.subject if group.live else "")


def _joining(plan: Plan, redactor: Redactor, base: Base | None) -> Iterator[changes.Joining]:
    """Yield everybody who has yet to join, and beside a base what made it so."""
    for group in plan.groups:
        mine = () if base is None else base.attribution.groups[group.name].this_change.invites
        for each in group.joining:
            cause = "" if base is None else tr("this change") if each in mine else tr("what was due before")
            yield changes.Joining(group.name, redactor.named(each.person), each.role, cause)


def _waiting(field: Field, group: GroupPlan) -> Field:
    """Return what would be done if the group were neither on hold nor blocked."""
    waits = tr("waits for the end of the hold") if group.action == "held" else tr("waits")
    said = f"{waits}: {tr(field.said)}" if field.said else waits
    return replace(field, said=said, final=False, waits=True)


def _label(group: GroupPlan, redactor: Redactor) -> changes.Label:
    """Return how people are called in one group, the same in every part of it."""
    named = (*changes.people_of(group.changes), *changes.people_of(group.withheld))
    return labels(redactor, (*named, *(admins_after(group) or ())))


def admins_after(group: GroupPlan) -> tuple[str, ...] | None:
    """Return the wa_ids of who will be admin, in the server's order, where that changes and is known; empty
    in a group that is only being created."""
    if any(isinstance(change, LeaveGroup) for change in group.changes):
        return None
    if any(isinstance(change, CreateGroup) for change in group.changes):
        return ()
    if group.live is None or not changes.people_of(group.changes):
        return None
    after = _made_so(group.live, group.changes)
    return None if after == tuple(map(group.live.shown, group.live.admins)) else after


def _made_so(live: LiveGroup, made: Iterable[Change]) -> tuple[str, ...]:
    """The admins of a group once changes are made, by number keys: one person may be spelled in two ways."""
    admins = {live.key(wa_id): live.shown(wa_id) for wa_id in live.admins}
    for change in made:
        match change:
            case ChangePeople("promote", people):
                for person in people:
                    admins.setdefault(person.key, person.shown)
            case ChangePeople("demote" | "remove_participants", people):
                for person in people:
                    admins.pop(person.key, None)
            case _:
                pass
    return tuple(admins.values())


def _admins(
    wa_ids: tuple[str, ...], group: GroupPlan, redactor: Redactor, label: changes.Label
) -> list[tuple[str, bool]]:
    """What admins are called, and whether they are the creator: aliases first, then numbers, the account
    last; the account creates what is created."""
    if not wa_ids and group.live is None:
        return [(tr("account"), True)]
    creator = group.live.creator_key if group.live else None

    def rank(wa_id: str) -> tuple[bool, bool, str]:
        key = number.key(wa_id)
        return key in redactor.account, key not in redactor.aliases, label(wa_id)

    return [(label(wa_id), number.key(wa_id) == creator) for wa_id in sorted(wa_ids, key=rank)]


def _named(wa_ids: tuple[str, ...], group: GroupPlan, redactor: Redactor, label: changes.Label) -> str:
    found = _admins(wa_ids, group, redactor, label)
    return ", ".join(tr("{who} (creator)", who=who) if made else who for who, made in found) or tr("nobody")


# --- plain data: `plan` in `schemas/` ---------------------------------------------------------------------


def data(plan: Plan, redactor: Redactor, base: Base | None = None) -> Data:
    """Return the JSON document of a plan, as `plan` in `schemas/` says."""
    causes = {} if base is None else base.attribution.objections
    return {
        "format_version": 1,
        "kind": "plan",
        "complete": plan.complete,
        "digest": plan.digest,
        **({} if base is None else {"base": compared.data(base, redactor)}),
        "summary": _data_of_summary(plan, base),
        "groups": [
            _data_of_group(group, redactor, base.attribution.groups[group.name] if base is not None else None)
            for group in plan.groups
        ],
        "objections": [
            changes.data_of_objection(each, redactor) | _data_of_cause(causes.get(each.code))
            for each in plan.objections
        ],
        "unmanaged": [words.data_of_unmanaged(found, redactor) for found in plan.unmanaged],
        "notes": [redactor.note(note) for note in plan.notes],
    }


def _data_of_summary(plan: Plan, base: Base | None) -> Data:
    count = Counter[str](group.action for group in plan.groups)
    summary: Data = {key: count[key] for key in ("create", "adopt", "update", "leave")}
    summary["unchanged"] = count["none"]
    summary |= {key: count[key] for key in ("blocked", "missing", "orphaned", "held", "unreadable")}
    summary["unmanaged"] = len(plan.unmanaged)
    summary["invites"] = sum(len(group.joining) for group in plan.groups)
    summary["notices"] = sum(group.notices for group in plan.groups)
    if base is not None:
        summary["attribution"] = {cause: compared.share(plan, base, cause) for cause in compared.CAUSES}
    return summary


def _data_of_group(group: GroupPlan, redactor: Redactor, found: GroupAttribution | None) -> Data:
    label, after = _label(group, redactor), admins_after(group)
    entry: Data = {
        "name": group.name,
        "id": None if group.id is None else redactor.group_id(group.id),
        "manifest": words.data_of_manifest(group.location),
        "action": group.action,
        "changes": [
            changes.data_of_change(change, redactor, label) | _data_of_cause(cause)
            for change, cause in compared.caused(group.changes, found)
        ],
        "to_invite": [
            changes.data_of_invite(invite, redactor)
            | _data_of_cause(
                None if found is None else "before" if invite in found.before.invites else "this_change"
            )
            for invite in group.to_invite
        ],
        "notes": [redactor.note(note) for note in group.notes],
        "notices": group.notices,
    }
    if group.withheld:
        entry["withheld"] = [changes.data_of_change(change, redactor, label) for change in group.withheld]
    if after is not None:
        entry["after"] = {"admins": [who for who, _ in _admins(after, group, redactor, label)]}
    return entry | _data_of_cause(compared.cause_of(found))


def _data_of_cause(cause: CauseOfChange | None) -> dict[str, Any]:
    """Only of a plan that was compared with a base."""
    return {} if cause is None else {"cause": cause}


# --- the table --------------------------------------------------------------------------------------------


def rows(found: Data) -> Rows:
    """Return a row a change, and of people a row a person; a group without a change has a row as well.

    Columns are a contract, and taken from the JSON data. `cause` is known beside a base.
    """
    columns = (
        "group", "action", "change", "before", "after", "person", "reason", "cause", "file", "line", "notes",
        "setting",
    )  # fmt: skip
    return Rows(
        columns,
        tuple(
            (
                group["name"],
                group["action"],
                *cells,
                *words.declared(group),
                " ".join(group["notes"]),
                (change or {}).get("setting"),
            )
            for group in found["groups"]
            for change in group["changes"] or (None,)
            for cells in _cells(change, group)
        ),
    )


def _cells(change: Data | None, group: Data) -> Iterator[tuple[Cell, ...]]:
    if change is None:
        yield ("", "", "", "", "", group.get("cause"))
    elif "people" in change:
        for who, why in zip(change["people"], change["reasons"], strict=True):
            yield (change["kind"], "", "", who, why, change.get("cause"))
    else:
        before, after = (words.in_a_cell(change.get(side)) for side in ("before", "after"))
        yield (change["kind"], before, after, "", "", change.get("cause"))
