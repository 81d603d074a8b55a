from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.record import (
    Applied,
    IconRecord,
    Intent,
    Left,
    Record,
    Revoking,
    Sent,
    State,
    StoredSubject,
)
from reconciler.state import codec

NAMES = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", fullmatch=True)
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9@._-]{0,63}", fullmatch=True)
TEXTS = st.text(alphabet=st.characters(), max_size=20)  # halves of surrogate pairs included
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
PEOPLE = st.lists(TEXTS, max_size=3).map(tuple)
COUNTS = st.integers(0, 2**63 - 1)
RECORDS = st.builds(
    Record,
    id=IDS,
    applied=st.none()
    | st.builds(
        Applied,
        subject=st.none() | TEXTS,
        icon=st.none() | TEXTS,
        admins=st.none() | PEOPLE,
        members=st.none() | PEOPLE,
    ),
    icon=st.none() | st.builds(IconRecord, TEXTS, TEXTS, TEXTS, st.none() | COUNTS),
    link_version=st.none() | COUNTS,
    joined=PEOPLE,
    missing=st.dictionaries(TEXTS, TIMES, max_size=2),
    sent=st.dictionaries(
        TEXTS,
        st.builds(Sent, TIMES, COUNTS, TEXTS, st.lists(TIMES, max_size=2).map(tuple), TEXTS, TEXTS),
        max_size=2,
    ),
    revoking=st.none() | st.builds(Revoking, st.none() | COUNTS, TEXTS, TIMES, st.booleans()),
    stored=st.none() | st.builds(StoredSubject, TEXTS, TEXTS),
)
STATES = st.builds(
    State,
    base_url=TEXTS,
    serial=COUNTS,
    commit=st.none() | TEXTS,
    groups=st.dictionaries(NAMES, RECORDS, max_size=3),
    creating=st.dictionaries(
        NAMES, st.builds(Intent, TEXTS, st.lists(IDS, max_size=3).map(tuple), TIMES), max_size=2
    ),
    created=st.lists(TIMES, max_size=3).map(tuple),
    left=st.dictionaries(NAMES, st.builds(Left, IDS, TIMES, st.sampled_from(["left", "closed"])), max_size=2),
)


@given(STATES)
def test_what_is_written_is_read(state: State) -> None:
    assert codec.loads(codec.dumps(state)) == state


def test_every_field_of_the_model_has_a_value_in_the_sample(full: State) -> None:
    """So that a field added to the model cannot be forgotten here."""
    for kind in (State, Record, Applied, IconRecord, Intent, Sent, Revoking, StoredSubject, Left):
        found = [item for item in _walk(full) if isinstance(item, kind)]
        for field in dataclasses.fields(kind):
            assert any(getattr(item, field.name) not in (None, (), {}) for item in found), field.name


def _walk(value: object) -> list[object]:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        inner = [getattr(value, field.name) for field in dataclasses.fields(value)]
    elif isinstance(value, dict):
        inner = list(value.values())
    else:
        return []
    return [value, *(found for item in inner for found in _walk(item))]


def test_the_sample_round_trips_and_keeps_to_the_schema(
    full: State, validate: Callable[[bytes], None]
) -> None:
    data = codec.dumps(full)
    assert codec.loads(data) == full
    validate(data)
    validate(codec.dumps(State(base_url="http://127.0.0.1:1")))


def test_the_document_has_one_line_a_group_and_is_readable(full: State) -> None:
    lines = codec.dumps(full).decode().splitlines()
    assert [line.split(":")[0].strip() for line in lines if line.startswith("    ")] == [
        '"bare"',
        '"no-icon"',
        '"suporte"',
        '"novo"',
        '"velho"',
    ]
    assert "Região ☕" in "".join(lines)
    assert '"created": ["2026-11-22T10:00:00Z", "2026-11-22T12:00:00Z"]' in lines[-2]


def test_an_encoder_that_remembers_writes_the_same(full: State) -> None:
    encoder = codec.Encoder()
    encoder.encode(full)
    changed = full.with_record("suporte", Record(id="g9")).without("bare")
    assert encoder.encode(changed) == codec.dumps(changed)


def test_times_of_other_zones_become_utc() -> None:
    at = datetime(2026, 11, 22, 9, 0, tzinfo=timezone(timedelta(hours=-3)))
    assert codec.format_time(at) == "2026-11-22T12:00:00Z"
    with pytest.raises(ValueError, match="without a zone"):
        codec.format_time(datetime(2026, 11, 22))  # noqa: DTZ001


def test_unknown_keys_are_ignored_everywhere(full: State) -> None:
    def add(value: object) -> object:
        names = {"suporte", "novo", "bruno", "velho", "ana", "1234@lid"}
        if isinstance(value, dict) and not value.keys() & names:
            return {**{key: add(inner) for key, inner in value.items()}, "later": {"x": [1]}}
        if isinstance(value, dict):
            return {key: add(inner) for key, inner in value.items()}
        return value

    document = add(json.loads(codec.dumps(full)))
    assert json.dumps(document).count("later") == 17
    assert codec.loads(json.dumps(document).encode()) == full


def test_absent_and_null_are_the_same(full: State) -> None:
    document = json.loads(codec.dumps(full))
    document["groups"]["bare"].update(applied=None, icon=None, link_version=None, joined=None, missing=None)
    document["groups"]["bare"].update(sent=None)
    del document["commit"]
    assert codec.loads(json.dumps(document).encode()) == dataclasses.replace(full, commit=None)


