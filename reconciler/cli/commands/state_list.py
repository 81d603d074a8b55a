"""`reconciler state list`."""

from __future__ import annotations

from reconciler.cli.common import Common, verb

EXAMPLES = """
reconciler state list
reconciler state list --format json
"""


@verb("list", EXAMPLES)
def command(common: Common) -> int:
    """Every recorded name with the id of its group."""
    import json

    from reconciler.cli import state_store, terminal, wiring
    from reconciler.errors import Exit, UsageError
    from reconciler.reports.escape import for_json

    store, loaded = state_store.open_store(common)
    state = store.read()
    book = wiring.book(common, loaded)
    rows = [(name, book.group_id(record.id)) for name, record in sorted(state.groups.items())]
    match common.format or "text":
        case "json":
            groups = [{"name": name, "id": group_id} for name, group_id in rows]
            document = {"format_version": 1, "kind": "state_list", "groups": groups}
            terminal.put(for_json(json.dumps(document, indent=2, ensure_ascii=False)))
        case "text":
            width = max((len(name) for name, _ in rows), default=0)
            for name, group_id in rows:
                terminal.put(f"{name:<{width}}  {group_id}")
            if not rows:
                terminal.say("Nothing is recorded.")
        case other:
            raise UsageError(f"there is no format {other!r:.40} here", "formats: text, json")
    return Exit.OK
