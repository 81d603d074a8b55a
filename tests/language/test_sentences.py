"""Every sentence that reaches a person can be said in another language: none stands bare in the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import reconciler

PACKAGE = Path(reconciler.__file__).parent
SAYS = {"msg", "tr", "msg_n", "tr_n", "msg_p", "tr_p"}
BUGS = {"AssertionError", "AttributeError", "IndexError", "KeyError", "LookupError"} | {
    "NotImplementedError",
    "RuntimeError",
    "TypeError",
    "ValueError",
}
"""What is raised where a caller of ours is wrong: `print_bug` shows no text of it."""
CAUGHT = {"BadStatusLine", "SSLError", "TimeoutError"}
"""What `backends.client` raises for itself, as its libraries would: what it says of them is its own."""
NAMES = {"Evolution API", "no manifest", "all files"}
"""What is called so in every language: a service, and cases of JUnit, whose histories hang on their names."""
FOR_MACHINES = {
    "messaging/gateway_events.py": "JSON lines of `inbound`",
    "messaging/inbound.py": "JSON lines of `inbound`",
    "report/codequality.py": "English in every word",
    "report/csv.py": "English in every word",
    "report/dotenv.py": "English in every word",
    "report/gitlab.py": "English in every word",
    "report/prometheus.py": "names and help of metrics",
    "report/sarif.py": "English in every word",
    "sandbox/": "what services answer",
    "state/git_errors.py": "what Git says",
    "state/git_log.py": "commits of the state, which are read again",
}
"""Modules that say nothing to people, and what they say instead."""
TAKES_NO_SENTENCE = re.compile(
    r"(re|logging|_log|log|logger)\.\w+|.*\.(startswith|endswith|removeprefix|removesuffix|split|partition|encode|"
    r"rpartition|replace|strip|execute|executescript|debug|info|warning)|getattr|field|TypeVar|Struct"
)
PROSE = re.compile(r"[A-Za-z]{2,}[,;:.'`)]* [`'(\x00A-Za-z]|\x00[,;:.)]* [a-z]{2,}|[a-z]{2,}[,;:]? \x00")
"""Two words beside each other, or a word beside a value (`\\x00`)."""
COMMAND = re.compile(
    r"(reconciler|git|cd|unset|export|pip|state) [a-z\x00$'-]|Bearer \x00|--?[a-z]|<\?xml "
    r"|bold red$|bright_white on black$"
)
"""What is typed or begins a file, and styles of rich: all stay as they are."""
RECORDED = re.compile(r"(GitHub run|GitLab job|job|doctor,) \x00|\x00 \(process \x00\)")
"""Who holds a lock, and which run wrote a state: runs in other languages read it there."""


def bare(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every sentence that is not marked to be translated."""
    yield from _bare(ast.parse(source))


def _bare(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Assert():
            return  # docstrings; what a bug says
        case ast.AnnAssign(value=None) | ast.arg() | ast.Subscript(value=ast.Name(id="Literal")):
            return
        case ast.Raise(exc=ast.Call(func=func)) if ast.unparse(func).rpartition(".")[2] in BUGS | CAUGHT:
            return
        case ast.Call(func=func):
            name = ast.unparse(func)
            if name in SAYS:
                for value in (*node.args, *(each.value for each in node.keywords)):
                    if not isinstance(value, ast.Constant):
                        yield from _bare(value)
                return
            if TAKES_NO_SENTENCE.fullmatch(name):
                node.args = [each for each in node.args if not isinstance(each, ast.Constant | ast.JoinedStr)]
        case ast.Compare():
            for value in (node.left, *node.comparators):
                if not isinstance(value, ast.Constant):
                    yield from _bare(value)
            return
        case ast.Dict():
            for value in node.values:
                yield from _bare(value)
            return
        case ast.Constant(value=str()) | ast.JoinedStr():
            text = _text(node)
            if RECORDED.fullmatch(text):
                return
            if PROSE.search(text) and not COMMAND.match(text) and text not in NAMES:
                yield node.lineno, text
                return
    for child in ast.iter_child_nodes(node):
        yield from _bare(child)


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return "".join(str(each.value) if isinstance(each, ast.Constant) else "\0" for each in node.values)


@pytest.mark.parametrize(
    "path",
    [
        each
        for each in sorted(PACKAGE.rglob("*.py"))
        if not each.relative_to(PACKAGE).as_posix().startswith(tuple(FOR_MACHINES))
    ],
    ids=lambda path: path.relative_to(PACKAGE).as_posix(),
)
def test_no_sentence_stands_bare_in_the_code(path: Path) -> None:
    found = [f"{path}:{line}: {text!r}" for line, text in bare(path.read_text(encoding="utf-8"))]
    assert found == [], "wrap it in msg(), or tr() where it is shown at once; see CONTRIBUTING.md"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("raise UsageError('there is no group')", "there is no group"),
        ("say(f'{name} is not there')", "\0 is not there"),
        ("x = {'key': f'not found: {name}'}", "not found: \0"),
        ("tr('{a} b', a=f'one of {b}')", "one of \0"),
    ],
)
def test_a_bare_sentence_is_found(source: str, text: str) -> None:
    assert [found for _, found in bare(source)] == [text]


@pytest.mark.parametrize(
    "source",
    [
        "'''A docstring of words.'''",
        "raise ValueError('a bug of ours')",
        "re.compile('a b c')",
        "msg('a b c')",
    ],
)
def test_what_no_person_reads_is_not_found(source: str) -> None:
    assert list(bare(source)) == []
