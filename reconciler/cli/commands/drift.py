"""`reconciler drift`."""

from __future__ import annotations

import click

from reconciler.cli import exits, loading, wiring
from reconciler.cli.accounts import PerAccount, verb
from reconciler.cli.common import Common
from reconciler.cli.files import named_after
from reconciler.cli.outputs import running
from reconciler.language import msg
from reconciler.state.history import HistoryFile

EXAMPLES = msg(
    "\nreconciler drift                            2: drifted, missing or blocked "
    "groups\nreconciler drift --exit-zero                the same report; only what "
    "could not be read ends non-zero\nreconciler drift --record drift.json        "
    "says since when, from run to run\nreconciler drift --format json --report "
    "text=drift.txt\nreconciler apply --target NAME              puts one group "
    "back\n"
)


@verb("drift", EXAMPLES, PerAccount())
@click.option("--exit-zero", is_flag=True, help=msg("End 0 where something drifted, is missing or blocked."))
@click.option(
    "--record",
    metavar="FILE",
    default="",
    help=msg("Keep in FILE when each drift was first seen, and say so."),
)
def command(common: Common, exit_zero: bool, record: str) -> int:
    """Report what somebody changed outside since it was last applied. Changes nothing.

    What the manifests want anew, and is not applied yet, is reported and is no drift. Neither is anybody who
    has yet to join.
    """
    from reconciler.operations.plan import drift

    with running(common, "drift") as (clock, outputs):
        loading.check_outputs(common, [f"--record={record}"] if record else [])
        file = HistoryFile(named_after(record, common.account_name)) if record else None
        history = file.read() if file else None
        with wiring.workspace(common, clock) as work:
            outputs.work = work
            options = work.options()
            work.check_targets()  # what has no manifest cannot drift
            ports = work.read_ports(outputs.prepare)
            found = drift(work.loaded, work.store.read(), options, ports, history=history)
            from reconciler.report import drift as report  # loaded while the service was waited for

            outputs.draw(found.drift)
            stopped = clock.stopping  # nothing was left to ask for, and yet somebody asked us to stop
            told = report.told(found.drift, work.redactor())
        code = exits.of_drift(found.drift, exit_zero=exit_zero, stopped=stopped)
        outputs.write(told, code, complete=found.drift.complete)
        if file is not None and found.history is not None:
            file.write(found.history)
        return code
