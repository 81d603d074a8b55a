"""Where the result of one run goes: to stdout in `--format`, and into every `--report` file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from reconciler import __version__
from reconciler.cli import checkout, environment, files, formats, loading, terminal
from reconciler.cli.clock import SystemClock
from reconciler.cli.collected import Place, sink
from reconciler.cli.common import Common
from reconciler.cli.formats import PLAIN, Load, Look, ReportFile, Row
from reconciler.cli.places import find_root
from reconciler.errors import Exit, InputError, Interrupted, ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.cli.wiring import Workspace
    from reconciler.model.drift import Drift
    from reconciler.model.plan import Plan
    from reconciler.model.thumbnail import Thumbnails
    from reconciler.reports.run import Run, Verb
    from reconciler.reports.values import View

V = TypeVar("V", bound="View")


class Outputs:
    """The formats of one run, checked before anything is done; raises `UsageError`."""

    def __init__(self, common: Common, verb: Verb, clock: SystemClock) -> None:
        self.name = common.format or "text"
        self.look = Look(terminal.wants_color(sys.stdout, common.color), terminal.width(sys.stdout))
        self.work: Workspace | None = None
        self.files = checkout.Files()
        self._row = formats.named(self.name, verb)
        self._files = formats.report_files(common.report, verb)
        files.check_outputs(common, [f"--report {each}" for each in common.report])
        self._sink = sink(common)
        self._sink.expect([Place(self.name), *map(_place, self._files)])
        self._only = common.only
        self._verb = verb
        self._clock = clock
        self._show_numbers = common.show_numbers
        self._quiet = common.quiet
        self._started = clock.now()
        self._begun = clock.monotonic()
        self._thumbnails: Thumbnails | None = None
        self._befores: dict[str, str] = {}

    def prepare(self, view: Callable[[], object], renderers: Mapping[str, Load[V]]) -> None:
        """Import what the result will be written with: what `view` imports, and of the verb's renderers those
        that were asked for. Called while the API is waited for."""
        from reconciler.reports import run  # noqa: F401

        with suppress(ImportError, ReconcilerError):  # said when it is loaded in earnest
            view()
            for name in (self.name, *(report.name for report in self._files)):
                renderers[name]()

    def write(
        self,
        renderers: Mapping[str, Load[V]],
        view: V,
        code: Exit,
        *,
        complete: bool,
        shown: bool = False,
    ) -> None:
        """Print the result in `--format`, unless it was `shown` already, and write every `--report`; formats
        for which there is no renderer are passed over. Raises `ReconcilerError` for what cannot be
        written."""
        run = self.run(code, complete=complete)
        if self.name in renderers and not shown:
            text = renderers[self.name]()(view, run, replace(self.look, thumbnails=self._thumbnails))
            self._sink.put(Place(self.name), text)
        if self.name == "github":
            self._tell_github(renderers, view, run)
        look = replace(PLAIN, thumbnails=self._thumbnails)
        for report in self._files:
            if report.name in renderers:
                text = renderers[report.name]()(view, replace(run, before=self._before(report)), look)
                self._sink.put(_place(report), text)

    def put(self, text: str) -> None:
        """Text for people, on stdout, ahead of the result. Raises `ReconcilerError`."""
        self._sink.put(Place("text"), text)

    def draw(self, found: Plan | Drift) -> None:
        """Fetch and draw the icons that differ, where a format shows them; `work` has to be there still.

        Pictures are an extra: a wish to stop leaves them out, and nothing about them ends a run.
        """
        if self.work is None or not any(row.pictures for row in self._rows()):
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

    def _rows(self) -> tuple[Row, ...]:
        return (self._row, *(report.format for report in self._files))

    def _tell_github(self, renderers: Mapping[str, Load[V]], view: V, run: Run) -> None:
        """What a step of GitHub Actions says beside its log, where GitHub asks for it."""
        from reconciler.reports.values import names, values

        self._sink.tell_github(
            values(view, run) | {"groups": "\n".join(names(view))},
            renderers["markdown"]()(view, run, PLAIN) if "markdown" in renderers else "",
        )

    def run(self, code: Exit, *, complete: bool) -> Run:
        """The facts of the run as they stand now; see `reports.run.Run`."""
        from reconciler.reports.run import Run
        from reconciler.reports.view import Book

        work = self.work
        read = work.store.files if work else self.files
        account = work.loaded.settings.account[:1] if work else ()
        here = Path.cwd()
        folder = here.relative_to(find_root(here)).as_posix()
        return Run(
            verb=self._verb,
            version=__version__,
            started=self._started,
            duration=self._clock.monotonic() - self._begun,
            exit_code=int(code),
            complete=complete,
            commit=read.commit if any(row.commit for row in self._rows()) else None,
            account="".join(Book({}, show_numbers=self._show_numbers).number(number) for number in account),
            api=work.api if work else "",
            requests=tuple(sorted(work.client.counts.items())) if work else (),
            folder="" if folder == "." else f"{folder}/",
            section=self._only.name if self._only else "",
            share=self._only.share if self._only else 1,
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
        from reconciler.cli.validate_formats import FAILURE
        from reconciler.reports.validate_shapes import FailureView

        complaints = error.complaints if isinstance(error, InputError) else ()
        if isinstance(error, loading.WrongFiles):
            self.files = checkout.Files(error.files)
        view = FailureView(error.message, error.hint, complaints)
        try:
            self.write(FAILURE, view, error.exit_code, complete=False)
        except ReconcilerError as second:
            terminal.print_error(second)

    def _before(self, report: ReportFile[Row]) -> str:
        """What the file held before this run, for formats that want to know; "" where nothing usable was."""
        if not report.format.remembers:
            return ""
        if report.path not in self._befores:
            self._befores[report.path] = files.read_before(report.path)
        return self._befores[report.path]


def _place(report: ReportFile[Row]) -> Place:
    return Place(report.name, report.path, report.format.mode, report.format.remembers)
