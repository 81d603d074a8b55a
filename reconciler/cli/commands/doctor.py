"""`reconciler doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.common import Common, PerAccount
from reconciler.cli.verb import verb

if TYPE_CHECKING:
    from reconciler.cli.formats import Look
    from reconciler.reports.doctor_shapes import DoctorView

EXAMPLES = """
reconciler doctor
reconciler doctor --format json
reconciler doctor --sandbox
"""


@verb("doctor", EXAMPLES, PerAccount(ahead=False))
def command(common: Common) -> int:
    """Look at everything a run needs, and say what is wrong and how to mend it. Changes nothing.

    Files, address, credentials, login, clock, account, state, its lock, and who may read it. The lock of a
    state in Git is taken, renewed and given up, to see whether the remote allows it.

    Formats: text, json.
    """
    from dataclasses import replace

    from reconciler.cli import doctor, loading, terminal, wiring
    from reconciler.cli.clock import SystemClock, stopping_on_signals
    from reconciler.cli.plain_outputs import PlainOutputs
    from reconciler.errors import InputError
    from reconciler.report.redact import Redactor
    from reconciler.reports.doctor_view import doctor_view

    common.refuse("target", "report")
    outputs = PlainOutputs(common, {"text": _text, "json": _json})
    wiring.enter(common)
    clock = SystemClock()
    terminal.log_calls(common.verbose)
    loaded, mistakes = None, None
    try:
        loaded = loading.load(replace(common, quiet=True), clock, manifests=False)
    except InputError as error:
        mistakes = error
    with stopping_on_signals(clock):
        findings = list(doctor.examine(common, clock, loaded, mistakes))
    redactor = wiring.redactor(common, loaded) if loaded else Redactor({}, show_numbers=common.show_numbers)
    outputs.write(doctor_view(findings, redactor))
    return doctor.worst(findings)


def _text(view: DoctorView, look: Look) -> str:
    from reconciler.reports.doctor_text import render_doctor

    return render_doctor(view, color=look.color, width=look.width)


def _json(view: DoctorView, _: Look) -> str:
    from reconciler.reports.doctor_json import render_doctor

    return render_doctor(view)
