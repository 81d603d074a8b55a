"""Frozen classes are what the standard library would have made of them, every one in the package."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import pickle
import pkgutil
from typing import Any

import pytest

import reconciler
from reconciler import frozen


def classes() -> list[type]:
    """All classes that `frozen` has made."""
    found: dict[type, None] = {}
    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if module.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and vars(value).get("__setattr__") is frozen._refuse_to_set:
                found[value] = None
    return sorted(found, key=lambda cls: (cls.__module__, cls.__qualname__))


CLASSES = classes()
PLAIN = [cls for cls in CLASSES if not hasattr(cls, "__post_init__")]


def standard(cls: Any) -> Any:
    """What the standard library makes of the same fields."""
    fields = [
        (
            field.name,
            field.type,
            dataclasses.field(
                **{
                    name: getattr(field, name)
                    for name in ("default", "default_factory", "repr", "compare", "kw_only")
                    if getattr(field, name) is not dataclasses.MISSING
                }
            ),
        )
        for field in dataclasses.fields(cls)
    ]
    made: Any = dataclasses.make_dataclass(cls.__qualname__, fields, frozen=True, slots=True)
    return made


def values(cls: Any) -> dict[str, str]:
    return {field.name: f"its {field.name}" for field in dataclasses.fields(cls)}


def test_nearly_every_class_is_made_here() -> None:
    assert len(CLASSES) > 200


def test_construction_and_looks() -> None:
    for cls in CLASSES:
        ours, theirs = inspect.signature(cls), inspect.signature(standard(cls))
        assert [(p.name, p.kind, p.annotation) for p in ours.parameters.values()] == [
            (p.name, p.kind, p.annotation) for p in theirs.parameters.values()
        ], cls
        assert [p.default is p.empty for p in ours.parameters.values()] == [
            p.default is p.empty for p in theirs.parameters.values()
        ], cls
        assert cls.__match_args__ == standard(cls).__match_args__, cls
    for cls in PLAIN:
        given = values(cls)
        assert repr(cls(**given)) == repr(standard(cls)(**given)), cls
        assert dataclasses.asdict(cls(**given)) == given, cls


def test_defaults() -> None:
    for cls in PLAIN:
        needed = {
            name: "given"
            for name, parameter in inspect.signature(cls).parameters.items()
            if parameter.default is parameter.empty
        }
        one, other = cls(**needed), cls(**needed)
        reference = standard(cls)(**needed)
        for field in dataclasses.fields(cls):
            assert getattr(one, field.name) == getattr(reference, field.name), (cls, field.name)
            if field.default_factory is dict:
                assert getattr(one, field.name) is not getattr(other, field.name), (cls, field.name)


def test_two_are_equal_by_the_fields_that_count() -> None:
    for cls in PLAIN:
        given = values(cls)
        one = cls(**given)
        assert one == cls(**given), cls
        assert hash(one) == hash(cls(**given)), cls
        assert one != standard(cls)(**given), cls
        for field in dataclasses.fields(cls):
            other = dataclasses.replace(one, **{field.name: "another"})
            assert (one != other) is field.compare, (cls, field.name)
            assert (hash(one) == hash(other)) is not field.compare, (cls, field.name)


def test_nothing_can_be_changed() -> None:
    for cls in PLAIN:
        one = cls(**values(cls))
        assert not hasattr(one, "__dict__"), cls
        for name in (*values(cls), "other"):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(one, name, "another")
            with pytest.raises(dataclasses.FrozenInstanceError):
                delattr(one, name)
        assert one == cls(**values(cls)), cls


def test_copies_are_equal() -> None:
    for cls in PLAIN:
        one = cls(**values(cls))
        for again in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
            assert again == one, cls


def test_what_is_not_frozen_is_the_standard_librarys() -> None:
    @frozen.dataclass(slots=True)
    class Changing:
        value: int = 1

    @frozen.dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        value: int = 1

    changing = Changing()
    changing.value = 2
    assert changing == Changing(2)
    assert Ordered(1) < Ordered(2)
