"""`accept` over real HTTP and real git: exactly the accepted lines change, and drift is content then."""

from __future__ import annotations

import fcntl
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reconciler.state import codec
from tests.faults.test_options import Terminal
from tests.support import ACCOUNT, ANA, BRUNO, CARLOS, DORA, ELISA, STRANGER, Result, picture

from .conftest import Inside

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas/accept.schema.json").read_text())

COMMENTED = """\
# yaml-language-server: $schema=../schemas/group.schema.json
#
# Suporte de Campinas: quem mudar isto fala com a Ana.

name:     suporte            # nunca muda
subject:  'Suporte'          # até 25 letras\t(com tab)

icon: "icons/suporte.png"    # 640×640

# Quem manda aqui
admins:
  # a chefe fica sempre
  - ana      # chefe

  - 'bruno'  # férias em julho
  # e o plantão:
  - cs       # o time

# Quem deve estar
members: [ dora,   # sócia
           elisa ] # nova
prune_members:   true
# fim
"""


def accepted(repo: Inside, *arguments: str) -> Result:
    """`accept --yes --format json`, whose output keeps to the schema."""
    result = repo.run("accept", "--yes", "--format", "json", *arguments)
    if result.out:
        jsonschema.Draft202012Validator(SCHEMA).validate(result.json)
    return result


def git(repo: Inside, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.autocrlf=false"]
    done = subprocess.run([*command, *arguments], cwd=repo.path, capture_output=True, check=True)
    return done.stdout.decode()


def diff(repo: Inside) -> list[str]:
    """The lines that `git diff` shows as taken out and put in."""
    lines = git(repo, "diff", "--unified=0", "--no-color").splitlines()
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def in_sync(repo: Inside) -> None:
    found = repo.run("drift", "--format", "json")
    assert (found.code, found.json["in_sync"]) == (0, True), found.out
    plan = repo.plan("--detailed-exitcode")
    assert plan.code == 0, plan.out


def settle(repo: Inside, text: str, *people: str) -> str:
    """One group, applied until there is nothing left to do, and committed; returns its id."""
    repo.group("suporte", text)
    repo.write("groups/icons/suporte.png", picture())
    (repo.path / ".git").rmdir()
    git(repo, "init", "-q")
    repo.write(".gitignore", ".reconciler/\n")
    repo.write("contacts.yaml", (repo.path / "contacts.yaml").read_text().replace("[ana, bruno]", "[carlos]"))
    assert repo.apply().code == 0
    group: str = repo.api.groups()[0]["id"]
    repo.api.join(group, *people)
    assert repo.apply().code == 0
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "x")
    in_sync(repo)
    return group


@pytest.fixture
def suporte(inside: Inside) -> tuple[Inside, str]:
    return inside, settle(inside, COMMENTED, ANA, BRUNO, CARLOS, DORA, ELISA)


def test_what_somebody_else_edits_meanwhile_is_not_taken_along(suporte: tuple[Inside, str]) -> None:
    """The files are loaded again before anything is written; by then another group is wanted otherwise."""
    repo, group = suporte
    repo.group("vendas", "subject: Vendas\n")
    assert repo.apply().code == 0
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "x")
    repo.api.set_subject(group, "Campinas")
    repo.api.clear_calls()
    repo.api.add_faults("GET /groups/* delay=2")
    process = repo.start("accept", "--yes", "--format", "json", "suporte")
    repo.api.wait_for_call("GET", "/groups/*", pending=True)
    repo.group("vendas", "subject: Vendas Sul\n")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, out + err
    assert "another group would be changed by it" in out
    assert diff(repo) == ["-subject: Vendas", "+subject: Vendas Sul"]


def test_exactly_the_lines_of_the_accepted_values_change(suporte: tuple[Inside, str]) -> None:
    repo, group = suporte
    repo.api.set_subject(group, "Suporte: Campinas #1")
    repo.api.demote(group, BRUNO)
    repo.api.promote(group, DORA)
    repo.api.join(group, STRANGER)
    repo.api.clear_calls()
    found = repo.run("drift", "--format", "json")
    (command,) = {entry["commands"]["accept"] for entry in found.json["groups"]}
    assert command == "reconciler accept suporte"
    assert "reconciler accept suporte" in repo.run("drift").out

    done = accepted(repo, "suporte")
    assert done.code == 0, done.out + done.err
    assert done.json["groups"][0]["fields"] == ["subject", "admins", "members"]
    assert not repo.api.writes()
    assert diff(repo) == [
        "-subject:  'Suporte'          # até 25 letras\t(com tab)",
        "+subject:  'Suporte: Campinas #1'          # até 25 letras\t(com tab)",
        "-  - 'bruno'  # férias em julho",
        "+  - dora",
        "-           elisa ] # nova",
        f'+           elisa, bruno, "+{STRANGER}" ] # nova',
    ]
    in_sync(repo)
    assert STRANGER not in done.out
    assert accepted(repo, "suporte").json["groups"][0]["status"] == "unchanged"


