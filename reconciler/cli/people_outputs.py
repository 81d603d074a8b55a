"""Where the result of a run on the people side goes: to stdout in `--format`, and into every `--report`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from reconciler.cli import files, formats, terminal
from reconciler.cli.common import Common
from reconciler.cli.formats import PLAIN, Look

V = TypeVar("V")


class PeopleOutputs(Generic[V]):
    """The formats of one run, checked before anything is done; raises `UsageError`."""

    def __init__(self, common: Common, table: Mapping[str, Callable[[V, Look], str]]) -> None:
        self.name = common.format or "text"
        self.look = Look(terminal.wants_color(sys.stdout, common.color), terminal.width(sys.stdout))
        self._render = formats.chosen(table, self.name)
        self._files = formats.chosen_files(table, common.report)

    def write(self, view: V) -> None:
        """Print the result and write the files, which only their owner may read. Raises `ReconcilerError`."""
        terminal.put(self._render(view, self.look))
        for report in self._files:
            files.write_private(report.path, report.format(view, PLAIN))
