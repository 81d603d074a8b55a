"""Somebody who gets an alias, or another one, is still who was written to."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.model.desired import Desired, Person
from reconciler.model.record import Intent, Record, Sent, State
from reconciler.planning.record import renamed

from .build import wanted

NOW = datetime(2026, 11, 22, tzinfo=UTC)
UNKNOWN, OLD = Sent(NOW, 2, "unknown"), Sent(NOW, 1)
NUMBER = "5519900000001"


def after(record: Record, *people: Person, others: tuple[Person, ...] = ()) -> Record | None:
    desired = Desired(groups=(wanted(admins=people),), people=(*people, *others))
    return renamed(State(groups={"sales": record}), desired).get("sales")


def person(alias: str | None, number: str = NUMBER) -> Person:
    return Person(alias=alias, numbers=(number,))


def test_a_number_that_gets_an_alias_and_an_alias_that_changes() -> None:
    for before, now, present in (
        (NUMBER, "ana", "ana/0001"),
        ("anna/0001", "ana", "ana/0001"),
        ("ana/0001", None, NUMBER),
    ):
        record = Record(id="g", joined=(before,), missing={before: NOW}, sent={before: UNKNOWN})
        found = after(record, person(now))
        assert found == Record(id="g", joined=(present,), missing={present: NOW}, sent={present: UNKNOWN})


def test_who_may_be_somebody_else_is_left_alone() -> None:
    record = Record(id="g", sent={"anna/0001": OLD, "ana/0009": OLD, "5519900000077": OLD})
    assert after(record, person("ana")) is not None
    twins = person("ana"), person("bia", "5511988880001")
    assert after(record, *twins) is None, "two people's numbers end so"
    named = person("anna", "5519900000055")
    assert after(record, person("ana"), others=(named,)) is None, "there is an anna: her number changed"
    assert after(Record(id="g", sent={"ana/0009": OLD}), person("ana")) is None, "a new number of hers"


def test_what_is_known_under_the_present_name_counts_and_a_create_in_progress_stays() -> None:
    record = Record(id="g", sent={NUMBER: OLD, "ana/0001": UNKNOWN})
    found = after(record, person("ana"))
    assert found is not None
    assert found.sent == {"ana/0001": UNKNOWN}
    state = State(groups={"sales": record}, creating={"sales": Intent("S", (), NOW)})
    assert renamed(state, Desired(groups=(wanted(admins=(person("ana"),)),), people=())) == {}
