"""Files by which a step of GitHub Actions tells more than its log: outputs, and the summary of the run."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping

from reconciler.errors import ReconcilerError

SUMMARY_LIMIT = 1 << 20
"""Bytes that GitHub takes of a step's summary, all commands of the step together; more fails the upload."""

_TOO_LONG = "\n*The summary has no room for more: GitHub takes 1 MiB. The log and the reports say it all.*\n"


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
    for text in (f"\n{whole}" if used else whole, _TOO_LONG):
        if used + len(text.encode()) <= SUMMARY_LIMIT:
            _append(path, text)
            return


def _append(path: str, text: str) -> None:
    try:
        with open(path, "ab") as file:
            file.write(text.encode())
    except OSError as error:
        raise ReconcilerError(f"{os.path.basename(path)} cannot be written: {error.strerror}") from None
