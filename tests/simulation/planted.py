"""Faults put into the product on purpose, each by a patch from outside while it runs, to see that the
simulation finds them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import reconciler.apply.group
import reconciler.apply.run
import reconciler.planning.group
import reconciler.planning.record
import reconciler.reading
from reconciler.apply import create
from reconciler.apply.group import GroupRun
from reconciler.apply.writing import Writing
from reconciler.errors import ApiError, Unclear
from reconciler.messaging.sending import MessageSender
from reconciler.model.desired import Person
from reconciler.model.live import Absent, LiveGroup
from reconciler.model.record import Record
from reconciler.planning.diff import IconDifference, _PeopleComparison
from reconciler.planning.group import ORDER, Context
from reconciler.state.memory import MemoryJournal
from tests.fakes import FakeWriter
from tests.simulation.trial import tell

MOST = 2_000
"""How many seeds are tried for each."""

Patch = Callable[[], AbstractContextManager[Any]]


def _nothing(*args: object, **kwargs: object) -> None:
    return None


def _method(owner: object, name: str, change: Callable[[Any], Any]) -> Patch:
    """A patch that puts `change(the original)` in the place of a method or a function."""
    return lambda: patch.object(owner, name, change(getattr(owner, name)))


def _again(original: Any) -> Any:
    """A call that is sent again after an unclear answer, without a look."""

    def call(self: object, *args: object) -> object:
        try:
            return original(self, *args)
        except Unclear:
            return original(self, *args)

    return call


def _people_of(**changes: Any) -> Callable[[Any], Any]:
    """`compare_people`, told something else about the group or the account."""

    def wrap(original: Any) -> Any:
        def compare(group: Any, live: Any, **facts: Any) -> Any:
            own = {key: change(group) for key, change in changes.items() if key.startswith("group_")}
            if own:
                group = replace(group, **{key.removeprefix("group_"): value for key, value in own.items()})
            if "creator" in changes:
                live = replace(live, creator=None)
            if "account" in changes:
                facts["account_keys"] = frozenset()
            return original(group, live, **facts)

        return compare

    return wrap


def _any_error_is_gone(reader: Any, group_id: str) -> Any:
    try:
        return reader.get_group(group_id)
    except ApiError:
        return Absent(404)


def _sparing_nobody(original: Any) -> Any:
    def removals(self: Any) -> Any:
        self.spared = self.protected
        return original(self)

    return removals


_SWAPPED = tuple({"promote": "demote", "demote": "promote"}.get(kind, kind) for kind in ORDER)

FAULTS: dict[str, Patch] = {
    "create sent again": _method(FakeWriter, "create_group", _again),
    "subject sent again": _method(FakeWriter, "set_subject", _again),
    "promotion sent again": _method(FakeWriter, "promote", _again),
    "revoke sent again": _method(FakeWriter, "revoke_link", _again),
    "message sent again": _method(FakeWriter, "send_to_person", _again),
    "intent not written": _method(MemoryJournal, "intend", lambda _: _nothing),
    "intent forgotten by the next run": lambda: patch.object(
        reconciler.apply.run, "made_earlier", lambda names, tools: {}
    ),
    "new id recorded late": _method(MemoryJournal, "created", lambda _: _nothing),
    "twin not looked for": _method(create, "_appeared_since_planned", lambda _: _nothing),
    "unreadable taken for gone": lambda: patch.object(
        reconciler.reading, "observe_group", _any_error_is_gone
    ),
    "not verified": _method(Writing, "verify", lambda _: lambda self: self.unseen.clear()),
    "promotion not awaited": _method(Writing, "_held_back", lambda _: _nothing),
    "demotion before promotion": lambda: patch.object(reconciler.planning.group, "ORDER", _SWAPPED),
    "new plan may do more": lambda: patch.object(reconciler.apply.group, "beyond_approved", _nothing),
    "not planned anew": _method(GroupRun, "_plan_anew", lambda _: lambda self, live, approved: approved),
    "last reading not planned anew": lambda: patch.object(
        reconciler.apply.group, "undone", lambda *facts: ()
    ),
    "revoke not written": _method(MemoryJournal, "revoke", lambda _: _nothing),
    "nothing recorded": _method(GroupRun, "_record", lambda _: _nothing),
    "creator forgotten": lambda: patch.object(
        reconciler.planning.group,
        "compare_people",
        _people_of(creator=True)(reconciler.planning.group.compare_people),
    ),
    "account forgotten": lambda: patch.object(
        reconciler.planning.group,
        "compare_people",
        _people_of(account=True)(reconciler.planning.group.compare_people),
    ),
    "members always pruned": lambda: patch.object(
        reconciler.planning.group,
        "compare_people",
        _people_of(group_prune_members=lambda _: True)(reconciler.planning.group.compare_people),
    ),
    "leavers forgotten": lambda: patch.object(
        Context, "of", lambda desired, *rest, of=Context.of: replace(of(desired, *rest), leavers={})
    ),
    "other numbers forgotten": lambda: patch.object(
        Person, "keys", property(lambda self: frozenset({self.key}))
    ),
    "nobody is due again": _method(Record, "all_due", lambda _: lambda self: self),
    "sending not written": _method(MessageSender, "_record", lambda _: lambda self, letter, entries: True),
    "subject compared raw": lambda: patch.object(reconciler.planning.group, "normal", str),
    "icon never in sync": lambda: patch.object(
        reconciler.planning.group,
        "compare_icon",
        lambda wanted, seen, record: (
            IconDifference.SAME if wanted.picture is None else IconDifference.DIFFERS
        ),
    ),
    "ready does everything": lambda: patch.object(
        reconciler.planning.group, "only_promotions", lambda planned, promotions: planned
    ),
    "people added again": _method(FakeWriter, "add_participants", _again),
    "refusals forgotten": lambda: patch.object(reconciler.planning.record, "_decisions", lambda *facts: {}),
    "hidden people demoted and removed": lambda: patch.object(
        LiveGroup, "unidentified", property(lambda self: ())
    ),
    "hidden people pruned": _method(_PeopleComparison, "_removals", _sparing_nobody),
    "created beside a short list": _method(create, "_lacking", lambda _: lambda listed, tools: frozenset()),
    "not refreshed before a create": _method(create, "_after_refresh", lambda _: lambda intents, tools: {}),
}
"""Name → a patch of the product."""


def search(name: str, most: int = MOST) -> tuple[int, str | None]:
    """After how many seeds a planted fault is found, and by which verdict; None where it is not. A verdict
    counts only where the product without the fault is not given it as well."""
    for seed in range(most):
        with FAULTS[name]():
            found = tell(seed)
        if found.verdicts:
            codes = {verdict.code for verdict in found.verdicts}
            honest = {verdict.code for verdict in tell(seed).verdicts}
            if codes - honest:
                return seed + 1, str(next(each for each in found.verdicts if each.code in codes - honest))
    return most, None
