"""Nodes become plain values by what the schema wants at each place: text stays as it was written.

So `subject: 2026`, `name: no` and `admins: [0170…]` are text without quotes, and `link_version: 2` is a
number. Only null (`null`, `~` or nothing) is null everywhere: in this format it has a meaning of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.errors import Mark
from reconciler.manifests.yamlmarks import Items, Node, Pairs, Scalar

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a schema wants at one place, as far as reading scalars is concerned."""

    text: bool = False
    keys: Mapping[str, Shape] = field(default_factory=dict)
    other: Shape | None = None
    items: Shape | None = None


ANY = Shape()


def shape_of(schema: Mapping[str, Any]) -> Shape:
    """The shape of a schema that says everything with `type`, `properties`, `additionalProperties` and
    `items`: ours do, without references and without alternatives that differ in type."""
    types = schema.get("type", ())
    extra = schema.get("additionalProperties")
    return Shape(
        text="string" in ({types} if isinstance(types, str) else types),
        keys={key: shape_of(below) for key, below in schema.get("properties", {}).items()},
        other=shape_of(extra) if isinstance(extra, Mapping) else None,
        items=shape_of(schema["items"]) if "items" in schema else None,
    )


def plain(node: Node, shape: Shape) -> object:
    """The value: str, int, float, bool, None, list or dict."""
    if isinstance(node, Scalar):
        return _scalar(node, shape)
    if isinstance(node, Items):
        below = shape.items or ANY
        return [plain(item, below) for item in node.items]
    keys, other = shape.keys, shape.other or ANY
    return {key: plain(value, keys.get(key, other)) for key, value in node.pairs.items()}


def _scalar(node: Scalar, shape: Shape) -> object:
    text = node.text
    if not node.plain:
        return text
    if text in _NULLS:
        return None
    if shape.text:
        return text
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def node_at(root: Node, path: tuple[str | int, ...]) -> Node:
    """The node under a path of keys and indices, or the deepest one there is."""
    node = root
    for step in path:
        if isinstance(node, Pairs) and isinstance(step, str) and step in node.pairs:
            node = node.pairs[step]
        elif isinstance(node, Items) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            break
    return node


def without(node: Node, paths: frozenset[tuple[str | int, ...]], at: tuple[str | int, ...] = ()) -> Node:
    """A copy of a tree without what stands at some paths, so that its lists match a pruned value's."""
    if isinstance(node, Items):
        items = Items(node.line, node.column)
        items.items = [
            without(item, paths, (*at, index))
            for index, item in enumerate(node.items)
            if (*at, index) not in paths
        ]
        return items
    if isinstance(node, Pairs):
        pairs = Pairs(node.line, node.column)
        pairs.keys = node.keys
        pairs.pairs = {
            key: without(value, paths, (*at, key))
            for key, value in node.pairs.items()
            if (*at, key) not in paths
        }
        return pairs
    return node


class Marks(Mapping[str, Mark]):
    """Where the values of a document's keys stand, list items as `admins[0]`.

    Ten thousand manifests are kept at once and hardly any place is asked for, so a `Mark` is made only then.
    """

    __slots__ = ("_file", "_places")

    def __init__(self, root: Node, file: str) -> None:
        self._file = file
        self._places: dict[str, tuple[int, int]] = {}
        if isinstance(root, Pairs):
            for key, value in root.pairs.items():
                self._places[key] = (value.line, value.column)
                if isinstance(value, Items):
                    for index, item in enumerate(value.items):
                        self._places[f"{key}[{index}]"] = (item.line, item.column)

    def __getitem__(self, key: str) -> Mark:
        line, column = self._places[key]
        return Mark(self._file, line + 1, column + 1)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
