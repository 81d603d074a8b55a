"""Several accounts in one configuration: what they may not have in common, and what may not stand beside."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from reconciler.errors import Complaint, Mark
from reconciler.manifests import yaml_tree
from reconciler.manifests.complaints import quote
from reconciler.manifests.documents import check
from reconciler.manifests.files import FileError, Tree, join
from reconciler.manifests.statespec import spelled_out
from reconciler.model import number
from reconciler.model.settings import OwnSettings

if TYPE_CHECKING:
    from reconciler.manifests.config import Config

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


def unowned(tree: Tree, config: Config) -> Iterator[Complaint]:
    """Manifests that lie beside the accounts' folders and in none of them, so that nobody reads them:
    whatever is in the common folder (`groups`), and what declares a group in another that holds several
    accounts'."""
    folders = [own.manifests for own in config.accounts]
    real_folders = [real for folder in folders if (real := tree.real(folder)) is not None]
    around = Counter(map(posixpath.dirname, folders))
    beside = {folder for folder, count in around.items() if folder and count > 1}
    others = config.others
    for top in sorted({config.settings.manifests, *beside}):
        try:
            paths = tree.list(top, (".yaml", ".yml"))
        except FileError:
            continue  # whoever has a folder in there is told so
        for path in paths:
            if path in others or any(_within(path, folder) for folder in folders):
                continue
            real = tree.real(path)
            if real is not None and any(_within(real, folder) for folder in real_folders):
                continue  # a link to an account's own
            if top == config.settings.manifests or _declares_group(tree, path):
                yield Complaint(
                    Mark(tree.shown(path)),
                    "this manifest belongs to no account, so it would not be read",
                    f"move it into the folder of its account, such as {quote(tree.shown(folders[0]))}",
                    "unowned-manifest",
                )


def _declares_group(tree: Tree, path: str) -> bool:
    """Whether a file is a manifest, whose folder does not say so."""
    try:
        documents = yaml_tree.parse(tree.read(path, yaml_tree.MAX_BYTES), path)
    except FileError:
        return False
    return any(not check("group", node, path).complaints for node in documents.nodes)


def _within(inner: str, outer: str) -> bool:
    return not outer or inner == outer or inner.startswith(f"{outer}/")
