"""`reconciler doctor`."""

from __future__ import annotations

from dataclasses import replace

from reconciler.cli import doctor, loading, terminal, wiring
from reconciler.cli.clock import SystemClock, stopping_on_signals
from reconciler.cli.common import Common, PerAccount
from reconciler.cli.outputs import Outputs
from reconciler.cli.verb import verb
from reconciler.errors import InputError
from reconciler.report import doctor as report
from reconciler.report.redact import Redactor

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
    """

    common.refuse("target", "report")
    clock = SystemClock()
    outputs = Outputs(common, "doctor", clock)
    wiring.enter(common)
    terminal.log_calls(common.verbose)
    loaded, mistakes = None, None
    try:
        loaded = loading.load(replace(common, quiet=True), clock, manifests=False)
    except InputError as error:
        mistakes = error
    with stopping_on_signals(clock):
        findings = list(doctor.examine(common, clock, loaded, mistakes))
    redactor = wiring.redactor(common, loaded) if loaded else Redactor({}, show_numbers=common.show_numbers)
    code = doctor.worst(findings)
    outputs.write(report.told(findings, redactor), code, complete=True)
    return code
