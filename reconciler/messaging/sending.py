"""Sending messages, none of them twice.

That one is under way is on record before it goes out, and after an unclear answer it does not go out again.

                    ┌─ 420, 429, never connected: as before, pause, again
 sending (on disk) ─┼─ another 4xx, or a 2xx that
                    │  names them with an error:  as before, failed
                    ├─ a 2xx that names them:     sent
                    └─ anything else:             unknown, and left to people

A message to a group is not on record: whoever sends it looks into the group after an unclear answer.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from reconciler.errors import (
    ApiError,
    CredentialsError,
    NotFound,
    NotSent,
    Problem,
    RateLimited,
    Refused,
    StateError,
)
from reconciler.language import msg
from reconciler.model import number
from reconciler.model.live import UNKNOWN_NUMBER, LiveGroup
from reconciler.model.messages import Delivery, DeliveryStatus, GroupDelivery, Message
from reconciler.model.record import Sent
from reconciler.retry import Attempts, RetryPolicy

if TYPE_CHECKING:
    from reconciler.ports import Clock, WritePorts


INTERRUPTED = Problem("interrupted", msg("not sent: the run was asked to stop"), retry=True)
ASK_THEM = msg(
    "it may have arrived, so it is not sent again by itself. Ask them, or your "
    "provider by the message's id; then: invites --send --unknown resend, or "
    "--unknown received, with --person for one of them"
)

_LOOK_INTO_THE_GROUP = msg(
    "it may have arrived, so it is not sent again by itself: look into the group "
    "in WhatsApp, and send it again only if it is not there"
)


@dataclass(slots=True)
class MessageSender:
    """Sends the messages of one run; shared by all its workers."""

    ports: WritePorts
    retries: int
    broken: Problem | None = None  # why the state cannot be written: nothing more is sent
    halted: Problem | None = None  # why nothing more is sent, though the state can be written
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send_all(self, messages: Sequence[Message], *, concurrency: int) -> tuple[Delivery, ...]:
        """Send every message, at most `concurrency` at once, those to one person one after the other.

        Failures become deliveries; nothing is raised for them. When `clock.stopping` turns true, calls in
        flight are finished and the rest is `skipped`.
        """
        people: dict[str, list[Message]] = {}
        for message in messages:
            people.setdefault(message.ref, []).append(message)
        ended: dict[str, list[Delivery]] = {}

        def work(ref: str) -> None:
            ended[ref] = list(map(self._one, people[ref]))

        progress = self.ports.progress
        progress.start(msg("Sending"), len(people))
        try:
            self.ports.workers.all([partial(work, ref) for ref in people], concurrency, progress.advance)
        finally:
            progress.finish()
        return tuple(delivery for ref in people for delivery in ended[ref])

    def _one(self, message: Message) -> Delivery:
        if (reason := self._reason()) is not None:
            return _delivery(message, "skipped", reason)
        try:
            known = self.ports.writer.find_person(message.person.numbers[0])
        except CredentialsError as error:
            return _delivery(message, "failed", self._halt(error))
        except ApiError as error:
            reason = self._reason()  # a stop that was asked for meanwhile is no failure of the look-up
            return _delivery(message, "skipped" if reason else "failed", reason or Problem.of(error))
        if known is None:
            return _delivery(message, "failed", UNKNOWN_NUMBER)
        return self._send(message, known)

    def _reason(self) -> Problem | None:
        """Return why nothing more is sent; None while it is."""
        return INTERRUPTED if self.ports.clock.stopping else self.broken or self.halted

    def _halt(self, error: CredentialsError) -> Problem:
        """Send nothing more."""
        problem = Problem("credentials", error.message, error.hint)
        self.halted = replace(problem, message=msg("not sent: {why}", why=error.message))
        return problem

    def _send(self, message: Message, to: str) -> Delivery:
        """Send a message to somebody by the id under which the service knows them."""
        attempts = Attempts(RetryPolicy(self.retries), self.ports.clock)
        while True:
            if (reason := self._reason()) is not None:
                return _delivery(message, "skipped", reason)
            before = self._before(message)
            sending = self._sending(message, before)
            correlation_id = next(iter(sending.values())).message
            if not self._record(message, sending):
                return _delivery(message, "skipped", self.broken)
            try:
                self.ports.writer.send_to_person(to, message.body, correlation_id)
            except (RateLimited, NotSent) as error:
                self._record(message, before)
                if not attempts.again(error):
                    return _delivery(message, "failed", Problem.of(error), correlation_id)
            except (Refused, NotFound) as error:
                self._record(message, before)
                return _delivery(message, "failed", Problem.of(error), correlation_id)
            except CredentialsError as error:
                self._record(message, before)
                return _delivery(message, "failed", self._halt(error), correlation_id)
            except ApiError as error:  # Unclear, and whatever else leaves open what was done
                self._record(message, _with_status(sending, "unknown"))
                problem = replace(Problem.of(error), hint=ASK_THEM)
                return _delivery(message, "unknown", problem, correlation_id)
            else:
                self._record(message, _with_status(sending, "sent"))
                return _delivery(message, "sent", None, correlation_id)

    def _before(self, message: Message) -> dict[str, Sent | None]:
        """Return what is on record of this person and these groups."""
        groups = self.ports.journal.state.groups
        known = {name: groups[name].sent for name in message.groups if name in groups}
        return {name: known[name].get(message.ref) if name in known else None for name in message.groups}

    def _sending(self, message: Message, before: Mapping[str, Sent | None]) -> dict[str, Sent]:
        """Return what is to be on record while the message is under way: one time and one id for all groups,
        later than any other of this person, because messages of a day are told apart by their time."""
        known = [record.sent.get(message.ref) for record in self.ports.journal.state.groups.values()]
        times = [sent.at + timedelta(microseconds=1) for sent in known if sent is not None]
        at = max([self.ports.clock.now(), *times])
        seed = f"{message.ref} {' '.join(message.groups)} {at.isoformat()}"
        correlation_id = f"inv-{hashlib.sha256(seed.encode()).hexdigest()[:20]}"
        entries = {}
        for name, sent in before.items():
            link = message.links[name]
            if sent is None:
                entries[name] = Sent(at, 1, "sending", (), correlation_id, link)
            elif name in message.renewed:
                entries[name] = sent.reset().next(at, correlation_id, link)
            else:
                counted = _not_counted(sent) if name in message.again else sent
                entries[name] = counted.next(at, correlation_id, link)
        return entries

    def _record(self, message: Message, entries: Mapping[str, Sent | None]) -> bool:
        """Write down what is known of this message; return whether that worked."""
        try:
            self.ports.journal.sent({name: {message.ref: sent} for name, sent in entries.items()})
        except StateError as error:
            with self._lock:
                self.broken = self.broken or Problem(
                    "state",
                    msg("not sent: the state cannot be written: {why}", why=error.message),
                    error.hint,
                )
            return False
        return True


def _not_counted(sent: Sent) -> Sent:
    """Take the last message off the count: somebody has said that it did not arrive."""
    return replace(sent, times=max(0, sent.times - 1))


def _with_status(entries: Mapping[str, Sent], status: str) -> dict[str, Sent | None]:
    return {name: replace(sent, status=status) for name, sent in entries.items()}


def _delivery(
    message: Message, status: DeliveryStatus, problem: Problem | None, correlation_id: str = ""
) -> Delivery:
    return Delivery(
        person=message.person,
        groups=message.groups,
        status=status,
        problem=problem,
        message=correlation_id,
        renewed=tuple(name for name in message.groups if name in message.renewed),
    )


def addressed(name: str, live: LiveGroup, account: frozenset[str]) -> GroupDelivery:
    """Return the message to a group before it is sent: where it would go, and to how many people."""
    people = sum(number.key(wa_id) not in account for wa_id in live.participants)
    return GroupDelivery(name=name, id=live.id, subject=live.subject, people=people, status="skipped")


def send_once(
    to: GroupDelivery, text: str, send: Callable[[str, str], str], *, clock: Clock, retries: int
) -> GroupDelivery:
    """Send a text, again only where it surely was not sent. Raises `CredentialsError`."""
    attempts = Attempts(RetryPolicy(retries), clock)
    while True:
        if clock.stopping:
            return replace(to, problem=INTERRUPTED, interrupted=True)
        try:
            message_id = send(to.id, text)
        except (RateLimited, NotSent) as error:
            if not attempts.again(error):
                return replace(to, status="failed", problem=Problem.of(error), interrupted=clock.stopping)
        except (Refused, NotFound) as error:
            return replace(to, status="failed", problem=Problem.of(error))
        except CredentialsError:
            raise
        except ApiError as error:
            return replace(
                to, status="unknown", problem=replace(Problem.of(error), hint=_LOOK_INTO_THE_GROUP)
            )
        else:
            return replace(to, status="sent", message_id=message_id or None, interrupted=clock.stopping)
