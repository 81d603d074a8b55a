"""What a history says: changes by name, whom they concern, and words that anybody may have written."""

from __future__ import annotations

import json as stdlib_json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.cli.environment import this_run
from reconciler.model import number
from reconciler.model.history import Fact, Interest, Written
from reconciler.model.record import Applied, Intent, Record, Sent, State
from reconciler.planning.story import changes, chapters
from reconciler.report import json, state
from reconciler.report.redact import Redactor
from reconciler.report.section import PLAIN, Section

from .conftest import NOON

ANA, STRANGER = "5519900000001", "5519900000077"
REDACTOR = Redactor(aliases={number.key(ANA): "ana"}, account=frozenset({"551911112222"}))
HOSTILE = "::error::\x1b[31m\u202e +55 19 90000-0077 https://chat.whatsapp.com/SECRETLINK"


def story(before: State, after: State) -> dict[str, tuple[Fact, ...]]:
    return {entry.name: entry.facts for entry in changes(before, after)}


def written(before: State | None, after: State | None, **said: str) -> Written:
    words = {"rev": "a" * 40, "title": "apply", "run": "", "actor": "", "commit": "", **said}
    return Written(at=NOON, before=before, after=after, **words)  # type: ignore[arg-type]


def test_every_change_of_a_record_is_a_fact() -> None:
    old = Record(
        id="g1",
        applied=Applied(subject="A", icon="", admins=("ana", STRANGER), members=None),
        link_version=1,
        joined=("ana/0001",),
        sent={"ana/0001": Sent(NOON, 1)},
    )
    new = Record(
        id="g1",
        applied=Applied(subject="B", icon="f" * 64, admins=("ana", "bruno"), members=("dora",)),
        link_version=2,
        joined=("bruno/0002",),
        sent={"ana/0001": Sent(NOON, 2), "dora/0004": Sent(NOON, 1)},
    )
    assert story(State(groups={"a": old}), State(groups={"a": new}))["a"] == (
        Fact(kind="subject", before="A", after="B"),
        Fact(kind="icon", before="", after="f" * 64),
        Fact(kind="admins", added=("bruno",), removed=(STRANGER,)),
        Fact(kind="members", added=("dora",)),
        Fact(kind="link_version", before="1", after="2"),
        Fact(kind="joined", added=("bruno",), removed=("ana",)),
        Fact(kind="sent", added=("ana", "dora")),
    )
    assert story(State(groups={"a": new}), State(groups={"a": new})) == {}


def test_names_come_go_and_are_rebound() -> None:
    intent = Intent("S", (), NOON)
    empty, bound = State(), State(groups={"a": Record(id="g1")})
    assert story(empty, bound)["a"] == (Fact(kind="bound", after="g1"),)
    assert story(bound, empty)["a"] == (Fact(kind="forgotten", before="g1"),)
    rebound = replace(bound, groups={"a": Record(id="g2", applied=Applied(subject="S"))})
    assert [fact.kind for fact in story(bound, rebound)["a"]] == ["bound", "subject"]
    begun = empty.with_intent("a", intent)
    assert story(empty, begun)["a"] == (Fact(kind="creating", after="S"),)
    assert story(begun, empty)["a"] == (Fact(kind="given_up", before="S"),)
    assert story(begun, bound)["a"] == (Fact(kind="bound", after="g1"),)


def test_people_are_found_by_alias_and_by_number() -> None:
    before = State(groups={"a": Record(id="g1"), "b": Record(id="g2")})
    after = before.with_record("a", Record(id="g1", applied=Applied(admins=("ana",)))).with_record(
        "b", Record(id="g2", applied=Applied(subject="S", members=(STRANGER,)))
    )
    history = [written(before, after), written(None, after)]

    def told(**interest: Any) -> list[list[str]]:
        return [
            [f"{entry.name}.{fact.kind}" for entry in chapter.names or () for fact in entry.facts]
            for chapter in chapters(history, Interest(**interest))
        ]

    assert told() == [["a.admins", "b.subject", "b.members"], []]
    assert told(aliases=frozenset({"ana"})) == [["a.admins"]]
    assert told(keys=frozenset({number.key(STRANGER)})) == [["b.members"]]
    assert told(name="b") == [["b.subject", "b.members"]]
    assert told(name="a", keys=frozenset({number.key(STRANGER)})) == []


