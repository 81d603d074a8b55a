"""`reconciler doctor`: look at everything a run needs, one thing after another.

Changes nothing: groups are only read. Where the state is in Git its lock is taken, renewed and given up, as
nothing else tells whether the remote allows it.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Generator, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.cli import checkout, environment, loading, terminal, wiring
from reconciler.cli.accounts import PerAccount, verb
from reconciler.cli.clock import SystemClock, stopping_on_signals
from reconciler.cli.common import Common
from reconciler.cli.files import find_root, is_there
from reconciler.cli.outputs import Outputs
from reconciler.cli.store import Store, label
from reconciler.errors import ApiError, GitError, InputError, ReconcilerError, first_exit
from reconciler.language import msg, msg_n
from reconciler.model.capabilities import CAPABILITIES
from reconciler.model.record import State
from reconciler.model.settings import Settings
from reconciler.operations.session import with_session
from reconciler.planning import examination
from reconciler.planning.examination import ok, problem, skipped, warning
from reconciler.report import doctor as report
from reconciler.report import validate

if TYPE_CHECKING:
    from reconciler.manifests.load import Loaded
    from reconciler.model.adoption import Check, Finding
    from reconciler.model.live import LiveGroup

EXAMPLES = "reconciler doctor\nreconciler doctor --format json\nreconciler doctor --sandbox"

_SAMPLE = 20
"""Groups that are read to see what the account is in them."""

_BAD_FILES = msg("the files have mistakes")


@verb("doctor", EXAMPLES, PerAccount(ahead=False))
def command(common: Common) -> int:
    """Look at everything a run needs, and say what is wrong and how to mend it. Changes nothing.

    Files, address, credentials, login, a gateway's session, clock, account, state, its lock, and who may
    read it. The lock of a state in Git is taken, renewed and given up, to see whether the remote allows it.
    """
    common.refuse("target", "report")
    clock = SystemClock()
    outputs = Outputs(common, "doctor", clock)
    terminal.log_calls(common.verbose)
    loaded, mistakes = None, None
    try:
        loaded = loading.load(replace(common, quiet=True), clock)
    except InputError as error:
        mistakes = error
        with suppress(InputError):  # where there is no manifest yet, all the rest can be looked at
            loaded = loading.load(replace(common, quiet=True), clock, manifests=False)
    with stopping_on_signals(clock):
        findings = list(_examine(common, clock, loaded, mistakes))
    redactor = wiring.redactor(common, loaded)
    code = first_exit(finding.exit_code for finding in findings)
    outputs.write(report.told(findings, redactor), code, complete=True)
    return code


def _examine(
    common: Common, clock: SystemClock, loaded: Loaded | None, mistakes: InputError | None
) -> Iterator[Finding]:
    """Everything there is to say, in the order in which things depend on each other.

    `loaded` are the files, None where their `mistakes` are worse than that there is no manifest.
    """
    yield from _program()
    yield _files(loaded, mistakes)
    backend = loaded.settings.backend if loaded else loading.backend(common)
    if backend is None:  # credentials are one service's
        yield from (skipped(check, _BAD_FILES) for check in _OF_THE_API)
    else:
        settings = loaded.settings if loaded else Settings(backend=backend)
        settings = yield from _api(common, clock, settings, known=loaded is not None)
        loaded = replace(loaded, settings=settings) if loaded else None
    yield from _state(common, clock, loaded)


def _program() -> Iterator[Finding]:
    versions = {"version": __version__, "python": platform.python_version()}
    try:
        git = checkout.repository().run("--version").text
    except GitError as error:
        yield warning(
            "program",
            msg("reconciler {version}, Python {python}; {why}", why=error.message, **versions),
            msg("{mend}: it is needed for --base and for a state on a branch", mend=error.hint),
        )
    else:
        git = git.removeprefix("git version ")
        yield ok("program", msg("reconciler {version}, Python {python}, git {git}", git=git, **versions))


def _files(loaded: Loaded | None, mistakes: InputError | None) -> Finding:
    """Return the verdict of `validate`, with the first of the mistakes."""
    if mistakes is not None or loaded is None:
        complaints = mistakes.complaints if mistakes is not None else ()
        text = msg("{verdict}.", verdict=validate.report(complaints, None).verdict)
        first = next((each for each in complaints if not each.warning), None)
        if first is not None:
            text = msg("{verdict} {mistake}", verdict=text, mistake=str(first))
        return problem("files", text, msg("see all of it: reconciler validate"))
    warnings = loaded.desired.warnings
    text = validate.report(warnings, len(loaded.desired.groups)).verdict
    return warning("files", text, msg("see them: reconciler validate")) if warnings else ok("files", text)


def _api(
    common: Common, clock: SystemClock, settings: Settings, *, known: bool
) -> Generator[Finding, None, Settings]:
    """Address, credentials, login, the session of a gateway, clock and account. Returns the settings with
    the account that the service tells."""
    rest = [each for each in _OF_THE_API if each != "session" or CAPABILITIES[settings.backend].gateway]
    if not common.sandbox:
        try:
            yield ok("address", environment.base_url(common.account_name, settings.backend))
        except ReconcilerError as error:
            yield problem("address", error.message, error.hint, error.exit_code)
            yield from (skipped(check, msg("there is no address")) for check in rest[1:])
            return settings
    with ExitStack() as stack:
        try:
            api = stack.enter_context(wiring.open_api(common, settings))
        except ReconcilerError as error:
            yield problem("credentials", error.message, error.hint, error.exit_code)
            yield from (skipped(check, msg("nobody can log in")) for check in rest[2:])
            return settings
        yield ok("credentials", msg("the sandbox takes any") if common.sandbox else msg("they are set"))
        yield from (warning("credentials", text) for text in api.warnings)
        once_more = replace(settings.api, retries=min(1, settings.api.retries))
        client = stack.enter_context(api.connect(once_more, clock, terminal.Silent().tell))
        begun = clock.monotonic()
        check: Check = "login"
        try:
            if client.gateway is not None:
                gateway = client.gateway()
                check = "session"
            session = client.reader.session()
            check = "login"
            ids = client.reader.list_groups().ids
            took = clock.monotonic() - begun
            groups = [client.reader.get_group(group_id) for group_id in ids[:_SAMPLE]]
        except (ApiError, ReconcilerError) as error:
            if isinstance(error, ApiError) and error.code == "session":  # there is none of this name
                check = "session"
            if check == "session":
                yield ok("login", msg("the gateway takes the key"))
            yield problem(check, error.message, error.hint, error.exit_code)
            told = {"login", check}
            yield from (
                skipped(each, msg("the API did not answer as it should"))
                for each in rest[2:]
                if each not in told
            )
            return settings
        yield ok(
            "login",
            msg_n(
                "the API lists {n} group; it took {took:.0f} ms to answer",
                "the API lists {n} groups; it took {took:.0f} ms to answer",
                len(ids),
                took=took * 1000,
            ),
        )
        if client.gateway is not None:
            yield examination.judge_gateway(gateway)
        yield examination.judge_clock(client.clock_skew)
    try:
        settings = with_session(settings, session)
    except ReconcilerError as error:
        yield problem("account", error.message, error.hint, error.exit_code)
    else:
        yield from _account(settings, groups, len(ids), known=known)
    return settings


_OF_THE_API: tuple[Check, ...] = ("address", "credentials", "login", "session", "clock", "account")


def _account(settings: Settings, groups: list[LiveGroup], listed: int, *, known: bool) -> Iterator[Finding]:
    if known:
        yield from examination.judge_account(settings, groups, listed)
    else:
        yield skipped("account", _BAD_FILES)


def _state(common: Common, clock: SystemClock, loaded: Loaded | None) -> Iterator[Finding]:
    if loaded is None:
        yield from (skipped(check, _BAD_FILES) for check in ("state", "lock"))
        return
    try:
        service = label(common, loaded.settings.backend)
    except ReconcilerError:  # told of as the address
        yield from (skipped(check, msg("there is no address")) for check in ("state", "lock"))
        return
    try:
        store = Store.of(common, loaded, service)
    except ReconcilerError as error:
        yield problem("state", error.message, error.hint, error.exit_code)
        yield skipped("lock", msg("the state cannot be used"))
        return
    if not store.keeps:
        yield ok("state", msg("`state` is none: nothing is kept, and groups are found by their subjects"))
        return
    try:
        found, warnings = store.inspect()
        behind = None if found is not None else store.left_behind(State())
        if found is not None:
            yield from examination.judge_state(found, loaded.desired, store.display)
        elif behind is not None:
            yield (problem if behind.ends else warning)("state", behind.message, behind.hint)
        else:
            yield ok(
                "state",
                msg("there is none yet at {display}; the first apply makes it", display=store.display),
            )
        yield from (warning("state", text) for text in warnings)
        yield from _kept_from_git(store)
        if found is not None:
            yield from examination.judge_checkout(store.checkout(found.commit))
        writable = store.check_writable(clock)
        if writable:
            yield ok("state", writable)
    except ReconcilerError as error:
        yield problem("state", error.message, error.hint, error.exit_code)
    try:
        holder = store.holder()
    except ReconcilerError as error:
        yield problem("lock", error.message, error.hint, error.exit_code)
        return
    if holder is None:
        yield ok("lock", msg("nobody holds it"))
    else:
        yield warning(
            "lock",
            msg("held by {holder}", holder=holder),
            msg("wait for it: --lock-timeout SECONDS. Left behind: reconciler state unlock"),
        )


def _kept_from_git(store: Store) -> Iterator[Finding]:
    """A state file names people: it should not be committed beside the manifests."""
    path, root = store.path, find_root(Path.cwd())
    if path is None or not is_there(root / ".git"):
        return
    full = Path(os.path.realpath(path))
    if not full.is_relative_to(os.path.realpath(root)):
        return
    name = full.relative_to(os.path.realpath(root)).as_posix()
    try:
        git = checkout.repository()
        tracked = git.run("ls-files", "--error-unmatch", "--", name).code == 0
        ignored = git.run("check-ignore", "--quiet", "--", name).code == 0
    except GitError:
        return
    if tracked:
        yield warning(
            "state",
            msg("{name} is committed: a pull request can change it, and it names people", name=name),
            msg("git rm --cached it, and ignore it; in pipelines: state: git:origin/reconciler-state"),
        )
    elif not ignored:
        yield warning(
            "state",
            msg("{name} is not ignored by git, and it names people", name=name),
            msg("add {folder} to .gitignore", folder=f"/{name.split('/')[0]}/"),
        )
