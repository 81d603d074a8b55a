"""`invites --rotate`: a link that got out is revoked at once, whatever the manifests say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli import exits, terminal, wiring
from reconciler.cli.outputs import running
from reconciler.cli.state_store import check_name
from reconciler.errors import UsageError
from reconciler.report import sending as report

if TYPE_CHECKING:
    from reconciler.cli.common import Common


def run(common: Common, names: tuple[str, ...], *, yes: bool, lock_timeout: float) -> int:
    """Revoke, and report of every link what became of it."""
    from reconciler.operations.people import rotate_links

    for name in names:
        check_name(name)
    with running(common, "invites --rotate") as (clock, outputs):
        terminal.check_can_ask("revoke", yes=yes)
        with wiring.workspace(common, clock) as work:
            if not work.store.keeps:
                raise UsageError("`state` is none: nobody knows which group a name means")

            def approve() -> bool:
                what = f"the invite link of {', '.join(dict.fromkeys(names))}"
                return yes or terminal.ask(
                    f"Revoke {what}? It stops working at once, and this cannot be undone.",
                    lambda: clock.stopping,
                )

            with work.store.lock(lock_timeout, clock) as journal:
                found = rotate_links(names, work.write_ports(journal), approve=approve)
            redactor = wiring.redactor(common, work.loaded)
        code = exits.of_rotations(found)
        outputs.write(report.told_of_links(found, redactor), code, complete=True)
        return code
