"""Live values into manifests: the lists as they would be written, the icon's file, and the files together."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from reconciler import pictures
from reconciler.manifests.contacts import Contacts, gone
from reconciler.manifests.edit import Edited, rewrite_manifest
from reconciler.manifests.files import FileError, Tree, join
from reconciler.manifests.imports import ManifestWriter
from reconciler.manifests.numbers import as_written, like_a_number, parse
from reconciler.manifests.yaml_tree import MAX_BYTES
from reconciler.model import number
from reconciler.model.adoption import Acceptance, FileChange, ListChange
from reconciler.model.desired import Person
from reconciler.model.group import Value
from reconciler.model.record import Applied

if TYPE_CHECKING:
    from reconciler.manifests.load import Loaded
    from reconciler.manifests.output import Output
    from reconciler.model.group import Manifest


class Overlay:
    """A tree with some files as they would be (`manifests.files.Tree`)."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.files: dict[str, bytes] = {}
        self.base = tree.base
        self.here = tree.here

    def typed(self, path: str) -> str:
        return self._tree.typed(path)

    def read(self, path: str, limit: int) -> bytes:
        return self.files[path] if path in self.files else self._tree.read(path, limit)

    def list(self, folder: str, suffixes: tuple[str, ...]) -> tuple[str, ...]:
        inside = f"{folder}/" if folder else ""
        new = (path for path in self.files if path.startswith(inside) and path.lower().endswith(suffixes))
        try:
            there = self._tree.list(folder, suffixes)
        except FileError:
            there = ()
        return tuple(sorted({*there, *new}))

    def exists(self, path: str) -> bool:
        return path in self.files or self._tree.exists(path)

    def real(self, path: str) -> str | None:
        return self._tree.real(path)

    def shown(self, path: str) -> str:
        return self._tree.shown(path)


