"""`reconciler.yaml`: settings, kinds and defaults, each with its place. It is part of every pull request,
so it may move neither credentials nor the API's address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from reconciler.errors import Complaint, Location
from reconciler.language import ENGLISH, languages, msg
from reconciler.manifests import yaml_tree
from reconciler.manifests.complaints import Complaints, either, guessed, quote, visible
from reconciler.manifests.contacts import second_document
from reconciler.manifests.documents import CheckedDocument, check
from reconciler.manifests.files import Absent, FileError, Tree, join, spelled, spellings
from reconciler.manifests.numbers import read_number
from reconciler.manifests.settings import conflicts, default_account, misplaced, read_invites, state_mistake
from reconciler.manifests.yaml_tree import MappingNode, Node, location_of, node_at
from reconciler.model.capabilities import BackendName
from reconciler.model.group import UNSET, Join, Permission, Unset, Value
from reconciler.model.settings import Allowance, GuardSettings, OwnSettings, Settings, default_settings

DEFAULT_CONFIG = "reconciler.yaml"
DEFAULT_CONTACTS = "contacts.yaml"


def _environment_only(*variables: str) -> str:
    return msg(
        "only from the environment: {variables}; configuration is part of a pull request",
        variables=either(variables),
    )


def _refused(prefix: str) -> dict[str, str]:
    """Return what cannot stand in the file, with hints; `prefix` is that of the variables they name."""
    names = {
        name: f"{prefix}{name}"
        for name in ("BASE_URL", "USERNAME", "TOKEN", "TOKEN_FILE", "TOKEN_COMMAND", "PLAN_KEY")
    }
    token = _environment_only(names["TOKEN"], names["TOKEN_FILE"], names["TOKEN_COMMAND"])
    both = msg("{names} and {last}", names=names["USERNAME"], last=names["TOKEN"])
    return {
        **dict.fromkeys(("base_url", "url", "host", "endpoint"), _environment_only(names["BASE_URL"])),
        **dict.fromkeys(("username", "user", "user_name"), _environment_only(names["USERNAME"])),
        **dict.fromkeys(
            ("token", "password", "secret", "authentication_token", "authenticationtoken"), token
        ),
        "token_file": _environment_only(names["TOKEN_FILE"]),
        "token_command": _environment_only(names["TOKEN_COMMAND"]),
        "credentials": _environment_only(both),
        **dict.fromkeys(("recreate", "uncommitted"), msg("it can be allowed on the command line only")),
        "no-account": msg("it cannot be lifted: set `account`"),
        "plan_key": _environment_only(names["PLAN_KEY"]),
    }


_REFUSED = _refused("RECONCILER_")
_NAMED = msg(
    "`--config` or RECONCILER_CONFIG names it; without them it is {file}, which may be missing",
    file=DEFAULT_CONFIG,
)
_SHARED = ("api", "defaults", "kinds", "allow", "guards", "invites", "ignore", "language")
_BESIDE_ACCOUNTS = {
    **_refused("RECONCILER_NAME_"),
    **dict.fromkeys(_SHARED, msg("it is shared by all accounts: write it at the top of the file")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What a kind, or the defaults (`kind` is ""), give to groups: None (`icon` and `description`: UNSET) for
    what they leave open."""

    kind: str = ""
    description: str | Unset | None = UNSET
    icon: str | Unset | None = UNSET
    permissions: Mapping[Permission, Value] | None = None
    join: Join | None = None
    admins: tuple[str, ...] | None = None
    members: tuple[str, ...] | None = None
    prune_members: bool | None = None
    locations: Mapping[str, Location] = field(default_factory=dict)

    def location_of(self, key: str) -> Location:
        """Return where the value of a key stands, as `Manifest.location_of` does."""
        return self.locations[key]

    def named(self, text: str) -> str:
        """Return how a key that stands here, or a key with its value, is called."""
        if self.kind:
            return msg("`{text}` of the kind {kind}", text=text, kind=quote(self.kind))
        return msg("`{text}` of the defaults", text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The configuration of a run.

    `folder` is where its relative paths begin, relative to the root; `path` is the file; `broken_kinds` are
    kinds whose entry is wrong; where `whole` is false the file could not be read, so that nothing is missing.
    `accounts` are several, each with settings of its own: `of` gives the configuration of one. `language` is
    the one in which people are spoken to. `api` and `invites` are the values that the file gives: the rest of
    these settings goes by the backend.
    """

    settings: Settings
    defaults: Preset
    kinds: Mapping[str, Preset]
    broken_kinds: frozenset[str] = frozenset()
    whole: bool = True
    folder: str = ""
    path: str | None = None
    locations: Mapping[str, Location] = field(default_factory=dict)
    accounts: tuple[OwnSettings, ...] = ()
    language: str = ENGLISH
    api: Mapping[str, Any] = field(default_factory=dict)
    invites: Mapping[str, Any] = field(default_factory=dict)

    def at(self, backend: BackendName) -> Settings:
        """Return the settings with a backend, and with its defaults."""
        api, invites = default_settings(backend)
        return replace(
            self.settings,
            backend=backend,
            api=replace(api, **self.api),
            invites=replace(invites, **self.invites),
        )

    @property
    def others(self) -> frozenset[str]:
        """Files that are no manifests wherever they lie: this one and the contacts, in either spelling."""
        contacts = (self.settings.contacts, *(own.contacts for own in self.accounts))
        return frozenset(each for path in (self.path, *contacts) if path for each in spellings(path))

    def of(self, name: str) -> Config:
        """Return the configuration of one account; one that is not configured has the defaults of its
        name."""
        known = (own for own in self.accounts if own.name == name)
        own = next(known, None) or default_account(name, self.folder)
        settings = replace(
            self.at(own.backend or self.settings.backend),
            account=own.account,
            manifests=own.manifests,
            contacts=own.contacts or self.settings.contacts,
            state=own.state,
        )
        prefix = f"accounts.{name}."
        locations = {key.removeprefix(prefix): location for key, location in self.locations.items()}
        return replace(self, settings=settings, locations=locations, accounts=())


def load_config(tree: Tree, path: str | None) -> tuple[Config, list[Complaint]]:
    """Return the configuration, and everything that is wrong with it.

    `path` is what `--config` or `RECONCILER_CONFIG` says, relative to the folder in which the user
    stands; such a file has to be there. None: `reconciler.yaml` or `reconciler.yml` in that folder, or
    nothing but defaults.
    """
    file = DEFAULT_CONFIG if path is None else path
    meant = ""
    try:
        full = tree.typed(file)
        there = spelled(tree, full)
        if path is None:
            full = there
            if not tree.exists(full):
                return _no_config(tree.base), []
        elif there != full:
            meant = msg("did you mean {path}?", path=quote(tree.shown(there)))
        data = tree.read(full, yaml_tree.MAX_BYTES)
    except FileError as error:
        hint = (isinstance(error, Absent) and (meant or _NAMED)) or error.hint
        complaint = Complaint(
            Location(visible(file)), msg("the configuration {why}", why=error.message), hint, "file"
        )
        return replace(_no_config(tree.base), whole=False), [complaint]
    shown = tree.shown(full)
    documents = yaml_tree.parse(data, shown)
    complaints = Complaints()
    complaints.extend(documents.complaints)
    if len(documents.nodes) > 1:
        complaints.extend([second_document(documents.nodes[1], shown)])
    config = replace(_no_config(full.rpartition("/")[0]), path=full, whole=documents.whole)
    for root in documents.nodes[:1]:
        several = isinstance(root, MappingNode) and "accounts" in root.pairs
        checked = check("config", root, shown, _BESIDE_ACCOUNTS if several else _REFUSED)
        complaints.extend(checked.complaints)
        if checked.value is None:
            config = replace(config, whole=False)
        else:
            config = _Reader(tree, config, root, checked, shown, complaints).read(checked.value)
    return config, list(complaints)


def spelled_config(tree: Tree, path: str | None) -> str | None:
    """Return the path of a configuration in the spelling that another tree has; None where it has none
    there."""
    if path is None:
        return None
    try:
        return next((each for each in spellings(path) if tree.exists(tree.typed(each))), None)
    except FileError:
        return None


def _no_config(folder: str) -> Config:
    """Return nothing but defaults, whose paths begin in a folder."""
    defaults = Settings()
    settings = replace(
        defaults,
        manifests=join(folder, defaults.manifests),
        contacts=join(folder, DEFAULT_CONTACTS),
        state=f"file:{join(folder, defaults.state.removeprefix('file:'))}",
    )
    return Config(settings=settings, defaults=Preset(), kinds={}, folder=folder)


class _Reader:
    """Turns a checked document into a `Config`; collects what the schema cannot see."""

    def __init__(
        self,
        tree: Tree,
        config: Config,
        written: Node,
        checked: CheckedDocument,
        file: str,
        complaints: Complaints,
    ) -> None:
        self._tree = tree
        self._config = config
        self._written = written
        lost = self._keys(()) - (checked.value or {}).keys()
        self._whole = config.whole and not lost & {"manifests", "contacts", "kinds", "accounts"}
        self._root = checked.node
        self._file = file
        self._complaints = complaints

    def read(self, document: Mapping[str, Any]) -> Config:
        known = self._config.settings
        accounts, locations = self._accounts(document.get("accounts"))
        settings = Settings(
            account=self._account(document),
            manifests=self._path(document, "manifests", known.manifests),
            contacts=self._path(document, "contacts", known.contacts or ""),
            state=self._state(document, known.state),
            guards=GuardSettings(**_floats(document.get("guards", {}), "demote_share", "remove_share")),
            allow=tuple(
                self._allowance(index, entry) for index, entry in enumerate(document.get("allow", ()))
            ),
            ignore=tuple(dict.fromkeys(document.get("ignore", ()))),
        )
        kinds = document.get("kinds", {})
        api, invites = document.get("api", {}), document.get("invites", {})
        config = replace(
            self._config,
            whole=self._whole,
            settings=settings,
            api=_floats(api, "timeout", "rate", "create_patience"),
            invites=read_invites(invites, lambda key: self._location("invites", key), self._complaints),
            defaults=self._preset("", ("defaults",), document.get("defaults", {})),
            kinds={name: self._preset(name, ("kinds", name), entry) for name, entry in kinds.items()},
            broken_kinds=frozenset(self._keys(("kinds",)) - kinds.keys()),
            locations={key: self._location(key) for key in document}
            | {f"invites.{key}": self._location("invites", key) for key in invites}
            | locations,
            accounts=accounts,
            language=self._language(document),
        )
        return replace(config, settings=config.at(document.get("backend", known.backend)))

    def _accounts(
        self, document: Mapping[str, Any] | None
    ) -> tuple[tuple[OwnSettings, ...], dict[str, Location]]:
        """Return every account, and where its keys stand: `accounts.NAME.KEY`."""
        if document is None:
            return (), {}
        top, names = self._keys(()), self._keys(("accounts",))
        self._complaints.extend(misplaced({key: self._key(key) for key in top}, document))
        if not names:
            self._complaints.add(
                self._key("accounts"),
                msg("`accounts` names no account"),
                msg("name one, or leave it out"),
                "accounts",
            )
        found = []
        locations: dict[str, Location] = {}
        for name, entry in document.items():
            at = ("accounts", name)
            known = default_account(name, self._config.folder)
            found.append(
                OwnSettings(
                    name=name,
                    backend=entry.get("backend"),
                    account=self._account(entry, at),
                    manifests=self._path(entry, "manifests", known.manifests, at),
                    contacts=self._path(entry, "contacts", "", at) or None,
                    state=self._state(entry, known.state, at),
                )
            )
            locations[name] = self._key(*at)
            locations |= {f"{name}.{key}": self._location(*at, key) for key in entry}
        self._complaints.extend(conflicts(found, locations))
        return tuple(found), {f"accounts.{key}": location for key, location in locations.items()}

    def _account(self, document: Mapping[str, Any], at: tuple[str, ...] = ()) -> tuple[str, ...]:
        written: str | list[str] = document.get("account", ())
        listed = [written] if isinstance(written, str) else written
        found: dict[str, str] = {}
        for index, text in enumerate(listed):
            place = () if isinstance(written, str) else (index,)
            digits = read_number(text, self._location(*at, "account", *place), self._complaints)
            if digits is not None:
                found.setdefault(digits, digits)
        return tuple(found)

    def _language(self, document: Mapping[str, Any]) -> str:
        tag: str = document.get("language", ENGLISH)
        known = languages()
        if tag in known:
            return tag
        self._complaints.add(
            self._location("language"),
            msg("there is no language {tag}", tag=quote(tag)),
            guessed(tag, known, msg("languages: {known}", known=", ".join(known))),
            "language",
        )
        return ENGLISH

    def _path(self, document: Mapping[str, Any], key: str, default: str, at: tuple[str, ...] = ()) -> str:
        """Return a path that the file names, relative to the root."""
        if key not in document:
            return default
        text = document[key]
        try:
            return join(self._config.folder, text)
        except FileError as error:
            self._whole = False
            self._complaints.add(
                self._location(*at, key),
                msg("{what} {why}", what=quote(text), why=error.message),
                error.hint,
                "path",
            )
            return default

    def _state(self, document: Mapping[str, Any], default: str, at: tuple[str, ...] = ()) -> str:
        if "state" not in document:
            return default
        text = str(document["state"])
        mistake = state_mistake(text)
        if mistake is None and text.startswith("file:"):
            try:
                path = join(self._config.folder, text.removeprefix("file:"))
            except FileError as error:
                mistake = (error.message, error.hint)
            else:
                if self._tree.real(path) is not None:
                    return f"file:{path}"
                mistake = (
                    msg("leads out of the repository"),
                    msg("a state elsewhere is named by RECONCILER_STATE"),
                )
        if mistake is not None:
            self._complaints.add(
                self._location(*at, "state"),
                msg("{what} {why}", what=quote(text), why=mistake[0]),
                mistake[1],
                "state",
            )
        return text

    def _allowance(self, index: int, entry: Mapping[str, Any]) -> Allowance:
        until = entry.get("until")
        return Allowance(
            code=entry["code"],
            reason=entry.get("reason", ""),
            max=entry.get("max"),
            until=None if until is None else date.fromisoformat(until),
            location=self._location("allow", index),
        )

    def _preset(self, kind: str, path: tuple[str, ...], entry: Mapping[str, Any]) -> Preset:
        admins, members = entry.get("admins"), entry.get("members")
        locations = {key: self._location(*path, key) for key in entry}
        for key in ("admins", "members"):
            for index in range(len(entry.get(key, ()))):
                locations[f"{key}[{index}]"] = self._location(*path, key, index)
        for key in entry.get("permissions", ()):
            locations[f"permissions.{key}"] = self._location(*path, "permissions", key)
        return Preset(
            kind=kind,
            description=entry.get("description", UNSET),
            icon=entry.get("icon", UNSET),
            permissions=entry.get("permissions"),
            join=entry.get("join"),
            admins=None if admins is None else tuple(admins),
            members=None if members is None else tuple(members),
            prune_members=entry.get("prune_members"),
            locations=locations,
        )

    def _keys(self, path: tuple[str, ...]) -> set[str]:
        """Return the keys written in a mapping, those included that are wrong."""
        node = self._written
        for step in path:
            if not isinstance(node, MappingNode) or step not in node.pairs:
                return set()
            node = node.pairs[step]
        return set(node.pairs) if isinstance(node, MappingNode) else set()

    def _location(self, *path: str | int) -> Location:
        node = node_at(self._root, path)
        return location_of(node, self._file)

    def _key(self, *path: str) -> Location:
        """Return where a key of a mapping stands."""
        around = node_at(self._root, path[:-1])
        found = around.keys.get(path[-1]) if isinstance(around, MappingNode) else None
        return location_of(found or around, self._file)


def _floats(entry: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return a mapping with numbers as they are kept."""
    given = {key: float(entry[key]) for key in keys if entry.get(key) is not None}
    return {**entry, **given}
