"""`reconciler plan`."""

from __future__ import annotations

import click

from reconciler.cli import exits, files, loading, wiring
from reconciler.cli.accounts import PerAccount, verb
from reconciler.cli.common import Common, offering
from reconciler.cli.outputs import running
from reconciler.language import msg
from reconciler.planning import planfile

EXAMPLES = msg(
    "\nreconciler plan\nreconciler plan --target 'cliente-*'\nreconciler plan --out "
    "plan.json             to be applied by: reconciler apply --plan plan.json\n"
    "reconciler plan --detailed-exitcode         0: nothing to do, 2: changes\n"
    "reconciler plan --base origin/main          what of it does this branch "
    "cause?\nreconciler plan --format json --report text=plan.txt\n"
)


@verb("plan", EXAMPLES, PerAccount(alone=msg("--out saves the plan of one account"), when="out"))
@click.option("--out", metavar="FILE", default=None, help=msg("Save the plan, for `apply --plan`."))
@click.option("--detailed-exitcode", is_flag=True, help=msg("End 2 where something is to be done."))
@click.option(
    "--prune", is_flag=True, help=msg("Plan to leave groups whose manifest is gone, from the commit as well.")
)
@click.option(
    "--allow",
    metavar="CODE",
    multiple=True,
    shell_complete=offering("guard_codes"),
    help=msg("Lift this guard's objection, such as demote-many; repeatable."),
)
@click.option(
    "--base",
    metavar="REF",
    default=None,
    help=msg(
        "Tell what has been caused since this commit from what was due before; "
        "account, state, guards and allowances are those of that commit."
    ),
)
def command(
    common: Common,
    out: str | None,
    detailed_exitcode: bool,
    prune: bool,
    allow: tuple[str, ...],
    base: str | None,
) -> int:
    """Show what apply would change. Changes nothing."""
    from reconciler.operations.plan import plan

    with running(common, "plan") as (clock, outputs):
        loading.check_outputs(common, [f"--out={out}"] if out is not None else [])
        with wiring.workspace(common, clock, base=base, committed=True) as work:
            outputs.work = work
            options = work.options(allow=allow, prune=prune)
            state = work.store.read(work.base.committed if work.base else None)
            options = work.placed(options, state)
            work.check_targets(state)
            planned = plan(
                work.loaded,
                state,
                options,
                work.read_ports(outputs.prepare),
                plan_key=work.plan_key,
                base=work.base.files if work.base else None,
            )
            from reconciler.report import plan as report  # loaded while the service was waited for

            outputs.draw(planned.plan)
            stopped = clock.stopping  # nothing was left to ask for, and yet somebody asked us to stop
            told = report.told(planned.plan, work.redactor(), planned.base)
        code = exits.of_plan(planned.plan, detailed=detailed_exitcode, stopped=stopped, base=planned.base)
        outputs.write(told, code, complete=planned.plan.complete)
        if out is not None:
            files.write_private(out, planfile.document(planned.fingerprint, planned.plan, work.plan_key))
        return code
