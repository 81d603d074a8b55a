"""A saved plan is applied as it was reviewed, or not at all; and its file may be published."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.support import Template, configure, each
from tests.support import ACCOUNT, ANA, BRUNO, CARLOS, ELISA, STRANGER, TOKEN, Repo, picture

MANIFEST = """\
subject: Depois
icon: icons/i.png
admins: [ana]
members: [bruno, "+55 19 98888-7777"]
prune_members: true
link_version: 2
"""
NUMBER = "5519988887777"


def prepare(repo: Repo) -> None:
    """A changed group, one to create and one that is as wanted; the plan of that in plan.json."""
    (group,) = repo.api.seed(
        "Antes", participants=[ANA, BRUNO, CARLOS, STRANGER], admins=[CARLOS], icon=picture("teal", 256)
    )
    (same,) = repo.api.seed("Igual", participants=[ANA, ELISA])
    group_id = str(group["id"])
    repo.api.invite(group_id)
    repo.group("mudar", f"id: {group_id}\nlink_version: 1\n")
    repo.group("igual", f"id: {same['id']}\nsubject: Igual\n")
    assert repo.apply().code == 0
    repo.write("groups/icons/i.png", picture("navy", 256))
    repo.group("mudar", f"id: {group_id}\n{MANIFEST}")
    repo.group("nova", "subject: Nova\n")
    repo.api.clear_calls()
    assert repo.run("plan", "--out", "plan.json").code == 0


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template(tmp_path_factory.mktemp("saved"), prepare)


@pytest.fixture
def saved(template: Template, tmp_path: Path) -> Iterator[Repo]:
    """One copy, to work on."""
    with template.world(tmp_path / "saved") as repo:
        yield repo


def edit(repo: Repo, old: str, new: str, name: str = "groups/mudar.yaml") -> None:
    text = (repo.path / name).read_text()
    assert old in text
    repo.write(name, text.replace(old, new))


def change_file(repo: Repo, change: Callable[[dict[str, object]], object]) -> None:
    document = json.loads((repo.path / "plan.json").read_text())
    change(document)
    repo.write("plan.json", json.dumps(document))


Change = Callable[[Repo, str], object]

MANIFESTS: dict[str, Change] = {
    "subject": lambda repo, group: edit(repo, "Depois", "Depois!"),
    "admins": lambda repo, group: edit(repo, "[ana]", "[ana, bruno]"),
    "admin yet to join": lambda repo, group: edit(repo, "[ana]", "[ana, dora]"),
    "members": lambda repo, group: edit(repo, "[bruno,", "[bruno, carlos,"),
    "prune_members": lambda repo, group: edit(repo, "prune_members: true", "prune_members: false"),
    "link_version": lambda repo, group: edit(repo, "link_version: 2", "link_version: 3"),
    "icon file": lambda repo, group: repo.write("groups/icons/i.png", picture("darkred", 256)),
    "icon left out": lambda repo, group: edit(repo, "icon: icons/i.png\n", ""),
    "icon none": lambda repo, group: edit(repo, "icons/i.png", "null"),
    "id": lambda repo, group: edit(repo, group, repo.api.seed("Antes")[0]["id"]),
    "hold": lambda repo, group: edit(repo, "link_version", "hold: {reason: wait}\nlink_version"),
    "ensure": lambda repo, group: repo.group("mudar", f"id: {group}\nensure: closed\n"),
    "manifest gone": lambda repo, group: (repo.path / "groups/nova.yaml").unlink(),
    "manifest new": lambda repo, group: repo.group("outra", "subject: Outra\n"),
    "subject of a create": lambda repo, group: edit(repo, "Nova", "Novo", "groups/nova.yaml"),
    "a number in contacts": lambda repo, group: edit(repo, ANA, STRANGER, "contacts.yaml"),
    "somebody has left": lambda repo, group: edit(
        repo, f'elisa: "+{ELISA}"', f'elisa: {{numbers: ["+{ELISA}"], left: 2020-01-01}}', "contacts.yaml"
    ),
    "the account": lambda repo, group: edit(repo, ACCOUNT, CARLOS, "reconciler.yaml"),
}
LIVE: dict[str, Change] = {
    "subject by hand": lambda repo, group: repo.api.set_subject(group, "Antes!"),
    "subject as wanted": lambda repo, group: repo.api.set_subject(group, "Depois"),
    "icon by hand": lambda repo, group: repo.api.set_icon(group, picture("olive", 256)),
    "icon removed": lambda repo, group: repo.api.remove_icon(group),
    "promoted": lambda repo, group: repo.api.promote(group, ANA),
    "somebody is made admin": lambda repo, group: repo.api.promote(group, BRUNO),
    "demoted": lambda repo, group: repo.api.demote(group, CARLOS),
    "one to remove has left": lambda repo, group: repo.api.leave(group, STRANGER),
    "one to promote has left": lambda repo, group: repo.api.leave(group, ANA),
    "one joins who would be removed": lambda repo, group: repo.api.join(group, "5519900000099"),
    "group created by hand": lambda repo, group: repo.api.seed("Nova"),
    "group gone": lambda repo, group: repo.api.remove(group, ACCOUNT),
    "the same group changes as well": lambda repo, group: repo.api.set_subject(
        repo.live("Igual")["id"], "Outro"
    ),
}
OPTIONS: dict[str, tuple[str, ...]] = {
    "target": ("--target", "mudar"),
    "target all": ("--target", "*"),
    "prune": ("--prune",),
    "allow": ("--allow", "demote-many"),
}
FILE: dict[str, Change] = {
    "digest": lambda repo, group: change_file(repo, lambda document: document.update(digest="0" * 64)),
    "a group struck": lambda repo, group: change_file(repo, lambda document: document.update(groups=[])),
    "a digest of one group": lambda repo, group: edit(
        repo, json.loads((repo.path / "plan.json").read_text())["groups"][0]["digests"]["people"], "0" * 64,
        "plan.json",
    ),
    "a key more": lambda repo, group: change_file(repo, lambda document: document.update(more=1)),
    "no seal": lambda repo, group: change_file(repo, lambda document: document.pop("seal")),
    "cut short": lambda repo, group: repo.write("plan.json", (repo.path / "plan.json").read_text()[:-40]),
    "no JSON": lambda repo, group: repo.write("plan.json", "yes\n"),
    "a list": lambda repo, group: repo.write("plan.json", "[]\n"),
    "empty": lambda repo, group: repo.write("plan.json", ""),
}  # fmt: skip


HOLDS_NO_MORE = "the saved plan does not hold any more: "


def refuses(template: Template, tmp_path: Path, changes: dict[str, Change], *says: str) -> None:
    """Each change alone: 6, nothing written, and it says what differs, or one of what the file is instead."""

    def work(name: str) -> None:
        with template.world(tmp_path / name) as repo:
            changes[name](repo, repo.live("Antes")["id"])
            refused = repo.apply("--plan", "plan.json")
            assert refused.code == 6, refused.out + refused.err
            assert any(words in refused.err for words in (HOLDS_NO_MORE, *says)), refused.err
            assert repo.writes() == []

    each(changes, work)


def test_any_change_of_the_files_is_refused(template: Template, tmp_path: Path) -> None:
    refuses(template, tmp_path, MANIFESTS)


def test_any_change_of_what_the_plan_touches_is_refused(template: Template, tmp_path: Path) -> None:
    refuses(template, tmp_path, LIVE)


def test_any_change_of_the_file_itself_is_refused(template: Template, tmp_path: Path) -> None:
    refuses(template, tmp_path, FILE, "the file holds no saved plan, or not the whole of one")


def test_other_options_and_another_key_are_refused_and_what_is_unrelated_is_not(saved: Repo) -> None:
    repo = saved
    group_id = repo.live("Antes")["id"]
    for name, options in OPTIONS.items():
        refused = repo.apply("--plan", "plan.json", *options)
        assert refused.code == 6, name
        assert "--target, --prune, --allow" in refused.err
    for environment in ({"RECONCILER_PLAN_KEY": "another"}, {"RECONCILER_TOKEN": "another"}):
        refused = repo.apply("--plan", "plan.json", **environment)
        assert refused.code == 6
        assert "RECONCILER_PLAN_KEY" in refused.err
    lifted = repo.run("apply", "--yes", "--plan", "plan.json", "--allow", "recreate")
    assert lifted.code == 6, "no option overrides it"
    assert repo.writes() == []

    # Not refused: somebody joins an unrelated group, or a wanted person this one; a comment; another member.
    repo.api.join(repo.live("Igual")["id"], "5519900000099")
    (stray,) = repo.api.seed("Qualquer")
    repo.api.join(stray["id"], STRANGER)
    repo.api.set_subject(stray["id"], "Qualquer coisa")
    edit(repo, "subject: Depois", "# a comment\nsubject: 'Depois'")
    repo.api.join(group_id, NUMBER)
    done = repo.apply("--plan", "plan.json")
    assert done.code == 0, done.out + done.err
    assert done.json["summary"]["done"] == 7
    again = repo.apply("--plan", "plan.json")
    assert again.code == 6, "once applied it is no plan any more"


def test_a_plan_key_of_ones_own_outlives_the_token(saved: Repo) -> None:
    repo = saved
    assert repo.run("plan", "--out", "plan.json", RECONCILER_PLAN_KEY="k").code == 0
    done = repo.apply("--plan", "plan.json", RECONCILER_PLAN_KEY="k", RECONCILER_TOKEN="rotated")
    assert done.code == 0, done.err


def test_a_plan_with_an_objection_holds_only_with_what_lifted_it(repo: Repo) -> None:
    (group,) = repo.api.seed("Grupo", participants=[BRUNO], admins=[BRUNO])
    repo.group("g1", f"id: {group['id']}\nadmins: []\n")
    assert repo.run("plan", "--out", "plan.json", "--allow", "no-admin-left").code == 0
    assert repo.apply("--plan", "plan.json").code == 6
    configure(repo, "allow:\n- {code: no-admin-left}\n")
    assert repo.apply("--plan", "plan.json").code == 6, "lifted by something else than what was reviewed"
    configure(repo)
    assert repo.writes() == []
    assert repo.apply("--plan", "plan.json", "--allow", "no-admin-left").code == 0
    assert repo.api.group(group["id"])["admins"] == [ACCOUNT]


def test_the_file_holds_no_number_link_or_token_and_is_its_owners(saved: Repo) -> None:
    repo = saved
    group_id = repo.live("Antes")["id"]
    path = repo.path / "plan.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o666)
    assert repo.run("plan", "--out", "plan.json").code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, "also where it was there before"
    text = path.read_text()
    # Digests are hexadecimal: a run of digits in one may look like anything, so they are taken out first.
    plain = re.sub(r"\b[0-9a-f]{64}\b", "", text)
    assert len(plain) < len(text)
    squeezed = re.sub(r"[^0-9]", "", plain)
    for number in (ACCOUNT, ANA, BRUNO, CARLOS, STRANGER, NUMBER):
        for spelling in {number, number[2:], number[4:], number[:4] + number[5:], number[-8:]}:
            assert spelling not in squeezed
            assert spelling not in text
    assert group_id not in text
    assert group_id.rpartition("-")[2] not in text
    assert "whatsapp.com" not in text
    assert repo.live("Antes")["link"].rpartition("/")[2] not in text
    assert TOKEN not in text
    assert "tester" not in text
    for alias in ("ana", "bruno", "carlos"):
        assert not re.search(rf"\b{alias}\b", text)
