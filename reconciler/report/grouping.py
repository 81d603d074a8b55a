"""What is equal in several groups is said once: a step over a document, for formats that people read line by
line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.language import tr, tr_n
from reconciler.report import words
from reconciler.report.model import Command, Entry, Field

if TYPE_CHECKING:
    from reconciler.report.model import Report, Status, Table

SHARED = 4
"""Groups in which an equal field is said once."""

_Key = tuple[str, str, object]


def grouped(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return entries that say everything once: those about `SHARED` groups or more where the first of these
    groups stands, so that the order of what matters stays, and each group after them with what is its own.

    Fields and notes are equal where everything that is said of them is; what the whole will look like
    (`after`) may differ, and is then left out.
    """
    found = tuple(entries)
    owners: dict[_Key, list[Entry]] = {}
    for entry in found:
        for key in _keys(entry):
            owners.setdefault(key, []).append(entry)
    shared = {key: owned for key, owned in owners.items() if len(owned) >= SHARED}
    together: dict[tuple[str, str, tuple[str, ...]], list[_Key]] = {}
    for key, owned in shared.items():
        names = tuple(entry.name for entry in owned)
        together.setdefault((key[0], key[1], names), []).append(key)
    common: dict[str, list[Entry]] = {}
    for keys in together.values():
        owned = shared[keys[0]]
        common.setdefault(owned[0].name, []).append(_common(owned, keys))
    said: list[Entry] = []
    for entry in found:
        said += common.pop(entry.name, ())
        if (own := _own(entry, shared)) is not None:
            said.append(own)
    return tuple(said)


def in_parts(entries: Iterable[Entry]) -> list[tuple[Status | None, tuple[Entry, ...]]]:
    """Return entries under the headings that they belong to, in the order in which they come."""
    found: dict[Status | None, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.part, []).append(entry)
    return [(part, tuple(each)) for part, each in found.items()]


def whole(entries: Iterable[Entry]) -> list[Entry]:
    """Return one entry a group, where a group may stand under two headings: all that is said of it, taken as
    what comes first; by name then, as every document has its groups."""
    found: dict[str, Entry] = {}
    headed = False
    for entry in entries:
        headed |= entry.part is not None
        known = found.get(entry.name)
        found[entry.name] = entry if known is None else _both(known, entry)
    return sorted(found.values(), key=lambda entry: entry.name) if headed else [*found.values()]


def tables(report: Report) -> tuple[Table, ...]:
    """Return what stands beside the groups: the notes on those of which there is nothing else to say, then
    the document's own tables."""
    notes = words.notes((entry.name, entry.notes) for entry in report.entries if entry.is_quiet)
    return (*notes, *report.tables)


def _both(one: Entry, other: Entry) -> Entry:
    return replace(one, fields=(*one.fields, *other.fields), notes=(*one.notes, *other.notes))


def _keys(entry: Entry) -> list[_Key]:
    part = "" if entry.part is None else entry.part.key
    said: list[object] = [*map(_bare, entry.fields), *entry.notes]
    return [(part, entry.status.key, each) for each in dict.fromkeys(said)]


def _bare(field: Field) -> Field:
    """Return a field without what may differ between equal ones."""
    says_something = field.said or field.values or field.people
    return replace(field, after="") if says_something else field


def _common(entries: Sequence[Entry], keys: Sequence[_Key]) -> Entry:
    """Return what several groups have in common, as one entry."""
    first = entries[0]
    wanted = [each for _, _, each in keys]
    fields = tuple(_with_after(field, entries) for field in first.fields if _bare(field) in wanted)
    names = tuple(entry.name for entry in entries)
    return replace(
        first,
        name=tr_n("{n} group", "{n} groups", len(names)),
        names=names,
        id="",
        subject="",
        file="",
        line=0,
        aside=_same([entry.aside for entry in entries]),
        fields=fields,
        notes=tuple(note for note in first.notes if note in wanted),
        commands=_commands(entries),
    )


def _with_after(field: Field, entries: Sequence[Entry]) -> Field:
    bare = _bare(field)
    afters = [each.after for entry in entries for each in entry.fields if _bare(each) == bare]
    return replace(bare, after=_same(afters))


def _same(texts: Sequence[str]) -> str:
    """Return the value if all are equal, else ""."""
    return texts[0] if len(set(texts)) == 1 else ""


def _commands(entries: Sequence[Entry]) -> tuple[Command, ...]:
    """The commands that all have, with NAME for the group's name."""
    found = [
        tuple(
            replace(each, words=f"{each.words.removesuffix(f' {entry.name}')} NAME")
            for each in entry.commands
            if each.words.endswith(f" {entry.name}")
        )
        for entry in entries
    ]
    return tuple(each for each in found[0] if all(each in commands for commands in found))


def _own(entry: Entry, shared: dict[_Key, list[Entry]]) -> Entry | None:
    """Return what only this group has, or few others; None for nothing."""
    part = "" if entry.part is None else entry.part.key

    def is_shared(each: object) -> bool:
        return (part, entry.status.key, each) in shared

    fields = tuple(field for field in entry.fields if not is_shared(_bare(field)))
    told = [field.label for field in entry.fields if is_shared(_bare(field))]
    notes = tuple(note for note in entry.notes if not is_shared(note))
    if len(fields) == len(entry.fields) and len(notes) == len(entry.notes):
        return entry
    if not fields and not notes:
        return None
    also = tr("{fields} as above", fields=words.both(dict.fromkeys(told))) if told else ""
    aside = ", ".join(filter(None, (entry.aside, also)))
    return replace(entry, fields=fields, notes=notes, aside=aside)
