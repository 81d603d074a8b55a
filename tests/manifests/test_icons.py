"""Icons that manifests, kinds and defaults name: checked once, complained of where they are named."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from reconciler import pictures
from reconciler.errors import PictureError
from reconciler.manifests.files import WorkTree
from reconciler.manifests.icons import ManifestIconFiles
from reconciler.model.desired import DesiredGroup, Icon
from tests.manifests.conftest import Folder


def group(repo: Folder, name: str = "g") -> DesiredGroup:
    return next(group for group in repo.load().desired.groups if group.name == name)


def test_an_icon_is_described(repo: Folder, picture: Callable[..., bytes]) -> None:
    data = picture((640, 640))
    repo.write("groups/sub/icons/a.jpeg", data)  # whatever the name says
    repo.write("groups/sub/g.yaml", "subject: G\nicon: icons/a.jpeg\n")

    icon = group(repo).icon

    assert icon is not None
    assert icon.picture == Icon(
        path="groups/sub/icons/a.jpeg",
        sha256=hashlib.sha256(data).hexdigest(),
        mime="image/png",
        width=640,
        height=640,
        size=len(data),
    )


def test_null_means_no_icon_and_nothing_means_not_managed(repo: Folder) -> None:
    repo.write("groups/g.yaml", "subject: G\nicon: null\n")

    icon = group(repo).icon

    assert icon is not None
    assert icon.picture is None
    assert group(repo, "right").icon is None


def test_kinds_and_defaults_name_icons_relative_to_their_own_file(
    repo: Folder, picture: Callable[..., bytes]
) -> None:
    repo.write("icons/default.png", picture(colour="red"))
    repo.write("icons/kind.png", picture(colour="blue"))
    repo.write("reconciler.yaml", "defaults: {icon: icons/default.png}\nkinds: {k: {icon: icons/kind.png}}\n")
    repo.write("groups/deep/g.yaml", "subject: G\nkind: k\n")
    repo.write("groups/deep/h.yaml", "subject: H\nkind: k\nunmanaged: [icon]\n")
    repo.write("groups/deep/i.yaml", "subject: I\nkind: k\nicon: null\n")

    def path(name: str) -> str | None:
        icon = group(repo, name).icon
        return icon.picture.path if icon is not None and icon.picture is not None else None

    assert (path("g"), path("right")) == ("icons/kind.png", "icons/default.png")
    assert group(repo, "h").icon is None
    assert path("i") is None
    assert group(repo, "i").icon is not None


def test_each_file_is_opened_once(
    repo: Folder, picture: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write("groups/a.png", picture())
    for name in "ghij":
        repo.write(f"groups/{name}.yaml", f"subject: {name}\nicon: ./a.png\n")
    opened: list[str] = []
    real = pictures.open_picture

    def counting(data: bytes, path: str, *known: Container[str]) -> Icon:
        opened.append(path)
        return real(data, path, *known)

    monkeypatch.setattr(pictures, "open_picture", counting)

    repo.load()

    assert opened == ["groups/a.png"]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the pictures that Pillow was given to decode."""
    sizes: list[int] = []
    real = Image.open

    def counting(file: io.BytesIO, **options: Any) -> Image.Image:
        sizes.append(len(file.getvalue()))
        return real(file, **options)

    monkeypatch.setattr(Image, "open", counting)
    return sizes


def test_equal_pictures_are_decoded_once_and_those_applied_before_never(
    repo: Folder, picture: Callable[..., bytes], decoded: list[int]
) -> None:
    data = picture()
    for name in "gh":
        repo.write(f"groups/{name}.png", data)
        repo.write(f"groups/{name}.yaml", f"subject: {name}\nicon: ./{name}.png\n")

    first = repo.load()
    assert decoded == [len(data)]
    again = repo.load(applied_icons=lambda _: frozenset({pictures.sha256(data)}))
    assert decoded == [len(data)]

    assert [group.icon for group in again.desired.groups] == [group.icon for group in first.desired.groups]


def test_a_picture_applied_before_is_still_refused_for_what_its_structure_says(
    repo: Folder, picture: Callable[..., bytes]
) -> None:
    data = picture() + b"<?php"
    repo.write("groups/g.png", data)
    repo.write("groups/g.yaml", "subject: g\nicon: g.png\n")
    (complaint,) = repo.complaints(applied_icons=lambda _: frozenset({pictures.sha256(data)}))
    assert "follows the picture" in complaint