def test_who_is_in_no_contact_is_told_of_before_a_bare_number_is_written(suporte: tuple[Inside, str]) -> None:
    repo, group = suporte
    repo.api.join(group, STRANGER)
    repo.api.promote(group, DORA)
    note = '`NAME: "+55 19 •••• 0077"` under `people` in contacts.yaml'
    terminal = Terminal(repo, "accept", "suporte", "--color", "never")
    terminal.until("Write these files?")
    assert note in " ".join(terminal.seen.split())
    terminal.type("no\n")
    terminal.end()
    assert diff(repo) == []
    (notes,) = [each["notes"] for each in accepted(repo, "suporte").json["groups"]]
    assert [note in each for each in notes] == [True], "and of dora, who is in the contacts, nothing"
    git(repo, "checkout", "groups")
    contacts = (repo.path / "contacts.yaml").read_text()
    repo.write("contacts.yaml", contacts.replace("people:\n", f'people:\n  rui: "+{STRANGER}"\n'))
    assert accepted(repo, "suporte").json["groups"][0]["notes"] == []
    assert "           elisa, rui ] # nova" in (repo.path / "groups/suporte.yaml").read_text()


def test_what_cannot_be_accepted_is_named_as_everywhere(inside: Inside) -> None:
    inside.group("nova", "subject: Nova\nadmins: [ana]\n")
    done = inside.run("accept", "nova", "--yes")
    assert "the group is not created yet: there is nothing live to accept" in done.out
    assert "pending" not in done.out


def test_a_field_at_a_time(suporte: tuple[Inside, str]) -> None:
    repo, group = suporte
    repo.api.set_subject(group, "Outro")
    repo.api.demote(group, CARLOS)
    done = accepted(repo, "suporte", "--field", "admins")
    assert done.code == 0, done.out
    assert diff(repo) == [
        "-  - cs       # o time",
        "-           elisa ] # nova",
        "+           elisa, carlos ] # nova",
    ]
    found = repo.run("drift", "--format", "json")
    assert [field["field"] for field in found.group("suporte")["fields"]] == ["subject"]
    assert found.group("suporte")["fields"][0]["cause"] == "edited_outside"
    assert accepted(repo, "suporte", "--field", "icon").json["groups"][0]["status"] == "unchanged"
    assert repo.run("accept", "suporte", "--field", "ensure", "--yes").code == 64
    assert repo.run("accept", "nobody", "--yes").code == 64
    assert repo.run("accept", "suporte").code == 64  # no terminal to ask on


def test_the_icon_goes_into_its_file_or_into_a_new_one_where_that_is_shared(
    suporte: tuple[Inside, str],
) -> None:
    repo, group = suporte
    repo.api.set_icon(group, picture("navy"))
    assert accepted(repo, "suporte").code == 0
    assert (repo.path / "groups/icons/suporte.png").read_bytes() == picture("navy")
    assert git(repo, "diff", "--name-only") == "groups/icons/suporte.png\n"
    in_sync(repo)

    repo.write(
        "reconciler.yaml", f'account: "+{ACCOUNT}"\nkinds: {{k: {{icon: groups/icons/suporte.png}}}}\n'
    )
    repo.api.set_icon(group, picture("red", kind="JPEG"))
    assert accepted(repo, "suporte").code == 0
    assert (repo.path / "groups/icons/suporte.png").read_bytes() == picture("navy")
    assert (repo.path / "groups/icons/suporte.jpg").read_bytes() == picture("red", kind="JPEG")
    assert [line for line in diff(repo) if "icon" in line and "kinds" not in line] == [
        '-icon: "icons/suporte.png"    # 640×640',
        '+icon: "icons/suporte.jpg"    # 640×640',
    ]
    in_sync(repo)
    repo.api.remove_icon(group)
    assert accepted(repo, "suporte").code == 0
    assert "icon: null    # 640×640\n" in (repo.path / "groups/suporte.yaml").read_text()
    in_sync(repo)
    repo.api.set_icon(group, picture("teal", 5000))
    done = accepted(repo, "suporte")
    assert (done.code, done.json["groups"][0]["status"]) == (3, "refused")
    assert "the live icon cannot be used" in done.json["groups"][0]["left"][0]


