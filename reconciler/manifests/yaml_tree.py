"""YAML as one tree whose nodes know where they are written: a composer of our own on PyYAML's C parser.

It works on the parser's events with a stack of its own, so that nesting, aliases and sheer number of nodes
are limited while reading, and nothing is resolved: a scalar stays the text that was written until a schema
says what is wanted there (`manifests.schema`). Decision record 0004 gives the reasons. The same tree says
where to change a file (`manifests.edit`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import Any, NoReturn, Self

import yaml

from reconciler.errors import Complaint, Location
from reconciler.language import msg
from reconciler.manifests.complaints import Complaints, quote

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 32
_TOO_DEEP = msg("nested more than {limit} levels deep", limit=MAX_DEPTH)
MAX_NODES = 250_000

Path = tuple[str | int, ...]
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # PyYAML may lack its C extension
_SCALAR, _ALIAS = yaml.ScalarEvent, yaml.AliasEvent
_MAPPING, _SEQUENCE = yaml.MappingStartEvent, yaml.SequenceStartEvent
_TEXT_TAGS = frozenset({"!", "tag:yaml.org,2002:str"})
_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")  # the parser in Python lets escapes of them pass
_TAG_DIRECTIVE = re.compile(r"^%TAG\b", re.MULTILINE)

_QUOTE_IT = msg('text with `: `, ` #` or one of @ ` % & * ! | > { } [ ] , at its beginning wants quotes: "…"')
_ALIGN = msg("keys of one mapping begin in one column, and deeper ones two spaces further in")
_BAD_ESCAPE = (
    msg("an escape in quoted text that stands for no character"),
    msg("write the character itself"),
)
_TOO_FAR = (
    msg("this key is further in than the line above, which has a value already"),
    msg("begin it in the column of the key above"),
)
_COLON = (msg("a `:` cannot stand here"), _QUOTE_IT)
_SYNTAX = {
    "mapping values are not allowed in this context": _COLON,
    "mapping values are not allowed here": _COLON,
    "found character that cannot start any token": (msg("text cannot begin with this character"), _QUOTE_IT),
    "did not find expected key": (msg("this does not line up with what stands above"), _ALIGN),
    "did not find expected '-' indicator": (msg("this does not line up with the list above"), _ALIGN),
    "could not find expected ':'": (
        msg("a key without `:`"),
        msg("write `key: value`; a text of several lines is indented"),
    ),
    "did not find expected ',' or ']'": (
        msg("a list without its end"),
        msg("close `[` with `]`, with `,` between items"),
    ),
    "did not find expected ',' or '}'": (
        msg("a mapping without its end"),
        msg("close `{begin}` with `{end}`, with `,` between keys", begin="{", end="}"),
    ),
    "found unexpected end of stream": (
        msg("a quote is not closed"),
        msg("end the text with the quote it begins with"),
    ),
    "found undefined tag handle": (msg("tags are not supported"), _QUOTE_IT),
    "did not find expected <document start>": (
        msg("something stands here that belongs to no document"),
        msg("begin another document with a line `---`"),
    ),
    "block sequence entries are not allowed in this context": (msg("a list item cannot stand here"), _ALIGN),
    "did not find expected alphabetic or numeric character": (
        msg("a name is missing after `&` or `*`"),
        _QUOTE_IT,
    ),
    "found invalid Unicode character escape code": _BAD_ESCAPE,
    "found unknown escape character": (
        msg("an unknown escape in quoted text"),
        msg("double a backslash, or use single quotes"),
    ),
}
"""PyYAML's words for a mistake, and ours for people who have never read YAML's specification: what is wrong,
and the mend."""
_ITS_OWN = (
    msg("did not find expected node content"),
    msg("did not find expected comment or line break"),
    msg("found unexpected document indicator"),
    msg("found unexpected ':'"),
)
"""More of its words, which are said as they are; others, for directives and the like, in English alone."""


# --- the tree ---------------------------------------------------------------------------------------------


class ScalarNode:
    """One value: the text as it is read; `plain` tells that it has no quotes.

    Of every node, `start` and `end` are PyYAML's marks, whose `index`, `line` and `column` count characters
    from 0; an anchor and a tag stand between them. `alias` is the name under which a value is used once more.
    """

    __slots__ = ("alias", "anchor", "end", "plain", "start", "text")
    size = 1
    height = 0

    def __init__(self, text: str, plain: bool, start: yaml.Mark, end: yaml.Mark, anchor: str | None) -> None:
        self.text = text
        self.plain = plain
        self.start = start
        self.end = end
        self.anchor = anchor
        self.alias: str | None = None

    def copy(self) -> ScalarNode:
        """Return a node of the same value."""
        return ScalarNode(self.text, self.plain, self.start, self.end, self.anchor)


class _Branch:
    """What lists and mappings have in common. `size` counts the nodes with aliases expanded, `height` the
    levels below; `flow` tells of brackets, `tagged` that a tag is written before them. Without brackets the
    parser notices the end at what comes next, so `end` may lie lines further down."""

    __slots__ = ("alias", "anchor", "end", "flow", "height", "size", "start", "tagged")

    def __init__(self, event: Any) -> None:
        self.start: yaml.Mark = event.start_mark
        self.end: yaml.Mark = event.end_mark
        self.anchor: str | None = event.anchor
        self.alias: str | None = None
        self.flow: bool = event.flow_style
        self.tagged: bool = event.tag is not None
        self.size = 1
        self.height = 0

    def copy(self) -> Self:
        """Return a node of the same value, which shares what is below it."""
        return copy(self)


class SequenceNode(_Branch):
    """A list."""

    __slots__ = ("items",)

    def __init__(self, event: Any) -> None:
        _Branch.__init__(self, event)
        self.items: list[Node] = []


class MappingNode(_Branch):
    """A mapping, in the order written; `keys` has the keys as nodes."""

    __slots__ = ("key", "keys", "pairs")

    def __init__(self, event: Any) -> None:
        _Branch.__init__(self, event)
        self.pairs: dict[str, Node] = {}
        self.keys: dict[str, ScalarNode] = {}
        self.key: ScalarNode | None = None  # while it is read: the key whose value comes next


Node = ScalarNode | SequenceNode | MappingNode


@dataclass(frozen=True, slots=True)
class Documents:
    """A file's documents that are not empty. `whole` is false when reading had to stop early."""

    nodes: tuple[Node, ...]
    complaints: tuple[Complaint, ...]
    whole: bool


