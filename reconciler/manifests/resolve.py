"""Manifests, kinds, defaults and contacts together say what each group should be."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from reconciler.errors import Mark
from reconciler.manifests.collect import Complaints
from reconciler.manifests.config import Config, Preset
from reconciler.manifests.contacts import Contacts, gone, like_a_number, unknown
from reconciler.manifests.icons import Icons
from reconciler.manifests.words import did_you_mean, quote
from reconciler.model import number
from reconciler.model.desired import DesiredGroup, DesiredIcon, Person
from reconciler.model.group import Manifest, Unset

_GUESSES = 100
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Draft:
    """A manifest as read, with the keys of which something was wrong, and its file's folder."""

    manifest: Manifest
    folder: str
    broken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Given:
    """What a preset gives, resolved."""

    title: str
    icon: DesiredIcon | None = None
    admins: tuple[Person, ...] | None = None
    members: tuple[Person, ...] | None = None
    prune_members: bool | None = None


class Resolver:
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
        self._contacts = contacts
        self._today = today
        self._icons = icons
        self._limit = config.settings.api.subject_limit
        self._names = contacts.names()
        self._guesses = 0
        self._seen_names: dict[str, Mark] = {}
        self._seen_ids: dict[str, Mark] = {}
        self._by_name = self._usable_names()
        self._defaults = self._given(config.defaults)
        self._kinds = {name: self._given(preset) for name, preset in config.kinds.items()}
        self._nothing = _Given("")

    def group(self, draft: Draft) -> DesiredGroup:
        """The group that a manifest means. What is wrong about it was complained of, and is left out."""
        manifest = draft.manifest
        self._unique(draft)
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
            mark=manifest.mark,
            subject=self._subject(manifest),
            icon=None if "icon" in unmanaged else self._icon(draft, kind),
            admins=admins,
            members=members,
            prune_members=self._prune(draft, kind, members, unmanaged),
            link_version=manifest.link_version,
            previously=self._previously(manifest),
            id=manifest.id,
            kind=manifest.kind,
            ensure=manifest.ensure,
            hold=manifest.hold,
        )

    def _unique(self, draft: Draft) -> None:
        manifest = draft.manifest
        if "name" not in draft.broken and manifest.name:
            self._once(self._seen_names, "name", manifest.name, manifest)
        if manifest.id is not None:
            self._once(self._seen_ids, "id", manifest.id, manifest)

    def _once(self, seen: dict[str, Mark], key: str, value: str, manifest: Manifest) -> None:
        first = seen.setdefault(value, manifest.mark)
        if first is not manifest.mark:
            self._complain(
                manifest.mark_of(key),
                f"the {key} {quote(value)} is taken",
                f"by the manifest at {first}",
                f"duplicate-{key}",
            )

    def _subject(self, manifest: Manifest) -> str | None:
        if manifest.subject is None:
            return None
        subject = _normal(manifest.subject)
        mark = manifest.mark_of("subject")
        if not any(char.isprintable() and char != " " for char in subject):
            self._complain(mark, "`subject` is empty", "write what members shall see", "subject")
        elif len(subject) > self._limit:
            self._complain(
                mark,
                f"`subject` has {len(subject)} characters, {self._limit} are allowed",
                "shorten it",
                "subject",
            )
        return subject

    def _previously(self, manifest: Manifest) -> tuple[str, ...]:
        subjects = tuple(map(_normal, manifest.previously))
        for index, subject in enumerate(subjects):
            if not subject:
                mark = manifest.mark_of(f"previously[{index}]")
                self._complain(mark, f"`previously[{index}]` is empty", "take it out", "subject")
        return subjects

    def _kind(self, manifest: Manifest) -> _Given:
        name = manifest.kind
        if name is None or not self._config.whole or name in self._config.broken_kinds:
            return self._nothing
        if name not in self._kinds:
            guess = self._guess(name, frozenset(self._kinds))
            hint = "" if guess else "kinds stand under `kinds` in reconciler.yaml"
            self._complain(manifest.mark_of("kind"), unknown("kind", name, guess), hint, "unknown-kind")
            return self._nothing
        return self._kinds[name]

    def _check_unmanaged(self, manifest: Manifest) -> None:
        for index, key in enumerate(manifest.unmanaged):
            value = getattr(manifest, key)
            if value is not None and not isinstance(value, Unset):
                self._complain(
                    manifest.mark_of(f"unmanaged[{index}]"),
                    f"`{key}` is unmanaged, and this manifest gives it a value",
                    "keep one of the two",
                    "unmanaged",
                )

    def _icon(self, draft: Draft, kind: _Given) -> DesiredIcon | None:
        manifest = draft.manifest
        if isinstance(manifest.icon, Unset):
            return kind.icon if kind.icon is not None else self._defaults.icon
        return self._picture(draft.folder, manifest.icon, manifest.mark_of)

    def _picture(self, folder: str, text: str | None, mark_of: Callable[[str], Mark]) -> DesiredIcon | None:
        if text is None:
            return DesiredIcon(None)
        if self._icons is None:
            return None
        picture = self._icons.check(folder, text, mark_of("icon"))
        return None if picture is None else DesiredIcon(picture)

    def _prune(
        self,
        draft: Draft,
        kind: _Given,
        members: tuple[Person, ...] | None,
        unmanaged: frozenset[str],
    ) -> bool:
        if "prune_members" in unmanaged:
            return False
        manifest = draft.manifest
        prune = _first(manifest.prune_members, kind.prune_members, self._defaults.prune_members)
        if prune and members is None and "members" not in draft.broken:
            if manifest.prune_members:
                mark, whose = manifest.mark_of("prune_members"), ""
            else:
                mark = manifest.mark
                whose = f" of {(kind if kind.prune_members else self._defaults).title}"
            self._complain(
                mark,
                f"`prune_members`{whose} needs `members`",
                "say who belongs into the group, or nobody would",
                "prune-members",
            )
        return bool(prune)

    def _usable_names(self) -> dict[str, tuple[Person, ...]]:
        """Aliases and teams that can be named; a team without those who left."""
        found: dict[str, tuple[Person, ...]] = {
            alias: (person,)
            for alias, person in self._contacts.people.items()
            if not gone(person, self._today)
        }
        for team, people in self._contacts.teams.items():
            found[team] = tuple(person for person in people if not gone(person, self._today))
        return found

    def _own_people(
        self, manifest: Manifest, key: str, written: tuple[str, ...] | None
    ) -> tuple[Person, ...] | None:
        if written is None:
            return None
        return self._people(written, lambda index: manifest.mark_of(f"{key}[{index}]"))

    def _people(self, written: tuple[str, ...], mark_of: Callable[[int], Mark]) -> tuple[Person, ...]:
        """The people whom a list names, each once. Persons are unique objects here, so identity decides."""
        found: dict[int, Person] = {}
        for index, entry in enumerate(written):
            people = self._by_name.get(entry)
            if people is None:
                if self.complaints.full(mark_of(index).file):
                    break
                people = self._by_number_or_not(entry, mark_of, index)
            for person in people:
                found[id(person)] = person
        return tuple(found.values())

    def _by_number_or_not(self, entry: str, mark_of: Callable[[int], Mark], index: int) -> tuple[Person, ...]:
        contacts = self._contacts
        if like_a_number(entry):
            try:
                person = contacts.stranger(number.parse(entry))
            except number.NumberError as error:
                self._complain(mark_of(index), f"{quote(entry)}: {error.message}", error.hint, "number")
                return ()
            if not gone(person, self._today):
                return (person,)
            self._complain_of_leaver(mark_of(index), person)
        elif (leaver := contacts.people.get(entry)) is not None:
            self._complain_of_leaver(mark_of(index), leaver)
        elif contacts.whole and entry not in contacts.broken:
            guess = self._guess(entry, self._names)
            hint = "" if guess else "add them to the contacts, or write an international number"
            self._complain(mark_of(index), unknown("person or team", entry, guess), hint, "unknown-person")
        return ()

    def _complain_of_leaver(self, mark: Mark, person: Person) -> None:
        self._complain(
            mark,
            f"{quote(person.ref)} left on {person.left}, says {person.mark}",
            "take them out here; they are demoted and removed without being named",
            "leaver",
        )

    def _given(self, preset: Preset) -> _Given:
        if any(self.complaints.full(mark.file) for mark in list(preset.marks.values())[:1]):
            return _Given(preset.title)

        def mark_of(key: str) -> Mark:
            return preset.marks[key]

        def people(key: str, written: tuple[str, ...] | None) -> tuple[Person, ...] | None:
            if written is None:
                return None
            return self._people(written, lambda index: preset.marks[f"{key}[{index}]"])

        return _Given(
            title=preset.title,
            icon=None
            if isinstance(preset.icon, Unset)
            else self._picture(self._config.folder, preset.icon, mark_of),
            admins=people("admins", preset.admins),
            members=people("members", preset.members),
            prune_members=preset.prune_members,
        )

    def _guess(self, word: str, options: frozenset[str]) -> str:
        """A guess costs milliseconds among thousands of names, so a hostile file gets only some."""
        self._guesses += 1
        return did_you_mean(word, options) if self._guesses <= _GUESSES else ""

    def _complain(self, mark: Mark, message: str, hint: str, rule: str) -> None:
        self.complaints.add(mark, message, hint, rule)


def _normal(subject: str) -> str:
    return unicodedata.normalize("NFC", subject).strip()


def _first(*values: _T | None) -> _T | None:
    return next((value for value in values if value is not None), None)
