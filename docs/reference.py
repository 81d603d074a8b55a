"""The reference pages of the site, made of the program and its schemas."""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from babel.messages.pofile import read_po

import reconciler.errors
from reconciler.cli.app import program
from reconciler.cli.common import LazyGroup
from reconciler.cli.formats import FORMATS, serving
from reconciler.language import DOMAIN, FOLDER
from reconciler.manifests.schema import schema_names, schema_text
from reconciler.model.settings import GuardSettings
from reconciler.planning.guards import LIFTABLE, NEVER_LIFTED, ON_THE_COMMAND_LINE

ROOT = Path(__file__).resolve().parents[1]
FILES = {"group": "groups/*.yaml", "contacts": "contacts.yaml", "config": "reconciler.yaml"}
"""The schemas of what people write; the others are of what commands print."""
_COMMON = {option.name for option in program.params if isinstance(option, click.Option)}


def pages() -> dict[str, str]:
    """Return the pages, by name."""
    return {
        "commands": "\n".join(_commands()),
        "files": "\n".join(_files()),
        "outputs": "\n".join(_outputs()),
        "objections": "\n".join(_objections()),
        "messages": "\n".join(_messages()),
    }


# --- commands ---------------------------------------------------------------------------------------------


def _commands() -> Iterator[str]:
    yield "# Commands"
    yield ""
    yield "Every command with its options, as `reconciler help COMMAND` shows them."
    yield ""
    yield "## Options of every command"
    yield ""
    yield "They stand before or after the command."
    yield ""
    yield from _options([each for each in program.params if isinstance(each, click.Option)])
    for command, name in _walk(program, "reconciler"):
        yield from _command(command, name)


def _walk(group: click.Command, name: str) -> Iterator[tuple[click.Command, str]]:
    context = click.Context(group, info_name=name)
    for each in group.list_commands(context) if isinstance(group, LazyGroup) else ():
        assert isinstance(group, LazyGroup)
        command = group.get_command(context, each)
        assert command is not None
        yield command, f"{name} {each}"
        yield from _walk(command, f"{name} {each}")


def _command(command: click.Command, name: str) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    yield f"## `{name}`"
    yield ""
    yield from _prose(command.help or "")
    yield "```text"
    yield context.get_usage().removeprefix("Usage: ")
    yield "```"
    yield ""
    if examples := getattr(command, "examples", "").strip():
        yield "Examples:"
        yield ""
        yield "```text"
        yield from (line.removeprefix("    ") for line in examples.splitlines())
        yield "```"
        yield ""
    own = [
        each
        for each in command.params
        if isinstance(each, click.Option) and (each.name not in _COMMON or _numbered(each))
    ]
    if own:
        yield from _options(own)
    formats = serving(name.removeprefix("reconciler "))
    if formats:
        yield f"Formats: {', '.join(f'`{each}`' for each in formats)}."
        yield ""


def _numbered(option: click.Option) -> bool:
    """Whether it is `--account` of a command that takes a number there."""
    return option.name == "accounts" and "number" in (option.help or "")


def _options(options: Sequence[click.Option]) -> Iterator[str]:
    yield "| option | |"
    yield "|---|---|"
    for option in options:
        if option.hidden:
            continue
        names = (*option.opts, *option.secondary_opts)
        metavar = "" if option.is_flag or option.count else f" {option.metavar or _metavar(option)}"
        words = ", ".join(map(_code, (*names[:-1], f"{names[-1]}{metavar}")))
        default = f" Default: `{option.default}`." if not option.is_flag and _plain(option.default) else ""
        yield f"| {words} | {_cell(option.help or '')}{default} |"
    yield ""


def _code(text: str) -> str:
    """Return a piece of code for a cell, in which no escape of a bar is taken back."""
    return f"<code>{html.escape(text).replace('|', '&#124;')}</code>"


def _metavar(option: click.Option) -> str:
    kind = option.type
    return "|".join(map(str, kind.choices)) if isinstance(kind, click.Choice) else kind.name.upper()


