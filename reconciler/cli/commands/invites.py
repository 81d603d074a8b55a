"""`reconciler invites`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli.common import Common, verb

if TYPE_CHECKING:
    from reconciler.model.desired import Desired
    from reconciler.reports.shapes import InvitesView

EXAMPLES = """
reconciler invites                          who has yet to join, with the links
reconciler invites --person ana --person '+55 19 90000-0002'
reconciler invites --target 'cliente-*' --report csv=invites.csv
reconciler invites --include-left           whoever joined and left as well
reconciler invites --sandbox
"""


@verb("invites", EXAMPLES)
@click.option(
    "--person", metavar="ALIAS-OR-NUMBER", multiple=True, help="Only this person's invitations; repeatable."
)
@click.option("--include-left", is_flag=True, help="Also name people who joined and then left.")
def command(common: Common, person: tuple[str, ...], include_left: bool) -> int:
    """Show who has yet to join which group, and the link that lets them in.

    This shows links and full numbers, and no other command does: mind where its output goes. Formats: text,
    json, and csv for a mail merge. A link is asked for only where somebody needs it, because asking may
    create it.
    """
    from reconciler import operations
    from reconciler.cli import exits, files, formats, terminal, wiring
    from reconciler.cli.clock import SystemClock, stopping_on_signals
    from reconciler.reports.invites_view import invites_view

    wiring.enter(common)
    name = common.format or "text"
    chosen = formats.invites_named(name)
    reports = formats.invites_files(common.report)
    clock = SystemClock()
    terminal.log_calls(common.verbose)
    with stopping_on_signals(clock):
        with wiring.workspace(common, clock) as work:
            options = wiring.options(common, clock, allow=(), prune=False, keeps_state=work.store.keeps)
            # nobody is invited where no manifest is
            wiring.check_targets(common.target, (group.name for group in work.loaded.desired.groups))
            found = operations.invites(
                work.loaded,
                work.store.read(),
                reader=work.client.reader,
                get_link=work.client.writer.get_link,
                icon_files=work.icon_files,
                options=options,
                whom=operations.Whom(people=_people(person, work.loaded.desired), include_left=include_left),
                clock=clock,
                progress=terminal.progress(common.quiet),
            )
            stopped = clock.stopping
            view = invites_view(found, wiring.book(common, work.loaded))
        if not common.quiet:
            terminal.say("This shows invite links and full numbers: whoever has a link can join.")
        if name != "text":
            _say_why(view)
        look = formats.Look(terminal.wants_color(sys.stdout, common.color), terminal.width(sys.stdout))
        terminal.put(chosen(view, look))
        for report in reports:
            files.write_private(report.path, report.format(view, formats.PLAIN))
        return exits.of_invites(found, stopped=stopped)


def _say_why(view: InvitesView) -> None:
    """What text says beside the groups, on stderr: a table has no place for it."""
    from reconciler.cli import terminal
    from reconciler.reports.escape import for_terminal

    for group in view.groups:
        for note in group.notes:
            terminal.say(for_terminal(f"{group.name}: {note}"))
    for note in view.notes:
        terminal.say(for_terminal(note))


def _people(given: tuple[str, ...], desired: Desired) -> frozenset[str]:
    """Number keys of those who were named. Raises `UsageError` for who is nobody in the files."""
    from reconciler.errors import UsageError
    from reconciler.manifests.words import did_you_mean, quote
    from reconciler.model import number

    aliases = {person.alias: person for person in desired.people if person.alias}
    named = (
        *desired.people,
        *(
            person
            for group in desired.groups
            for people in (group.admins, group.members)
            for person in people or ()
        ),
    )
    by_key = {key: person for person in named for key in person.keys}
    keys: set[str] = set()
    for text in given:
        found = aliases.get(text)
        if found is None:
            try:
                found = by_key.get(number.key(number.parse(text)))
            except number.NumberError:
                guess = did_you_mean(text, frozenset(aliases))
                hint = guess or "give an alias of contacts, or a number such as +55 19 90000-0001"
                raise UsageError(f"--person: there is no person {quote(text)}", hint) from None
        if found is None:
            raise UsageError(f"--person: nobody in the files has the number {quote(text)}")
        keys |= found.keys
    return frozenset(keys)
