"""`reconciler invites`: who has yet to join, with the links; everybody's links sent; a link revoked."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import exits, terminal, wiring
from reconciler.cli.accounts import PerAccount, verb
from reconciler.cli.common import Common, lock_timeout_option, offering
from reconciler.cli.outputs import running
from reconciler.cli.people import known_people
from reconciler.errors import UsageError
from reconciler.language import msg, tr
from reconciler.manifests.settings import seconds
from reconciler.report import invites as report
from reconciler.report import sending, text
from reconciler.report.escape import for_terminal

if TYPE_CHECKING:
    from reconciler.model.desired import Desired
    from reconciler.model.messages import Delivery, Message, UnknownPolicy
    from reconciler.operations.people import InviteFilter
    from reconciler.report.section import Data

EXAMPLES = msg(
    "\nreconciler invites                           who has yet to join, with the "
    "links\nreconciler invites --person ana --person '+55 19 90000-0002'\nreconciler "
    "invites --target 'cliente-*' --report csv=invites.csv\nreconciler invites "
    "--report html=sheet.html  a sheet with QR codes to print\nreconciler invites "
    "--person ana --qr         to scan from the screen\nreconciler invites "
    "--send                    sends everybody their links, after a question\n"
    "reconciler invites --send --yes              the same in a pipeline\n"
    "reconciler invites --send --unknown resend --person ana  she says that "
    "nothing came\nreconciler invites --rotate cliente-acme     the link got out: "
    "revokes it\nreconciler invites --sandbox\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The options of `invites` as given."""

    person: tuple[str, ...]
    include_left: bool
    qr: bool
    send: bool
    resend_after: str | None
    unknown: UnknownPolicy | None
    rotate: tuple[str, ...]
    yes: bool
    lock_timeout: float

    def refuse(self, meaning: str, *names: str) -> None:
        """Raise `UsageError` for options that were given in vain; `meaning` says when they mean something."""
        for name in names:
            if getattr(self, name):
                raise UsageError(
                    msg("--{option} means {meaning}", option=name.replace("_", "-"), meaning=meaning)
                )

    def whom(self, desired: Desired) -> InviteFilter:
        """Return whose invitations are meant. Raises `UsageError` for somebody who is not in the files."""
        from reconciler.operations.people import InviteFilter

        return InviteFilter(people=known_people(self.person, desired), include_left=self.include_left)


@verb(
    "invites",
    EXAMPLES,
    PerAccount(alone=msg("--rotate revokes links of one account"), when="rotate", names="rotate"),
)
@click.option(
    "--person",
    metavar="ALIAS-OR-NUMBER",
    multiple=True,
    help=msg("Only this person's invitations; repeatable."),
)
@click.option("--include-left", is_flag=True, help=msg("Also people who joined and then left."))
@click.option("--qr", is_flag=True, help=msg("Show the links as QR codes, too (text)."))
@click.option("--send", is_flag=True, help=msg("Send everybody whose turn it is the links, in one message."))
@click.option(
    "--resend-after",
    metavar="TIME",
    default=None,
    help=msg("With --send: how long ago the last message must be, such as 7d or 12h."),
)
@click.option(
    "--unknown",
    type=click.Choice(["resend", "received"]),
    default=None,
    help=msg(
        "With --send: send again to people of whose last message nobody knows whether "
        "it arrived, or count it as received."
    ),
)
@click.option(
    "--rotate",
    metavar="NAME",
    multiple=True,
    shell_complete=offering("recorded_groups"),
    help=msg("Revoke this group's link at once; repeatable."),
)
@click.option("--yes", "-y", is_flag=True, help=msg("With --send or --rotate: do not ask."))
@lock_timeout_option
def command(common: Common, **given: Any) -> int:
    """Show who has yet to join which group, and the link that lets them in; or send them the links.

    This shows links and full numbers, and no other command does: mind where its output goes. Formats: text,
    json, csv for a mail merge, markdown, and html: a sheet with QR codes to print. A link is asked for only
    where somebody needs it, because asking may create it.

    With --send every person gets one message with all their links, at most as often as `invites:` in
    reconciler.yaml says; what it prints holds no link and masks numbers. Formats: text, json. Nobody is
    written to again after an unclear answer: see --unknown.
    """
    options = Given(**given)
    if options.rotate:
        options.refuse(msg("nothing beside --rotate"), "qr", "person", "include_left", "send")
        if common.target:
            raise UsageError(msg("--target means nothing beside --rotate"))
    if options.send:
        options.refuse(msg("nothing beside --send"), "qr")
    else:
        options.refuse(msg("something with --send only"), "resend_after", "unknown")
    if not options.send and not options.rotate:
        options.refuse(msg("something with --send or --rotate only"), "yes", "lock_timeout")
    way = _rotate if options.rotate else _send if options.send else _show
    return way(common, options)