def test_a_default_is_overridden_in_the_manifest(inside: Inside) -> None:
    inside.write(
        "reconciler.yaml",
        f'account: "+{ACCOUNT}"\ndefaults: {{admins: [ana, cs], icon: groups/icons/suporte.png}}\n',
    )
    group = settle(inside, "subject: Suporte # s\n# depois\nlink_version: 1", ANA, CARLOS, BRUNO)
    inside.api.demote(group, CARLOS)
    inside.api.promote(group, BRUNO)
    inside.api.remove_icon(group)
    assert accepted(inside, "suporte").code == 0
    assert (inside.path / "groups/suporte.yaml").read_text() == (
        "subject: Suporte # s\nicon: null\nadmins: [ana, bruno]\n# depois\nlink_version: 1"
    )
    in_sync(inside)


def test_who_has_yet_to_join_stays_unless_dropped(inside: Inside) -> None:
    group = settle(inside, "subject: Suporte\nadmins: [ana, bruno]\nmembers: [dora, elisa]\n", ANA, DORA)
    inside.api.promote(group, DORA)
    assert accepted(inside, "suporte").code == 0
    assert diff(inside) == ["-admins: [ana, bruno]", "+admins: [ana, bruno, dora]"]
    done = accepted(inside, "suporte", "--drop-pending", "--field", "members")
    assert done.json["groups"][0]["fields"] == ["members"]
    assert accepted(inside, "suporte", "--drop-pending").code == 0
    assert (inside.path / "groups/suporte.yaml").read_text() == (
        "subject: Suporte\nadmins: [ana, dora]\nmembers: [dora]\n"
    )
    assert inside.plan().json["summary"]["invites"] == 0
    in_sync(inside)


def test_several_documents_in_one_file_with_other_line_ends(inside: Inside) -> None:
    one = "# um\r\nname: um\r\nsubject: Um\r\nadmins: &x\r\n  - ana # a\r\n"
    two = "---\r\n{name: dois, subject: Dois, admins: [bruno, ana]}\r\n---\r\n"
    two += "# três\r\nname: tres\r\nsubject: Três"
    inside.write("groups/todos.yaml", one + two)
    inside.write("contacts.yaml", (inside.path / "contacts.yaml").read_text())
    assert inside.apply().code == 0
    ids = {group["subject"]: group["id"] for group in inside.api.groups()}
    for group in ids.values():
        inside.api.join(group, ANA, BRUNO)
    assert inside.apply().code == 0
    inside.api.set_subject(ids["Um"], "Um!")
    inside.api.promote(ids["Um"], BRUNO)
    inside.api.demote(ids["Dois"], BRUNO, ANA)
    inside.api.set_subject(ids["Três"], "yes")
    assert accepted(inside, "*").code == 0
    assert (inside.path / "groups/todos.yaml").read_bytes().decode() == (
        one.replace("Um\r", '"Um!"\r').replace("# a\r\n", "# a\r\n  - bruno\r\n")
        + two.replace("[bruno, ana]", "[]").replace("Três", '"yes"')
    )
    in_sync(inside)


def test_what_validation_would_refuse_is_not_accepted_and_the_rest_is(suporte: tuple[Inside, str]) -> None:
    repo, group = suporte
    repo.api.set_subject(group, "x" * 40)
    repo.api.demote(group, BRUNO)
    done = accepted(repo, "suporte")
    assert done.code == 3
    (entry,) = done.json["groups"]
    assert (entry["status"], entry["fields"]) == ("accepted", ["admins", "members"])
    assert "it has 40 characters, 25 are allowed" in entry["left"][0]
    assert repo.run("validate").code == 0
    found = repo.run("drift", "--format", "json")
    assert [field["field"] for field in found.group("suporte")["fields"]] == ["subject"]


def test_a_manifest_that_cannot_be_edited_is_left_as_it_is(inside: Inside) -> None:
    text = "name: suporte\nadmins: &people\n  - ana\n  - bruno\nmembers: *people\nsubject: Suporte\n"
    group = settle(inside, text, ANA, BRUNO)
    inside.api.demote(group, BRUNO)
    done = accepted(inside, "suporte")
    assert (done.code, done.json["groups"][0]["status"]) == (3, "refused")
    assert "`&people`" in done.json["groups"][0]["error"]["message"]
    assert (inside.path / "groups/suporte.yaml").read_text() == text
    assert done.json["files"] == []


