"""`reconciler invites`."""

from __future__ import annotations

import click

from reconciler.cli import invites_rotate, invites_send, invites_show
from reconciler.cli.common import Common, PerAccount, lock_timeout_option
from reconciler.cli.verb import verb
from reconciler.errors import UsageError

EXAMPLES = """
reconciler invites                           who has yet to join, with the links
reconciler invites --person ana --person '+55 19 90000-0002'
reconciler invites --target 'cliente-*' --report csv=invites.csv
reconciler invites --report html=sheet.html  a sheet with QR codes to print
reconciler invites --person ana --qr         to scan from the screen
reconciler invites --send                    sends everybody their links, after a question
reconciler invites --send --yes              the same in a pipeline
reconciler invites --send --unknown resend --person ana  she says that nothing came
reconciler invites --rotate cliente-acme     the link got out: revokes it
reconciler invites --sandbox
"""


@verb(
    "invites",
    EXAMPLES,
    PerAccount(alone="--rotate revokes links of one account", when="rotate", names="rotate"),
)
@click.option(
    "--person", metavar="ALIAS-OR-NUMBER", multiple=True, help="Only this person's invitations; repeatable."
)
@click.option("--include-left", is_flag=True, help="Also people who joined and then left.")
@click.option("--qr", is_flag=True, help="Show the links as QR codes, too (text).")
@click.option("--send", is_flag=True, help="Send everybody whose turn it is the links, in one message.")
@click.option(
    "--resend-after",
    metavar="TIME",
    default=None,
    help="With --send: how long ago the last message must be, such as 7d or 12h.",
)
@click.option(
    "--unknown",
    type=click.Choice(["resend", "received"]),
    default=None,
    help="With --send: send again to people of whose last message nobody knows whether it arrived, or count "
    "it as received.",
)
@click.option("--rotate", metavar="NAME", multiple=True, help="Revoke this group's link at once; repeatable.")
@click.option("--yes", is_flag=True, help="With --send or --rotate: do not ask.")
@lock_timeout_option
def command(
    common: Common,
    person: tuple[str, ...],
    include_left: bool,
    qr: bool,
    send: bool,
    resend_after: str | None,
    unknown: str | None,
    rotate: tuple[str, ...],
    yes: bool,
    lock_timeout: float,
) -> int:
    """Show who has yet to join which group, and the link that lets them in; or send them the links.

    This shows links and full numbers, and no other command does: mind where its output goes. Formats: text,
    json, csv for a mail merge, markdown, and html: a sheet with QR codes to print. A link is asked for only
    where somebody needs it, because asking may create it.

    With --send every person gets one message with all their links, at most as often as `invites:` in
    reconciler.yaml says; what it prints holds no link and masks numbers. Formats: text, json. Nobody is
    written to again after an unclear answer: see --unknown.
    """

    if rotate:
        _refuse("--rotate", qr=qr, person=person, include_left=include_left, send=send, target=common.target)
    if send:
        _refuse("--send", qr=qr)
    else:
        _refuse_without("--send", resend_after=resend_after, unknown=unknown)
    if not send and not rotate:
        _refuse_without("--send or --rotate", yes=yes, lock_timeout=lock_timeout)
    if rotate:
        return invites_rotate.run(common, rotate, yes=yes, lock_timeout=lock_timeout)
    if send:
        given = invites_send.SendOptions(
            person=person,
            include_left=include_left,
            resend_after=resend_after,
            unknown=unknown,
            yes=yes,
            lock_timeout=lock_timeout,
        )
        return invites_send.run(common, given)
    return invites_show.run(common, person, include_left=include_left, qr=qr)


def _refuse(beside: str, **given: object) -> None:
    """Raise `UsageError` for options that mean nothing beside another."""
    for name, value in given.items():
        if value:
            raise UsageError(f"--{name.replace('_', '-')} means nothing beside {beside}")


def _refuse_without(needed: str, **given: object) -> None:
    """Raise `UsageError` for options that mean nothing without another."""
    for name, value in given.items():
        if value:
            raise UsageError(f"--{name.replace('_', '-')} means something with {needed} only")
