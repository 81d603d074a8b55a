"""`reconciler validate`."""

from __future__ import annotations

from dataclasses import replace

from reconciler.cli import checkout, loading, wiring
from reconciler.cli.accounts import PerAccount, verb
from reconciler.cli.clock import SystemClock
from reconciler.cli.common import Common
from reconciler.cli.outputs import Outputs
from reconciler.errors import Exit
from reconciler.manifests.files import FilesRead
from reconciler.report import validate

EXAMPLES = "reconciler validate\nreconciler validate -C path/to/repository\nreconciler validate --format json"


@verb("validate", EXAMPLES, PerAccount(together=True))
def command(common: Common) -> int:
    """Check manifests, contacts and configuration, offline. Needs no credentials."""
    clock = SystemClock()
    outputs = Outputs(common, "validate", clock)
    with outputs.telling_failures():
        try:
            loaded = loading.load_all(replace(common, quiet=True), clock)
            groups = [group.name for files in loaded for group in files.desired.groups]
            wiring.check_targets(common.target, groups)
            warnings = {warning for files in loaded for warning in files.desired.warnings}
            code, told = Exit.OK, validate.told(warnings, len(groups))
            outputs.files = checkout.Files(FilesRead.of(files.files for files in loaded))
        except loading.WrongFiles as error:
            outputs.files = checkout.Files(error.files)
            code, told = Exit.ERROR, validate.told(error.complaints, None)
        outputs.write(told, code, complete=True)
        return code
