"""`reconciler state list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.common import Common, PerAccount, verb

if TYPE_CHECKING:
    from reconciler.cli.formats import Look

EXAMPLES = """
reconciler state list
reconciler state list --format json
"""


@verb("list", EXAMPLES, PerAccount(groups=False))
def command(common: Common) -> int:
    """Every recorded name with the id of its group."""
    from reconciler.cli import state_store, terminal, wiring
    from reconciler.cli.plain_outputs import PlainOutputs
    from reconciler.errors import Exit

    outputs = PlainOutputs(common, {"text": _text, "json": _json})
    store, loaded = state_store.open_store(common)
    state = store.read()
    book = wiring.book(common, loaded)
    rows = [(name, book.group_id(record.id)) for name, record in sorted(state.groups.items())]
    if rows or outputs.name == "json":
        outputs.write(rows)
    else:
        terminal.say("Nothing is recorded.")
    return Exit.OK


def _text(rows: list[tuple[str, str]], _: Look) -> str:
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {group_id}" for name, group_id in rows)


def _json(rows: list[tuple[str, str]], _: Look) -> str:
    import json

    from reconciler.reports.escape import for_json

    groups = [{"name": name, "id": group_id} for name, group_id in rows]
    document = {"format_version": 1, "kind": "state_list", "groups": groups}
    return for_json(json.dumps(document, indent=2, ensure_ascii=False))