def test_a_bad_icon_is_named_where_it_is_named(repo: Folder, picture: Callable[..., bytes]) -> None:
    repo.write("groups/cut.png", picture()[:-20])
    repo.write("groups/text.png", "no picture")
    repo.write("reconciler.yaml", "kinds: {k: {icon: groups/text.png}}\n")
    for name in "gh":
        repo.write(f"groups/{name}.yaml", f"subject: {name}\nicon: cut.png\n")
    for name in "ij":
        repo.write(f"groups/{name}.yaml", f"subject: {name}\nkind: k\n")
    again = "open it in an image editor and export it as PNG or JPEG"

    assert repo.complaints() == [
        f"groups/g.yaml:2:7: `cut.png`: the picture is cut short or damaged ({again})",
        f"groups/h.yaml:2:7: `cut.png`: the picture is cut short or damaged ({again})",
        f"reconciler.yaml:1:19: `groups/text.png`: the picture is neither JPEG nor PNG ({again})",
    ]


def test_what_is_not_advisable_is_a_warning(repo: Folder, picture: Callable[..., bytes]) -> None:
    repo.write("groups/wide.png", picture((300, 100)))
    repo.write("groups/g.yaml", "subject: G\nicon: wide.png\n")
    repo.write("groups/h.yaml", "subject: H\nicon: wide.png\n")

    assert [str(warning) for warning in repo.load().desired.warnings] == [
        "groups/g.yaml:2:7: warning: `wide.png` is 300×100 pixels; use 192 or more a side, 640 is best",
        "groups/g.yaml:2:7: warning: `wide.png` is not square (300×100); "
        "WhatsApp shows a circle cut out of a square",
    ]


def test_a_sparse_file_of_two_gigabytes_is_refused_unread(repo: Folder) -> None:
    with repo.write("groups/big.png", "").open("wb") as file:
        file.truncate(2 * 1024**3)
    repo.write("groups/g.yaml", "subject: G\nicon: big.png\n")

    assert repo.complaints() == [
        "groups/g.yaml:2:7: `big.png` is longer than 5 MB: it has 2147.5 MB (640×640 pixels are enough)"
    ]


@pytest.mark.parametrize(
    ("size", "told"), [(5_000_001, "5.1 MB"), (6_000_000, "6 MB"), (123_456_789, "123.5 MB")]
)
def test_what_is_too_large_is_told_with_its_size(repo: Folder, size: int, told: str) -> None:
    repo.write("groups/big.png", b"\x89PNG\r\n\x1a\n".ljust(size, b"x"))
    repo.write("groups/g.yaml", "subject: G\nicon: big.png\n")

    assert repo.complaints() == [
        f"groups/g.yaml:2:7: `big.png` is longer than 5 MB: it has {told} (640×640 pixels are enough)"
    ]


RELATIVE = "paths are relative to the file that names them: "
CASE = " Upper and lower case, `/` and `\\` are told apart"
ACCENTS = "a file has this name, its accents written in another way (NFC, NFD): name the file anew"
MEANT = {
    "from the root": ("groups/icons/a.png", "groups/icons/a.png", f"{RELATIVE}did you mean `icons/a.png`?"),
    "from the root, above": ("assets/a.png", "assets/a.png", f"{RELATIVE}did you mean `../assets/a.png`?"),
    "upper case": ("groups/logo.png", "Logo.PNG", f"did you mean `logo.png`?{CASE}"),
    "upper case of a folder": ("groups/icons/a.png", "Icons/a.png", f"did you mean `icons/a.png`?{CASE}"),
    "lower case": ("groups/Ícone.PNG", "ícone.png", f"did you mean `Ícone.PNG`?{CASE}"),
    "of Windows": ("groups/icons/a.png", r"icons\a.png", f"did you mean `icons/a.png`?{CASE}"),
    "NFC for NFD": ("groups/i\u0301cone.png", "\u00edcone.png", ACCENTS),
    "NFD for NFC": ("groups/icons/caf\u00e9.png", "icons/cafe\u0301.png", ACCENTS),
    "NFC in a folder": ("groups/i\u0301cones/a.png", "\u00edcones/a.png", ACCENTS),
    "in a folder": ("groups/icons/a.png", "a.png", "did you mean `icons/a.png`?"),
    "in another folder": ("groups/icons/br/a.png", "icons/a.png", "did you mean `icons/br/a.png`?"),
    "misspelled": ("groups/icons/support.png", "icons/suport.png", "did you mean `icons/support.png`?"),
    "another ending": ("groups/icons/support.jpg", "icons/support.jpeg", "did you mean `icons/support.jpg`?"),
}


@pytest.mark.parametrize("case", MEANT)
def test_what_was_probably_meant_is_said(repo: Folder, picture: Callable[..., bytes], case: str) -> None:
    there, written, hint = MEANT[case]
    repo.write(there, picture())
    repo.write("groups/g.yaml", f"subject: G\nicon: '{written}'\n")

    assert repo.complaints() == [f"groups/g.yaml:2:7: `{written}` does not exist ({hint})"]


