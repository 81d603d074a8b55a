"""What was probably meant by an option or a command that there is not: what users of other tools type, and
what is spelled almost so. Nothing is suggested that would change more than what was typed."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterable, Sequence

from reconciler.cli.formats import FORMATS
from reconciler.language import msg, tr
from reconciler.manifests.complaints import closest
from reconciler.model.group import is_name

_OPTIONS = {
    "--yes": ("--auto-approve", "--assume-yes", "--no-confirm"),
    "--format json": ("--json",),
    "--verbose": ("-v", "-vv", "-vvv", "--debug", "--trace", "--log-level"),
    "--quiet": ("-q", "--silent"),
    "--version": ("-V",),
    "--help": ("-?", "--usage"),
    "-C DIR": ("--chdir", "--directory", "--dir", "--cwd", "--workdir"),
    "--color never": ("--no-color", "--no-colour", "--nocolor"),
    "--target NAME": ("--only", "--group", "--name", "--selector", "-l", "-t", "--filter"),
    "--detailed-exitcode": ("--exit-code", "--exitcode", "--detailed-exit-code"),
    "--base REF": ("--ref", "--against", "--since", "--compare"),
    "--lock-timeout SECONDS": ("--wait", "--timeout"),
}
_DRY = ("--dry-run", "--check", "--noop", "--what-if", "--whatif", "--simulate", "--preview", "--plan-only",
        "--diff", "-n")  # fmt: skip
_WITHOUT_WRITING = {
    "apply": msg("Use: reconciler plan"),
    "invites": msg("Without --send it sends nothing."),
    "inbound": msg("Without --ready it promotes nobody."),
    "accept": msg("It shows what it would write, and asks."),
    "send": msg("It shows what it would send, and asks."),
    "init": msg("It shows what it would write, and asks."),
}
_ADVICE = {
    msg("Use: reconciler drift"): ("--refresh-only", "--refresh"),
    msg("No option deletes a group: its manifest says `ensure: closed`."): ("--destroy", "--delete"),
    msg("A secret is no option, as everybody on a machine can see those: set RECONCILER_TOKEN_FILE."): (
        "--token", "--password", "--api-key", "--username",
    ),
    msg("Set RECONCILER_BASE_URL."): ("--base-url", "--url", "--endpoint", "--host"),
    msg("Say so in reconciler.yaml, as `state:`, or in RECONCILER_STATE."): ("--state", "--backend-config"),
    msg("Say so in reconciler.yaml, as `api: {concurrency: N}`."): (
        "--parallelism", "--concurrency", "--jobs", "-j",
    ),
    msg("Use -C DIR; the folder of the manifests is `manifests:` in reconciler.yaml."): (
        "-f", "--file", "--filename", "--manifests", "-R", "--recursive",
    ),
    msg("Whatever objects says how it is lifted."): ("--force",),
    msg("Nothing is asked where there is no terminal."): (
        "--no-input", "--non-interactive", "--batch", "--input",
    ),
}  # fmt: skip
_WIDER = frozenset(
    ("--yes", "--prune", "--allow", "--send", "--rotate", "--ready", "--all", "--contacts", "--drop-pending",
     "--include-left", "--resend-after", "--unknown", "--show-numbers", "--exit-zero", "--issue")
)  # fmt: skip
"""Options by which more is done, shown or passed over: suggested for their own misspellings alone."""

_COMMANDS = {
    "": {
        "init": ("new", "setup", "scaffold", "quickstart"),
        "plan": ("diff", "preview", "dry-run", "show", "what-if"),
        "drift": ("status", "refresh", "detect", "audit"),
        "validate": ("check", "lint", "test", "verify", "fmt", "format"),
        "apply": ("sync", "up", "deploy", "run", "reconcile", "update"),
        "list": ("get", "ls", "groups", "describe"),
        "import": ("adopt", "export", "dump", "pull"),
        "invites": ("invite", "links", "qr"),
        "send": ("message", "broadcast"),
        "sandbox": ("serve", "server", "mock"),
        "doctor": ("login", "auth", "ping", "whoami"),
        "state log": ("log", "logs", "history"),
        "state unlock": ("unlock", "force-unlock"),
        "state mv": ("mv", "rename"),
        "state forget": ("forget",),
        "state bind": ("bind",),
        "state migrate": ("migrate",),
        "--version": ("version",),
    },
    "state": {
        "list": ("ls",),
        "show": ("get", "cat", "pull"),
        "log": ("logs", "history"),
        "mv": ("move", "rename"),
        "forget": ("rm", "remove", "delete"),
        "bind": ("import", "add", "set"),
        "unlock": ("force-unlock",),
    },
}  # fmt: skip
_NO_COMMAND = {
    msg("No command deletes a group: its manifest says `ensure: closed`."): (
        "destroy", "delete", "rm", "remove",
    ),
    msg("To see what would be put back: reconciler plan"): ("restore", "revert", "rollback", "undo"),
    msg("To look around: reconciler plan --sandbox"): ("demo",),
    msg("For bash: eval \"$(_RECONCILER_COMPLETE=bash_source reconciler)\""): ("completion", "completions"),
}  # fmt: skip
_CHANGING = frozenset(
    ("apply", "accept", "import", "init", "send", "comment", "bind", "mv", "forget", "migrate", "unlock")
)
_OF_GROUPS = frozenset(("validate", "plan", "apply", "drift", "invites", "list"))
_MISSPELLED = 0.85  # as alike as a word with one wrong letter


_KNOWN = frozenset(
    (*_DRY, *(name for table in (_OPTIONS, _ADVICE) for names in table.values() for name in names))
)


def option(typed: str, following: str, verb: str, options: Sequence[str]) -> str:
    """Return a sentence for an option that the command `verb` has not, or nothing. `options` are those that
    it has; `following` is the next word of the command line."""
    name, _, value = typed.partition("=")
    if name[:2] == "-o" and name[1:] != "out":
        name, value = "-o", value or name[2:]
    elif len(name) > 2 and name[1] != "-" and name not in _KNOWN:
        name = f"-{name}"
    if name in ("-o", "--output", "--out"):
        rest = value or following
        found = f"--format {rest}" if rest in FORMATS else "--out FILE"
        return _did_you_mean(found if found.partition(" ")[0] in options else "--report FORMAT=FILE")
    if name in _DRY:
        return (
            tr(_WITHOUT_WRITING[verb]) if verb in _WITHOUT_WRITING else tr("This command changes no group.")
        )
    for words, names in _ADVICE.items():
        if name in names:
            return tr(words)
    known = next((words for words, names in _OPTIONS.items() if name in names), "")
    if known.partition(" ")[0] in options:
        return _did_you_mean(known)
    if "--yes" in (known, name):
        return tr("This command asks nothing.")
    return _did_you_mean(
        _near(name.lstrip("-"), [each.lstrip("-") for each in options if each[:2] == "--"], "--")
    )


def argument(typed: Sequence[str], verb: str) -> str:
    """Return a sentence for arguments that the command `verb` does not take: they may name groups."""
    names = all(is_name(word.replace("*", "x")) for word in typed)
    if names and verb in _OF_GROUPS:
        return _did_you_mean(" ".join(f"--target {shlex.quote(word)}" for word in typed[:3]))
    return ""


def command(typed: str, group: str, names: Iterable[str]) -> str:
    """Return a sentence for a command that the group has not (root: ""), or nothing."""
    if not group:
        for words, others in _NO_COMMAND.items():
            if typed in others:
                return tr(words)
    for meant, others in _COMMANDS[group].items():
        if typed in others:
            return _did_you_mean(meant)
    if not group and any(word in typed for word in ("dry", "preview", "check", "plan-", "-plan")):
        return _did_you_mean("plan")
    return _did_you_mean(_near(typed, list(names)))


def _near(typed: str, names: Sequence[str], dashes: str = "") -> str:
    wider = _WIDER if dashes else _CHANGING
    fit = [
        name
        for name in names
        if f"{dashes}{name}" not in wider
        or difflib.SequenceMatcher(None, typed, name).ratio()
        >= (_MISSPELLED if dashes else _MISSPELLED - 0.05)
    ]
    found = closest(typed, frozenset(fit))
    return f"{dashes}{found}" if found else ""


def _did_you_mean(meant: str) -> str:
    return tr("Did you mean {meant}?", meant=meant) if meant else ""
