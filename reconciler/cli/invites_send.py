"""`invites --send`: everybody whose turn it is gets their links; what is printed holds none."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.cli import exits, terminal, wiring
from reconciler.cli.outputs import running
from reconciler.cli.people import known_people
from reconciler.errors import UsageError
from reconciler.manifests.settings import seconds
from reconciler.report import sending as report
from reconciler.report import text

if TYPE_CHECKING:
    from reconciler.cli.common import Common
    from reconciler.model.messages import Delivery, Message, UnknownPolicy
    from reconciler.model.settings import InviteSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """The options of `--send` as given."""

    person: tuple[str, ...] = ()
    include_left: bool = False
    resend_after: str | None = None
    unknown: str | None = None
    yes: bool = False
    lock_timeout: float = 0.0


def run(common: Common, given: SendOptions) -> int:
    """Send, and report of every message what became of it."""
    from reconciler.operations.people import InviteFilter, send_invites

    with running(common, "invites --send") as (clock, outputs):
        unknown = _unknown(given.unknown)
        later = _seconds(given.resend_after)
        terminal.check_can_ask("send", yes=given.yes)
        with wiring.workspace(common, clock, committed=True) as work:
            if not work.store.keeps:
                raise UsageError(
                    "`state` is none: nobody would know who was sent a link",
                    "keep a state to send invitations",
                )
            redactor = wiring.redactor(common, work.loaded)
            options = wiring.options(common, clock, allow=(), prune=False, keeps_state=True)
            wiring.check_targets(common.target, (group.name for group in work.loaded.desired.groups))
            whom = InviteFilter(
                people=known_people(given.person, work.loaded.desired), include_left=given.include_left
            )

            def approve(messages: tuple[Message, ...], others: tuple[Delivery, ...]) -> bool:
                if given.yes or not messages:
                    return True
                look = replace(outputs.look, color=terminal.wants_color(sys.stderr, common.color))
                terminal.say(text.of_report(report.preview(messages, others, redactor), look))
                return terminal.ask("Send these messages?", lambda: clock.stopping)

            with work.store.lock(given.lock_timeout, clock) as journal:
                work.store.warn_if_new()
                sending = send_invites(
                    work.loaded,
                    work.store.placed(options, journal.state),
                    work.write_ports(journal),
                    whom=whom,
                    settings=_settings(work.loaded.settings.invites, later),
                    unknown=unknown,
                    approve=approve,
                )
        code = exits.of_sending(sending)
        outputs.write(report.told(sending, redactor), code, complete=sending.complete)
        return code


def _settings(settings: InviteSettings, later: float | None) -> InviteSettings:
    return settings if later is None else replace(settings, resend_after=later)


def _unknown(given: str | None) -> UnknownPolicy:
    match given:
        case "resend" | "received":
            return given
        case _:
            return "hold"


def _seconds(given: str | None) -> float | None:
    """`--resend-after`. Raises `UsageError` for what is no length of time."""
    if given is None:
        return None

    try:
        return seconds(given)
    except ValueError:
        raise UsageError(
            f"--resend-after: {given!r:.40} is no length of time", "a number with s, m, h or d, such as 7d"
        ) from None
