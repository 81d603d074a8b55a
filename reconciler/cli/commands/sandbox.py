"""`reconciler sandbox`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from reconciler.cli import environment, loading, terminal, wiring
from reconciler.cli.accounts import account_numbers, verb
from reconciler.cli.common import Common, Number, WholeNumber
from reconciler.cli.files import named_after, sandbox_database, sandbox_folder, state_beside
from reconciler.cli.wiring import startable
from reconciler.errors import Exit, UsageError
from reconciler.language import msg, tr
from reconciler.model.capabilities import BackendName
from reconciler.sandbox import Options, Server, parse_fault, start, until_stopped

EXAMPLES = msg(
    "\nreconciler sandbox                          serves until Ctrl-C; prints what "
    "to export\nreconciler sandbox --port 8080 --latency 0.2\nreconciler sandbox "
    "--account sales          one of several accounts\nreconciler sandbox --fault "
    "'POST /groups status=500 when=after nth=1'\nreconciler sandbox --reencode "
    "--lag 3\nreconciler sandbox --backend waha           prints the environment of "
    "another dialect\n"
)

# What each backend's user name stands for where none was asked for.
_USERNAMES: dict[BackendName, str] = {
    "sinch": "sandbox",
    "waha": environment.DEFAULT_SESSION,
    "evolution": "sandbox",
}
_PRINTED = ("BASE_URL", "USERNAME", "TOKEN", "ACCOUNT", "STATE")


@verb("sandbox", EXAMPLES, numbers=True)
@click.option(
    "--port",
    type=WholeNumber(0, 65535),
    default=None,
    help=msg("On 127.0.0.1; 0: any  [default: that of the last time, else any]"),
)
@click.option(
    "--backend",
    type=click.Choice(list(_USERNAMES)),
    default=None,
    help=msg("Whose environment is printed  [default: the configured one]"),
)
@click.option(
    "--engine",
    type=click.Choice(["NOWEB", "GOWS", "WEBJS", "WPP"]),
    default="NOWEB",
    help=msg("WAHA's engine."),
)
@click.option("--database", metavar="FILE", default=None, help=msg("[default: .reconciler/sandbox.sqlite3]"))
@click.option("--username", default=None, help=msg("The only user name accepted (with --token)."))
@click.option("--token", default=None, help=msg("The only token accepted; no secret of yours."))
@click.option("--latency", type=Number(min=0), default=0.0, metavar="S", help=msg("Added to every answer."))
@click.option("--lag", type=Number(min=0), default=0.0, metavar="S", help=msg("Reads lag behind writes."))
@click.option("--reencode", is_flag=True, help=msg("Store icons encoded again, as the real service may."))
@click.option("--change-byte", is_flag=True, help=msg("Store icons with one byte changed."))
@click.option("--rate", type=Number(min=0, min_open=True), default=None, help=msg("Requests a second."))
@click.option("--rate-status", type=click.Choice(["429", "420"]), default="429", help=msg("Sent above that."))
@click.option("--retry-after", type=Number(min=0), default=None, help=msg("Sent with that answer."))
@click.option("--subject-limit", type=WholeNumber(min=1), default=25, help=msg("Characters  [default: 25]"))
@click.option(
    "--fault", "faults", multiple=True, metavar="SPEC", help=msg("METHOD PATH ACTION [key=value …]")
)
@click.option(
    "--webhook", metavar="URL", default=None, help=msg("Loopback URL that gets messages from members.")
)
def command(
    common: Common,
    port: int | None,
    database: str | None,
    backend: BackendName | None,
    rate_status: str,
    faults: tuple[str, ...],
    **more: Any,
) -> int:
    """Serve a faithful Groups API on loopback: an API, pages to look at, and faults on demand.

    It speaks the dialect of every backend at once, on the same groups.

    It goes on with the groups of `--sandbox`. What it prints makes it the API of the terminal into which that
    is pasted, with the same state. Where several accounts are configured, each has a sandbox of its own.
    """
    common.refuse("target", "report", "format")
    wiring.enter(common)
    username, token = more["username"], more["token"]
    if (username is None) != (token is None):
        raise UsageError(msg("--username and --token go together"))
    accounts, config = account_numbers(common), loading.configuration(common)
    backends = {own.name: own.backend for own in config.accounts}
    for option, value in (("--port", port), ("--database", database)):
        if value and len(accounts) > 1:
            names = ", ".join(filter(None, accounts))
            raise UsageError(
                msg("{option} is one sandbox's", option=option),
                msg("say whose, with --account: {names}", names=names),
            )
    try:
        parsed = tuple(parse_fault(spec) for spec in faults)
    except ValueError as error:
        raise UsageError(msg("--fault: {why}", why=error.args[0])) from None

    with startable(), until_stopped() as wait, ExitStack() as running:
        begun = []
        for name, numbers in accounts.items():
            digits = wiring.sandbox_account(numbers)
            folder = sandbox_folder(name)
            place = database or str(sandbox_database(folder, name))
            # An address that was pasted yesterday should still lead here.
            last = folder / named_after("sandbox.port", name) if port is None and database is None else None
            options = Options(
                database=place,
                account=digits[0],
                port=port or 0,
                rate_status=int(rate_status),
                faults=parsed,
                **more,
            )
            server = running.enter_context(_start(options, last))
            spoken = backend or backends.get(name) or config.settings.backend
            beside = state_beside(Path(place).absolute(), spoken)
            state = "none" if place == ":memory:" else f"file:{beside}"
            login = username or _USERNAMES[spoken], token or "sandbox"
            values = (server.base_url, *login, ",".join(digits), state)
            begun.append((name, server.base_url, dict(zip(_PRINTED, values, strict=True))))
        for name, _, exported in begun:
            for what, value in exported.items():
                terminal.put(f"export {environment.name_of(what, name)}={shlex.quote(value)}")
        others = [other for name, _, exported in begun for other in _contradicting(name)]
        if others:
            terminal.put(f"unset {' '.join(dict.fromkeys(others))}")
        for name, base_url, _ in begun:
            url = f"{base_url}/"
            terminal.say(
                tr("Pages of {account}: {url}", account=name, url=url)
                if name
                else tr("Pages: {url}", url=url)
            )
        terminal.say(tr("Paste these lines into another terminal. Ctrl-C ends."))
        wait()
    return Exit.OK


def _contradicting(account: str) -> Iterator[str]:
    """Name what is set here, and so maybe where the lines are pasted, that would keep them from working."""
    names = [environment.name_of(f"TOKEN_{source}", account) for source in ("FILE", "COMMAND")]
    if account:  # beside other accounts nothing is said of all of them
        names += [environment.name_of(what) for what in ("ACCOUNT", "STATE")]
    return filter(environment.variable, names)


def _start(options: Options, last: Path | None) -> Server:
    """Start a sandbox, at the port that was written down the `last` time if there is one and it is free."""
    if last is None:
        return start(options)
    try:
        server = start(replace(options, port=_last_port(last)))
    except OSError:
        server = start(options)  # somebody else has that port
    last.write_text(f"{server.base_url.rpartition(':')[2]}\n", encoding="ascii")
    return server


def _last_port(path: Path) -> int:
    """The port that was written down, 0 (any) where there is none."""
    try:
        port = int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
    return port if 1024 <= port <= 65535 else 0