def test_what_cannot_be_read_ends_1_and_what_is_missing_is_refused(suporte: tuple[Inside, str]) -> None:
    repo, group = suporte
    repo.write("reconciler.yaml", f'account: "+{ACCOUNT}"\napi: {{retries: 0}}\n')
    repo.api.add_faults(f"GET /groups/{group} status=500")
    assert accepted(repo, "suporte").code == 1
    repo.api.clear_faults()
    repo.group("novo", "subject: Novo\n")
    done = accepted(repo, "novo")
    assert (done.code, done.json["groups"][0]["status"]) == (3, "refused")


def test_what_only_the_files_changed_is_kept(suporte: tuple[Inside, str]) -> None:
    """An edit that is merged and not applied yet is nobody's drift; with --field it is taken back."""
    repo, group = suporte
    repo.write("groups/suporte.yaml", COMMENTED.replace("'Suporte'", "Novo").replace("  - ana", "  - elisa"))
    repo.api.promote(group, DORA)
    assert accepted(repo, "suporte").code == 0
    text = (repo.path / "groups/suporte.yaml").read_text()
    assert "subject:  Novo" in text
    assert "  - elisa " in text
    assert "  - dora\n" in text
    assert repo.run("drift").code == 0
    assert accepted(repo, "suporte", "--field", "subject").code == 0
    assert "subject:  Suporte  " in (repo.path / "groups/suporte.yaml").read_text()


def test_an_icon_that_only_the_files_changed_is_taken_back(make_inside: Callable[..., Inside]) -> None:
    """What is served is what was recorded, and still the file is another now than the one on record."""
    repo = make_inside(reencode=True)
    settle(repo, "subject: Suporte\nicon: icons/suporte.png\n", ANA)
    repo.write("groups/icons/suporte.png", picture("navy"))
    assert accepted(repo, "suporte").json["groups"][0]["status"] == "unchanged"
    assert accepted(repo, "suporte", "--field", "icon").json["groups"][0]["fields"] == ["icon"]
    served = (repo.path / "groups/icons/suporte.png").read_bytes()
    assert served not in (picture(), picture("navy"))
    in_sync(repo)


def test_it_works_without_a_state(suporte: tuple[Inside, str]) -> None:
    repo, group = suporte
    repo.api.set_icon(group, picture("navy"))
    repo.api.set_subject(group, "Outro")
    repo.group("suporte", COMMENTED + f"id: {group}\n")
    done = repo.run("accept", "suporte", "--yes", RECONCILER_STATE="none")
    assert done.code == 0, done.out
    assert "✓ suporte  accepted\n    fields   subject, icon\n" in done.out
    repo.state.unlink()
    plan = repo.plan("--detailed-exitcode")
    assert plan.code == 0


# --- files alone ------------------------------------------------------------------------------------------


def edit_by_hand(repo: Inside, group: str) -> None:
    repo.api.set_subject(group, "Campinas")
    repo.api.demote(group, BRUNO)
    repo.api.join(group, STRANGER)
    repo.api.set_icon(group, picture("navy"))


def causes(repo: Inside, name: str = "suporte") -> dict[str, str]:
    found = repo.run("drift", "--format", "json")
    assert found.code == 2, found.out + found.err
    return {field["field"]: field["cause"] for field in found.group(name)["fields"]}


def test_what_was_accepted_and_not_merged_stays_a_drift(suporte: tuple[Inside, str]) -> None:
    """The pull request is refused and the files are taken back: nothing may remember that it was accepted."""
    repo, group = suporte
    edit_by_hand(repo, group)
    before, recorded = causes(repo), repo.state.read_bytes()
    assert set(before) == {"subject", "icon", "admins", "members"}
    assert accepted(repo, "suporte").code == 0
    in_sync(repo)
    assert repo.state.read_bytes() == recorded
    git(repo, "checkout", "-q", ".")
    assert causes(repo) == before
    assert set(before.values()) == {"edited_outside"}


