"""What an examination found: one sentence for each thing that was looked at, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.errors import Exit
from reconciler.model.plan import Note

Check = Literal["program", "files", "address", "credentials", "login", "clock", "account", "state", "lock"]
FindingStatus = Literal["ok", "warning", "problem", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. A `problem` ends the run with `exit_code`; `skipped` says why it could
    not be looked at, which is some other finding's problem."""

    check: Check
    verdict: FindingStatus
    note: Note
    hint: str = ""
    exit_code: Exit = Exit.OK
