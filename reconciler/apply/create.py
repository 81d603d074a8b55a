"""Creating a group so that it is never made twice.

The call is not idempotent and an answer can get lost, so a create is never retried blindly: the groups are
listed and the intent (subject, ids listed) is durable before the call, the new id before anything else is
done. After an unclear answer only the list can tell. See design, "A create is never retried blindly".
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from reconciler.apply.tools import BATCH, INTERRUPTED, Tools, problem_of
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
from reconciler.language import msg, msg_n
from reconciler.model.live import UNKNOWN_NUMBER
from reconciler.model.record import Intent
from reconciler.planning.bindings import left_ids
from reconciler.planning.subjects import BySubject, is_cut, loose

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.change import Affected
    from reconciler.model.live import LiveGroup
    from reconciler.model.outcome import OutcomeStatus


_NAMED = 5  # names in a sentence


@dataclass(frozen=True, slots=True)
class Created:
    """How a create ended: `id` is known exactly when `status` is done. `fresh`: the answer to this very call
    named the group, so that nobody else can have known of it before."""

    status: OutcomeStatus
    id: str | None = None
    problem: Problem | None = None
    fresh: bool = False


def made_earlier(names: Iterable[str], tools: Tools) -> dict[str, str]:
    """Find the groups that creates of earlier runs made after all, by name.

    All of them are looked for side by side, until the youngest intent is `timeouts.create` old, and never
    longer than that, whatever the clocks say. Those that are not found by then are to be created again.
    """
    intents = {name: intent for name in names if (intent := tools.ports.journal.state.creating.get(name))}
    found = _after_refresh(intents, tools) if intents and tools.can.refreshes else {}
    if tools.unsure is not None:
        return found
    now, longest = tools.ports.clock.now(), tools.timeouts.create
    ages = {name: max(0.0, (now - intent.at).total_seconds()) for name, intent in intents.items()}
    young = sorted(name for name, age in ages.items() if age < longest and name not in found)
    if not young:  # planning has read the list since then
        return found
    seconds = longest - min(ages[name] for name in young)
    names = ", ".join(young[:_NAMED])
    if len(young) > _NAMED:
        names = msg("{names} and {more} more", names=names, more=len(young) - _NAMED)
    tools.ports.progress.tell(
        msg(
            "Looking for up to {seconds:.0f} s for what an earlier run began to create, "
            "and may have: {names}",
            seconds=seconds,
            names=names,
        )
    )

    def look() -> bool | None:
        try:
            listed = tools.ports.reader.list_groups().ids
        except (ApiError, CredentialsError):
            return None  # what could not be read is looked at again, until the time is up
        for name in young:
            group_id = None if name in found else _new_group(intents[name], listed, tools)
            if group_id is not None:
                found[name] = group_id
        return True if found.keys() >= set(young) else None

    with suppress(Interrupted):
        tools.poll(look, seconds, tools.timeouts.longest_for_a_create)
    return {name: group_id for name, group_id in found.items() if list(found.values()).count(group_id) == 1}


def _after_refresh(intents: Mapping[str, Intent], tools: Tools) -> dict[str, str]:
    """Find what unclear creates made after all, in a list that a gateway was asked to refresh: before that it
    is but what the gateway remembers."""
    try:
        tools.ports.writer.refresh_list()
        listed = tools.ports.reader.list_groups().ids
    except (ApiError, CredentialsError, Interrupted) as error:
        tools.unsure = problem_of(error)
        return {}
    found = {name: _new_group(intent, listed, tools) for name, intent in intents.items()}
    ids = list(found.values())
    return {
        name: group_id
        for name, group_id in found.items()
        if group_id is not None and ids.count(group_id) == 1
    }


def create(name: str, subject: str, wanted: Sequence[Affected], tools: Tools) -> Created:
    """Create the group of `name`, or take the one that an earlier run made (`made_earlier`). `wanted` are
    those who are to be added to it: a service that makes no group without people is given some of them."""
    try:
        found = tools.made_earlier.get(name)
        if found is None and tools.unsure is not None and name in tools.ports.journal.state.creating:
            return Created("unknown", problem=tools.unsure)
        return _create(name, subject, wanted, tools) if found is None else _taken(name, found, tools)
    except Interrupted:
        return Created("skipped", problem=INTERRUPTED)


def _first(wanted: Sequence[Affected], tools: Tools) -> tuple[str, ...]:
    """Return the ids of those whom a group is made with. Raises `Refused` where none of them is known."""
    if not tools.can.peopled:
        return ()
    ids = (tools.find_person(person.shown) for person in wanted)
    first = tuple(islice(filter(None, ids), BATCH))
    found = tuple(each for each in first if first.count(each) == 1)  # else it is not known who that is
    if not found:
        raise Refused(UNKNOWN_NUMBER.message, UNKNOWN_NUMBER.hint, code=UNKNOWN_NUMBER.code)
    return found


def _create(name: str, subject: str, wanted: Sequence[Affected], tools: Tools) -> Created:
    problem: Problem | None = None
    for _ in range(2 * tools.retries + 1):
        if tools.ports.clock.stopping:
            return Created("skipped" if problem is None else "failed", problem=problem or INTERRUPTED)
        try:
            people = _first(wanted, tools)
            listed = _listed(tools)
            twin = _appeared_since_planned(subject, listed, tools)
        except (ApiError, CredentialsError) as error:
            problem = problem_of(error)
            return Created("skipped" if problem.code == INTERRUPTED.code else "failed", problem=problem)
        if twin is not None or (twin := _short(listed, tools)) is not None:
            return Created("skipped", problem=twin)
        intent = Intent(subject, listed, tools.ports.clock.now())
        try:
            tools.ports.journal.intend(name, intent)
        except StateError as error:
            tools.unsaved(error, name, None)
            return Created("skipped", problem=problem_of(error))
        try:
            group_id = tools.ports.writer.create_group(subject, people)
        except (RateLimited, NotSent) as error:
            problem = problem_of(error)
            _cancel(name, tools)
            continue  # the rate limiter makes the next call wait as long as the API asked for
        except (CredentialsError, NotFound, Refused) as error:
            _cancel(name, tools)
            return Created("failed", problem=problem_of(error))
        except ApiError as error:  # whatever its status: a 408 may have created a group
            return _after_unclear(name, intent, problem_of(error), tools)
        if group_id in listed:
            # An answer that names a group that existed before is no answer to this call.
            answer = Problem("bad_answer", msg("the answer named a group that had been there before"))
            return _after_unclear(name, intent, answer, tools)
        return replace(_taken(name, group_id, tools), fresh=True)
    return Created("failed", problem=problem)


def _listed(tools: Tools) -> tuple[str, ...]:
    """List the groups; a list that leaves some out is waited for a while to become whole."""
    listed: tuple[str, ...] = ()

    def look() -> bool | None:
        nonlocal listed
        listed = tools.ports.reader.list_groups().ids
        return None if _lacking(listed, tools) else True

    tools.poll(look)
    return listed


def _lacking(listed: tuple[str, ...], tools: Tools) -> frozenset[str]:
    """Return the groups that a gateway's list leaves out although they are there."""
    if not tools.can.gateway:
        return frozenset()
    state = tools.ports.journal.state
    bound = {record.id for record in state.groups.values()}
    return (tools.expected | bound) - left_ids(state) - tools.gone - set(listed)


