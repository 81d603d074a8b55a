"""Links that let people in: asking for those that somebody needs, and revoking one in an emergency.

A revoke is the protocol of `reconciler.revoke`: the link is read until it differs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from reconciler.errors import (
    ApiError,
    CredentialsError,
    Interrupted,
    NotFound,
    NotSent,
    Problem,
    RateLimited,
    Refused,
    StateError,
)
from reconciler.language import msg
from reconciler.model.link import digest
from reconciler.model.messages import GroupInvites, Invitations, Rotation, Rotations
from reconciler.model.record import Revoking
from reconciler.reading import poll
from reconciler.revoke import JUNK_LINK, LinkRevoke, ended_since, present_link

if TYPE_CHECKING:
    from collections.abc import Collection

    from reconciler.model.record import Record
    from reconciler.ports import ReadPorts, WritePorts

EFFECT = 10.0
"""Seconds for which a new link is waited for, as for every effect."""

_STOPPED = Problem("interrupted", msg("not begun: the run was asked to stop"), retry=True)
_NOT_SEEN = Problem(
    "not_seen",
    msg("the API answered that the link was revoked, but it goes on giving the old one"),
    msg("run it again; if it stays so, revoke the link in WhatsApp"),
    retry=True,
)
_NOT_REVOKED = frozenset({_NOT_SEEN.code, JUNK_LINK})
_RUN_AGAIN = msg("run it again: it is revoked only if the link is still the old one")
_STILL_ALIVE = Problem(
    "revoking",
    msg("the link was to be revoked, and is still the old one: nobody is to get it"),
    msg("run invites --rotate with this name again"),
)
_NOT_ASKED = Problem("interrupted", msg("the link was not asked for: the run was asked to stop"), retry=True)


def with_links(
    found: Invitations,
    get_link: Callable[[str], str],
    ports: ReadPorts,
    *,
    concurrency: int,
    names: Collection[str] | None = None,
) -> Invitations:
    """Ask for the link of every `ready` group (with `names`, of these), at most `concurrency` at once.

    Whoever is on record as sent another link than the present one is `reset`. A failure becomes the group's
    `problem`; with a stop asked for no further call is begun. Raises `CredentialsError`.
    """
    ids = {
        group.name: group.id
        for group in found.groups
        if group.status == "ready" and group.id and (names is None or group.name in names)
    }
    if not ids:
        return found

    answers: dict[str, str | Problem] = {}

    def ask(name: str, group_id: str) -> None:
        try:
            answers[name] = _NOT_ASKED if ports.clock.stopping else get_link(group_id)
        except ApiError as error:
            answers[name] = Problem.of(error)

    tasks = [partial(ask, name, group_id) for name, group_id in ids.items()]
    ports.progress.start(msg("Asking for links"), len(ids))
    try:
        ports.workers.all(tasks, concurrency, ports.progress.advance)
    finally:
        ports.progress.finish()
    groups = tuple(
        _answered(group, answers[group.name]) if group.name in answers else group for group in found.groups
    )
    return replace(found, groups=groups)


def _answered(group: GroupInvites, answer: str | Problem) -> GroupInvites:
    if isinstance(answer, Problem):
        return replace(group, status="failed", problem=answer)
    present = digest(answer)
    if group.revoking is not None and group.revoking.link == present:
        return replace(group, status="revoke", problem=_STILL_ALIVE)
    people = tuple(
        replace(invitee, sent=sent.reset())
        if (sent := invitee.sent) is not None
        and (group.revoking is not None or sent.link not in ("", present))
        else invitee
        for invitee in group.people
    )
    return replace(group, link=answer, people=people)


@dataclass(slots=True)
class LinkRevoker:
    """Revokes links one after the other."""

    ports: WritePorts
    broken: Problem | None = None
    halted: Problem | None = None

    def rotate(self, names: tuple[str, ...]) -> Rotations:
        """Revoke the link of every recorded name. Failures become outcomes; nothing is raised for them."""
        found = []
        progress = self.ports.progress
        progress.start(msg("Revoking links"), len(names))
        try:
            for name in names:
                found.append(self._one(name, self.ports.journal.state.groups[name]))
                progress.advance()
        finally:
            progress.finish()
        return Rotations(groups=tuple(found), unsaved=self.broken, interrupted=self.ports.clock.stopping)

    def _one(self, name: str, record: Record) -> Rotation:
        rotation = Rotation(name=name, id=record.id, status="skipped", pending=len(record.sent))
        reason = _STOPPED if self.ports.clock.stopping else self.broken or self.halted
        if reason is not None:
            return replace(rotation, problem=reason)
        try:
            present = present_link(self.ports, record.id)
            if ended_since(record.revoking, present):
                self._record(lambda: self.ports.journal.revoked(name))
                return replace(rotation, status="done", earlier=True)
            revoke = LinkRevoke(self.ports, name, record, self._begun(record, present))
            if not self._record(revoke.begin):
                return replace(rotation, problem=self.broken)
            unclear = self._send(revoke)
        except (Refused, NotFound, RateLimited, NotSent, Interrupted) as error:
            return replace(rotation, status="failed", problem=_problem(error))
        except CredentialsError as error:
            self.halted = _problem(error)
            return replace(rotation, status="failed", problem=self.halted)
        except ApiError as error:
            problem = replace(
                _problem(error), message=msg("the present link could not be read: {why}", why=error.message)
            )
            return replace(rotation, status="failed", problem=problem)
        alive = self._until_dead(revoke, unclear)
        if alive is None:
            self._record(revoke.end)
            return replace(rotation, status="done")
        return replace(rotation, status="failed" if alive.code in _NOT_REVOKED else "unknown", problem=alive)

    def _begun(self, record: Record, present: str) -> Revoking:
        """Return what goes on record: a revoke that an apply began stays that of its version, which this
        fulfils."""
        now = self.ports.clock.now()
        return Revoking(None, present, now) if record.revoking is None else replace(record.revoking, at=now)

    def _send(self, revoke: LinkRevoke) -> Problem | None:
        """Send it, and return an unclear answer, because reading tells what became of it. Where it surely was
        not done, what is on record is again as before."""
        try:
            revoke.send()
        except (Refused, NotFound, RateLimited, NotSent, CredentialsError):
            self._record(revoke.undo)
            raise
        except ApiError as error:
            return _problem(error)
        return None

    def _until_dead(self, revoke: LinkRevoke, unclear: Problem | None) -> Problem | None:
        """Wait until the group has another proper link; return why it cannot be said that the old one is
        dead, else None."""
        problem = _NOT_SEEN

        def look() -> bool | None:
            nonlocal problem
            try:
                if revoke.is_dead():
                    return True
                problem = unclear or _NOT_SEEN
            except (ApiError, CredentialsError, Interrupted) as error:
                problem = _problem(error)
                problem = replace(
                    problem, message=msg("the new link could not be read: {why}", why=problem.message)
                )
            return None

        if poll(self.ports.clock, look, EFFECT):
            return None
        return problem if problem is _NOT_SEEN else replace(problem, hint=_RUN_AGAIN)

    def _record(self, step: Callable[[], None]) -> bool:
        """Take a step of the journal; return whether it is durable."""
        try:
            step()
        except StateError as error:
            self.broken = Problem("state", error.message, error.hint)
        return self.broken is None


def _problem(error: ApiError | CredentialsError | Interrupted) -> Problem:
    if isinstance(error, ApiError):
        return Problem.of(error)
    code = "credentials" if isinstance(error, CredentialsError) else "interrupted"
    return Problem(code, error.message, error.hint)
