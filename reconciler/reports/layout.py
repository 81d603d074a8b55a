"""What the text reports of a plan and of an apply say alike. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from reconciler.reports.phrases import ACTIONS, Cell, Field, Item, counted, plain

if TYPE_CHECKING:
    from reconciler.reports.plan_shapes import GroupView
    from reconciler.reports.shapes import InviteView


def nothing(verdict: str, unchanged: int, others: Sequence[str]) -> Cell:
    """The line of a run without changes: a verdict, how many groups are as wanted, what else there is."""
    are = "group is as its manifest says" if unchanged == 1 else "groups are as the manifests say"
    return ((verdict, "strong"), (f" {' · '.join((f'{unchanged} {are}', *others))}.", ""))


def nobody(groups: int, others: Sequence[str]) -> Cell:
    """Of a run that only promotes: it does not know whether its groups are as the manifests say."""
    wait = "waits" if groups == 1 else "wait"
    what = (
        f"looked at {counted(groups, 'group')} that {wait} for an admin"
        if groups
        else "no group waits for an admin"
    )
    return (("Nobody to promote", "strong"), (f": {' · '.join((what, *others))}.", ""))


def head_of(group: GroupView) -> Cell:
    """The symbol of what is done, the group's name, and the word for it."""
    symbol, word, style = ACTIONS[group.action]
    return ((f"{symbol} ", style), (group.name, "strong"), (f"  {word}" if word else "", style))


def incomplete(complete: bool, notes: tuple[str, ...], unreadable: int) -> list[Item]:
    """Notes about the run, and how many groups could not be read; nothing where there is nothing to say."""
    texts = list(notes)
    if unreadable:
        texts.append(f"{counted(unreadable, 'group')} could not be read.")
    if not texts and complete:
        return []
    verdict = ("! ", "bad"), ("This plan is incomplete: not everything could be read.", "bad")
    head: Cell = (("Notes", "strong"),) if complete else verdict
    return [Item(head, "", tuple(Field("", ((plain(text),),)) for text in texts))]


def awaited(groups: Iterable[GroupView]) -> Iterable[tuple[str, InviteView]]:
    """Who has yet to join which group."""
    return ((group.name, invite) for group in groups for invite in group.to_invite)
