"""Manifests, kinds, defaults and contacts together say what each group should be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from reconciler.errors import Complaint
from reconciler.manifests.complaints import quote
from reconciler.manifests.contacts import Contacts, PeopleResolver, unknown
from reconciler.model.desired import DesiredGroup, DesiredIcon, Person
from reconciler.model.group import Ensure, Manifest, Unset
from reconciler.planning.subjects import normal, shows

if TYPE_CHECKING:
    from reconciler.errors import Location
    from reconciler.manifests.complaints import Complaints
    from reconciler.manifests.config import Config, Preset
    from reconciler.manifests.icons import Icons

_T = TypeVar("_T")
_TAKEN = {"name": "give one of them another", "id": "it belongs to one of them"}


@dataclass(frozen=True, slots=True)
class CheckedManifest:
    """A manifest as read, with the keys of which something was wrong, and its file's folder."""

    manifest: Manifest
    folder: str
    broken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _ResolvedPreset:
    """What a preset gives, resolved."""

    title: str
    icon: DesiredIcon | None = None
    admins: tuple[Person, ...] | None = None
    members: tuple[Person, ...] | None = None
    prune_members: bool | None = None


class GroupResolver:
    """Resolves one manifest after the other; `complaints` collects what is wrong, all of it."""

    def __init__(
        self,
        config: Config,
        contacts: Contacts,
        today: date,
        icons: Icons | None,
        complaints: Complaints,
    ) -> None:
        self.complaints = complaints
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
        self._nothing = _ResolvedPreset("")

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
        members = admins = None
        if "admins" not in unmanaged:
            admins = self._own_people(manifest, "admins", manifest.admins)
            admins = _first(admins, kind.admins, self._defaults.admins)
        if "members" not in unmanaged:
            members = self._own_people(manifest, "members", manifest.members)
            members = _first(members, kind.members, self._defaults.members)
        return DesiredGroup(
            name=manifest.name,
            location=manifest.location,
            subject=self._subject(checked),
            icon=None if "icon" in unmanaged else self._icon(checked, kind),
            admins=admins,
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
            if manifest.id in self._ignored:
                self.complaints.extend([ignored_id(manifest)])

    def _once(self, seen: dict[str, Location], key: str, value: str, manifest: Manifest) -> None:
        first = seen.setdefault(value, manifest.location)
        if first is not manifest.location:
            self.complaints.add(
                manifest.location_of(key),
                f"the {key} {quote(value)} is taken",
                f"by the manifest at {first}; {_TAKEN[key]}",
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
            self.complaints.add(location, *mistake, "subject")
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
                f"the subject {quote(subject)} is that of the manifest at {first} too",
                "a group is found by its subject when the state is lost: change one, or pin `id` in both",
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
                f"the hold ended on {until}, so the group is blocked",
                "remove `hold` to go on, or give it a later day",
                "hold-ended",
            )

    def _previously(self, manifest: Manifest) -> tuple[str, ...]:
        subjects = tuple(map(normal, manifest.previously))
        for index, subject in enumerate(subjects):
            if not shows(subject):
                location = manifest.location_of(f"previously[{index}]")
                self.complaints.add(location, f"`previously[{index}]` is empty", "take it out", "subject")
        return subjects

    def _kind(self, manifest: Manifest) -> _ResolvedPreset:
        name = manifest.kind
        if name is None or not self._config.whole or name in self._config.broken_kinds:
            return self._nothing
        if name not in self._kinds:
            guess = self._naming.guess(name, frozenset(self._kinds))
            hint = "" if guess else "kinds stand under `kinds` in reconciler.yaml"
            self.complaints.add(
                manifest.location_of("kind"), unknown("kind", name, guess), hint, "unknown-kind"
            )
            return self._nothing
        return self._kinds[name]

    def _check_unmanaged(self, manifest: Manifest) -> None:
        for index, key in enumerate(manifest.unmanaged):
            value = getattr(manifest, key)
            if value is not None and not isinstance(value, Unset):
                self.complaints.add(
                    manifest.location_of(f"unmanaged[{index}]"),
                    f"`{key}` is unmanaged, and this manifest gives it a value",
                    "keep one of the two",
                    "unmanaged",
                )

    def _icon(self, checked: CheckedManifest, kind: _ResolvedPreset) -> DesiredIcon | None:
        manifest = checked.manifest
        if isinstance(manifest.icon, Unset):
            return kind.icon if kind.icon is not None else self._defaults.icon
        return self._picture(checked.folder, manifest.icon, manifest.location_of)

    def _picture(
        self, folder: str, text: str | None, location_of: Callable[[str], Location]
    ) -> DesiredIcon | None:
        if text is None:
            return DesiredIcon(None)
        if self._icons is None:
            return None
        picture = self._icons.check(folder, text, location_of("icon"))
        return None if picture is None else DesiredIcon(picture)

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
                location, whose = manifest.location_of("prune_members"), ""
            else:
                location = manifest.location
                whose = f" of {(kind if kind.prune_members else self._defaults).title}"
            self.complaints.add(
                location,
                f"`prune_members`{whose} needs `members`",
                "say who belongs into the group, or nobody would",
                "prune-members",
            )
        return bool(prune)

    def _own_people(
        self, manifest: Manifest, key: str, written: tuple[str, ...] | None
    ) -> tuple[Person, ...] | None:
        if written is None:
            return None
        return self._naming.people(written, lambda index: manifest.location_of(f"{key}[{index}]"))

    def _given(self, preset: Preset) -> _ResolvedPreset:
        if any(self.complaints.full(location.file) for location in list(preset.locations.values())[:1]):
            return _ResolvedPreset(preset.title)

        def location_of(key: str) -> Location:
            return preset.locations[key]

        def people(key: str, written: tuple[str, ...] | None) -> tuple[Person, ...] | None:
            if written is None:
                return None
            return self._naming.people(written, lambda index: preset.locations[f"{key}[{index}]"])

        return _ResolvedPreset(
            title=preset.title,
            icon=None
            if isinstance(preset.icon, Unset)
            else self._picture(self._config.folder, preset.icon, location_of),
            admins=people("admins", preset.admins),
            members=people("members", preset.members),
            prune_members=preset.prune_members,
        )

    def _warn(self, location: Location, message: str, hint: str, rule: str) -> None:
        self.complaints.add(location, message, hint, rule, warning=True)


def subject_mistake(subject: str, limit: int) -> tuple[str, str] | None:
    """Return what is wrong with a subject, as it is compared, and the mend; None: nothing beyond the
    schema."""
    if not shows(subject):
        return "`subject` is empty", "write what members shall see"
    if len(subject) > limit:
        return f"`subject` has {len(subject)} characters, {limit} are allowed", "shorten it"
    return None


def _first(*values: _T | None) -> _T | None:
    return next((value for value in values if value is not None), None)


def ignored_id(manifest: Manifest) -> Complaint:
    """Return the complaint about a manifest that pins a group which `ignore:` names: nothing can be both."""
    return Complaint(
        manifest.location_of("id"),
        "`ignore` in reconciler.yaml names this group, so it cannot be managed",
        "take the id out of one of the two",
        "ignored-id",
    )
