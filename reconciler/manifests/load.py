"""All files together: configuration, contacts, manifests and icons become what is desired, or complaints."""

from __future__ import annotations

import json
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, partial
from typing import TYPE_CHECKING

from reconciler.errors import Complaint, InputError, Location
from reconciler.language import msg
from reconciler.manifests import convert, yaml_tree
from reconciler.manifests.complaints import Complaints, quote
from reconciler.manifests.config import DEFAULT_CONTACTS, Config, load_config
from reconciler.manifests.contacts import Contacts, load_contacts
from reconciler.manifests.documents import check
from reconciler.manifests.files import Absent, FileError, FilesRead, Tree, spelled, spellings
from reconciler.manifests.groups import CheckedManifest, GroupResolver, impossible
from reconciler.manifests.icons import Icons
from reconciler.manifests.schema import schema_text
from reconciler.manifests.settings import lies_in
from reconciler.manifests.yaml_tree import Locations, location_of
from reconciler.model.capabilities import CAPABILITIES
from reconciler.model.desired import Desired

if TYPE_CHECKING:
    from reconciler.model.group import Manifest
    from reconciler.model.settings import Settings

SUFFIXES = (".yaml", ".yml")
_EMPTIED = msg(
    "declare one, or delete the file: `apply --prune` then leaves the group that "
    "it declared, unless `reconciler state forget NAME` comes first"
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything that the files say: the groups, the settings, the manifests as written, by name, who can
    be named; and which files were read for it."""

    desired: Desired
    settings: Settings
    manifests: tuple[Manifest, ...]
    config: Config
    contacts: Contacts = field(default_factory=Contacts)
    files: FilesRead = field(default_factory=FilesRead)


def _none_applied(_: Settings) -> frozenset[str]:
    return frozenset()


def _all_there(_: Config) -> tuple[Complaint, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """What is read, and how strictly.

    `config_path` as for `load_config`; `account` (digits) stands in for the configured one; `only` names the
    account that is meant, where several are configured. Without `check_icons` no picture is opened, and no
    icon with a picture is in what is returned: for commands that do not look at icons. Without
    `need_manifests` it is no mistake that there is none, in a file or in all of them. `applied_icons` is
    asked, once there is a picture to be checked, which ones (SHA-256) an earlier run has applied: they are
    not decoded again. `state` stands in for the configured place, where somebody else says it. `left_out`
    complains of files that ought to be in the tree and are not (`manifests.tracked`).
    """

    config_path: str | None
    today: date
    account: tuple[str, ...] | None = None
    state: str | None = None
    only: str = ""
    check_icons: bool = True
    need_manifests: bool = True
    applied_icons: Callable[[Settings], frozenset[str]] = _none_applied
    left_out: Callable[[Config], Iterable[Complaint]] = _all_there


def load(tree: Tree, options: LoadOptions) -> Loaded:
    """Read and check all files. Raises `InputError` with every complaint about every file."""
    complaints = Complaints()
    config, found = load_config(tree, options.config_path)
    complaints.extend(found)
    if options.only:
        if config.accounts:
            complaints.extend(_unowned(tree, config))
        config = config.of(options.only)
    elif "accounts" in config.locations:
        config = replace(config, whole=False)  # what is missing is each account's
    complaints.extend(_template(config))
    path = config.settings.contacts or ""
    config, contacts, found = _contacts(tree, config)
    complaints.extend(found)
    absent = tuple(options.left_out(config))
    complaints.extend(absent)
    explained = frozenset(each.location.file for each in absent if not each.warning)
    if not explained.isdisjoint(map(tree.shown, spellings(path))):
        contacts.whole = False
    applied = partial(options.applied_icons, config.settings)
    icons = Icons(tree, complaints, applied) if options.check_icons else None
    resolver = GroupResolver(
        config, contacts, options.today, icons, complaints, state=options.state or config.settings.state
    )
    checked = _manifests(tree, config, complaints, options.need_manifests, explained)
    groups = [resolver.group(each) for each in checked]
    if complaints.mistakes:
        raise InputError(complaints)
    settings = config.settings
    if options.account is not None:
        settings = replace(settings, account=options.account)
    desired = Desired(
        groups=tuple(sorted(groups, key=lambda group: group.name)),
        people=tuple(contacts.people.values()),
        leavers=contacts.leavers(options.today),
        warnings=tuple(sorted(complaints)),
    )
    manifests = tuple(sorted((each.manifest for each in checked), key=lambda manifest: manifest.name))
    return Loaded(desired, settings, manifests, config, contacts)


def _template(config: Config) -> Iterator[Complaint]:
    """Yield the complaint about a template where the service takes none."""
    here, place = CAPABILITIES[config.settings.backend], config.locations.get("invites.template")
    if place is None or config.settings.invites.template is None or here.templates:
        return
    mend = msg("leave it out, and people are written `invites.text`")
    yield impossible(place, "`invites.template`", lambda can: can.templates, here, mend)


def _contacts(tree: Tree, config: Config) -> tuple[Config, Contacts, list[Complaint]]:
    """Return the contacts, none where nobody named a file and there is none; and the configuration with
    the file that they stand in."""
    path, named = config.settings.contacts or "", config.locations.get("contacts")
    try:
        there = spelled(tree, path)
        if not tree.exists(there if named is None else path):
            raise Absent(
                msg("does not exist"),
                msg("did you mean {path}?", path=quote(tree.shown(there))) if there != path else "",
            )
    except Absent as error:
        if named is None:
            return (
                replace(config, settings=replace(config.settings, contacts=None)),
                Contacts(file=tree.shown(there)),
                [],
            )
        message = msg("{what} {why}", what=quote(tree.shown(path)), why=error.message)
        hint = error.hint or msg(
            "write its path as seen from this file, or leave the key out for {file}",
            file=DEFAULT_CONTACTS,
        )
        return config, Contacts(whole=False), [Complaint(named, message, hint, "file")]
    except FileError as error:
        message = msg("this file {why}", why=error.message)
        return (
            config,
            Contacts(whole=False),
            [Complaint(Location(tree.shown(path)), message, error.hint, "file")],
        )
    return replace(config, settings=replace(config.settings, contacts=there)), *load_contacts(tree, there)


def _manifests(
    tree: Tree, config: Config, complaints: Complaints, needed: bool, explained: frozenset[str]
) -> list[CheckedManifest]:
    """Return all manifests of all files, without what is wrong in them. `explained` are files, as they are
    shown, of which it was said already why they are not there."""
    folder = config.settings.manifests
    place = config.locations.get("manifests", Location(tree.shown(folder)))
    before = complaints.mistakes
    try:
        paths = tree.list(folder, SUFFIXES)
    except FileError as error:
        if not explained and config.whole and (needed or tree.exists(folder)):
            message = msg("the folder of the manifests {why}", why=error.message)
            complaints.add(place, message, error.hint or _looked(tree, folder), "no-manifest")
        return []
    found: list[CheckedManifest] = []
    for path in paths:
        if path not in config.others and tree.shown(path) not in explained:
            found += _file(tree, path, complaints, needed)
    if needed and config.whole and not found and not explained and complaints.mistakes == before:
        complaints.add(
            Location(tree.shown(folder)),
            msg("there is no manifest in this folder"),
            msg("a manifest is a file that ends in .yaml; `manifests` in reconciler.yaml names the folder"),
            "no-manifest",
        )
    return found


def _looked(tree: Tree, folder: str) -> str:
    """Return where the folder was looked for, and the two ways to say that it is elsewhere."""
    return msg(
        "looked for {folder} in {here}: if that is the wrong place, use `-C DIR`; "
        "`manifests: DIR` in reconciler.yaml names another folder",
        folder=quote(tree.shown(folder)),
        here=tree.here,
    )


def _file(tree: Tree, path: str, complaints: Complaints, needed: bool) -> list[CheckedManifest]:
    file = tree.shown(path)
    try:
        data = tree.read(path, yaml_tree.MAX_BYTES)
    except FileError as error:
        complaints.add(Location(file), msg("this file {why}", why=error.message), error.hint, "file")
        return []
    documents = yaml_tree.parse(data, file)
    complaints.extend(documents.complaints)
    if documents.whole and not documents.nodes:
        complaints.add(
            Location(file), msg("this file declares no group"), _EMPTIED, "no-document", warning=not needed
        )
    folder, _, base = path.rpartition("/")
    stem = posixpath.splitext(base)[0]
    alone = documents.whole and len(documents.nodes) == 1
    found = []
    for node in documents.nodes:
        checked = check("group", node, file)
        complaints.extend(checked.complaints)
        if complaints.full(file):
            break
        document = checked.value
        if document is None:
            continue
        location = location_of(node, file)
        broken = checked.broken
        name = ""
        if "name" not in document and "name" not in broken:
            if alone and _name_pattern().fullmatch(stem):
                name = stem
            elif documents.whole:
                complaints.extend([_no_name(location, stem, alone)])
        manifest = convert.manifest(
            document, name=name, location=location, locations=Locations(checked.node, file)
        )
        found.append(CheckedManifest(manifest, folder, broken))
    return found


def names_in(data: bytes, path: str) -> frozenset[str] | None:
    """Return the names of the groups that a file declares; None where that cannot be told."""
    documents = yaml_tree.parse(data, path)
    if not documents.whole:
        return None
    stem = posixpath.splitext(posixpath.basename(path))[0]
    names = set()
    for node in documents.nodes:
        checked = check("group", node, path)
        name = None if checked.value is None else checked.value.get("name")
        if name is None and len(documents.nodes) == 1 and "name" not in checked.broken:
            name = stem if _name_pattern().fullmatch(stem) else None
        if name is None:
            return None
        names.add(name)
    return frozenset(names)


@cache
def _name_pattern() -> re.Pattern[str]:
    """Return the schema's pattern for names, which a file's stem has to fit as well."""
    return re.compile(json.loads(schema_text("group"))["properties"]["name"]["pattern"])


def _no_name(location: Location, stem: str, alone: bool) -> Complaint:
    if alone:
        message = msg("`name` is missing, and the file's own, {name}, cannot be one", name=quote(stem))
        hint = msg("write lower-case letters a-z, digits and hyphens, such as name: suporte-campinas")
    else:
        message = msg("`name` is missing")
        hint = msg("it may be left out only where a file holds one document")
    return Complaint(location, message, hint, "missing-key")


def _unowned(tree: Tree, config: Config) -> Iterator[Complaint]:
    """Yield complaints about manifests that lie beside the accounts' folders and in none of them, so that
    they would not be read: all that is in the common folder (`groups`), and what declares a group in
    another that holds several accounts'."""
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
            if path in others or any(lies_in(path, folder) for folder in folders):
                continue
            real = tree.real(path)
            if real is not None and any(lies_in(real, folder) for folder in real_folders):
                continue  # a link to an account's own
            if top == config.settings.manifests or _declares_group(tree, path):
                yield Complaint(
                    Location(tree.shown(path)),
                    msg("this manifest belongs to no account, so it would not be read"),
                    msg(
                        "move it into the folder of its account, such as {folder}",
                        folder=quote(tree.shown(folders[0])),
                    ),
                    "unowned-manifest",
                )


def _declares_group(tree: Tree, path: str) -> bool:
    """Return whether a file is a manifest, whose folder does not say so."""
    try:
        documents = yaml_tree.parse(tree.read(path, yaml_tree.MAX_BYTES), path)
    except FileError:
        return False
    return any(not check("group", node, path).complaints for node in documents.nodes)