def _show(common: Common, given: Given) -> int:
    """Show who has yet to join, with the links in full; with `--qr` as QR codes too."""
    from reconciler.operations.people import invites

    if given.qr and common.format not in ("", "text"):
        raise UsageError(msg("--qr is for the text format"), msg("html has the QR codes as it is"))
    with running(common, "invites") as (clock, outputs):
        outputs.look = replace(outputs.look, codes=given.qr)
        with wiring.workspace(common, clock) as work:
            outputs.work = work
            options = work.options()
            work.check_targets()  # nobody is invited where no manifest is
            found = invites(
                work.loaded,
                work.store.read(),
                options,
                work.read_ports(),
                get_link=work.client.writer.get_link,
                whom=given.whom(work.loaded.desired),
            )
            stopped = clock.stopping
            told = report.told(found, work.redactor())
        if not common.quiet:
            terminal.say(tr("This shows invite links and full numbers: whoever has a link can join."))
            if work.pages is not None:
                terminal.say(report.of_the_sandbox(work.pages))
        if outputs.name != "text" and told.data is not None:
            _say_why(told.data())
        code = exits.of_invites(found, stopped=stopped)
        outputs.write(told, code, complete=found.all_read)
        return code


def _say_why(found: Data) -> None:
    """Print on stderr what text says beside the groups: a table has no place for it."""
    for group in found["groups"]:
        for note in group["notes"]:
            terminal.say(for_terminal(f"{group['name']}: {tr(note)}"))
    for note in found["notes"]:
        terminal.say(for_terminal(tr(note)))


def _send(common: Common, given: Given) -> int:
    """Send everybody whose turn it is their links; what is printed holds none."""
    from reconciler.operations.people import send_invites

    with running(common, "invites --send") as (clock, outputs):
        later = _seconds(given.resend_after)
        terminal.check_can_ask("send", yes=given.yes)
        with wiring.workspace(common, clock, committed=True) as work:
            if not work.store.keeps:
                raise UsageError(
                    msg("`state` is none: nobody would know who was sent a link"),
                    msg("keep a state to send invitations"),
                )
            redactor = work.redactor()
            options = work.options()
            work.check_targets()
            whom = given.whom(work.loaded.desired)
            settings = work.loaded.settings.invites

            def approve(messages: tuple[Message, ...], others: tuple[Delivery, ...]) -> bool:
                if given.yes or not messages:
                    return True
                look = replace(outputs.look, color=terminal.wants_color(sys.stderr, common.color))
                terminal.say(text.of_report(sending.preview(messages, others, redactor), look))
                return terminal.ask(tr("Send these messages?"), lambda: clock.stopping)

            with work.store.lock(given.lock_timeout, clock) as journal:
                work.store.warn_if_new()
                sent = send_invites(
                    work.loaded,
                    work.placed(options, journal.state),
                    work.write_ports(journal),
                    whom=whom,
                    settings=settings if later is None else replace(settings, resend_after=later),
                    unknown=given.unknown or "hold",
                    approve=approve,
                )
        code = exits.of_sending(sent)
        outputs.write(sending.told(sent, redactor), code, complete=sent.complete)
        return code


def _seconds(given: str | None) -> float | None:
    """`--resend-after`. Raises `UsageError` for what is no length of time."""
    try:
        return None if given is None else seconds(given)
    except ValueError:
        raise UsageError(
            msg("--resend-after: {given!r:.40} is no length of time", given=given),
            msg("a number with s, m, h or d, such as 7d"),
        ) from None


def _rotate(common: Common, given: Given) -> int:
    """Revoke links that got out, at once, whatever the manifests say; report what became of each."""
    from reconciler.operations.people import rotate_links

    names = given.rotate
    for name in names:
        wiring.check_name(name)
    with running(common, "invites --rotate") as (clock, outputs):
        terminal.check_can_ask("revoke", yes=given.yes)
        with wiring.workspace(common, clock) as work:
            if not work.store.keeps:
                raise UsageError(msg("`state` is none: nobody knows which group a name means"))

            def approve() -> bool:
                question = tr(
                    "Revoke the invite link of {groups}? "
                    "It stops working at once, and this cannot be undone.",
                    groups=", ".join(dict.fromkeys(names)),
                )
                return given.yes or terminal.ask(question, lambda: clock.stopping)

            with work.store.lock(given.lock_timeout, clock) as journal:
                found = rotate_links(names, work.write_ports(journal), approve=approve)
            redactor = work.redactor()
        code = exits.of_rotations(found)
        outputs.write(sending.told_of_links(found, redactor), code, complete=True)
        return code