def test_what_was_accepted_and_merged_is_recorded_by_the_next_apply(suporte: tuple[Inside, str]) -> None:
    repo, group = suporte
    edit_by_hand(repo, group)
    assert accepted(repo, "suporte").code == 0
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "accepted")
    repo.api.clear_calls()
    assert repo.apply().code == 0
    assert not repo.api.writes()
    record = codec.loads(repo.state.read_bytes()).groups["suporte"]
    assert record.applied is not None
    assert record.icon is not None
    assert record.applied.subject == "Campinas"
    assert record.icon.source == record.applied.icon
    repo.api.clear_calls()
    in_sync(repo)
    assert not repo.api.downloads()  # the served bytes are on record as the file's
    repo.api.set_subject(group, "Suporte")  # from now on what it was before is somebody's edit
    assert causes(repo) == {"subject": "edited_outside"}


def test_it_waits_for_no_lock_and_leaves_none(suporte: tuple[Inside, str]) -> None:
    repo, group = suporte
    repo.api.set_subject(group, "Campinas")
    lock = repo.state.with_name("state.json.lock")
    with lock.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert accepted(repo, "suporte").code == 0
    lock.unlink()
    repo.api.set_subject(group, "Outra")
    assert accepted(repo, "suporte").code == 0
    assert not lock.exists()


def test_a_group_that_is_not_bound_yet_is_not_bound_by_it(suporte: tuple[Inside, str]) -> None:
    """Found by its subject, and by an earlier one; both are found again by what was written."""
    repo, group = suporte
    repo.state.unlink()
    repo.api.demote(group, BRUNO)
    assert accepted(repo, "suporte").code == 0
    assert not repo.state.exists()
    text = (repo.path / "groups/suporte.yaml").read_text()
    repo.group("suporte", text.replace("'Suporte'", "Novo").replace("icon:", "previously: [Suporte]\nicon:"))
    assert accepted(repo, "suporte").json["groups"][0]["fields"] == ["subject"]
    assert not repo.state.exists()
    in_sync(repo)
    assert repo.plan().group("suporte")["id"] is not None
    assert repo.plan().group("suporte")["action"] == "adopt"


def test_a_raised_link_version_is_not_taken_for_applied(inside: Inside) -> None:
    group = settle(inside, "subject: Suporte\nlink_version: 1\n", ANA)
    inside.group("suporte", "subject: Suporte\nlink_version: 2\n")
    inside.api.set_subject(group, "Outro")
    assert accepted(inside, "suporte").code == 0
    inside.api.clear_calls()
    assert inside.apply().code == 0
    assert [call[0] for call in inside.writes()] == ["DELETE"]


def test_an_icon_taken_back_is_on_record_after_the_next_apply(make_inside: Callable[..., Inside]) -> None:
    """The file is what was served by then; to look alike would not be enough for the next edit."""
    repo = make_inside(reencode=True)
    group = settle(repo, "subject: Suporte\nicon: icons/suporte.png\n", ANA)
    repo.write("groups/icons/suporte.png", picture("navy"))
    assert accepted(repo, "suporte", "--field", "icon").code == 0
    repo.api.clear_calls()
    assert repo.apply().code == 0
    assert not repo.api.writes()
    record = codec.loads(repo.state.read_bytes()).groups["suporte"]
    assert record.icon is not None
    assert record.applied is not None
    assert record.icon.source == record.icon.served == record.applied.icon
    in_sync(repo)
    repo.api.set_icon(group, (repo.path / "groups/icons/suporte.png").read_bytes())  # encoded once more
    assert causes(repo) == {"icon": "edited_outside"}


# --- where not every file can be written ------------------------------------------------------------------

NAMES = ("a", "b", "c")


@pytest.fixture
def renamed(inside: Inside) -> Inside:
    """Three groups, applied; then all were renamed, and b and c have another picture."""
    for name in NAMES:
        inside.group(name, f"subject: Grupo {name}\nicon: icons/{name}.png\nadmins: []\n")
        inside.write(f"groups/icons/{name}.png", picture())
    (inside.path / ".git").rmdir()
    git(inside, "init", "-q")
    inside.write(".gitignore", ".reconciler/\n")
    assert inside.apply().code == 0
    git(inside, "add", "-A")
    git(inside, "commit", "-qm", "x")
    for group in inside.api.groups():
        name = group["subject"][-1]
        inside.api.set_subject(group["id"], f"Novo {name}")
        if name != "a":
            inside.api.set_icon(group["id"], picture("navy"))
    return inside


def on_disk(repo: Inside, name: str) -> set[str]:
    """Which of the live values the group's own files hold."""
    found = set()
    if f"Novo {name}" in (repo.path / f"groups/{name}.yaml").read_text():
        found.add("subject")
    if (repo.path / f"groups/icons/{name}.png").read_bytes() == picture("navy"):
        found.add("icon")
    return found