def _short(listed: tuple[str, ...], tools: Tools) -> Problem | None:
    """Return a reason not to create: the list leaves out groups that are there, so that it may leave out this
    one as well."""
    lacking = _lacking(listed, tools)
    if not lacking:
        return None
    return Problem(
        "short_list",
        msg_n(
            "the list of groups leaves out {n} that were there: this one may be there as well",
            "the list of groups leaves out {n} that were there: this one may be there as well",
            len(lacking),
        ),
        msg("refresh the groups at the gateway, and run apply again"),
        retry=True,
    )


def _cancel(name: str, tools: Tools) -> None:
    """Forget the intent; where that cannot be written, the next run looks for a group and finds none."""
    try:
        tools.ports.journal.cancel(name)
    except StateError as error:
        tools.unsaved(error, name, None)


def _taken(name: str, group_id: str, tools: Tools) -> Created:
    """Record the id before anything else is done with the group."""
    try:
        tools.ports.journal.created(name, group_id, tools.ports.clock.now())
    except StateError as error:
        tools.unsaved(error, name, group_id)
    return Created("done", id=group_id)


def _after_unclear(name: str, intent: Intent, problem: Problem, tools: Tools) -> Created:
    seconds = tools.timeouts.unclear
    if seconds > tools.timeouts.effect:
        tools.ports.progress.tell(
            msg(
                "Looking for up to {seconds:.0f} s whether {name} was created: {why}",
                seconds=seconds,
                name=name,
                why=problem.message,
            )
        )

    def look() -> str | None:
        try:
            return _new_group(intent, tools.ports.reader.list_groups().ids, tools)
        except (ApiError, CredentialsError):
            return None  # what could not be read is looked at again, until the time is up

    try:
        found = tools.poll(look, seconds, tools.timeouts.longest_for_a_create)
    except Interrupted:
        found = None
    if found is None:
        hint = msg("run apply again: it looks for the group first, and creates it only if it is not there")
        return Created("unknown", problem=Problem(problem.code, problem.message, hint, True, problem.status))
    return _taken(name, found, tools)


