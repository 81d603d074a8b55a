"""Every catalogue is whole, says what the English sentences say, and writes dates and numbers as its country
does."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.dates import format_datetime
from babel.messages.catalog import Catalog, Message
from babel.numbers import format_decimal

from reconciler import language

from .pseudo import messages, sentences

CATALOGUES = sorted(Path(language.__file__).parent.glob("locale/*/LC_MESSAGES/reconciler.po"))
TAGS = [path.parts[-3].replace("_", "-") for path in CATALOGUES]
_TYPED = re.compile(
    r"`(?!key: value|kind: )[^`]+`|(?<![\w-])--[a-z][\w-]*|\bRECONCILER_[A-Z_]+|https?://[^\s,]*"
)
_EXAMPLE = re.compile(r"^ *(?:reconciler|curl|echo|export) (?:\S+ ?)*", re.MULTILINE)


@pytest.fixture(params=CATALOGUES, ids=TAGS)
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    """Each language's."""
    found: Catalog = messages().read(request.param)
    return found


def test_there_is_one() -> None:
    assert "pt-BR" in TAGS
    assert set(language.languages()) == {"en", *TAGS}


def test_it_is_whole_and_has_the_same_holes(catalogue: Catalog) -> None:
    assert list(messages().faults(catalogue, sentences())) == [], (
        "python .ci/messages.py, and translate what is new"
    )


def _pairs(catalogue: Catalog) -> list[tuple[str, str]]:
    """English sentences and their translations; of plurals the many."""
    return [_pair(message) for message in catalogue if message.id]


def _pair(message: Message) -> tuple[str, str]:
    one = message.id if isinstance(message.id, str) else message.id[-1]
    said = message.string if isinstance(message.string, str) else message.string[-1]
    return one, said


def test_what_is_typed_stays_as_it_is(catalogue: Catalog) -> None:
    odd = [
        (english, said)
        for english, said in _pairs(catalogue)
        if not re.fullmatch(r"\w+ --\w+", english)  # a heading
        if not Counter(_TYPED.findall(english)) <= Counter(_TYPED.findall(said))
        or _examples(english) != _examples(said)
    ]
    assert odd == []


def _examples(text: str) -> list[str]:
    return [found.strip() for found in _EXAMPLE.findall(text)]


def test_it_begins_and_ends_alike(catalogue: Catalog) -> None:
    ends = re.compile(r"\A\s*|[.:!?]?\s*\Z")
    odd = [
        (english, said)
        for english, said in _pairs(catalogue)
        if english != "."  # the decimal sign
        if ends.findall(english)[0] != ends.findall(said)[0]
        or ends.findall(english)[-2:] != ends.findall(said)[-2:]
    ]
    assert odd == []


@pytest.mark.parametrize("tag", TAGS)
def test_dates_and_numbers_are_written_as_the_country_does(tag: str) -> None:
    language.use(tag)
    at, locale = datetime(2026, 3, 4, 17, 8, tzinfo=UTC), tag.replace("-", "_")
    assert language.moment(at) == f"{format_datetime(at, 'short', tzinfo=UTC, locale=locale)} UTC"
    assert language.decimal(1.25, 2) == format_decimal(1.25, locale=locale)
