"""`reconciler state`: look at what is recorded, and mend it by hand. No call is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from reconciler.cli import terminal, wiring
from reconciler.cli.accounts import PerAccount, verb
from reconciler.cli.clock import SystemClock, stopping_on_signals
from reconciler.cli.common import Common, LazyGroup, common_options, lock_timeout_option, offering
from reconciler.cli.outputs import Outputs
from reconciler.cli.store import Store, locked, two_places
from reconciler.cli.wiring import Offline
from reconciler.errors import Exit, StateError, UsageError
from reconciler.language import english, msg, tr, tr_n
from reconciler.model import number
from reconciler.operations import state as operations
from reconciler.report import state as report
from reconciler.report.escape import for_json, for_terminal
from reconciler.state import codec
from reconciler.state.git_log import is_rev

if TYPE_CHECKING:
    from reconciler.ports import Journal
    from reconciler.report.redact import Redactor
    from reconciler.state.git import GitStore

EXAMPLES = (
    "reconciler state list\n"
    "reconciler state show suporte-campinas\n"
    "reconciler state bind suporte-campinas 5519911112222-1513616971\n"
    "reconciler state mv suporte suporte-campinas\n"
    "reconciler state forget suporte-campinas\n"
    "reconciler state log --person ana\n"
    "reconciler state migrate file:.reconciler/state.json git:origin/groups-state\n"
    "reconciler state unlock"
)

_HERE = "reconciler.cli.commands.state"


class _State(LazyGroup):
    examples = EXAMPLES

    lazy = {  # noqa: RUF012  # read only, as in the base class
        "list": (f"{_HERE}:state_list", msg("Every recorded name with its group.")),
        "show": (f"{_HERE}:state_show", msg("All that is recorded, or that of one name, as JSON.")),
        "log": (f"{_HERE}_log", msg("Who recorded what when, of a state in Git.")),
        "bind": (f"{_HERE}:state_bind", msg("Say that a name means an existing group.")),
        "mv": (f"{_HERE}:state_mv", msg("Give what is recorded of a name to another name.")),
        "forget": (f"{_HERE}:state_forget", msg("Forget a name. The group itself is not touched.")),
        "migrate": (f"{_HERE}:state_migrate", msg("Move all that is recorded to another place.")),
        "unlock": (f"{_HERE}:state_unlock", msg("See who holds the lock; remove one that was left behind.")),
    }


@click.group("state", cls=_State)
@common_options
def command(common: Common) -> None:
    """Look at and mend what is recorded of groups. No call is made."""
    click.get_current_context().obj = common


def open_store(common: Common) -> Offline:
    """The files, and a store that keeps something. Raises `InputError`, and `UsageError` where none does."""
    common.refuse("target", "report")
    work = wiring.offline(common)
    if not work.store.keeps:
        raise UsageError(msg("`state` is none: there is nothing recorded"))
    return work


def history(store: Store, what: str) -> GitStore:
    """The store as one with a history. Raises `UsageError` for one without: `what` was asked for."""
    if store.git is None:
        raise UsageError(
            msg("{what}: the state {display} keeps no history", what=what, display=store.display),
            msg("keep it on a branch: state: git:origin/reconciler-state (docs/state.md)"),
        )
    return store.git


@contextmanager
def _changing(common: Common, lock_timeout: float) -> Iterator[Journal]:
    """A journal for a change by hand, under the lock."""
    work = open_store(common)
    with work.store.lock(lock_timeout, work.clock) as journal:
        yield journal


_LIST = "reconciler state list\nreconciler state list --format json"


@verb("list", _LIST, PerAccount(groups=False))
def state_list(common: Common) -> int:
    """Every recorded name with the id of its group, and the groups that were left."""
    outputs = Outputs(common, "state list", SystemClock())
    work = open_store(common)
    state = work.store.read()
    if state.groups or state.left or outputs.name == "json":
        told = report.told_of_names(state, work.redactor())
        outputs.write(told, Exit.OK, complete=True)
    else:
        terminal.say(tr("Nothing is recorded."))
    return Exit.OK


_SHOW = msg(
    "\nreconciler state show\nreconciler state show suporte-campinas --show-numbers\n"
    "reconciler state show --at 1a2b3c4d5e       as a commit of the state's branch "
    "has it (state log)\n"
)


@verb("show", _SHOW, PerAccount(alone=msg("state is shown of one account"), names="name"))
@click.argument("name", required=False, shell_complete=offering("recorded_groups"))
@click.option("--at", "rev", metavar="REV", help=msg("As it was at this commit of the state's branch."))
def state_show(common: Common, name: str | None, rev: str | None) -> int:
    """All that is recorded, or that of one NAME, as JSON; people masked, unless --show-numbers."""
    if name is not None:
        wiring.check_name(name)
    work = open_store(common)
    if rev is not None:
        past = history(work.store, "--at")
        if not is_rev(rev):
            raise UsageError(
                msg("--at {rev!r:.40} is no commit", rev=rev), msg("copy it from: reconciler state log")
            )
        state = past.at(rev)
    else:
        state = work.store.read()
    redactor = work.redactor()
    document = json.loads(codec.dumps(state))
    for record in document["groups"].values():
        _mask(record, redactor)
    for intent in document["creating"].values():
        intent["listed"] = [redactor.group_id(group_id) for group_id in intent["listed"]]
    for gone in document.get("left", {}).values():
        gone["id"] = redactor.group_id(gone["id"])
    if name is not None:
        if name not in state.names:
            raise operations.unrecorded(name, state.names)
        document = {part: document.get(part, {}).get(name) for part in ("groups", "creating", "left")}
    terminal.put(for_json(json.dumps(document, indent=2, ensure_ascii=False)))
    return Exit.OK


def _mask(record: dict[str, object], redactor: Redactor) -> None:
    """Mask, in place, the numbers of one record: its id, and people who have no alias."""
    record["id"] = redactor.group_id(str(record["id"]))
    applied = record.get("applied")
    for holder, key in ((record, "joined"), (applied, "admins"), (applied, "members")):
        if isinstance(holder, dict) and isinstance(holder.get(key), list):
            holder[key] = [_person(str(person), redactor) for person in holder[key]]
    for key in ("missing", "sent"):
        if isinstance(by_person := record.get(key), dict):
            record[key] = {_person(person, redactor): value for person, value in by_person.items()}


def _person(ref: str, redactor: Redactor) -> str:
    with english():  # it stands in JSON
        return redactor.person(ref) if ref.isdigit() else ref


_BIND = "reconciler state bind suporte-campinas 5519911112222-1513616971"


@verb("bind", _BIND, PerAccount(alone=msg("a name is bound in the state of one account"), names="name"))
@click.argument("name", shell_complete=offering("recorded_groups"))
@click.argument("group_id", metavar="ID")
@lock_timeout_option
def state_bind(common: Common, name: str, group_id: str, lock_timeout: float) -> int:
    """Say that NAME means the existing group ID."""
    wiring.check_name(name)
    if not number.is_group_id(group_id):
        raise UsageError(
            msg("{group_id!r:.40} is no group id", group_id=group_id),
            msg("copy it from: reconciler plan --show-numbers"),
        )
    with _changing(common, lock_timeout) as journal:
        operations.bind(journal, name, group_id)
    terminal.say(tr("{name} is bound now.", name=name))
    return Exit.OK


_MV = "reconciler state mv suporte suporte-campinas"


@verb("mv", _MV, PerAccount(alone=msg("a name is one account's"), names="new"))
@click.argument("old", shell_complete=offering("recorded_groups"))
@click.argument("new", shell_complete=offering("groups"))
@lock_timeout_option
def state_mv(common: Common, old: str, new: str, lock_timeout: float) -> int:
    """Give what is recorded of OLD to NEW, after a manifest was renamed."""
    for name in (old, new):
        wiring.check_name(name)
    if old == new:
        raise UsageError(
            msg("{old} and {new} are the same name", old=old, new=new),
            msg("give the name of before and that of now"),
        )
    with _changing(common, lock_timeout) as journal:
        operations.move(journal, old, new)
    terminal.say(tr("{new} has what was recorded of {old}.", new=new, old=old))
    return Exit.OK


_FORGET = "reconciler state forget suporte-campinas"


@verb("forget", _FORGET, PerAccount(alone=msg("a name is forgotten by one account"), names="name"))
@click.argument("name", shell_complete=offering("recorded_groups"))
@lock_timeout_option
def state_forget(common: Common, name: str, lock_timeout: float) -> int:
    """Forget NAME. The group itself is not touched.

    Who joined it, who left, and who was sent its link is forgotten as well: an apply finds the group again by
    its subject, and `invites --send` then writes to everybody who has yet to join. So is that a group was
    left: a manifest of that name that asks for it then makes a new one.
    """
    wiring.check_name(name)
    with _changing(common, lock_timeout) as journal:
        operations.forget(journal, name)
    terminal.say(tr("{name} is forgotten. The group itself was not touched.", name=name))
    return Exit.OK


_MIGRATE = (
    "reconciler state migrate file:.reconciler/state.json git:origin/groups-state\n"
    "reconciler state migrate git:origin/groups-state file:.reconciler/state.json\n"
    "reconciler state migrate file:state.json file:sales.json --account sales"
)


@verb("migrate", _MIGRATE, PerAccount(alone=msg("a state is moved that is one account's")))
@click.argument("old", metavar="FROM")
@click.argument("new", metavar="TO")
@lock_timeout_option
def state_migrate(common: Common, old: str, new: str, lock_timeout: float) -> int:
    """Move all that is recorded in FROM to TO, where nothing may be recorded yet.

    FROM and TO are written as `state:` writes them: file:PATH, from the top of the repository, or
    git:REMOTE/BRANCH. Nobody is written to twice after it, and nothing is created twice. What is in FROM is
    kept, under a name that ends in .migrated. Killed at any point, run it again.
    """
    common.refuse("sandbox", "target", "report")
    work = wiring.offline(common)
    source, target = two_places(old, new, work.store.owner, work.store.files)
    state = source.read()
    if not state.serial and not state.names:  # before the locks, which would make a folder for it
        raise StateError(
            source.moved or msg("there is no state in {old}", old=old), msg("see: reconciler state list")
        )
    clock = SystemClock()
    with (
        stopping_on_signals(clock),
        locked(source, lock_timeout, clock) as before,
        locked(target, lock_timeout, clock) as after,
    ):
        moved = len(before.state.names)
        kept = operations.migrate(before, after, old=old, new=new)
    terminal.say(
        tr_n(
            "{new} has what was recorded of {n} name. What was in {old} is kept: {kept}.",
            "{new} has what was recorded of {n} names. What was in {old} is kept: {kept}.",
            moved,
            new=new,
            old=old,
            kept=kept,
        )
    )
    if work.store.display != target.display:
        terminal.say(tr("Now say so: `state: {new}` in the configuration, or in RECONCILER_STATE.", new=new))
    return Exit.OK


_UNLOCK = "reconciler state unlock"


@verb("unlock", _UNLOCK, PerAccount(alone=msg("a lock is that of one account")))
def state_unlock(common: Common) -> int:
    """See who holds the lock on the state, and remove one that was left behind.

    A lock on a file ends with its process. One on a branch is renewed while its run lives: it is watched for
    a whole lease (a minute), and removed if nobody renews it. A live one is never broken.
    """
    work = open_store(common)
    store, clock = work.store, work.clock
    if store.git is None:
        with store.lock(0, clock):
            terminal.say(tr("Nobody holds the lock."))
        return Exit.OK
    with stopping_on_signals(clock):
        if not common.quiet:
            terminal.say(tr("Looking whether the lock is renewed …"))
        left = store.git.unlock(clock)
    if left is None:
        terminal.say(tr("Nobody holds the lock."))
    elif left.removed:
        terminal.say(for_terminal(tr("The lock of {who} was left behind, and is removed.", who=left.who)))
    else:
        terminal.say(
            for_terminal(tr("Nobody holds the lock any more: {who} has ended meanwhile.", who=left.who))
        )
    return Exit.OK
