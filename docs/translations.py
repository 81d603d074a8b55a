"""Say which translated pages are not as new as their originals: `python docs/translations.py`. With `--done`
note that they are, once what changed in the one was carried over to the other.

A page `NAME.LANGUAGE.md` is a translation of the `NAME.md` beside it. Its last line holds a digest of each of
the two, so that a change of one alone is seen, whichever it is.
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_NAME = re.compile(r"(?P<original>.+)\.[a-z]{2,3}(?:-[A-Z]{2})?\.md")
_NOTE = re.compile(r"\n<!-- translated from (\w+), this page (\w+) -->\n\Z")


def translations(root: Path) -> dict[str, str]:
    """Return the path of every translated page with that of its original, but for the glossaries, which say
    other things of the same words."""
    found = {}
    for path in sorted([*root.glob("*.md"), *(root / "docs").glob("*.md")]):
        name = _NAME.fullmatch(path.name)
        if name and name["original"] != "glossary":
            original = path.with_name(f"{name['original']}.md")
            found[path.relative_to(root).as_posix()] = original.relative_to(root).as_posix()
    return found


def stale(root: Path) -> list[str]:
    """Return a sentence for every pair of which one has changed without the other: which, and what to do."""
    return [said for page, original in translations(root).items() if (said := _changed(root, page, original))]


def _changed(root: Path, page: str, original: str) -> str:
    note = _NOTE.search(_read(root, page))
    noted = note.groups() if note else ("", "")
    pairs = zip((original, page), noted, _digests(root, page, original), strict=True)
    changed = [path for path, before, now in pairs if before != now]
    if not changed:
        return ""
    since = f"$(git log -1 --format=%h -G'^<!-- translated from' -- {page})"
    return (
        f"{page} is not known to say what {original} says: since that was noted, there is a change in "
        f"{' and in '.join(changed)}.\n  See what changed: git diff {since} -- {' '.join(changed)}\n"
        "  Carry it over, then: python docs/translations.py --done"
    )


def done(root: Path) -> None:
    """Note in every translated page that it says what its original says."""
    for page, original in translations(root).items():
        text = _NOTE.sub("", _read(root, page)).rstrip("\n")
        of_original, of_page = _digests(root, page, original)
        note = f"\n\n<!-- translated from {of_original}, this page {of_page} -->\n"
        (root / page).write_text(f"{text}{note}", encoding="utf-8")


def _digests(root: Path, page: str, original: str) -> tuple[str, str]:
    texts = (_read(root, original), _NOTE.sub("", _read(root, page)))
    first, second = (hashlib.sha256(text.rstrip("\n").encode()).hexdigest()[:16] for text in texts)
    return first, second


def _read(root: Path, path: str) -> str:
    return (root / path).read_text(encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--done"]:
        done(ROOT)
    elif found := stale(ROOT):
        raise SystemExit("\n".join(found))
