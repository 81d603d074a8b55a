"""The pictures that manifests name: each file opened and checked once, and what was meant by one that is not
there."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

from reconciler import pictures
from reconciler.errors import Location, PictureError
from reconciler.language import msg
from reconciler.manifests.complaints import closest, quote, visible
from reconciler.manifests.files import FileError, TooLong, Tree, join

if TYPE_CHECKING:
    from reconciler.manifests.complaints import Complaints
    from reconciler.model.desired import Icon

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|data:")
_SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".gif", ".webp")
_GUESSES = 100
_QUOTED = 100  # characters of a path that is there


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
        self._files: dict[str, dict[str, str]] = {}  # below a folder
        self._guesses = 0

    def check(self, folder: str, text: str, location: Location) -> Icon | None:
        """Return the picture that a file in `folder` means by `text`; None when it cannot be used."""
        if _ADDRESS.match(text):
            self._complain(
                location,
                msg("{text} is an address, not a file", text=quote(text)),
                msg("save the picture in this repository, and write its path"),
            )
            return None
        try:
            path = join(folder, text)
        except FileError as error:
            self._complain(location, msg("{what} {why}", what=quote(text), why=error.message), error.hint)
            return None
        first = path not in self._known
        if first:
            self._known[path] = self._open(path)
        found = self._known[path]
        if isinstance(found, FileError):
            message = msg("{what} {why}", what=quote(text), why=found.message)
            self._complain(location, message, found.hint or self._guess(folder, path))
            return None
        if isinstance(found, PictureError):
            self._complain(location, msg("{what}: {why}", what=quote(text), why=found.message), found.hint)
            return None
        for warning in pictures.warnings_of(found) if first else ():
            self._complain(location, msg("{what} {why}", what=quote(text), why=warning), warning=True)
        return found

    def _open(self, path: str) -> Icon | FileError | PictureError:
        if self._hashes is None:
            self._hashes = set(self._checked())
        try:
            icon = pictures.open_picture(self._tree.read(path, pictures.MAX_BYTES), path, self._hashes)
        except TooLong as error:
            return FileError(error.message, pictures.ENOUGH)
        except (FileError, PictureError) as error:
            return error
        self._hashes.add(icon.sha256)
        return icon

    def _guess(self, folder: str, path: str) -> str:
        """Return what a file in `folder` probably means by a path at which there is nothing. Looking for
        it takes a walk through folders, so a hostile repository gets only some."""
        if self._tree.exists(path) or self._guesses >= _GUESSES:
            return ""
        self._guesses += 1
        written = posixpath.relpath(path, folder or ".")
        for base in (self._tree.base, ""):
            other = posixpath.normpath(posixpath.join(base, written))
            if self._tree.real(other) is not None and self._tree.exists(other):
                return msg(
                    "paths are relative to the file that names them: {guess}",
                    guess=_did_you_mean(other, folder),
                )
        there = self._files_near(path)
        plain = _plain(path)
        if other := there.get(plain, ""):
            if unicodedata.normalize("NFC", other) != unicodedata.normalize("NFC", path):
                return msg(
                    "{guess} Upper and lower case, `/` and `\\` are told apart",
                    guess=_did_you_mean(other, folder),
                )
            return msg(
                "a file has this name, its accents written in another way (NFC, NFD): name the file anew"
            )
        name = f"/{posixpath.basename(plain)}"
        namesakes = [there[each] for each in there if f"/{each}".endswith(name)]
        if len(namesakes) == 1:
            return _did_you_mean(namesakes[0], folder)
        near = closest(written, frozenset(posixpath.relpath(each, folder or ".") for each in there.values()))
        return _did_you_mean(posixpath.join(folder, near), folder) if near else ""

    def _files_near(self, path: str) -> dict[str, str]:
        """Return the pictures below the innermost folder of a path that there is, by how they are
        compared."""
        while path and not self._tree.exists(path):
            path = path.rpartition("/")[0]
        if path not in self._files:
            try:
                found = self._tree.list(path, _SUFFIXES)
            except FileError:
                found = ()
            self._files[path] = {_plain(each): each for each in found}
        return self._files[path]

    def _complain(self, location: Location, message: str, hint: str = "", *, warning: bool = False) -> None:
        self._complaints.add(location, message, hint, "icon", warning=warning)


def _plain(path: str) -> str:
    """Return a path as it is compared to find what was meant."""
    return unicodedata.normalize("NFC", path).casefold().replace("\\", "/")


def _did_you_mean(path: str, folder: str) -> str:
    """Return `did you mean …?`, as a file in `folder` would name the path."""
    shown = visible(posixpath.relpath(path, folder or "."))
    if len(shown) > _QUOTED:
        shown = shown[: _QUOTED - 1] + "…"
    return msg("did you mean `{found}`?", found=shown)


class ManifestIconFiles:
    """The bytes of checked pictures, for upload (`ports.IconFiles`)."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def read(self, icon: Icon) -> bytes:
        """Return the bytes that were checked; raises `PictureError` when the file is another now."""
        try:
            data = self._tree.read(icon.path, pictures.MAX_BYTES)
        except FileError as error:
            message = msg("{what} {why}", what=self._tree.shown(icon.path), why=error.message)
            raise PictureError(message, error.hint) from error
        if pictures.sha256(data) != icon.sha256:
            raise PictureError(
                msg("{path} has changed since it was checked", path=self._tree.shown(icon.path)),
                msg("run the command again"),
            )
        return data
