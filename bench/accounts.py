"""Several accounts: one plan each, one after another in a run, and at once in processes of their own."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from socket import create_server

from bench import server
from bench.measure import Contender, alternate, middle, run
from bench.table import table
from bench.world import ACCOUNT, live_groups, write_files

NAMES = ("sales", "support", "field-ops")
_LATENCY = 0.02
_WIDTH = 16


def section(size: int, times: int, tell: Callable[[str], None]) -> str:
    """A row for each way to plan `size` groups of each account."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        path = Path(folder)
        environment = {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
        apis = []
        for name in NAMES:
            icons = write_files(path / name, size, pinned=True)
            listener = stack.enter_context(create_server(("127.0.0.1", 0), backlog=1024))
            base = f"http://127.0.0.1:{listener.getsockname()[1]}"
            apis.append((server.answers(live_groups(size), icons, base), listener))
            variable = f"RECONCILER_{name.upper().replace('-', '_')}"
            environment |= {f"{variable}_BASE_URL": base, f"{variable}_USERNAME": "bench"}
            environment |= {f"{variable}_TOKEN": f"token-of-{name}"}
        _configure(path)
        reconciler = (sys.executable, "-m", "reconciler")
        with ExitStack() as serving:
            for answers, listener in apis:
                serving.enter_context(server.serving(answers, listener, 0))
            run(Contender("apply", (*reconciler, "apply", "--yes", "--quiet"), path, environment))
        for file in sorted(path.glob("*/groups/*.yaml")):  # from here on the states alone bind them
            file.write_text(re.sub(r"^id: .*\n", "", file.read_text("utf-8"), flags=re.M), encoding="utf-8")
        plan = (*reconciler, "plan", "--quiet", "--detailed-exitcode")
        script = f'for name in "$@"; do {" ".join(plan)} --account "$name" & done; wait'
        ways = (
            Contender("one account", (*plan, "--account", NAMES[0]), path, environment),
            Contender("three, one after another (`plan`)", plan, path, environment),
            Contender("three processes at once", ("sh", "-c", script, "sh", *NAMES), path, environment),
        )
        for answers, listener in apis:
            stack.enter_context(server.serving(answers, listener, _LATENCY))
        tell(f"accounts, {size} groups each")
        found = alternate(ways, times, tell)
    least = middle(found[ways[0].name]).wall
    rows = []
    for name, runs in found.items():
        each = middle(runs)
        ratio = f"{each.wall / least:.2f}"
        rows.append([name, f"{each.wall:.2f} s", ratio, f"{each.cpu:.2f} s", f"{each.memory:.0f} MB"])
    what = f"{size} groups an account, {_LATENCY * 1000:.0f} ms, {_WIDTH} wide"
    return table((what, "wall", "ratio", "CPU", "memory"), rows)


def _configure(path: Path) -> None:
    """Only the first has a number: all live groups are of one."""
    (path / ".git").mkdir()
    shutil.copyfile(path / NAMES[0] / "contacts.yaml", path / "contacts.yaml")
    number = f', account: "+{ACCOUNT}"'
    accounts = "".join(
        f"  {name}: {{manifests: {name}/groups{number if name == NAMES[0] else ''}}}\n" for name in NAMES
    )
    (path / "reconciler.yaml").write_text(
        f"accounts:\n{accounts}api: {{concurrency: {_WIDTH}}}\n", encoding="utf-8"
    )