def _plain(default: object) -> bool:
    return isinstance(default, str | int | float) and default not in ("", False)


def _prose(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text.replace("\b", "").strip()):
        yield " ".join(paragraph.split())
        yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


# --- files and outputs ------------------------------------------------------------------------------------


def _files() -> Iterator[str]:
    yield "# Keys of files"
    yield ""
    yield "Every key that a file may have. `reconciler schema NAME` prints the schema itself."
    for name, path in FILES.items():
        yield ""
        yield f"## `{path}`"
        yield ""
        yield from _schema(name)


def _outputs() -> Iterator[str]:
    yield "# JSON outputs"
    yield ""
    yield "What `--format json` prints, and what a state is. `reconciler schema NAME` prints the schema."
    for name in schema_names():
        if name not in FILES:
            yield ""
            yield f"## `{name}`"
            yield ""
            yield from _schema(name)
    yield ""
    yield "## Formats"
    yield ""
    yield "| format | |"
    yield "|---|---|"
    yield from (f"| `{name}` | {_cell(row.about)} |" for name, row in FORMATS.items())


def _schema(name: str) -> Iterator[str]:
    schema = json.loads(schema_text(name))
    yield schema.get("description", "")
    yield ""
    yield "| key | type | |"
    yield "|---|---|---|"
    yield from _keys(schema, schema, "", ())


def _keys(
    root: Mapping[str, Any], node: Mapping[str, Any], path: str, seen: tuple[str, ...]
) -> Iterator[str]:
    """Yield a row for each key below a node; a part that is being described is not entered again."""
    node, seen = _resolved(root, node, seen)
    for part in (node, *(each for key in ("oneOf", "anyOf", "allOf") for each in node.get(key, ()))):
        below, inner = _resolved(root, part, seen)
        for key, value in below.get("properties", {}).items():
            where = f"{path}.{key}" if path else key
            found, further = _resolved(root, value, inner)
            yield f"| `{where}` | {_type(found)} | {_cell(_said(found))} |"
            yield from _keys(root, found, where, further)
        if isinstance(items := below.get("items"), Mapping):
            yield from _keys(root, items, f"{path}[]", inner)
        if isinstance(more := below.get("additionalProperties"), Mapping):
            found, further = _resolved(root, more, inner)
            if found.get("description"):
                yield f"| `{path}.NAME` | {_type(found)} | {_cell(_said(found))} |"
            yield from _keys(root, found, f"{path}.NAME", further)


