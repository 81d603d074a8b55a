"""JSON documents, as `schemas/` says. Within a `format_version` keys are only ever added."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reconciler.report.escape import for_json
from reconciler.report.section import exit_code, is_plain

if TYPE_CHECKING:
    from reconciler.report.section import Look, Section

FORMAT_VERSION = 1


def render(sections: Sequence[Section], _: Look) -> str:
    """Return the document of one run; of several accounts one that holds each of them."""
    if is_plain(sections):
        return document(sections[0].data)
    found: dict[str, Any] = {"format_version": FORMAT_VERSION, "kind": _kind(sections)}
    found["exit_code"] = int(exit_code(sections))
    found["accounts"] = [_account(section) for section in sections]
    return document(found)


def _kind(sections: Sequence[Section]) -> str | None:
    """That of the documents; where no account has one, the command."""
    kinds = (section.data["kind"] for section in sections if section.data)
    return next(kinds, next((section.command for section in sections if section.command), None))


def document(value: object) -> str:
    """Return a JSON document in which nothing hidden stays hidden, with a newline at its end."""
    return for_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"


def _account(section: Section) -> dict[str, Any]:
    found: dict[str, Any] = {"name": section.account, "exit_code": int(section.exit_code)}
    problem = section.problem
    if problem is not None:
        found["error"] = {"code": problem.code, "message": problem.message, "hint": problem.hint}
    return found | (section.data or {})
