"""The history of `drift --record`: a file of its own that says when each drift was first seen.

One document, replaced whole; the last of two runs at the same time wins, and nothing but a date can be lost.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import StateError
from reconciler.language import msg, of_system
from reconciler.state.codec import format_time, not_json

if TYPE_CHECKING:
    from reconciler.model.drift import History

FORMAT_VERSION = 1
KIND = "drift_history"
LIMIT = 64 * 1024 * 1024  # bytes

_WORD = re.compile(r"[a-z0-9_-]{1,64}")


class HistoryFile:
    """The history in the file at `path`, as the command line names it."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._shown = path

    def read(self) -> dict[str, dict[str, datetime]]:
        """What is recorded; nothing where there is no file yet.

        Raises `StateError` when the file cannot be read, is damaged, or is something else.
        """
        try:
            if not stat.S_ISREG(self._path.stat().st_mode):
                raise StateError(
                    msg("{file} is no regular file", file=self._shown),
                    msg("give --record a file of its own"),
                )
            with self._path.open("rb") as file:
                data = file.read(LIMIT + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StateError(
                msg("{file} cannot be read: {why}", file=self._shown, why=of_system(error))
            ) from None
        try:
            return _parsed(data)
        except _Damaged as error:
            quoted = shlex.quote(self._shown)
            raise StateError(
                msg(
                    "{file} is no history that `drift --record` has written, or it is damaged: {why}",
                    file=self._shown,
                    why=error.args[0],
                ),
                msg(
                    "set it aside: `mv {file} {file}.old`; or give --record a file of its own",
                    file=quoted,
                ),
            ) from None

    def write(self, history: History) -> None:
        """Replace what is recorded, all at once; only its owner may read it (0600). Raises `StateError`."""
        try:
            path = self._path.resolve()
            descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(_document(history))
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(path)
            except BaseException:
                with suppress(OSError):
                    Path(temporary).unlink(missing_ok=True)
                raise
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, before Python 3.13
            why = of_system(error) if isinstance(error, OSError) else msg("it is a link that leads nowhere")
            raise StateError(msg("{file} cannot be written: {why}", file=self._shown, why=why)) from None


class _Damaged(ValueError):
    """The text is no history; the message says where, without quoting values."""


def _document(history: History) -> str:
    seen = {
        name: {what: format_time(at.replace(microsecond=0)) for what, at in sorted(found.items())}
        for name, found in sorted(history.items())
    }
    return json.dumps({"format_version": FORMAT_VERSION, "kind": KIND, "seen": seen}, indent=2) + "\n"


def _parsed(data: bytes) -> dict[str, dict[str, datetime]]:
    if len(data) > LIMIT:
        raise _Damaged(msg("it is too large"))
    try:
        document = json.loads(data.decode())
    except UnicodeDecodeError:
        raise _Damaged(msg("it is no UTF-8 text")) from None
    except json.JSONDecodeError as error:
        raise _Damaged(not_json(error)) from None
    except (ValueError, RecursionError):  # an integer of thousands of digits; thousands of brackets
        raise _Damaged(msg("no JSON that this program would have written")) from None
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise _Damaged(msg("its `kind` is not {kind}", kind=KIND))
    if document.get("format_version") != FORMAT_VERSION:
        raise _Damaged(msg("its `format_version` is not {known}", known=FORMAT_VERSION))
    return {
        _word(name): {_word(what): _time(at) for what, at in _object(found).items()}
        for name, found in _object(document.get("seen")).items()
    }


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _Damaged(msg("`seen` does not say what was seen of each name"))
    return value


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise _Damaged(msg("`seen` has a key that is no name"))
    return text


def _time(value: object) -> datetime:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        if at is not None and at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: the first hour of year 1, in a zone east of Greenwich
        pass
    raise _Damaged(msg("`seen` has a value that is no time with a zone"))
