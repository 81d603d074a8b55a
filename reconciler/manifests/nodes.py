"""A YAML document as a tree of nodes that know where they stand. Lines and columns count from 0 here, and
from 1 in every `Mark`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from sys import intern

from reconciler.errors import Mark

Path = tuple[str | int, ...]


class Scalar:
    """One value: the text as written; `plain` tells that it was not quoted."""

    __slots__ = ("column", "line", "plain", "text")
    size = 1
    height = 0

    def __init__(self, text: str, plain: bool, line: int, column: int) -> None:
        self.text = text
        self.plain = plain
        self.line = line
        self.column = column


class Items:
    """A list. `size` counts its nodes with aliases expanded, `height` the levels below it."""

    __slots__ = ("column", "height", "items", "line", "size")

    def __init__(self, line: int, column: int) -> None:
        self.items: list[Node] = []
        self.line = line
        self.column = column
        self.size = 1
        self.height = 0


class Pairs:
    """A mapping, in the order written; `keys` holds where each key stands."""

    __slots__ = ("column", "height", "key", "keys", "line", "pairs", "size")

    def __init__(self, line: int, column: int) -> None:
        self.pairs: dict[str, Node] = {}
        self.keys: dict[str, Scalar] = {}
        self.key: Scalar | None = None
        self.line = line
        self.column = column
        self.size = 1
        self.height = 0


Node = Scalar | Items | Pairs


def mark_of(node: Node, file: str) -> Mark:
    """Where a node stands, for people."""
    return Mark(file, node.line + 1, node.column + 1)


def node_at(root: Node, path: Path) -> Node:
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


def without(node: Node, paths: frozenset[Path], at: Path = ()) -> Node:
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


# Manifests are much alike: what is equal in thousands of them is kept once.


@lru_cache(maxsize=16384)
def _place(line: int, column: int) -> tuple[int, int]:
    return (line, column)


@lru_cache(maxsize=1024)
def _item(key: str, index: int) -> str:
    return f"{key}[{index}]"


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
                self._places[intern(key)] = _place(value.line, value.column)
                if isinstance(value, Items):
                    for index, item in enumerate(value.items):
                        self._places[_item(key, index)] = _place(item.line, item.column)

    def __getitem__(self, key: str) -> Mark:
        line, column = self._places[key]
        return Mark(self._file, line + 1, column + 1)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
