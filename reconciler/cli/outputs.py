"""Where the result of one run goes: to stdout in `--format`, and into every `--report` file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.cli import checkout, environment, formats, loading, terminal
from reconciler.cli.clock import SystemClock, stopping_on_signals
from reconciler.cli.collected import Target, check_github, sink
from reconciler.cli.common import Common
from reconciler.cli.files import find_root
from reconciler.cli.formats import PLAIN, Format, Look, ReportFile
from reconciler.errors import Exit, InputError, Interrupted, Problem, ReconcilerError, UsageError
from reconciler.report.redact import Redactor
from reconciler.report.section import Run, Section

if TYPE_CHECKING:
    from reconciler.cli.wiring import Workspace
    from reconciler.model.drift import Drift
    from reconciler.model.live import Thumbnails
    from reconciler.model.plan import Plan
    from reconciler.report.model import Verb
    from reconciler.report.section import Told


@contextmanager
def running(common: Common, verb: Verb) -> Iterator[tuple[SystemClock, Outputs]]:
    """Run a verb: a signal stops its clock, and an error that ends it is told in its reports too.

    The result is written within, because a signal at that moment must not lose it.
    """
    clock = SystemClock()
    outputs = Outputs(common, verb, clock)
    terminal.log_calls(common.verbose)
    with stopping_on_signals(clock), outputs.telling_failures():
        yield clock, outputs


class Outputs:
    """The formats of one run, checked before anything is done; raises `UsageError`."""

    def __init__(self, common: Common, verb: Verb, clock: SystemClock) -> None:
        self.name = common.format or "text"
        self.look = Look(
            color=terminal.wants_color(sys.stdout, common.color), width=terminal.width(sys.stdout)
        )
        terminal.check_stdout()
        self.work: Workspace | None = None
        self.files = checkout.Files()
        self._verb = verb
        self._stdout = self._target(ReportFile(self.name, formats.named(self.name, verb), ""))
        self._files = [self._target(each) for each in formats.report_files(common.report, verb)]
        loading.check_outputs(common, [f"--report {each}" for each in common.report])
        if self.name == "github":
            check_github()
        self._sink = sink(common.only)
        self._sink.expect(self._targets)
        self._only = common.only
        self._clock = clock
        self._show_numbers = common.show_numbers
        self._quiet = common.quiet
        self._started = clock.now()
        self._begun = clock.monotonic()
        self._thumbnails: Thumbnails | None = None

    def write(self, told: Told, code: Exit, *, complete: bool, shown: bool = False) -> None:
        """Print the result in `--format`, unless it was `shown` already, and write every `--report`. Raises
        `ReconcilerError` for what cannot be written."""
        self._write(Section("", int(code), self.run(code, complete=complete), told), shown=shown)

    def put(self, text: str) -> None:
        """Text for people, on stdout, ahead of the result. Raises `ReconcilerError`."""
        self._sink.put(text)

    def prepare(self) -> None:
        """Import what the result will be told and drawn with, while the service is waited for."""
        with suppress(ImportError, ReconcilerError):  # said when it is loaded in earnest
            import_module(f"reconciler.report.{self._verb}")
            for target in self._targets:
                formats.load(self._verb, target.format)

    def draw(self, found: Plan | Drift) -> None:
        """Fetch and draw the icons that differ, where a format shows them; `work` has to be there still.

        Pictures are an extra: a wish to stop leaves them out, and nothing about them ends a run.
        """
        if self.work is None or not any(each.pictures for each in self._formats()):
            return
        from reconciler import thumbnails

        with suppress(Interrupted):
            self._thumbnails = thumbnails.collect(
                thumbnails.wanted(found),
                reader=self.work.client.reader,
                icon_files=self.work.icon_files,
                concurrency=self.work.loaded.settings.api.concurrency,
                progress=terminal.progress(self._quiet),
            )

    def run(self, code: Exit, *, complete: bool) -> Run:
        """The facts of the run as they stand now; see `section.Run`."""
        work = self.work
        read = work.store.files if work else self.files
        account = work.loaded.settings.account[:1] if work else ()
        redactor = Redactor({}, show_numbers=self._show_numbers)
        here = Path.cwd()
        folder = here.relative_to(find_root(here)).as_posix()
        pipeline = environment.this_run()
        has_page = any(each.format == "html" for each in self._files)
        return Run(
            verb=self._verb,
            version=__version__,
            started=self._started,
            duration=self._clock.monotonic() - self._begun,
            exit_code=int(code),
            complete=complete,
            commit=read.commit if any(each.commit for each in self._formats()) else None,
            account="".join(map(redactor.number, account)),
            api=work.api if work else "",
            requests=tuple(sorted(work.client.counts.items())) if work else (),
            folder="" if folder == "." else f"{folder}/",
            section=self._only.name if self._only else "",
            link=pipeline.name if "://" in pipeline.name else "",
            artifacts=pipeline.artifacts if has_page else "",
            pages=work.pages if work else None,
        )

    @contextmanager
    def telling_failures(self) -> Iterator[None]:
        """Let the formats that can do so tell of an error that ends the run; it is raised all the same."""
        try:
            yield
        except UsageError:
            raise
        except ReconcilerError as error:
            environment.speak_of(self._only.name if self._only else "", error)
            self._tell(error)
            raise

    def _tell(self, error: ReconcilerError) -> None:
        from reconciler.report import failure

        complaints = error.complaints if isinstance(error, InputError) else ()
        if isinstance(error, loading.WrongFiles):
            self.files = checkout.Files(error.files)
        problem = Problem.of(error)
        run = self.run(error.exit_code, complete=False)
        section = Section(
            "", int(error.exit_code), run, failure.told(self._verb, problem, complaints), problem
        )
        try:
            self._write(section, shown=False)
        except ReconcilerError as second:
            if second.message != error.message:
                terminal.print_error(second, beside=self.name)

    def _write(self, section: Section, *, shown: bool) -> None:
        failed = section.problem is not None
        if not shown and not (failed and not self._stdout.failures):
            look = replace(self.look, thumbnails=self._thumbnails)
            self._sink.tell(self._stdout, section, look)
        if self.name == "github":
            self._sink.tell_github(section)
        look = replace(PLAIN, thumbnails=self._thumbnails, codes=self.look.codes)
        for target in self._files:
            if target.failures or not failed:
                self._sink.tell(target, section, look)

    @property
    def _targets(self) -> list[Target]:
        return [self._stdout, *self._files]

    def _formats(self) -> Iterator[Format]:
        return (formats.FORMATS[target.format] for target in self._targets)

    def _target(self, report: ReportFile) -> Target:
        found = report.format
        return Target(
            self._verb,
            report.name,
            report.path,
            mode=found.mode,
            remembers=found.remembers,
            failures=found.failures,
        )
