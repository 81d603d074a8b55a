"""Since when: what is carried from run to run, and what is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reconciler.model.drift import Cause, Drift, DriftStatus, FieldDrift, FieldName, GroupDrift
from reconciler.planning.drift import with_first_sightings

DAY_1 = datetime(2026, 11, 20, 2, tzinfo=UTC)
DAY_2 = DAY_1 + timedelta(days=1)


def field(name: FieldName, cause: Cause = "edited_outside") -> FieldDrift:
    return FieldDrift(field=name, desired="a", last_applied="a", live="b", cause=cause)


def drift(*groups: tuple[str, DriftStatus, tuple[FieldDrift, ...]]) -> Drift:
    return Drift(
        groups=tuple(GroupDrift(name=name, status=status, fields=fields) for name, status, fields in groups)
    )


def test_each_field_keeps_the_day_it_was_first_seen() -> None:
    first, history = with_first_sightings(
        drift(("a", "drifted", (field("admins"),))), {}, names=["a"], now=DAY_1
    )
    assert first.groups[0].fields[0].since == DAY_1
    again, history = with_first_sightings(
        drift(("a", "drifted", (field("admins"), field("subject")))), history, names=["a"], now=DAY_2
    )
    assert [each.since for each in again.groups[0].fields] == [DAY_1, DAY_2]
    assert history == {"a": {"admins": DAY_1, "subject": DAY_2}}


def test_what_is_gone_is_dropped_and_begins_anew_when_it_comes_back() -> None:
    history = {"a": {"admins": DAY_1}}
    _, history = with_first_sightings(drift(("a", "in_sync", ())), history, names=["a"], now=DAY_2)
    assert history == {}
    back, _ = with_first_sightings(
        drift(("a", "drifted", (field("admins"),))), history, names=["a"], now=DAY_2
    )
    assert back.groups[0].fields[0].since == DAY_2


def test_what_is_not_applied_yet_is_no_drift() -> None:
    pending, history = with_first_sightings(
        drift(("a", "pending", (field("admins", "not_applied"),))), {}, names=["a"], now=DAY_1
    )
    assert pending.groups[0].fields[0].since is None
    assert history == {}


def test_missing_and_blocked_groups_have_a_day_too() -> None:
    groups = drift(("a", "missing", ()), ("b", "blocked", (field("subject"),)))
    seen, history = with_first_sightings(groups, {"a": {"missing": DAY_1}}, names=["a", "b"], now=DAY_2)
    assert [group.since for group in seen.groups] == [DAY_1, DAY_2]
    assert history == {"a": {"missing": DAY_1}, "b": {"blocked": DAY_2, "subject": DAY_2}}


def test_what_was_not_looked_at_stays() -> None:
    """Unreadable, or not among the targets: nobody knows that it is gone."""
    history = {name: {"admins": DAY_1} for name in ("a", "b", "c")}
    unread = drift(("a", "unreadable", ()))
    _, kept = with_first_sightings(unread, history, names=["a", "b"], now=DAY_2)
    assert kept == {"a": {"admins": DAY_1}, "b": {"admins": DAY_1}}, "c has no manifest any more"
