"""`invites:` in `reconciler.yaml`: lengths of time, and what a text or a template may hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from reconciler.manifests.complaints import did_you_mean, quote
from reconciler.model.settings import InviteSettings, template_gap

if TYPE_CHECKING:
    from reconciler.errors import Mark
    from reconciler.manifests.complaints import Complaints

_DURATION = re.compile(r"[1-9][0-9]{0,5}[smhd]")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]+)\}")
_KNOWN = frozenset({"link", "subject", "name"})


def seconds(text: str) -> float:
    """The seconds of a length of time: `7d`, `12h`. Raises `ValueError` for anything else."""
    if not _DURATION.fullmatch(text):
        raise ValueError("no length of time")
    return float(int(text[:-1]) * _SECONDS[text[-1]])


def read_invites(
    entry: Mapping[str, Any], mark_of: Callable[[str], Mark], complaints: Complaints
) -> InviteSettings:
    """The settings of a checked document. What would stand in a message as it was written is a mistake; a
    template that cannot be sent yet is a warning, because only `invites --send` needs it."""
    values = dict(entry)
    if "resend_after" in values:
        values["resend_after"] = seconds(values["resend_after"])
    for key in ("text", "template"):
        found = [name for text in _texts(values.get(key)) for name in _PLACEHOLDER.findall(text)]
        for name in dict.fromkeys(found):
            if name not in _KNOWN:
                hint = did_you_mean(name, _KNOWN) or "there are {link}, {subject} and {name}"
                message = f"{quote('{' + name + '}')} stands for nothing"
                complaints.add(mark_of(key), message, hint, "placeholder")
    template = values.get("template")
    gap = None if template is None else template_gap(template)
    if gap is not None:
        complaints.add(mark_of("template"), *gap, "template", warning=True)
    return InviteSettings(**values)


def _texts(value: object) -> list[str]:
    """Every text in a value, wherever it stands."""
    match value:
        case str():
            return [value]
        case Mapping():
            return [text for inner in value.values() for text in _texts(inner)]
        case list():
            return [text for inner in value for text in _texts(inner)]
        case _:
            return []
