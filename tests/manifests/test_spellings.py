"""`.yaml` and `.yml` name the same file, wherever configuration and contacts are named; never two of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.manifests.accept import Overlay
from reconciler.manifests.files import WorkTree
from reconciler.manifests.gitobjects import Objects
from reconciler.manifests.gittree import GitTree
from reconciler.manifests.load import Loaded, LoadOptions, load
from tests import gitrepo
from tests.manifests.conftest import CONTACTS, TODAY, Folder

CONFIG = 'account: "+55 19 91111-2222"\nguards: {demote_count: 7}\n'
TWO = "stands beside `{}`, and only one of them can hold (put into one what both say, and delete the other)"


@pytest.fixture
def short(folder: Folder) -> Folder:
    """A folder whose files end in `.yml`."""
    folder.write("reconciler.yml", CONFIG)
    folder.write("contacts.yml", CONTACTS)
    folder.write("groups/a.yml", "subject: A\nadmins: [ana]\n")
    return folder


def assert_read(found: Loaded, folder: str = "") -> None:
    assert found.settings.account == ("5519911112222",)
    assert found.settings.guards.demote_count == 7
    assert found.settings.contacts == f"{folder}contacts.yml"
    assert [group.name for group in found.desired.groups] == ["a"]
    assert {person.alias for person in found.desired.people} == {"ana", "bruno", "carlos"}


def test_the_short_spelling_is_read(short: Folder) -> None:
    assert_read(short.load())


def test_a_mistake_in_it_is_named_at_its_place(short: Folder) -> None:
    short.write("reconciler.yml", CONFIG + "acount: x\n")
    assert short.complaints()[0].startswith("reconciler.yml:3:1: ")
    short.write("reconciler.yml", CONFIG)
    short.write("contacts.yml", CONTACTS + "  cs: [ana]\n")
    assert short.complaints()[0].startswith("contacts.yml:7:3: ")


def test_among_the_manifests_they_are_no_manifests(short: Folder) -> None:
    short.write("reconciler.yml", CONFIG + "manifests: .\n")
    assert_read(short.load())


@pytest.mark.parametrize("name", ["reconciler", "contacts"])
def test_both_beside_each_other_are_a_mistake(short: Folder, name: str) -> None:
    short.write(f"{name}.yaml", (short.root / f"{name}.yml").read_text())
    what = "the configuration" if name == "reconciler" else "this file"
    assert short.complaints() == [f"{name}.yaml:1:1: {what} {TWO.format(f'{name}.yml')}"]


def test_both_are_one_mistake_each_also_among_the_manifests(short: Folder) -> None:
    short.write("reconciler.yml", CONFIG + "manifests: .\n")
    short.write("contacts.yaml", CONTACTS)
    assert short.complaints() == [f"contacts.yaml:1:1: this file {TWO.format('contacts.yml')}"]


def test_a_link_that_leads_nowhere_is_one_of_two(short: Folder) -> None:
    (short.root / "contacts.yaml").symlink_to("nowhere")
    assert short.complaints() == [f"contacts.yaml:1:1: this file {TWO.format('contacts.yml')}"]


def test_a_configuration_that_is_named(short: Folder) -> None:
    for file in ("reconciler.yml", "contacts.yml"):
        short.write(f"conf/{file}", (short.root / file).read_text())
    short.write("conf/groups/a.yaml", "subject: A\n")
    assert_read(short.load(config_path="conf/reconciler.yml"), "conf/")
    assert short.complaints(config_path="conf/reconciler.yaml")[0] == (
        "conf/reconciler.yaml:1:1: the configuration does not exist (did you mean `conf/reconciler.yml`?)"
    )
    short.write("conf/reconciler.yaml", CONFIG)
    for name, other in (("yml", "yaml"), ("yaml", "yml")):
        assert short.complaints(config_path=f"conf/reconciler.{name}")[0] == (
            f"conf/reconciler.{name}:1:1: the configuration {TWO.format(f'reconciler.{other}')}"
        )


def test_contacts_that_are_named(short: Folder) -> None:
    (short.root / "contacts.yml").rename(short.root / "people.yml")
    short.write("reconciler.yml", CONFIG + "contacts: people.yaml\n")
    assert short.complaints() == [
        "reconciler.yml:3:11: `people.yaml` does not exist (did you mean `people.yml`?)"
    ]
    short.write("people.yaml", CONTACTS)
    assert short.complaints() == [f"people.yaml:1:1: this file {TWO.format('people.yml')}"]
    (short.root / "people.yml").unlink()
    assert short.load().settings.contacts == "people.yaml"


def test_an_account_s_own_contacts(short: Folder) -> None:
    short.write("reconciler.yml", "accounts:\n  sales: {contacts: people/sales.yml}\n  support: {}\n")
    short.write("people/sales.yml", 'people: {ana: "+55 19 90000-0077"}\n')
    (short.root / "groups/a.yml").unlink()
    for name in ("sales", "support"):
        short.write(f"groups/{name}/g.yml", "subject: G\nadmins: [ana]\n")
    numbers = {
        name: short.load(only=name).desired.groups[0].admins[0].numbers  # type: ignore[index]
        for name in ("sales", "support")
    }
    assert numbers == {"sales": ("5519900000077",), "support": ("5519900000001",)}
    short.write("people/sales.yaml", "people: {}\n")
    assert short.complaints(only="sales") == [f"people/sales.yml:1:1: this file {TWO.format('sales.yaml')}"]
    assert short.load(only="support").settings.contacts == "contacts.yml"
    (short.root / "people/sales.yml").unlink()
    assert short.complaints(only="sales")[0] == (
        "reconciler.yml:2:21: `people/sales.yml` does not exist (did you mean `people/sales.yaml`?)"
    )


def test_an_account_s_contacts_lie_where_they_like(folder: Folder) -> None:
    folder.write("reconciler.yaml", "accounts:\n  a: {contacts: groups/a-people.yaml}\n  b: {}\n")
    folder.write("groups/a-people.yaml", CONTACTS)
    for name in ("a", "b"):
        folder.write(f"groups/{name}/g.yaml", "subject: G\n")
        assert len(folder.load(only=name).desired.groups) == 1


def test_files_of_a_commit(short: Folder) -> None:
    gitrepo.start(short.root)
    first = gitrepo.commit(short.root)
    short.write("contacts.yaml", CONTACTS)
    second = gitrepo.commit(short.root)
    work = WorkTree(short.root, short.root)
    with Objects(short.root) as objects:
        for path in (None, "reconciler.yml"):
            assert_read(load(GitTree(objects, first, work), LoadOptions(config_path=path, today=TODAY)))
        with pytest.raises(Exception, match="1 mistake"):
            load(GitTree(objects, second, work), LoadOptions(config_path=None, today=TODAY))


def test_files_as_they_would_be(short: Folder) -> None:
    overlay = Overlay(WorkTree(short.root, short.root))
    assert_read(load(overlay, LoadOptions(config_path=None, today=TODAY)))
    overlay.files["contacts.yaml"] = b"people: {}\n"
    with pytest.raises(Exception, match="1 mistake"):
        load(overlay, LoadOptions(config_path=None, today=TODAY))


def test_from_a_folder_below(short: Folder) -> None:
    top = Folder(short.root)
    for file in ("reconciler.yml", "contacts.yml", "groups/a.yml"):
        top.write(f"sub/{file}", (short.root / file).read_text())
    assert_read(top.load(cwd=Path(short.root / "sub")), "sub/")
