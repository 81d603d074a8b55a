"""Folders of real files, and what `load` says about them."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from reconciler.errors import InputError
from reconciler.manifests.files import WorkTree
from reconciler.manifests.load import Loaded, LoadOptions, load

TODAY = date(2026, 11, 22)
CONTACTS = """\
people:
  ana: {name: Ana Souza, numbers: ["+55 19 90000-0001"]}
  bruno: "+55 19 90000-0002"
  carlos: {numbers: ["+55 19 90000-0006"], left: 2026-11-02}
teams:
  cs: [ana, bruno, carlos]
"""


class Folder:
    """A user's folder. Complaints come as they are printed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, content: str | bytes) -> Path:
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(content.encode() if isinstance(content, str) else content)
        return full

    def load(self, **options: object) -> Loaded:
        tree = WorkTree(self.root, options.pop("cwd", self.root))  # type: ignore[arg-type]
        return load(tree, LoadOptions(**{"config_path": None, "today": TODAY, **options}))  # type: ignore[arg-type]

    def complaints(self, **options: object) -> list[str]:
        """What is wrong, in order; fails when nothing is."""
        with pytest.raises(InputError) as caught:
            self.load(**options)
        return [str(complaint) for complaint in caught.value.complaints]

    def warnings(self, **options: object) -> list[str]:
        """What is doubtful, in order, where nothing is wrong."""
        return [str(complaint) for complaint in self.load(**options).desired.warnings]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An empty folder."""
    return Folder(tmp_path)


@pytest.fixture
def repo(folder: Folder) -> Folder:
    """A folder with contacts and one group that is right."""
    folder.write("contacts.yaml", CONTACTS)
    folder.write("groups/right.yaml", "subject: Right\n")
    return folder


def png(size: tuple[int, int] = (640, 640), colour: str = "#1470a8") -> bytes:
    """A picture with something on it."""
    image = Image.new("RGB", size, colour)
    ImageDraw.Draw(image).ellipse((size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2), fill="white")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def picture() -> Callable[..., bytes]:
    """Draws a PNG."""
    return png
