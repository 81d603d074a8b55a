"""Changing values in a YAML file that somebody wrote: the fewest characters, and every other one stays.

Comments, order, quotes, blank lines, line ends and anchors of everything else stay as they were written.
Decision record 0008 says why no round-trip library does this. What comes out is read again and must say what
was meant, else the change is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reconciler.errors import ReconcilerError
from reconciler.language import msg
from reconciler.manifests.convert import flow_text, scalar_text
from reconciler.manifests.documents import valid_documents
from reconciler.manifests.yaml_tree import MappingNode, Node, Path, ScalarNode, SequenceNode, node_at, parse

if TYPE_CHECKING:
    from reconciler.errors import Location

Edited = str | tuple[str, ...] | Mapping[str, object] | None
"""The new value of a key: a text, a list of texts, or null."""

_ORDER = ("name", "subject", "description", "icon", "permissions", "admins", "members")
_BOM = b"\xef\xbb\xbf"
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_SINGLE = re.compile("[\x20-\x7e\xa1-\xac\xae-\u0600]*")
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*(?:\s+|$))*")
_DASH = re.compile(r"[ ]*-[ \t]+")


class EditError(ReconcilerError):
    """A file is written in a way that cannot be changed here without touching more than is meant."""


def rewrite_manifest(data: bytes, location: Location, values: Mapping[str, Edited]) -> bytes:
    """Return a manifest's file with other values in the document at `location`, all else as it was written.

    Raises `EditError` where the file is no longer what was read, where it is written in a way that cannot be
    changed here, and where the result says anything but what was meant.
    """
    before = valid_documents("group", data)
    here = (location.line - 1, location.column - 1)
    which = next((i for i, (node, _) in enumerate(before or ()) if _line_and_column(node) == here), None)
    if before is None or which is None:
        raise EditError(msg("it has changed since it was read"), msg("run the command again"))
    file = _File(data, which)
    meant = [dict(document) for _, document in before]
    for key, value in values.items():
        above = _ORDER[: _ORDER.index(key)]
        if isinstance(value, tuple):
            _set_list(file, key, value, above)
            meant[which][key] = list(value)
        elif isinstance(value, Mapping):
            _set_mapping(file, key, value, above)
            meant[which][key] = dict(value)
        else:
            _set_text(file, key, value, above)
            meant[which][key] = value
    _compare(valid_documents("group", file.data), meant, lists=frozenset(values))
    return file.data


def add_contacts(data: bytes, people: Sequence[tuple[str, str]]) -> bytes:
    """Return the file of contacts with people (alias, number) at the end of `people`, all else as it was
    written.

    Raises `EditError` as `rewrite_manifest` does.
    """
    before = valid_documents("contacts", data)
    if before is None or len(before) > 1:
        raise EditError(msg("it has changed since it was read"), msg("run the command again"))
    file = _File(data)
    _add_pairs(file, "people", people)
    meant = dict(before[0][1]) if before else {}
    meant["people"] = {**meant.get("people", {}), **dict(people)}
    _compare(valid_documents("contacts", file.data), [meant])
    return file.data


def _line_and_column(node: Node) -> tuple[int, int]:
    return node.start.line, node.start.column


def _compare(
    found: list[tuple[Node, dict[str, Any]]] | None,
    meant: list[dict[str, Any]],
    lists: frozenset[str] = frozenset(),
) -> None:
    """Raise `EditError` unless all documents say what was meant. In changed lists the order is free."""

    def unordered(document: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: set(value) if key in lists and isinstance(value, list) else value
            for key, value in document.items()
        }

    if found is None or [unordered(document) for _, document in found] != list(map(unordered, meant)):
        raise EditError(msg("it is written in a way that cannot be changed here"), msg("change it by hand"))


class _File:
    """A file that is being changed: its text, and one of its documents as a tree, read anew after a
    change."""

    def __init__(self, data: bytes, document: int = 0) -> None:
        self._head = _BOM if data.startswith(_BOM) else b""
        try:
            self.text = data[len(self._head) :].decode("utf-8")
        except UnicodeDecodeError:
            raise EditError(msg("it is no UTF-8 text any more"), msg("run the command again")) from None
        self._document = document
        self._nodes: tuple[Node, ...] | None = None

    @property
    def data(self) -> bytes:
        return self._head + self.text.encode()

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The roots of the file's documents."""
        if self._nodes is None:
            read = parse(self.text.encode(), "")
            if read.complaints or not read.whole:
                raise EditError(
                    msg("it is written in a way that cannot be changed here"), msg("change it by hand")
                )
            self._nodes = read.nodes
        return self._nodes

    @property
    def root(self) -> MappingNode:
        root = self.nodes[self._document]
        if not isinstance(root, MappingNode):
            raise EditError(msg("the document is no mapping"))
        return root

    def replace(self, start: int, end: int, new: str) -> None:
        self.text = self.text[:start] + new + self.text[end:]
        self._nodes = None

    def body(self, node: Node) -> int:
        """Return where a value begins behind its anchor and tag."""
        start = node.start.index
        if node.alias is not None or not (isinstance(node, ScalarNode) or node.anchor or node.tagged):
            return start
        match = _PROPERTIES.match(self.text, start)
        end = match.end() if match else start
        return min(end, node.end.index) if isinstance(node, ScalarNode) else end

    def style(self, node: Node) -> str:
        """Return how a text is written: `'`, `"`, `|` or `>`; nothing where it is plain, or an alias."""
        if not isinstance(node, ScalarNode) or node.plain or node.alias is not None:
            return ""
        first = self.text[self.body(node)]
        return first if first in "'\"|>" else ""

    def end(self, node: Node) -> int:
        """Return where the last character of a value ends, without the line break behind a block."""
        if node.alias is not None:
            return node.end.index
        if isinstance(node, ScalarNode):
            start, end = node.start.index, node.end.index
            is_block = self.style(node) in ("|", ">")
            return start + len(self.text[start:end].rstrip()) if is_block else end
        if node.flow:
            return node.end.index
        last = node.items[-1] if isinstance(node, SequenceNode) else list(node.pairs.values())[-1]
        return max(self.body(node), self.end(last))

    def release(self, path: Path) -> Node:
        """Hand the anchors in a value that is about to change to the aliases that mean it elsewhere, so that
        those keep what they say. Returns the value's node."""
        while True:
            node = node_at(self.root, path)
            moves = next(self._meant_elsewhere(node), None)
            if moves is None:
                return node
            anchored, alias = moves
            start, body, end = anchored.start.index, self.body(anchored), self.end(anchored)
            written = self.text[start:end]
            if _BREAK.search(written) or isinstance(anchored, MappingNode):
                raise EditError(
                    msg(
                        "the anchor `&{anchor}` stands on what would change, and an alias means it on "
                        "line {line}",
                        anchor=anchored.anchor,
                        line=alias.start.line + 1,
                    ),
                    msg("write the value out there"),
                )
            self.replace(alias.start.index, alias.end.index, written)
            self.replace(start, body, "")

    def _meant_elsewhere(self, node: Node) -> Iterator[tuple[Node, Node]]:
        """Yield the anchored nodes in a value, each with the first alias outside of it that means it."""
        start, end = node.start.index, self.end(node)
        for anchored in _written(node):
            for other in _written(self.root) if anchored.anchor is not None else ():
                if other.alias == anchored.anchor and not start <= other.start.index < end:
                    yield anchored, other
                    break

    def line_start(self, at: int) -> int:
        last = 0
        for match in _BREAK.finditer(self.text, 0, at):
            last = match.end()
        return last

    def line_end(self, at: int) -> tuple[int, int]:
        """Return where the line ends, without and with its line break."""
        match = _BREAK.search(self.text, at)
        return (match.start(), match.end()) if match else (len(self.text), len(self.text))

    @property
    def newline(self) -> str:
        match = _BREAK.search(self.text)
        return match[0] if match and match[0] in ("\r\n", "\r") else "\n"

    def insert_below(self, end: int, lines: Sequence[str]) -> None:
        """Insert whole lines below the one in which a value ends."""
        newline = self.newline
        stop, after = self.line_end(end)
        if stop == after:  # the file's last line, without a break at its end
            self.replace(stop, stop, "".join(f"{newline}{line}" for line in lines))
        else:
            self.replace(after, after, "".join(f"{line}{newline}" for line in lines))

    def append(self, lines: Sequence[str]) -> None:
        newline = self.newline
        gap = newline if self.text and not _BREAK.search(self.text[-1]) else ""
        at = len(self.text)
        self.replace(at, at, gap + "".join(f"{line}{newline}" for line in lines))


