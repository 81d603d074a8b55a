"""The verbs about people.

`invites` shows who has yet to join, and sends or revokes their links; `send` writes to a group; `inbound`
tells what a webhook said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.errors import ObjectionError, Problem, ReconcilerError, StateError, UsageError
from reconciler.language import msg
from reconciler.manifests.complaints import guessed
from reconciler.messaging.arrivals import Awaited
from reconciler.messaging.due import due, links_needed, messages
from reconciler.messaging.inbound import read_file
from reconciler.messaging.invitations import invitations, nobody_joined, without_icons
from reconciler.messaging.links import LinkRevoker, with_links
from reconciler.messaging.sending import MessageSender, addressed, send_once
from reconciler.model.messages import Delivery, Message, Rotation, Rotations, Sending, UnknownPolicy
from reconciler.model.settings import InviteSettings, template_gap
from reconciler.operations.apply import check_limits
from reconciler.operations.plan import decide
from reconciler.planning.group import Context
from reconciler.planning.guards import objection_to_inviting
from reconciler.planning.record import renamed
from reconciler.planning.run_summary import summary_of_rotation, summary_of_sending

if TYPE_CHECKING:
    from reconciler.manifests.load import Loaded
    from reconciler.model.messages import GroupDelivery, Invitations, Match
    from reconciler.model.record import RunSummary, State
    from reconciler.planning.options import Options
    from reconciler.ports import Journal, ReadPorts, WritePorts


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteFilter:
    """The people who are asked about. `people`: number keys, empty for everybody; `include_left`: also who
    joined and then left."""

    people: frozenset[str] = frozenset()
    include_left: bool = False


def invites(
    loaded: Loaded,
    state: State,
    options: Options,
    ports: ReadPorts,
    *,
    get_link: Callable[[str], str],
    whom: InviteFilter,
) -> Invitations:
    """Say who has yet to join which group, with the links.

    Changes nothing, except that asking may create a link. It is handed nothing of the writer but `get_link`.
    Raises what `plan` raises.
    """
    state = replace(state, groups={**state.groups, **renamed(state, loaded.desired)})
    found = _waiting(loaded, state, options, ports, whom)
    return with_links(found, get_link, ports, concurrency=loaded.settings.api.write_concurrency)


def _waiting(
    loaded: Loaded, state: State, options: Options, ports: ReadPorts, whom: InviteFilter
) -> Invitations:
    made, _ = decide(
        replace(loaded, desired=without_icons(loaded.desired)), nobody_joined(state), options, ports
    )
    context = Context.of(loaded.desired, loaded.settings, options)
    return invitations(made, state, context, people=whom.people, include_left=whom.include_left)


def send_invites(
    loaded: Loaded,
    options: Options,
    ports: WritePorts,
    *,
    whom: InviteFilter,
    settings: InviteSettings,
    unknown: UnknownPolicy,
    approve: Callable[[tuple[Message, ...], tuple[Delivery, ...]], bool],
) -> Sending:
    """Send everybody whose turn it is the links of the groups that wait for them.

    A link is asked for only where somebody is to be sent it, or was sent one that may have died since. A
    revoke that was begun, and is seen by that to have taken effect, is recorded. `approve` is shown what
    would be sent and who is left out, and asked where there is something to send. Raises what `plan` raises,
    `ReconcilerError` for a template that cannot be sent and for limits of the service, `ObjectionError` from
    an older checkout, `CredentialsError`, `StateError` before anything is sent; later failures become
    deliveries.
    """
    gap = None if settings.template is None else template_gap(settings.template)
    if gap is not None:
        raise ReconcilerError(msg("`invites.template`: {mistake}", mistake=gap[0]), gap[1])
    older = objection_to_inviting(loaded.settings, options)
    if older is not None:
        raise ObjectionError(msg("nothing was sent (older-commit): {why}", why=older))
    journal = ports.journal
    called_otherwise = renamed(journal.state, loaded.desired)
    if called_otherwise:
        journal.observe(called_otherwise, ())
    found = _waiting(loaded, journal.state, options, ports.read_only(), whom)
    concurrency = loaded.settings.api.write_concurrency
    found = with_links(
        found,
        ports.writer.get_link,
        ports,
        concurrency=concurrency,
        names=links_needed(found, settings, now=options.now, unknown=unknown),
    )
    for group in found.groups:
        if group.revoking is not None and group.link is not None:
            journal.revoked(group.name)
    turn = due(found, settings, now=options.now, unknown=unknown)
    ready, waiting = messages(turn.groups, journal.state, settings, now=options.now)
    others = (*turn.others, *waiting)
    if not approve(ready, others):
        refused = Problem("declined", msg("not sent: nobody agreed"))
        not_sent = tuple(
            Delivery(person=message.person, groups=message.groups, status="skipped", problem=refused)
            for message in ready
        )
        return Sending(
            found=found,
            deliveries=(*not_sent, *others),
            refused=refused,
            interrupted=ports.clock.stopping,
        )
    if ready:
        check_limits(ports.reader.limits(), adding=True)
    if turn.received:
        journal.sent(turn.received)
    sender = MessageSender(ports, loaded.settings.api.retries)
    deliveries = sender.send_all(ready, concurrency=concurrency) if ready else ()
    unsaved = sender.broken or _finish(journal, summary_of_sending(deliveries))
    return Sending(
        found=found,
        deliveries=(*deliveries, *others),
        unsaved=unsaved,
        interrupted=ports.clock.stopping,
    )


def rotate_links(names: Collection[str], ports: WritePorts, *, approve: Callable[[], bool]) -> Rotations:
    """Revoke the links of recorded groups, see that they are dead, and make everybody due for the new ones.

    That a revoke is begun is on record before it is sent, and a rerun that finds it so sends it only if the
    link is still the old one. Neither manifests nor plans are needed. Raises `UsageError` for a name of
    which nothing is recorded.
    """
    journal = ports.journal
    unknown = [name for name in names if name not in journal.state.groups]
    if unknown:
        raise UsageError(
            msg("--rotate: no group is on record as {names}", names=", ".join(unknown)),
            guessed(unknown[0], journal.state.groups, msg("see: reconciler state list")),
        )
    groups = {name: journal.state.groups[name] for name in dict.fromkeys(names)}
    if not approve():
        problem = Problem("declined", msg("not revoked: nobody agreed"))
        skipped = [
            Rotation(name=name, id=record.id, status="skipped", problem=problem)
            for name, record in groups.items()
        ]
        return Rotations(groups=tuple(skipped), interrupted=ports.clock.stopping)
    check_limits(ports.reader.limits(), adding=False)
    found = LinkRevoker(ports).rotate(tuple(groups))
    if found.unsaved is not None:
        return found
    return replace(found, unsaved=_finish(journal, summary_of_rotation(found.groups)))


def _finish(journal: Journal, summary: RunSummary) -> Problem | None:
    """Say in the history what was done, if anything; return the reason where that cannot be done."""
    try:
        if summary.counts:
            journal.finish(summary)
    except StateError as error:
        return Problem("state", error.message, error.hint)
    return None


def send_to_group(
    loaded: Loaded,
    state: State,
    options: Options,
    ports: ReadPorts,
    *,
    text: str,
    send: Callable[[str, str], str],
    approve: Callable[[GroupDelivery], bool],
) -> GroupDelivery:
    """Send a text to the group that a manifest declares, once somebody has agreed.

    The group is found and read as for a plan; `options.targets` is its name alone. It is handed nothing of
    the writer but `send_to_group`. Raises what `plan` raises, `ReconcilerError` where the group is not there
    or could not be read, and `CredentialsError`.
    """
    (name,) = options.targets
    clock = ports.clock
    made, _ = decide(replace(loaded, desired=without_icons(loaded.desired)), state, options, ports)
    group = next(group for group in made.groups if group.name == name)
    if group.live is None:
        why = {
            "create": msg("it is yet to be created"),
            "missing": msg("it is gone"),
            "unreadable": msg("it could not be read"),
        }
        reason = why.get(group.action, msg("nobody knows which it is"))
        raise ReconcilerError(
            msg("nothing was sent to {name}: {reason}", name=name, reason=reason), msg("see: reconciler plan")
        )
    account = loaded.settings.account_keys
    to = addressed(name, group.live, account)
    if account and not account & group.live.participant_keys:
        raise ReconcilerError(
            msg("nothing was sent to {name}: the account is not in this group any more", name=name)
        )
    if not approve(to):
        return replace(
            to, problem=Problem("declined", msg("not sent: nobody agreed")), interrupted=clock.stopping
        )
    check_limits(ports.reader.limits(), adding=False)
    return send_once(to, text, send, clock=clock, retries=loaded.settings.api.retries)


def inbound(
    loaded: Loaded, state: State, data: bytes, *, options: Options, key: bytes = b""
) -> tuple[Match, ...]:
    """Say what the webhook bodies in `data` say, which have to be signed with `key` where there is one, and
    who has shown up by them. Calls nobody, changes nothing."""
    awaited = Awaited(loaded.desired, state, options, loaded.settings.account_keys)
    return tuple(map(awaited.match, read_file(data, key)))
