"""Changing values in a YAML file that somebody wrote: the fewest characters, and every other one stays.

Each edit takes the text and returns the text; nodes are found anew for the next. Comments, order, quotes,
blank lines, line ends and anchors of everything else stay as they were written. A decision record says why
no round-trip library does this. Whoever edits reads the result again and compares (`manifests.rewrite`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.errors import ReconcilerError
from reconciler.manifests.spans import Place, documents
from reconciler.manifests.write import flow_text, scalar_text

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_SINGLE = re.compile("[\x20-\x7e\xa1-\xac\xae-\u0600]*")


class EditError(ReconcilerError):
    """A file is written in a way that cannot be changed here without touching more than is meant."""


def set_text(text: str, document: int, key: str, value: str | None, before: Sequence[str]) -> str:
    """With a text or null as the value of a key, quoted as it was where that is possible.

    A key that is not there is put below the last of the keys `before`, else above all.
    """
    root = _mapping(text, document)
    place = root.get(key)
    if place is None:
        written = "null" if value is None else scalar_text(value)
        return _insert_key(text, root, f"{key}: {written}", before)
    text, place = _release(text, document, (key,), place)
    written = _like(place, value)
    if place.end == place.body and not place.anchor:  # nothing is written behind the colon
        return _replaced(text, place.body, place.body, f" {written}")
    return _replaced(text, place.body if place.kind == "scalar" else place.start, place.end, written)


def set_list(text: str, document: int, key: str, values: Sequence[str], before: Sequence[str]) -> str:
    """With a list of texts as the value of a key: entries that go are cut out, new ones put at the end.

    Entries that stay keep their place; their order is that of the file. Raises `EditError`.
    """
    root = _mapping(text, document)
    place = root.get(key)
    if place is None:
        return _insert_key(text, root, f"{key}: {flow_text(list(values))}", before)
    text, place = _release(text, document, (key,), place)
    if place.kind != "items":
        written = flow_text(list(values))
        if place.end == place.body and not place.anchor:
            return _replaced(text, place.body, place.body, f" {written}")
        return _replaced(text, place.body if place.kind == "scalar" else place.start, place.end, written)
    kept = _texts(text, document, key)
    for value in values:
        if value not in kept:
            text = _append(text, _at(text, document, (key,)), scalar_text(value))
    wanted = set(values)
    while True:
        written_now = _texts(text, document, key)
        gone = next((i for i, value in enumerate(written_now) if value not in wanted), None)
        if gone is None:
            return text
        item = _at(text, document, (key, gone))
        text, _ = _release(text, document, (key, gone), item)
        text = _cut(text, _mapping(text, document), key, gone)


def add_pairs(text: str, section: str, pairs: Sequence[tuple[str, str]]) -> str:
    """With pairs of texts at the end of a top-level mapping of a file that holds one document, or none yet.

    Raises `EditError` where that section is written with an alias.
    """
    found = documents(text)
    roots = [index for index, root in enumerate(found) if root.kind == "pairs" and root.keys]
    lines = [f"{scalar_text(key)}: {scalar_text(value)}" for key, value in pairs]
    if not roots:
        if any(root.kind != "scalar" or root.text for root in found):
            raise EditError("it holds something else than sections")
        new = [f"{section}:", *(f"  {line}" for line in lines)]
        return _at_end(text, new)
    root = found[roots[0]]
    place = root.get(section)
    if place is None:
        if root.flow:
            return _insert_key(text, root, f"{section}: {{{', '.join(lines)}}}", ())
        indent = " " * root.keys[0].column
        return _below(text, root.end, [f"{indent}{section}:", *(f"{indent}  {line}" for line in lines)])
    if place.kind != "pairs":
        raise EditError(f"`{section}` is not written out here", "write it without an alias")
    if place.flow:
        if not place.values:
            return _replaced(text, place.body + 1, place.body + 1, ", ".join(lines))
        return _replaced(text, place.values[-1].end, place.values[-1].end, "".join(f", {x}" for x in lines))
    indent = " " * place.keys[0].column
    return _below(text, place.end, [f"{indent}{line}" for line in lines])


# --- finding ----------------------------------------------------------------------------------------------


def _mapping(text: str, document: int) -> Place:
    root = documents(text)[document]
    if root.kind != "pairs":
        raise EditError("the document is no mapping")
    return root


def _at(text: str, document: int, path: tuple[str | int, ...]) -> Place:
    place = documents(text)[document]
    for step in path:
        found = place.get(step) if isinstance(step, str) else place.values[step]
        if found is None:
            raise EditError(f"`{step}` is not there any more")
        place = found
    return place


def _texts(text: str, document: int, key: str) -> list[str]:
    """The entries of a list as they are read, aliases included."""
    root = documents(text)[document]
    anchors: dict[str, str] = {}
    for place in root.walk():
        if place.anchor and place.kind == "scalar":
            anchors[place.anchor] = place.text
    found = root.get(key)
    items = found.values if found is not None else []
    return [anchors.get(item.anchor or "", "") if item.kind == "alias" else item.text for item in items]


def _release(text: str, document: int, path: tuple[str | int, ...], place: Place) -> tuple[str, Place]:
    """Hand the anchors in a value that is about to change to the aliases that mean it elsewhere, so that
    those keep what they say."""
    root = documents(text)[document]
    for inner in list(place.walk()):
        if inner.kind == "alias" or inner.anchor is None:
            continue
        users = [
            other
            for other in root.walk()
            if other.kind == "alias"
            and other.anchor == inner.anchor
            and not place.start <= other.start < place.end
        ]
        if not users:
            continue
        written = text[inner.start : inner.end]
        if _BREAK.search(written) or inner.kind == "pairs":
            raise EditError(
                f"the anchor `&{inner.anchor}` stands on what would change, and an alias means it on line "
                f"{users[0].line + 1}",
                "write the value out there",
            )
        text = _replaced(text, users[0].start, users[0].end, written)
        text = _replaced(text, inner.start, inner.body, "")
        return _release(text, document, path, _at(text, document, path))
    return text, place


# --- writing ----------------------------------------------------------------------------------------------


def _like(place: Place, value: str | None) -> str:
    """A text written in the way in which the old one was, where that says the same."""
    if value is None:
        return "null"
    if place.kind == "scalar" and place.style == "'" and _SINGLE.fullmatch(value):
        return "'" + value.replace("'", "''") + "'"
    if place.kind == "scalar" and place.style == '"':
        return scalar_text(value, quoted=True)
    return scalar_text(value)


def _replaced(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def _line_start(text: str, at: int) -> int:
    last = 0
    for match in _BREAK.finditer(text, 0, at):
        last = match.end()
    return last


def _line_end(text: str, at: int) -> tuple[int, int]:
    """Where the line ends, without and with its line break."""
    match = _BREAK.search(text, at)
    return (match.start(), match.end()) if match else (len(text), len(text))


def _newline(text: str) -> str:
    match = _BREAK.search(text)
    return match[0] if match and match[0] in ("\r\n", "\r") else "\n"


def _below(text: str, end: int, lines: Sequence[str]) -> str:
    """With whole lines below the one in which a value ends."""
    newline = _newline(text)
    stop, after = _line_end(text, end)
    if stop == after:  # the file's last line, without a break at its end
        return text + "".join(f"{newline}{line}" for line in lines)
    return text[:after] + "".join(f"{line}{newline}" for line in lines) + text[after:]


def _at_end(text: str, lines: Sequence[str]) -> str:
    newline = _newline(text)
    gap = newline if text and not _BREAK.search(text[-1]) else ""
    return text + gap + "".join(f"{line}{newline}" for line in lines)


def _insert_key(text: str, root: Place, line: str, before: Sequence[str]) -> str:
    """With a new key below the last one of `before` that is there."""
    last = next((value for key, value in reversed(list(root.pairs())) if key.text in before), None)
    if root.flow:
        end = (last or root.values[-1]).end
        return _replaced(text, end, end, f", {line}")
    indent = " " * root.keys[0].column
    if last is not None:
        return _below(text, last.end, [indent + line])
    start = _line_start(text, root.keys[0].start)
    if text[start : root.keys[0].start].strip():
        raise EditError("its first key does not begin a line")
    return _replaced(text, start, start, f"{indent}{line}{_newline(text)}")


def _append(text: str, place: Place, written: str) -> str:
    """With one more entry at the end of a list."""
    if not place.flow:
        last = place.values[-1]
        start = _line_start(text, last.start)
        lead = text[start : last.start]
        if not re.fullmatch(r"[ ]*-[ \t]+", lead):
            raise EditError("the last entry of the list does not begin a line of its own")
        return _below(text, last.end, [lead + written])
    if not place.values:
        return _replaced(text, place.body + 1, place.body + 1, written)
    last = place.values[-1]
    start = _line_start(text, last.start)
    if text[start : last.start].strip() or not _BREAK.search(text, last.end, place.end):
        return _replaced(text, last.end, last.end, f", {written}")
    comma = re.match(r"\s*,", text[last.end : place.end])
    indent = text[start : last.start]
    stop, _ = _line_end(text, last.end)
    if comma is None:
        return _below(_replaced(text, last.end, last.end, ","), stop, [indent + written])
    return _below(text, max(stop, last.end + comma.end()), [f"{indent}{written},"])


def _cut(text: str, root: Place, key: str, index: int) -> str:
    """Without one entry of a list; where it was the last, the list is `[]`."""
    place, name = root.get(key), root.key(key)
    if place is None or name is None:
        raise EditError(f"`{key}` is not there any more")
    item = place.values[index]
    start = _line_start(text, item.start)
    stop, after = _line_end(text, item.end)
    lead = text[start : item.start]
    if not place.flow:
        if not re.fullmatch(r"[ ]*-[ \t]+", lead):
            raise EditError("an entry of the list does not begin a line of its own")
        if len(place.values) == 1:
            colon = text.index(":", name.end) + 1
            head = place.start + len(text[place.start : place.body].rstrip()) if place.anchor else colon
            if after == stop:  # its line break would be left behind, where there was none
                start = len(text[:start].rstrip("\r\n"))
            return _replaced(_replaced(text, start, after, ""), head, head, " []")
        if after == stop:
            start = _before_break(text, start)
        return _replaced(text, start, after, "")
    others = [other for other in place.values if other is not item]
    alone = not lead.strip() and not any(
        start <= other.start < stop or start < other.end <= stop for other in others
    )
    if alone and place.end > stop:
        return _replaced(text, start, after, "")
    if index + 1 < len(place.values) and place.values[index + 1].start < stop:
        return _replaced(text, item.start, place.values[index + 1].start, "")
    comma = re.match(r"[ \t]*,[ \t]*", text[item.end : place.end])
    end = item.end + (comma.end() if comma else 0)
    if index and place.values[index - 1].end > start:
        return _replaced(text, place.values[index - 1].end, item.end, "")
    return _replaced(text, item.start, end, "")


def _before_break(text: str, at: int) -> int:
    """The place before the line break that ends at `at`."""
    if text[:at].endswith("\r\n"):
        return at - 2
    return at - 1 if at else 0
