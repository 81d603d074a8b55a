"""Pages in another language: they say what their originals say, command by command, and a change of the one
without the other is told with what to do about it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs import translations

ROOT = Path(__file__).parent.parent
PAIRS = translations.translations(ROOT)
_FENCE = re.compile(r"(?:^<!-- (?P<note>.+?) -->\n)?^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.M | re.S)
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$", re.M)
_FREE = re.compile(r"(?:(?<=commit --quiet -m )|(?<=^subject: ))\S.*$", re.M)
"""What people say in code: a commit's message, a group's subject."""
_STAYS = re.compile(r"[\w:.+/-]*[/-]\w[\w:./-]*")
"""Words of an answer that no language changes: names, paths, addresses."""


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def prose(text: str) -> str:
    return _FENCE.sub("", text)


def blocks(path: str) -> Iterator[tuple[str, str, list[str]]]:
    """The code of a page, without its comments, without what people say in it, and without the request to
    speak the page's language; of what programs answer, the words that stay."""
    asks = re.compile(rf"(?:export )?RECONCILER_LANG={path.split('.')[-2]}\s")
    for found in _FENCE.finditer(read(path)):
        if found["kind"] == "text":
            yield "", "text", _STAYS.findall(found["body"])
        else:
            code = asks.sub("", _FREE.sub("…", _COMMENT.sub("", found["body"])))
            yield found["note"] or "", found["kind"], [line.rstrip() for line in code.splitlines()]


def headings(text: str) -> list[tuple[str, str]]:
    """The level and the number of each heading."""
    return re.findall(r"^(#+) (\d*)", prose(text), re.M)


def test_readme_and_tutorial_are_there_in_portuguese() -> None:
    assert {
        "README.pt-BR.md": "README.md",
        "docs/first-repository.pt-BR.md": "docs/first-repository.md",
    }.items() <= PAIRS.items()


def test_no_page_has_changed_without_the_other() -> None:
    assert "\n".join(translations.stale(ROOT)) == ""


@pytest.mark.parametrize(("page", "original"), PAIRS.items())
def test_a_translation_has_the_same_headings_and_the_same_code(page: str, original: str) -> None:
    assert headings(read(page)) == headings(read(original))
    assert list(blocks(page)) == list(blocks(original))
    spans = [set(re.findall(r"`[^`]+`", prose(read(path)))) for path in (page, original)]
    assert spans[0] == spans[1]


@pytest.mark.parametrize(("page", "original"), PAIRS.items())
def test_a_translation_leads_where_its_original_leads(page: str, original: str) -> None:
    """Or to the translation of it; the first lines lead to each other."""
    names = Path(page).name, Path(original).name
    assert f"]({names[0]})" in read(original).partition("\n")[0]
    assert f"]({names[1]})" in read(page).partition("\n")[0]
    tag = names[0].split(".")[-2]
    links = [
        set(re.findall(r"\]\((\S+?)\)", prose(read(path)).partition("\n")[2])) for path in (page, original)
    ]
    for link in links[1]:
        target = re.sub(r"\.(md|svg)(?=#|$)", rf".{tag}.\1", link)
        there = (ROOT / page).parent / target.partition("#")[0]
        assert (target if target != link and there.exists() else link) in links[0], link


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A repository with one page, its translation, and the script."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/translations.py").write_text(read("docs/translations.py"))
    (tmp_path / "docs/begin.md").write_text("# Begin\n\nOne step.\n")
    (tmp_path / "docs/begin.pt-BR.md").write_text("# Comece\n\nUm passo.\n")
    assert script(tmp_path, "--done").returncode == 0
    for line in ("init -q", "add .", "-c user.name=x -c user.email=x@example.org commit -qm First"):
        subprocess.run(["git", *line.split()], cwd=tmp_path, check=True)
    return tmp_path


def script(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, folder / "docs/translations.py", *arguments], capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "changed", [["docs/begin.md"], ["docs/begin.pt-BR.md"], ["docs/begin.md", "docs/begin.pt-BR.md"]]
)
def test_a_change_of_either_is_told_until_somebody_says_that_they_are_alike(
    copied: Path, changed: list[str]
) -> None:
    assert script(copied).returncode == 0
    for name in changed:
        with (copied / name).open("r+", encoding="utf-8") as page:
            text = page.read().replace("step", "little step").replace("passo", "pequeno passo")
            page.seek(0)
            page.write(text)

    told = script(copied)
    assert told.returncode == 1
    assert f"there is a change in {' and in '.join(changed)}.\n" in told.stderr
    command = re.findall(r"See what changed: (.+)", told.stderr)[0]
    diff = subprocess.run(["bash", "-c", command], cwd=copied, capture_output=True, text=True).stdout
    assert re.findall(r"^\+\+\+ b/(.+)", diff, re.M) == changed

    assert script(copied, "--done").returncode == 0
    noted = (copied / "docs/begin.pt-BR.md").read_text()
    assert script(copied).returncode == 0
    assert script(copied, "--done").returncode == 0
    assert (copied / "docs/begin.pt-BR.md").read_text() == noted


def test_a_page_that_was_never_noted_is_told(copied: Path) -> None:
    (copied / "docs/end.md").write_text("# End\n")
    (copied / "docs/end.de.md").write_text("# Ende\n")
    assert "docs/end.de.md is not known to say what docs/end.md says" in script(copied).stderr


def test_the_portuguese_glossary_has_every_word_of_the_other() -> None:
    def words(path: str) -> set[str]:
        rows = [line.split("|")[1].strip() for line in read(path).splitlines() if line.startswith("| ")]
        said = {word.partition(" (")[0] for row in rows for word in row.split(", ")}
        return {word for word in said if not word.startswith("`")} - {"word", "code"}

    assert {"manifest", "still to join", "changed outside"} <= words("docs/glossary.md")
    assert words("docs/glossary.md") - words("docs/glossary.pt-BR.md") == set()
