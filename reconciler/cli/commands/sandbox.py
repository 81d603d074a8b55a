"""`reconciler sandbox`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from reconciler.cli import terminal, wiring
from reconciler.cli.accounts import verb
from reconciler.cli.common import Common
from reconciler.cli.files import sandbox_folder
from reconciler.cli.wiring import startable
from reconciler.errors import Exit, UsageError
from reconciler.manifests import numbers
from reconciler.sandbox import Options, Server, parse_fault, serve_forever

EXAMPLES = """
reconciler sandbox                          serves until Ctrl-C; prints what to export
reconciler sandbox --port 8080 --latency 0.2
reconciler sandbox --fault 'POST /groups status=500 when=after nth=1'
reconciler sandbox --reencode --lag 3
"""


@verb("sandbox", EXAMPLES)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=None,
    help="On 127.0.0.1; 0: any  [default: that of the last time, else any]",
)
@click.option("--account", metavar="NUMBER", default=None, help="The business's own number.")
@click.option("--database", metavar="FILE", default=None, help="[default: .reconciler/sandbox.sqlite3]")
@click.option("--username", default=None, help="The only user name accepted (with --token).")
@click.option("--token", default=None, help="The only token accepted; no secret of yours.")
@click.option(
    "--latency", type=click.FloatRange(min=0), default=0.0, metavar="S", help="Added to every answer."
)
@click.option(
    "--lag", type=click.FloatRange(min=0), default=0.0, metavar="S", help="Reads lag behind writes."
)
@click.option("--reencode", is_flag=True, help="Store icons encoded again, as the real service may.")
@click.option("--change-byte", is_flag=True, help="Store icons with one byte changed.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), default=None, help="Requests a second.")
@click.option("--rate-status", type=click.Choice(["429", "420"]), default="429", help="Sent above that.")
@click.option("--retry-after", type=click.FloatRange(min=0), default=None, help="Sent with that answer.")
@click.option("--subject-limit", type=click.IntRange(min=1), default=25, help="Characters  [default: 25]")
@click.option("--fault", "faults", multiple=True, metavar="SPEC", help="METHOD PATH ACTION [key=value …]")
@click.option("--webhook", metavar="URL", default=None, help="Loopback URL that gets messages from members.")
def command(
    common: Common,
    port: int | None,
    account: str | None,
    database: str | None,
    rate_status: str,
    faults: tuple[str, ...],
    **more: Any,
) -> int:
    """Serve a faithful Groups API on loopback: an API, pages to look at, and faults on demand."""
    common.refuse("target", "report", "format")
    wiring.enter(common)
    username, token = more["username"], more["token"]
    if (username is None) != (token is None):
        raise UsageError("--username and --token go together")
    try:
        digits = numbers.parse(account) if account else wiring.SANDBOX_ACCOUNT
        parsed = tuple(parse_fault(spec) for spec in faults)
    except numbers.NumberError as error:
        raise UsageError(f"--account: {error.message}", error.hint) from None
    except ValueError as error:
        raise UsageError(f"--fault: {error}") from None

    folder = sandbox_folder()
    last = folder / "sandbox.port"  # a state belongs to one address, so the next day finds it again

    def ready(server: Server) -> None:
        if port is None and database is None:
            last.write_text(f"{server.base_url.rpartition(':')[2]}\n", encoding="ascii")
        terminal.put(f"export RECONCILER_BASE_URL={server.base_url}")
        terminal.put(f"export RECONCILER_USERNAME={username or 'sandbox'}")
        terminal.put(f"export RECONCILER_TOKEN={token or 'sandbox'}")
        terminal.put(f"export RECONCILER_ACCOUNT={digits}")
        terminal.say(f"Pages: {server.base_url}/   Ctrl-C ends.")

    with startable():
        options = Options(
            database=database or str(folder / "sandbox.sqlite3"),
            account=digits,
            port=port if port is not None else _last_port(last),
            rate_status=int(rate_status),
            faults=parsed,
            **more,
        )
        try:
            serve_forever(options, ready)
        except OSError:
            if port is not None or options.port == 0:
                raise
            serve_forever(replace(options, port=0), ready)  # somebody else has the port of the last time
    return Exit.OK


def _last_port(path: Path) -> int:
    """The port that was written down, 0 (any) where there is none."""
    try:
        port = int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
    return port if 1024 <= port <= 65535 else 0
