"""Merging what two writers made of one state, name by name."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.record import Decision, Intent, Left, Record, Revoking, State, StoredSubject
from reconciler.state.git_journal import Conflict, may_wait, merge

from .conftest import NOON

NAMES = "abc"
RECORDS = st.sampled_from([None, Record(id="1"), Record(id="2"), Record(id="2", link_version=1)])
INTENTS = st.sampled_from([None, None, Intent("S", (), NOON), Intent("T", ("1",), NOON)])
LEFT = st.sampled_from([None, None, Left("1", NOON), Left("2", NOON, "closed")])


@st.composite
def states(draw: st.DrawFn) -> State:
    groups = {name: record for name in NAMES if (record := draw(RECORDS)) is not None}
    creating = {name: intent for name in NAMES if (intent := draw(INTENTS)) is not None}
    left = {name: gone for name in NAMES if (gone := draw(LEFT)) is not None}
    return State(base_url="x", groups=groups, creating=creating, left=left, serial=draw(st.integers(0, 9)))


def entry(state: State, name: str) -> tuple[Record | None, Intent | None, Left | None]:
    return state.groups.get(name), state.creating.get(name), state.left.get(name)


@given(base=states(), ours=states(), theirs=states())
def test_each_name_is_as_whoever_changed_it_has_it(base: State, ours: State, theirs: State) -> None:
    conflicts = []
    for name in NAMES:
        before, mine, other = (entry(side, name) for side in (base, ours, theirs))
        if mine != before and other != before and mine != other:
            conflicts.append(name)
    if conflicts:
        with pytest.raises(Conflict) as caught:
            merge(base, ours, theirs)
        assert caught.value.names == tuple(conflicts)
        return
    merged = merge(base, ours, theirs)
    for name in NAMES:
        before, mine, other = (entry(side, name) for side in (base, ours, theirs))
        assert entry(merged, name) == (mine if mine != before else other)
    assert merged.serial == max(ours.serial, theirs.serial)
    assert merge(base, theirs, ours).groups == merged.groups
    assert merge(base, ours, base).groups == ours.groups


def test_creations_of_both_sides_are_counted() -> None:
    later = NOON + timedelta(hours=1)
    base = State(created=(NOON,))
    merged = merge(base, replace(base, created=(NOON, later, later)), replace(base, created=(NOON, later)))
    assert merged.created == (NOON, later, later)


def test_the_commit_is_that_of_who_applied() -> None:
    base = State(commit="a")
    assert merge(base, replace(base, commit="b"), replace(base, commit="c")).commit == "b"
    assert merge(base, base, replace(base, commit="c")).commit == "c"


def test_only_what_reading_would_show_again_may_wait() -> None:
    """A field of the record that is added some day has to be decided about."""
    may = {"applied", "icon", "joined", "missing", "lids"}
    must = {"id", "link_version", "sent", "revoking", "stored", "decisions", "added"}
    assert {field.name for field in fields(Record)} == may | must
    before = State(groups={"a": Record(id="1")})
    assert may_wait(before, before.with_record("a", Record(id="1", joined=("ana",), missing={"x": NOON})))
    assert not may_wait(before, before.with_record("a", Record(id="2")))
    assert not may_wait(before, before.with_record("a", Record(id="1", link_version=1)))
    assert not may_wait(before, before.with_record("a", Record(id="1", revoking=Revoking(1, "", NOON))))
    assert not may_wait(before, before.with_record("a", Record(id="1", stored=StoredSubject("a  b", "a b"))))
    decided = before.with_record("a", Record(id="1", decisions={"ana": Decision("left")}))
    assert not may_wait(before, decided)
    assert not may_wait(before, before.with_record("a", Record(id="1", added={"ana": NOON})))
    assert not may_wait(before, replace(before, left={"b": Left("2", NOON)}))
    assert not may_wait(before, before.with_record("b", Record(id="1")))
    assert not may_wait(before, before.without("a"))
    assert not may_wait(before, before.with_intent("a", Intent("S", (), NOON)))
    assert not may_wait(before, replace(before, created=(NOON,)))
