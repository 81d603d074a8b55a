"""Manifests, kinds, defaults and contacts together say what each group should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from reconciler.errors import Complaint
from reconciler.language import msg
from reconciler.manifests.complaints import listed, quote, with_guess
from reconciler.manifests.contacts import Contacts, PeopleResolver
from reconciler.model.capabilities import CAPABILITIES, Capabilities
from reconciler.model.desired import DesiredGroup, DesiredIcon, Person
from reconciler.model.group import Ensure, Join, Manifest, Permission, Unset, Value
from reconciler.planning.subjects import normal, shows

if TYPE_CHECKING:
    from reconciler.errors import Location
    from reconciler.manifests.complaints import Complaints
    from reconciler.manifests.config import Config, Preset
    from reconciler.manifests.icons import Icons

_T = TypeVar("_T")
_LONGEST_DESCRIPTION = 2048
_TAKEN = {"name": msg("give one of them another"), "id": msg("it belongs to one of them")}


@dataclass(frozen=True, slots=True)
class CheckedManifest:
    """A manifest as read, with the keys of which something was wrong, and its file's folder."""

    manifest: Manifest
    folder: str
    broken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _ResolvedPreset:
    """What a preset gives, resolved. `impossible`: complaints by key, for the first group that has it from
    here."""

    description: str | None = None
    icon: DesiredIcon | None = None
    permissions: Mapping[Permission, Value] | None = None
    join: Join | None = None
    admins: tuple[Person, ...] | None = None
    members: tuple[Person, ...] | None = None
    prune_members: bool | None = None
    impossible: Mapping[str, list[Complaint]] = field(default_factory=dict)


