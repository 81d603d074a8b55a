"""Whatever is typed, set and closed: a code of the table, no traceback, no bug, and a word wherever there is
a stream for it. Real processes against a sandbox."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.cli.app import program
from reconciler.cli.formats import FORMATS
from reconciler.errors import Exit
from tests.properties.profile import tried
from tests.support import Repo
from tests.warm import ROOT

# What takes no end (a server), or would call somebody else's, is left out; everything else may run.
VERBS = [name for name in program.lazy if name not in ("sandbox", "comment")]
_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8
)  # what an argument may hold
VALUES = st.one_of(
    st.sampled_from(
        ["a", "b", "*", "[", "-", "--", "", "0", "-1", "nan", "1e400", "9" * 400, "groups", "missing/x", ".",
         "a.json", "/dev/full", "/dev/null", "json", "HEAD", "file:x", "git:origin/x", "+5519900000001", "7d"]
    ),
    _TEXT,
)  # fmt: skip
OPTIONS = [
    "--format", "--report", "--target", "--account", "--config", "-C", "--color", "--quiet",
    "--verbose", "--show-numbers", "--sandbox", "--yes", "-y", "--out", "--record", "--plan", "--base",
    "--allow", "--prune", "--ready", "--person", "--send", "--rotate", "--qr", "--all", "--dry-run",
    "--fields", "--field", "--file", "--lock-timeout", "--at", "--max", "--help", "-h", "--version",
    "--exit-zero", "--detailed-exitcode", "-o", "--json", "-v", "--unknown", "--resend-after",
    "--drop-pending", "--contacts",
]  # fmt: skip
WORDS = st.one_of(
    st.sampled_from(OPTIONS).map(lambda name: [name]),
    st.tuples(st.sampled_from(OPTIONS), VALUES).map(list),
    st.tuples(st.sampled_from(OPTIONS), VALUES).map(lambda pair: ["=".join(pair)]),
    st.sampled_from(sorted(FORMATS)).map(lambda name: ["--format", name]),
    st.sampled_from(sorted(FORMATS)).map(lambda name: ["--report", f"{name}=out-{name}"]),
    VALUES.map(lambda value: [value]),
)
ARGUMENTS = st.tuples(
    st.lists(WORDS, max_size=1),
    st.one_of(
        st.sampled_from(VERBS).map(lambda verb: [verb]), st.just(["state", "list"]), VALUES.map(lambda v: [v])
    ),
    st.lists(WORDS, max_size=3),
).map(lambda parts: [word for each in (*parts[0], parts[1], *parts[2]) for word in each])
ENVIRONMENT = st.dictionaries(
    st.sampled_from(
        ["RECONCILER_TOKEN", "RECONCILER_USERNAME", "RECONCILER_TOKEN_FILE", "RECONCILER_TOKEN_COMMAND",
         "RECONCILER_ACCOUNT", "RECONCILER_STATE", "RECONCILER_CONFIG", "RECONCILER_PLAN_KEY", "HTTPS_PROXY",
         "NO_PROXY", "REQUESTS_CA_BUNDLE", "TMPDIR", "HOME", "CI", "TERM", "COLUMNS", "TZ", "NO_COLOR",
         "FORCE_COLOR", "PYTHONUNBUFFERED", "LC_ALL", "GITHUB_OUTPUT", "GITHUB_ACTIONS",
         "GITHUB_RUN_ID", "_RECONCILER_COMPLETE", "COMP_WORDS", "COMP_CWORD"]
    ),
    st.one_of(st.sampled_from(["", "1", "C", "http://x:y@[", "socks5h://127.0.0.1:1", "/missing/x",
                               "bash_complete", "zsh_source", "reconciler plan --target "]), _TEXT),
    max_size=3,
)  # fmt: skip
CLOSED = [
    "",
    "",
    "<&-",
    ">&-",
    "2>&-",
    ">/dev/full",
    "2>/dev/full",
    ">&- 2>&-",
    "<&- >&- 2>&-",
    ">&- 2>/dev/full",
]


@settings(tried(40), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(ARGUMENTS, ENVIRONMENT, st.sampled_from(CLOSED))
def test_any_start_ends_as_the_table_says(
    repo: Repo, arguments: list[str], environment: dict[str, str], streams: str
) -> None:
    repo.group("a", "subject: A\nadmins: [ana]\n")
    repo.write("reconciler.yaml", 'account: "+5519911112222"\n')
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -m reconciler "$@" {streams}', sys.executable, *arguments],
        cwd=repo.path,
        env=repo.environment | {"PYTHONPATH": str(ROOT)} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
    )
    said = done.stdout + done.stderr
    assert done.returncode in set(Exit) - {Exit.BUG}, said
    assert b"Traceback" not in said
    assert b"bug in reconciler" not in said
    gone = {"out": ">&-" in streams.replace("2>&-", "") or ">/dev/full" in streams.replace("2>/dev/full", ""),
            "err": "2>" in streams}  # fmt: skip
    machines = any(word.removeprefix("--format=") in FORMATS for word in arguments)
    if done.returncode and not (gone["err"] and (gone["out"] or machines)):
        assert said.strip()
