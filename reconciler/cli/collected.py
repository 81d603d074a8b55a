"""Where what a run says goes: out at once; or, of several runs with an account each, kept until all have
ended and then joined, a document a place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from reconciler.cli import files, github, terminal
from reconciler.cli.places import named_after
from reconciler.errors import ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.cli.common import Common
    from reconciler.reports.joined import Part


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document of one format goes: a file with its mode, or stdout (no path). One that `remembers`
    carries something over from the last run. `failed` makes, of a message and a hint, what is to stand there
    after a run that ended without a document: what an earlier run wrote is not to be taken for this one's."""

    format: str
    path: str = ""
    mode: int = 0o600
    remembers: bool = False
    failed: Callable[[str, str], str] | None = None


class Sink(Protocol):
    """What a run hands its documents to."""

    def expect(self, places: Iterable[Place]) -> None:
        """Say where documents will go, before anything is done. Raises `UsageError`."""
        ...

    def put(self, place: Place, text: str) -> None:
        """One document. Raises `ReconcilerError` where it cannot be written."""
        ...

    def tell_github(self, outputs: Mapping[str, str], summary: str) -> None:
        """What a step of GitHub Actions tells beside its log."""
        ...


def sink(common: Common) -> Sink:
    """Where the documents of this run go."""
    only = common.only
    if only is None or only.collected is None:
        return _Direct()
    return _Kept(only.name, only.collected)


class _Direct:
    def expect(self, places: Iterable[Place]) -> None: ...

    def put(self, place: Place, text: str) -> None:
        if place.path:
            files.write_private(place.path, text, place.mode)
        else:
            terminal.put(text)

    def tell_github(self, outputs: Mapping[str, str], summary: str) -> None:
        github.write_outputs(outputs)
        github.write_summary(summary)


class Collected:
    """What the runs of several accounts say, by place and account. Text on stdout is not kept: it goes out as
    it comes, under a heading."""

    def __init__(self, configured: Sequence[str] = (), *, quiet: bool = False) -> None:
        self.quiet = quiet
        self._configured = configured
        self.said: dict[Place, dict[str, str]] = {}
        self.outputs: dict[str, Mapping[str, str]] = {}
        self._headed = ""

    def head(self, account: str) -> None:
        """Print the account's heading, once."""
        from reconciler.reports import joined

        if self._headed != account:
            terminal.put(("\n" if self._headed else "") + joined.heading(account))
            self._headed = account

    def write(self, kind: str, parts: Sequence[Part]) -> list[ReconcilerError]:
        """Write every document that was expected; returns what could not be written. `parts` are the accounts
        and how their runs ended, still without text."""
        failed = []
        for place, said in self.said.items():
            filled = [replace(part, text=said.get(part.account, "")) for part in parts]
            try:
                self._write(place, kind, filled)
            except ReconcilerError as error:
                failed.append(error)
        return failed

    def tell_github(self, parts: Sequence[Part]) -> None:
        """The outputs of the step, where one run had some."""
        from reconciler.reports import joined

        if self.outputs:
            github.write_outputs(
                joined.values([(part, self.outputs.get(part.account, {})) for part in parts])
            )

    def _write(self, place: Place, kind: str, parts: Sequence[Part]) -> None:
        from reconciler.reports import joined

        if place.remembers:
            parts = self._remembering(place, parts)
        join = joined.JOINS.get(place.format)
        if join is None:
            for part in parts:
                text = part.text
                if not text and place.failed is not None and part.problem is not None:
                    text = place.failed(part.problem.message, part.problem.hint)
                if text:
                    files.write_private(named_after(place.path, part.account), text, place.mode)
        elif place == SUMMARY:
            github.write_summary(join(kind, parts))
        elif place.path:
            files.write_private(place.path, join(kind, parts), place.mode)
        elif place.format != "text":
            terminal.put(join(kind, parts))

    def _remembering(self, place: Place, parts: Sequence[Part]) -> list[Part]:
        """The parts, with what the file says already of accounts that now say nothing."""
        from reconciler.reports import joined

        before = files.read_before(place.path)
        known = {part.account: part for part in parts}
        others = (name for name in self._configured if name not in known)
        return [
            part if part.text else replace(part, text=joined.still_counted(before, part.account))
            for part in (*parts, *(joined.Part(name, 0) for name in others))
        ]


SUMMARY = Place("markdown", "$GITHUB_STEP_SUMMARY")


class _Kept:
    """The part of `Collected` that is one account's."""

    def __init__(self, account: str, collected: Collected) -> None:
        self._account = account
        self._all = collected

    def expect(self, places: Iterable[Place]) -> None:
        from reconciler.reports import joined

        for place in places:
            if not place.path and place.format not in joined.JOINS:
                raise UsageError(
                    f"a document in {place.format} is about one account, and there are several",
                    f"name one with --account, or write a file for each with --report {place.format}=FILE",
                )
            self._all.said.setdefault(place, {})
            if not (place.path or place.format == "text" or self._all.quiet):
                terminal.say(f"Account {self._account}:")

    def put(self, place: Place, text: str) -> None:
        if place.format == "text" and not place.path:
            self._all.head(self._account)
            terminal.put(text)
        else:
            self._all.said.setdefault(place, {})[self._account] = text

    def tell_github(self, outputs: Mapping[str, str], summary: str) -> None:
        self._all.outputs[self._account] = outputs
        self.put(SUMMARY, summary)
