"""What the environment says: addresses, credentials, places. An empty variable counts as unset.

Configuration is part of a pull request, so none of this can come from it; and no secret is a flag, because
process arguments can be seen by everybody on a machine.
"""

from __future__ import annotations

import getpass
import hashlib
import hmac
import os
import re
import shlex
import socket
import stat
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import NamedTuple

from reconciler.backends.origin import Base, checked_base
from reconciler.cli.terminal import in_ci
from reconciler.errors import CredentialsError, ReconcilerError, UsageError
from reconciler.language import ENGLISH, Message, msg, of_system, spoken
from reconciler.manifests.numbers import NumberError, doubt, parse
from reconciler.model.capabilities import CAPABILITIES, BackendName

DEFAULT_BASE_URL = "https://api-messaging.wavy.global"
DEFAULT_SESSION = "default"
COMMAND_TIMEOUT = 30.0  # seconds


def variable(name: str) -> str | None:
    """The value of `RECONCILER_…`, None when it is unset or empty."""
    return os.environ.get(name) or None


def name_of(what: str, account: str = "") -> str:
    """The variable that says `what`: `RECONCILER_TOKEN`, or of one of several accounts
    `RECONCILER_SALES_TOKEN`."""
    return f"RECONCILER_{account.upper().replace('-', '_')}_{what}" if account else f"RECONCILER_{what}"


def own(what: str, account: str = "") -> str | None:
    """What is said of this account alone: nothing that is said without its name is meant for it."""
    return variable(name_of(what, account))


_OWN = re.compile(
    r"RECONCILER_(USERNAME|TOKEN|TOKEN_FILE|TOKEN_COMMAND|BASE_URL|ACCOUNT|STATE|PLAN_KEY)(?![A-Z_])"
)


def speak_of(account: str, error: ReconcilerError) -> None:
    """Let an error that befell an account name its variables, not those that a single account would have."""

    def owned(text: str) -> str:
        return _OWN.sub(lambda found: name_of(found[1], account), text)

    if account:
        error.message, error.hint = (
            text.through(owned) if isinstance(text, Message) else owned(text)
            for text in (error.message, error.hint)
        )


def check_unambiguous() -> None:
    """With several accounts, raise `UsageError` for variables that would give all of them one number or one
    state."""
    for what in ("ACCOUNT", "STATE"):
        if variable(name_of(what)):
            raise UsageError(
                msg(
                    "{variable} is set, and there are several accounts: it would be all accounts'",
                    variable=name_of(what),
                ),
                msg(
                    "unset it, and set {variable} for the account NAME where it is needed",
                    variable=name_of(what, "NAME"),
                ),
            )


def base(account: str = "", backend: BackendName = "sinch") -> Base:
    """The address of the service: the account's own, else that of all accounts. A gateway's has no default.

    Raises `ReconcilerError`, before anything is done with it, for one that cannot be used: it is written
    into the state and into messages, and somebody may have put a password into it.
    """
    can = CAPABILITIES[backend]
    given = own("BASE_URL", account) or own("BASE_URL")
    if given is None and can.gateway:
        raise ReconcilerError(
            msg(
                "{variable} is not set, and {service} has no address of its own",
                variable=name_of("BASE_URL", account),
                service=can.title,
            ),
            msg("set it to where the gateway is, such as http://localhost:3000"),
        )
    return checked_base(given or DEFAULT_BASE_URL, gateway=can.gateway, private=allows_http())


def base_url(account: str = "", backend: BackendName = "sinch") -> str:
    """The address of the service as text, without a final slash; raises as `base`."""
    return base(account, backend).url


def allows_http() -> bool:
    """Whether a gateway may be reached over http in a private network."""
    return variable("RECONCILER_ALLOW_HTTP") == "1"


