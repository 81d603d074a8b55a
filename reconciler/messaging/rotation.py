"""Revoking an invite link in an emergency, and seeing that it is dead: the link is read until it differs.

                         ┌─ refused, never sent:  as before, failed
begun (on disk) ── sent ─┼─ another link is read: revoked (on disk), done
                         └─ anything else:        begun; the next run looks before it sends
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.errors import (
    ApiError,
    CredentialsError,
    Interrupted,
    NotFound,
    NotSent,
    RateLimited,
    Refused,
    StateError,
)
from reconciler.model.link import digest
from reconciler.model.live import Problem
from reconciler.model.record import Revoking
from reconciler.model.sending import Rotation, Rotations

if TYPE_CHECKING:
    from reconciler.model.record import Record
    from reconciler.ports import WritePorts

EFFECT = 10.0
"""Seconds for which a new link is waited for, as for every effect."""

_FIRST, _LONGEST = 0.1, 1.0
_STOPPED = Problem("interrupted", "not begun: the run was asked to stop", retry=True)
_NOT_SEEN = Problem(
    "not_seen",
    "the API answered that the link was revoked, but it goes on giving the old one",
    "run it again; if it stays so, revoke the link in WhatsApp",
    retry=True,
)
_NOT_REVOKED = frozenset({"not_seen", "junk_link"})
_RUN_AGAIN = "run it again: it is revoked only if the link is still the old one"


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
        progress.start("Revoking links", len(names))
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
            old = self._old_link(record.id)
            begun = record.revoking
            if begun is not None and old not in ("", begun.link):
                self._record(lambda: self.ports.journal.revoked(name))
                return replace(rotation, status="done", earlier=True)
            revoking = Revoking(None, old, self.ports.clock.now())
            if begun is not None:  # that of an apply stays that of its version, which this one fulfils
                revoking = replace(begun, at=revoking.at)
            if not self._record(lambda: self.ports.journal.revoke(name, revoking)):
                return replace(rotation, problem=self.broken)
            unclear = self._revoke(name, record)
        except (Refused, NotFound, RateLimited, NotSent, Interrupted) as error:
            return replace(rotation, status="failed", problem=_problem(error))
        except CredentialsError as error:
            self.halted = _problem(error)
            return replace(rotation, status="failed", problem=self.halted)
        except ApiError as error:  # the present link could not be read
            problem = replace(_problem(error), message=f"the present link could not be read: {error.message}")
            return replace(rotation, status="failed", problem=problem)
        seen = self._until_it_differs(record.id, revoking.link, unclear)
        if seen is None:
            self._record(lambda: self.ports.journal.revoked(name))
            return replace(rotation, status="done")
        return replace(rotation, status="failed" if seen.code in _NOT_REVOKED else "unknown", problem=seen)

    def _old_link(self, group_id: str) -> str:
        """The digest of the link that is to die; "" for a junk one, after which every proper link is new."""
        try:
            return digest(self.ports.writer.get_link(group_id))
        except ApiError as error:
            if error.code == "junk_link":
                return ""
            raise

    def _revoke(self, name: str, before: Record) -> Problem | None:
        """Send it; an unclear answer is returned, because reading tells what became of it. Where it surely
        was not done, what is on record is again as `before`."""
        try:
            self.ports.writer.revoke_link(before.id)
        except (Refused, NotFound, RateLimited, NotSent, CredentialsError):
            self._record(lambda: self.ports.journal.record(name, before))
            raise
        except ApiError as error:
            return _problem(error)
        return None

    def _until_it_differs(self, group_id: str, old: str, unclear: Problem | None) -> Problem | None:
        """None once the group has another proper link; else why nobody can say that the old one is dead."""
        deadline = self.ports.clock.monotonic() + EFFECT
        pause = _FIRST
        while True:
            try:
                if digest(self.ports.writer.get_link(group_id)) != old:
                    return None
                problem = unclear or _NOT_SEEN
            except (ApiError, CredentialsError, Interrupted) as error:
                problem = _problem(error)
                problem = replace(problem, message=f"the new link could not be read: {problem.message}")
            left = deadline - self.ports.clock.monotonic()
            if left <= 0 or self.ports.clock.stopping:
                return problem if problem is _NOT_SEEN else replace(problem, hint=_RUN_AGAIN)
            self.ports.clock.sleep(min(pause, left))
            pause = min(pause * 1.6, _LONGEST)

    def _record(self, step: Callable[[], None]) -> bool:
        """Take a step of the journal; whether it is durable."""
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
