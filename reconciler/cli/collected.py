"""Where what a run says goes: out at once; or, of several runs with an account each, kept until all have
ended and then drawn as one document a target."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from reconciler import language
from reconciler.cli import files, formats, terminal
from reconciler.cli.files import named_after
from reconciler.errors import ReconcilerError, UsageError
from reconciler.language import msg, of_system, tr
from reconciler.report.section import PLAIN, Look, Section, heading

if TYPE_CHECKING:
    from reconciler.errors import InputError
    from reconciler.manifests.load import Loaded
    from reconciler.report.model import Verb
    from reconciler.report.section import Run


SUMMARY_LIMIT = 1 << 20
"""Bytes that GitHub takes of a step's summary, all commands of the step together; more fails the upload."""

_TOO_LONG = msg(
    "\n*The summary has no room for more: GitHub takes 1 MiB. The log and the reports say it all.*\n"
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a document of one format goes: a file with its mode, or stdout (no path).

    One that `remembers` carries something over from the last run; `failures`: it tells of a run that ended in
    an error as well. `verb` is what it is drawn for.
    """

    verb: Verb
    format: str
    path: str = ""
    mode: int = 0o600
    remembers: bool = False
    failures: bool = False

    def draw(self, sections: Sequence[Section], look: Look) -> str:
        """Draw sections in this format, in a file as the programs that open it want it to begin."""
        found = formats.FORMATS[self.format]
        with language.english() if found.machine else nullcontext():
            drawn = formats.load(self.verb, self.format)(sections, look)
        return f"{found.begins}{drawn}" if self.path else drawn

    @property
    def apart(self) -> bool:
        """Whether several accounts have a document each."""
        return formats.FORMATS[self.format].apart


class Sink(Protocol):
    """What a run hands its documents to."""

    def expect(self, targets: Iterable[Target]) -> None:
        """Say where documents will go, before anything is done. Raises `UsageError`."""
        ...

    def tell(self, target: Target, section: Section, look: Look) -> None:
        """What the run tells, for one target. Raises `ReconcilerError` where it cannot be written."""
        ...

    def tell_github(self, section: Section) -> None:
        """What a step of GitHub Actions tells beside its log."""
        ...

    def put(self, text: str) -> None:
        """Text for people, on stdout as it is. Raises `ReconcilerError` where it cannot be written."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """One account, by its name.

    `files` are what the files say, or what is wrong with them, where they were read before the run; None
    where the run reads them. `collected` takes what the run says, where it is one of several runs.
    """

    name: str
    files: Loaded | InputError | None = None
    collected: Collected | None = None


def sink(only: Account | None) -> Sink:
    """Return where the documents of this run go."""
    if only is None or only.collected is None:
        return _Direct()
    return _Kept(only.name, only.collected)


class _Direct:
    def __init__(self) -> None:
        self._befores: dict[str, str] = {}

    def expect(self, targets: Iterable[Target]) -> None:
        """Keep what files hold that want to know it: an error may be told after the result."""
        self._befores = {each.path: files.read_before(each.path) for each in targets if each.remembers}

    def tell(self, target: Target, section: Section, look: Look) -> None:
        text = target.draw([section], replace(look, before=self._befores.get(target.path, "")))
        if target.path:
            files.write_private(target.path, text, target.mode)
        else:
            terminal.put(text)

    def tell_github(self, section: Section) -> None:
        _tell_github([section])

    def put(self, text: str) -> None:
        terminal.put(text)


class Collected:
    """What the runs of several accounts tell, by target and account. Text on stdout is not kept: it goes out
    as it comes, under a heading."""

    def __init__(self, configured: Sequence[str] = (), *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.told: dict[Target, dict[str, tuple[Section, Look]]] = {}
        self.github: dict[str, Section] = {}
        self._configured = configured
        self._headed = ""

    def head(self, account: str) -> None:
        """Print the account's heading, once."""
        if self._headed != account:
            terminal.put(("\n" if self._headed else "") + heading(account))
            self._headed = account

    def write(self, kind: str, ended: Sequence[Section]) -> list[ReconcilerError]:
        """Write every document that was expected; returns what could not be written. `ended` are the accounts
        and how their runs ended."""
        failed = []
        ended = [replace(each, command=kind) for each in ended]
        for target in self.told:
            try:
                self._write(target, ended)
            except ReconcilerError as error:
                failed.append(error)
        return failed

    def tell_github(self, ended: Sequence[Section]) -> None:
        """The outputs and the summary of the step, where one run had some."""
        if self.github:
            _tell_github([_merged(self.github.get(each.account), each) for each in ended])

    def _write(self, target: Target, ended: Sequence[Section]) -> None:
        told = self.told[target]
        sections = [_merged(told[each.account][0] if each.account in told else None, each) for each in ended]
        look = next((look for _, look in told.values()), PLAIN)
        if target.apart:
            run = next((each.run for each in sections if each.run is not None), None)
            for each in sections:
                own = told[each.account][1] if each.account in told else PLAIN
                section = _with_failure(each, run, target) if target.failures else each
                if section.told is not None:
                    text = target.draw([replace(section, account="")], own)
                    files.write_private(named_after(target.path, each.account), text, target.mode)
            return
        if target.remembers:
            known = {each.account for each in sections}
            sections += [Section(name, 0) for name in self._configured if name not in known]
            look = replace(look, before=files.read_before(target.path) if target.path else "")
        if target.path:
            files.write_private(target.path, target.draw(sections, look), target.mode)
        elif target.format != "text":
            terminal.put(target.draw(sections, look))


def _merged(told: Section | None, ended: Section) -> Section:
    """What a run told, with what it ended with in the end."""
    if told is None:
        return ended
    return replace(
        told,
        account=ended.account,
        exit_code=ended.exit_code,
        problem=ended.problem,
        command=ended.command,
    )


def _with_failure(section: Section, run: Run | None, target: Target) -> Section:
    """An account that has nothing to tell, with a document of why: nobody is to go on with the page that an
    earlier run wrote. `run` is that of another account."""
    if section.told is not None or section.problem is None or run is None:
        return section
    from reconciler.report import failure

    own = replace(
        run,
        section=section.account,
        account="",
        api="",
        requests=(),
        commit=None,
        complete=False,
        exit_code=int(section.exit_code),
    )
    return replace(section, run=own, told=failure.told(target.verb, section.problem))


class _Kept:
    """The part of `Collected` that is one account's."""

    def __init__(self, account: str, collected: Collected) -> None:
        self._account = account
        self._all = collected

    def expect(self, targets: Iterable[Target]) -> None:
        for target in targets:
            if not target.path and target.apart:
                raise UsageError(
                    msg(
                        "a document in {format} is about one account, and there are several",
                        format=target.format,
                    ),
                    msg(
                        "name one with --account, or write a file for each with --report {format}=FILE",
                        format=target.format,
                    ),
                )
            self._all.told.setdefault(target, {})
            if not (target.path or target.format == "text" or self._all.quiet):
                terminal.say(tr("Account {account}:", account=self._account))

    def tell(self, target: Target, section: Section, look: Look) -> None:
        if target.format == "text" and not target.path:
            self.put(target.draw([section], look))
        else:
            self._all.told.setdefault(target, {})[self._account] = section, look

    def tell_github(self, section: Section) -> None:
        self._all.github[self._account] = section

    def put(self, text: str) -> None:
        self._all.head(self._account)
        terminal.put(text)


# --- what a step of GitHub Actions tells beside its log ---------------------------------------------------


def check_github() -> None:
    """Raise `ReconcilerError` where what a step tells could not be written."""
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        if path := os.environ.get(name):
            try:
                files.check_writable(path)
            except ReconcilerError as error:
                raise ReconcilerError(
                    msg("{variable}: {why}", variable=name, why=error.message), error.hint
                ) from None


def _tell_github(sections: Sequence[Section]) -> None:
    from reconciler.report import markdown, values

    with language.english():
        found = values.of_sections(sections)
        found["groups"] = values.names(sections)
    write_outputs(found)
    write_summary(markdown.render(sections, PLAIN))


def write_outputs(found: Mapping[str, str]) -> None:
    """Append the values of a run to `$GITHUB_OUTPUT`, where that is set: numbers, words, and `groups`, the
    names of the groups that it is about, a line each. Raises `ReconcilerError` when it cannot be written."""
    from reconciler.report import github

    path = os.environ.get("GITHUB_OUTPUT")
    if path:
        _append(path, github.encode_outputs(found, f"end-{secrets.token_hex(16)}"))


def write_summary(markdown: str) -> None:
    """Append Markdown to `$GITHUB_STEP_SUMMARY`, where that is set; what has no room any more is left out
    whole, because half a table or fence would spoil the rest. Raises `ReconcilerError`."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        used = os.path.getsize(path)
    except OSError:
        used = 0
    whole = markdown if markdown.endswith("\n") else f"{markdown}\n"
    for text in (f"\n{whole}" if used else whole, tr(_TOO_LONG)):
        if used + len(text.encode()) <= SUMMARY_LIMIT:
            _append(path, text)
            return


def _append(path: str, text: str) -> None:
    try:
        with open(path, "ab") as file:
            file.write(text.encode())
    except OSError as error:
        raise ReconcilerError(
            msg("{path} cannot be written: {why}", path=os.path.basename(path), why=of_system(error))
        ) from None
