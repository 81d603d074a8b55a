"""The catalogues of the languages other than English: `python .ci/messages.py` brings every
`reconciler/locale/*/LC_MESSAGES/reconciler.po` up to the sentences that the program says, and compiles it.

    python .ci/messages.py            new sentences are added without a translation, old ones taken out
    python .ci/messages.py --check    change nothing; end 1 where a catalogue is not complete
    python .ci/messages.py --add es   begin a catalogue
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import re
import string
import sys
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LOCALE = ROOT / "reconciler/locale"
_PARTICULAR = ((1, "c"), 2)
KEYWORDS = {
    "msg": None,
    "tr": None,
    "msg_n": (1, 2),
    "tr_n": (1, 2),
    "msg_p": _PARTICULAR,
    "tr_p": _PARTICULAR,
}
CLICK = ("core", "decorators", "exceptions", "formatting", "parser", "termui", "types")
_HOLE = re.compile(r"%\((\w+)\)s")

Found = tuple[str, str | tuple[str, str], tuple[str, ...], str | None]
"""Where a sentence is said (a file), the sentence (or one and many), what translators are told of it, and its
context."""


def sentences() -> Iterator[Found]:
    """Yield every sentence of the program, of its help, its pages and schemas, and of click."""
    for path in sorted(ROOT.glob("reconciler/**/*.py")):
        yield from _said(path)
        yield from _helps(path)
    for path in sorted((*ROOT.glob("reconciler/**/*.html"), *ROOT.glob("reconciler/**/*.svg"))):
        yield from _extracted(path, "jinja2.ext:babel_extract", KEYWORDS)
    for path in sorted(ROOT.glob("schemas/*.json")):
        for text in _mistakes(json.loads(path.read_text(encoding="utf-8"))):
            yield path.relative_to(ROOT).as_posix(), text, (), None
    for name in CLICK:
        path = Path(inspect.getfile(click)).with_name(f"{name}.py")
        for _, *found in _extracted(path, "python", {"_": None, "ngettext": (1, 2)}):
            yield "click", *found


def _said(path: Path) -> Iterator[Found]:
    """Yield what a module says: also within what else it says, or within an f-string, where Babel does not
    look."""
    calls = (
        each for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(each, ast.Call)
    )
    for call in sorted(calls, key=lambda each: (each.lineno, each.col_offset)):
        name = ast.unparse(call.func).rpartition(".")[2]
        texts = [
            each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
        ]
        if name in KEYWORDS and len(texts) == (1 if KEYWORDS[name] is None else 2):
            context = texts.pop(0) if KEYWORDS[name] is _PARTICULAR else None
            text = texts[0] if len(texts) == 1 else (texts[0], texts[1])
            yield path.relative_to(ROOT).as_posix(), text, (), context


def _extracted(path: Path, method: str, keywords: dict[str, Any]) -> Iterator[Found]:
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    with path.open("rb") as file:
        for _, text, comments, context in extract(method, file, keywords, ("to translators:",)):
            yield name, text, tuple(comments), context


def _helps(path: Path) -> Iterator[Found]:
    """Yield the docstrings of commands, which click shows as their help."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and any(map(_is_command, node.decorator_list)):
            text = ast.get_docstring(node)
            if text:
                yield path.relative_to(ROOT).as_posix(), text, (), None


def _is_command(decorator: ast.expr) -> bool:
    name = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
    return name == "verb" or name.endswith((".command", ".group"))


def _mistakes(schema: object) -> Iterator[str]:
    """Yield what a schema says of a value that does not fit it."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "patternErrorMessage" and isinstance(value, str):
                yield value
            else:
                yield from _mistakes(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _mistakes(value)


def template() -> Catalog:
    """Return all sentences as a catalogue without translations."""
    found = Catalog(
        project="group-reconciler", copyright_holder="The group-reconciler authors", charset="utf-8"
    )
    for place, text, comments, context in sentences():
        if text:
            found.add(text, locations=[(place, None)], auto_comments=comments, context=context)
    return found


def read(path: Path) -> Catalog:
    """Return a catalogue."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def write(catalogue: Catalog, path: Path) -> None:
    """Write a catalogue, as both a text and what gettext reads."""
    out = BytesIO()
    write_po(out, catalogue, width=110, sort_by_file=True, ignore_obsolete=True, include_previous=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(out.getvalue())
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)


def faults(catalogue: Catalog, wanted: Catalog) -> Iterator[str]:
    """Yield what is wrong with a catalogue: sentences that it lacks, or has for nothing; translations that
    are not sure, or have other holes for values than the sentence."""
    for message in wanted:
        if message.id and catalogue.get(message.id, message.context) is None:
            yield f"not in it: {message.id!r}"
    for message in catalogue:
        if not message.id:
            continue
        one = message.id if isinstance(message.id, str) else message.id[0]
        said = (message.string,) if isinstance(message.string, str) else tuple(message.string)
        if wanted.get(message.id, message.context) is None:
            yield f"said nowhere: {one!r}"
        elif not all(said):
            yield f"not translated: {one!r}"
        elif message.fuzzy:
            yield f"not sure (fuzzy): {one!r}"
        else:
            ids = (message.id,) if isinstance(message.id, str) else message.id
            allowed = {hole for text in ids for hole in holes(text)}
            for text in said:
                if odd := set(holes(text)) ^ (
                    allowed if isinstance(message.id, str) else set(holes(text)) & allowed
                ):
                    yield f"other holes ({', '.join(sorted(odd))}): {one!r}"


def holes(text: str) -> Iterator[str]:
    """Yield the names of the values that stand in a text; what is no format has none."""
    with suppress(ValueError):
        yield from (name for _, name, _, _ in string.Formatter().parse(text) if name is not None)
    yield from _HOLE.findall(text)


def main() -> int:
    """Carry out the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--add", metavar="TAG")
    given = parser.parse_args()
    wanted = template()
    if given.add:
        name = given.add.replace("-", "_")
        path = LOCALE / name / "LC_MESSAGES/reconciler.po"
        if path.exists():
            parser.error(f"{path.relative_to(ROOT)} is there already")
        write(_updated(Catalog(locale=name), wanted), path)
    wrong = 0
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/reconciler.po")):
        catalogue = read(path)
        if not given.check:
            write(_updated(catalogue, wanted), path)
            catalogue = read(path)
        for fault in faults(catalogue, wanted):
            print(f"{path.relative_to(ROOT)}: {fault}")
            wrong += 1
    return 1 if wrong and given.check else 0


def _updated(catalogue: Catalog, wanted: Catalog) -> Catalog:
    catalogue.update(wanted, no_fuzzy_matching=True, update_creation_date=False)
    return catalogue


if __name__ == "__main__":
    sys.exit(main())
