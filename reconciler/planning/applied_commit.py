"""Which commit of the manifests counts as applied last, and what is said of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.plan import Note, Plan
from reconciler.model.record import CHANGES, State, short_commit
from reconciler.planning.guards import named
from reconciler.planning.options import Options


def applied_commit(plan: Plan, options: Options, applied: str | None = None) -> str | None:
    """The commit to record before this plan is carried out, where `applied` is recorded; None: that stays.

    Only a run that applies the manifests has a say, none that only promotes. It counts from before its first
    write on, because after that an older checkout could undo something. It goes back, or to another line of
    development, only for a run over all groups; and back only where something is written, to which somebody
    has agreed (`--allow older-commit`). For a part of the groups a commit does not lose the changes that were
    applied on top of it: the others still have them.
    """
    if options.promotions is not None:
        return None
    if options.checkout is None or options.checkout.stands == "ahead":
        behind = applied == f"{options.commit}{CHANGES}"
        return None if options.targets and behind else options.commit
    if options.targets:
        return None
    writes = any(group.writes for group in plan.groups)
    return options.commit if writes or options.checkout.stands == "aside" else None


def notes_on_commits(state: State, options: Options) -> Iterator[Note]:
    """What speaks against taking this plan, or what was applied last, for that of a commit."""
    if options.uncommitted and not options.only_committed:
        yield Note(
            "not committed as it is: {texts}. Others, who have the commit, plan something else; with a state "
            "in Git, apply objects (uncommitted)",
            texts=(named(options.uncommitted),),
        )
    if state.commit is not None and state.commit.endswith(CHANGES):
        yield Note(
            f"what was applied last was not committed ({short_commit(state.commit)}): where a group differs, "
            "the files of whoever applied it may say why"
        )
