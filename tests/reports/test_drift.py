"""Whole outputs of `drift`, compared with files that were read by somebody, and with the schema.

After a wanted change: `RENEW_GOLDEN=1 pytest tests/reports/test_drift.py`, then read the difference in Git.
"""

from __future__ import annotations

import json as stdlib_json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from reconciler.model.drift import Cause, Drift, DriftStatus, FieldName
from reconciler.report import drift as verb
from reconciler.report.redact import Redactor

from . import drifts, goldens
from .hostile import SGR
from .runs import PLAIN, Look, render
from .samples import ACCOUNT, ANA, LOGO, OPEN_REDACTOR, REDACTOR, STRANGER

GOLDEN = Path(__file__).parent / "golden_drift"
SCHEMA = Path(__file__).resolve().parents[2] / "schemas/drift.schema.json"
SAMPLES = {
    "everything": drifts.EVERYTHING,
    "pending": drifts.PENDING,
    "on hold": drifts.ON_HOLD,
    "in sync": drifts.IN_SYNC,
    "empty": Drift(groups=()),
}


def in_text(drift: Drift, look: Look = PLAIN) -> Callable[[], str]:
    return lambda: render("text", "drift", verb.told(drift, REDACTOR), look=look)


def in_json(drift: Drift, redactor: Redactor = REDACTOR) -> str:
    return render("json", "drift", verb.told(drift, redactor))


CASES: dict[str, Callable[[], str]] = {
    "everything.txt": in_text(drifts.EVERYTHING),
    "narrow.txt": in_text(drifts.EVERYTHING, Look(width=60, limit=3)),
    "colour.txt": in_text(drifts.EVERYTHING, Look(color=True, limit=3)),
    "pending.txt": in_text(drifts.PENDING),
    "on-hold.txt": in_text(drifts.ON_HOLD),
    "in-sync.txt": in_text(drifts.IN_SYNC),
    "everything.json": lambda: in_json(drifts.EVERYTHING),
    "in-sync.json": lambda: in_json(drifts.IN_SYNC),
}


@pytest.mark.parametrize("tag", goldens.LANGUAGES)
@pytest.mark.parametrize("name", CASES)
def test_output(name: str, tag: str) -> None:
    goldens.compare(GOLDEN, name, tag, CASES[name])


def test_no_file_is_left_over() -> None:
    goldens.check_none_is_left_over(GOLDEN, CASES)


def document(drift: Drift, redactor: Redactor = REDACTOR) -> Any:
    return stdlib_json.loads(in_json(drift, redactor))


def validator() -> jsonschema.Draft202012Validator:
    schema = stdlib_json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("redactor", [REDACTOR, OPEN_REDACTOR], ids=["masked", "open"])
@pytest.mark.parametrize("drift", SAMPLES.values(), ids=SAMPLES)
def test_drifts_keep_to_their_schema(drift: Drift, redactor: Redactor) -> None:
    validator().validate(document(drift, redactor))


def group(found: Any, name: str) -> Any:
    return next(each for each in found["groups"] if each["name"] == name)


