"""`reconciler state list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.common import Common, PerAccount
from reconciler.cli.verb import verb

if TYPE_CHECKING:
    from reconciler.cli.formats import Look
    from reconciler.model.record import State
    from reconciler.report.redact import Redactor

EXAMPLES = """
reconciler state list
reconciler state list --format json
"""


@verb("list", EXAMPLES, PerAccount(groups=False))
def command(common: Common) -> int:
    """Every recorded name with the id of its group, and the groups that were left."""
    from reconciler.cli import state_store, terminal, wiring
    from reconciler.cli.plain_outputs import PlainOutputs
    from reconciler.errors import Exit

    outputs = PlainOutputs(common, {"text": _text, "json": _json})
    store, loaded = state_store.open_store(common)
    state = store.read()
    if state.groups or state.left or outputs.name == "json":
        outputs.write((state, wiring.redactor(common, loaded)))
    else:
        terminal.say("Nothing is recorded.")
    return Exit.OK


def _text(found: tuple[State, Redactor], _: Look) -> str:
    state, redactor = found
    width = max(map(len, (*state.groups, *state.left)))
    lines = [
        f"{name:<{width}}  {redactor.group_id(record.id)}" for name, record in sorted(state.groups.items())
    ]
    lines += [
        f"{name:<{width}}  {redactor.group_id(gone.id)}  {gone.how} on {gone.at:%Y-%m-%d}"
        for name, gone in sorted(state.left.items())
    ]
    return "\n".join(lines)


def _json(found: tuple[State, Redactor], _: Look) -> str:
    import json

    from reconciler.report.escape import for_json
    from reconciler.state.codec import format_time

    state, redactor = found
    document = {
        "format_version": 1,
        "kind": "state_list",
        "groups": [
            {"name": name, "id": redactor.group_id(record.id)}
            for name, record in sorted(state.groups.items())
        ],
        "left": [
            {"name": name, "id": redactor.group_id(gone.id), "at": format_time(gone.at), "how": gone.how}
            for name, gone in sorted(state.left.items())
        ],
    }
    return for_json(json.dumps(document, indent=2, ensure_ascii=False))
