"""Adding people: by the ids under which the service knows their numbers, each answered for alone.

What became of somebody say the answers, as far as they name them, else a reading. Nobody is added twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.apply.tools import BATCH, INTERRUPTED, NOT_SEEN, Tools, problem_of
from reconciler.errors import (
    ApiError,
    CredentialsError,
    NotFound,
    NotSent,
    Problem,
    RateLimited,
    ReconcilerError,
    Refused,
)
from reconciler.language import msg
from reconciler.model import number
from reconciler.model.live import UNKNOWN_NUMBER, LiveGroup
from reconciler.model.outcome import PersonOutcome

if TYPE_CHECKING:
    from reconciler.model.change import Affected, ChangePeople
    from reconciler.model.live import PersonAnswer
    from reconciler.model.outcome import OutcomeStatus, PersonStatus

NOT_ADDED = Problem(
    "not_added",
    msg("it is not known what became of adding them, and they are not in the group"),
    msg("run apply again"),
    True,
)
SAME_ID = Problem(
    "same_id",
    msg("the service knows this number and another one of these people under one id"),
    msg("leave out the number that is not theirs any more"),
)
_OF_ADDING: Mapping[int, tuple[PersonStatus, Problem | None]] = {
    200: ("done", None),
    409: ("done", None),
    403: ("invite", None),
    417: ("invite", None),
    408: ("left", None),
    401: ("failed", Problem("refused", msg("they do not take part with this account"), msg("talk to them"))),
    404: ("failed", UNKNOWN_NUMBER),
    451: ("failed", UNKNOWN_NUMBER),
    419: ("failed", Problem("full", msg("the group is full"), msg("remove somebody, or make another group"))),
}
"""Codes by which WhatsApp answers for each person who is to be added."""


def _outcome(status: int) -> tuple[PersonStatus, Problem | None]:
    """Return what a person's own status says of an adding."""
    other = Problem(
        f"status_{status}",
        msg("the service answered {status} for this person", status=status),
        retry=status >= 500,
    )
    return _OF_ADDING.get(status, ("failed", other))


class Adding:
    """The adding of people to one group. `keys`: number keys of those who were to be added; `people`: what
    became of them."""

    def __init__(self, group_id: str, tools: Tools, read: Callable[[], LiveGroup | Problem]) -> None:
        """`read` returns the group as it is now, or why that is not known."""
        self.group_id = group_id
        self.tools = tools
        self.read = read
        self.keys: frozenset[str] = frozenset()
        self.people: tuple[PersonOutcome, ...] = ()

    def add(self, change: ChangePeople) -> tuple[OutcomeStatus, Problem | None]:
        """Add people, and return how that ended: *failed* where it did for one of them."""
        ended: dict[str, PersonOutcome] = {}
        asked: dict[str, list[Affected]] = {}
        self.keys = frozenset(each.key for each in change.people)
        for person in {each.key: each for each in change.people}.values():
            try:
                found = self.tools.find_person(person.shown)
            except (ApiError, CredentialsError) as error:
                ended[person.key] = PersonOutcome(person, "failed", problem_of(error))
                continue
            if found is None:
                ended[person.key] = PersonOutcome(person, "failed", UNKNOWN_NUMBER)
            else:
                asked.setdefault(found, []).append(person)
        for people in asked.values():
            if len(people) > 1:
                ended |= {each.key: PersonOutcome(each, "failed", SAME_ID) for each in people}
        known = {found: people[0] for found, people in asked.items() if len(people) == 1}
        if self.tools.ports.clock.stopping:
            return "skipped", INTERRUPTED
        ids, unclear = tuple(known), False
        for start in range(0, len(ids), BATCH):
            part = ids[start : start + BATCH]
            try:
                answers = self.tools.ports.writer.add_participants(self.group_id, part)
            except (NotSent, RateLimited, CredentialsError) as error:
                # what befell this call would befall the next one
                ended |= _all_failed((known[each] for each in ids[start:]), error)
                break
            except (Refused, NotFound) as error:
                ended |= _all_failed((known[each] for each in part), error)
                continue
            except ApiError:
                unclear = True
                continue
            ended |= _answered({each: known[each] for each in part}, answers)
        seen = self._seen(known.values(), ended)
        if isinstance(seen, Problem):
            self.people = tuple(ended.values())
            return "unknown", replace(
                seen, message=msg("the result could not be read: {why}", why=seen.message)
            )
        for person in known.values():
            end = ended.get(person.key)
            if person.key in seen:
                ended[person.key] = PersonOutcome(person, "done")
            elif end is None or end.status == "done":
                ended[person.key] = PersonOutcome(
                    person, "failed", NOT_ADDED if unclear or end is None else NOT_SEEN
                )
        self.people = tuple(ended[key] for key in dict.fromkeys(each.key for each in change.people))
        failed = next((each.problem for each in self.people if each.status == "failed"), None)
        return ("done", None) if failed is None else ("failed", failed)

    def _seen(
        self, people: Iterable[Affected], ended: Mapping[str, PersonOutcome]
    ) -> frozenset[str] | Problem:
        """Read until everybody is in who should be by the answers; return the keys of who is in the group, or
        why that cannot be read."""
        expected = {
            each.key for each in people if (end := ended.get(each.key)) is None or end.status == "done"
        }
        seen: frozenset[str] | None = None
        unread = None

        def look() -> bool | None:
            nonlocal seen, unread
            found = self.read()
            if isinstance(found, LiveGroup):
                seen = found.participant_keys
            else:
                unread = found
            return True if seen is not None and expected <= seen else None

        self.tools.poll(look)
        return seen if seen is not None else unread or NOT_SEEN


def _answered(known: Mapping[str, Affected], answers: Iterable[PersonAnswer]) -> dict[str, PersonOutcome]:
    """Return what the answers say of people, matched by id, else by number."""
    keys = {each.key: each for each in known.values()}
    ended: dict[str, PersonOutcome] = {}
    for answer in answers:
        person = known.get(answer.id or "") or keys.get(number.key(answer.number or answer.id or ""))
        if person is not None:
            ended[person.key] = PersonOutcome(person, *_outcome(answer.status))
    return ended


def _all_failed(people: Iterable[Affected], error: ReconcilerError) -> dict[str, PersonOutcome]:
    return {each.key: PersonOutcome(each, "failed", problem_of(error)) for each in people}
