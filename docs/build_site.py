"""Build the documentation as a site: `python docs/build_site.py FOLDER`, strictly: no link may lead nowhere.

The pages are those of this folder and the README as they are read on a code host, and reference pages that
are made of the code and the schemas. Links to other files of the repository lead to the code host.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import reference

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
ELSEWHERE = {
    "README.md": "index.md",
    "README.pt-BR.md": "pt-BR.md",
    "CHANGELOG.md": "changelog.md",
    "docs/decisions": "decisions/index.md",
}
"""Pages of the site that are not of its folder, or are there under another name."""
_UNSEARCHED = "---\nsearch: {exclude: true}\n---\n"
"""What is told of the past is not what somebody searches who wants to know how things are."""
_LANGUAGE = re.compile(r"(?:.+\.)?(?P<tag>[a-z]{2}-[A-Z]{2})\.md")
"""What the path of a page says that is not in English."""
_FENCE = re.compile(r"^( *)(`{3,})[^\n]*\n.*?^\1\2$", re.M | re.S)
_ITEM = re.compile(r" *(?:[-*]|\d+\.) ")
_LINK = re.compile(r"(\]\()(?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")


def home() -> str:
    """Return the address of the repository, of which the project's metadata are the one source."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["urls"]["Repository"])


def sources() -> dict[str, Path]:
    """Return every written page of the site, by its path there."""
    pages = {str(path.relative_to(DOCS)): path for path in sorted(DOCS.rglob("*.md"))}
    return {**pages, **{ELSEWHERE[name]: ROOT / name for name in ELSEWHERE if name.endswith(".md")}}


def generated() -> dict[str, str]:
    """Return every page that is made of something else, by its path on the site."""
    pages = {f"reference/{name}.md": text for name, text in reference.pages().items()}
    return {**pages, ELSEWHERE["docs/decisions"]: _decisions()}


def _decisions() -> str:
    lines = ["# Decisions", "", "Why things are as they are, one decision a page.", ""]
    for path in sorted((DOCS / "decisions").glob("*.md")):
        title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        lines.append(f"- [{title}]({path.name})")
    return "\n".join(lines) + "\n"


def lay_out(folder: Path) -> None:
    """Write what the site is built of into a folder: its configuration, its pages, and what they show."""
    shown = {DOCS / "site.css", DOCS / "site.js"}
    for path, source in sources().items():
        text = _rewritten(source, path, shown)
        if source.parent.name == "decisions" or source.name == "CHANGELOG.md":
            text = f"{_UNSEARCHED}{text}"
        _write(folder / "docs" / path, text)
    for path, text in generated().items():
        _write(folder / "docs" / path, text)
    for file in shown:
        target = folder / "docs" / file.relative_to(DOCS)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    _write(folder / "mkdocs.yml", config.replace("REPOSITORY", home()))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _rewritten(source: Path, path: str, shown: set[Path]) -> str:
    """Return a page with its links as they are on the site; notes in `shown` the files that it leads to."""

    def link(found: re.Match[str]) -> str:
        target = (source.parent / found[2]).resolve()
        if not target.exists():
            raise SystemExit(f"{source.relative_to(ROOT)} links to {found[2]}, which is not there")
        name = str(target.relative_to(ROOT))
        if name in ELSEWHERE or (target.is_relative_to(DOCS) and target.is_file()):
            place = ELSEWHERE.get(name) or str(target.relative_to(DOCS))
            if target.suffix != ".md" and target.is_file():
                shown.add(target)
            return f"{found[1]}{os.path.relpath(place, os.path.dirname(path) or '.')}{found[3] or ''}"
        return f"{found[1]}{home()}/{'tree' if target.is_dir() else 'blob'}/HEAD/{name}{found[3] or ''}"

    text = "".join(
        part if fenced else _LINK.sub(link, part)
        for fenced, part in _parts(source.read_text(encoding="utf-8"))
    )
    return "\n".join(_set_in(text.split("\n")))


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """Yield a page's prose and its fenced blocks, in their order, with whether it is one of the latter."""
    end = 0
    for block in _FENCE.finditer(text):
        yield False, text[end : block.start()]
        yield True, block[0]
        end = block.end()
    yield False, text[end:]


def _set_in(lines: list[str]) -> Iterator[str]:
    """Yield a page's lines with its lists as Python-Markdown wants them: after a blank line, and what is in
    an item four spaces in. A code host is content with none, and with two."""
    in_list = broken = False
    fence: int | None = None
    before = ""
    for line in lines:
        inside = len(line) - len(line.lstrip())
        item, plain = _ITEM.match(line), bool(line.strip())
        if fence is not None:  # a block moves as one
            yield " " * fence + line if plain else line
            fence = None if line.lstrip().startswith("```") else fence
            continue
        if plain and not inside:
            if item and before and (not in_list or broken):
                yield ""
            in_list = bool(item) or (in_list and bool(before))
            broken = broken and not item
        shift = inside // 2 * 4 - inside if in_list else 0
        if line.lstrip().startswith("```"):
            fence = shift
        broken = broken or not plain
        yield " " * shift + line
        before = line.strip()


def build(folder: Path) -> None:
    """Build the site into a folder, which is made anew. Raises `SystemExit` for anything that is wrong."""
    with TemporaryDirectory() as work:
        lay_out(Path(work))
        done = subprocess.run(
            [sys.executable, "-m", "zensical", "build", "--clean", "--strict"],
            cwd=work,
            env={**os.environ, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{done.stdout}{done.stderr}")
        for path in sources():
            if language := _LANGUAGE.fullmatch(path):
                page = Path(work, "site", path.removesuffix(".md"), "index.html")
                text = page.read_text(encoding="utf-8")
                _write(page, text.replace("<article ", f'<article lang="{language["tag"]}" ', 1))
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(Path(work) / "site", folder)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
