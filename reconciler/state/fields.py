"""Values of a JSON document, read one by one: each is of the kind that was asked for, or damage that names
its place. Pure; every reader raises `Wrong`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Self, TypeVar

from reconciler.model import number
from reconciler.model.group import is_name

MOST = 2**63 - 1
"""The largest whole number; Python refuses to write some that it can read."""

T = TypeVar("T")


class Wrong(Exception):
    """Damage at one place. Whoever looks into a value adds where it stands as this passes by, so that nothing
    is spent on places while all is well."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self._what = what
        self._place = ""

    def within(self, step: str | int) -> Self:
        """The same, seen from what holds it under a key or an index."""
        # A key may be a person's number, where they have no alias.
        shown = f"[{step}]" if isinstance(step, int) else number.mask_text(step, 40)
        dot = "." if self._place and not self._place.startswith("[") else ""
        self._place = f"{shown}{dot}{self._place}"
        return self

    def __str__(self) -> str:
        return f"{self._place or 'the document'} {self._what}"


class Object:
    """A JSON object, looked into key by key."""

    __slots__ = ("values",)

    def __init__(self, value: object) -> None:
        if not isinstance(value, dict):
            raise Wrong("is no object")
        self.values: dict[str, object] = value

    def need(self, key: str, read: Callable[[object], T]) -> T:
        """The value of a key, which has to be there."""
        if key not in self.values:
            raise Wrong("is missing").within(key)
        try:
            return read(self.values[key])
        except Wrong as wrong:
            raise wrong.within(key) from None

    def get(self, key: str, read: Callable[[object], T]) -> T | None:
        """The value of a key; None where it is absent or null."""
        value = self.values.get(key)
        if value is None:
            return None
        try:
            return read(value)
        except Wrong as wrong:
            raise wrong.within(key) from None


def text(value: object) -> str:
    """Any text."""
    if not isinstance(value, str):
        raise Wrong("is no text")
    return value


def integer(value: object) -> int:
    """A whole number, of at most `MOST` either way."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Wrong("is no whole number")
    if abs(value) > MOST:
        raise Wrong("is too large")
    return value


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Wrong("is neither true nor false")
    return value


def count(value: object) -> int:
    """A whole number from 0 on."""
    if integer(value) < 0:
        raise Wrong("is below 0")
    return integer(value)


def group_id(value: object) -> str:
    """A group's id."""
    found = text(value)
    if not number.is_group_id(found):
        raise Wrong("is no group id")
    return found


def time(value: object) -> datetime:
    """A moment in ISO 8601 with a zone, in UTC."""
    try:
        at = datetime.fromisoformat(text(value))
        if at.tzinfo is None:
            raise Wrong("is a time without a zone")
        return at.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: the first hour of year 1, in a zone east of Greenwich
        raise Wrong("is no time") from None


def listed(read: Callable[[object], T]) -> Callable[[object], tuple[T, ...]]:
    """A list of what `read` reads."""

    def read_list(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise Wrong("is no list")
        found: list[T] = []
        try:
            for item in value:
                found.append(read(item))
        except Wrong as wrong:
            raise wrong.within(len(found)) from None
        return tuple(found)

    return read_list


texts = listed(text)


def mapped(read: Callable[[object], T]) -> Callable[[object], Mapping[str, T]]:
    """An object with any keys, of what `read` reads."""

    def read_mapping(value: object) -> Mapping[str, T]:
        item = Object(value)
        return {key: item.need(key, read) for key in item.values}

    return read_mapping


def by_name(read: Callable[[object], T]) -> Callable[[object], Mapping[str, T]]:
    """As `mapped`, for keys that have to be names: they reach terminals and reports."""

    def read_by_name(value: object) -> Mapping[str, T]:
        item = Object(value)
        if not all(map(is_name, item.values)):
            raise Wrong("holds a key that is no name")
        return {key: item.need(key, read) for key in item.values}

    return read_by_name