class GroupResolver:
    """Resolves one manifest after the other; `complaints` collects what is wrong, all of it. `state` is
    where what was applied is kept."""

    def __init__(
        self,
        config: Config,
        contacts: Contacts,
        today: date,
        icons: Icons | None,
        complaints: Complaints,
        *,
        state: str,
    ) -> None:
        self.complaints = complaints
        self._can = CAPABILITIES[config.settings.backend]
        self._keeps_state = state != "none"
        self._told: set[Complaint] = set()
        self._config = config
        self._today = today
        self._icons = icons
        self._limit = config.settings.api.subject_limit
        self._ignored = frozenset(config.settings.ignore)
        self._naming = PeopleResolver(contacts, today, complaints)
        self._seen_names: dict[str, Location] = {}
        self._seen_ids: dict[str, Location] = {}
        self._seen_subjects: dict[str, Location] = {}
        self._seen_without_id: dict[str, Location] = {}
        self._defaults = self._given(config.defaults)
        self._kinds = {name: self._given(preset) for name, preset in config.kinds.items()}
        self._nothing = _ResolvedPreset()

    def group(self, checked: CheckedManifest) -> DesiredGroup:
        """Return the group that a manifest means. What is wrong about it was complained of, and is left
        out."""
        manifest = checked.manifest
        self._unique(checked)
        self._check_hold(manifest)
        kind = self._kind(manifest)
        unmanaged = frozenset(manifest.unmanaged)
        if unmanaged:
            self._check_unmanaged(manifest)
        for key, found in self._impossible(manifest).items():
            if key not in unmanaged:
                self.complaints.extend(found)

        def value(key: str, own: Callable[[], _T | None]) -> _T | None:
            if key in unmanaged:
                return None
            return own() if _says(manifest, key) else self._preset_value(key, kind)

        members = value("members", lambda: self._people(manifest, "members"))
        return DesiredGroup(
            name=manifest.name,
            location=manifest.location,
            subject=self._subject(checked),
            description=value("description", lambda: self._description(manifest)),
            icon=value("icon", lambda: self._icon(checked.folder, manifest)),
            permissions=value("permissions", lambda: manifest.permissions) or {},
            join=value("join", lambda: manifest.join) or "invite",
            admins=value("admins", lambda: self._people(manifest, "admins")),
            members=members,
            prune_members=self._prune(checked, kind, members, unmanaged),
            link_version=manifest.link_version,
            previously=self._previously(manifest),
            id=manifest.id,
            kind=manifest.kind,
            ensure=manifest.ensure,
            hold=manifest.hold,
        )

    def _unique(self, checked: CheckedManifest) -> None:
        manifest = checked.manifest
        if "name" not in checked.broken and manifest.name:
            self._once(self._seen_names, "name", manifest.name, manifest)
        if manifest.id is not None:
            self._once(self._seen_ids, "id", manifest.id, manifest)
            if self._can.gateway and not manifest.id.endswith("@g.us"):
                self.complaints.extend([_no_group_id(manifest.id, manifest.location_of("id"), self._can)])
            if manifest.id in self._ignored:
                self.complaints.extend([ignored_id(manifest)])

    def _once(self, seen: dict[str, Location], key: str, value: str, manifest: Manifest) -> None:
        first = seen.setdefault(value, manifest.location)
        if first is not manifest.location:
            self.complaints.add(
                manifest.location_of(key),
                msg("the {key} {value} is taken", key=key, value=quote(value)),
                msg("by the manifest at {location}; {mend}", location=first, mend=_TAKEN[key]),
                f"duplicate-{key}",
            )

    def _subject(self, checked: CheckedManifest) -> str | None:
        manifest = checked.manifest
        if manifest.subject is None:
            return None
        subject = normal(manifest.subject)
        location = manifest.location_of("subject")
        mistake = subject_mistake(subject, self._limit)
        if mistake is not None:
            self._complain(location, "subject", *mistake)
        elif manifest.ensure is Ensure.PRESENT and not checked.broken & {"id", "ensure"} and manifest.name:
            self._check_same_subject(manifest, subject)
        return subject

    def _check_same_subject(self, manifest: Manifest, subject: str) -> None:
        """Warn of two groups with one subject that do not both have an `id`. Who calls this leaves out groups
        that are to be left, for they are never looked for by their subject (`planning.identity`)."""
        seen = self._seen_subjects if manifest.id is None else self._seen_without_id
        first = seen.get(subject)
        if first is not None:
            self._warn(
                manifest.location_of("subject"),
                msg(
                    "the subject {subject} is that of the manifest at {location} too",
                    subject=quote(subject),
                    location=first,
                ),
                msg(
                    "a group is found by its subject when the state is lost: change one, or pin `id` in both"
                ),
                "same-subject",
            )
        self._seen_subjects.setdefault(subject, manifest.location)
        if manifest.id is None:
            self._seen_without_id.setdefault(subject, manifest.location)

    def _check_hold(self, manifest: Manifest) -> None:
        until = None if manifest.hold is None else manifest.hold.until
        if until is not None and until < self._today:
            self._warn(
                manifest.location_of("hold"),
                msg("the hold ended on {until:%Y-%m-%d}, so the group is blocked", until=until),
                msg("remove `hold` to go on, or give it a later day"),
                "hold-ended",
            )

    def _previously(self, manifest: Manifest) -> tuple[str, ...]:
        subjects = tuple(map(normal, manifest.previously))
        for index, subject in enumerate(subjects):
            if not shows(subject):
                location = manifest.location_of(f"previously[{index}]")
                self.complaints.add(
                    location,
                    msg("`previously[{index}]` is empty", index=index),
                    msg("take it out"),
                    "subject",
                )
        return subjects

    def _kind(self, manifest: Manifest) -> _ResolvedPreset:
        name = manifest.kind
        if name is None or not self._config.whole or name in self._config.broken_kinds:
            return self._nothing
        if name not in self._kinds:
            guess = self._naming.guess(name, frozenset(self._kinds))
            hint = "" if guess else msg("kinds stand under `kinds` in reconciler.yaml")
            message = with_guess(msg("there is no kind {name}", name=quote(name)), guess)
            self.complaints.add(manifest.location_of("kind"), message, hint, "unknown-kind")
            return self._nothing
        return self._kinds[name]

    def _check_unmanaged(self, manifest: Manifest) -> None:
        for index, key in enumerate(manifest.unmanaged):
            value = getattr(manifest, key)
            if value is not None and not isinstance(value, Unset):
                self.complaints.add(
                    manifest.location_of(f"unmanaged[{index}]"),
                    msg("`{key}` is unmanaged, and this manifest gives it a value", key=key),
                    msg("keep one of the two"),
                    "unmanaged",
                )

    def _preset_value(self, key: str, kind: _ResolvedPreset) -> Any:
        """Return what the kind, or else the defaults, give; what is impossible about it is said once, where
        it stands."""
        for preset in (kind, self._defaults):
            value = getattr(preset, key)
            if value is not None:
                new = [each for each in preset.impossible.get(key, ()) if each not in self._told]
                self._told.update(new)
                self.complaints.extend(new)
                return value
        return None

    def _impossible(self, given: Manifest | Preset) -> dict[str, list[Complaint]]:
        """Return complaints about what the service cannot honour, and about what needs a state where there is
        none, by the key that is to go."""
        found: dict[str, list[Complaint]] = {}
        for place, text, able in _asked(given):
            key = place.partition(".")[0]
            if able(self._can) and (key != "join" or self._keeps_state):
                continue
            location = given.location_of(place)
            what, mend = f"`{text}`", msg("leave it out")
            if not isinstance(given, Manifest):
                what = given.named(text)
                mend = msg(
                    "leave it out, or let the groups that it reaches say `unmanaged: [{key}]`", key=key
                )
            complaint = needs_state(location, what)
            if not able(self._can):
                complaint = impossible(location, what, able, self._can, mend)
            found.setdefault(key, []).append(complaint)
        return found

    def _description(self, given: Manifest | Preset) -> str | None:
        """Return the description as it is compared, "" for none."""
        match given.description:
            case None:
                return ""
            case str(written):
                text = normal(written)
                mistake = description_mistake(text)
                if mistake is not None:
                    self._complain(given.location_of("description"), "description", *mistake)
                return text
            case _:
                return None

    def _icon(self, folder: str, given: Manifest | Preset) -> DesiredIcon | None:
        match given.icon:
            case None:
                return DesiredIcon(None)
            case str(path) if self._icons is not None:
                picture = self._icons.check(folder, path, given.location_of("icon"))
                return None if picture is None else DesiredIcon(picture)
            case _:
                return None

    def _prune(
        self,
        checked: CheckedManifest,
        kind: _ResolvedPreset,
        members: tuple[Person, ...] | None,
        unmanaged: frozenset[str],
    ) -> bool:
        if "prune_members" in unmanaged:
            return False
        manifest = checked.manifest
        prune = _first(manifest.prune_members, kind.prune_members, self._defaults.prune_members)
        if prune and members is None and "members" not in checked.broken:
            if manifest.prune_members:
                location, what = manifest.location_of("prune_members"), "`prune_members`"
            else:
                config, own = self._config, manifest.kind or ""
                preset = config.kinds[own] if kind.prune_members else config.defaults
                location, what = manifest.location, preset.named("prune_members")
            self.complaints.add(
                location,
                msg("{what} needs `members`", what=what),
                msg("say who belongs into the group, or nobody would"),
                "prune-members",
            )
        return bool(prune)

    def _people(
        self, given: Manifest | Preset, key: Literal["admins", "members"]
    ) -> tuple[Person, ...] | None:
        written = given.admins if key == "admins" else given.members
        if written is None:
            return None
        return self._naming.people(written, lambda index: given.location_of(f"{key}[{index}]"))

    def _given(self, preset: Preset) -> _ResolvedPreset:
        if any(self.complaints.full(location.file) for location in list(preset.locations.values())[:1]):
            return _ResolvedPreset()
        return _ResolvedPreset(
            description=self._description(preset),
            icon=self._icon(self._config.folder, preset),
            permissions=preset.permissions,
            join=preset.join,
            admins=self._people(preset, "admins"),
            members=self._people(preset, "members"),
            prune_members=preset.prune_members,
            impossible=self._impossible(preset),
        )

    def _complain(self, location: Location, key: str, why: str, hint: str) -> None:
        self.complaints.add(location, msg("{what} {why}", what=f"`{key}`", why=why), hint, key)

    def _warn(self, location: Location, message: str, hint: str, rule: str) -> None:
        self.complaints.add(location, message, hint, rule, warning=True)


