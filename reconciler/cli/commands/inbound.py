"""`reconciler inbound`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli import environment, exits, terminal, wiring
from reconciler.cli.accounts import PerAccount, verb
from reconciler.cli.commands.apply import nothing_applied
from reconciler.cli.common import Common, lock_timeout_option, offering
from reconciler.cli.files import read_bytes, read_stdin
from reconciler.cli.outputs import running
from reconciler.errors import UsageError
from reconciler.language import msg, tr
from reconciler.messaging.arrivals import seen_by_group
from reconciler.model.messages import Unreadable
from reconciler.report import apply, text
from reconciler.report import plan as report
from reconciler.report.inbound import lines
from reconciler.report.section import Look, Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.cli.outputs import Outputs
    from reconciler.cli.wiring import Offline, Workspace
    from reconciler.errors import Exit
    from reconciler.model.messages import Match
    from reconciler.model.outcome import ApplyResult
    from reconciler.model.plan import Plan
    from reconciler.planning.options import Options
    from reconciler.report.section import Told

EXAMPLES = msg(
    "\nreconciler inbound webhook.jsonl                who wrote where, as JSON "
    "lines; calls nobody\nreconciler inbound webhook.jsonl --ready --yes  and "
    "promotes those whom a read sees in their group\ncurl … | reconciler inbound "
    "-                   one body from stdin\n"
)


@verb("inbound", EXAMPLES, PerAccount(alone=msg("a webhook's messages are those of one account")))
@click.argument("file", metavar="FILE|-")
@click.option("--ready", is_flag=True, help=msg("Promote awaited admins who wrote in their group or joined."))
@click.option("--yes", "-y", is_flag=True, help=msg("With --ready: do not ask."))
@click.option(
    "--allow",
    metavar="CODE",
    multiple=True,
    shell_complete=offering("guard_codes"),
    help=msg("With --ready: lift an objection; repeatable."),
)
@lock_timeout_option
def command(
    common: Common, file: str, ready: bool, yes: bool, allow: tuple[str, ...], lock_timeout: float
) -> int:
    """Tell what webhook bodies say: group messages from direct ones, and which awaited people have shown up.

    FILE holds one body, or one a line; a gateway's may stand in {"headers": {…}, "body": "…"}, and must be
    signed with RECONCILER_WEBHOOK_KEY where that is set. Prints a JSON object a line for every entry, without
    what was written. With --ready: reads the groups in which awaited admins wrote, or which they joined,
    promotes those who are in, and does nothing else; its report goes to stderr, and into --report files as
    that of apply.
    """
    from reconciler.operations.apply import promote

    if common.format not in ("", "json"):
        raise UsageError(
            msg("there is no format {format!r:.40} here", format=common.format),
            msg("inbound prints JSON lines"),
        )
    if not ready and (common.report or yes or allow or lock_timeout):
        raise UsageError(msg("--report, --yes, --allow and --lock-timeout mean nothing without --ready"))
    terminal.check_can_ask("promote", yes=yes or not ready)
    data = read_stdin() if file == "-" else read_bytes(file)  # here, as a signal has to end a read of stdin
    if not ready:
        terminal.log_calls(common.verbose)
        work = wiring.offline(common)
        return exits.of_inbound(_matches(data, work, work.options()))
    with running(common, "apply") as (clock, outputs):
        with wiring.workspace(common, clock) as work:
            outputs.work = work
            options = work.options(allow=allow)
            matches = _matches(data, work, options)
            with work.store.lock(lock_timeout, clock) as journal:
                result = promote(
                    work.loaded,
                    work.placed(options, journal.state, applying=True),
                    work.write_ports(journal),
                    appeared=seen_by_group(each.record for each in matches),
                    approve=lambda plan: _approve(plan, work, yes=yes),
                )
        code = exits.of_inbound(matches, result)
        _report(result, work, outputs, code)
        return code


def _matches(data: bytes, work: Offline, options: Options) -> Sequence[Match]:
    """Find whom and which group each entry is about. Print them as JSON lines on stdout, and on stderr what a
    person should look at."""
    from reconciler.operations.people import inbound

    work.check_targets()
    key = environment.webhook_key(work.common.account_name)
    matches = inbound(work.loaded, work.store.read(), data, options=options, key=key)
    if matches:
        terminal.put(lines(matches, work.redactor()))
    unreadable = sum(isinstance(each.record, Unreadable) for each in matches)
    if unreadable:
        terminal.say(
            tr(
                "{unreadable} of {entries} entries cannot be read; their `reason` says why.",
                unreadable=unreadable,
                entries=len(matches),
            )
        )
    return matches


def _approve(plan: Plan, work: Workspace, *, yes: bool) -> bool:
    """Show the promotions on stderr, and ask."""
    if plan.open_objections or not plan.changed or not yes:
        terminal.say(_in_text(report.told(plan, work.redactor()), work))
    if plan.open_objections:
        return False
    if yes or not plan.changed:
        return True
    return terminal.ask(tr("Promote them?"), lambda: work.clock.stopping)


def _in_text(told: Told, work: Workspace) -> str:
    """Draw it as text for a person who reads stderr."""
    color = terminal.wants_color(sys.stderr, work.common.color)
    return text.render([Section("", 0, told=told)], Look(color=color, width=terminal.width(sys.stderr)))


def _report(result: ApplyResult, work: Workspace, outputs: Outputs, code: Exit) -> None:
    told = apply.told(result, work.redactor())
    if result.refused is not None:
        terminal.say(nothing_applied(result.plan))
    elif any(group.outcomes for group in result.groups) or result.unsaved is not None:
        terminal.say(_in_text(told, work))
    outputs.write(told, code, complete=result.complete, shown=True)
