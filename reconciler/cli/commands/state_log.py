"""`reconciler state log`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import click

from reconciler.cli import terminal, wiring
from reconciler.cli.accounts import PerAccount, verb
from reconciler.cli.clock import SystemClock
from reconciler.cli.commands.state import history, open_store
from reconciler.cli.common import Common, WholeNumber
from reconciler.cli.outputs import Outputs
from reconciler.errors import Exit, UsageError
from reconciler.language import msg, tr
from reconciler.manifests.complaints import quote
from reconciler.manifests.numbers import NumberError, like_a_number, parse
from reconciler.model import number
from reconciler.model.history import Interest
from reconciler.operations.state import log
from reconciler.report import state as report

if TYPE_CHECKING:
    from reconciler.manifests.load import Loaded

EXAMPLES = msg(
    "\nreconciler state log                        the runs that recorded "
    "something, the newest first\nreconciler state log suporte-campinas\nreconciler "
    "state log --person ana --since 30d\nreconciler state log --since 2026-11-01 "
    "--format json\n"
)

_AGO = re.compile(r"([0-9]{1,5})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_ALIAS = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@verb("log", EXAMPLES, PerAccount(groups=False))
@click.argument("name", required=False)
@click.option("--person", metavar="ALIAS-OR-NUMBER", help=msg("Only what concerns this person."))
@click.option("--since", metavar="DAY-OR-TIME", help=msg("A day, or 90m, 12h, 30d, 4w ago."))
@click.option(
    "--max",
    "most",
    metavar="COUNT",
    type=WholeNumber(min=1),
    default=50,
    show_default=True,
    help=msg("Stop after so many runs."),
)
def command(common: Common, name: str | None, person: str | None, since: str | None, most: int) -> int:
    """Who recorded what when, from the history of a state in Git."""
    clock = SystemClock()
    outputs = Outputs(common, "state log", clock)
    if name is not None:
        wiring.check_name(name)
    begin = None if since is None else _since(since, clock)
    work = open_store(common)
    past = history(work.store, "state log")
    interest = _interest(name, person, work.loaded)
    told, complete = log(past, since=begin, interest=interest, most=most)
    if told or outputs.name == "json":
        found = report.told(told, work.redactor(), complete=complete)
        outputs.write(found, Exit.OK, complete=complete)
    else:
        terminal.say(tr("Nothing of that was recorded."))
    if not complete:
        terminal.say(
            tr(
                "There are older runs, which were not looked at: --max {count}, or --since DAY.",
                count=most * 10,
            )
        )
    return Exit.OK


def _since(text: str, clock: SystemClock) -> datetime:
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return clock.now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        if len(text) == len("2026-11-01"):
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        at = datetime.fromisoformat(text)
        return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            msg("--since {given!r:.40} is no day", given=text),
            msg("such as 2026-11-01 (UTC), 2026-11-01T08:00, 12h or 30d"),
        ) from None


def _interest(name: str | None, person: str | None, loaded: Loaded) -> Interest:
    """People by alias and by every number that the files give them; the history may know aliases that the
    files do not know any more."""
    if person is None:
        return Interest(name)
    try:
        keys = frozenset({number.key(parse(person))})
    except NumberError as error:
        if like_a_number(person) or not _ALIAS.fullmatch(person):
            hint = error.hint if like_a_number(person) else msg("give an alias or a number")
            raise UsageError(
                msg("--person {person}: {why}", person=quote(person), why=error.message), hint
            ) from None
        keys = frozenset()
    known = [found for found in loaded.desired.people if found.alias == person or keys & set(found.keys)]
    aliases = {found.alias for found in known if found.alias} | (set() if keys else {person})
    return Interest(name, frozenset(aliases), keys.union(*(found.keys for found in known)))