def location_of(node: Node, file: str) -> Location:
    """Return where a node stands, for people."""
    return Location(file, node.start.line + 1, node.start.column + 1)


def node_at(root: Node, path: Path) -> Node:
    """Return the node under a path of keys and indices, or the deepest one there is."""
    node = root
    for step in path:
        if isinstance(node, MappingNode) and isinstance(step, str) and step in node.pairs:
            node = node.pairs[step]
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            break
    return node


def without(node: Node, paths: frozenset[Path], at: Path = ()) -> Node:
    """Return a copy of a tree without what stands at some paths, so that its lists match a pruned value's."""
    if isinstance(node, ScalarNode):
        return node
    pruned = node.copy()
    if isinstance(pruned, SequenceNode):
        pruned.items = [
            without(item, paths, (*at, index))
            for index, item in enumerate(pruned.items)
            if (*at, index) not in paths
        ]
    else:
        pruned.pairs = {
            key: without(value, paths, (*at, key))
            for key, value in pruned.pairs.items()
            if (*at, key) not in paths
        }
    return pruned


# Manifests are much alike: what is equal in thousands of them is kept once.


@lru_cache(maxsize=16384)
def _place(line: int, column: int) -> tuple[int, int]:
    return (line, column)


@lru_cache(maxsize=1024)
def _item(key: str, index: int) -> str:
    return f"{key}[{index}]"


class Locations(Mapping[str, Location]):
    """Where the values of a document's keys stand, list items as `admins[0]`, and keys of a mapping as
    `permissions.edit_info`.

    Ten thousand manifests are kept at once and hardly any place is asked for, so a `Location` is made only
    then.
    """

    __slots__ = ("_file", "_places")

    def __init__(self, root: Node, file: str) -> None:
        self._file = file
        self._places: dict[str, tuple[int, int]] = {}
        if isinstance(root, MappingNode):
            for key, value in root.pairs.items():
                self._places[intern(key)] = _place(value.start.line, value.start.column)
                if isinstance(value, SequenceNode):
                    for index, item in enumerate(value.items):
                        self._places[_item(key, index)] = _place(item.start.line, item.start.column)
                elif isinstance(value, MappingNode):
                    for name, below in value.pairs.items():
                        self._places[intern(f"{key}.{name}")] = _place(below.start.line, below.start.column)

    def __getitem__(self, key: str) -> Location:
        line, column = self._places[key]
        return Location(self._file, line + 1, column + 1)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


# --- reading ----------------------------------------------------------------------------------------------


class _Stop(Exception):
    """Reading this file any further makes no sense."""


