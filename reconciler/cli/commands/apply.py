"""`reconciler apply`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from reconciler.cli import exits, files, terminal, wiring
from reconciler.cli.accounts import PerAccount, verb
from reconciler.cli.common import Common, lock_timeout_option, offering
from reconciler.cli.outputs import running
from reconciler.errors import UsageError
from reconciler.language import msg, tr
from reconciler.report.section import Section

if TYPE_CHECKING:
    from reconciler.model.plan import Plan

EXAMPLES = msg(
    "\nreconciler apply                            shows the plan and asks\n"
    "reconciler apply --yes                      does not ask: for pipelines\n"
    "reconciler apply --yes --plan plan.json     only what was saved by: "
    "reconciler plan --out plan.json\nreconciler apply --ready --yes              "
    "only promotes who has joined since: for an hourly job\nreconciler apply "
    "--target suporte-campinas\nreconciler apply --sandbox --yes            try it "
    "without an account\n"
)


@verb("apply", EXAMPLES, PerAccount(alone=msg("--plan applies the plan of one account"), when="plan_file"))
@click.option("--yes", "-y", is_flag=True, help=msg("Do not ask."))
@click.option("--plan", "plan_file", metavar="FILE", default=None, help=msg("Apply only this saved plan."))
@click.option(
    "--prune",
    is_flag=True,
    help=msg("Leave groups whose manifest is gone, from the commit as well. This is final."),
)
@click.option(
    "--ready", is_flag=True, help=msg("Only promote people who have joined since; change nothing else.")
)
@click.option(
    "--allow",
    metavar="CODE",
    multiple=True,
    shell_complete=offering("guard_codes"),
    help=msg("Lift this guard's objection, such as demote-many; repeatable."),
)
@lock_timeout_option
def command(
    common: Common,
    yes: bool,
    plan_file: str | None,
    prune: bool,
    ready: bool,
    allow: tuple[str, ...],
    lock_timeout: float,
) -> int:
    """Make the live groups as the manifests say.

    With --ready: promote wanted admins who are in their group by now, and leave everything else as it is.
    Only groups that wait for an admin are read.
    """
    from reconciler.operations.apply import apply, promote

    with running(common, "apply") as (clock, outputs):
        in_text = outputs.name == "text"
        if ready and (plan_file is not None or prune):
            raise UsageError(msg("--ready only promotes, so --plan and --prune mean nothing beside it"))
        terminal.check_can_ask("apply", yes=yes)
        saved = files.read_text(plan_file) if plan_file is not None else None
        with wiring.workspace(common, clock, committed=True) as work:
            outputs.work = work
            redactor = work.redactor()
            options = work.options(allow=allow, prune=prune)

            def in_words(plan: Plan, *, tables: bool) -> str:
                from reconciler.report import plan as planned
                from reconciler.report import text

                look = replace(outputs.look, tables=tables)
                return text.render([Section("", 0, told=planned.told(plan, redactor))], look)

            def approve(plan: Plan) -> bool:
                """Show the plan as text, and ask where something would change."""
                if in_text:
                    outcome_follows = any(group.changes for group in plan.groups) and not plan.open_objections
                    outputs.put(in_words(plan, tables=not outcome_follows) + "\n" * outcome_follows)
                if plan.open_objections:
                    return False
                if yes or not any(group.writes for group in plan.groups):
                    return True
                if not in_text:
                    terminal.say(in_words(plan, tables=True))
                return terminal.ask(tr("Apply these changes?"), lambda: clock.stopping)

            with work.store.lock(lock_timeout, clock) as journal:
                work.store.warn_if_new()
                options = work.placed(options, journal.state, applying=True)
                work.check_targets(journal.state)
                run = (
                    partial(promote, appeared=None)
                    if ready
                    else partial(apply, plan_key=work.plan_key, saved_plan=saved)
                )
                result = run(
                    work.loaded, options, work.write_ports(journal, outputs.prepare), approve=approve
                )
        from reconciler.report import apply as report  # loaded while the service was waited for

        code = exits.of_apply(result, ready=ready)
        if in_text and result.refused is not None:  # the plan stands above, with the objections
            terminal.say(nothing_applied(result.plan))
        told = result.refused is None and (
            any(group.outcomes for group in result.groups) or result.unsaved is not None
        )
        outputs.write(
            report.told(result, redactor), code, complete=result.complete, shown=in_text and not told
        )
        return code


def nothing_applied(plan: Plan) -> str:
    """Return why a plan was not begun: the guards that object, or that nobody approved it."""
    codes = ", ".join(entry.code for entry in plan.open_objections)
    if codes:
        return tr("Nothing was applied: {codes}.", codes=codes)
    return tr("Nothing was applied: the plan was not approved.")
