"""`invites` as it is: who has yet to join, with the links, in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.cli.common import Common
    from reconciler.reports.invites_shapes import InvitesView


def run(common: Common, person: tuple[str, ...], *, include_left: bool, qr: bool) -> int:
    """Show it, with `qr` as QR codes too, and write every `--report`."""
    from reconciler.cli import exits, people_formats, terminal, wiring
    from reconciler.cli.clock import SystemClock, stopping_on_signals
    from reconciler.cli.people import known_people
    from reconciler.cli.plain_outputs import PlainOutputs
    from reconciler.operations.people import InviteFilter, invites
    from reconciler.reports.invites_view import invites_view

    wiring.enter(common)
    table = people_formats.INVITES
    if qr and common.format not in ("", "text"):
        raise UsageError("--qr is for the text format", "html has the QR codes as it is")
    outputs = PlainOutputs(
        common,
        {**table, "text": people_formats.text_with_codes} if qr else table,
        people_formats.INVITES_FAILURES,
    )
    clock = SystemClock()
    terminal.log_calls(common.verbose)
    with stopping_on_signals(clock), outputs.telling_failures():
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
            view = invites_view(found, wiring.redactor(common, work.loaded))
        if not common.quiet:
            terminal.say("This shows invite links and full numbers: whoever has a link can join.")
        if outputs.name != "text":
            _say_why(view)
        outputs.write(view)
        return exits.of_invites(found, stopped=stopped)


def _say_why(view: InvitesView) -> None:
    """What text says beside the groups, on stderr: a table has no place for it."""
    from reconciler.cli import terminal
    from reconciler.report.escape import for_terminal

    for group in view.groups:
        for note in group.notes:
            terminal.say(for_terminal(f"{group.name}: {note}"))
    for note in view.notes:
        terminal.say(for_terminal(note))
