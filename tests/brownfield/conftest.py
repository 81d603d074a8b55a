"""The command in this process, against a sandbox over real HTTP: a process a run would cost half a second."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.app import run
from reconciler.sandbox import Server
from tests.leaks import Watch
from tests.support import Repo, Result


class Inside(Repo):
    """A `Repo` whose commands run in this process, with the environment that a process of it would have."""

    def run(self, *arguments: str, timeout: float = 120, **environment: str) -> Result:
        before, folder = dict(os.environ), Path.cwd()
        out, err = io.StringIO(), io.StringIO()
        watch = Watch(arguments, self.path, self.environment | environment)
        os.environ.clear()
        os.environ.update(self.environment | environment)
        os.chdir(self.path)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = run(arguments)
        finally:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(before)
        watch.ended(out.getvalue(), err.getvalue())
        return Result(int(code), out.getvalue(), err.getvalue())


@pytest.fixture
def make_inside(tmp_path: Path, serve: Callable[..., Server]) -> Iterator[Callable[..., Inside]]:
    """Makes a repository in the test's folder, with a sandbox of the options given."""

    def _make(**options: Any) -> Inside:
        return Inside(tmp_path / "repo", serve(**options))

    return _make


@pytest.fixture
def inside(make_inside: Callable[..., Inside]) -> Inside:
    """A repository with a sandbox as it comes."""
    return make_inside()
