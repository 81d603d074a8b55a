"""Printing: data on stdout, everything else on stderr; colour decided per stream; progress on a terminal."""

from __future__ import annotations

import codecs
import errno
import io
import os
import signal
import sys
import threading
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from reconciler.errors import Complaint, Exit, InputError, ReconcilerError, UsageError
from reconciler.language import msg, of_system, said, tr, tr_p

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from reconciler.ports import Progress

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def wants_color(stream: TextIO, choice: str) -> bool:
    """Whether a stream gets colours: `--color` first, then NO_COLOR, then FORCE_COLOR, then a terminal."""
    if choice in ("always", "never"):
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def in_ci() -> bool:
    """Whether a pipeline runs us: `CI` is set and is not a word for no."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")


def width(stream: TextIO) -> int:
    """Columns of a terminal; 100 elsewhere, so that logs do not depend on who looks."""
    if not stream.isatty():
        return 100
    try:
        return max(40, os.get_terminal_size(stream.fileno()).columns)
    except OSError:
        return 100


def say(text: str) -> None:
    """A message for people, on stderr, in their language; for nobody, where that is closed."""
    with suppress(OSError):
        _write(sys.stderr, said(text))


def say_error(text: str, beside: str = "") -> None:
    """Why a run ends, on stderr. Where that cannot be written, on stdout, unless `beside` is a format for
    machines, whose document it would spoil."""
    try:
        _write(sys.stderr, text)
    except OSError:
        from reconciler.cli.formats import FORMATS

        if beside not in FORMATS or FORMATS[beside].prose:
            with suppress(OSError):
                _write(sys.stdout, text)


def say_interrupted(beside: str = "") -> Exit:
    """Say that a signal ended the run; returns the exit code."""
    say_error(tr("Interrupted."), beside)
    return Exit.INTERRUPTED


def put(text: str) -> None:
    """Data, on stdout. Raises `ReconcilerError` when it cannot be written (a full disk, say)."""
    try:
        _write(sys.stdout, text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable(error) from None


def check_stdout() -> None:
    """Raise `ReconcilerError` where stdout is closed or full, before anything is done. Nothing is written
    that was not printed before."""
    try:
        sys.stdout.flush()
        os.write(sys.stdout.fileno(), b"")
    except io.UnsupportedOperation:  # no file, so nothing that could be closed
        return
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable(error) from None


def unwritten(error: OSError) -> ReconcilerError | None:
    """Return what is to be said where that error came of printing; None for any other."""
    if error.errno in _NO_ROOM:
        return _unwritable(error)
    try:
        check_stdout()
    except ReconcilerError as found:
        return found
    return None


def _unwritable(error: OSError) -> ReconcilerError:
    if error.errno == errno.EBADF:
        return ReconcilerError(
            msg("the output cannot be written: stdout is closed"),
            msg("send it to /dev/null where nobody wants it"),
        )
    return ReconcilerError(msg("the output cannot be written: {why}", why=of_system(error)))


def _write(stream: TextIO, text: str) -> None:
    stream.write(text if text.endswith("\n") else f"{text}\n")
    stream.flush()


def print_complaints(complaints: Sequence[Complaint], color: str = "auto") -> None:
    """What is doubtful about files, on stderr."""
    if complaints:
        say(_complaints(complaints, color))


def _complaints(complaints: Sequence[Complaint], color: str = "auto") -> str:
    from reconciler.report import text

    return text.render_complaints(complaints, color=wants_color(sys.stderr, color))


def print_error(error: ReconcilerError, account: str = "", beside: str = "") -> None:
    """An error with its hint, on stderr; of several accounts with the name of the one that it befell.
    `beside` as for `say_error`."""
    if isinstance(error, InputError):
        say_error(_complaints(error.complaints), beside)
        return
    from reconciler.report.escape import for_terminal

    head = tr("Error ({account})", account=account) if account else tr("Error")
    lines = [f"{head}: {for_terminal(said(error.message))}"]
    if error.hint:
        lines.append(f"  {for_terminal(said(error.hint))}")
    say_error("\n".join(lines), beside)


def print_bug(error: BaseException, beside: str = "") -> None:
    """A bug: where it happened, without values, which could be numbers or tokens."""
    lines = [
        tr(
            "This is a bug in reconciler: {kind}. Please report it with these lines:",
            kind=type(error).__name__,
        )
    ]
    for frame in traceback.extract_tb(error.__traceback__)[-8:]:
        place = frame.filename.rpartition("/reconciler/")[2]
        lines.append(
            tr("  {place}:{line} in {function}", place=place, line=frame.lineno, function=frame.name)
        )
    say_error("\n".join(lines), beside)


def log_calls(verbose: bool) -> None:
    """With `--verbose`, log every call on stderr. Only our own logger is attached: those of libraries would
    print addresses with ids in them."""
    if not verbose:
        return
    import logging

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("reconciler")
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG)
    logger.propagate = False


class Silent:
    """A `Progress` that says nothing."""

    def start(self, label: str, total: int) -> None: ...

    def advance(self, count: int = 1) -> None: ...

    def finish(self) -> None: ...

    def tell(self, text: str) -> None: ...


class Lines(Silent):
    """A `Progress` for logs: only what is told."""

    def tell(self, text: str) -> None:
        say(text)


class Bar:
    """A `Progress` bar on stderr, gone when it is finished."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._progress: RichProgress | None = None
        self._task: TaskID | None = None

    def start(self, label: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        with self._lock:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._progress.add_task(said(label), total=total)
            self._progress.start()

    def advance(self, count: int = 1) -> None:
        with self._lock:
            if self._progress is not None and self._task is not None:
                self._progress.advance(self._task, count)

    def finish(self) -> None:
        with self._lock:
            if self._progress is not None:
                self._progress.stop()
                self._progress = None

    def tell(self, text: str) -> None:
        with self._lock:
            if self._progress is None:
                say(text)
            else:
                self._progress.console.print(said(text), markup=False, highlight=False)


def progress(quiet: bool) -> Progress:
    """A bar on a terminal that is no pipeline's; elsewhere only what has to be told."""
    if quiet:
        return Silent()
    if in_ci() or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return Lines()
    return Bar()


def can_ask() -> bool:
    """Whether somebody is there to answer a question."""
    return sys.stdin.isatty() and sys.stderr.isatty()


_UNASKED = {
    "accept": msg("add --yes to accept without a question"),
    "apply": msg("add --yes to apply without a question"),
    "init": msg("add --yes to init without a question"),
    "promote": msg("add --yes to promote without a question"),
    "revoke": msg("add --yes to revoke without a question"),
    "send": msg("add --yes to send without a question"),
}


def check_can_ask(what: str, *, yes: bool) -> None:
    """Raise `UsageError` where a question has to be answered, and nobody can."""
    if not yes and not can_ask():
        raise UsageError(msg("there is no terminal to ask on"), _UNASKED[what])


def ask(question: str, stopping: Callable[[], bool]) -> bool:
    """Ask on stderr; only a typed `yes`, in English or the language that is spoken, is a yes, and with a stop
    asked for before there is no question.

    Raises `KeyboardInterrupt` for SIGINT and SIGTERM: while nothing is under way there is nothing to finish.
    """
    typed = _typed(tr("{question} Only 'yes' is a yes: ", question=question), stopping)
    return typed.strip() in ("yes", tr_p("typed as an answer", "yes"))


def answer(question: str, default: str) -> str:
    """Ask on stderr for a word; an empty line is the default. Raises `KeyboardInterrupt` as `ask` does, and
    where the input ends."""
    line = _typed(f"{question} [{default}]: ", lambda: False)
    if not line:
        say("")
        raise KeyboardInterrupt
    return line.strip() or default


def _typed(prompt: str, stopping: Callable[[], bool]) -> str:
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        if stopping():
            return ""
        sys.stderr.write(prompt)
        sys.stderr.flush()
        return sys.stdin.readline()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


# --- letters that an output's encoding lacks are printed as escapes: a subject must not end a run -------


def escape_unencodable() -> None:
    """Let stdout and stderr escape what they cannot encode as JSON does, so that documents stay documents."""
    codecs.register_error("as-json", _as_json)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="as-json")


def _as_json(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    import json

    return json.dumps(error.object[error.start : error.end])[1:-1], error.end
