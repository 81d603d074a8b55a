"""What README and docs promise a reader: links that lead somewhere, commands that the program knows, every
verb named, and no word about the machine that they were written on."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from reconciler.cli.app import program
from reconciler.cli.common import LazyGroup

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
_FENCE = re.compile(
    r"^(?P<indent> *)(?P<ticks>`{3,})(?P<kind>[\w-]*)[^\n]*\n(?P<body>.*?)^(?P=indent)(?P=ticks)$",
    re.M | re.S,
)
_CODE = re.compile(r"(`+)(?P<words>[^`\n]+(?:\n[^`\n]+)?)\1")
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _prose(text: str) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", text)


def _anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    found = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *$", _prose(text), re.M):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in _LINK.findall(_CODE.sub("", _prose(text))):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{_name(page)} links to {link}, which is not there"
        if anchor:
            assert anchor in _anchors(target.read_text(encoding="utf-8")), (
                f"{_name(page)}: no heading for {link}"
            )


def _lines(body: str) -> Iterator[str]:
    yield from re.sub(r"\\\n\s*", " ", body).splitlines()


def _commands(text: str) -> Iterator[str]:
    """Every command line of ours in a page: in shell blocks, in pipelines, and between backticks."""
    blocks = [m["body"] for m in _FENCE.finditer(text) if m["kind"] in {"sh", "bash", "yaml", ""}]
    for block in blocks:
        for line in _lines(block):
            found = re.search(
                r"(?:^|[|&;] *|\.venv/bin/|- |restore +|keep +|[A-Z_]+=\S+ +)(reconciler [-\w].*)",
                line.strip(),
            )
            if found and "$(" not in found[1]:
                yield re.split(r" +(?:&&|\|) | > | 2> ", found[1])[0]
    for span in _CODE.finditer(_prose(text)):
        words = " ".join(span["words"].split())
        if re.match(r"(\.venv/bin/)?reconciler [-\w]", words):
            yield words.removeprefix(".venv/bin/")


def _parse(line: str) -> None:
    """Have click parse a command line and run nothing. Raises `click.UsageError` for what is wrong."""
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = program
    context: click.Context | None = None
    while True:
        if not words and isinstance(command, click.Group):
            return
        context = command.make_context(command.name, words, parent=context)
        if not isinstance(command, click.Group):
            return
        words = [*context._protected_args, *context.args]
        if not words or words[0] == "COMMAND":
            return
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command = found


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_of_a_page_parses(page: Path) -> None:
    for line in _commands(page.read_text(encoding="utf-8")):
        try:
            _parse(line)
        except click.exceptions.Exit:
            continue  # --help and --version
        except click.MissingParameter:
            continue  # a verb that is only named: `reconciler accept`
        except click.UsageError as error:
            pytest.fail(f"{_name(page)}: `{line}`: {error.format_message()}")


def test_commands_are_found_and_judged() -> None:
    block = "```sh\nreconciler plan --bad x  # why\n.venv/bin/reconciler drift | cat\n```\n"
    text = f"{block}Say `reconciler nope`.\n"
    assert list(_commands(text)) == ["reconciler plan --bad x  # why", "reconciler drift", "reconciler nope"]
    for line in (
        "reconciler plan --bad x",
        "reconciler nope",
        "reconciler state nope",
        "reconciler --nope plan",
    ):
        with pytest.raises(click.UsageError):
            _parse(line)
    assert sum(len(list(_commands(page.read_text(encoding="utf-8")))) for page in PAGES) > 100


def test_examples_of_help_parse() -> None:
    def examples(command: click.Command) -> Iterator[str]:
        for line in getattr(command, "examples", "").strip().splitlines():
            if found := re.search(r"(?:^|\| )(reconciler .*)", line.strip()):
                yield re.split(r"  +| > ", found[1])[0]
        if isinstance(command, LazyGroup):
            for name in command.lazy:
                found_command = command.get_command(click.Context(command), name)
                assert found_command is not None
                yield from examples(found_command)

    lines = list(examples(program))
    assert len(lines) > 50
    for line in lines:
        try:
            _parse(line)
        except click.UsageError as error:
            pytest.fail(f"`{line}`: {error.format_message()}")


def _example(line: str) -> bool:
    """Whether a line of the examples is a command, or goes on with what is said of one."""
    return "reconciler " in line or not line[:46].strip()


@pytest.mark.parametrize("name", program.list_commands(click.Context(program)))
def test_help_begins_with_examples_and_puts_own_options_first(name: str) -> None:
    context = click.Context(program, info_name="reconciler")
    command = program.get_command(context, name)
    assert command is not None
    text = command.get_help(click.Context(command, info_name=name, parent=context))
    assert text.startswith("Examples:\n  reconciler ")
    examples = text.partition("Usage:")[0]
    assert f"  reconciler {name}" in examples
    assert [line for line in examples.splitlines()[1:] if line.strip() and not _example(line)] == []
    own, _, common = text.partition("\nCommon options:\n")
    everywhere = {param.name for param in program.params}
    has_own = any(
        isinstance(param, click.Option) and param.name not in everywhere for param in command.params
    )
    assert bool(common) is has_own
    if common:
        assert "\nOptions:\n" in own
        assert "--show-numbers" not in own
    assert "--show-numbers" in text
    assert text.index("-C DIR") > text.index("Commands:" if isinstance(command, click.Group) else "Options:")


def test_help_breaks_no_word_at_80_columns() -> None:
    def helps(command: click.Command, parent: click.Context | None, name: str) -> Iterator[str]:
        context = click.Context(command, info_name=name, parent=parent, terminal_width=80)
        yield command.get_help(context)
        if isinstance(command, LazyGroup):
            for each in command.list_commands(context):
                found = command.get_command(context, each)
                assert found is not None
                yield from helps(found, context, each)

    texts = list(helps(program, None, "reconciler"))
    assert len(texts) > len(program.list_commands(click.Context(program)))
    assert [line for text in texts for line in text.splitlines() if len(line) > 80] == []


def test_readme_names_every_verb_and_no_other() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.split("\n## Commands\n")[1].split("\n## ")[0]
    rows = "\n".join(line for line in table.splitlines() if line.startswith("|"))
    assert sorted(re.findall(r"`([a-z]+)`", rows)) == sorted(program.list_commands(click.Context(program)))


def test_a_page_has_every_exit_code_and_their_order() -> None:
    from reconciler.errors import Exit

    page = (ROOT / "docs/exit-codes.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \|", page, re.M)
    assert [int(row) for row in rows] == sorted(int(code) for code in Exit)
    assert f"the first of {', '.join(str(int(code)) for code in Exit)} that" in page


def test_configuration_names_every_variable_of_the_environment() -> None:
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    sources = [path for path in (ROOT / "reconciler").rglob("*.py") if "sandbox" not in path.parts]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    plain = set(re.findall(r"\bRECONCILER_[A-Z]+(?:_[A-Z]+)*\b(?!_)", text))
    named = {f"RECONCILER_{what}" for what in re.findall(r'(?:own|name_of)\("([A-Z_]+)"', text)}
    made_up = {"RECONCILER_SALES_TOKEN", "RECONCILER_RESULT_CHANGES"}
    assert len(plain | named) > 10
    assert [each for each in sorted((plain | named) - made_up) if f"`{each}`" not in page] == []


def test_formats_names_every_metric_with_its_label() -> None:
    from reconciler.report import prometheus

    page = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    names = [name + (f"{{{row[2]}}}" if row[2] else "") for name, row in prometheus._FAMILIES.items()]
    assert re.findall(r"^\| `(reconciler_[^`]+)` \|", page, re.M) == names


def test_invitations_shows_the_text_that_is_sent_without_one() -> None:
    from reconciler.messaging.messages import DEFAULT_TEXT

    page = (ROOT / "docs/invitations.md").read_text(encoding="utf-8")
    assert f"```\n{DEFAULT_TEXT}\n```" in page


def test_formats_names_those_that_follow_the_language() -> None:
    from reconciler.cli.formats import FORMATS

    page = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]+) \|", page.partition("\n## Language\n")[2].partition("\n## ")[0], re.M)
    *people, programs = ([name.strip("` ") for name in row.split(",")] for row in rows)
    assert set(programs) == {name for name, each in FORMATS.items() if each.machine}
    assert {name for row in people for name in row} == FORMATS.keys() - set(programs)


def test_schema_names_what_it_has() -> None:
    from reconciler.manifests.schema import schema_names

    command = program.get_command(click.Context(program), "schema")
    assert command is not None
    assert command.help is not None
    assert set(schema_names()) <= set(re.findall(r"\w+", command.help))


def test_decisions_are_numbered_and_referred_to_by_numbers_that_exist() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))
    for number, path in zip(numbers, DECISIONS, strict=True):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith(f"# {number}. "), path.name
        assert len(lines) <= 40, f"{path.name} is long for a decision record"
    sources = [*PAGES, *(ROOT / "reconciler").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    for source in sources:
        text = source.read_text(encoding="utf-8")
        for found in re.findall(r"(?:[Dd]ecision\s+)?record\s+(0\d{3})\b|decisions/(\d{4})-", text):
            assert int(found[0] or found[1]) in numbers, f"{source}: there is no decision {found}"


def test_contributing_fits_a_screen() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) <= 48


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_no_page_speaks_of_a_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"(?<![\w.])/(?:root|home|work|tmp/[a-z])[\w/.-]*", text)
    assert not found, f"{_name(page)}: {found}"


def test_architecture_draws_the_layers_that_are_checked() -> None:
    """The drawing is the import-linter contract, layer by layer; the table has a row for every package."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert "```\n" + "\n".join(layers) + "\n```" in page
    named = {name for layer in layers for name in layer.split(" | ")}
    assert set(re.findall(r"^\| `([a-z]+)` \|", page, re.M)) == named
    there = {
        path.stem
        for path in (ROOT / "reconciler").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert named == there - {"__init__", "__main__"}
