"""A faithful Groups API on loopback, to try everything on without an account.

Here belongs what imitates the service and the people in its groups: the API in both dialects, the icons'
server, faults, the pages and the control API for tests. Nothing of the reconciler is imported here, and
nothing here decides what a group should be. Importing this package is cheap; the web libraries are imported
when a sandbox starts.
"""

from __future__ import annotations

from .faults import Fault, parse_fault
from .options import Options
from .server import Server, serve_forever, start, until_stopped

__all__ = ["Fault", "Options", "Server", "parse_fault", "serve_forever", "start", "until_stopped"]