def _resolved(
    root: Mapping[str, Any], node: Mapping[str, Any], seen: tuple[str, ...]
) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Return what a node refers to, and the references that were followed; nothing for one of those."""
    while reference := node.get("$ref"):
        if reference in seen:
            return {}, seen
        seen = (*seen, reference)
        found: Any = root
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        node = {**found, **{key: value for key, value in node.items() if key != "$ref"}}
    return node, seen


def _type(node: Mapping[str, Any]) -> str:
    if "const" in node:
        return f"`{json.dumps(node['const'])}`"
    if "enum" in node:
        return ", ".join(f"`{each}`" for each in node["enum"])
    kind = node.get("type", "")
    kinds = [kind] if isinstance(kind, str) else kind
    return " or ".join("list" if each == "array" else each for each in kinds)


def _said(node: Mapping[str, Any]) -> str:
    words = node.get("description", "")
    if "default" in node:
        words += f" Default: `{json.dumps(node['default'], ensure_ascii=False)}`."
    examples = node.get("examples", ())
    if examples and not isinstance(examples[0], dict) and "enum" not in node:
        words += f" Example: `{json.dumps(examples[0], ensure_ascii=False)}`."
    return words


# --- objections -------------------------------------------------------------------------------------------


def _objections() -> Iterator[str]:
    """Yield the guards: the words are the glossary's, the limits and what lifts them are the program's."""
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    words = dict(re.findall(r"^\| `([a-z-]+)` \| (.+?) \|$", glossary.partition("\n## Guards\n")[2], re.M))
    limits = GuardSettings()
    yield "# Objections of guards"
    yield ""
    yield "Guards look at the whole plan before the first write. Each that objects is told; the run ends 6."
    yield "How they are lifted is told in [configuration](../configuration.md#guards)."
    yield ""
    yield "| code | objects when | limit | lifted by |"
    yield "|---|---|---|---|"
    for code in (*NEVER_LIFTED, *LIFTABLE):
        if code == "recreate":
            continue
        keys = (f"{code.split('-')[0]}_{what}" for what in ("share", "count") if code.endswith("-many"))
        limit = ", ".join(f"`{key}: {getattr(limits, key)}`" for key in keys if hasattr(limits, key))
        lifted = "`--allow`" if code in ON_THE_COMMAND_LINE else "`--allow`, `allow:`"
        yield f"| `{code}` | {words[code]} | {limit} | {'nothing' if code in NEVER_LIFTED else lifted} |"


# --- messages ---------------------------------------------------------------------------------------------


_SAYS = {"msg": 0, "msg_n": 1, "msg_p": 1}
"""Where what makes a message has the text: of one about a number of things, that for many."""
_HOLE = re.compile(r"\{\{|\}\}|(\{[^{}]+\})")


def messages() -> Iterator[tuple[str, str]]:
    """Yield what errors and complaints of the program say, with how to mend it; `…` stands where a value is
    filled in."""
    errors = {name for name, each in vars(reconciler.errors).items() if _is_error(each)}
    for path in sorted((ROOT / "reconciler").rglob("*.py")):
        if "sandbox" in path.relative_to(ROOT).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=arguments)) if name in errors:
                    texts = arguments
                case ast.Call(func=ast.Name(id="Complaint"), args=[_, *arguments]):
                    texts = arguments
                case ast.Call(func=ast.Attribute(attr="add"), args=[_, _, _, *_] as arguments):
                    texts = arguments[1:]  # of `Complaints`: a set takes one
                case _:
                    continue
            said, mend = [*map(_text, texts[:2]), "", ""][:2]
            if len(re.findall(r"[^\W_]", said)) > 10:
                yield said, mend


def _is_error(each: object) -> bool:
    return isinstance(each, type) and issubclass(each, reconciler.errors.ReconcilerError)


def _text(node: ast.expr) -> str:
    """Return the text that an expression makes, as far as it stands there."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(each) if isinstance(each, ast.Constant) else "…" for each in node.values)
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _SAYS:
        said = _text(node.args[_SAYS[node.func.id]])
        return _filled(said) if node.keywords or _SAYS[node.func.id] else said
    if isinstance(node, ast.IfExp):
        return _text(node.body) or _text(node.orelse)
    return ""


def _filled(text: str) -> str:
    return _HOLE.sub(lambda found: "…" if found[1] else found[0][0], text)


def _translated(language: str) -> dict[str, str]:
    """Return what messages are in another language; in both of them `…` stands where a value is filled in."""
    with Path(FOLDER, language.replace("-", "_"), "LC_MESSAGES", f"{DOMAIN}.po").open("rb") as file:
        known = [(each.id, each.string) for each in read_po(file) if each.id]
    pairs = [(key, said) if isinstance(key, str) else (key[-1], said[-1]) for key, said in known]
    return {text(str(key)): text(str(said)) for key, said in pairs for text in (str, _filled)}


def _messages() -> Iterator[str]:
    portuguese = _translated("pt-BR")
    yield "# Messages"
    yield ""
    yield "What errors say, with how to mend them, as it stands in the program; `…` is filled in. Those that"
    yield "people meet most often are explained in [troubleshooting](../troubleshooting.md). Who is spoken"
    yield "to in Portuguese finds what they were shown in the last column."
    yield ""
    yield "| message | mend | in Portuguese |"
    yield "|---|---|---|"
    yield from sorted(
        {
            f"| {_cell(said)} | {_cell(mend)} | {_cell(portuguese.get(said, ''))} |"
            for said, mend in messages()
        }
    )