@dataclass(slots=True)
class EditedFiles:
    """The files of an acceptance as they would be, on top of those on disk. Nothing is written by it."""

    tree: Tree
    output: Output
    loaded: Loaded
    today: date
    overlay: Overlay = field(init=False)
    before: dict[str, bytes | None] = field(default_factory=dict)
    paths: dict[str, set[str]] = field(default_factory=dict)  # of each group: the files that it depends on

    def __post_init__(self) -> None:
        self.overlay = Overlay(self.tree)

    def changes(self) -> tuple[FileChange, ...]:
        """Return what would be other, manifests before pictures; `before` None: a new file."""
        found = [
            FileChange(path, self.before[path], data)
            for path, data in sorted(self.overlay.files.items())
            if data != self.before[path]
        ]
        return tuple(sorted(found, key=lambda change: not change.is_manifest))

    def forget(self, paths: Mapping[str, bytes]) -> None:
        """Go back to an earlier `dict(overlay.files)`."""
        self.overlay.files = dict(paths)

    def put(self, accepted: Acceptance, icon: bytes | None) -> None:
        """Change what belongs to one group. `icon` is the served picture, None where there is none.

        Of groups that stand in one file the last has to be put first, because lines move. Raises `EditError`,
        `FileError`, and `PictureError` for a picture that validation would refuse.
        """
        self.paths[accepted.name] = set()
        manifest = next(each for each in self.loaded.manifests if each.name == accepted.name)
        path = self.tree.typed(manifest.location.file)
        values: dict[str, Edited] = {}
        for key in accepted.fields:
            match key:
                case "subject" | "description":
                    values[key] = str(accepted.values[key]) or None
                case "permissions":
                    values[key] = self._permissions(manifest, accepted)
                case "icon":
                    self._icon(manifest, path, icon, values)
                case "admins":
                    values[key] = self._list(manifest, key, accepted.admins)
                case "members":
                    values[key] = self._list(manifest, key, accepted.members)
        if values:
            data = rewrite_manifest(self.overlay.read(path, MAX_BYTES), manifest.location, values)
            self._change(accepted.name, path, data)

    def _permissions(self, manifest: Manifest, accepted: Acceptance) -> dict[str, Value]:
        """Return the permissions that hold for the group, with those that are accepted: given in a manifest,
        they replace those of its kind."""
        wanted = next(each for each in self.loaded.desired.groups if each.name == manifest.name).permissions
        values: dict[str, Value] = dict(wanted.items())
        values.update(Applied.of(accepted.values).permissions.items())
        return values

    def _change(self, name: str, path: str, data: bytes) -> None:
        self.paths[name].add(path)
        if path not in self.before:
            self.before[path] = self.tree.read(path, MAX_BYTES) if self.tree.exists(path) else None
        self.overlay.files[path] = data

    def _icon(self, manifest: Manifest, path: str, data: bytes | None, values: dict[str, Edited]) -> None:
        """Put the picture into the file that the manifest names where that is its own, else into a new
        one."""
        if data is None:
            values["icon"] = None
            return
        pictures.open_picture(data, "")
        folder = path.rpartition("/")[0]
        if isinstance(manifest.icon, str):
            own = join(folder, manifest.icon)
            if not self._shared(own, manifest):
                self._change(manifest.name, own, data)
                return
        icon = ManifestWriter(self.overlay, None, self.loaded).icon(manifest.name, data)
        if icon.path in self.overlay.files or not self.overlay.exists(icon.path):
            self._change(manifest.name, icon.path, data)
        values["icon"] = relative(icon.path, folder)

    def _shared(self, path: str, manifest: Manifest) -> bool:
        """Return whether others show the picture of this file, by whatever path, or it is no file of its
        own."""
        real = self.output.real(path)
        return real is None or any(
            self.output.real(other) == real or other == path for other in self._other_icons(manifest)
        )

    def _other_icons(self, manifest: Manifest) -> Iterator[str]:
        config = self.loaded.config
        for each in self.loaded.manifests:
            if each.name != manifest.name and isinstance(each.icon, str):
                yield join(self.tree.typed(each.location.file).rpartition("/")[0], each.icon)
        for preset in (config.defaults, *config.kinds.values()):
            if isinstance(preset.icon, str):
                yield join(config.folder, preset.icon)

    def _list(self, manifest: Manifest, key: str, change: ListChange) -> tuple[str, ...]:
        """Return the list as it would be written: entries that stay, as they are, then who is new, by
        alias or number."""
        contacts = self.loaded.contacts
        kept: list[str] = []
        rest: list[Person] = []
        covered: set[str] = set()
        for entry in self._written(manifest, key):
            people = self._meant(entry, contacts)
            stay = [person for person in people if not person.keys & change.drop]
            if len(stay) == len(people):
                kept.append(entry)
                covered |= {person.key for person in people}
            else:
                rest += stay  # a team of which some go is replaced by those of it who stay
        for wa_id in change.add:
            rest.append(contacts.by_key.get(number.key(wa_id)) or Person((wa_id,)))
        for person in rest:
            if person.key not in covered:
                covered.add(person.key)
                kept.append(person.alias or as_written(person.numbers[0]))
        return tuple(kept)

    def _written(self, manifest: Manifest, key: str) -> tuple[str, ...]:
        """Return the entries that hold for the group: its own, else those of its kind or of the defaults."""
        config = self.loaded.config
        kind = config.kinds.get(manifest.kind or "")
        lists = (
            (each.admins, each.members) for each in (manifest, kind, config.defaults) if each is not None
        )
        found = (admins if key == "admins" else members for admins, members in lists)
        return next((each for each in found if each is not None), ())

    def _meant(self, entry: str, contacts: Contacts) -> tuple[Person, ...]:
        if entry in contacts.people:
            return (contacts.people[entry],)
        if entry in contacts.teams:
            return tuple(person for person in contacts.teams[entry] if not gone(person, self.today))
        return (contacts.stranger(parse(entry)),) if like_a_number(entry) else ()


def relative(path: str, folder: str) -> str:
    """Return a path as a file in `folder` would name it."""
    return posixpath.relpath(path, folder or ".")
