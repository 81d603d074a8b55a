"""YAML as a tree of nodes with their places: a composer of our own on PyYAML's C parser.

It works on the parser's events with a stack of its own, so that nesting, aliases and sheer number of nodes
are limited while reading, and nothing is resolved: a scalar stays the text that was written until a schema
says what is wanted there (`plain.py`). Decision record 0004 gives the reasons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from reconciler.errors import Complaint, Mark
from reconciler.manifests import syntax
from reconciler.manifests.collect import Complaints
from reconciler.manifests.nodes import Items, Node, Pairs, Scalar
from reconciler.manifests.words import quote

try:
    from yaml._yaml import CParser as _Parser
except ImportError:  # PyYAML without its C extension: the same events, about 8 times slower

    class _Parser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):  # type: ignore[no-redef]
        def __init__(self, text: str) -> None:
            yaml.reader.Reader.__init__(self, text)
            yaml.scanner.Scanner.__init__(self)
            yaml.parser.Parser.__init__(self)


MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 250_000
_SCALAR, _ALIAS = yaml.ScalarEvent, yaml.AliasEvent
_PAIRS, _ITEMS = yaml.MappingStartEvent, yaml.SequenceStartEvent
_TEXT_TAGS = frozenset({"!", "tag:yaml.org,2002:str"})
_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")  # the parser in Python lets escapes of them pass
_TAG_DIRECTIVE = re.compile(r"^%TAG\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Documents:
    """A file's documents that are not empty. `whole` is false when reading had to stop early."""

    nodes: tuple[Node, ...]
    complaints: tuple[Complaint, ...]
    whole: bool


class _Stop(Exception):
    """Reading this file any further makes no sense."""


def parse(data: bytes, file: str) -> Documents:
    """The documents of a YAML file, and what is wrong with it as YAML."""
    composer = _Composer(file)
    nodes: list[Node] = []
    whole = False
    try:
        text = _decoded(data, composer)
        nodes.extend(node for node in composer.documents(text) if not _is_empty(node))
        whole = True
    except _Stop:
        pass
    except yaml.MarkedYAMLError as error:
        composer.complaints.extend([syntax.complaint(error, text, file)])
    except yaml.YAMLError:
        composer.complaints.add(Mark(file), "this is not YAML", rule="yaml-syntax")
    return Documents(tuple(nodes), tuple(composer.complaints), whole)


def events(text: str) -> Iterator[Any]:
    """The parser's events of a text that was read before, as PyYAML describes them."""
    parser = _Parser(text)
    while (event := parser.get_event()) is not None:
        yield event


def _decoded(data: bytes, composer: _Composer) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n"), len(before) - before.rfind(b"\n") - 1
        composer.stop(line, column, "this is not UTF-8 text", "save the file as UTF-8", rule="yaml-encoding")
    if match := _UNREADABLE.search(text):
        line, column = _place(text, match.start())
        composer.stop(
            line,
            column,
            f"a control character (U+{ord(match[0]):04X}) cannot stand in YAML",
            "remove it",
            rule="yaml-encoding",
        )
    if match := _TAG_DIRECTIVE.search(text):
        line, column = _place(text, match.start())
        composer.stop(line, column, "tags are not supported", "remove the %TAG line", rule="yaml-tag")
    return text


def _place(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index), index - text.rfind("\n", 0, index) - 1


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.plain and node.text in {"", "~", "null"}


