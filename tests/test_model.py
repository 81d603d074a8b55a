"""What the model says stays as it was said: a plan that was approved is the plan that is carried out."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil

import pytest

from reconciler import errors, model
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
