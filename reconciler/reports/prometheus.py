"""Metrics for the textfile collector of Prometheus' node_exporter.

Nothing in them was written by an outsider, and no label holds a number of a person or an id: labels are
our own words, HTTP statuses and, of several accounts, the account's name. A run sees what the file held
before it: a counter goes on counting, and the time of the last success survives a run that failed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, get_args

from reconciler.model.change import ChangeKind
from reconciler.model.drift import DriftStatus
from reconciler.model.plan import Action

if TYPE_CHECKING:
    from reconciler.reports.apply_shapes import ApplyView, GroupOutcomeView
    from reconciler.reports.drift_shapes import DriftView, FieldDriftView
    from reconciler.reports.plan_shapes import PlanView
    from reconciler.reports.run import Run

_SUCCESS = "reconciler_last_success_timestamp_seconds"
_REQUESTS = "reconciler_api_requests_total"
_GOOD = (0, 2)
"""Exit codes of a run that did what it was to do; 2 says that it found something."""

_ENDED = ("failed", "unknown", "skipped", "done")
"""What became of a group's changes, the worst first."""

_SAMPLE = re.compile(r'^([a-z_]+)(?:\{code="([A-Za-z0-9_]{1,40})"\})? ([0-9]+(?:\.[0-9]+)?)$', re.MULTILINE)
_LABEL = re.compile(r"[^A-Za-z0-9_]")
_NAME = re.compile(r"^([a-z_]+)(?:\{(.*)\})?(?= )", re.MULTILINE)


def render_plan(view: PlanView, run: Run) -> str:
    """Groups by action; `unchanged` are those as their manifests say."""
    found = [*(_word(group.action) for group in view.groups), *("unmanaged" for _ in view.unmanaged)]
    return _document(_groups((*_actions(), "unmanaged"), found), run)


def render_apply(view: ApplyView, run: Run) -> str:
    """Groups by the worst that became of their changes, else by action."""
    statuses = (*_ENDED, *_actions())
    return _document(_groups(statuses, map(_end, view.groups)), run)


def render_drift(view: DriftView, run: Run) -> str:
    """Groups by status, with the unmanaged ones; and what would undo what was changed outside."""
    found = [*(group.status for group in view.groups), *("unmanaged" for _ in view.unmanaged)]
    kinds = Counter(
        kind
        for group in view.groups
        if group.status in ("drifted", "blocked")
        for field in group.fields
        if field.cause != "not_applied"
        for kind in _kinds(field)
    )
    return _document(
        [
            *_groups((*get_args(DriftStatus), "unmanaged"), found),
            *_family(
                "reconciler_drift_changes",
                "gauge",
                "Changes that would undo what was changed outside, by kind.",
                "kind",
                {kind: kinds[kind] for kind in get_args(ChangeKind)},
            ),
        ],
        run,
    )


def render_failure(run: Run) -> str:
    """A run that found out nothing: when it was, and no word on groups."""
    return _document([], run)


def _actions() -> tuple[str, ...]:
    return tuple(map(_word, get_args(Action)))


def _word(action: Action) -> str:
    return "unchanged" if action == "none" else action


def _end(group: GroupOutcomeView) -> str:
    ends = {outcome.status for outcome in group.outcomes}
    return next((status for status in _ENDED if status in ends), _word(group.action))


def _kinds(field: FieldDriftView) -> set[ChangeKind]:
    """Which kinds of change would undo a field's drift."""
    match field.field:
        case "subject":
            return {"set_subject"}
        case "icon":
            return {"remove_icon" if field.desired is None else "set_icon"}
        case "admins" | "members":
            people: dict[str, ChangeKind] = {
                "promote": "promote", "demote": "demote", "remove": "remove_participants"
            }  # fmt: skip
            return {people[each.change] for each in field.people if each.cause != "not_applied"}
        case "link_version":
            return {"revoke_link"}
        case "ensure":
            return {"leave_group"}


def _groups(statuses: Iterable[str], found: Iterable[str]) -> list[str]:
    count = Counter(found)
    return _family(
        "reconciler_groups",
        "gauge",
        "Groups of the last run, by what it found.",
        "status",
        {status: count[status] for status in statuses},
    )


def _document(lines: Iterable[str], run: Run) -> str:
    own = f'account="{run.section}"'
    text = run.before.replace(f"{own},", "").replace(f"{{{own}}}", "") if run.section else run.before
    before = {(name, code): float(value) for name, code, value in _SAMPLE.findall(text)}
    ended = (run.started + timedelta(seconds=run.duration)).timestamp()
    good = run.complete and run.exit_code in _GOOD
    success = ended if good else before.get((_SUCCESS, ""))
    requests = Counter({code: value for (name, code), value in before.items() if name == _REQUESTS and code})
    for code, count in run.requests:
        requests[_LABEL.sub("_", code)[:40]] += count
    document = "\n".join(
        [
            *lines,
            *_family(
                "reconciler_last_run_timestamp_seconds", "gauge", "When the last run ended.", "", {"": ended}
            ),
            *_family(
                _SUCCESS,
                "gauge",
                "When a run last ended well, whatever it found.",
                "",
                {} if success is None else {"": success},
            ),
            *_family(
                "reconciler_run_duration_seconds",
                "gauge",
                "How long the last run took.",
                "",
                {"": run.duration},
            ),
            *_family(
                _REQUESTS,
                "counter",
                "Requests to the API, by HTTP status or, without an answer, error code.",
                "code",
                dict(sorted(requests.items())),
            ),
            "",
        ]
    )
    if not run.section:
        return document
    return _NAME.sub(lambda found: f"{found[1]}{{{','.join(filter(None, (own, found[2])))}}}", document)


def _family(name: str, kind: str, about: str, label: str, samples: Mapping[str, float]) -> list[str]:
    if not samples:
        return []
    return [
        f"# HELP {name} {about}",
        f"# TYPE {name} {kind}",
        *(f"{name}{_labels(label, value)} {_number(number)}" for value, number in samples.items()),
    ]


def _labels(label: str, value: str) -> str:
    return f'{{{label}="{value}"}}' if label else ""


def _number(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:.3f}"
