"""`reconciler state list`."""

from __future__ import annotations

from reconciler.cli import state_store, terminal, wiring
from reconciler.cli.clock import SystemClock
from reconciler.cli.common import Common, PerAccount
from reconciler.cli.outputs import Outputs
from reconciler.cli.verb import verb
from reconciler.errors import Exit
from reconciler.report import state as report

EXAMPLES = """
reconciler state list
reconciler state list --format json
"""


@verb("list", EXAMPLES, PerAccount(groups=False))
def command(common: Common) -> int:
    """Every recorded name with the id of its group, and the groups that were left."""

    outputs = Outputs(common, "state list", SystemClock())
    store, loaded = state_store.open_store(common)
    state = store.read()
    if state.groups or state.left or outputs.name == "json":
        told = report.told_of_names(state, wiring.redactor(common, loaded))
        outputs.write(told, Exit.OK, complete=True)
    else:
        terminal.say("Nothing is recorded.")
    return Exit.OK