SPOILED: dict[str, Callable[[Any], object]] = {
    "a count is missing": lambda found: found["summary"].pop("held"),
    "an unknown status": lambda found: found["groups"][0].update(status="fine"),
    "an unknown cause": lambda found: found["groups"][0]["fields"][0].update(cause="me"),
    "no live value": lambda found: found["groups"][0]["fields"][0].pop("live"),
    "drifted without a field": lambda found: found["groups"][0].update(fields=[]),
    "in sync with a field": lambda found: found["groups"][0].update(status="in_sync"),
    "admins that are no list": lambda found: found["groups"][0]["fields"][0].update(live="ana"),
    "a picture without hash": lambda found: found["groups"][0]["fields"][2]["live"].pop("sha256"),
    "a link that somebody asked for": lambda found: found["groups"][0]["fields"][3].update(live=2),
    "a time without a zone": lambda found: found["groups"][0]["fields"][0].update(since="2026-11-20"),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_the_schema_refuses_what_a_consumer_could_not_use(spoil: Callable[[Any], object]) -> None:
    found = document(drifts.EVERYTHING)
    assert validator().is_valid(found)
    spoil(found)
    assert not validator().is_valid(found)


def test_keys_and_their_order_are_the_contract_s() -> None:
    found = document(drifts.EVERYTHING)
    assert list(found)[:6] == ["format_version", "kind", "in_sync", "complete", "summary", "groups"]
    assert list(found["summary"]) == [
        "in_sync", "drifted", "pending", "missing", "blocked", "held", "unreadable", "unmanaged"
    ]  # fmt: skip
    for each in found["groups"]:
        assert list(each)[:4] == ["name", "id", "status", "fields"]
        for field in each["fields"]:
            assert list(field)[:5] == ["field", "desired", "last_applied", "live", "cause"]


def test_the_sample_holds_every_status_cause_and_field() -> None:
    found = document(drifts.EVERYTHING)
    fields = [field for each in found["groups"] for field in each["fields"]]
    fields += document(Drift(groups=(drifts.FIELDS,)))["groups"][0]["fields"]
    assert {each["status"] for each in found["groups"]} == set(get_args(DriftStatus))
    assert {field["cause"] for field in fields} == set(get_args(Cause))
    assert {field["field"] for field in fields} == set(get_args(FieldName))


def test_values_are_what_the_contract_says() -> None:
    found = document(drifts.EVERYTHING)
    admins, subject, icon, link = group(found, "suporte-campinas")["fields"]
    assert (admins["desired"], admins["last_applied"], admins["live"]) == (
        ["ana", "bruno"], ["ana", "bruno", "carlos"], ["+55 19 •••• 7777", "bruno", "carlos"]
    )  # fmt: skip
    assert subject["live"] == "Ofertas ••••77"
    assert icon["live"] == {"sha256": "a1f3" + "0" * 60, "bytes": 2500}
    assert icon["last_applied"] == {
        "sha256": LOGO.sha256, "bytes": 38_000, "served": "5e7d" + "0" * 60
    }  # fmt: skip
    assert (link["desired"], link["last_applied"], link["live"]) == (2, 1, None)
    assert icon["since"] == "2026-11-20T02:00:30Z"
    assert "since" not in subject
    dora = group(found, "cliente-delta")["fields"][0]
    assert dora["live"] == ["dora (+55 11 •••• 0003)", "dora (+55 19 •••• 0004)"]
    assert group(found, "suporte-campinas")["commands"] == {
        "restore": "reconciler apply --target suporte-campinas",
        "accept": "reconciler accept suporte-campinas",
    }
    for name in ("cliente-acme", "campanha"):  # an apply cannot put them back for now
        assert group(found, name)["commands"] == {"accept": f"reconciler accept {name}"}
    for name in ("cliente-beta", "cliente-gama", "tranquilo"):
        assert group(found, name)["commands"] == {}


def test_in_sync_is_the_first_word_only_when_it_is_so() -> None:
    verdicts = {name: in_text(drift)().splitlines()[0] for name, drift in SAMPLES.items()}
    assert verdicts["in sync"].startswith("In sync")
    for name in ("everything", "pending", "on hold"):
        assert not verdicts[name].startswith("In sync")
        assert document(SAMPLES[name])["in_sync"] is False
    unread = replace(drifts.IN_SYNC, complete=False)
    assert in_text(unread)().startswith("Not everything could be read")
    assert document(unread)["in_sync"] is False


def test_numbers_stay_out_of_every_format() -> None:
    for draw in CASES.values():
        output = SGR.sub("", draw())
        for digits in (ANA, STRANGER, "98888-7777", "19988887777"):
            assert digits not in output
    assert f"{ACCOUNT}-1513616971" in CASES["everything.json"]()
    assert STRANGER in in_json(drifts.EVERYTHING, OPEN_REDACTOR)