def numbers(account: str = "") -> tuple[str, ...] | None:
    """`RECONCILER_ACCOUNT` as digits: one number, or several with commas between them, the present first."""
    text = own("ACCOUNT", account)
    if text is None:
        return None
    try:
        return tuple(parse(part) for part in text.split(","))
    except NumberError as error:
        variable = name_of("ACCOUNT", account)
        raise UsageError(msg("{variable}: {why}", variable=variable, why=error.message), error.hint) from None


def number_warnings(account: str = "") -> tuple[str, ...]:
    """Return what is odd about the numbers of `RECONCILER_ACCOUNT`, which are taken all the same."""
    found = numbers(account)
    if found is None:
        return ()
    variable = name_of("ACCOUNT", account)
    return tuple(msg("{variable}: {why}", variable=variable, why=why) for why in map(doubt, found) if why)


@dataclass(frozen=True, slots=True)
class Credentials:
    """User name and token of the API; neither is ever shown."""

    username: str = field(repr=False)
    token: str = field(repr=False)


def credentials(account: str = "", backend: BackendName = "sinch") -> tuple[Credentials, tuple[str, ...]]:
    """The credentials, and warnings about how they are kept. A session of WAHA is `default` where none is
    named.

    With several accounts those of `account`, from variables with its name in them: no other account's are
    ever taken for it. Raises `CredentialsError` when something is missing, naming every missing variable.
    """
    user_name, token_name = name_of("USERNAME", account), name_of("TOKEN", account)
    username = variable(user_name) or (DEFAULT_SESSION if backend == "waha" else None)
    source, token, warnings = _token(token_name, user_name)
    missing = []
    if username is None:
        missing.append(user_name)
    if token is None:
        missing.append(msg("{variable} (or {variable}_FILE, or {variable}_COMMAND)", variable=token_name))
    if username is None or token is None:
        variables = _all_of(missing)
        what = msg("credentials are missing: set {variables}", variables=variables)
        if account:
            what = msg(
                "credentials of the account {account} are missing: set {variables}",
                account=account,
                variables=variables,
            )
        unnamed = account and any(
            map(variable, map(name_of, ("USERNAME", "TOKEN", "TOKEN_FILE", "TOKEN_COMMAND")))
        )
        hint = msg("to try things without an account, add --sandbox")
        if unnamed:
            hint = msg("those that are set without an account's name could be another's, and are not used")
        elif in_ci():
            hint = msg(
                "in a pipeline they are secrets of the job's environment, which a fork's jobs do not get"
            )
        raise CredentialsError(what, hint)
    check_secret(username, user_name)
    check_secret(token, source)
    return Credentials(username, token), warnings


def _all_of(names: Sequence[str]) -> str:
    """Return names, of which there is one at least, as words."""
    return reduce(lambda before, last: msg("{before} and {last}", before=before, last=last), names)


_NAMES = {
    "\n": msg("a line break"),
    "\r": msg("a line break (CR)"),
    "\t": msg("a tab"),
    " ": msg("a space"),
    "\ufeff": msg("a byte order mark"),
    '"': msg("a quotation mark"),
    "'": msg("a quotation mark"),
    "“": msg("a quotation mark"),
    "”": msg("a quotation mark"),
}
_BOM_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def check_secret(value: str, source: str, *, spaces: bool = True) -> None:
    """Raise `CredentialsError` for a token or user name that cannot stand in a header, or that stands in
    quotation marks: which character, and where in what `source` names. Nothing else of the value is told.

    Without `spaces` there may be none; at either end there never may.
    """
    last = len(value) - 1
    for index, char in enumerate(value):
        if char.isascii() and char.isprintable() and (char != " " or (spaces and 0 < index < last)):
            continue
        code = f"U+{ord(char):04X}"
        shown = msg("{character} ({code})", character=_NAMES[char], code=code) if char in _NAMES else code
        if index == last and index:
            what = msg(
                "{source} ends with {character}, which cannot stand in a header",
                source=source,
                character=shown,
            )
        else:
            what = msg(
                "{source} has as character {position} {character}, which cannot stand in a header",
                source=source,
                position=index + 1,
                character=shown,
            )
        raise CredentialsError(
            what,
            msg(
                "set it again without that character; an editor or a copy may have added what cannot be seen"
            ),
        )
    if last > 0 and value[0] == value[last] and value[0] in "\"'":
        raise CredentialsError(
            msg(
                "{source} begins and ends with a quotation mark ({code})",
                source=source,
                code=f"U+{ord(value[0]):04X}",
            ),
            msg("leave the quotation marks out: nothing takes them off here, as a shell would"),
        )


