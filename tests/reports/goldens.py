"""Whole outputs, compared with files that were read by somebody: in English, and in every other language what
people read. What programs read is the same file in all of them.

After a wanted change: `RENEW_GOLDEN=1 pytest tests/reports`, then read the difference in Git.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from reconciler import language
from reconciler.cli.formats import FORMATS

MACHINES = frozenset(name for name, found in FORMATS.items() if found.machine)
LANGUAGES = language.languages()


def compare(folder: Path, name: str, tag: str, make: Callable[[], str]) -> None:
    """Compare what a function makes in a language with the file of that name."""
    language.use(tag)
    path = _path(folder, name, tag)
    found = make()
    if os.environ.get("RENEW_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def check_none_is_left_over(folder: Path, names: Iterable[str]) -> None:
    """Complain of a file that no output is compared with."""
    wanted = {_path(folder, name, tag) for name in names for tag in LANGUAGES}
    assert {path for path in folder.rglob("*") if path.is_file()} == wanted


def _path(folder: Path, name: str, tag: str) -> Path:
    spoken = tag != language.ENGLISH and name.rpartition(".")[2] not in MACHINES
    return folder / tag / name if spoken else folder / name
