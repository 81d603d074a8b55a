"""What planning, verbs and the state say is said in the language that is spoken, sentence within sentence;
and what others read again, in English."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from reconciler import language
from reconciler.errors import LockedError, ObjectionError, StateError
from reconciler.language import joined, msg, tr
from reconciler.model.plan import Note, Plan
from reconciler.planning import planfile
from reconciler.planning.examination import judge_clock
from reconciler.planning.guards import in_none_of, named
from reconciler.report.redact import Redactor
from reconciler.state.file import FileStore
from reconciler.state.lock import holds
from tests.planning.build import options, plan_of, reading, wanted

REDACTOR = Redactor({})
CLOCK: Any = SimpleNamespace(
    now=lambda: datetime(2026, 11, 22, 12, tzinfo=UTC),
    monotonic=time.monotonic,
    sleep=time.sleep,
    stopping=False,
)
Speak = Callable[[dict[str, str]], None]


@pytest.fixture
def speak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Speak]:
    """Speak a language that has these sentences and no others."""

    def use(sentences: dict[str, str]) -> None:
        catalogue = Catalog(locale="pt_BR")
        for english, other in sentences.items():
            catalogue.add(english, other)
        folder = tmp_path / "locale/pt_BR/LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "reconciler.po").touch()
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        (folder / "reconciler.mo").write_bytes(compiled.getvalue())
        monkeypatch.setattr(language, "FOLDER", tmp_path / "locale")
        language.use("pt-BR")

    yield use
    language.use(language.ENGLISH)


def test_messages_that_are_joined_are_said_one_by_one(speak: Speak) -> None:
    text = joined(msg(" and "), [msg("{n} left", n=1), "{n}", msg("{n} left", n=2)])
    assert text == "1 left and {n} and 2 left"
    speak({" and ": " e ", "{n} left": "faltam {n}"})
    assert tr(text) == "faltam 1 e {n} e faltam 2"


def test_a_note_says_our_sentences_within_it_and_leaves_words_of_others_alone(speak: Speak) -> None:
    ours = msg("it took too long")
    note = Note(msg("not read: {texts[0]} ({texts[1]})"), texts=(ours, "it took too long"))
    speak({"not read: {texts[0]} ({texts[1]})": "não lido: {texts[0]} ({texts[1]})", ours: "demorou"})
    assert REDACTOR.note(note) == "não lido: demorou (it took too long)"


def test_files_and_more_of_them_are_named_in_a_note(speak: Speak) -> None:
    note = Note(msg("not committed: {texts}"), texts=(named(["a", "b", "c", "d", "e"]),))
    assert REDACTOR.note(note) == "not committed: a, b, c and 2 more"
    speak(
        {"not committed: {texts}": "sem commit: {texts}", "{names} and {more} more": "{names} e mais {more}"}
    )
    assert REDACTOR.note(note) == "sem commit: a, b, c e mais 2"


def test_what_differs_from_a_saved_plan_is_said(speak: Speak) -> None:
    key = b"k"
    group = wanted(subject="New")
    made = plan_of([group], reading())
    saved = planfile.document(planfile.fingerprint(made, options(), key), made, key)
    now = planfile.fingerprint(Plan(groups=()), options(prune=True), key)
    with pytest.raises(ObjectionError) as caught:
        planfile.check(saved, now, key)
    assert caught.value.message == (
        "the saved plan does not hold any more: the options (--target, --prune, --allow) are others; "
        f"{group.name} would not be changed any more"
    )
    speak(
        {
            "the saved plan does not hold any more: {differences}": "o plano não vale mais: {differences}",
            "the options (--target, --prune, --allow) are others": "as opções são outras",
            "{name} would not be changed any more": "{name} não seria mais alterado",
        }
    )
    assert tr(caught.value.message) == (
        f"o plano não vale mais: as opções são outras; {group.name} não seria mais alterado"
    )


def test_numbers_agree_with_what_they_count() -> None:
    assert in_none_of(1) == "the configured `account` is not in the one group that was read"
    assert in_none_of(2) == "the configured `account` is in none of the 2 groups that were read"
    assert judge_clock(-7300).note.text == "it is 2 hours behind the API's"


@pytest.mark.parametrize(
    ("data", "place"),
    [("[]", "o documento não é objeto"), ('{"format_version": []}', "format_version não é número")],
)
def test_damage_is_said_with_its_place(speak: Speak, tmp_path: Path, data: str, place: str) -> None:
    (tmp_path / "state.json").write_text(data)
    with pytest.raises(StateError) as caught:
        FileStore(tmp_path / "state.json", "http://x", "state.json").read()
    speak(
        {
            "the state {state} is damaged: {why}": "o estado {state} está danificado: {why}",
            "the document": "o documento",
            "is no object": "não é objeto",
            "is no whole number": "não é número",
        }
    )
    assert tr(caught.value.message) == f"o estado state.json está danificado: {place}"


def test_a_lock_holds_english_and_is_told_in_the_readers_language(speak: Speak, tmp_path: Path) -> None:
    speak(
        {
            "the state {state} is locked by {holder}": "{state} está travado por {holder}",
            "{holder} since {at:%Y-%m-%dT%H:%M:%SZ}": "{holder} desde {at:%d/%m/%Y %H:%M} UTC",
            "{holder} (process {number})": "{holder} (processo {number})",
        }
    )
    store = FileStore(tmp_path / "state.json", "http://x", "state.json")
    with store.lock(timeout=0, clock=CLOCK, holder="ana@ci (process 7)"):
        text = (tmp_path / "state.json.lock").read_text()
        assert text == "ana@ci (process 7) since 2026-11-22T12:00:00Z"
        with pytest.raises(LockedError) as caught, store.lock(timeout=0, clock=CLOCK, holder="me"):
            pytest.fail("two held the lock")
    assert caught.value.message == f"the state state.json is locked by {text}"
    assert (
        tr(caught.value.message)
        == "state.json está travado por ana@ci (processo 7) desde 22/11/2026 12:00 UTC"
    )


@pytest.mark.parametrize("since", ["x", "2026-13-01T00:00:00Z", "2026-11-22T12:00:00+01:00"])
def test_a_lock_of_another_form_is_told_as_it_is(since: str) -> None:
    assert holds("somebody", since) == f"somebody since {since}"
