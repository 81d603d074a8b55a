"""Where the result of a run goes whose verb has a table of formats of its own: to stdout in `--format`, and
into every `--report`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

from reconciler.cli import environment, formats, loading, terminal
from reconciler.cli.collected import Target, sink
from reconciler.cli.formats import PLAIN, Look
from reconciler.errors import ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.cli.common import Common

V = TypeVar("V")


class PlainOutputs(Generic[V]):
    """The formats of one run, checked before anything is done; raises `UsageError`. `failures` says of some
    formats what their files are to hold after a run without a result, see `collected.Target`."""

    def __init__(
        self,
        common: Common,
        table: Mapping[str, Callable[[V, Look], str]],
        failures: Mapping[str, Callable[[str, str], str]] | None = None,
    ) -> None:
        self.name = common.format or "text"
        self.look = Look(
            color=terminal.wants_color(sys.stdout, common.color), width=terminal.width(sys.stdout)
        )
        self._render = formats.chosen(table, self.name)
        self._files = [
            (Target(report.name, report.path, failed=(failures or {}).get(report.name)), report.format)
            for report in formats.chosen_files(table, common.report)
        ]
        loading.check_outputs(common, [f"--report {each}" for each in common.report])
        self._sink = sink(common.only)
        self._account = common.account_name
        self._sink.expect([Target(self.name), *(place for place, _ in self._files)])

    @contextmanager
    def telling_failures(self) -> Iterator[None]:
        """Let the files tell of an error that ends the run, where their format can; it is raised all the
        same."""
        try:
            yield
        except UsageError:
            raise
        except ReconcilerError as error:
            environment.speak_of(self._account, error)
            for place, _ in self._files:
                if place.failed is not None:
                    try:
                        self._sink.put(place, place.failed(error.message, error.hint))
                    except ReconcilerError as second:
                        terminal.print_error(second)
            raise

    def put(self, text: str) -> None:
        """Text for people, on stdout, ahead of the result. Raises `ReconcilerError`."""
        self._sink.put(Target("text"), text)

    def write(self, view: V) -> None:
        """Print the result and write the files, which only their owner may read. Raises `ReconcilerError`."""
        self._sink.put(Target(self.name), self._render(view, self.look))
        for place, render in self._files:
            self._sink.put(place, render(view, PLAIN))
