"""`reconciler state show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import state_store, terminal, wiring
from reconciler.cli.common import Common, PerAccount
from reconciler.cli.verb import verb
from reconciler.errors import Exit, ReconcilerError, UsageError
from reconciler.report.escape import for_json
from reconciler.state import codec
from reconciler.state.git_log import is_rev

if TYPE_CHECKING:
    from reconciler.report.redact import Redactor

EXAMPLES = """
reconciler state show
reconciler state show suporte-campinas --show-numbers
reconciler state show --at 1a2b3c4d5e       as a commit of the state's branch has it (state log)
"""


@verb("show", EXAMPLES, PerAccount(alone="state is shown of one account", names="name"))
@click.argument("name", required=False)
@click.option("--at", "rev", metavar="REV", help="As it was at this commit of the state's branch.")
def command(common: Common, name: str | None, rev: str | None) -> int:
    """All that is recorded, or that of one NAME, as JSON; people masked, unless --show-numbers."""
    import json

    if name is not None:
        state_store.check_name(name)
    store, loaded = state_store.open_store(common)
    if rev is not None:
        past = state_store.history(store, "--at")
        if not is_rev(rev):
            raise UsageError(f"--at {rev!r:.40} is no commit", "copy it from: reconciler state log")
        state = past.at(rev)
    else:
        state = store.read()
    redactor = wiring.redactor(common, loaded)
    document = json.loads(codec.dumps(state))
    for record in document["groups"].values():
        _mask(record, redactor)
    for intent in document["creating"].values():
        intent["listed"] = [redactor.group_id(group_id) for group_id in intent["listed"]]
    for gone in document.get("left", {}).values():
        gone["id"] = redactor.group_id(gone["id"])
    if name is not None:
        if name not in state.names:
            raise ReconcilerError(f"nothing is recorded of {name}", "see: reconciler state list")
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
    return redactor.person(ref) if ref.isdigit() else ref