def _token(name: str, own_username: str) -> tuple[str, str | None, tuple[str, ...]]:
    """Return where the token comes from, the token, and warnings about how it is kept."""
    given = [each for each in (name, f"{name}_FILE", f"{name}_COMMAND") if variable(each)]
    if len(given) > 1:
        raise CredentialsError(msg("{variables} are set", variables=_all_of(given)), msg("set one of them"))
    if variable(file := f"{name}_FILE"):
        return msg("the file that {variable} names", variable=file), *_from_file(file)
    if variable(command := f"{name}_COMMAND"):
        return msg("what {variable} prints", variable=command), _from_command(command, own_username), ()
    return name, variable(name), ()


def _from_file(name: str) -> tuple[str, tuple[str, ...]]:
    try:
        with open(variable(name) or "", "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            token = _text(file.read(10_000), msg("the file that {variable} names", variable=name))
    except OSError as error:
        raise CredentialsError(
            msg("{name} cannot be read: {why}", name=name, why=of_system(error)),
            msg("is the path right? `~` is not expanded here"),
        ) from None
    if not token:
        raise CredentialsError(msg("the file that {variable} names is empty", variable=name))
    if stat.S_ISREG(mode) and mode & stat.S_IROTH:
        return token, (
            msg(
                "the file that {variable} names can be read by every user of this machine: chmod 600 it",
                variable=name,
            ),
        )
    return token, ()


def _text(data: bytes, source: str) -> str:
    """Return a token without what programs and editors put around it: line breaks, spaces, and a byte order
    mark at its head. Raises `CredentialsError` for what is no UTF-8."""
    if data.startswith(_BOM_UTF16):
        raise CredentialsError(msg("{source} is UTF-16", source=source), msg("save it as UTF-8"))
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise CredentialsError(msg("{source} is no text in UTF-8", source=source)) from None


_CREDENTIAL = re.compile(
    r"RECONCILER_(.+_)?(USERNAME|TOKEN|TOKEN_FILE|TOKEN_COMMAND|PLAN_KEY|WEBHOOK_KEY)", re.IGNORECASE
)


def _from_command(name: str, own_username: str) -> str:
    """What the command prints, without its last newline. No shell; its output is never shown. Of our
    credentials its environment holds `own_username` alone: it is one account's, and they may be others'.
    Where another language is spoken, `LANGUAGE` is ours, and not for it: scripts read what programs say."""
    environment = {
        key: value
        for key, value in os.environ.items()
        if key == own_username or _CREDENTIAL.fullmatch(key) is None
    }
    if spoken() != ENGLISH:
        environment.pop("LANGUAGE", None)

    try:
        words = shlex.split(variable(name) or "")
    except ValueError:
        raise CredentialsError(msg("{variable} has an open quote", variable=name)) from None
    if not words:
        raise CredentialsError(msg("{variable} names no command", variable=name))
    try:
        done = subprocess.run(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            env=environment,
            timeout=COMMAND_TIMEOUT,
            check=False,
        )
    except OSError as error:
        raise CredentialsError(
            msg("{variable} cannot be started: {why}", variable=name, why=of_system(error)),
            msg("it is run without a shell: name a program and its arguments"),
        ) from None
    except subprocess.TimeoutExpired:
        raise CredentialsError(
            msg("{variable} did not end within {seconds:g} s", variable=name, seconds=COMMAND_TIMEOUT)
        ) from None
    if done.returncode != 0:
        raise CredentialsError(
            msg("{variable} ended {code}", variable=name, code=done.returncode),
            msg("run it by hand to see what it says"),
        )
    token = _text(done.stdout, msg("what {variable} prints", variable=name))
    if not token:
        raise CredentialsError(msg("{variable} printed nothing", variable=name))
    return token


def plan_key(token: str, account: str = "") -> bytes:
    """The key of plan digests, from `RECONCILER_PLAN_KEY`, else from the token. Each of several accounts has
    another: a plan that was saved for one holds for no other."""
    given = own("PLAN_KEY", account) or own("PLAN_KEY")
    secret = given.encode() if given else token.encode()
    return hmac.new(
        secret,
        b"group-reconciler plan" + (f" {account}".encode() if account else b""),
        hashlib.sha256,
    ).digest()


def webhook_key(account: str = "") -> bytes:
    """The key with which a gateway signs what it posts, from `RECONCILER_WEBHOOK_KEY`; empty for none."""
    return (own("WEBHOOK_KEY", account) or own("WEBHOOK_KEY") or "").encode()


# --- which run this is, for locks and histories ---------------------------------------------------------


class Run(NamedTuple):
    """`name` leads to the run: its address where the pipeline gives one; `actor` started it; `artifacts` is
    the address of the files that it keeps."""

    name: str
    actor: str | None
    artifacts: str = ""


def this_run() -> Run:
    """Return the job and who started it, as GitHub, GitLab or another pipeline with an address says."""
    for system in (_github, _gitlab, _other):
        found = system(lambda name: os.environ.get(name) or None)
        if found is not None:
            return found
    return Run(f"{_user()}@{socket.gethostname()}", None)


def holder() -> str:
    """Name who holds a lock, for those who wait: the pipeline's job, else the user."""
    job = os.environ.get("GITHUB_RUN_ID") or os.environ.get("CI_JOB_URL") or os.environ.get("CI_JOB_ID")
    who = f"job {job}" if job else f"{_user()}@{socket.gethostname()}"
    return f"{who} (process {os.getpid()})"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


Lookup = Callable[[str], str | None]


def _github(variable: Lookup) -> Run | None:
    number = variable("GITHUB_RUN_ID")
    if number is None:
        return None
    server, repository = variable("GITHUB_SERVER_URL"), variable("GITHUB_REPOSITORY")
    attempt = variable("GITHUB_RUN_ATTEMPT")
    actor = variable("GITHUB_TRIGGERING_ACTOR") or variable("GITHUB_ACTOR")
    if server is None or repository is None:
        return Run(f"GitHub run {number}", actor)
    again = f"/attempts/{attempt}" if attempt not in (None, "1") else ""
    address = f"{server}/{repository}/actions/runs/{number}{again}"
    return Run(address, actor, f"{address}#artifacts")


def _gitlab(variable: Lookup) -> Run | None:
    address = variable("CI_JOB_URL") or variable("CI_PIPELINE_URL")
    if address is None:
        job = variable("CI_JOB_ID")
        return None if job is None else Run(f"GitLab job {job}", variable("GITLAB_USER_LOGIN"))
    kept = f"{address}/artifacts/browse" if variable("CI_JOB_URL") else ""
    return Run(address, variable("GITLAB_USER_LOGIN"), kept)


def _other(variable: Lookup) -> Run | None:
    """Jenkins, Buildkite, CircleCI and Azure name their builds so."""
    for name, actor in (
        ("BUILD_URL", "BUILD_USER_ID"),
        ("BUILDKITE_BUILD_URL", "BUILDKITE_BUILD_CREATOR"),
        ("CIRCLE_BUILD_URL", "CIRCLE_USERNAME"),
    ):
        if (address := variable(name)) is not None:
            return Run(address, variable(actor))
    collection, project = variable("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI"), variable("SYSTEM_TEAMPROJECT")
    build = variable("BUILD_BUILDID")
    if collection and project and build:
        address = f"{collection.rstrip('/')}/{project}/_build/results?buildId={build}"
        return Run(address, variable("BUILD_REQUESTEDFOR"))
    return None