def _written(node: Node) -> Iterator[Node]:
    """Yield a node and all that is written below it, in that order; what an alias means is written
    elsewhere."""
    yield node
    if node.alias is not None or isinstance(node, ScalarNode):
        return
    if isinstance(node, SequenceNode):
        for item in node.items:
            yield from _written(item)
    else:
        for key, value in node.pairs.items():
            yield node.keys[key]
            yield from _written(value)


# --- values -----------------------------------------------------------------------------------------------


def _set_text(file: _File, key: str, value: str | None, before: Sequence[str]) -> None:
    """Make a text or null the value of a key, quoted as it was where that is possible.

    A key that is not there is put below the last of the keys `before`, else above all.
    """
    if key not in file.root.pairs:
        _insert_key(file, file.root, f"{key}: {'null' if value is None else scalar_text(value)}", before)
        return
    node = file.release((key,))
    _put(file, node, _like(file.style(node), value))


def _set_mapping(file: _File, key: str, values: Mapping[str, object], before: Sequence[str]) -> None:
    """Make a mapping of texts and truth values the value of a key: of one that is there already, only what
    differs is written anew. Raises `EditError`."""
    if key not in file.root.pairs:
        _insert_key(file, file.root, f"{key}: {flow_text(values)}", before)
        return
    node = node_at(file.root, (key,))
    if not isinstance(node, MappingNode) or not node.keys or node.alias is not None:
        _put(file, file.release((key,)), flow_text(values))
        return
    for name, value in values.items():
        node = node_at(file.root, (key,))
        if not isinstance(node, MappingNode):
            raise EditError(msg("`{key}` is no mapping any more", key=key))
        if name not in node.pairs:
            _insert_key(file, node, f"{name}: {flow_text(value)}", tuple(node.pairs))
        elif not _says(node.pairs[name], value):
            old = file.release((key, name))
            _put(file, old, _like(file.style(old), value) if isinstance(value, str) else flow_text(value))


