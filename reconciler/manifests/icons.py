"""The pictures that manifests name: each file opened and checked once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reconciler import pictures
from reconciler.errors import Mark, PictureError
from reconciler.manifests.files import FileError, Tree, join
from reconciler.manifests.words import quote

if TYPE_CHECKING:
    from reconciler.manifests.collect import Complaints
    from reconciler.model.desired import Icon


class Icons:
    """Checks pictures and remembers them by path; complaints go where the picture is named.

    `checked` gives the SHA-256 of pictures that an earlier run has checked and applied; it is asked once,
    when there is a picture to be looked at.
    """

    def __init__(
        self, tree: Tree, complaints: Complaints, checked: Callable[[], frozenset[str]] = frozenset
    ) -> None:
        self._tree = tree
        self._complaints = complaints
        self._checked = checked
        self._hashes: set[str] | None = None  # of pictures that are known to be right
        self._known: dict[str, Icon | FileError | PictureError] = {}

    def check(self, folder: str, text: str, mark: Mark) -> Icon | None:
        """The picture that a file in `folder` means by `text`; None when it cannot be used."""
        try:
            path = join(folder, text)
        except FileError as error:
            self._complain(mark, f"{quote(text)} {error.message}", error.hint)
            return None
        first = path not in self._known
        if first:
            self._known[path] = self._open(path)
        found = self._known[path]
        if isinstance(found, FileError):
            self._complain(mark, f"{quote(text)} {found.message}", found.hint)
            return None
        if isinstance(found, PictureError):
            self._complain(mark, f"{quote(text)}: {found.message}", found.hint)
            return None
        for warning in pictures.warnings_of(found) if first else ():
            self._complain(mark, f"{quote(text)} {warning}", warning=True)
        return found

    def _open(self, path: str) -> Icon | FileError | PictureError:
        if self._hashes is None:
            self._hashes = set(self._checked())
        try:
            icon = pictures.open_picture(self._tree.read(path, pictures.MAX_BYTES), path, self._hashes)
        except (FileError, PictureError) as error:
            return error
        self._hashes.add(icon.sha256)
        return icon

    def _complain(self, mark: Mark, message: str, hint: str = "", *, warning: bool = False) -> None:
        self._complaints.add(mark, message, hint, "icon", warning=warning)


class ManifestIconFiles:
    """The bytes of checked pictures, for upload (`ports.IconFiles`)."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def read(self, icon: Icon) -> bytes:
        """The bytes that were checked; raises `PictureError` when the file is another now."""
        try:
            data = self._tree.read(icon.path, pictures.MAX_BYTES)
        except FileError as error:
            raise PictureError(f"{self._tree.shown(icon.path)} {error.message}", error.hint) from error
        if pictures.sha256(data) != icon.sha256:
            raise PictureError(
                f"{self._tree.shown(icon.path)} has changed since it was checked", "run the command again"
            )
        return data
