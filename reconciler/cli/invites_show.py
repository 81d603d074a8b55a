"""`invites` as it is: who has yet to join, with the links, in full."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.cli import exits, terminal, wiring
from reconciler.cli.outputs import running
from reconciler.cli.people import known_people
from reconciler.errors import UsageError
from reconciler.report import invites as report
from reconciler.report.escape import for_terminal

if TYPE_CHECKING:
    from reconciler.cli.common import Common
    from reconciler.report.section import Data


def run(common: Common, person: tuple[str, ...], *, include_left: bool, qr: bool) -> int:
    """Show it, with `qr` as QR codes too, and write every `--report`."""
    from reconciler.operations.people import InviteFilter, invites

    if qr and common.format not in ("", "text"):
        raise UsageError("--qr is for the text format", "html has the QR codes as it is")
    with running(common, "invites") as (clock, outputs):
        outputs.look = replace(outputs.look, codes=qr)
        with wiring.workspace(common, clock) as work:
            options = wiring.options(common, clock, allow=(), prune=False, keeps_state=work.store.keeps)
            # nobody is invited where no manifest is
            wiring.check_targets(common.target, (group.name for group in work.loaded.desired.groups))
            found = invites(
                work.loaded,
                work.store.read(),
                options,
                work.read_ports(),
                get_link=work.client.writer.get_link,
                whom=InviteFilter(
                    people=known_people(person, work.loaded.desired), include_left=include_left
                ),
            )
            stopped = clock.stopping
            told = report.told(found, wiring.redactor(common, work.loaded))
        if not common.quiet:
            terminal.say("This shows invite links and full numbers: whoever has a link can join.")
        if outputs.name != "text" and told.data is not None:
            _say_why(told.data())
        code = exits.of_invites(found, stopped=stopped)
        outputs.write(told, code, complete=found.all_read)
        return code


def _say_why(found: Data) -> None:
    """Print on stderr what text says beside the groups: a table has no place for it."""

    for group in found["groups"]:
        for note in group["notes"]:
            terminal.say(for_terminal(f"{group['name']}: {note}"))
    for note in found["notes"]:
        terminal.say(for_terminal(note))
