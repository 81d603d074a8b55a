"""Manifests for groups that exist: their text, the files that they go into, and their pictures."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from reconciler import pictures
from reconciler.errors import Location
from reconciler.language import msg, tr
from reconciler.manifests import convert, yaml_tree
from reconciler.manifests.complaints import visible
from reconciler.manifests.contacts import load_contacts
from reconciler.manifests.convert import yaml_text
from reconciler.manifests.documents import valid_documents
from reconciler.manifests.edit import add_contacts
from reconciler.manifests.files import FileError, Tree, join
from reconciler.manifests.groups import description_mistake, subject_mistake
from reconciler.manifests.numbers import as_written
from reconciler.manifests.output import changed
from reconciler.model.desired import Icon, Person
from reconciler.model.group import UNSET, Manifest, Unset, Value, ValueName
from reconciler.model.record import Applied

if TYPE_CHECKING:
    from reconciler.manifests.load import Loaded
    from reconciler.manifests.output import Output
    from reconciler.model.adoption import Import

SCHEMA_FOLDER = "schemas"
_ICONS = "icons"
_SUFFIX = {"image/png": ".png", "image/jpeg": ".jpg"}
_PICTURES = (".png", ".jpg", ".jpeg")
_NO_TEXT: tuple[ValueName, Value] = ("description", "")


class ManifestWriter:
    """Writes manifests and icons of one run into the folder of the manifests, never over anything.

    Without `output` nothing is written, and everything else is as it would be.
    """

    def __init__(self, tree: Tree, output: Output | None, loaded: Loaded) -> None:
        self._tree = tree
        self._output = output
        self._loaded = loaded
        self.folder = loaded.settings.manifests
        self._pictures: dict[str, str] = {}  # SHA-256 → path
        self._taken = self._icons_there()

    def names(self) -> frozenset[str]:
        """Return names that a new manifest may not have: of manifests, and of files that are there
        already."""
        try:
            files = self._tree.list(self.folder, (".yaml", ".yml"))
        except FileError:
            files = ()
        stems = (posixpath.splitext(posixpath.basename(path))[0].lower() for path in files)
        return frozenset((*stems, *(group.name for group in self._loaded.desired.groups)))

    def _icons_there(self) -> set[str]:
        """Return the icons that lie where new ones would, so that none is written a second time."""
        try:
            found = self._tree.list(join(self.folder, _ICONS), _PICTURES)
        except FileError:
            return set()
        for path in found:
            try:
                self._pictures.setdefault(pictures.sha256(self._tree.read(path, pictures.MAX_BYTES)), path)
            except FileError:
                continue
        return {path.lower() for path in found}

    def icon(self, name: str, data: bytes) -> Icon:
        """Keep a served picture, as it is, and say where: in a new file, or in one that holds the same.

        Raises `PictureError` for what validation would refuse, `FileError` where it cannot be written.
        """
        digest = pictures.sha256(data)
        if digest in self._pictures:
            return pictures.open_picture(data, self._pictures[digest])
        found = pictures.open_picture(data, "")
        stem, suffix, count = join(self.folder, f"{_ICONS}/{name}"), _SUFFIX[found.mime], 1
        path = f"{stem}{suffix}"
        while path.lower() in self._taken or self._tree.exists(path):
            count += 1
            path = f"{stem}-{count}{suffix}"
        if self._output is not None:
            self._output.create(path, data)
        self._taken.add(path.lower())
        self._pictures[digest] = path
        return pictures.open_picture(data, path)

    def manifest(self, group: Import, icon: Icon | Unset | None, remarks: Iterable[str]) -> str:
        """Write the manifest, and say where. `icon` UNSET: it is left out. Raises `FileError`."""
        path = join(self.folder, f"{group.name}.yaml")
        text = self.text(group, icon, remarks)
        if self._tree.exists(path):
            raise FileError(msg("is there already"), msg("nothing is overwritten: run the command again"))
        if self._output is not None:
            self._output.create(path, text.encode())
        return path

    def text(self, group: Import, icon: Icon | Unset | None, remarks: Iterable[str]) -> str:
        """Return the file's text: how editors find the schema, why something is left out, and one
        document."""
        values = Applied.of(group.values)
        manifest = Manifest(
            name=group.name,
            location=Location(""),
            subject=values.subject,
            description=UNSET if values.description is None else values.description or None,
            permissions=values.permissions or None,
            icon=posixpath.relpath(icon.path, self.folder or ".") if isinstance(icon, Icon) else icon,
            admins=_refs(group.admins),
            members=_refs(group.members),
            id=group.live.id,
            unmanaged=self._unmanaged(group, icon),
        )
        lines = [modeline(self.folder, "group"), *(f"# {visible(tr(remark))}" for remark in remarks)]
        text = "\n".join(lines) + "\n" + yaml_text(convert.document(manifest))
        found = valid_documents("group", text.encode())
        if found is None or [value for _, value in found] != [convert.document(manifest)]:
            raise FileError(
                msg("would not say what is meant"), msg("write this manifest by hand, with its `id`")
            )
        return text

    def _unmanaged(self, group: Import, icon: Icon | Unset | None) -> tuple[str, ...]:
        """Return what the defaults would give to this group although it is not in its manifest."""
        given, values = self._loaded.config.defaults, Applied.of(group.values)
        return tuple(
            key
            for key, is_given, missing in (
                ("description", not isinstance(given.description, Unset), values.description is None),
                ("icon", not isinstance(given.icon, Unset), isinstance(icon, Unset)),
                ("permissions", bool(given.permissions), not values.permissions),
                ("join", given.join == "add", group.live.parent is not None),
                ("admins", given.admins is not None, group.admins is None),
                ("members", given.members is not None, group.members is None),
                ("prune_members", bool(given.prune_members), True),
            )
            if is_given and missing
        )


def modeline(folder: str, schema: str) -> str:
    """Return the comment by which editors find the schema, for a file in `folder`."""
    path = posixpath.relpath(f"{SCHEMA_FOLDER}/{schema}.schema.json", folder or ".")
    return f"# yaml-language-server: $schema={path}"


def why_not(name: ValueName, value: Value, limit: int) -> str | None:
    """Return why validation would refuse a live value, as it is compared, in words for a comment; None where
    it would not. `limit` is of subjects."""
    if not isinstance(value, str) or name not in ("subject", "description") or (name, value) == _NO_TEXT:
        return None
    mistake = subject_mistake(value, limit) if name == "subject" else description_mistake(value)
    if mistake is not None:
        return msg("it {why}", why=mistake[0])
    document = {"id": "x", name: value}
    try:
        found = valid_documents("group", yaml_text(document).encode())
    except UnicodeEncodeError:  # half of a surrogate pair
        return msg("it holds something that is no character")
    if found is not None and [value for _, value in found] == [document]:
        return None
    return msg("it holds a character that a manifest may not have")


def new_contacts(tree: Tree, output: Output | None, loaded: Loaded, people: Collection[Person]) -> str | None:
    """Add people to the file of contacts, or make it; says which file. Raises `FileError`, `EditError`.

    Who is added was chosen by the contacts as they were loaded, so they have to say the same still.
    """
    if not people:
        return None
    path = loaded.settings.contacts or join(loaded.config.folder, "contacts.yaml")
    pairs = [(person.alias or "", as_written(person.numbers[0])) for person in people]
    if tree.exists(path):
        before = tree.read(path, yaml_tree.MAX_BYTES)
        present, chosen_by = load_contacts(tree, path)[0], loaded.contacts
        if (present.people, present.teams) != (chosen_by.people, chosen_by.teams):
            raise changed()
        after = add_contacts(before, pairs)
        if output is not None:
            output.replace(path, before, after)
    else:
        folder = path.rpartition("/")[0]
        after = add_contacts(f"{modeline(folder, 'contacts')}\n".encode(), pairs)
        if output is not None:
            try:
                output.create(path, after)
            except FileError:
                if not tree.exists(path):
                    raise
                raise changed() from None
    return path


def _refs(people: tuple[Person, ...] | None) -> tuple[str, ...] | None:
    if people is None:
        return None
    return tuple(person.alias or as_written(person.numbers[0]) for person in people)