class _Composer:
    """Builds trees from events; remembers what it complained of."""

    def __init__(self, file: str) -> None:
        self.complaints = Complaints()
        self._file = file
        self._count = 0

    def complain(self, line: int, column: int, message: str, hint: str = "", *, rule: str) -> None:
        self.complaints.add(Mark(self._file, line + 1, column + 1), message, hint, rule)
        if self.complaints.full(self._file):
            raise _Stop

    def stop(self, line: int, column: int, message: str, hint: str = "", *, rule: str) -> NoReturn:
        self.complain(line, column, message, hint, rule=rule)
        raise _Stop

    def documents(self, text: str) -> Iterator[Node]:
        """The root of each document, empty ones included."""
        parser = _Parser(text)
        next_event = parser.get_event
        while (event := next_event()) is not None:
            if isinstance(event, yaml.DocumentStartEvent):
                yield self._document(next_event)

    def _document(self, next_event: Any) -> Node:
        """One document, event by event. This is the loop in which reading spends its time."""
        stack: list[Items | Pairs] = []
        parent: Items | Pairs | None = None
        anchors: dict[str, Node] = {}
        open_anchors: list[str | None] = []
        node: Node
        while True:
            event = next_event()
            kind = event.__class__
            if kind is _SCALAR:
                start = event.start_mark
                node = Scalar(event.value, event.implicit[0], start.line, start.column)
                if event.tag is not None:
                    self._check_tag(event.tag, start)
                if event.anchor is not None:
                    anchors[event.anchor] = node
                if not node.text.isascii() and _SURROGATE.search(node.text):
                    self._stop_at(start, *syntax.WORDS[syntax.BAD_ESCAPE], rule="yaml-syntax")
                self._count += 1
            elif kind is _PAIRS or kind is _ITEMS:
                start = event.start_mark
                if event.tag is not None:
                    self._check_tag(event.tag, start)
                parent = (
                    Pairs(start.line, start.column) if kind is _PAIRS else Items(start.line, start.column)
                )
                stack.append(parent)
                open_anchors.append(event.anchor)
                if len(stack) > MAX_DEPTH:
                    self._too_deep(start)
                self._count += 1
                continue
            elif kind is _ALIAS:
                start = event.start_mark
                node = self._alias(event.anchor, start, anchors, open_anchors)
                if len(stack) + node.height > MAX_DEPTH:
                    self._too_deep(start)
                self._count += node.size
            else:  # the end of a list or a mapping
                node = stack.pop()
                anchor = open_anchors.pop()
                if anchor is not None:
                    anchors[anchor] = node
                parent = stack[-1] if stack else None
            if self._count > MAX_NODES:
                self._too_many(event.start_mark)
            if parent is None:
                return node
            if isinstance(parent, Items):
                parent.items.append(node)
            elif parent.key is None:
                parent.key = self._key(node, event.start_mark)
                continue
            else:
                self._put(parent, node)
            parent.size += node.size
            if node.height >= parent.height:
                parent.height = node.height + 1

    def _put(self, parent: Pairs, node: Node) -> None:
        """A value under the key that came before it, unless that key should not be there."""
        key = parent.key
        parent.key = None
        if key is None:  # never so: a value follows a key
            return
        if key.text in parent.keys:
            self.complain(
                key.line,
                key.column,
                f"{quote(key.text)} is given twice",
                f"first on line {parent.keys[key.text].line + 1}; keep one of them",
                rule="duplicate-key",
            )
        elif key.text == "<<" and key.plain:
            self.complain(
                key.line,
                key.column,
                "merge keys (`<<`) are not supported",
                "write the keys out, or give groups a `kind` in common",
                rule="yaml-merge",
            )
        else:
            parent.keys[key.text] = key
            parent.pairs[key.text] = node

    def _key(self, node: Node, start: Any) -> Scalar:
        if not isinstance(node, Scalar):
            self._stop_at(start, "a key must be text", "lists and mappings are no keys", rule="yaml-key")
        return node

    def _alias(self, name: str, start: Any, anchors: dict[str, Node], open_anchors: list[str | None]) -> Node:
        if name in open_anchors:
            self._stop_at(start, f"the alias {quote('*' + name)} stands inside itself", rule="yaml-alias")
        if name not in anchors:
            self._stop_at(
                start,
                f"there is no anchor for the alias {quote('*' + name)} above it",
                f"write {quote('&' + name)} before the value that it stands for, or quote the text",
                rule="yaml-alias",
            )
        node = anchors[name]
        if isinstance(node, Scalar):
            return Scalar(node.text, node.plain, start.line, start.column)
        return node

    def _check_tag(self, tag: str, start: Any) -> None:
        if tag not in _TEXT_TAGS:
            short = tag.replace("tag:yaml.org,2002:", "!!")
            self.stop(
                start.line,
                start.column,
                f"the tag {quote(short)} is not supported",
                "remove it; values are what the schema says",
                rule="yaml-tag",
            )

    def _too_deep(self, start: Any) -> NoReturn:
        self._stop_at(start, f"nested more than {MAX_DEPTH} levels deep", rule="yaml-depth")

    def _too_many(self, start: Any) -> NoReturn:
        self._stop_at(
            start,
            f"this file has more than {MAX_NODES} values, with aliases written out",
            "split it, or write what aliases multiply by hand",
            rule="yaml-size",
        )

    def _stop_at(self, start: Any, message: str, hint: str = "", *, rule: str) -> NoReturn:
        self.stop(start.line, start.column, message, hint, rule=rule)
