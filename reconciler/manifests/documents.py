"""Documents checked against their schema: nodes become plain values, without what is wrong about them.

Text stays as it was written where the schema wants text. So `subject: 2026`, `name: no` and `admins: [0170…]`
are text without quotes, and `link_version: 2` is a number. Only null (`null`, `~` or nothing) is null
everywhere: in this format it has a meaning of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Any

from reconciler.errors import Complaint
from reconciler.manifests.complaints import MAX_COMPLAINTS
from reconciler.manifests.schema import accepts, errors, schema
from reconciler.manifests.yaml_tree import Node, ScalarNode, SequenceNode, without

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Checked:
    """A document without its wrong parts, as a plain value and as nodes.

    `broken` are the top-level keys in which something was wrong; `value` is None when there was too much of
    it to go on.
    """

    value: dict[str, Any] | None
    node: Node
    complaints: tuple[Complaint, ...] = ()
    broken: frozenset[str] = frozenset()


def check(name: str, node: Node, file: str, refused: Mapping[str, str] | None = None) -> Checked:
    """A document against a schema: every mistake at once, and what is right about it.

    `refused` are keys and words of lists of choices that have a hint of their own, because they are known and
    do not belong into the file.
    """
    value = plain(node, _shape(name))
    if isinstance(value, dict) and accepts(name, value):
        return Checked(value, node)
    found = errors(name, value)
    if isinstance(value, dict) and not found:
        return Checked(value, node)
    from reconciler.manifests import mistakes

    complaints = tuple(islice(mistakes.complaints(found, node, file, refused or {}), MAX_COMPLAINTS + 1))
    if not isinstance(value, dict) or max(len(found), len(complaints)) > MAX_COMPLAINTS:
        return Checked(None, node, complaints)
    broken: set[str] = set()
    while paths := [path for error in found for path in mistakes.wrong_paths(error)]:
        broken.update(str(path[0]) for path in paths)
        for path in sorted(paths, key=_last_first):
            _remove(value, path)
        node = without(node, frozenset(paths))
        found = errors(name, value, MAX_COMPLAINTS)
    return Checked(value, node, complaints, frozenset(broken))


def _last_first(path: tuple[str | int, ...]) -> tuple[int, int]:
    """Higher indices before lower ones, so that removing one does not move the other."""
    return (-len(path), -path[-1] if isinstance(path[-1], int) else 0)


def _remove(value: Any, path: tuple[str | int, ...]) -> None:
    """Delete what stands at a path, unless something around it is gone already."""
    for step in path[:-1]:
        if not _has(value, step):
            return
        value = value[step]
    if _has(value, path[-1]):
        del value[path[-1]]


def _has(value: Any, step: str | int) -> bool:
    match value:
        case dict():
            return step in value
        case list():
            return isinstance(step, int) and step < len(value)
        case _:
            return False


# --- plain values -----------------------------------------------------------------------------------------


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


@cache
def _shape(name: str) -> Shape:
    return shape_of(schema(name))


def plain(node: Node, shape: Shape) -> object:
    """The value: str, int, float, bool, None, list or dict."""
    if isinstance(node, ScalarNode):
        return _scalar(node, shape)
    if isinstance(node, SequenceNode):
        below = shape.items or ANY
        return [plain(item, below) for item in node.items]
    keys, other = shape.keys, shape.other or ANY
    return {key: plain(value, keys.get(key, other)) for key, value in node.pairs.items()}


def _scalar(node: ScalarNode, shape: Shape) -> object:
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
