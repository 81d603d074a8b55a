"""A YAML file as text with the places of its nodes, for changing a few characters and leaving all others.

`yamlmarks` reads what a document says; this reads where it says it, from the same parser's events, of files
that were checked before. Offsets count characters of the text, without a byte order mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from reconciler.manifests.yamlmarks import events

Kind = Literal["scalar", "alias", "items", "pairs"]

_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*(?:\s+|$))*")


@dataclass(slots=True)
class Place:
    """A node: `start` (its anchor and tag included) and `end` of what is written, and `body`, where the value
    itself begins. `style` is of a scalar: `'`, `"`, `|`, `>`, or "" for a plain one.

    `flow` tells of lists and mappings that they stand in brackets. `keys` and `values` are of a mapping,
    `values` of a list too. `anchor` is the name that it has, of an alias the one that it means.
    """

    kind: Kind
    start: int
    end: int
    body: int
    line: int
    column: int
    anchor: str | None = None
    style: str = ""
    text: str = ""
    flow: bool = False
    keys: list[Place] = field(default_factory=list)
    values: list[Place] = field(default_factory=list)

    def get(self, key: str) -> Place | None:
        """The value of a mapping's key."""
        return next((value for name, value in self.pairs() if name.text == key), None)

    def key(self, key: str) -> Place | None:
        """The place of a mapping's key."""
        return next((name for name in self.keys if name.text == key), None)

    def pairs(self) -> Iterator[tuple[Place, Place]]:
        return zip(self.keys, self.values, strict=True)

    def walk(self) -> Iterator[Place]:
        """This node and all below it, in the order written."""
        yield self
        if self.kind == "pairs":
            for key, value in self.pairs():
                yield from key.walk()
                yield from value.walk()
        else:
            for value in self.values:
                yield from value.walk()


def documents(text: str) -> list[Place]:
    """The roots of all documents of a file, empty ones included. The text has been read as YAML before."""
    found: list[Place] = []
    stack: list[Place] = []
    for event in events(text):
        match event:
            case yaml.ScalarEvent() | yaml.AliasEvent():
                _put(stack, found, _leaf(event, text))
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                stack.append(_branch(event, text))
            case yaml.SequenceEndEvent(end_mark=mark) | yaml.MappingEndEvent(end_mark=mark):
                place = stack.pop()
                if place.flow and mark is not None:
                    place.end = mark.index
                else:
                    last = (place.values or place.keys or [place])[-1]
                    place.end = max(place.body, last.end)
                _put(stack, found, place)
            case _:
                pass
    return found


def _put(stack: list[Place], found: list[Place], place: Place) -> None:
    if not stack:
        found.append(place)
        return
    parent = stack[-1]
    if parent.kind == "pairs" and len(parent.keys) == len(parent.values):
        parent.keys.append(place)
    else:
        parent.values.append(place)


def _leaf(event: Any, text: str) -> Place:
    start, end = event.start_mark.index, event.end_mark.index
    mark = event.start_mark
    if isinstance(event, yaml.AliasEvent):
        return Place("alias", start, end, start, mark.line, mark.column, anchor=event.anchor)
    style = event.style or ""
    if style in ("|", ">"):
        end = start + len(text[start:end].rstrip())
    return Place(
        "scalar",
        start,
        end,
        _body(text, start, end),
        mark.line,
        mark.column,
        anchor=event.anchor,
        style=style,
        text=event.value,
    )


def _branch(event: Any, text: str) -> Place:
    start, mark = event.start_mark.index, event.start_mark
    kind: Kind = "items" if isinstance(event, yaml.SequenceStartEvent) else "pairs"
    body = _body(text, start, len(text)) if event.anchor or event.tag else start
    return Place(
        kind, start, body, body, mark.line, mark.column, anchor=event.anchor, flow=bool(event.flow_style)
    )


def _body(text: str, start: int, end: int) -> int:
    """Where a value begins behind its anchor and tag."""
    match = _PROPERTIES.match(text, start)
    return min(match.end(), end) if match else start
