"""What the files say together: kinds, defaults, people, teams, leavers, settings."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from reconciler.manifests.files import WorkTree
from reconciler.manifests.load import LoadOptions, load
from reconciler.model.desired import DesiredGroup, Person
from reconciler.model.group import Ensure, Hold
from reconciler.model.settings import (
    Allowance,
    ApiSettings,
    GuardSettings,
    InviteSettings,
    Settings,
)
from tests.manifests.conftest import Folder

ROOT = Path(__file__).parents[2]


def groups(folder: Folder, **options: object) -> dict[str, DesiredGroup]:
    return {group.name: group for group in folder.load(**options).desired.groups}


def refs(people: tuple[Person, ...] | None) -> list[str] | None:
    return None if people is None else [person.ref for person in people]


def test_the_repositorys_own_examples_are_right() -> None:
    loaded = load(WorkTree(ROOT, ROOT), LoadOptions(config_path=None, today=date(2026, 11, 22)))

    assert loaded.desired.warnings == ()
    assert len(loaded.desired.groups) == 5
    assert len(loaded.manifests) == 5
    icons = [group.icon for group in loaded.desired.groups]
    assert sum(icon is not None and icon.picture is not None for icon in icons) == 4
    assert refs(loaded.desired.leavers) == ["carlos"]


def test_everything_that_a_manifest_can_say(repo: Folder, picture: Callable[..., bytes]) -> None:
    repo.write("reconciler.yaml", "kinds: {cliente: {}}\n")
    repo.write("groups/icons/a.png", picture())
    repo.write(
        "groups/g.yaml",
        "name: suporte\n"
        "subject: Suporte\n"
        "icon: icons/a.png\n"
        "admins: [ana, +55 19 90000-0009]\n"
        "members: [bruno]\n"
        "prune_members: true\n"
        "link_version: 2\n"
        "previously: [Antigo]\n"
        "id: 5519911112222-1513616971\n"
        "kind: cliente\n"
        "unmanaged: []\n"
        "ensure: closed\n"
        "hold: {reason: campaign, until: 2026-12-01}\n",
    )

    group = groups(repo)["suporte"]

    assert str(group.location) == "groups/g.yaml:1:1"
    assert group.subject == "Suporte"
    assert group.icon is not None
    assert group.admins == (
        Person(("5519900000001",), "ana", "Ana Souza"),
        Person(("5519900000009",)),
    )
    assert group.members == (Person(("5519900000002",), "bruno"),)
    assert group.prune_members
    assert group.link_version == 2
    assert group.previously == ("Antigo",)
    assert group.id == "5519911112222-1513616971"
    assert group.kind == "cliente"
    assert group.ensure is Ensure.CLOSED
    assert group.hold == Hold("campaign", date(2026, 12, 1))


def test_what_nobody_says_is_not_managed(repo: Folder) -> None:
    right = groups(repo)["right"]

    assert right == DesiredGroup(name="right", location=right.location, subject="Right")


def test_a_subject_may_be_left_out_beside_an_id(repo: Folder) -> None:
    repo.write("groups/g.yaml", "id: 120363000000000001\n")
    assert groups(repo)["g"].subject is None


def test_a_value_replaces_the_kinds_and_that_one_the_defaults_each_whole(repo: Folder) -> None:
    repo.write(
        "reconciler.yaml",
        "defaults: {admins: [ana], members: [ana, bruno], prune_members: true}\n"
        "kinds:\n"
        "  client: {admins: [bruno], prune_members: false}\n"
        "  open: {members: []}\n",
    )
    repo.write("groups/a.yaml", "subject: A\n")
    repo.write("groups/b.yaml", "subject: B\nkind: client\n")
    repo.write(
        "groups/c.yaml", "subject: C\nkind: client\nadmins: [+55 19 90000-0009]\nprune_members: true\n"
    )
    repo.write("groups/d.yaml", "subject: D\nkind: open\nadmins: []\n")
    repo.write("groups/e.yaml", "subject: E\nkind: client\nunmanaged: [admins, members]\n")
    repo.write("groups/f.yaml", "subject: F\nunmanaged: [prune_members]\n")

    found = {
        name: (refs(group.admins), refs(group.members), group.prune_members)
        for name, group in groups(repo).items()
        if name != "right"
    }

    assert found == {
        "a": (["ana"], ["ana", "bruno"], True),
        "b": (["bruno"], ["ana", "bruno"], False),
        "c": (["5519900000009"], ["ana", "bruno"], True),
        "d": ([], [], True),
        "e": (None, None, False),
        "f": (["ana"], ["ana", "bruno"], False),
    }


def test_teams_and_numbers_become_people_each_once(repo: Folder) -> None:
    repo.write(
        "groups/g.yaml",
        "subject: G\nadmins: [bruno, cs, ana, +55 19 90000-0001, '5519900000009', +55 (19) 900000009]\n",
    )

    people = groups(repo)["g"].admins

    assert refs(people) == ["bruno", "ana", "5519900000009"]  # carlos has left


def test_a_number_is_whose_it_is_with_and_without_the_ninth_digit(folder: Folder) -> None:
    folder.write("contacts.yaml", "people: {ana: +55 19 98888-0001}\n")
    folder.write(
        "groups/g.yaml",
        "subject: G\nadmins: [+55 19 8888-0001]\nmembers: [+55 11 97777-0002, +55 11 7777-0002]\n",
    )

    group = groups(folder)["g"]

    assert refs(group.admins) == ["ana"]
    assert refs(group.members) == ["5511977770002"]


def test_people_leave_on_the_day_that_is_named(folder: Folder) -> None:
    folder.write(
        "contacts.yaml",
        "people: {ana: {numbers: [5519900000001], left: 2026-11-22}}\nteams: {cs: [ana]}\n",
    )
    folder.write("groups/g.yaml", "subject: G\nadmins: [cs]\n")
    before, on = date(2026, 11, 21), date(2026, 11, 22)

    assert refs(groups(folder, today=before)["g"].admins) == ["ana"]
    assert folder.load(today=before).desired.leavers == ()
    assert refs(groups(folder, today=on)["g"].admins) == []
    assert refs(folder.load(today=on).desired.leavers) == ["ana"]

    folder.write("groups/g.yaml", "subject: G\nadmins: [ana]\n")
    assert refs(groups(folder, today=before)["g"].admins) == ["ana"]
    assert len(folder.complaints(today=on)) == 1


def test_the_first_number_is_wanted(folder: Folder) -> None:
    folder.write(
        "contacts.yaml",
        "people: {dora: {numbers: [+55 11 98888-0003, +55 11 8888-0003, +55 19 98888-0004]}}\n",
    )
    folder.write("groups/g.yaml", "subject: G\nadmins: [+55 19 98888-0004]\n")

    (dora,) = groups(folder)["g"].admins or ()

    assert dora.numbers == ("5511988880003", "5519988880004")
    assert dora.alias == "dora"
    assert str(dora.location) == "contacts.yaml:1:10"


def test_contacts_may_be_missing_or_empty(folder: Folder) -> None:
    folder.write("groups/g.yaml", "subject: G\n")
    assert folder.load().settings.contacts is None

    folder.write("contacts.yaml", "# nobody yet\n")
    assert folder.load().desired.people == ()
    folder.write("contacts.yaml", "people: {}\nteams: {}\n")
    assert folder.load().settings.contacts == "contacts.yaml"


def test_without_a_configuration_everything_has_its_default(repo: Folder) -> None:
    settings = repo.load().settings

    assert settings == Settings(contacts="contacts.yaml")


def test_everything_that_the_configuration_can_say(folder: Folder) -> None:
    folder.write("people/all.yaml", "people: {}\n")
    folder.write("wa/g.yaml", "subject: Comunidade do Café e amigos\n")
    folder.write(
        "reconciler.yaml",
        "account: ['+55 19 91111-2222', 5519911113333]\n"
        "api: {timeout: 2.5, concurrency: 64, write_concurrency: 2, rate: 1, retries: 0, "
        "subject_limit: 100}\n"
        "manifests: ./wa/\n"
        "contacts: people/all.yaml\n"
        "state: git:origin/reconciler-state\n"
        "defaults: {}\n"
        "kinds: {}\n"
        "allow: [{code: demote-many, max: 41, until: 2026-11-28, reason: new team}, {code: older-commit}]\n"
        "guards: {demote_share: 0.5, demote_count: 1, remove_share: 0, remove_count: 2, leave_count: 3, "
        "create_count: 4}\n"
        "invites: {resend_after: 12h, max_sends: 1, per_person: 2, budget: 5, text: 'Oi {link}', "
        "template: null}\n",
    )

    loaded = folder.load()

    assert loaded.settings == Settings(
        account=("5519911112222", "5519911113333"),
        api=ApiSettings(
            timeout=2.5, concurrency=64, write_concurrency=2, rate=1.0, retries=0, subject_limit=100
        ),
        manifests="wa",
        contacts="people/all.yaml",
        state="git:origin/reconciler-state",
        guards=GuardSettings(
            demote_share=0.5, demote_count=1, remove_share=0.0, remove_count=2, leave_count=3, create_count=4
        ),
        allow=(
            Allowance(code="demote-many", max=41, until=date(2026, 11, 28), reason="new team"),
            Allowance(code="older-commit"),
        ),
        invites=InviteSettings(
            resend_after=43200.0, max_sends=1, per_person=2, budget=5, text="Oi {link}", template=None
        ),
    )
    assert [str(allowance.location) for allowance in loaded.settings.allow] == [
        *("reconciler.yaml:8:9", "reconciler.yaml:8:76")
    ]


@pytest.mark.parametrize(
    ("written", "state"),
    [
        ("none", "none"),
        ("file:.reconciler/state.json", "file:ci/.reconciler/state.json"),
        ("file:../state.json", "file:state.json"),
        ("'git:'", "git:"),
        ("git:origin/main", "git:origin/main"),
        ("git:origin/deep/er_1.2", "git:origin/deep/er_1.2"),
    ],
)
def test_the_paths_of_a_configuration_begin_in_its_folder(folder: Folder, written: str, state: str) -> None:
    folder.write("ci/reconciler.yaml", f"state: {written}\n")
    folder.write("ci/groups/g.yaml", "subject: G\n")
    folder.write("ci/contacts.yaml", "people: {}\n")

    settings = folder.load(config_path="ci/reconciler.yaml").settings

    assert (settings.manifests, settings.contacts, settings.state) == ("ci/groups", "ci/contacts.yaml", state)


NO_BRANCHES = ["", "x.lock", ".x", "x.", "a//b", "a b", "x~1", "@{u}", "a\\b", "a..b", "-x", "x:y", "/x"]


@pytest.mark.parametrize(
    "state",
    [
        *("", "file:", "file", "None", "none:", "s3:x", "git", "git:origin", "git:/x", "git:-x/y"),
        *(f"git:origin/{branch}" for branch in NO_BRANCHES),
    ],
)
def test_other_places_for_the_state_are_refused(repo: Folder, state: str) -> None:
    repo.write("reconciler.yaml", f"state: '{state}'\n")
    (found,) = repo.complaints()
    assert found.startswith("reconciler.yaml:1:8: ")


def test_an_account_from_elsewhere_stands_in_for_the_configured_one(repo: Folder) -> None:
    repo.write("reconciler.yaml", "account: 5519911112222\n")

    assert repo.load().settings.account == ("5519911112222",)
    assert repo.load(account=("5519911113333",)).settings.account == ("5519911113333",)


def test_manifests_are_given_as_they_were_written(repo: Folder) -> None:
    repo.write("groups/g.yaml", "subject: ' G '\nadmins:\n  - cs\n  - ana\n")

    manifest = repo.load().manifests[0]

    assert (manifest.name, manifest.subject, manifest.admins) == ("g", " G ", ("cs", "ana"))
    assert str(manifest.location_of("admins[1]")) == "groups/g.yaml:4:5"
    assert str(manifest.location_of("members")) == "groups/g.yaml:1:1"


def people(aliases: list[str]) -> str:
    return "people:\n" + "".join(f"  {alias}: +5519{9 * 10**8 + n}\n" for n, alias in enumerate(aliases))


def test_the_time_grows_no_faster_than_the_files(folder: Folder) -> None:
    """The budget itself, 10,000 manifests in 3 s for the whole command, is kept in `bench/`."""
    random.seed(7)
    aliases = [f"pessoa{n}" for n in range(2000)]
    folder.write("contacts.yaml", people(aliases))

    def seconds(count: int) -> float:
        for n in range(count):
            folder.write(
                f"groups/g{n}.yaml",
                f"subject: Grupo {n}\nadmins: [{random.choice(aliases)}, +551990{n:07}]\n"
                f"members: [{', '.join(random.choices(aliases, k=4))}]\nlink_version: 1\n",
            )
        began = time.process_time()
        assert len(folder.load().desired.groups) == count
        return time.process_time() - began

    few, many = seconds(500), seconds(5000)
    assert many < 15 * few + 1


def test_thousands_of_unknown_names_are_named_soon(folder: Folder) -> None:
    folder.write("contacts.yaml", people([f"pessoa{n:05}" for n in range(5000)]))
    unknown = [f"pesoa{n:05}" for n in range(3000)]
    folder.write("groups/g.yaml", f"subject: G\nadmins: [{', '.join(unknown)}]\n")
    began = time.process_time()

    found = folder.complaints()

    assert "did you mean" in found[0]
    assert time.process_time() - began < 5
