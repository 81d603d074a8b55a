"""`reconciler list`."""

from __future__ import annotations

from typing import get_args

import click

from reconciler.cli import exits, wiring
from reconciler.cli.accounts import PerAccount, verb
from reconciler.cli.common import Common
from reconciler.cli.outputs import running
from reconciler.cli.people import people_keys
from reconciler.language import msg
from reconciler.model.adoption import Role
from reconciler.operations.list import list_groups
from reconciler.planning.listing import ListingFilter
from reconciler.report import listing as report

EXAMPLES = msg(
    "\nreconciler list                             every group that there is\n"
    "reconciler list --unmanaged                 those without a manifest: see "
    "reconciler import\nreconciler list --role member               those in which "
    "the account is no admin, and who could make it one\nreconciler list --person "
    "ana --role admin   where ana is admin\nreconciler list --format csv --report "
    "json=groups.json\n"
)


@verb("list", EXAMPLES, PerAccount(groups=False))
@click.option(
    "--person",
    metavar="ALIAS-OR-NUMBER",
    multiple=True,
    help=msg("Only groups with this person; repeatable."),
)
@click.option(
    "--role",
    type=click.Choice(get_args(Role)),
    default=None,
    help=msg("Only groups in which --person, else the account, is this."),
)
@click.option("--unmanaged", is_flag=True, help=msg("Only groups without a manifest."))
def command(common: Common, person: tuple[str, ...], role: Role | None, unmanaged: bool) -> int:
    """Show every live group: who is in it, whether the account is admin, which manifest it belongs to.

    Needs credentials and nothing else: no manifest, no configuration, no state.
    """
    with running(common, "list") as (clock, outputs):
        with wiring.workspace(common, clock, groups=False) as work:
            options = work.options()
            wanted = ListingFilter(
                people=people_keys(person, work.loaded.desired), role=role, unmanaged=unmanaged
            )
            state = work.store.read()
            work.check_targets(state)
            found = list_groups(work.loaded, state, options, work.read_ports(), wanted=wanted)
            stopped = clock.stopping
            told = report.told(found, work.redactor(account=found.keys))
        code = exits.of_list(found, stopped=stopped)
        outputs.write(told, code, complete=found.complete)
        return code