GOOD = (
    '{"format_version": 1, "base_url": "u", "serial": 3, "commit": null, "groups": %s, "creating": %s,'
    ' "created": %s}'
)
WHOLE = GOOD % ('{"a": {"id": "g1"}}', "{}", "[]")
DAMAGED = {
    "empty": (b"", "line 1, column 1"),
    "cut short": (WHOLE[:60].encode(), "line 1"),
    "zeros after a power cut": (b"\0" * 512, "line 1, column 1"),
    "two documents": ((WHOLE + WHOLE).encode(), "Extra data"),
    "not UTF-8": (WHOLE.encode("utf-16"), "UTF-8"),
    "a conflict of a merge": (b"<<<<<<< HEAD\n{}\n", "line 1"),
    "a list": (b"[]", "the document is no object"),
    "null": (b"null", "the document is no object"),
    "thousands of brackets": (b"[" * 100_000, "no JSON"),
    "a very long number": (WHOLE.replace("3", "9" * 5000).encode(), "no JSON"),
    "not a number": (WHOLE.replace("3", "NaN").encode(), "NaN"),
    "no version": (b"{}", "format_version is missing"),
    "version as text": (WHOLE.replace("1,", '"1",', 1).encode(), "format_version is no whole number"),
    "version true": (WHOLE.replace("1,", "true,", 1).encode(), "format_version is no whole number"),
    "version zero": (WHOLE.replace("1,", "0,", 1).encode(), "format_version is no version"),
    "no base_url": (b'{"format_version": 1}', "base_url is missing"),
    "serial below 0": (WHOLE.replace("3", "-3").encode(), "serial is below 0"),
    "a name twice": ((GOOD % ('{"a": {"id": "g1"}, "a": {"id": "g2"}}', "{}", "[]")).encode(), "twice"),
    "groups as a list": ((GOOD % ("[]", "{}", "[]")).encode(), "groups is no object"),
    "a record as text": ((GOOD % ('{"a": "g1"}', "{}", "[]")).encode(), "groups.a is no object"),
    "a record without id": ((GOOD % ('{"a": {}}', "{}", "[]")).encode(), "groups.a.id is missing"),
    "an id that is a path": (
        (GOOD % ('{"a": {"id": ".."}}', "{}", "[]")).encode(),
        "groups.a.id is no group id",
    ),
    "half an icon": (
        (GOOD % ('{"a": {"id": "g", "icon": {"source": "x"}}}', "{}", "[]")).encode(),
        "groups.a.icon.served is missing",
    ),
    "admins as text": (
        (GOOD % ('{"a": {"id": "g", "applied": {"admins": "ana"}}}', "{}", "[]")).encode(),
        "groups.a.applied.admins is no list",
    ),
    "an admin as a number": (
        (GOOD % ('{"a": {"id": "g", "applied": {"admins": [5]}}}', "{}", "[]")).encode(),
        "groups.a.applied.admins[0] is no text",
    ),
    "a serial that cannot be counted on": (WHOLE.replace("3", "9" * 4300).encode(), "serial is too large"),
    "a version of 4,000 digits": (WHOLE.replace("1,", "9" * 4000 + ",", 1).encode(), "is too large"),
    "a name that acts": (
        (GOOD % ('{"\\u001b]0;x\\u0007": {"id": "g"}}', "{}", "[]")).encode(),
        "groups holds a key that is no name",
    ),
    "a create under a path": (
        (
            GOOD % ("{}", '{"../a": {"subject": "s", "listed": [], "at": "2026-11-22T12:00:00Z"}}', "[]")
        ).encode(),
        "creating holds a key that is no name",
    ),
    "a time before all time": ((GOOD % ("{}", "{}", '["0001-01-01T00:00:00+14:00"]')).encode(), "is no time"),
    "a time after all time": ((GOOD % ("{}", "{}", '["9999-12-31T23:59:59-14:00"]')).encode(), "is no time"),
    "no time": ((GOOD % ("{}", "{}", '["yesterday"]')).encode(), "created[0] is no time"),
    "a time as a number": ((GOOD % ("{}", "{}", "[1]")).encode(), "created[0] is no text"),
    "a time without a zone": ((GOOD % ("{}", "{}", '["2026-11-22T12:00:00"]')).encode(), "without a zone"),
    "an intent without list": (
        (GOOD % ("{}", '{"n": {"subject": "s", "at": "2026-11-22T12:00:00Z"}}', "[]")).encode(),
        "creating.n.listed is missing",
    ),
}


def test_the_pattern_of_the_damaged_ones_is_itself_sound() -> None:
    assert codec.loads(WHOLE.encode()).groups == {"a": Record(id="g1")}


@pytest.mark.parametrize(("data", "where"), DAMAGED.values(), ids=DAMAGED)
def test_damage_is_named(data: bytes, where: str) -> None:
    with pytest.raises(codec.Damaged) as caught:
        codec.loads(data)
    assert where in str(caught.value)


def test_damage_beside_a_number_does_not_quote_the_number() -> None:
    data = GOOD % ('{"a": {"id": "g", "sent": {"5519900000021": {}}}}', "{}", "[]")
    with pytest.raises(codec.Damaged) as caught:
        codec.loads(data.encode())
    assert "00000021" not in str(caught.value)


def test_every_cut_is_noticed(full: State) -> None:
    data = codec.dumps(full).rstrip()
    for length in range(len(data)):
        with pytest.raises(codec.Damaged):
            codec.loads(data[:length])


def test_a_newer_format_is_told_from_damage() -> None:
    with pytest.raises(codec.Newer, match="2"):
        codec.loads(b'{"format_version": 2, "all": "new"}')