def test_so_it_is_for_who_stands_in_a_folder_and_for_kinds(
    repo: Folder, picture: Callable[..., bytes]
) -> None:
    repo.write("team/groups/icons/a.png", picture())
    repo.write("team/reconciler.yaml", "kinds: {k: {icon: icons/a.png}}\n")
    repo.write("team/groups/g.yaml", "subject: G\nicon: groups/icons/a.png\n")
    repo.write("team/groups/h.yaml", "subject: H\nicon: team/groups/icons/a.png\n")

    hint = f"{RELATIVE}did you mean `icons/a.png`?"
    assert repo.complaints(cwd=repo.root / "team") == [
        f"groups/g.yaml:2:7: `groups/icons/a.png` does not exist ({hint})",
        f"groups/h.yaml:2:7: `team/groups/icons/a.png` does not exist ({hint})",
        "reconciler.yaml:1:19: `icons/a.png` does not exist (did you mean `groups/icons/a.png`?)",
    ]


def test_nothing_outside_is_told_of(repo: Folder, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "Secret.png").write_bytes(b"x")
    (repo.root / "assets").mkdir()
    (repo.root / "assets/folder").symlink_to(outside)
    repo.write("groups/g.yaml", "subject: G\nicon: assets/folder/Secret.png\n")
    repo.write("groups/h.yaml", "subject: H\nicon: ../assets/secret.png\n")

    assert repo.complaints() == [
        "groups/g.yaml:2:7: `assets/folder/Secret.png` does not exist",
        "groups/h.yaml:2:7: `../assets/secret.png` does not exist",
    ]


def test_a_hostile_name_is_told_harmlessly(repo: Folder, picture: Callable[..., bytes]) -> None:
    repo.write("groups/a\x1b[31m\n::error::x.png", picture())
    repo.write("groups/g.yaml", "subject: G\nicon: 'a[31m ::error::x.png'\n")

    (found,) = repo.complaints()

    assert "did you mean `a\\x1b[31m\\n::error::x.png`?" in found
    assert found.isprintable()


def test_guesses_come_to_an_end(repo: Folder, picture: Callable[..., bytes]) -> None:
    repo.write("groups/icons/a.png", picture())
    for index in range(130):
        repo.write(f"groups/g{index}.yaml", f"subject: G{index}\nicon: a.png\n")

    assert sum("did you mean" in line for line in repo.complaints()) == 100


@pytest.mark.parametrize(
    "written",
    [
        "https://example.com/logo.png",
        "http://example.com/a.jpg",
        "file:///tmp/a.png",
        "data:image/png;base64,x",
    ],
)
def test_an_address_is_no_file(repo: Folder, written: str) -> None:
    repo.write("groups/g.yaml", f"subject: G\nicon: {written}\n")

    assert repo.complaints() == [
        f"groups/g.yaml:2:7: `{written}` is an address, not a file "
        "(save the picture in this repository, and write its path)"
    ]


def test_without_looking_at_icons_none_is_read(repo: Folder) -> None:
    repo.write("groups/g.yaml", "subject: G\nicon: missing.png\n")
    repo.write("groups/h.yaml", "subject: H\nicon: null\n")

    found = {group.name: group.icon for group in repo.load(check_icons=False).desired.groups}

    assert found["g"] is None
    assert found["h"] is not None


def test_the_bytes_that_were_checked_are_the_bytes_that_are_sent(
    repo: Folder, picture: Callable[..., bytes]
) -> None:
    data = picture()
    path = repo.write("groups/a.png", data)
    repo.write("groups/g.yaml", "subject: G\nicon: a.png\n")
    icon = group(repo).icon
    assert icon is not None
    assert icon.picture is not None
    files = ManifestIconFiles(WorkTree(repo.root, repo.root))

    assert files.read(icon.picture) == data

    path.write_bytes(picture(colour="red"))
    with pytest.raises(PictureError, match=r"groups/a\.png has changed since it was checked"):
        files.read(icon.picture)
    path.unlink()
    with pytest.raises(PictureError, match=r"groups/a\.png does not exist"):
        files.read(icon.picture)
    path.symlink_to("/etc/hostname")
    with pytest.raises(PictureError, match=r"groups/a\.png leads out of the repository"):
        files.read(icon.picture)


def test_pillow_is_loaded_only_where_there_is_an_icon(repo: Folder, picture: Callable[..., bytes]) -> None:
    script = (
        "import sys, datetime, pathlib\n"
        "from reconciler.manifests.files import WorkTree\n"
        "from reconciler.manifests.load import LoadOptions, load\n"
        "here = pathlib.Path('.')\n"
        "load(WorkTree(here, here), LoadOptions(config_path=None, today=datetime.date(2026, 1, 1)))\n"
        "print('PIL' in sys.modules)\n"
    )

    def loaded() -> str:
        environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, "-c", script]
        run = subprocess.run(
            command, cwd=repo.root, env=environment, capture_output=True, text=True, check=True
        )
        return run.stdout.strip()

    repo.write("groups/g.yaml", "subject: G\nicon: null\n")
    assert loaded() == "False"

    repo.write("groups/a.png", picture())
    repo.write("groups/g.yaml", "subject: G\nicon: a.png\n")
    assert loaded() == "True"
