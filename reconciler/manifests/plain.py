"""Nodes become plain values by what the schema wants at each place: text stays as it was written.

So `subject: 2026`, `name: no` and `admins: [0170…]` are text without quotes, and `link_version: 2` is a
number. Only null (`null`, `~` or nothing) is null everywhere: in this format it has a meaning of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.manifests.nodes import Items, Node, Scalar

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a schema wants at one place, as far as reading scalars is concerned: text, or a whole number."""

    text: bool = False
    whole: bool = False
    keys: Mapping[str, Shape] = field(default_factory=dict)
    other: Shape | None = None
    items: Shape | None = None


ANY = Shape()


def shape_of(schema: Mapping[str, Any]) -> Shape:
    """The shape of a schema that says everything with `type`, `properties`, `additionalProperties` and
    `items`: ours do, without references and without alternatives that differ in type."""
    wanted = schema.get("type", ())
    types = {wanted} if isinstance(wanted, str) else wanted
    extra = schema.get("additionalProperties")
    return Shape(
        text="string" in types,
        whole="integer" in types,
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
    if not shape.whole and _DECIMAL.fullmatch(text):
        return float(text)
    return text
