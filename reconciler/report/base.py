"""What a plan tells of the base that it was compared with: which changes this change of the files causes, and
which were due before; what it calls off; and what it moves of the settings that protect people."""

from __future__ import annotations

from collections import Counter
from itertools import repeat
from typing import TYPE_CHECKING, Any

from reconciler.language import msg, said, tr, tr_n
from reconciler.report import changes, words
from reconciler.report.model import Banner, Status
from reconciler.report.redact import labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reconciler.model.attribution import Base, Dropped, GroupAttribution, SettingChange
    from reconciler.model.change import Change, ChangeKind
    from reconciler.model.plan import Action, CauseOfChange, GroupPlan, Plan
    from reconciler.report.redact import Redactor
    from reconciler.report.section import Data

CAUSES: tuple[CauseOfChange, ...] = ("this_change", "before")

UNTIL_NOW = Status("before", "…", msg("without this change as well"), "quiet", "skipped")
"""How a machine takes what is so whether or not this change is merged: it is not for this change to mend."""

FEW_LINES = 20
"""Settings, and groups of which something is called off, that are told one by one."""

_STUCK = ("blocked", "missing", "orphaned", "held", "unreadable")
_WHOLE: dict[ChangeKind, Action] = {"create_group": "create", "adopt_group": "adopt", "leave_group": "leave"}


# --- causes -----------------------------------------------------------------------------------------------


def cause_of(found: GroupAttribution | None) -> CauseOfChange | None:
    """Return the cause of what would be done about a group, or of what it is: this change where any of it is
    this change's; None where nothing would be done, or without a base."""
    if found is None:
        return None
    if found.this_change.changes or found.stuck == "this_change":
        return "this_change"
    return "before" if found.before.changes else found.stuck


def caused(
    made: tuple[Change, ...], found: GroupAttribution | None
) -> list[tuple[Change, CauseOfChange | None]]:
    """Return every change with its cause, in the order in which they are made. One of people that has two
    causes is two changes of one kind, this change's first."""
    if found is None:
        return [(change, None) for change in made]
    order = [change.key for change in made]
    pairs: list[tuple[Change, CauseOfChange | None]] = []
    pairs += ((change, "this_change") for change in found.this_change.changes)
    pairs += ((change, "before") for change in found.before.changes)
    return sorted(pairs, key=lambda pair: order.index(pair[0].key))


def action_of(part: Iterable[Change]) -> Action:
    """Return what one cause's changes of a group amount to: `create`, `adopt`, `leave`, else `update`."""
    kinds = [change.kind for change in part]
    return next((action for kind, action in _WHOLE.items() if kind in kinds), "update")


def share(plan: Plan, base: Base, cause: CauseOfChange) -> dict[str, int]:
    """Return what one cause contributes, as `attribution` in `schemas/` says it: groups by what it does to
    them or has made of them (one with two causes counts for both), single changes, people to invite."""
    count: Counter[str] = Counter()
    for group in plan.groups:
        found = base.attribution.groups[group.name]
        part = found.this_change if cause == "this_change" else found.before
        if part.changes:
            count[action_of(part.changes)] += 1
        if group.action in _STUCK and cause_of(found) == cause:
            count[group.action] += 1
        count["changes"] += len(part.changes)
        count["invites"] += sum(not invite.maybe for invite in part.invites)
    keys = ("create", "adopt", "update", "leave", *_STUCK, "changes", "invites")
    return {key: count[key] for key in keys}


def besides(plan: Plan, base: Base, mine: Mapping[str, int]) -> dict[str, str]:
    """Return what this change makes so without changing anything yet, in words by key: `invites`, whom it
    asks to join; `managed`, groups that are from now on; and groups of which nothing comes, by action. `mine`
    is its share."""
    known = base.attribution.groups
    shares = (known[group.name].this_change for group in plan.groups)
    taken_on = sum(map(is_taken_on, plan.groups, repeat(base)))
    told = {
        "invites": words.to_invite([each for share in shares for each in share.invites if not each.maybe]),
        "managed": tr_n("{n} newly managed", "{n} newly managed", taken_on) if taken_on else "",
    }
    for key in _STUCK:
        told[key] = words.GROUPS[key](mine[key]) if mine[key] else ""
    if mine["held"]:
        told["held"] = tr_n("{n} on hold from now on", "{n} on hold from now on", mine["held"])
    return {key: text for key, text in told.items() if text}


def is_taken_on(group: GroupPlan, base: Base) -> bool:
    """Return whether a live group is managed from now on, and none is made for it."""
    return base.attribution.groups[group.name].is_new and group.live is not None and group.action != "adopt"


def changed(count: dict[str, int]) -> int:
    """Return how many groups a share would change."""
    return sum(count[key] for key in ("create", "adopt", "update", "leave"))