def test_anybodys_words_are_shown_and_do_nothing() -> None:
    before = State(groups={"a": Record(id="5519900000077-1513616971", applied=Applied(subject="S"))})
    after = State(groups={"a": Record(id="g2", applied=Applied(subject=HOSTILE, admins=(STRANGER, HOSTILE)))})
    entry = written(before, after, title=HOSTILE, run=HOSTILE, actor=HOSTILE, commit=HOSTILE)
    told = [*chapters([entry, written(None, None, title=HOSTILE)], Interest())]
    history = state.told(told, REDACTOR, complete=True)
    section = Section("", 0, told=history)
    text, document = state.render_log([section], PLAIN), json.render([section], PLAIN)
    for output in (text, document):
        for bad in ("\x1b", "\u202e", "90000-0077", "SECRETLINK", STRANGER):
            assert bad not in output
    assert "::" not in text
    assert "•••• 0077" in text
    assert "…-1513616971" in text
    assert "cannot be read" in text
    runs = stdlib_json.loads(document)["runs"]
    assert [run["readable"] for run in runs] == [True, False]
    assert runs[0]["commit"] is None


def test_descriptions_and_permissions_are_told_by_their_values() -> None:
    permissions = {"send_messages": "everyone", "approve_members": False}
    before = State(groups={"a": Record(id="g1", applied=Applied(description="", permissions=permissions))})
    permissions = {"send_messages": "admins", "approve_members": True, "edit_info": "everyone"}
    after = State(
        groups={"a": Record(id="g1", applied=Applied(description=HOSTILE, permissions=permissions))}
    )
    history = state.told([*chapters([written(before, after)], Interest())], REDACTOR, complete=True)
    section = Section("", 0, told=history)
    text, document = state.render_log([section], PLAIN), json.render([section], PLAIN)
    for output in (text, document):
        for bad in ("\x1b", "\u202e", "90000-0077", "SECRETLINK"):
            assert bad not in output
    said = [line.removeprefix("    a").strip() for line in text.splitlines()[2:]]
    assert said[0].startswith('description  "" → "')
    assert said[1:] == [
        "send_messages  everyone → admins",
        "edit_info  not managed → everyone",
        "approve_members  no → yes",
    ]


@pytest.mark.parametrize(
    ("environment", "name", "actor"),
    [
        (
            {
                "GITHUB_RUN_ID": "7",
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_REPOSITORY": "a/b",
                "GITHUB_RUN_ATTEMPT": "2",
                "GITHUB_ACTOR": "ana",
            },
            "https://github.com/a/b/actions/runs/7/attempts/2",
            "ana",
        ),
        (
            {"GITHUB_RUN_ID": "7", "GITHUB_TRIGGERING_ACTOR": "bo"},
            "GitHub run 7",
            "bo",
        ),
        ({"CI_JOB_URL": "https://gl/j/1", "GITLAB_USER_LOGIN": "ana"}, "https://gl/j/1", "ana"),
        ({"CI_PIPELINE_URL": "https://gl/p/1"}, "https://gl/p/1", None),
        ({"CI_JOB_ID": "4"}, "GitLab job 4", None),
        ({"BUILD_URL": "https://jenkins/1"}, "https://jenkins/1", None),
        ({"CIRCLE_BUILD_URL": "https://circle/1", "CIRCLE_USERNAME": "ana"}, "https://circle/1", "ana"),
        (
            {
                "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": "https://dev.azure.com/o/",
                "SYSTEM_TEAMPROJECT": "p",
                "BUILD_BUILDID": "9",
            },
            "https://dev.azure.com/o/p/_build/results?buildId=9",
            None,
        ),
    ],
)
def test_the_run_is_named_by_its_pipeline(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], name: str, actor: str | None
) -> None:
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert this_run()[:2] == (name, actor)


def test_without_a_pipeline_it_is_the_user_and_the_host() -> None:
    name, actor, _ = this_run()
    assert "@" in name
    assert actor is None