def _new_group(intent: Intent, listed: tuple[str, ...], tools: Tools) -> str | None:
    """Find the one group that is new since the intent, ours, bound to no name, and has its subject: exactly,
    else in another form."""
    new = [_ours(group_id, tools) for group_id in _unbound(listed, frozenset(intent.listed), tools)]
    groups = BySubject(group for group in new if group is not None)
    found = groups.of(intent.subject) or groups.loosely(intent.subject)
    return found[0].id if len(found) == 1 else None


def _ours(group_id: str, tools: Tools) -> LiveGroup | None:
    """Return the group, unless somebody else made it, or it cannot be read yet."""
    try:
        group = tools.ports.reader.get_group(group_id)
    except (ApiError, CredentialsError):
        return None
    keys = tools.context.account_keys
    may_be_strangers = tools.can.gateway and (group.creator is None or not keys & group.admin_keys)
    return group if group.may_be_created_by(keys) and not may_be_strangers else None


def _unbound(listed: tuple[str, ...], known: frozenset[str], tools: Tools) -> list[str]:
    bound = {record.id for record in tools.ports.journal.state.groups.values()}
    return [group_id for group_id in listed if group_id not in known and group_id not in bound]


def _appeared_since_planned(subject: str, listed: tuple[str, ...], tools: Tools) -> Problem | None:
    """Return a reason not to create: a group has appeared since the plan was made, and has this subject or
    cannot be read."""
    for group_id in _unbound(listed, tools.listed, tools):
        if group_id not in tools.strays:
            found = tools.poll(partial(_subject_of, group_id, tools))
            if found is None:
                return Problem(
                    "changed_since_planned",
                    msg(
                        "changed since planned: a group has appeared that cannot be read, and may be this one"
                    ),
                    msg("plan again"),
                    retry=True,
                )
            tools.strays[group_id] = found
        known = tools.strays[group_id]
        if loose(known) == loose(subject) or is_cut(known, subject):
            return Problem(
                "changed_since_planned",
                msg("changed since planned: a group of this subject has appeared"),
                msg("plan again"),
                retry=True,
            )
    return None


def _subject_of(group_id: str, tools: Tools) -> str | None:
    """Return the subject of a group that has appeared; "" for one that is no twin, because this run has made
    it for another name, or because it is gone again; None as long as that is not known."""
    try:
        return tools.ports.reader.get_group(group_id).subject
    except NotFound:
        return (
            None
            if _unbound(tools.ports.reader.list_groups().ids, tools.listed, tools).count(group_id)
            else ""
        )