def parts(base: Base, redactor: Redactor) -> dict[CauseOfChange, Status]:
    """Return the heading of each cause."""
    since = tr("since {ref}", ref=redactor.untrusted(base.ref))
    before = tr("due before this change: changed outside, or not applied yet")
    return {
        "this_change": Status("this_change", "", tr("Caused by this change"), "change", "failure", since),
        "before": Status("before", "", tr("Merging also makes these"), "quiet", "skipped", before),
    }


# --- words ------------------------------------------------------------------------------------------------


def named(base: Base, redactor: Redactor) -> str:
    """Return the base as a fact of the run: `origin/main (3f9c2ab77ee0)`."""
    ref = redactor.untrusted(base.ref)
    return f"{ref} ({base.commit[:12]})" if base.commit else ref


def also(before: dict[str, int]) -> str:
    """Return a sentence about what would be done without this change as well."""
    if not before["changes"]:
        return tr("Nothing else was due.")
    return tr("Merging also makes {changes}.", changes=in_groups(before))


def in_groups(count: dict[str, int]) -> str:
    """Return `4 changes in 3 groups`."""
    return tr(
        "{changes} in {groups}",
        changes=tr_n("{n} change", "{n} changes", count["changes"]),
        groups=tr_n("{n} group", "{n} groups", changed(count)),
    )


def banners(base: Base, redactor: Redactor) -> Iterator[Banner]:
    """Return what this change moves of account, backend, state, guards, allowances, ignored groups and
    aliases; what is wrong with the base; and what is called off."""
    if base.settings:
        lead = tr("This plan was made without it; it holds once it is merged.")
        lines = _first(_line(_setting(change, redactor)) for change in base.settings)
        yield Banner(tr("This change moves what protects people"), "bad", (lead, *lines), first=True)
    if found := _notes(base, redactor):
        yield Banner(
            tr("About the base, {base}", base=named(base, redactor)), "warn", tuple(found), first=True
        )
    if base.attribution.dropped:
        lead = tr("It was due before, and is not any more.")
        lines = _first(_called_off(each, redactor) for each in base.attribution.dropped)
        yield Banner(tr("Called off by this change"), "quiet", (lead, *lines))


def _notes(base: Base, redactor: Redactor) -> list[str]:
    """Return why the base could not be used, and what else to know of the comparison."""
    return [redactor.sentence(text) for text in (base.problem, *base.warnings) if text]


def _first(lines: Iterable[str]) -> list[str]:
    found = list(lines)
    more = len(found) - FEW_LINES
    return found if more <= 0 else [*found[:FEW_LINES], words.and_more(more)]


def _line(setting: Data) -> str:
    what = tr("guard") if setting["setting"] == "guards" else setting["setting"]
    not_set = tr("not set")
    named = f"{what} {setting.get('name', '')}".rstrip()
    return f"{named}: {setting['before'] or not_set} → {setting['after'] or not_set}"


def _called_off(dropped: Dropped, redactor: Redactor) -> str:
    label = labels(redactor, changes.people_of(dropped.changes))
    fields = changes.fields_of(dropped.changes, redactor, label)
    status = changes.ACTIONS[dropped.action]
    word = "" if status.bare else f" ({tr(status.word)})"
    return f"{dropped.name}{word}: {'; '.join(map(words.of_field, fields))}"


# --- plain data: `base` of `plan` in `schemas/` -----------------------------------------------------------


def data(base: Base, redactor: Redactor) -> Data:
    """Return what JSON says of the base."""
    return {
        "ref": redactor.untrusted(base.ref),
        "commit": base.commit,
        "loaded": not base.problem,
        "settings_changed": [_setting(change, redactor) for change in base.settings],
        "dropped": [
            {
                "name": each.name,
                "changes": [changes.data_of_change(one, redactor, label) for one in each.changes],
            }
            for each in base.attribution.dropped
            for label in (labels(redactor, changes.people_of(each.changes)),)
        ],
        "notes": _notes(base, redactor),
    }


def _setting(change: SettingChange, redactor: Redactor) -> dict[str, Any]:
    """A setting before and after, "" where it is not set; `name` is the guard's key or the alias."""
    masks = {"account": redactor.number, "alias": redactor.number, "ignore": redactor.group_id}
    shown = masks.get(change.setting, redactor.untrusted)
    before, after = (", ".join(shown(said(each)) for each in side) for side in (change.before, change.after))
    if before == after and before:  # masked, two numbers may look alike
        after = tr("{number} (another number)", number=after)
    name = redactor.untrusted(said(change.name))
    return {"setting": change.setting, **({"name": name} if name else {}), "before": before, "after": after}
