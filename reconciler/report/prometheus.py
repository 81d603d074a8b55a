"""Metrics for the textfile collector of Prometheus' node_exporter.

Nothing in them was written by anybody else, and no label holds a number of a person or an id: labels are our
own words, HTTP statuses and, of several accounts, the account's name. A run sees what the file held before
it (`Look.before`): a counter goes on counting, and the time of the last success survives a run that failed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, get_args

from reconciler.model.change import ChangeKind
from reconciler.model.drift import DriftStatus
from reconciler.model.plan import Action

if TYPE_CHECKING:
    from reconciler.report.section import Data, Look, Run, Section

_GROUPS = "reconciler_groups"
_DRIFT = "reconciler_drift_changes"
_LAST = "reconciler_last_run_timestamp_seconds"
_SUCCESS = "reconciler_last_success_timestamp_seconds"
_DURATION = "reconciler_run_duration_seconds"
_REQUESTS = "reconciler_api_requests_total"
_FAMILIES = {
    _GROUPS: ("gauge", "Groups of the last run, by what it found.", "status"),
    _DRIFT: ("gauge", "Changes that would undo what was changed outside, by kind.", "kind"),
    _LAST: ("gauge", "When the last run ended.", ""),
    _SUCCESS: ("gauge", "When a run last ended well, whatever it found.", ""),
    _DURATION: ("gauge", "How long the last run took.", ""),
    _REQUESTS: ("counter", "Requests to the API, by HTTP status or, without an answer, error code.", "code"),
}
"""Every metric: its type, what it is about, and its label."""

_GOOD = (0, 2)
"""Exit codes of a run that did what it was to do; 2 says that it found something."""

_ENDED = ("failed", "unknown", "skipped", "done")
"""What became of a group's changes, the worst first."""

_SAMPLE = re.compile(
    r'^([a-z_]+)(?:\{(?:account="([A-Za-z0-9_-]{1,64})",?)?(?:([a-z]+)="([A-Za-z0-9_]{1,40})")?\})?'
    r" ([0-9]{1,18}(?:\.[0-9]{1,9})?)$",
    re.MULTILINE,
)
_LABEL = re.compile(r"[^A-Za-z0-9_]")

Samples = dict[str, dict[str, float]]
"""Metric → value of its label ("" for none) → number."""


def render(sections: Sequence[Section], look: Look) -> str:
    """Return a metric once, with the samples of all accounts. An account without a run keeps what the file
    said of it."""
    before = _read(look.before)
    found: dict[str, Samples] = {}
    for section in sections:
        account = section.account or (section.run.section if section.run else "")
        earlier = before.get(account, {})
        found[account] = earlier if section.run is None else _samples(section, section.run, earlier)
    return "".join(f"{line}\n" for name in _FAMILIES for line in _family(name, found))


def _read(text: str) -> dict[str, Samples]:
    """Read a file that an earlier run wrote, by account; other content counts for nothing."""
    found: dict[str, Samples] = {}
    for name, account, label, value, number in _SAMPLE.findall(text):
        if name in _FAMILIES and _FAMILIES[name][2] == label:
            found.setdefault(account, {}).setdefault(name, {})[value] = float(number)
    return found


def _samples(section: Section, run: Run, before: Samples) -> Samples:
    """Everything there is to say of one run."""
    data = section.data
    ended = (run.started + timedelta(seconds=run.duration)).timestamp()
    good = run.complete and run.exit_code in _GOOD
    requests = Counter(before.get(_REQUESTS, {}))
    for code, count in run.requests:
        requests[_LABEL.sub("_", code)[:40]] += count
    return {
        **({} if data is None else {_GROUPS: dict(_groups(data))}),
        **({_DRIFT: _kinds(data)} if data is not None and data["kind"] == "drift" else {}),
        _LAST: {"": ended},
        _SUCCESS: {"": ended} if good else before.get(_SUCCESS, {}),
        _DURATION: {"": run.duration},
        _REQUESTS: dict(sorted(requests.items())),
    }


# --- groups -----------------------------------------------------------------------------------------------


def _groups(data: Data) -> Iterator[tuple[str, float]]:
    """Groups by status: of a plan by action (`unchanged` are those as their manifests say), of an apply by
    the worst that became of their changes, else by action."""
    actions = tuple(map(_word, get_args(Action)))
    match data["kind"]:
        case "plan":
            statuses: tuple[str, ...] = (*actions, "unmanaged")
            found = Counter(_word(group["action"]) for group in data["groups"])
        case "apply":
            statuses = (*_ENDED, *actions)
            found = Counter(map(_end, data["groups"]))
        case _:
            statuses = (*get_args(DriftStatus), "unmanaged")
            found = Counter(group["status"] for group in data["groups"])
    found["unmanaged"] = len(data.get("unmanaged", ()))
    for status in statuses:
        yield status, found[status]


def _word(action: str) -> str:
    return "unchanged" if action == "none" else action


def _end(group: Data) -> str:
    ends = {outcome["status"] for outcome in group["outcomes"]}
    return next((status for status in _ENDED if status in ends), _word(group["action"]))


def _kinds(drift: Data) -> dict[str, float]:
    """Count for each kind of change the fields that it would put back."""
    found = Counter(
        kind
        for group in drift["groups"]
        if group["status"] in ("drifted", "blocked")
        for field in group["fields"]
        if field["cause"] != "not_applied"
        for kind in _undoing(field)
    )
    return {kind: found[kind] for kind in get_args(ChangeKind)}


def _undoing(field: Data) -> set[str]:
    """Return the kinds of change that would undo a field's drift."""
    match field["field"]:
        case "icon":
            return {"remove_icon" if field["desired"] is None else "set_icon"}
        case "admins" | "members":
            kinds = {"promote": "promote", "demote": "demote", "remove": "remove_participants"}
            moved = (each for each in field.get("people", ()) if each["cause"] != "not_applied")
            return {kinds[each["change"]] for each in moved}
        case "link_version":
            return {"revoke_link"}
        case "ensure":
            return {"leave_group"}
        case name if name.startswith("permissions."):
            return {"set_permission"}
        case name:
            return {f"set_{name}"}


# --- drawing ----------------------------------------------------------------------------------------------


def _family(name: str, found: Mapping[str, Samples]) -> Iterable[str]:
    kind, about, label = _FAMILIES[name]
    samples = [
        f"{name}{_labels(account, label, value)} {_number(number)}"
        for account, each in found.items()
        for value, number in each.get(name, {}).items()
    ]
    return (f"# HELP {name} {about}", f"# TYPE {name} {kind}", *samples) if samples else ()


def _labels(account: str, label: str, value: str) -> str:
    own = [f'account="{account}"'] if account else []
    own += [f'{label}="{value}"'] if label else []
    return f"{{{','.join(own)}}}" if own else ""


def _number(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:.3f}"
