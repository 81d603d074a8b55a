"""`reconciler accept`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import click

from reconciler.cli import exits, loading, terminal, wiring
from reconciler.cli.accounts import PerAccount, verb
from reconciler.cli.common import Common, offering
from reconciler.cli.files import find_root
from reconciler.cli.outputs import running
from reconciler.language import msg, tr
from reconciler.manifests.output import Output
from reconciler.model.adoption import ACCEPT_FIELDS, AcceptField, AcceptRequest, AcceptResult
from reconciler.report import accept as report
from reconciler.report import text

EXAMPLES = msg(
    "\nreconciler accept suporte-campinas                  shows what would be "
    "written, and asks\nreconciler accept suporte-campinas --field subject  only "
    "the subject\nreconciler accept 'vendas-*' --yes                  does not ask\n"
    "reconciler accept suporte-campinas --drop-pending   also takes out who has "
    "yet to join\n"
)


@verb("accept", EXAMPLES, PerAccount(alone=msg("accept writes the manifests of one account"), names="names"))
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=offering("groups"))
@click.option(
    "--field",
    "fields",
    type=click.Choice(ACCEPT_FIELDS),
    multiple=True,
    help=msg("Only this field, whoever moved; repeatable.  [default: whatever drifted]"),
)
@click.option("--drop-pending", is_flag=True, help=msg("Take out people who have yet to join, too."))
@click.option("--yes", "-y", is_flag=True, help=msg("Do not ask."))
def command(
    common: Common,
    names: tuple[str, ...],
    fields: tuple[AcceptField, ...],
    drop_pending: bool,
    yes: bool,
) -> int:
    """Write what is live into the manifests of these groups: the other answer to drift. No group is changed.

    Only the values that are accepted change in the files; comments, order and quotes stay. Nothing is
    recorded: for whoever has not these files, the drift is a drift until they are merged. NAME may be a glob.
    """
    from reconciler.operations.accept import ManifestFiles, accept

    common.refuse("target")
    common = replace(common, target=names)
    with running(common, "accept") as (clock, outputs):
        terminal.check_can_ask("accept", yes=yes)
        with wiring.workspace(common, clock) as work:
            redactor = work.redactor()
            options = work.options()
            work.check_targets(option="")

            def approve(result: AcceptResult) -> bool:
                """Show the files as they would be, and ask."""
                shown = text.of_report(report.preview(report.data(result, redactor)), outputs.look)
                if outputs.name == "text":
                    outputs.put(shown)
                elif not yes:
                    terminal.say(shown)
                return yes or terminal.ask(tr("Write these files?"), lambda: clock.stopping)

            output = Output(find_root(wiring.here()))
            files = ManifestFiles(
                loading.tree(), output, partial(loading.reload, common, clock, work.loaded.settings)
            )
            result = accept(
                work.loaded,
                work.store.read(),
                options,
                work.read_ports(),
                files=files,
                request=AcceptRequest(frozenset(fields), drop_pending),
                approve=approve,
            )
        code = exits.of_accept(result)
        outputs.write(report.told(result, redactor), code, complete=result.complete)
        return code