def _says(node: Node, value: object) -> bool:
    """Return whether a text or a truth value is written there already, in whatever way."""
    if not isinstance(node, ScalarNode):
        return False
    return node.text == value if isinstance(value, str) else node.text.lower() == flow_text(value)


def _set_list(file: _File, key: str, values: Sequence[str], before: Sequence[str]) -> None:
    """Make a list of texts the value of a key: entries that go are cut out, new ones put at the end.

    Entries that stay keep their place; their order is that of the file. Raises `EditError`.
    """
    if key not in file.root.pairs:
        _insert_key(file, file.root, f"{key}: {flow_text(list(values))}", before)
        return
    node = file.release((key,))
    if not isinstance(node, SequenceNode) or node.alias is not None:
        _put(file, node, flow_text(list(values)))
        return
    there = set(_texts(node))
    for value in values:
        if value not in there:
            _add_item(file, _sequence(file, key), scalar_text(value))
    wanted = set(values)
    while True:
        texts = _texts(_sequence(file, key))
        gone = next((index for index, text in enumerate(texts) if text not in wanted), None)
        if gone is None:
            return
        file.release((key, gone))
        _cut_item(file, key, gone)


def _add_pairs(file: _File, section: str, pairs: Sequence[tuple[str, str]]) -> None:
    """Put pairs of texts at the end of a top-level mapping of a file that holds one document, or none yet.

    Raises `EditError` where that section is written with an alias.
    """
    lines = [f"{scalar_text(key)}: {scalar_text(value)}" for key, value in pairs]
    if not file.nodes:
        file.append([f"{section}:", *(f"  {line}" for line in lines)])
        return
    root = file.root
    node = root.pairs.get(section)
    if node is None:
        if not root.pairs:
            raise EditError(msg("it holds something else than sections"))
        if root.flow:
            _insert_key(file, file.root, f"{section}: {{{', '.join(lines)}}}", ())
        else:
            indent = _indent(root)
            file.insert_below(
                file.end(root), [f"{indent}{section}:", *(f"{indent}  {line}" for line in lines)]
            )
    elif not isinstance(node, MappingNode) or node.alias is not None:
        raise EditError(
            msg("`{section}` is not written out here", section=section), msg("write it without an alias")
        )
    elif not node.flow:
        file.insert_below(file.end(node), [f"{_indent(node)}{line}" for line in lines])
    elif node.pairs:
        end = file.end(list(node.pairs.values())[-1])
        file.replace(end, end, "".join(f", {line}" for line in lines))
    else:
        start = file.body(node) + 1
        file.replace(start, start, ", ".join(lines))


def _put(file: _File, node: Node, written: str) -> None:
    """Replace what is written of a value, but for the anchor and tag of a scalar."""
    body, end = file.body(node), file.end(node)
    if end == body and node.anchor is None:  # nothing is written behind the colon
        file.replace(body, body, f" {written}")
    else:
        file.replace(body if isinstance(node, ScalarNode) else node.start.index, end, written)


