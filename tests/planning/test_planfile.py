"""A saved plan holds exactly as long as planning again gives the same, and tells nobody anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import Location, ObjectionError
from reconciler.model.desired import DesiredGroup
from reconciler.model.live import LiveGroup
from reconciler.model.plan import Plan
from reconciler.model.record import Record, State
from reconciler.model.settings import Allowance, Settings
from reconciler.planning import planfile
from tests.planning.build import (
    ACCOUNT,
    ANA,
    BRUNO,
    CARLOS,
    DORA,
    ELISA,
    STRANGER,
    found,
    icon,
    options,
    people,
    person,
    plan_of,
    reading,
    served,
    settings,
    wanted,
)

KEY = b"a key of a pipeline"
X, Y = "5519911112222-1513616971", "120363041234567890"
TOKEN = "https://chat.whatsapp.com/Abc"


class Run:
    """All that a plan is made from; each test changes one thing."""

    def __init__(self) -> None:
        self.desired: DesiredGroup = wanted(
            subject="New",
            icon=icon(),
            admins=people(ANA, BRUNO),
            members=people(DORA),
            prune_members=True,
            link_version=2,
        )
        self.unrelated: DesiredGroup = wanted("unrelated", subject="Other", admins=people(ELISA))
        self.live: LiveGroup = found(X, admins=[BRUNO, CARLOS], members=[ANA, DORA, STRANGER])
        self.other: LiveGroup = found(Y, subject="Other", admins=[ELISA])
        self.seen = served(sha256="s1", alike=False)
        self.configured: Settings = settings()
        self.wishes: dict[str, Any] = {}
        self.key = KEY

    def plan(self) -> Plan:
        live = reading(self.live, self.other, icons={self.live.id: self.seen})
        known = {"sales": Record(id=self.live.id, link_version=1), "unrelated": Record(id=Y)}
        groups = [self.desired, self.unrelated]
        return plan_of(groups, live, State(groups=known), configured=self.configured, **self.wishes)

    def print(self) -> planfile.Fingerprint:
        return planfile.fingerprint(self.plan(), options(**self.wishes), self.key)

    def save(self) -> str:
        return planfile.document(self.print(), self.plan(), self.key)

    def want(self, **fields: Any) -> None:
        self.desired = replace(self.desired, **fields)

    def be(self, **fields: Any) -> None:
        self.live = replace(self.live, **fields)


def refused(run: Run, text: str) -> str:
    with pytest.raises(ObjectionError) as caught:
        planfile.check(text, run.print(), run.key)
    assert caught.value.exit_code == 6
    return caught.value.message


def test_the_same_plan_holds() -> None:
    run = Run()
    planfile.check(run.save(), Run().print(), KEY)
    assert planfile.fingerprint(run.plan(), options(), KEY).whole == run.print().whole


def _set_wish(name: str, value: object) -> Callable[[Run], object]:
    return lambda run: run.wishes.update({name: value})


CHANGES: dict[str, tuple[Callable[[Run], object], str]] = {
    "subject": (lambda run: run.want(subject="Newer"), "what the manifest says"),
    "icon file": (lambda run: run.want(icon=icon("b2")), "the icon"),
    "an admin more": (lambda run: run.want(admins=people(ANA, BRUNO, ELISA)), "what the manifest says"),
    "another number of an admin": (
        lambda run: run.want(admins=(person(ANA, ELISA), *people(BRUNO))),
        "what the manifest says",
    ),
    "a member more": (lambda run: run.want(members=people(DORA, ELISA)), "what the manifest says"),
    "prune_members": (lambda run: run.want(prune_members=False), "what would be changed"),
    "link_version": (lambda run: run.want(link_version=3), "what would be changed"),
    "previously": (lambda run: run.want(previously=("Old",)), "what the manifest says"),
    "id": (lambda run: run.want(id=X), "what the manifest says"),
    "live subject": (lambda run: run.be(subject="By hand"), "what the group is like now"),
    "live icon": (
        lambda run: setattr(run, "seen", served(sha256="s2", alike=False)),
        "what the group is like now",
    ),
    "the promotion is made by hand": (
        lambda run: run.be(admins=(*run.live.admins, ANA)),
        "what would be changed, the people affected",
    ),
    "somebody who would be removed leaves": (
        lambda run: run.be(participants=tuple(who for who in run.live.participants if who != STRANGER)),
        "the people affected",
    ),
    "somebody joins who would be removed": (
        lambda run: run.be(participants=(*run.live.participants, "14155550100")),
        "the people affected",
    ),
    "somebody joins who would be demoted": (
        lambda run: run.be(
            admins=(*run.live.admins, "14155550100"), participants=(*run.live.participants, "14155550100")
        ),
        "the people affected",
    ),
    "it is another group": (lambda run: run.be(id="x-9"), "which group it is"),
    "the group does not differ any more": (
        lambda run: run.want(
            subject=None, icon=None, admins=None, members=None, prune_members=False, link_version=None
        ),
        "would not be changed any more",
    ),
    "another group is to be changed": (
        lambda run: setattr(run, "unrelated", replace(run.unrelated, subject="Other name")),
        "unrelated would be changed now, too",
    ),
    "--prune": (_set_wish("prune", True), "the options"),
    "--allow": (_set_wish("allow", frozenset({"demote-many"})), "the options"),
    "--target": (_set_wish("targets", ("sales",)), "the options"),
    "the key": (lambda run: setattr(run, "key", b"another"), "another key"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_it_is_refused_after_each_single_change(what: str) -> None:
    text = Run().save()
    run = Run()
    change, says = CHANGES[what]
    change(run)
    message = refused(run, text)
    assert says in message
    for number in (ANA, BRUNO, CARLOS, STRANGER, X):
        assert number not in message


def test_it_is_refused_when_an_objection_or_its_lifting_changes() -> None:
    def crowded() -> Run:
        run = Run()
        run.live = found(
            X, admins=[BRUNO, CARLOS, "14155550101", "14155550102", "14155550103"], members=[ANA]
        )
        return run

    text = crowded().save()
    run = crowded()
    entry = Allowance(code="demote-many", reason="new team", location=Location("reconciler.yaml", 3))
    run.configured = replace(run.configured, allow=(entry,))
    assert "objections" in refused(run, text)


@pytest.mark.parametrize(
    "change",
    [
        lambda run: setattr(
            run, "other", replace(run.other, participants=(*run.other.participants, STRANGER))
        ),
        lambda run: setattr(run, "other", replace(run.other, creator=None)),
        lambda run: setattr(run, "seen", replace(run.seen, alike=False)),
        lambda run: run.want(location=Location("groups/moved.yaml", 9)),
        lambda run: run.want(kind="cliente"),
        lambda run: run.want(admins=(person(ANA, alias="ana"), *people(BRUNO))),
        lambda run: run.be(participants=tuple(reversed(run.live.participants))),
    ],
    ids=[
        "somebody joined an unrelated group",
        "creator of an unrelated group",
        "nothing",
        "the manifest has moved",
        "its kind",
        "an alias for the same number",
        "the order of participants",
    ],
)
def test_it_is_not_refused_for_what_changes_nothing(change: Callable[[Run], object]) -> None:
    run = Run()
    change(run)
    planfile.check(Run().save(), run.print(), KEY)


def test_it_holds_no_number_link_or_id() -> None:
    text = Run().save()
    for secret in (ANA, BRUNO, CARLOS, DORA, ELISA, STRANGER, ACCOUNT, X, Y, TOKEN, "cdn.example", "New"):
        assert secret not in text
    assert KEY.decode() not in text
    saved = json.loads(text)
    assert saved["groups"][0]["name"] == "sales"
    assert saved["groups"][0]["changes"] == [
        "set_subject",
        "set_icon",
        "promote",
        "demote",
        "revoke_link",
        "remove_participants",
    ]


def test_numbers_cannot_be_tried_against_it_without_the_key() -> None:
    one, other = Run(), Run()
    other.key = b"another"
    assert one.print().groups["sales"]["people"] != other.print().groups["sales"]["people"]


def _edited(edit: Callable[[dict[str, Any]], object]) -> str:
    saved = json.loads(Run().save())
    edit(saved)
    return json.dumps(saved)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "{}",
        '"text"',
        "[" * 100_000,
        Run().save()[:-20],
        _edited(lambda saved: saved.pop("seal")),
        _edited(lambda saved: saved.update(seal=None)),
    ],
)
def test_a_file_of_something_else_is_refused(text: str) -> None:
    assert "no saved plan, or not the whole of one" in refused(Run(), text)


@pytest.mark.parametrize(
    "text",
    [
        Run().save().replace("promote", "demote"),
        _edited(lambda saved: saved.update(seal="0" * 64)),
        _edited(lambda saved: saved.update(seal="é")),
        _edited(lambda saved: saved["groups"].pop()),
        _edited(lambda saved: saved["groups"][0].update(action="none")),
        _edited(lambda saved: saved.update(more=1)),
        _edited(lambda saved: saved.update(format_version=2)),
    ],
)
def test_a_damaged_or_edited_file_is_refused(text: str) -> None:
    assert "damaged" in refused(Run(), text)


def test_a_file_of_another_version_says_so() -> None:
    saved = json.loads(Run().save())
    saved.pop("seal")
    saved["format_version"] = 2
    sealed = {**saved, "seal": planfile._digest(KEY, "file", saved)}
    assert "another version" in refused(Run(), json.dumps(sealed))


def test_white_space_is_no_change() -> None:
    planfile.check(json.dumps(json.loads(Run().save())), Run().print(), KEY)
