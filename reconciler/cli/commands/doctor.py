"""`reconciler doctor`."""

from __future__ import annotations

import sys

from reconciler.cli.common import Common, verb

EXAMPLES = """
reconciler doctor
reconciler doctor --format json
reconciler doctor --sandbox
"""


@verb("doctor", EXAMPLES)
def command(common: Common) -> int:
    """Look at everything a run needs, and say what is wrong and how to mend it. Changes nothing.

    Files, address, credentials, login, clock, account, state, its lock, and who may read it.

    Formats: text, json.
    """
    from dataclasses import replace

    from reconciler.cli import doctor, formats, terminal, wiring
    from reconciler.cli.clock import SystemClock, stopping_on_signals
    from reconciler.errors import InputError, UsageError
    from reconciler.reports import json, text
    from reconciler.reports.doctor_view import doctor_view
    from reconciler.reports.view import Book

    common.refuse("target", "report")
    if common.format not in ("", "text", "json"):
        raise UsageError(f"there is no format {common.format!r:.40} of doctor", "formats: text, json")
    wiring.enter(common)
    clock = SystemClock()
    terminal.log_calls(common.verbose)
    loaded, mistakes = None, None
    try:
        loaded = wiring.load(replace(common, quiet=True), clock, manifests=False)
    except InputError as error:
        mistakes = error
    with stopping_on_signals(clock):
        findings = list(doctor.examine(common, clock, loaded, mistakes))
    book = wiring.book(common, loaded) if loaded else Book({}, show_numbers=common.show_numbers)
    view = doctor_view(findings, book)
    if common.format == "json":
        terminal.put(json.render_doctor(view))
    else:
        look = formats.Look(terminal.wants_color(sys.stdout, common.color), terminal.width(sys.stdout))
        terminal.put(text.render_doctor(view, color=look.color, width=look.width))
    return doctor.worst(findings)
