"""Whose turn it is: the table of reasons, and the limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.messaging.due import due, messages, sent_in_a_day
from reconciler.model.desired import Person
from reconciler.model.messages import UnknownPolicy
from reconciler.model.record import Sent
from reconciler.model.settings import InviteSettings
from tests.fakes import NOON
from tests.messaging.build import ANA, BRUNO, DORA, ago, everybody, names, state, waiting

RULES = InviteSettings()


@pytest.mark.parametrize(
    ("sent", "unknown", "code"),
    [
        (None, "hold", None),
        (Sent(ago(days=8)), "hold", None),
        (Sent(ago(days=7)), "hold", None),
        (Sent(ago(days=6.99)), "hold", "not_due"),
        (Sent(ago(days=-2)), "hold", "not_due"),
        (Sent(ago(days=8), 2), "hold", None),
        (Sent(ago(days=8), 3), "hold", "max_sends"),
        (Sent(ago(hours=1), 3), "hold", "max_sends"),
        (Sent(ago(hours=1), 0, "reset"), "hold", None),
        (Sent(ago(hours=1), 1, "delivered"), "hold", "not_due"),
        (Sent(ago(hours=1), 1, "unknown"), "hold", "unknown"),
        (Sent(ago(days=99), 1, "sending"), "hold", "unknown"),
        (Sent(ago(days=99), 3, "unknown"), "hold", "unknown"),
        (Sent(ago(hours=1), 3, "unknown"), "resend", None),
        (Sent(ago(hours=1), 1, "sending"), "resend", None),
        (Sent(ago(hours=1), 1, "unknown"), "received", "not_due"),
        (Sent(ago(days=8), 1, "unknown"), "received", None),
        (Sent(ago(days=8), 3, "unknown"), "received", "max_sends"),
        (Sent(ago(hours=1)), "resend", "not_due"),
    ],
)
def test_whose_turn_it_is(sent: Sent | None, unknown: UnknownPolicy, code: str | None) -> None:
    known = state(suporte={"ana/0001": sent} if sent else {})
    turn = due(everybody(waiting("suporte", ANA, state=known)), RULES, now=NOON, unknown=unknown)
    if code is None:
        assert names(turn.groups) == ["suporte"]
        assert turn.others == ()
    else:
        (other,) = turn.others
        assert other.problem is not None
        assert (turn.groups, other.problem.code) == ((), code)
        assert other.status == ("unknown" if code == "unknown" else "skipped")
    counted = unknown == "received" and sent is not None and sent.unclear
    assert bool(turn.received) is counted
    if counted:
        assert sent is not None
        assert turn.received == {"suporte": {"ana/0001": replace(sent, status="sent")}}


@pytest.mark.parametrize("status", ["create", "revoke", "held", "blocked"])
def test_a_group_that_cannot_be_joined_is_nobodys_turn(status: str) -> None:
    found = everybody(waiting("suporte", ANA, BRUNO, status=status))  # type: ignore[arg-type]
    turn = due(found, RULES, now=NOON, unknown="resend")
    assert turn.groups == ()
    assert [(other.person, other.problem and other.problem.code) for other in turn.others] == [
        (ANA, status),
        (BRUNO, status),
    ]


def test_a_group_that_is_not_on_record_is_not_sent_because_that_could_not_be_remembered() -> None:
    turn = due(everybody(waiting("suporte", ANA, recorded=False)), RULES, now=NOON, unknown="resend")
    assert turn.groups == ()
    assert [other.problem and other.problem.code for other in turn.others] == ["unrecorded"]


def test_each_group_has_its_own_turn_and_a_person_is_named_once_a_reason() -> None:
    known = state(a={"ana/0001": Sent(ago(1))}, b={"ana/0001": Sent(ago(2))}, c={})
    groups = [waiting(name, ANA, BRUNO, state=known) for name in "abc"]
    turn = due(everybody(*groups), RULES, now=NOON, unknown="hold")
    assert {group.name: [entry.invite.person.alias for entry in group.people] for group in turn.groups} == {
        "a": ["bruno"],
        "b": ["bruno"],
        "c": ["ana", "bruno"],
    }
    assert [(other.person.alias, other.groups) for other in turn.others] == [("ana", ("a", "b"))]


def test_one_message_for_all_groups_of_a_person() -> None:
    ready, others = messages([waiting("a", ANA, BRUNO), waiting("b", ANA)], state(), RULES, now=NOON)
    assert [(message.ref, message.groups) for message in ready] == [
        ("ana/0001", ("a", "b")),
        ("bruno/0002", ("a",)),
    ]
    assert others == ()


def test_the_budget_goes_to_those_first_who_were_sent_the_fewest() -> None:
    known = state(a={"ana/0001": Sent(ago(days=20), 2), "bruno/0002": Sent(ago(days=9), 1)})
    found = [waiting("a", ANA, BRUNO, DORA, state=known)]
    ready, others = messages(found, known, replace(RULES, budget=2), now=NOON)
    assert [message.ref for message in ready] == [DORA.numbers[0], "bruno/0002"]
    assert [(other.person, other.status, other.problem and other.problem.code) for other in others] == [
        (ANA, "skipped", "budget")
    ]
    none, everyone = messages(found, known, replace(RULES, budget=0), now=NOON)
    assert (none, len(everyone)) == ((), 3)


@pytest.mark.parametrize(("limit", "count"), [(0, 0), (1, 0), (2, 0), (3, 1), (4, 2), (9, 3)])
def test_no_more_messages_to_a_person_than_a_day_allows(limit: int, count: int) -> None:
    """Two went out in the last 24 hours, to groups that this run is not about; one was older."""
    ref = "ana/0001"
    known = state(
        x={ref: Sent(ago(hours=1), 2, earlier=(ago(hours=23.9), ago(hours=24.1)))},
        y={ref: Sent(ago(hours=1), 1)},  # the same message as in x
    )
    template = {"elementName": "x", "p": "{link}"}
    rules = replace(RULES, per_person=limit, template=template)
    ready, others = messages([waiting(name, ANA) for name in "abc"], known, rules, now=NOON)
    assert sent_in_a_day(known, ref, NOON) == 2
    assert [message.groups for message in ready] == [("a",), ("b",), ("c",)][:count]
    assert {other.problem and other.problem.code for other in others} == (
        {"per_person"} if count < 3 else set()
    )


def test_a_link_that_could_not_be_had_is_said_of_each_person() -> None:
    failed = waiting("a", ANA, BRUNO, status="failed", link=None)
    ready, others = messages([failed, waiting("b", ANA)], state(), RULES, now=NOON)
    assert [message.groups for message in ready] == [("b",)]
    assert [(other.person, other.groups) for other in others] == [(ANA, ("a",)), (BRUNO, ("a",))]


PEOPLE = [Person((f"55199000001{n:02}",), alias=f"p{n}") for n in range(6)]
SENT = st.none() | st.builds(
    Sent,
    st.integers(-20 * 24, 2).map(lambda hours: NOON + timedelta(hours=hours)),
    st.integers(0, 5),
    st.sampled_from(["sent", "sending", "unknown", "reset"]),
)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.dictionaries(st.sampled_from(range(6)), SENT), max_size=4),
    st.builds(
        InviteSettings,
        max_sends=st.integers(0, 4),
        per_person=st.integers(0, 3),
        budget=st.integers(0, 8),
        resend_after=st.integers(1, 10).map(lambda days: days * 86400.0),
        template=st.none() | st.just({"p": "{link}"}),
    ),
    st.sampled_from(["hold", "resend", "received"]),
)
def test_everybody_is_written_to_or_named_once_for_each_group_and_no_limit_is_passed(
    world: dict[str, dict[int, Sent | None]], rules: InviteSettings, unknown: UnknownPolicy
) -> None:
    known = state(
        **{
            name: {f"p{n}/{PEOPLE[n].key[-4:]}": sent for n, sent in people.items() if sent}
            for name, people in world.items()
        }
    )
    found = everybody(
        *(waiting(name, *(PEOPLE[n] for n in people), state=known) for name, people in world.items())
    )
    turn = due(found, rules, now=NOON, unknown=unknown)
    ready, limited = messages(turn.groups, known, rules, now=NOON)
    pairs = [(entry.person, name) for entry in (*ready, *turn.others, *limited) for name in entry.groups]
    everyone = [(PEOPLE[n], name) for name, people in world.items() for n in people]
    assert sorted(pairs, key=str) == sorted(everyone, key=str)
    assert len(ready) <= rules.budget
    for person in PEOPLE:
        own = [message for message in ready if message.person == person]
        ref = f"{person.alias}/{person.key[-4:]}"
        assert not own or len(own) + sent_in_a_day(known, ref, NOON) <= rules.per_person
    for message in ready:
        for name in message.groups:
            sent = known.groups[name].sent.get(message.ref)
            if sent is not None and sent.unclear:
                assert unknown != "hold"
            elif sent is not None and sent.status == "sent":
                assert sent.times < rules.max_sends
                assert sent.at + timedelta(seconds=rules.resend_after) <= NOON


def test_what_is_older_than_a_day_counts_no_more_and_is_not_kept() -> None:
    """Or the state would grow with every message."""
    sent = Sent(NOON)
    for hours in (10, 20, 30):
        sent = sent.next(NOON + timedelta(hours=hours), "m")
    assert sent.earlier == (NOON + timedelta(hours=10), NOON + timedelta(hours=20))
    assert sent.times == 4
