"""Beginning a repository: what is missing of its files, and writing it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reconciler.errors import ReconcilerError
from reconciler.language import msg
from reconciler.manifests.files import Absent, FileError, Tree, spellings
from reconciler.manifests.load import SUFFIXES
from reconciler.manifests.output import Output
from reconciler.manifests.starter import StarterFile
from reconciler.manifests.yaml_tree import MAX_BYTES


@dataclass(frozen=True, slots=True)
class Missing:
    """Files to write, and those that are there: each path with what is to be said of it."""

    files: tuple[StarterFile, ...]
    kept: tuple[tuple[str, str], ...]


def what_is_missing(tree: Tree, files: Sequence[StarterFile]) -> Missing:
    """Return which of the files are not there in either spelling; of an example, where there is no manifest.

    Raises `ReconcilerError` for a file that a link would lead out of the tree.
    """
    missing: list[StarterFile] = []
    kept: list[tuple[str, str]] = []
    for file in files:
        there = next((path for path in spellings(file.path) if tree.exists(path)), None)
        if there is not None:
            kept.append((there, _said_of(tree, there, file)))
        elif tree.real(file.path) is None:
            raise ReconcilerError(
                msg("{path}: a link leads out of the folder", path=file.path), msg("remove the link")
            )
        elif file.unless is not None and _has_manifests(tree, file.unless, files):
            kept.append((f"{file.unless or '.'}/", msg("has manifests already, so no example is added")))
        else:
            missing.append(file)
    return Missing(tuple(missing), tuple(kept))


def write_missing(output: Output, files: Iterable[StarterFile]) -> Iterator[StarterFile]:
    """Write the files and yield each. Raises `ReconcilerError` that names the file, also where
    one has appeared since."""
    for file in files:
        try:
            output.create(file.path, file.text.encode())
        except FileError as error:
            hint = error.hint or msg("mend that and run init again: it goes on with what is missing")
            raise ReconcilerError(msg("{path} {why}", path=file.path, why=error.message), hint) from None
        yield file


def _said_of(tree: Tree, path: str, file: StarterFile) -> str:
    if file.mark:
        try:
            if file.mark not in tree.read(path, MAX_BYTES).decode("utf-8", "replace"):
                return msg("is there already; {hint}", hint=file.add)
        except FileError as error:
            return msg("is there already, and {why}", why=error.message)
    return msg("is there already")


def _has_manifests(tree: Tree, folder: str, files: Iterable[StarterFile]) -> bool:
    others = {path for file in files for path in spellings(file.path)}
    try:
        return not others.issuperset(tree.list(folder, SUFFIXES))
    except Absent:
        return False
    except FileError as error:
        raise ReconcilerError(
            msg("{path} {why}", path=folder or ".", why=error.message),
            error.hint or msg("put a folder in its place"),
        ) from None
