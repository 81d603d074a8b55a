"""What `reconciler.yaml` may say beyond what its schema knows: where the state may be, what invitations hold,
and what several accounts may not have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

from reconciler.errors import Complaint
from reconciler.language import msg
from reconciler.manifests.complaints import did_you_mean, quote
from reconciler.manifests.files import join
from reconciler.model import number
from reconciler.model.settings import OwnSettings, template_gap

if TYPE_CHECKING:
    from reconciler.errors import Location
    from reconciler.manifests.complaints import Complaints

OWN_KEYS = ("account", "manifests", "state")
"""What each account has of its own; all other keys are shared."""
_REMOTE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}")
_FORMS = msg("write file:PATH, git:REMOTE/BRANCH, or none")
_DEFAULT = "origin/reconciler-state"
_DURATION = re.compile(r"[1-9][0-9]{0,5}[smhd]")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]+)\}")
_KNOWN = frozenset({"link", "subject", "name"})


# --- the state ----------------------------------------------------------------------------------------------


def state_mistake(text: str) -> tuple[str, str] | None:
    """Return what is wrong with `file:PATH`, `git:REMOTE/BRANCH` or `none` as text, with a hint; None:
    nothing.

    `git:` alone means `git:origin/reconciler-state`. The path of `file:` is not looked at. Git's own words
    for a branch are `git check-ref-format`.
    """
    scheme, colon, rest = text.partition(":")
    match scheme:
        case "none" if not colon:
            return None
        case "file":
            return None if rest else (msg("has no path after `file:`"), _FORMS)
        case "git":
            remote, branch = git_place(text)
            if "//" in rest or ":" in rest or "@" in rest:
                return msg("names a URL"), msg(
                    "name a remote that the repository has: git:origin/reconciler-state"
                )
            if not _REMOTE.fullmatch(remote) or not _is_branch(branch):
                return msg("names no remote and branch"), msg("such as git:origin/reconciler-state")
            return None
        case _:
            return msg("is no place for the state"), _FORMS


def spelled_out(text: str) -> str:
    """Return a place with its defaults written down, so that the same place is the same text."""
    return f"git:{'/'.join(git_place(text))}" if text.startswith("git:") else text


def git_place(text: str) -> tuple[str, str]:
    """Return remote and branch of `git:REMOTE/BRANCH`."""
    remote, _, branch = (text.removeprefix("git:") or _DEFAULT).partition("/")
    return remote, branch


def _is_branch(branch: str) -> bool:
    return (
        _BRANCH.fullmatch(branch) is not None
        and ".." not in branch
        and all(part and part[0] != "." and not part.endswith((".lock", ".")) for part in branch.split("/"))
    )


# --- invitations --------------------------------------------------------------------------------------------


def seconds(text: str) -> float:
    """Return the seconds of a length of time: `7d`, `12h`. Raises `ValueError` for anything else."""
    if not _DURATION.fullmatch(text):
        raise ValueError("no length of time")
    return float(int(text[:-1]) * _SECONDS[text[-1]])


def read_invites(
    entry: Mapping[str, Any], location_of: Callable[[str], Location], complaints: Complaints
) -> dict[str, Any]:
    """Return the values of `InviteSettings` that a checked document gives. What would stand in a message as
    it was written is a mistake; a template that cannot be sent yet is a warning, because only
    `invites --send` needs it."""
    values = dict(entry)
    if "resend_after" in values:
        values["resend_after"] = seconds(values["resend_after"])
    for key in ("text", "template"):
        found = [name for text in _texts(values.get(key)) for name in _PLACEHOLDER.findall(text)]
        for name in dict.fromkeys(found):
            if name not in _KNOWN:
                hint = did_you_mean(name, _KNOWN) or msg("there are {link}, {subject} and {name}")
                message = msg("{placeholder} stands for nothing", placeholder=quote("{" + name + "}"))
                complaints.add(location_of(key), message, hint, "placeholder")
    template = values.get("template")
    gap = None if template is None else template_gap(template)
    if gap is not None:
        complaints.add(location_of("template"), *gap, "template", warning=True)
    return values


def _texts(value: object) -> list[str]:
    """Return every text in a value, wherever it stands."""
    match value:
        case str():
            return [value]
        case Mapping():
            return [text for inner in value.values() for text in _texts(inner)]
        case list():
            return [text for inner in value for text in _texts(inner)]
        case _:
            return []


# --- several accounts ---------------------------------------------------------------------------------------


def default_account(name: str, folder: str) -> OwnSettings:
    """Return an account about which nothing is written: manifests in `groups/NAME`, state in
    `.reconciler/NAME.json`, both relative to `folder`."""
    return OwnSettings(
        name=name,
        manifests=join(folder, f"groups/{name}"),
        state=f"file:{join(folder, f'.reconciler/{name}.json')}",
    )


def misplaced(keys: Mapping[str, Location], names: Iterable[str]) -> Iterator[Complaint]:
    """Yield complaints about keys at the top that belong to one account. `keys` are all that stand there,
    with their places."""
    name = next(iter(names), "NAME")
    for key in OWN_KEYS:
        if key in keys:
            yield Complaint(
                keys[key],
                msg("`{key}` cannot stand beside `accounts`", key=key),
                msg("each account has its own: accounts: {{{name}: {{{key}: …}}}}", name=name, key=key),
                "misplaced-key",
            )


def conflicts(accounts: Iterable[OwnSettings], locations: Mapping[str, Location]) -> Iterator[Complaint]:
    """Yield complaints about accounts that have something in common: a place of their state, folders of
    manifests that overlap, a number. Each is said at the later one; `locations` has the places of `NAME` and
    `NAME.KEY`."""
    for one, other in combinations(accounts, 2):
        place = {key: locations.get(f"{other.name}.{key}", locations[other.name]) for key in OWN_KEYS}
        first = quote(one.name)
        if spelled_out(one.state) == spelled_out(other.state) != "none":
            yield Complaint(
                place["state"],
                msg(
                    "the state of {account} is in the same place, {state}",
                    account=first,
                    state=quote(one.state),
                ),
                msg("an account would take the other's groups for its own: give each a state of its own"),
                "same-state",
            )
        if lies_in(one.manifests, other.manifests) or lies_in(other.manifests, one.manifests):
            yield Complaint(
                place["manifests"],
                msg(
                    "the manifests of {account} are in the same folder, or in one inside of the other",
                    account=first,
                ),
                msg(
                    "{one} and {other}: move them apart",
                    one=quote(one.manifests or "."),
                    other=quote(other.manifests or "."),
                ),
                "same-manifests",
            )
        if {*map(number.key, one.account)} & {*map(number.key, other.account)}:
            yield Complaint(
                place["account"],
                msg("{account} has the same number", account=first),
                msg("a number belongs to one account: correct the one that is wrong"),
                "same-account",
            )


def lies_in(inner: str, outer: str) -> bool:
    """Return whether a path is a folder, or lies in it."""
    return not outer or inner == outer or inner.startswith(f"{outer}/")
