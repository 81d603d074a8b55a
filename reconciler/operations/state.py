"""The verbs of `state`: what is recorded is mended and moved by hand, and its history told."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from reconciler.errors import ReconcilerError, StateError
from reconciler.language import msg, msg_n
from reconciler.manifests.complaints import guessed
from reconciler.model.record import Record, RunSummary
from reconciler.planning.story import chapters

if TYPE_CHECKING:
    from reconciler.model.history import Chapter, Interest, StateHistory
    from reconciler.ports import Journal, Movable


def unrecorded(name: str, names: Collection[str]) -> ReconcilerError:
    """Return the error about a name of which nothing is recorded; `names` are those on record."""
    hint = guessed(name, names, msg("see: reconciler state list"))
    return ReconcilerError(msg("nothing is recorded of {name}", name=name), hint)


def bind(journal: Journal, name: str, group_id: str) -> None:
    """Say that `name` means the group `group_id`. Raises `ReconcilerError` where that contradicts state."""
    groups = journal.state.groups
    if name in groups and groups[name].id != group_id:
        raise ReconcilerError(
            msg("{name} is bound to another group", name=name),
            msg("first: reconciler state forget {name}", name=name),
        )
    other = next((key for key, record in groups.items() if record.id == group_id and key != name), None)
    if other is not None:
        raise ReconcilerError(
            msg("this group is bound to {other}", other=other),
            msg("rename it instead: reconciler state mv {other} {name}", other=other, name=name),
        )
    left = next(
        (key for key, gone in journal.state.left.items() if gone.id == group_id and key != name), None
    )
    if left is not None:
        raise ReconcilerError(
            msg("this group was left on {at:%Y-%m-%d}, as {left}", at=journal.state.left[left].at, left=left),
            msg("is the account in it again? first: reconciler state forget {left}", left=left),
        )
    if name not in groups:
        journal.record(name, Record(id=group_id))


def move(journal: Journal, old: str, new: str) -> None:
    """Give what is recorded of `old` to `new`, a renamed manifest: its group, or that it was left. Raises
    `ReconcilerError`."""
    groups, left = journal.state.groups, journal.state.left
    if old not in groups and old not in left:
        raise unrecorded(old, journal.state.names)
    if new in groups:
        raise ReconcilerError(
            msg("{new} is bound already", new=new), msg("first: reconciler state forget {new}", new=new)
        )
    if old in groups:
        journal.observe({new: groups[old]}, [old])
    else:
        journal.left({new: left[old]}, [old])


def forget(journal: Journal, name: str) -> None:
    """Forget a name, a create in progress under it, and that its group was left. Raises `ReconcilerError` for
    an unknown one."""
    if name not in journal.state.names:
        raise unrecorded(name, journal.state.names)
    journal.forget(name)


def migrate(source: Movable, target: Movable, *, old: str, new: str) -> str:
    """Record in the place `new` all that is recorded in `old`, and set that aside; returns how it is kept.

    What `new` has by then is either nothing or all of it, so a run that was killed in between can be run
    again: it goes on from there. Raises `StateError` where there is something else in `new`.
    """
    state, found = source.state, target.state
    if replace(found, serial=0) != replace(state, serial=0):
        if found.names or found.created:
            raise StateError(
                msg_n(
                    "{place} has a state already ({n} name)",
                    "{place} has a state already ({n} names)",
                    len(found.names),
                    place=new,
                ),
                msg(
                    "name another place; or where {new} knows all of it by now, set {old} aside by hand",
                    new=new,
                    old=old,
                ),
            )
        target.take(state)
        target.finish(RunSummary(verb="migrate", counts=(("moved", len(state.names)),)))
    return source.retire(new)


def log(
    history: StateHistory, *, since: datetime | None, interest: Interest, most: int
) -> tuple[tuple[Chapter, ...], bool]:
    """Tell what each run recorded of that which somebody is interested in, the newest first, `most` runs at
    the most; and whether the history was read to its end. Changes nothing.

    Raises `StateError` where the history cannot be read.
    """
    written = history.written(since)
    told = tuple(islice(chapters(written, interest), most))
    return told, len(told) < most or next(written, None) is None