def _says(manifest: Manifest, key: str) -> bool:
    """Return whether a manifest gives a value, which may be null where that means none."""
    value = getattr(manifest, key)
    return not isinstance(value, Unset) and (value is not None or key in ("description", "icon"))


# --- what a service can honour ------------------------------------------------------------------------------

Able = Callable[[Capabilities], bool]


def _asked(given: Manifest | Preset) -> Iterator[tuple[str, str, Able]]:
    """Yield what is asked of a service that not every one can do: where it stands, how it is written, and
    which services can."""
    if given.description is None:
        yield "description", _written("description", "null"), lambda can: can.no_description
    elif not isinstance(given.description, Unset):
        yield "description", "description", lambda can: can.description
    if given.icon is None:
        yield "icon", _written("icon", "null"), lambda can: can.no_icon
    for name in given.permissions or ():
        yield f"permissions.{name}", f"permissions.{name}", partial(_can_permit, name)
    if given.join == "add":
        yield "join", _written("join", "add"), lambda can: can.adding


def _written(key: str, value: str) -> str:
    return f"{key}: {value}"


def _can_permit(name: Permission, can: Capabilities) -> bool:
    return name in can.permissions


def _no_group_id(group_id: str, location: Location, here: Capabilities) -> Complaint:
    hint = msg("a group's id ends in `@g.us`: see reconciler list --show-numbers")
    if "@" not in group_id:
        hint = msg("write it with `@g.us` behind it: {id}", id=quote(f"{group_id}@g.us"))
    return Complaint(
        location, msg("`id` is not one of a group with {service}", service=here.title), hint, "backend"
    )


