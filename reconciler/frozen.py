"""The standard library's `dataclass`, at a quarter of the time that one takes to define.

For every frozen class the standard decorator compiles six methods, half a millisecond of each process, and a
plan needs more than a hundred such classes. Here the constructor alone is compiled; what compares, hashes,
shows and refuses to be changed is written once. What comes out is a dataclass of the standard library still:
`fields`, `replace`, `asdict` and `match` know it, and type checkers see the standard decorator. Decision
record 0018 has the figures; where the standard library has become as fast, this module can go.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(
        *, frozen: bool = False, slots: bool = False, kw_only: bool = False, order: bool = False
    ) -> Callable[[type], type]:
        """As `dataclasses.dataclass`. Only what is frozen, has slots and no order is made here."""
        if order or not (frozen and slots):
            return dataclasses.dataclass(frozen=frozen, slots=slots, kw_only=kw_only, order=order)
        return lambda cls: _frozen(cls, kw_only)


def _frozen(cls: type, kw_only: bool) -> type:
    if cls.__doc__ is None:
        cls.__doc__ = cls.__name__  # else the standard library would work out a signature for it
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(cls)
    fields = dataclasses.fields(made)
    methods = {
        "__init__": _constructor(made, fields),
        **_comparison(tuple(field.name for field in fields if field.compare)),
        "__repr__": _representation(tuple(field.name for field in fields if field.repr)),
        "__setattr__": _refuse_to_set,
        "__delattr__": _refuse_to_delete,
        "__getstate__": _state,
        "__setstate__": _restore,
    }
    for name, method in methods.items():
        if name not in cls.__dict__:
            setattr(made, name, method)
    return made  # type: ignore[no-any-return]


def _constructor(cls: Any, fields: tuple[dataclasses.Field[Any], ...]) -> Callable[..., None]:
    """`__init__`: a parameter for each field, whose value is put into its slot."""
    names: dict[str, Any] = {"_missing": dataclasses.MISSING}
    places: list[str] = []
    keywords: list[str] = []
    lines: list[str] = []
    for number, field in enumerate(fields):
        names[f"_set{number}"] = getattr(cls, field.name).__set__
        parameter = value = field.name
        if field.default_factory is not dataclasses.MISSING:
            names[f"_make{number}"] = field.default_factory
            parameter = f"{field.name}=_missing"
            value = f"_make{number}() if {field.name} is _missing else {field.name}"
        elif field.default is not dataclasses.MISSING:
            names[f"_default{number}"] = field.default
            parameter = f"{field.name}=_default{number}"
        (keywords if field.kw_only else places).append(parameter)
        lines.append(f"  _set{number}(self, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("  self.__post_init__()")
    parameters = ", ".join(["self", *places, *(["*", *keywords] if keywords else [])])
    text = "\n".join(
        [
            f"def make({', '.join(names)}):",
            f" def __init__({parameters}):",
            *(lines or ["  pass"]),
            " return __init__",
        ]
    )
    found: dict[str, Any] = {}
    exec(text, sys.modules[cls.__module__].__dict__, found)  # noqa: S102 names only, as the standard library does
    constructor: Callable[..., None] = found["make"](**names)
    constructor.__qualname__ = f"{cls.__qualname__}.__init__"
    constructor.__annotations__ = {field.name: field.type for field in fields} | {"return": None}
    return constructor


def _comparison(names: tuple[str, ...]) -> dict[str, Any]:
    """`__eq__` and `__hash__` over the fields that count."""
    values: Callable[[Any], Any] = attrgetter(*names) if names else lambda _: ()

    def equals(self: Any, other: object) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return {"__eq__": equals, "__hash__": lambda self: hash(values(self))}


def _representation(names: tuple[str, ...]) -> Callable[[Any], str]:
    def represent(self: Any) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({shown})"

    return represent


def _refuse_to_set(_self: object, name: str, _value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
