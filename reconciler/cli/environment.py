"""What the environment says: addresses, credentials, places. An empty variable counts as unset.

Configuration is part of a pull request, so none of this can come from it; and no secret is a flag, because
process arguments can be seen by everybody on a machine.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import shlex
import stat
import subprocess
from dataclasses import dataclass, field

from reconciler.errors import CredentialsError, UsageError
from reconciler.model import number

DEFAULT_BASE_URL = "https://api-messaging.wavy.global"
COMMAND_TIMEOUT = 30.0  # seconds


def variable(name: str) -> str | None:
    """The value of `RECONCILER_…`, None when it is unset or empty."""
    return os.environ.get(name) or None


def base_url() -> str:
    """The origin of the API, without a final slash.

    Raises `ReconcilerError`, before anything is done with it, for one that cannot be used: it is written
    into the state and into messages, and somebody may have put a password into it.
    """
    given = variable("RECONCILER_BASE_URL")
    if given is None:
        return DEFAULT_BASE_URL
    from reconciler.backends.origin import checked_base

    return checked_base(given)[0]


def accounts() -> tuple[str, ...] | None:
    """`RECONCILER_ACCOUNT` as digits: one number, or several with commas between them, the present first."""
    text = variable("RECONCILER_ACCOUNT")
    if text is None:
        return None
    try:
        return tuple(number.parse(part) for part in text.split(","))
    except number.NumberError as error:
        raise UsageError(f"RECONCILER_ACCOUNT: {error.message}", error.hint) from None


@dataclass(frozen=True, slots=True)
class Credentials:
    """User name and token of the API; neither is ever shown."""

    username: str = field(repr=False)
    token: str = field(repr=False)


def credentials() -> tuple[Credentials, tuple[str, ...]]:
    """The credentials, and warnings about how they are kept.

    Raises `CredentialsError` when something is missing, naming every missing variable.
    """
    username = variable("RECONCILER_USERNAME")
    token, warnings = _token()
    missing = []
    if username is None:
        missing.append("RECONCILER_USERNAME")
    if token is None:
        missing.append("RECONCILER_TOKEN (or RECONCILER_TOKEN_FILE, or RECONCILER_TOKEN_COMMAND)")
    if username is None or token is None:
        raise CredentialsError(
            f"credentials are missing: set {' and '.join(missing)}",
            "to try things without an account, add --sandbox",
        )
    for name, value in (("RECONCILER_USERNAME", username), ("the token", token)):
        if not value.isascii() or not value.isprintable():
            raise CredentialsError(f"{name} holds characters that cannot stand in a header")
    return Credentials(username, token), warnings


def _token() -> tuple[str | None, tuple[str, ...]]:
    given = [
        name
        for name in ("RECONCILER_TOKEN", "RECONCILER_TOKEN_FILE", "RECONCILER_TOKEN_COMMAND")
        if variable(name)
    ]
    if len(given) > 1:
        raise CredentialsError(f"{' and '.join(given)} are set", "set one of them")
    if path := variable("RECONCILER_TOKEN_FILE"):
        return _from_file(path)
    if command := variable("RECONCILER_TOKEN_COMMAND"):
        return _from_command(command), ()
    return variable("RECONCILER_TOKEN"), ()


def _from_file(path: str) -> tuple[str, tuple[str, ...]]:
    try:
        with open(path, encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            token = file.read(10_000).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CredentialsError(
            f"RECONCILER_TOKEN_FILE cannot be read: {reason}", "is the path right? `~` is not expanded here"
        ) from None
    if not token:
        raise CredentialsError("the file that RECONCILER_TOKEN_FILE names is empty")
    if stat.S_ISREG(mode) and mode & stat.S_IROTH:
        return token, ("the token file can be read by every user of this machine: chmod 600 it",)
    return token, ()


def _from_command(command: str) -> str:
    """What the command prints, without its last newline. No shell; its output is never shown."""
    try:
        words = shlex.split(command)
    except ValueError:
        raise CredentialsError("RECONCILER_TOKEN_COMMAND has an open quote") from None
    if not words:
        raise CredentialsError("RECONCILER_TOKEN_COMMAND names no command")
    try:
        done = subprocess.run(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            timeout=COMMAND_TIMEOUT,
            check=False,
        )
    except OSError as error:
        raise CredentialsError(
            f"RECONCILER_TOKEN_COMMAND cannot be started: {error.strerror}",
            "it is run without a shell: name a program and its arguments",
        ) from None
    except subprocess.TimeoutExpired:
        raise CredentialsError(f"RECONCILER_TOKEN_COMMAND did not end within {COMMAND_TIMEOUT:g} s") from None
    if done.returncode != 0:
        raise CredentialsError(
            f"RECONCILER_TOKEN_COMMAND ended {done.returncode}", "run it by hand to see what it says"
        )
    token = done.stdout.decode("utf-8", "replace").strip()
    if not token:
        raise CredentialsError("RECONCILER_TOKEN_COMMAND printed nothing")
    return token


def plan_key(token: str) -> bytes:
    """The key of plan digests: `RECONCILER_PLAN_KEY`, else derived from the token."""
    own = variable("RECONCILER_PLAN_KEY")
    secret = own.encode() if own else token.encode()
    return hmac.new(secret, b"group-reconciler plan", hashlib.sha256).digest()