def impossible(location: Location, what: str, able: Able, here: Capabilities, mend: str) -> Complaint:
    """Return the complaint about what a service cannot do, and which can."""
    others = [_written("backend", name) for name, can in CAPABILITIES.items() if able(can)]
    hint = msg("no backend can; {mend}", mend=mend)
    if others:
        hint = msg("{backends} can; {mend}", backends=listed(others), mend=mend)
    return Complaint(
        location,
        msg(
            "{what} is not possible with {service} (backend: {name})",
            what=what,
            service=here.title,
            name=here.name,
        ),
        hint,
        "backend",
    )


def needs_state(location: Location, what: str) -> Complaint:
    """Return the complaint about `join: add` without a state: who refused or left could not be remembered."""
    return Complaint(
        location,
        msg("{what} needs a state, and `state` is none", what=what),
        msg("keep a state, or leave it out"),
        "state",
    )


def description_mistake(text: str) -> tuple[str, str] | None:
    """Return what is to be said of a description, as it is compared, and the mend; None: nothing beyond the
    schema."""
    if not shows(text):
        return msg("is empty"), msg("write what members shall see, or null for none")
    return _too_long(text, _LONGEST_DESCRIPTION)


def subject_mistake(subject: str, limit: int) -> tuple[str, str] | None:
    """Return what is to be said of a subject, as it is compared, and the mend; None: nothing beyond the
    schema."""
    if not shows(subject):
        return msg("is empty"), msg("write what members shall see")
    return _too_long(subject, limit)


def _too_long(text: str, limit: int) -> tuple[str, str] | None:
    if len(text) <= limit:
        return None
    return msg("has {count} characters, {limit} are allowed", count=len(text), limit=limit), msg("shorten it")


def _first(*values: _T | None) -> _T | None:
    return next((value for value in values if value is not None), None)


def ignored_id(manifest: Manifest) -> Complaint:
    """Return the complaint about a manifest that pins a group which `ignore:` names: nothing can be both."""
    return Complaint(
        manifest.location_of("id"),
        msg("`ignore` in reconciler.yaml names this group, so it cannot be managed"),
        msg("take the id out of one of the two"),
        "ignored-id",
    )
