"""Searches what every run of the command prints, and every file it leaves, for what must stay secret.

`install` hooks into `subprocess`, so that a test need not ask for it: whoever starts the command and waits
for it with `run` or `communicate` has its output and the files below its folder searched for the credentials
of its environment, for invite links and for the numbers of the tests' people. What is meant to hold these is
named in `_may_hold`, and nothing else is.
"""

from __future__ import annotations

import os
import re
import subprocess
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from reconciler.cli.app import program

VERBS = frozenset(program.list_commands(click.Context(program)))
CREDENTIALS = re.compile(
    r"RECONCILER_(?:\w+_)?(?:TOKEN|USERNAME|PLAN_KEY)|GITHUB_TOKEN|GH_TOKEN|GITLAB_TOKEN|SOME_OTHER_SECRET"
)
_SHORTEST = 8
"""Characters of a credential: shorter ones are words of other texts, too."""
_LINK = re.compile(r"chat\.whatsapp\.com/[A-Za-z0-9_-]+", re.IGNORECASE)
_NUMBER = re.compile(r"55\D{0,3}19\D{0,3}9?\D{0,2}0000\D?00(?:0[1-9]|[1-9][0-9])")
"""The people of `tests/support.py` and others like them, however they are written."""
_EXAMPLE = re.compile(r"(?:(?:as|parentheses:) |['\"])\+55 \(?19\)? 90000-000[12]")
"""How our own texts say what a number looks like."""
_LARGEST = 4 << 20


class Watch:
    """One run: made just before it begins, `ended` with what it printed."""

    def __init__(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._arguments = tuple(arguments)
        self._verb = next((word for word in arguments if word in VERBS), None)
        self._folder = folder
        self._before = dict(_files(folder))
        found = (value for name, value in environment.items() if CREDENTIALS.fullmatch(name))
        self._secrets = tuple(secret for secret in found if len(secret) >= _SHORTEST)

    def ended(self, *printed: str) -> None:
        """Raises `AssertionError` that names the place, for anything that should not be there."""
        for name, text in zip(("stdout", "stderr"), printed, strict=False):
            self._search(name, text, *self._may_hold(name))
        for path, stamp in _files(self._folder):
            if self._before.get(path) != stamp:
                self._look_into(path)

    def _look_into(self, path: str) -> None:
        try:
            data = Path(path).read_bytes()[:_LARGEST]
        except OSError:
            return  # another run took it away
        name = os.path.relpath(path, self._folder)
        links, numbers = self._may_hold(name)
        if re.search(r"(^|/)objects/[0-9a-f]{2}/[0-9a-f]{38}$", name):
            data = zlib.decompressobj().decompress(data, _LARGEST)
            numbers = not data.startswith(b"commit ")
        self._search(name, data.decode(errors="replace"), links, numbers)

    def _may_hold(self, name: str) -> tuple[bool, bool]:
        """Whether links, and whether numbers, may stand in an output or file of this run."""
        words = self._arguments
        shows = self._verb == "invites" and not {"--send", "--rotate"} & set(words)
        reported = {word.rpartition("=")[2] for word in words if "=" in word} | {"stdout"}
        if self._verb == "schema":
            return False, True  # examples
        if self._verb == "sandbox" or os.path.basename(name).startswith("sandbox"):
            return True, True  # the API itself
        # of several accounts each has its own: sheet-sales.html
        common = re.sub(r"-(?:sales|support|field-ops)(?=\.\w+$)", "", name)
        if shows and (name in reported or common in reported):
            return True, True  # what the command is for
        numbers = (
            "--show-numbers" in words
            or self._verb is None
            # Files of the user's, and the record of who is awaited that has no alias.
            or name.endswith((".yaml", ".yml", ".reconciler/state.json"))
        )
        return False, numbers

    def _search(self, where: str, text: str, links: bool, numbers: bool) -> None:
        found = [secret for secret in self._secrets if secret in text]
        found += [] if links else _LINK.findall(text)
        found += [] if numbers else _NUMBER.findall(_EXAMPLE.sub("", text))
        assert not found, (
            f"{where} of {' '.join(self._arguments)} holds {found[0]}: {_around(text, found[0])}"
        )


def _around(text: str, found: str) -> str:
    at = text.index(found)
    return ascii(text[max(0, at - 100) : at + len(found) + 100])


def _files(folder: Path) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Every regular file below a folder, with what tells whether it was written since."""
    waiting = [str(folder)]
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except OSError:
            continue
        for entry in entries:
            try:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    info = entry.stat(follow_symlinks=False)
                    yield entry.path, (info.st_mtime_ns, info.st_size, info.st_ino)
            except OSError:
                continue


def _is_ours(process: subprocess.Popen[Any], arguments: object) -> bool:
    if type(process).__name__ == "Forked":  # tests/warm.py
        return True
    if not isinstance(arguments, list | tuple):
        return False
    words = [os.fspath(word) for word in arguments]
    return "reconciler" in words or any(str(word).endswith("/reconciler") for word in words[:2])


def install() -> None:
    """Search every run that is started from now on in this process."""
    begin, communicate = subprocess.Popen.__init__, subprocess.Popen.communicate

    def watched(self: Any, args: Any, *rest: Any, **options: Any) -> None:
        if _is_ours(self, args):
            environment = options.get("env")
            folder = Path(options.get("cwd") or ".")
            words = [os.fsdecode(word) for word in args]
            self.watch = Watch(words, folder, os.environ if environment is None else environment)
        begin(self, args, *rest, **options)

    def searched(self: Any, *arguments: Any, **options: Any) -> tuple[Any, Any]:
        printed = communicate(self, *arguments, **options)
        if hasattr(self, "watch"):
            self.watch.ended(*(_text(part) for part in printed))
        return printed

    subprocess.Popen.__init__ = watched  # type: ignore[method-assign]
    subprocess.Popen.communicate = searched  # type: ignore[method-assign]


def _text(part: str | bytes | None) -> str:
    if part is None:
        return ""
    return part if isinstance(part, str) else part.decode(errors="replace")