def as_it_is_on_disk(repo: Inside, document: dict[str, Any], code: int, lost: str, out: str) -> None:
    """`lost` could not be written as a whole; the report and the text say of each group what is there."""
    assert code == 1
    groups = {group["name"]: group for group in document["groups"]}
    for name in NAMES:
        assert set(groups[name]["fields"]) == on_disk(repo, name)
        assert groups[name]["status"] == ("failed" if name == lost else "accepted")
    assert groups[lost]["error"] == document["failed"]
    assert document["complete"] is True
    written = {file["path"] for file in document["files"]}
    changed = {line[3:] for line in git(repo, "status", "--porcelain").splitlines()}
    assert written == changed
    assert f"! {lost} could not be written" in " ".join(out.split())
    assert "2 groups accepted · 1 could not be written." in " ".join(out.split())


def test_a_file_that_cannot_be_replaced_is_one_groups_matter(renamed: Inside) -> None:
    manifest = renamed.path / "groups/b.yaml"
    manifest.rename(renamed.path / "groups/b.text")
    manifest.symlink_to("b.text")
    git(renamed, "add", "-A")
    git(renamed, "commit", "-qm", "x")
    done = renamed.run("accept", "*", "--yes", "--report", "json=.reconciler/out.json")
    document = json.loads((renamed.path / ".reconciler/out.json").read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert on_disk(renamed, "b") == {"icon"}
    as_it_is_on_disk(renamed, document, done.code, "b", done.out)
    assert "groups/b.yaml is no regular file" in done.out
    (renamed.path / "groups/b.text").rename(manifest)
    assert accepted(renamed, "*").code == 0
    in_sync(renamed)


def asked(repo: Inside, while_asked: Callable[[], object]) -> tuple[dict[str, Any], int, str]:
    """Somebody's hands in the files while the question waits."""
    terminal = Terminal(repo, "accept", "*", "--color", "never", "--report", "json=.reconciler/out.json")
    terminal.until("Write these files?")
    while_asked()
    shown = len(terminal.seen)
    terminal.type("yes\n")
    code = terminal.end()
    document = json.loads((repo.path / ".reconciler/out.json").read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document, code, " ".join(terminal.seen[shown:].split())  # its lines are short


def test_a_manifest_that_is_edited_meanwhile_is_left_and_its_picture_is_told(renamed: Inside) -> None:
    manifest = renamed.path / "groups/b.yaml"
    edited = manifest.read_text() + "# editado\n"
    document, code, out = asked(renamed, lambda: manifest.write_text(edited))
    assert manifest.read_text() == edited
    assert on_disk(renamed, "b") == {"icon"}
    git(renamed, "update-index", "--assume-unchanged", "groups/b.yaml")  # which is somebody else's change
    as_it_is_on_disk(renamed, document, code, "b", out)
    assert "could not be written but for icon" in out
    assert "groups/b.yaml has changed since it was read" in out


def test_where_a_picture_cannot_be_written_nothing_of_its_group_is(inside: Inside) -> None:
    """Of three groups in one file, one has a picture that somebody has changed meanwhile."""
    inside.write(
        "groups/all.yaml",
        "---\n".join(
            f"name: {name}\nsubject: Grupo {name}\nicon: icons/{name}.png\nadmins: []\n" for name in NAMES
        ),
    )
    for name in NAMES:
        inside.write(f"groups/icons/{name}.png", picture())
    assert inside.apply().code == 0
    for group in inside.api.groups():
        inside.api.set_subject(group["id"], group["subject"].replace("Grupo", "Novo"))
        inside.api.set_icon(group["id"], picture("navy"))
    icon = inside.path / "groups/icons/b.png"
    document, code, _ = asked(inside, lambda: icon.write_bytes(picture("red")))
    assert code == 1
    found = {group["name"]: (group["status"], group["fields"]) for group in document["groups"]}
    assert found == {
        "a": ("accepted", ["subject", "icon"]),
        "b": ("failed", []),
        "c": ("accepted", ["subject", "icon"]),
    }
    text = (inside.path / "groups/all.yaml").read_text()
    assert [f"subject: Novo {name}" in text for name in NAMES] == [True, False, True]
    assert icon.read_bytes() == picture("red")
    assert {file["path"] for file in document["files"]} == {
        "groups/all.yaml",
        "groups/icons/a.png",
        "groups/icons/c.png",
    }
    (shown,) = (file["diff"] for file in document["files"] if file["path"] == "groups/all.yaml")
    assert "-subject: Grupo b" not in shown
