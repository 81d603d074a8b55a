"""What the samples have the program say is what it says, so that whole outputs show it in every language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from types import ModuleType

import pytest

from reconciler.errors import Complaint, Problem
from reconciler.language import ENGLISH, said, use
from reconciler.model.attribution import Base
from reconciler.model.change import Affected
from reconciler.model.drift import PersonDrift
from reconciler.model.plan import Note

from . import based, drifts, goldens, invitations, runs, samples

SENTENCES: dict[type, tuple[str, ...]] = {
    Affected: ("reason",),
    Base: ("problem", "warnings"),
    Complaint: ("message", "hint"),
    Note: ("text",),
    PersonDrift: ("reason",),
    Problem: ("message", "hint"),
}
"""Where a sentence of ours stands."""
MADE_UP = frozenset(
    {
        "2 groups have this subject: {ids}.",
        "25 groups in 24 hours",
        "HTTP 400: number 5519988887777 not found",
        "`account` is not set. It is probably {people[0]}.",
        "`link_version` was raised: the next apply revokes this link.",
        "check RECONCILER_BASE_URL",
        'found by its binding, was "vendas"',
        "free space",
        "interrupted before it was sent",
        "its manifest is gone. Leave the group: reconciler apply --prune",
        "later",
        "no answer in 30 s",
        "origin/main has commits that are not checked out",
        "run apply again: it looks first",
        "see whether they are in the group",
        "the account is no admin of this group",
        "the account is no admin of this group: {people}",
        "the icon is not square (640×480)",
        "the icon looks the same as the file",
        "write it as +55 19 90000-0001",
        "write it as [+55 19 …](x)",
        "{ids[0]} is not listed, and asking for it answers HTTP 404.",
        "{ids[0]} is not listed.",
    }
)
"""What it says otherwise, or is somebody else's words: English in every golden file."""


def sentences(thing: object) -> Iterator[str]:
    """Yield every sentence that the program would have made, wherever in the data it stands."""
    match thing:
        case ModuleType():
            for name, value in vars(thing).items():
                if name.isupper():
                    yield from sentences(value)
        case tuple() | list():
            for each in thing:
                yield from sentences(each)
        case _ if is_dataclass(thing) and not isinstance(thing, type):
            for field in fields(thing):
                value = getattr(thing, field.name)
                if field.name in SENTENCES.get(type(thing), ()):
                    yield from (value,) if isinstance(value, str) else value
                else:
                    yield from sentences(value)
        case _:
            pass


FOUND = tuple(
    text for module in (samples, drifts, invitations, based, runs) for text in sentences(module) if text
)


@pytest.mark.parametrize("tag", [tag for tag in goldens.LANGUAGES if tag != ENGLISH])
def test_what_is_said_is_said_in_every_language(tag: str) -> None:
    use(tag)
    assert {text for text in FOUND if said(text) == text} == MADE_UP
