"""Where what a run says goes: out at once; or, of several runs with an account each, kept until all have
ended and then drawn as one document a target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from reconciler.cli import files, formats, github, terminal
from reconciler.cli.places import named_after
from reconciler.errors import ReconcilerError, UsageError
from reconciler.report.section import PLAIN, Look, Section, heading

if TYPE_CHECKING:
    from reconciler.errors import InputError
    from reconciler.manifests.load import Loaded
    from reconciler.report.model import Verb
    from reconciler.report.section import Run
    from reconciler.reports.joined import Part


@dataclass(frozen=True, slots=True)
class Target:
    """Where a document of one format goes: a file with its mode, or stdout (no path).

    One that `remembers` carries something over from the last run; `failures`: it tells of a run that ended in
    an error as well. `verb` is what it is drawn for, None where text goes out as it is.
    """

    format: str
    path: str = ""
    mode: int = 0o600
    remembers: bool = False
    failures: bool = False
    verb: Verb | None = None

    def draw(self, sections: Sequence[Section], look: Look) -> str:
        """Draw sections in this format. Raises `ValueError` where it is for text as it is."""
        if self.verb is None:
            raise ValueError("text that goes out as it is has no document")
        return formats.load(self.verb, self.format)(sections, look)

    @property
    def apart(self) -> bool:
        """Whether several accounts have a document each."""
        return formats.FORMATS[self.format].apart


SUMMARY = Target("markdown", "$GITHUB_STEP_SUMMARY", verb="plan")


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

    def put(self, target: Target, text: str) -> None:
        """Text as it is. Raises `ReconcilerError` where it cannot be written."""
        ...

    def tell_github_of_view(self, outputs: Mapping[str, str], summary: str) -> None:
        """As `tell_github`, of a verb that makes no document yet."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """One account, by its name.

    `files` are what the files say, or what is wrong with them, where they were read before the run; None
    where the run reads them. `collected` takes what the run says, where it is one of several runs; `share` is
    how many they are.
    """

    name: str
    files: Loaded | InputError | None = None
    collected: Collected | None = None
    share: int = 1


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
        self.put(target, target.draw([section], replace(look, before=self._befores.get(target.path, ""))))

    def tell_github(self, section: Section) -> None:
        _tell_github([section])

    def put(self, target: Target, text: str) -> None:
        if target.path:
            files.write_private(target.path, text, target.mode)
        else:
            terminal.put(text)

    def tell_github_of_view(self, outputs: Mapping[str, str], summary: str) -> None:
        github.write_outputs(outputs)
        github.write_summary(summary)


def _tell_github(sections: Sequence[Section]) -> None:
    from reconciler.report import markdown, values

    found = values.of_sections(sections)
    found.setdefault("groups", values.names(sections))
    github.write_outputs(found)
    github.write_summary(markdown.render(sections, PLAIN))


class Collected:
    """What the runs of several accounts tell, by target and account. Text on stdout is not kept: it goes out
    as it comes, under a heading."""

    def __init__(self, configured: Sequence[str] = (), *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.told: dict[Target, dict[str, tuple[Section, Look]]] = {}
        self.github: dict[str, Section] = {}
        self.said: dict[Target, dict[str, str]] = {}
        self.outputs: dict[str, Mapping[str, str]] = {}
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
                if target.verb and not self.said.get(target):
                    self._write(target, ended)
                else:
                    self._write_said(target, kind, ended)
            except ReconcilerError as error:
                failed.append(error)
        return failed

    def tell_github(self, ended: Sequence[Section]) -> None:
        """The outputs and the summary of the step, where one run had some."""
        if self.outputs:
            self._tell_github_of_views(ended)
        elif self.github:
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

    # --- verbs that make no document yet --------------------------------------------------------------------

    def _write_said(self, target: Target, kind: str, ended: Sequence[Section]) -> None:
        from reconciler.reports import joined

        parts = self._parts(target, ended)
        if target.remembers:
            parts = self._remembering(target, parts)
        join = joined.JOINS.get(target.format)
        if join is None:
            for part in parts:
                if part.text:
                    files.write_private(named_after(target.path, part.account), part.text, target.mode)
        elif target.path:
            files.write_private(target.path, join(kind, parts), target.mode)
        elif target.format != "text":
            terminal.put(join(kind, parts))

    def _parts(self, target: Target, ended: Sequence[Section]) -> list[Part]:
        from reconciler.reports.joined import Part

        texts = dict(self.said.get(target, {}))
        told = self.told.get(target, {})
        if target == SUMMARY:
            told = {account: (section, PLAIN) for account, section in self.github.items()}
        for account, (section, look) in told.items():
            texts.setdefault(account, target.draw([section], look))
        return [
            Part(each.account, each.exit_code, each.problem, texts.get(each.account, "")) for each in ended
        ]

    def _remembering(self, target: Target, parts: Sequence[Part]) -> list[Part]:
        """The parts, with what the file says already of accounts that now say nothing."""
        from reconciler.reports import joined

        before = files.read_before(target.path)
        known = {part.account: part for part in parts}
        others = (name for name in self._configured if name not in known)
        return [
            part if part.text else replace(part, text=joined.still_counted(before, part.account))
            for part in (*parts, *(joined.Part(name, 0) for name in others))
        ]

    def _tell_github_of_views(self, ended: Sequence[Section]) -> None:
        from reconciler.report import values
        from reconciler.reports import joined

        failed = {name: values.of_sections([each]) | {"groups": ""} for name, each in self.github.items()}
        outputs = {**failed, **self.outputs}
        parts = self._parts(SUMMARY, ended)
        github.write_outputs(joined.values([(part, outputs.get(part.account, {})) for part in parts]))
        github.write_summary(joined.JOINS["markdown"]("plan", parts))


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
    if section.told is not None or section.problem is None or run is None or target.verb is None:
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
                    f"a document in {target.format} is about one account, and there are several",
                    f"name one with --account, or write a file for each with --report {target.format}=FILE",
                )
            self._all.told.setdefault(target, {})
            if not (target.path or target.format == "text" or self._all.quiet):
                terminal.say(f"Account {self._account}:")

    def tell(self, target: Target, section: Section, look: Look) -> None:
        if target.format == "text" and not target.path:
            self.put(target, target.draw([section], look))
        else:
            self._all.told.setdefault(target, {})[self._account] = section, look

    def tell_github(self, section: Section) -> None:
        self._all.github[self._account] = section

    def put(self, target: Target, text: str) -> None:
        if target.format == "text" and not target.path:
            self._all.head(self._account)
            terminal.put(text)
        else:
            self._all.told.setdefault(target, {})
            self._all.said.setdefault(target, {})[self._account] = text

    def tell_github_of_view(self, outputs: Mapping[str, str], summary: str) -> None:
        self._all.outputs[self._account] = outputs
        self._all.said.setdefault(SUMMARY, {})[self._account] = summary