def parse(data: bytes, file: str) -> Documents:
    """Return the documents of a YAML file, and what is wrong with it as YAML."""
    composer = _Composer(file)
    nodes: list[Node] = []
    whole = False
    try:
        text = composer.decoded(data)
        nodes.extend(node for node in composer.documents(text) if not _is_empty(node))
        whole = True
    except _Stop:
        pass
    except yaml.MarkedYAMLError as error:
        composer.complaints.extend([_syntax_complaint(error, text, file)])
    except yaml.YAMLError:
        composer.complaints.add(Location(file), msg("this is not YAML"), rule="yaml-syntax")
    return Documents(tuple(nodes), tuple(composer.complaints), whole)


def _is_empty(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.plain and node.text in {"", "~", "null"}


class _Composer:
    """Builds trees from events; remembers what it complained of."""

    def __init__(self, file: str) -> None:
        self.complaints = Complaints()
        self._file = file
        self._count = 0

    def decoded(self, data: bytes) -> str:
        """Return the text of a file without its byte order mark, or stop at what cannot be YAML."""
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = data[: error.start]
            line, column = before.count(b"\n"), len(before) - before.rfind(b"\n") - 1
            self._stop(
                line,
                column,
                msg("this is not UTF-8 text"),
                msg("save the file as UTF-8"),
                rule="yaml-encoding",
            )
        if match := _UNREADABLE.search(text):
            message = msg("a control character (U+{ord:04X}) cannot stand in YAML", ord=ord(match[0]))
            self._stop(
                *_line_and_column(text, match.start()), message, msg("remove it"), rule="yaml-encoding"
            )
        if match := _TAG_DIRECTIVE.search(text):
            place = _line_and_column(text, match.start())
            self._stop(*place, msg("tags are not supported"), msg("remove the %TAG line"), rule="yaml-tag")
        return text

    def documents(self, text: str) -> Iterator[Node]:
        """Yield the root of each document, empty ones included."""
        parser = _Parser(text)
        next_event = parser.get_event
        while (event := next_event()) is not None:
            if isinstance(event, yaml.DocumentStartEvent):
                yield self._document(next_event)

    def _document(self, next_event: Callable[[], Any]) -> Node:
        """Return one document, event by event. This is the loop in which reading spends its time."""
        stack: list[SequenceNode | MappingNode] = []
        parent: SequenceNode | MappingNode | None = None
        anchors: dict[str, Node] = {}
        node: Node
        while True:
            event = next_event()
            kind = event.__class__
            if kind is _SCALAR:
                anchor, text = event.anchor, event.value
                node = ScalarNode(text, event.implicit[0], event.start_mark, event.end_mark, anchor)
                if event.tag is not None:
                    self._check_tag(event)
                if anchor is not None:
                    anchors[anchor] = node
                if not text.isascii() and _SURROGATE.search(text):
                    self._stop_at(event, *_BAD_ESCAPE, rule="yaml-syntax")
                self._count += 1
            elif kind is _MAPPING or kind is _SEQUENCE:
                if event.tag is not None:
                    self._check_tag(event)
                parent = MappingNode(event) if kind is _MAPPING else SequenceNode(event)
                stack.append(parent)
                if len(stack) > MAX_DEPTH:
                    self._too_deep(event)
                self._count += 1
                continue
            elif kind is _ALIAS:
                node = self._alias(event, anchors, stack)
                if len(stack) + node.height > MAX_DEPTH:
                    self._too_deep(event)
                self._count += node.size
            else:  # the end of a list or a mapping
                node = stack.pop()
                node.end = event.end_mark
                if node.anchor is not None:
                    anchors[node.anchor] = node
                parent = stack[-1] if stack else None
            if self._count > MAX_NODES:
                self._too_many(event)
            if parent is None:
                return node
            if isinstance(parent, SequenceNode):
                parent.items.append(node)
            elif parent.key is None:
                parent.key = self._key(node, event)
                continue
            else:
                self._put(parent, parent.key, node)
            parent.size += node.size
            if node.height >= parent.height:
                parent.height = node.height + 1

    def _put(self, parent: MappingNode, key: ScalarNode, node: Node) -> None:
        """Put a value under the key that came before it, unless that key should not be there."""
        parent.key = None
        if key.text in parent.keys:
            first = msg("first on line {line}; keep one of them", line=parent.keys[key.text].start.line + 1)
            self._complain_at(
                key, msg("{key} is given twice", key=quote(key.text)), first, rule="duplicate-key"
            )
        elif key.text == "<<" and key.plain:
            hint = msg("write the keys out, or give groups a `kind` in common")
            self._complain_at(key, msg("merge keys (`<<`) are not supported"), hint, rule="yaml-merge")
        else:
            parent.keys[key.text] = key
            parent.pairs[key.text] = node

    def _key(self, node: Node, event: Any) -> ScalarNode:
        if not isinstance(node, ScalarNode):
            self._stop_at(
                event, msg("a key must be text"), msg("lists and mappings are no keys"), rule="yaml-key"
            )
        return node

    def _alias(
        self, event: Any, anchors: Mapping[str, Node], stack: list[SequenceNode | MappingNode]
    ) -> Node:
        """Return the value that an alias stands for, as it is written here."""
        name = event.anchor
        if any(around.anchor == name for around in stack):
            message = msg("the alias {alias} stands inside itself", alias=quote("*" + name))
            self._stop_at(event, message, rule="yaml-alias")
        if name not in anchors:
            self._stop_at(
                event,
                msg("there is no anchor for the alias {alias} above it", alias=quote("*" + name)),
                msg(
                    "write {anchor} before the value that it stands for, or quote the text",
                    anchor=quote("&" + name),
                ),
                rule="yaml-alias",
            )
        node = anchors[name].copy()
        node.start, node.end, node.anchor, node.alias = event.start_mark, event.end_mark, None, name
        return node

    def _check_tag(self, event: Any) -> None:
        if event.tag not in _TEXT_TAGS:
            short = event.tag.replace("tag:yaml.org,2002:", "!!")
            hint = msg("remove it; values are what the schema says")
            self._stop_at(
                event, msg("the tag {tag} is not supported", tag=quote(short)), hint, rule="yaml-tag"
            )

    def _too_deep(self, event: Any) -> NoReturn:
        self._stop_at(event, _TOO_DEEP, rule="yaml-depth")

    def _too_many(self, event: Any) -> NoReturn:
        message = msg("this file has more than {limit} values, with aliases written out", limit=MAX_NODES)
        hint = msg("split it, or write what aliases multiply by hand")
        self._stop_at(event, message, hint, rule="yaml-size")

    def _stop_at(self, event: Any, message: str, hint: str = "", *, rule: str) -> NoReturn:
        start = event.start_mark
        self._stop(start.line, start.column, message, hint, rule=rule)

    def _stop(self, line: int, column: int, message: str, hint: str = "", *, rule: str) -> NoReturn:
        self.complaints.add(Location(self._file, line + 1, column + 1), message, hint, rule)
        raise _Stop

    def _complain_at(self, key: ScalarNode, message: str, hint: str, *, rule: str) -> None:
        self.complaints.add(location_of(key, self._file), message, hint, rule)
        if self.complaints.full(self._file):
            raise _Stop


def _line_and_column(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index), index - text.rfind("\n", 0, index) - 1


def _syntax_complaint(error: yaml.MarkedYAMLError, text: str, file: str) -> Complaint:
    """Return the one complaint about a file that is not YAML, where the parser stopped. Nothing of it is
    quoted."""
    place = error.problem_mark or error.context_mark
    line, column = (place.line, place.column) if place is not None else (0, 0)
    problem = error.problem or msg("this is not YAML")
    if (
        problem == "exceeded maximum nesting depth"
    ):  # libyaml's own limit, 1000, which newer ones meet before us
        return Complaint(Location(file, line + 1, column + 1), _TOO_DEEP, rule="yaml-depth")
    if _tab_at(text, line, column):
        message, hint = msg("a tab cannot indent YAML"), msg("use spaces")
    elif _SYNTAX.get(problem) is _COLON and (indent := _further_in(text, line, column)):
        column, (message, hint) = indent, _TOO_FAR
    else:
        message, hint = _SYNTAX.get(problem, (msg("this is not YAML: {problem}", problem=msg(problem)), ""))
    return Complaint(Location(file, line + 1, column + 1), message, hint, "yaml-syntax")


def _tab_at(text: str, line: int, column: int) -> bool:
    """Return whether the parser stopped at a tab, or in a line that is indented with one."""
    lines = text.split("\n", line + 1)
    if line >= len(lines):
        return False
    here = lines[line]
    indent = here[: len(here) - len(here.lstrip())]
    return "\t" in indent or here[column : column + 1] == "\t"


def _further_in(text: str, line: int, column: int) -> int:
    """Return the indentation of a line whose first `:` stopped the parser, because the line goes on with the
    text above; 0 for any other."""
    lines = text.split("\n", line + 1)[: line + 1]
    here = lines.pop()
    above = next((each for each in reversed(lines) if each.strip()), here)
    indent = len(here) - len(here.lstrip())
    goes_on = indent > len(above) - len(above.lstrip()) and ": " not in here[:column]
    return indent if goes_on else 0
