"""Files with some values changed, or a refusal: what comes out is read again, and must say what was meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reconciler.manifests import edits, yamlmarks
from reconciler.manifests.edits import EditError
from reconciler.manifests.schema import check
from reconciler.manifests.spans import documents

if TYPE_CHECKING:
    from reconciler.errors import Mark

Value = str | tuple[str, ...] | None
"""A text, a list of texts, or null."""

_ORDER = ("name", "subject", "icon", "admins", "members")
_BOM = b"\xef\xbb\xbf"


def rewrite_manifest(data: bytes, mark: Mark, values: Mapping[str, Value]) -> bytes:
    """A manifest's file with other values in the document at `mark`; everything else as it was written.

    Raises `EditError` where the file is no longer what was read, where it is written in a way that cannot be
    changed here, and where the result says anything but what was meant.
    """
    head, text = _split(data)
    before = _read("group", data)
    places = documents(text) if before is not None else []
    index = _at([(place.line, place.column) for place in places], mark)
    which = _at([(node.line, node.column) for node in yamlmarks.parse(data, "").nodes], mark)
    if before is None or index is None or which is None:
        raise EditError("it has changed since it was read", "run the command again")
    for key, value in values.items():
        above = _ORDER[: _ORDER.index(key)]
        if isinstance(value, tuple):
            text = edits.set_list(text, index, key, value, above)
        else:
            text = edits.set_text(text, index, key, value, above)
    result = head + text.encode()
    meant = [dict(document) for document in before]
    for key, value in values.items():
        meant[which][key] = list(value) if isinstance(value, tuple) else value
    _compare(_read("group", result), meant, lists=frozenset(values))
    return result


def add_contacts(data: bytes, people: Sequence[tuple[str, str]]) -> bytes:
    """The file of contacts with people (alias, number) at the end of `people`; the rest as it was written.

    Raises `EditError` as `rewrite_manifest` does.
    """
    head, text = _split(data)
    before = _read("contacts", data)
    if before is None or len(before) > 1:
        raise EditError("it has changed since it was read", "run the command again")
    result = head + edits.add_pairs(text, "people", people).encode()
    meant = dict(before[0]) if before else {}
    meant["people"] = {**meant.get("people", {}), **dict(people)}
    _compare(_read("contacts", result), [meant])
    return result


def _split(data: bytes) -> tuple[bytes, str]:
    """The byte order mark, if there is one, and the text after it."""
    head = _BOM if data.startswith(_BOM) else b""
    try:
        return head, data[len(head) :].decode("utf-8")
    except UnicodeDecodeError:
        raise EditError("it is no UTF-8 text any more", "run the command again") from None


def _at(places: Sequence[tuple[int, int]], mark: Mark) -> int | None:
    """Which of some places, counted from 0, a mark means."""
    here = (mark.line - 1, mark.column - 1)
    return places.index(here) if here in places else None


def _read(schema: str, data: bytes) -> list[dict[str, Any]] | None:
    """What a file's documents say; None where anything is wrong with one of them."""
    read = yamlmarks.parse(data, "")
    found = [check(schema, node, "") for node in read.nodes]
    if read.complaints or not read.whole or any(each.complaints for each in found):
        return None
    return [each.value for each in found if each.value is not None]


def _compare(
    found: list[dict[str, Any]] | None, meant: list[dict[str, Any]], lists: frozenset[str] = frozenset()
) -> None:
    """Raise `EditError` unless all documents say what was meant; of changed lists it is who stands in
    them that counts."""

    def plain(document: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: set(value) if key in lists and isinstance(value, list) else value
            for key, value in document.items()
        }

    if found is None or list(map(plain, found)) != list(map(plain, meant)):
        raise EditError("it is written in a way that cannot be changed here", "change it by hand")
