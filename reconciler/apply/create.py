"""Creating a group so that it is never made twice.

The call is not idempotent and an answer can get lost, so a create is never retried blindly: the groups are
listed and the intent (subject, ids listed) is durable before the call, the new id before anything else is
done. After an unclear answer only the list can tell. See design, "A create is never retried blindly".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.apply.tools import INTERRUPTED, Tools, problem_of
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
from reconciler.frozen import dataclass
from reconciler.model import number
from reconciler.model.live import Problem
from reconciler.model.record import Intent
from reconciler.planning.text import normal

if TYPE_CHECKING:
    from reconciler.model.outcome import Status


@dataclass(frozen=True, slots=True)
class Created:
    """How it ended: `id` is known exactly when `status` is done. `fresh`: the answer to this very call named
    the group, so that nobody else can have known of it before."""

    status: Status
    id: str | None = None
    problem: Problem | None = None
    fresh: bool = False


def create(name: str, subject: str, tools: Tools) -> Created:
    """Create the group of `name`, or take the one that an earlier, interrupted create made."""
    try:
        found = _from_earlier_run(name, tools)
        if found is not None:
            return _taken(name, found, tools)
        return _create(name, subject, tools)
    except Interrupted:
        return Created("skipped", problem=INTERRUPTED)


def _create(name: str, subject: str, tools: Tools) -> Created:
    problem: Problem | None = None
    for _ in range(2 * tools.retries + 1):
        if tools.clock.stopping:
            return Created("skipped" if problem is None else "failed", problem=problem or INTERRUPTED)
        try:
            listed = tools.reader.list_groups()
            twin = _appeared_since_planned(subject, listed, tools)
        except (ApiError, CredentialsError) as error:
            return Created("failed", problem=problem_of(error))
        if twin is not None:
            return Created("skipped", problem=twin)
        intent = Intent(subject, listed, tools.clock.now())
        try:
            tools.journal.intend(name, intent)
        except StateError as error:
            tools.unsaved(error, name, None)
            return Created("skipped", problem=problem_of(error))
        try:
            group_id = tools.writer.create_group(subject)
        except (RateLimited, NotSent) as error:
            problem = problem_of(error)
            _cancel(name, tools)
            continue  # the backend's pace makes the next call wait as long as the API asked for
        except (CredentialsError, NotFound, Refused) as error:
            _cancel(name, tools)
            return Created("failed", problem=problem_of(error))
        except ApiError as error:  # whatever its status: a 408 may have created a group
            return _after_unclear(name, intent, problem_of(error), tools)
        if group_id in listed:
            # An answer that names a group that existed before is no answer to this call.
            answer = Problem("bad_answer", "the answer named a group that had been there before")
            return _after_unclear(name, intent, answer, tools)
        return replace(_taken(name, group_id, tools), fresh=True)
    return Created("failed", problem=problem)


def _cancel(name: str, tools: Tools) -> None:
    """Forget the intent; where that cannot be written, the next run looks for a group and finds none."""
    try:
        tools.journal.cancel(name)
    except StateError as error:
        tools.unsaved(error, name, None)


def _taken(name: str, group_id: str, tools: Tools) -> Created:
    """The id is recorded before anything else is done with the group."""
    try:
        tools.journal.created(name, group_id, tools.clock.now())
    except StateError as error:
        tools.unsaved(error, name, group_id)
    return Created("done", id=group_id)


def _after_unclear(name: str, intent: Intent, problem: Problem, tools: Tools) -> Created:
    try:
        found = tools.poll(lambda: _new_group(intent, tools))
    except Interrupted:
        found = None
    if found is None:
        hint = "run apply again: it looks for the group first, and creates it only if it is not there"
        return Created("unknown", problem=Problem(problem.code, problem.message, hint, True, problem.status))
    return _taken(name, found, tools)


def _from_earlier_run(name: str, tools: Tools) -> str | None:
    """A group that an interrupted run has just begun to create may not be listed yet: look for it as long
    after the intent as an answer would have been waited for."""
    intent = tools.journal.state.creating.get(name)
    if intent is None:
        return None
    age = (tools.clock.now() - intent.at).total_seconds()
    if age >= tools.patience.effect:
        return None
    # The other run's clock may have been ahead of ours: then nothing is known of how long ago it was.
    return tools.poll(lambda: _new_group(intent, tools), tools.patience.effect - max(age, 0.0))


def _new_group(intent: Intent, tools: Tools) -> str | None:
    """The one group that is new since the intent, bound to no name, and has its subject."""
    try:
        listed = tools.reader.list_groups()
        found = [
            group_id
            for group_id in _unbound(listed, frozenset(intent.listed), tools)
            if _is_the_one(group_id, intent, tools)
        ]
    except (ApiError, CredentialsError):
        return None  # what could not be read is looked at again, until the patience ends
    return found[0] if len(found) == 1 else None


def _is_the_one(group_id: str, intent: Intent, tools: Tools) -> bool:
    try:
        group = tools.reader.get_group(group_id)
    except NotFound:
        return False
    keys = tools.context.account_keys
    ours = not keys or group.creator is None or number.key(group.creator) in keys
    return ours and normal(group.subject) == normal(intent.subject)


def _unbound(listed: tuple[str, ...], known: frozenset[str], tools: Tools) -> list[str]:
    bound = {record.id for record in tools.journal.state.groups.values()}
    return [group_id for group_id in listed if group_id not in known and group_id not in bound]


def _appeared_since_planned(subject: str, listed: tuple[str, ...], tools: Tools) -> Problem | None:
    """A reason not to create: a group of this subject has appeared since the plan was made."""
    for group_id in _unbound(listed, tools.listed, tools):
        if group_id not in tools.strays:
            try:
                tools.strays[group_id] = normal(tools.reader.get_group(group_id).subject)
            except NotFound:
                continue  # left again, or not to be read yet: then it is no twin that anybody could see
        if tools.strays[group_id] == normal(subject):
            return Problem(
                "changed_since_planned",
                "changed since planned: a group of this subject has appeared",
                "plan again",
                retry=True,
            )
    return None
