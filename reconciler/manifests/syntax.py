"""YAML's own syntax errors, in words that help whoever has never read its specification."""

from __future__ import annotations

import yaml

from reconciler.errors import Complaint, Mark

_QUOTE_IT = 'text with `: `, ` #` or one of @ ` % & * ! | > { } [ ] , at its beginning wants quotes: "…"'
_ALIGN = "keys of one mapping begin in one column, and deeper ones two spaces further in"
BAD_ESCAPE = "found invalid Unicode character escape code"
WORDS = {
    "mapping values are not allowed in this context": ("a `:` cannot stand here", _QUOTE_IT),
    "mapping values are not allowed here": ("a `:` cannot stand here", _QUOTE_IT),
    "found character that cannot start any token": ("text cannot begin with this character", _QUOTE_IT),
    "did not find expected key": ("this does not line up with what stands above", _ALIGN),
    "did not find expected '-' indicator": ("this does not line up with the list above", _ALIGN),
    "could not find expected ':'": (
        "a key without `:`",
        "write `key: value`; a text of several lines is indented",
    ),
    "did not find expected ',' or ']'": (
        "a list without its end",
        "close `[` with `]`, with `,` between items",
    ),
    "did not find expected ',' or '}'": (
        "a mapping without its end",
        "close `{` with `}`, with `,` between keys",
    ),
    "found unexpected end of stream": ("a quote is not closed", "end the text with the quote it begins with"),
    "found undefined tag handle": ("tags are not supported", _QUOTE_IT),
    "did not find expected <document start>": (
        "something stands here that belongs to no document",
        "begin another document with a line `---`",
    ),
    "block sequence entries are not allowed in this context": ("a list item cannot stand here", _ALIGN),
    "did not find expected alphabetic or numeric character": (
        "a name is missing after `&` or `*`",
        _QUOTE_IT,
    ),
    BAD_ESCAPE: (
        "an escape in quoted text that stands for no character",
        "write the character itself",
    ),
    "found unknown escape character": (
        "an unknown escape in quoted text",
        "double a backslash, or use single quotes",
    ),
}


def complaint(error: yaml.MarkedYAMLError, text: str, file: str) -> Complaint:
    """One complaint, where the parser stopped. Nothing of the file is quoted."""
    place = error.problem_mark or error.context_mark
    line, column = (place.line, place.column) if place is not None else (0, 0)
    problem = error.problem or "this is not YAML"
    if _tab_at(text, line, column):
        message, hint = "a tab cannot indent YAML", "use spaces"
    else:
        message, hint = WORDS.get(problem, (f"this is not YAML: {problem}", ""))
    return Complaint(Mark(file, line + 1, column + 1), message, hint, "yaml-syntax")


def _tab_at(text: str, line: int, column: int) -> bool:
    """Whether the parser stopped at a tab, or in a line that is indented with one."""
    lines = text.split("\n", line + 1)
    if line >= len(lines):
        return False
    here = lines[line]
    indent = here[: len(here) - len(here.lstrip())]
    return "\t" in indent or here[column : column + 1] == "\t"
