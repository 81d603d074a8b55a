"""What may be read: regular files below the root, links resolved, nothing else, and without waiting."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.manifests.files import FileError, WorkTree, join
from tests.manifests.conftest import CONTACTS, Folder

CANARY = "canary-3f9c"


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder beyond the root, with a secret that must never be quoted."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "secret.yaml").write_text(f"{CANARY}: {CANARY}\n")
    return folder


def refused(repo: Folder, **options: object) -> list[str]:
    found = repo.complaints(**options)
    assert CANARY not in str(found)
    return found


def test_manifests_are_found_below_the_folder_in_order(folder: Folder) -> None:
    for name in (
        "b.yaml",
        "a/z.yml",
        "a/b/c.YAML",
        ".hidden/x.yaml",
        ".hidden.yaml",
        "notes.txt",
        "a/x.yaml.bak",
    ):
        folder.write(f"groups/{name}", "subject: G\n")

    assert [str(group.location) for group in folder.load().desired.groups] == [
        "groups/b.yaml:1:1",
        "groups/a/b/c.YAML:1:1",
        "groups/a/z.yml:1:1",
    ]


def test_configuration_and_contacts_are_no_manifests(folder: Folder) -> None:
    folder.write("reconciler.yaml", "manifests: .\ncontacts: people.yaml\n")
    folder.write("people.yaml", CONTACTS)
    folder.write("g.yaml", "subject: G\n")

    assert [group.name for group in folder.load().desired.groups] == ["g"]


def test_links_inside_the_root_are_followed_once(repo: Folder) -> None:
    repo.write("shared/one.yaml", "subject: One\n")
    repo.write("shared/deep/two.yaml", "subject: Two\n")
    (repo.root / "groups/all").symlink_to("../shared")
    (repo.root / "groups/again").symlink_to("../shared")
    (repo.root / "groups/loop").symlink_to(".")
    repo.write("others/three.txt", "subject: Three\n")
    (repo.root / "groups/three.yaml").symlink_to("../others/three.txt")

    assert [(group.name, group.location.file) for group in repo.load().desired.groups] == [
        ("one", "groups/again/one.yaml"),
        ("right", "groups/right.yaml"),
        ("three", "groups/three.yaml"),
        ("two", "groups/again/deep/two.yaml"),
    ]


def test_links_out_of_the_root_are_refused(repo: Folder, outside: Path) -> None:
    (repo.root / "groups/file.yaml").symlink_to(outside / "secret.yaml")
    (repo.root / "groups/folder").symlink_to(outside)
    (repo.root / "groups/gone.yaml").symlink_to("nowhere.yaml")
    (repo.root / "groups/itself.yaml").symlink_to("itself.yaml")
    hint = "everything that is read lies below its top folder"

    assert refused(repo) == [
        f"groups/file.yaml:1:1: this file leads out of the repository ({hint})",
        f"groups/folder:1:1: this file leads out of the repository ({hint})",
        "groups/gone.yaml:1:1: this file is a link that leads nowhere "
        "(bring back what it leads to, or delete the link)",
        "groups/itself.yaml:1:1: this file cannot be read: too many levels of symbolic links",
    ]


@pytest.mark.parametrize("name", ["contacts.yaml", "reconciler.yaml", "groups"])
def test_so_are_linked_contacts_configuration_and_folders(folder: Folder, outside: Path, name: str) -> None:
    if name != "groups":
        folder.write("groups/g.yaml", "subject: G\n")
    (folder.root / name).symlink_to(outside if name == "groups" else outside / "secret.yaml")

    (found,) = refused(folder)

    assert found.startswith(f"{name}:1:1: ")
    assert "leads out of the repository" in found


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's path may have about a hundred characters only
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def _folder(path: Path) -> None:
    path.mkdir()


def _device(path: Path) -> None:
    try:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        pytest.skip("only root may make a device")


KINDS = {"a named pipe": _fifo, "a socket": _socket, "a folder": _folder, "a device": _device}


def _mend(kind: str) -> str:
    return " (name a file in it)" if kind == "a folder" else ""


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (name, kind)
        for name in ("contacts.yaml", "reconciler.yaml", "groups/x.yaml")
        for kind in KINDS
        if kind != "a folder" or "/" not in name  # below groups a folder is a folder, whatever its name
    ],
)
def test_what_is_no_regular_file_is_refused_unopened(repo: Folder, name: str, kind: str) -> None:
    (repo.root / name).unlink(missing_ok=True)
    KINDS[kind](repo.root / name)

    subject = "the configuration" if name == "reconciler.yaml" else "this file"
    assert repo.complaints() == [f"{name}:1:1: {subject} is {kind}, not a regular file{_mend(kind)}"]


@pytest.mark.parametrize("kind", KINDS)
def test_so_it_is_as_an_icon(repo: Folder, kind: str) -> None:
    KINDS[kind](repo.root / "groups/icon")
    repo.write("groups/g.yaml", "subject: G\nicon: icon\n")

    assert repo.complaints() == [f"groups/g.yaml:2:7: `icon` is {kind}, not a regular file{_mend(kind)}"]


OUTSIDE = "leads out of the repository (everything that is read lies below its top folder)"
ABSOLUTE = "is an absolute path (paths are relative to the file that names them)"
ICONS = {
    "../../secret.yaml": OUTSIDE,
    "a/../../../x": OUTSIDE,
    "/etc/passwd": ABSOLUTE,
    "~/x.png": ABSOLUTE,
    r"C:\x.png": ABSOLUTE,
    "../assets/link": OUTSIDE,
    "../assets/folder/secret.yaml": OUTSIDE,
    "missing.png": "does not exist",
    "right.yaml/x.png": "cannot be read: not a directory",
    "x" * 300: "cannot be read: file name too long",
    ".": "is a folder, not a regular file (name a file in it)",
}


@pytest.mark.parametrize("written", ICONS)
def test_icons_lie_below_the_root(repo: Folder, outside: Path, written: str) -> None:
    repo.write("assets/a.txt", "")
    (repo.root / "assets/link").symlink_to(outside / "secret.yaml")
    (repo.root / "assets/folder").symlink_to(outside)
    repo.write("groups/g.yaml", f"subject: G\nicon: {written}\n")
    shown = written if len(written) <= 40 else f"{written[:39]}…"

    assert refused(repo) == [f"groups/g.yaml:2:7: `{shown}` {ICONS[written]}"]


def test_paths_may_climb_inside_the_root(repo: Folder, picture: Callable[..., bytes]) -> None:
    repo.write("assets/a.png", picture())
    repo.write("groups/sub/g.yaml", "subject: G\nicon: ../../assets/./a.png\n")

    (group,) = (group for group in repo.load().desired.groups if group.name == "g")

    assert group.icon is not None
    assert group.icon.picture is not None
    assert group.icon.picture.path == "assets/a.png"


def test_paths_are_shown_as_the_user_would_type_them(folder: Folder) -> None:
    folder.write(".git/config", "")
    folder.write("brazil/contacts.yaml", "people: {ana: x}\n")
    folder.write("brazil/groups/g.yaml", "admin: x\nsubject: G\n")
    folder.write("shared/reconciler.yaml", "acount: x\n")

    assert folder.complaints(cwd=folder.root / "brazil") == [
        "contacts.yaml:1:15: `x`: not a phone number "
        "(write it as +55 19 90000-0001: digits, spaces, hyphens, parentheses)",
        "groups/g.yaml:1:1: `admin` is not a key: did you mean `admins`?",
    ]
    found = folder.complaints(cwd=folder.root / "brazil", config_path="../shared/reconciler.yaml")
    assert [line.split(": ")[0] for line in found] == [
        *("../shared/groups:1:1", "../shared/reconciler.yaml:1:1")
    ]


def test_the_configuration_may_be_named_absolutely(
    repo: Folder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = repo.write("ci/config.yaml", "account: 5519911112222\nmanifests: ../groups\n")
    link = tmp_path_factory.mktemp("elsewhere") / "link"
    link.symlink_to(repo.root)

    for named in (path, link / "ci/config.yaml"):
        assert repo.load(config_path=str(named)).settings.manifests == "groups"
    assert "leads out" in repo.complaints(config_path="/etc/hostname")[0]


def test_hostile_file_names_are_shown_harmlessly(repo: Folder) -> None:
    repo.write("groups/a\x1b[31m\n::error::x.yaml", "subject: [\n")
    os.close(os.open(os.fsencode(repo.root) + b"/groups/\xff.yaml", os.O_CREAT | os.O_WRONLY))

    found = repo.complaints()

    assert found[0].startswith("groups/\\udcff.yaml:1:1: ")
    assert found[1].startswith("groups/a\\x1b[31m\\n::error::x.yaml:2:1: ")
    assert all(line.isprintable() for line in found)


@pytest.mark.parametrize("path", ["a\0b", "a\nb", "\u202ea"])
def test_paths_with_odd_characters_are_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="holds a character"):
        join("groups", path)
    with pytest.raises(FileError, match="holds a character"):
        WorkTree(tmp_path, tmp_path).typed(path)


def test_the_root_of_everything_is_a_root_too() -> None:
    tree = WorkTree(Path("/"), Path("/"))
    assert tree.real("etc/hostname") == "etc/hostname"
    assert tree.read("proc/self/status", 100_000).startswith(b"Name:")


def test_a_file_that_grows_while_it_is_read_is_read_to_its_limit() -> None:
    """Files of /proc say that they are empty; they are as good as one that grew after it was looked at."""
    tree = WorkTree(Path("/"), Path("/"))
    with pytest.raises(FileError, match="longer than"):
        tree.read("proc/self/status", 10)


def test_a_state_that_the_configuration_names_stays_below_the_root(repo: Folder, outside: Path) -> None:
    repo.write("reconciler.yaml", "state: file:linked/state.json\n")
    assert repo.load().settings.state == "file:linked/state.json"

    (repo.root / "linked").symlink_to(outside)
    assert refused(repo) == [
        "reconciler.yaml:1:8: `file:linked/state.json` leads out of the repository "
        "(a state elsewhere is named by RECONCILER_STATE)"
    ]
