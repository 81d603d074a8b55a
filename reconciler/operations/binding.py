"""`state bind`, `mv` and `forget`: which name means which group, mended by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import ReconcilerError
from reconciler.model.record import Record

if TYPE_CHECKING:
    from reconciler.ports import Journal


def bind(journal: Journal, name: str, group_id: str) -> None:
    """Say that `name` means the group `group_id`. Raises `ReconcilerError` where that contradicts state."""
    groups = journal.state.groups
    if name in groups and groups[name].id != group_id:
        raise ReconcilerError(f"{name} is bound to another group", f"first: reconciler state forget {name}")
    other = next((key for key, record in groups.items() if record.id == group_id and key != name), None)
    if other is not None:
        raise ReconcilerError(
            f"this group is bound to {other}", f"rename it instead: reconciler state mv {other} {name}"
        )
    if name not in groups:
        journal.record(name, Record(id=group_id))


def move(journal: Journal, old: str, new: str) -> None:
    """Give what is recorded of `old` to `new`, a renamed manifest. Raises `ReconcilerError`."""
    groups = journal.state.groups
    if old not in groups:
        raise ReconcilerError(f"nothing is recorded of {old}", "see: reconciler state list")
    if new in groups:
        raise ReconcilerError(f"{new} is bound already", f"first: reconciler state forget {new}")
    journal.observe({new: groups[old]}, [old])


def forget(journal: Journal, name: str) -> None:
    """Forget a name and a create in progress under it. Raises `ReconcilerError` for an unknown one."""
    state = journal.state
    if name not in state.groups and name not in state.creating:
        raise ReconcilerError(f"nothing is recorded of {name}", "see: reconciler state list")
    journal.forget(name)