def _like(style: str, value: str | None) -> str:
    """Return a text written in the style of the old one, where that says the same."""
    if value is None:
        return "null"
    if style == "'" and _SINGLE.fullmatch(value):
        return "'" + value.replace("'", "''") + "'"
    return scalar_text(value, quoted=style == '"')


def _indent(node: MappingNode) -> str:
    return " " * next(iter(node.keys.values())).start.column


def _insert_key(file: _File, root: MappingNode, line: str, before: Sequence[str]) -> None:
    """Insert a new key into a mapping, below the last one of `before` that is there."""
    last = next((value for key, value in reversed(root.pairs.items()) if key in before), None)
    if root.flow:
        end = file.end(last or list(root.pairs.values())[-1])
        file.replace(end, end, f", {line}")
    elif last is not None:
        file.insert_below(file.end(last), [_indent(root) + line])
    else:
        first = next(iter(root.keys.values())).start.index
        start = file.line_start(first)
        if file.text[start:first].strip():
            raise EditError(msg("its first key does not begin a line"))
        file.replace(start, start, f"{_indent(root)}{line}{file.newline}")


# --- lists ------------------------------------------------------------------------------------------------


def _sequence(file: _File, key: str) -> SequenceNode:
    node = file.root.pairs.get(key)
    if not isinstance(node, SequenceNode):
        raise EditError(msg("`{key}` is not there any more", key=key))
    return node


def _texts(node: SequenceNode) -> list[str]:
    """Return the entries of a list as they are read."""
    return [item.text if isinstance(item, ScalarNode) else "" for item in node.items]


def _add_item(file: _File, node: SequenceNode, written: str) -> None:
    """Put one more entry at the end of a list."""
    if node.flow and not node.items:
        start = file.body(node) + 1
        file.replace(start, start, written)
        return
    text, last = file.text, node.items[-1]
    begin, end = last.start.index, file.end(last)
    start = file.line_start(begin)
    lead = text[start:begin]
    if not node.flow:
        if not _DASH.fullmatch(lead):
            raise EditError(msg("the last entry of the list does not begin a line of its own"))
        file.insert_below(end, [lead + written])
    elif lead.strip() or not _BREAK.search(text, end, file.end(node)):
        file.replace(end, end, f", {written}")
    else:  # brackets over several lines
        comma = re.match(r"\s*,", text[end : file.end(node)])
        stop, _ = file.line_end(end)
        if comma is None:
            file.replace(end, end, ",")
            file.insert_below(stop, [lead + written])
        else:
            file.insert_below(max(stop, end + comma.end()), [f"{lead}{written},"])


def _cut_item(file: _File, key: str, index: int) -> None:
    """Cut out one entry of a list; where it was the last, the list is `[]`."""
    node = _sequence(file, key)
    if node.flow:
        _cut_from_brackets(file, node, index)
        return
    item = node.items[index]
    start = file.line_start(item.start.index)
    stop, after = file.line_end(file.end(item))
    if not _DASH.fullmatch(file.text[start : item.start.index]):
        raise EditError(msg("an entry of the list does not begin a line of its own"))
    at_the_end = after == stop  # the line break before it would be left behind, where there was none
    if len(node.items) > 1:
        file.replace(_before_break(file.text, start) if at_the_end else start, after, "")
        return
    head = file.text.index(":", file.end(file.root.keys[key])) + 1
    if node.anchor:
        head = node.start.index + len(file.text[node.start.index : file.body(node)].rstrip())
    file.replace(len(file.text[:start].rstrip("\r\n")) if at_the_end else start, after, "")
    file.replace(head, head, " []")


def _cut_from_brackets(file: _File, node: SequenceNode, index: int) -> None:
    text, item = file.text, node.items[index]
    begin, end = item.start.index, file.end(item)
    start = file.line_start(begin)
    stop, after = file.line_end(end)
    alone = not text[start:begin].strip() and not any(
        start <= other.start.index < stop or start < file.end(other) <= stop
        for other in node.items
        if other is not item
    )
    if alone and file.end(node) > stop:
        file.replace(start, after, "")
    elif index + 1 < len(node.items) and node.items[index + 1].start.index < stop:
        file.replace(begin, node.items[index + 1].start.index, "")
    elif index and file.end(node.items[index - 1]) > start:
        file.replace(file.end(node.items[index - 1]), end, "")
    else:
        comma = re.match(r"[ \t]*,[ \t]*", text[end : file.end(node)])
        file.replace(begin, end + (comma.end() if comma else 0), "")


def _before_break(text: str, at: int) -> int:
    """Return the place before the line break that ends at `at`."""
    if text[:at].endswith("\r\n"):
        return at - 2
    return at - 1 if at else 0
