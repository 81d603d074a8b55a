"""Several accounts in one configuration: what they may not have in common, and what may not stand beside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from reconciler.errors import Complaint, Mark
from reconciler.manifests.files import join
from reconciler.manifests.statespec import spelled_out
from reconciler.manifests.words import quote
from reconciler.model import number
from reconciler.model.settings import OwnSettings

OWN_KEYS = ("account", "manifests", "state")
"""What each account has of its own; all other keys are shared."""


def default_account(name: str, folder: str) -> OwnSettings:
    """An account about which nothing is written: manifests in `groups/NAME`, state in
    `.reconciler/NAME.json`, both relative to `folder`."""
    return OwnSettings(
        name=name,
        manifests=join(folder, f"groups/{name}"),
        state=f"file:{join(folder, f'.reconciler/{name}.json')}",
    )


def misplaced(keys: Mapping[str, Mark], names: Iterable[str]) -> Iterator[Complaint]:
    """Keys at the top that would be somebody's alone. `keys` are all that stand there, with their places."""
    name = next(iter(names), "NAME")
    for key in OWN_KEYS:
        if key in keys:
            yield Complaint(
                keys[key],
                f"`{key}` cannot stand beside `accounts`",
                f"each account has its own: accounts: {{{name}: {{{key}: …}}}}",
                "misplaced-key",
            )


def conflicts(accounts: Iterable[OwnSettings], marks: Mapping[str, Mark]) -> Iterator[Complaint]:
    """Two accounts that have something in common: a place of their state, folders of manifests that overlap,
    a number. Each is said at the later one; `marks` has the places of `NAME` and `NAME.KEY`."""
    for one, other in combinations(accounts, 2):
        place = {key: marks.get(f"{other.name}.{key}", marks[other.name]) for key in OWN_KEYS}
        first = quote(one.name)
        if spelled_out(one.state) == spelled_out(other.state) != "none":
            yield Complaint(
                place["state"],
                f"the state of {first} is in the same place, {quote(one.state)}",
                "an account would take the other's groups for its own: give each a state of its own",
                "same-state",
            )
        if _within(one.manifests, other.manifests) or _within(other.manifests, one.manifests):
            yield Complaint(
                place["manifests"],
                f"the manifests of {first} are in the same folder, or in one inside of the other",
                f"{quote(one.manifests or '.')} and {quote(other.manifests or '.')}: move them apart",
                "same-manifests",
            )
        if {*map(number.key, one.account)} & {*map(number.key, other.account)}:
            yield Complaint(
                place["account"],
                f"{first} has the same number",
                "a number belongs to one account: correct the one that is wrong",
                "same-account",
            )


def _within(inner: str, outer: str) -> bool:
    return not outer or inner == outer or inner.startswith(f"{outer}/")
