"""`reconciler validate`."""

from __future__ import annotations

from reconciler.cli.common import Common, verb

EXAMPLES = """
reconciler validate
reconciler validate -C path/to/repository
reconciler validate --format json
"""


@verb("validate", EXAMPLES)
def command(common: Common) -> int:
    """Check manifests, contacts and configuration, offline. Needs no credentials."""
    import sys
    from dataclasses import replace

    from reconciler.cli import formats, terminal, wiring
    from reconciler.cli.clock import SystemClock
    from reconciler.errors import Complaint, Exit, InputError

    wiring.enter(common)
    chosen = formats.named(common.format or "text")
    reports = formats.report_files(common.report)
    complaints: tuple[Complaint, ...]
    groups: int | None
    try:
        loaded = wiring.load(replace(common, quiet=True), SystemClock())
        wiring.check_targets(common.target, (group.name for group in loaded.desired.groups))
        complaints, groups = loaded.desired.warnings, len(loaded.desired.groups)
    except InputError as error:
        complaints, groups = error.complaints, None
    look = formats.Look(terminal.wants_color(sys.stdout, common.color), terminal.width(sys.stdout))
    terminal.put(chosen.validation(complaints, groups, look))
    for report in reports:
        formats.write_private(report.path, report.format.validation(complaints, groups, formats.PLAIN))
    return Exit.OK if groups is not None else Exit.ERROR
