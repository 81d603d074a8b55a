from __future__ import annotations

import json as stdlib_json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from reconciler.model.attribution import Base
from reconciler.model.change import ChangeKind
from reconciler.model.outcome import ApplyResult
from reconciler.model.plan import Plan
from reconciler.report import apply, plan
from reconciler.report.redact import Redactor

from . import based, samples
from .runs import render
from .samples import OPEN_REDACTOR, REDACTOR

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
PLANS = {
    "everything": samples.EVERYTHING,
    "customers": samples.CUSTOMERS,
    "nothing": samples.NOTHING,
    "empty": Plan(groups=()),
}
RESULTS = {"mixed": samples.MIXED, "done": samples.ALL_DONE, "nothing": samples.NOTHING_DONE}


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = stdlib_json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def plan_document(made: Plan, redactor: Redactor = REDACTOR) -> dict[str, Any]:
    document: dict[str, Any] = stdlib_json.loads(render("json", "plan", plan.told(made, redactor)))
    return document


@pytest.mark.parametrize("redactor", [REDACTOR, OPEN_REDACTOR], ids=["masked", "open"])
@pytest.mark.parametrize("made", PLANS.values(), ids=PLANS)
def test_plans_keep_to_their_schema(made: Plan, redactor: Redactor) -> None:
    validator("plan").validate(plan_document(made, redactor))


@pytest.mark.parametrize("redactor", [REDACTOR, OPEN_REDACTOR], ids=["masked", "open"])
@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_outcomes_keep_to_their_schema(result: ApplyResult, redactor: Redactor) -> None:
    validator("apply").validate(apply.data(result, redactor))


@pytest.mark.parametrize(
    "base", [based.BASE, based.BROKEN, based.NOTHING_NEW], ids=["base", "broken", "same"]
)
def test_plans_beside_a_base_keep_to_their_schema(base: Base) -> None:
    document = plan.data(samples.EVERYTHING, REDACTOR, base)
    validator("plan").validate(document)
    causes = [
        found["cause"] for group in document["groups"] for found in (*group["changes"], *group["to_invite"])
    ]
    counts = document["summary"]["attribution"]
    assert set(causes) <= {"this_change", "before"}
    for cause in ("this_change", "before"):
        assert causes.count(cause) == counts[cause]["changes"] + counts[cause]["invites"]
    assert document["base"]["loaded"] is (not base.problem)


SPOILED: dict[str, Callable[[Any], object]] = {
    "a count is missing": lambda document: document["summary"].pop("notices"),
    "an unknown action": lambda document: support(document).update(action="delete"),
    "a subject without before": lambda document: support(document)["changes"][0].pop("before"),
    "a picture without hash": lambda document: support(document)["changes"][1]["after"].pop("sha256"),
    "a promotion of nobody": lambda document: support(document)["changes"][2].update(people=[]),
}


def support(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in document["groups"] if each["name"] == "suporte-campinas")
    return found


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_the_schema_refuses_what_a_consumer_could_not_use(spoil: Callable[[Any], object]) -> None:
    """A schema that accepts anything would make the tests above worthless."""
    document = plan_document(samples.EVERYTHING)
    assert validator("plan").is_valid(document)
    spoil(document)
    assert not validator("plan").is_valid(document)


def test_every_kind_of_change_is_in_the_sample() -> None:
    found = {
        change["kind"]
        for group in (
            *plan_document(samples.EVERYTHING)["groups"],
            *plan_document(Plan(groups=(samples.FIELDS,)))["groups"],
        )
        for change in group["changes"]
    }
    assert found == set(get_args(ChangeKind))


def test_keys_and_their_order_are_the_contract_s() -> None:
    document = plan_document(samples.EVERYTHING)
    assert list(document)[:8] == [
        "format_version",
        "kind",
        "complete",
        "digest",
        "summary",
        "groups",
        "objections",
        "unmanaged",
    ]
    counts = "create adopt update leave unchanged blocked missing orphaned held unreadable unmanaged"
    assert list(document["summary"]) == [*counts.split(), "invites", "notices"]
    for group in document["groups"]:
        assert list(group)[:7] == ["name", "id", "manifest", "action", "changes", "to_invite", "notes"]
    assert document["unmanaged"] == [
        {"id": "120363000000000099"},
        {"id": "…-1513616971", "subject": "Família ••••77"},
    ]
    applied = apply.data(samples.MIXED, REDACTOR)
    assert list(applied)[:6] == ["format_version", "kind", "complete", "interrupted", "summary", "groups"]
    assert list(applied["summary"]) == ["done", "failed", "skipped", "unknown", "blocked", "missing", "held"]
    assert list(applied["groups"][0])[:4] == ["name", "id", "action", "outcomes"]


def test_changes_say_what_was_and_what_will_be() -> None:
    changes = {
        (group["name"], change["kind"]): change
        for group in plan_document(samples.EVERYTHING)["groups"]
        for change in group["changes"]
    }
    assert changes["suporte-campinas", "set_subject"] == {
        "kind": "set_subject",
        "before": "Suporte Cps",
        "after": "Suporte Campinas",
        "origin": "edited_outside",
    }
    assert changes["vendas-interno", "remove_participants"]["origin"] == "both"
    assert changes["suporte-campinas", "demote"] == {
        "kind": "demote",
        "people": ["carlos"],
        "reasons": ["left (contacts.yaml:14)"],
    }
    assert changes["suporte-campinas", "set_icon"]["before"] == {"sha256": "a1f3" + "0" * 60, "bytes": 2500}
    assert changes["suporte-campinas", "set_icon"]["after"] == {
        "file": "icons/marca.png",
        "sha256": "9c07" + "0" * 60,
        "bytes": 41_000,
        "width": 640,
        "height": 640,
        "mime": "image/png",
    }
    assert changes["foto", "set_icon"]["before"] == {"sha256": None, "bytes": None}
    assert changes["sem-foto", "set_icon"]["before"] is None
    assert changes["comunidade-cafe", "set_icon"]["before"] is None
    assert changes["comunidade-cafe", "create_group"] == {
        "kind": "create_group",
        "after": "Comunidade do Café ☕",
    }
    assert changes["vendas-interno", "remove_icon"]["after"] is None
    assert changes["vendas-interno", "revoke_link"] == {
        "kind": "revoke_link", "before": 1, "after": 2, "origin": "not_applied"
    }  # fmt: skip
    assert changes["vendas-sudeste", "adopt_group"]["before"] == "vendas"
    assert changes["antigo", "leave_group"] == {"kind": "leave_group"}


def test_one_that_was_lifted_says_by_what() -> None:
    objections = {each["code"]: each for each in plan_document(samples.EVERYTHING)["objections"]}
    assert objections["create-many"]["lifted_by"] == "allow (reconciler.yaml:12): new team"
    assert "lifted_by" not in objections["demote-many"]
    assert (objections["demote-many"]["liftable"], objections["no-account"]["liftable"]) == (True, False)
