"""What the model says stays as it was said: a plan that was approved is the plan that is carried out."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from datetime import UTC, datetime

import pytest

from reconciler import errors, model
from reconciler.model.record import Record, Sent
from reconciler.report import model as document


def classes() -> list[type]:
    """All data classes of the model, of the documents made of it, and of what is wrong with files."""
    names = [each.name for each in pkgutil.iter_modules(model.__path__, f"{model.__name__}.")]
    modules = [errors, document, *map(importlib.import_module, names)]
    values = (value for module in modules for value in vars(module).values())
    return list(
        dict.fromkeys(each for each in values if isinstance(each, type) and dataclasses.is_dataclass(each))
    )


def test_nothing_can_be_changed() -> None:
    found = classes()
    assert len(found) > 100
    for cls in found:
        one = object.__new__(cls)
        for field in dataclasses.fields(cls):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(one, field.name, "another")


def test_of_two_messages_that_two_services_sent_the_later_counts() -> None:
    earlier, later = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    here = Record(id="1", sent={"ana/0001": Sent(later, times=3), "bruno/0002": Sent(earlier)})
    there = Record(id="2", sent={"ana/0001": Sent(earlier, times=2), "bruno/0002": Sent(later, times=2)})
    moved = here.after_move(there)
    assert (moved.id, {ref: each.at for ref, each in moved.sent.items()}) == (
        "1",
        {"ana/0001": later, "bruno/0002": later},
    )
    assert moved.sent["ana/0001"].times == 3
    assert moved.after_move(there) == moved
    reset = Record(id="3", sent={"ana/0001": Sent(later, times=3).reset()})  # the link was revoked there
    assert moved.after_move(reset).sent["ana/0001"].status == "reset"
