"""Facts of a run: what a report says of itself beside what was found. `cli` hands them in, redacted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime


Verb = Literal["validate", "plan", "apply", "drift"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run, as it will end: reports are written last, so `exit_code` is what the process ends with.

    `started` has its zone (UTC), `duration` is in seconds up to the writing of reports. `complete`: whether
    everything was read. `commit` is that of the manifests, followed by `+changes` where the
    files are not as it has them; None where nobody knows, or no format says it. `account` is masked
    unless numbers are shown, "" where it is not set. `api` is the origin that was asked, or `sandbox`; "" for
    a run that asks nobody. `requests` counts what was sent to it, by HTTP status or, without an answer, error
    code. `folder` leads from the top of the repository to where the run works ("" or `a/b/`), for formats
    that name files from the top. `before` is what the report's file held until now, for formats that carry
    something over from the last run. `section` names the account that the run is about, where there are
    several; with `share` over 1 the report is one of so many in a document.
    """

    verb: Verb
    version: str
    started: datetime
    duration: float
    exit_code: int
    complete: bool
    commit: str | None = None
    account: str = ""
    api: str = ""
    requests: tuple[tuple[str, int], ...] = ()
    folder: str = ""
    before: str = ""
    section: str = ""
    share: int = 1

    @property
    def what(self) -> str:
        """The verb, and the account where there are several."""
        return f"{self.verb} {self.section}".rstrip()
