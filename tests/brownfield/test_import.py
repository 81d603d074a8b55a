"""`import` over real HTTP: what it writes of groups that exist, and that a plan of it changes nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import jsonschema
import pytest
import yaml

from reconciler.manifests.files import FileError
from reconciler.manifests.output import Output
from reconciler.operations.import_ import icons_in_order
from reconciler.state import codec
from tests.fakes import FakeApi
from tests.support import ACCOUNT, ANA, BRUNO, CARLOS, DORA, ELISA, STRANGER, Result, picture

from .conftest import Inside

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas/import.schema.json").read_text())
OTHER = "5519900001077"  # shares its last digits with STRANGER's

AWKWARD = [
    "🎉 Festa 🎉",
    "# não é comentário",
    "a: b",
    "- traço",
    "yes",
    "0123",
    "\"aspas\" e 'outras'",
    "null",
    "~",
    "2026-11-21",
    "1e3",
    "{a: [b]}",
    "*alias &âncora",
    "!tag %d",
    "| > ? @ `",
    "fim:",
    "Ação & Coração",
    "日本語グループ",
    "Привет",
    "e" + "\u0301" * 24,
    "\u0301" * 25,
    "e\u0301clair",
    "  espaços  ",
    "Gêmeos",
    "Gêmeos",
    "con",
    "../../etc/passwd",
    "a" * 25,
    "...",
    "\\n \\x41",
    "a #b",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "a\u00a0b",
    "<<",
    "=",
    "0x1F",
    "12:30:45",
    "-",
]
BY_HAND = ["x" * 40, "evil\u202egnp.exe", "line\nbreak", "bell\x07", "\u200b", "tab\there"]


def imported(repo: Inside, *arguments: str, **environment: str) -> Result:
    """`import --format json`, whose output keeps to the schema."""
    result = repo.run("import", "--format", "json", *arguments, **environment)
    if result.out:
        jsonschema.Draft202012Validator(SCHEMA).validate(result.json)
    return result


def manifests(repo: Inside) -> dict[str, dict[str, object]]:
    """Every manifest by its file's stem, as an ordinary reader of YAML sees it."""
    return {path.stem: yaml.safe_load(path.read_text()) for path in repo.path.glob("groups/*.yaml")}


def nothing_to_do(repo: Inside, **environment: str) -> None:
    plan = repo.plan("--detailed-exitcode", **environment)
    assert plan.code == 0, plan.out + plan.err
    assert {group["action"] for group in plan.json["groups"]} == {"none"}
    assert plan.json["unmanaged"] == []


def test_two_hundred_groups_with_awkward_subjects(make_inside: Callable[..., Inside], tmp_path: Path) -> None:
    repo = make_inside(reencode=True)
    pictures = [picture(colour, 192, kind) for colour in ("teal", "navy") for kind in ("PNG", "JPEG")]
    people = {"participants": [ANA, BRUNO, STRANGER], "admins": [ANA, STRANGER]}
    for index, subject in enumerate(AWKWARD + BY_HAND):
        (group,) = repo.api.seed("x", icon=pictures[index % 4], **people)
        repo.api.set_subject(group["id"], subject)
    plain = 200 - len(AWKWARD + BY_HAND)
    repo.api.seed("Grupo {n}", count=plain - 50, icon=pictures[0], **people)
    repo.api.seed("Grupo {n}", count=50, creator=CARLOS, participants=[DORA], account="admin")
    repo.api.clear_calls()

    found = imported(repo, "--all")
    assert (found.code, found.json["summary"]["imported"]) == (0, 200), found.err
    assert not repo.api.writes()
    assert len(repo.api.calls()) == 1 + 2 * 200
    assert len(list(repo.path.glob("groups/*.yaml"))) == 200
    assert len({path.read_bytes() for path in repo.path.glob("groups/icons/*")}) == len(
        list(repo.path.glob("groups/icons/*"))
    )
    assert set(repo.path.glob("**/*")) == {
        path for path in repo.path.glob("**/*") if path.resolve().is_relative_to(repo.path.resolve())
    }
    assert repo.run("validate").code == 0
    nothing_to_do(repo)
    nothing_to_do(repo, RECONCILER_STATE="none")
    nothing_to_do(repo, RECONCILER_STATE="file:elsewhere.json")
    drift = repo.run("drift", "--format", "json")
    assert (drift.code, drift.json["in_sync"]) == (0, True)

    by_id = {group["id"]: group for group in repo.api.groups()}
    for stem, document in manifests(repo).items():
        live = by_id.pop(str(document["id"]))
        text = (repo.path / f"groups/{stem}.yaml").read_text()
        assert text.startswith("# yaml-language-server: $schema=../schemas/group.schema.json\n")
        assert document["name"] == stem
        assert ACCOUNT not in text.replace(live["id"], "")
        if live["subject"] in BY_HAND:
            assert "subject" not in document
            assert "# subject left out: it" in text
        elif live["subject"].isascii():
            assert document["subject"] == live["subject"].strip()
        assert document["admins"] == (["dora"] if live["creator"] == CARLOS else ["ana", f"+{STRANGER}"]) or (
            live["creator"] == CARLOS and document["admins"] == []
        )
        assert (document["icon"] is None) == (live["icon"] is None)
    assert by_id == {}

    clone = Inside(tmp_path / "clone/of/it", repo.server)
    shutil.copytree(repo.path, clone.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".reconciler"))
    nothing_to_do(clone)
    again = imported(repo, "--all")
    assert (again.code, again.json["summary"]["skipped"]) == (0, 200)
    assert len(list(repo.path.glob("groups/*.yaml"))) == 200


@pytest.fixture
def three(inside: Inside) -> Inside:
    """Two of ours, of which one has a picture, and one of somebody else's in which we are no admin."""
    inside.api.seed(
        "Alfa", participants=[ANA, BRUNO, STRANGER, OTHER], admins=[ANA, STRANGER], icon=picture()
    )
    inside.api.seed("Beta", participants=[OTHER, DORA])
    inside.api.seed("Gama", creator=CARLOS, participants=[ELISA], admins=[ELISA])
    return inside


def test_what_a_manifest_says(three: Inside) -> None:
    found = three.run("import", "--all")
    assert found.code == 0
    assert "3 manifests written." in found.out
    alfa = three.live("Alfa")
    assert three.path.joinpath("groups/alfa.yaml").read_text() == (
        "# yaml-language-server: $schema=../schemas/group.schema.json\n"
        "name: alfa\nsubject: Alfa\nicon: icons/alfa.png\n"
        f'admins: [ana, "+{STRANGER}"]\nid: "{alfa["id"]}"\n'
    )
    assert three.path.joinpath("groups/icons/alfa.png").read_bytes() == picture()
    assert manifests(three)["gama"]["admins"] == ["elisa"]
    assert manifests(three)["beta"]["admins"] == []
    assert manifests(three)["beta"]["icon"] is None
    record = codec.loads(three.state.read_bytes()).groups["alfa"]
    assert record.id == alfa["id"]
    assert record.icon is not None
    assert record.joined
    three.api.clear_calls()
    nothing_to_do(three)
    assert three.api.downloads() == []  # the picture is known by its place


def test_which_groups_and_which_fields(three: Inside) -> None:
    found = imported(three, "Al*", three.live("Beta")["id"], "--fields", "subject,members")
    assert sorted(manifests(three)) == ["alfa", "beta"]
    assert found.json["summary"]["imported"] == 2
    assert manifests(three)["alfa"]["members"] == ["ana", "bruno", f"+{STRANGER}", f"+{OTHER}"]
    assert manifests(three)["alfa"].keys() == {"name", "subject", "members", "id"}
    nothing_to_do_of = three.plan("--detailed-exitcode")
    assert nothing_to_do_of.code == 0
    for arguments in (
        ["Delta"],
        [],
        ["--all", "Alfa"],
        ["--all", "--fields", "icons"],
        ["--all", "--fields", "subject,permissions"],
        ["--all", "--target", "a"],
    ):
        refused = three.run("import", *arguments)
        assert refused.code == 64, arguments
    assert (
        "groups have no description with Sinch" in three.run("import", "--all", "--fields", "description").err
    )
    assert sorted(manifests(three)) == ["alfa", "beta"]


def test_a_dry_run_writes_nothing(three: Inside) -> None:
    before = sorted(three.path.rglob("*"))
    found = imported(three, "--all", "--contacts", "--dry-run")
    assert (found.code, found.json["dry_run"], found.json["summary"]["imported"]) == (0, True, 3)
    assert sorted(three.path.rglob("*")) == before
    assert "3 manifests would be written" in three.run("import", "--all", "--dry-run").out


def test_unknown_numbers_become_contacts_and_comments_stay(three: Inside) -> None:
    three.write(
        "contacts.yaml",
        "# quem é quem\npeople:   # todos\n"
        f'  ana: "+{ANA}"   # chefe\n  contact-0077: "+{ELISA}"\n\n# times\nteams:\n  cs: [ana]\n',
    )
    found = imported(three, "--all", "--contacts", "--fields", "subject,icon,admins,members")
    assert (found.code, found.json["summary"]["contacts"]) == (0, 4), found.err
    assert three.path.joinpath("contacts.yaml").read_text() == (
        "# quem é quem\npeople:   # todos\n"
        f'  ana: "+{ANA}"   # chefe\n  contact-0077: "+{ELISA}"\n'
        f'  contact-0077-2: "+{STRANGER}"\n  contact-0002: "+{BRUNO}"\n  contact-1077: "+{OTHER}"\n'
        f'  contact-0004: "+{DORA}"\n'
        "\n# times\nteams:\n  cs: [ana]\n"
    )
    assert manifests(three)["alfa"]["admins"] == ["ana", "contact-0077-2"]
    nothing_to_do(three)
    (three.path / "contacts.yaml").unlink()
    shutil.rmtree(three.path / "groups")
    three.state.unlink()
    assert imported(three, "--all", "--contacts").code == 0
    assert three.path.joinpath("contacts.yaml").read_text() == (
        "# yaml-language-server: $schema=schemas/contacts.schema.json\npeople:\n"
        f'  contact-0001: "+{ANA}"\n  contact-0077: "+{STRANGER}"\n  contact-0005: "+{ELISA}"\n'
    )
    nothing_to_do(three)


def test_contacts_in_the_short_spelling_are_added_to(three: Inside) -> None:
    """A second file beside it would be one too many for every later run."""
    (three.path / "contacts.yaml").rename(three.path / "contacts.yml")
    (three.path / "reconciler.yaml").rename(three.path / "reconciler.yml")
    three.write("contacts.yml", f'people:\n  ana: "+{ANA}"\n')
    assert imported(three, "--all", "--contacts").code == 0
    assert not (three.path / "contacts.yaml").exists()
    assert f'contact-0077: "+{STRANGER}"' in (three.path / "contacts.yml").read_text()
    nothing_to_do(three)


def test_both_spellings_of_the_contacts_are_added_to_by_nobody(three: Inside) -> None:
    three.write("contacts.yml", f'people:\n  ana: "+{ANA}"\n')
    done = imported(three, "--all", "--contacts")
    assert done.code == 1
    assert "contacts.yaml:1:1: error: this file stands beside `contacts.yml`" in done.err
    assert not list(three.path.glob("groups/*"))


def test_defaults_do_not_hold_for_what_is_left_out(three: Inside) -> None:
    three.write(
        "reconciler.yaml",
        f'account: "+{ACCOUNT}"\n'
        "defaults: {admins: [bruno], icon: groups/i.png, members: [carlos], prune_members: true}\n",
    )
    three.write("groups/i.png", picture("red"))
    assert imported(three, "--all", "--fields", "subject").code == 0
    assert manifests(three)["alfa"]["unmanaged"] == ["icon", "admins", "members", "prune_members"]
    nothing_to_do(three)


def test_nothing_is_overwritten_and_what_is_there_is_left(three: Inside) -> None:
    three.group("alfa", "subject: Outra\nicon: null\n")
    three.group("delta", "name: beta\nsubject: Beta\n")
    three.write("groups/icons/alfa-2.png", picture("red"))
    three.write("groups/icons/same.png", picture())
    found = imported(three, "--all")
    assert (found.code, found.json["summary"]["imported"], found.json["summary"]["skipped"]) == (0, 2, 1)
    assert sorted(manifests(three)) == ["alfa", "alfa-2", "delta", "gama"]
    assert manifests(three)["alfa"] == {"subject": "Outra", "icon": None}
    assert manifests(three)["alfa-2"]["icon"] == "icons/same.png"
    assert len(list(three.path.glob("groups/icons/*"))) == 2
    assert three.path.joinpath("groups/icons/alfa-2.png").read_bytes() == picture("red")


def test_a_group_that_another_manifest_may_mean_gets_no_second_one(inside: Inside) -> None:
    """Else that manifest would find none of its groups any more, and create another."""
    inside.api.seed("Vendas")
    inside.api.seed("Vendas")
    inside.group("vendas", "subject: Vendas\n")
    found = imported(inside, "--all")
    assert (found.json["summary"]["imported"], found.json["summary"]["skipped"]) == (0, 2)
    assert "may mean it" in found.json["groups"][0]["remarks"][0]


def test_a_group_that_state_knows_keeps_its_name(three: Inside) -> None:
    three.group("antigo", "subject: Alfa\n")
    assert three.apply().code == 0
    (three.path / "groups/antigo.yaml").unlink()
    assert imported(three, "Alfa").code == 0
    assert manifests(three)["antigo"]["subject"] == "Alfa"
    three.group("antigo", "subject: Beta\nid: " + three.live("Beta")["id"] + "\n")
    three.run("state", "forget", "antigo")


def test_a_picture_that_cannot_be_used_is_left_out_and_said(three: Inside) -> None:
    three.api.set_icon(three.live("Beta")["id"], picture("red", 5000))
    found = imported(three, "--all")
    assert found.code == 0
    assert "icon" not in manifests(three)["beta"]
    assert (
        "# icon left out: the picture has 5000×5000 pixels" in (three.path / "groups/beta.yaml").read_text()
    )
    nothing_to_do(three)


def test_one_bad_group_does_not_stop_the_rest_and_can_be_had_later(three: Inside) -> None:
    three.write("reconciler.yaml", f'account: "+{ACCOUNT}"\napi: {{retries: 0}}\n')
    alfa, beta = three.live("Alfa")["id"], three.live("Beta")["id"]
    three.api.add_faults(f"GET /groups/{alfa}/icon status=500", f"GET /groups/{beta} status=500")
    found = imported(three, "--all")
    assert (found.code, found.json["complete"]) == (1, False)
    assert found.json["summary"] == {
        "imported": 1,
        "skipped": 0,
        "failed": 0,
        "unreadable": 2,
        "not_begun": 0,
        "contacts": 0,
    }
    assert sorted(manifests(three)) == ["gama"]
    three.api.clear_faults()
    later = imported(three, "--all")
    assert (later.code, later.json["summary"]["imported"], later.json["summary"]["skipped"]) == (0, 2, 1)
    nothing_to_do(three)


def test_a_refused_token_on_the_way_keeps_what_was_written(three: Inside) -> None:
    three.write("reconciler.yaml", f'account: "+{ACCOUNT}"\napi: {{concurrency: 1}}\n')
    three.api.add_faults("GET /groups/*/icon status=401 nth=2")
    found = imported(three, "--all", "--quiet")
    assert found.code == 4
    assert found.json["refused"]["code"] == "credentials"
    assert set(codec.loads(three.state.read_bytes()).groups) == set(manifests(three))
    three.api.clear_faults()
    assert imported(three, "--all").code == 0
    nothing_to_do(three)


def test_links_do_not_lead_out_of_the_repository(three: Inside, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (three.path / "groups").mkdir()
    (three.path / "groups/icons").symlink_to(tmp_path / "outside")
    assert imported(three, "--all").code == 1
    assert list((tmp_path / "outside").iterdir()) == []
    (three.path / "groups/icons").unlink()
    (three.path / "groups").rmdir()
    (three.path / "groups").symlink_to(tmp_path / "outside")
    assert imported(three, "--all").code == 1
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_file_is_written_whole_or_not_at_all_and_never_over_another(tmp_path: Path) -> None:
    output = Output(tmp_path)
    output.create("a/b.yaml", b"one")
    with pytest.raises(FileError, match="is there already"):
        output.create("a/b.yaml", b"two")
    output.replace("a/b.yaml", b"one", b"three")
    with pytest.raises(FileError, match="has changed"):
        output.replace("a/b.yaml", b"one", b"four")
    (tmp_path / "link").symlink_to("/")
    (tmp_path / ".git").mkdir()
    (tmp_path / "git").symlink_to(".git")
    (tmp_path / "a/c.yaml").symlink_to("b.yaml")
    for path in ("link/x", "git/x", ".git/x", "../x", "a/../../x"):
        with pytest.raises(FileError):
            output.create(path, b"x")
    with pytest.raises(FileError, match="no regular file"):
        output.replace("a/c.yaml", b"three", b"four")
    assert (tmp_path / "a/b.yaml").read_bytes() == b"three"
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["b.yaml", "c.yaml"]


def test_a_picture_that_several_groups_show_from_one_place_is_downloaded_once() -> None:
    api = FakeApi()
    one, two = (api.seed(subject, icon=picture(size=64)) for subject in ("Um", "Dois"))
    three = api.seed("Três")
    meta = api.reader.get_icon(one)
    api.reader.get_icon = lambda group_id: None if group_id == three else meta  # type: ignore[method-assign]
    found = [icon() for icon in icons_in_order(api.reader, [one, None, three, two], 2)]
    assert found == [(meta, picture(size=64)), None, None, (meta, picture(size=64))]
    assert [name for name, _ in api.calls].count("fetch_icon") == 1


def test_two_at_once_write_each_manifest_once(three: Inside) -> None:
    results: list[Result] = []
    processes = [three.start("import", "--all", "--format", "json", "--lock-timeout", "30") for _ in range(2)]

    def wait(index: int) -> None:
        out, err = processes[index].communicate(timeout=60)
        results.append(Result(processes[index].returncode, out, err))

    threads = [threading.Thread(target=wait, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.code for result in results] == [0, 0], [result.err for result in results]
    counts = sorted(result.json["summary"]["imported"] for result in results)
    assert counts == [0, 3]
    assert sorted(manifests(three)) == ["alfa", "beta", "gama"]
    nothing_to_do(three)


@contextmanager
def held(repo: Inside, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A run that has read the files, and is held up at its first call."""
    repo.api.clear_calls()
    repo.api.add_faults("GET /groups delay=2 nth=1")
    process = repo.start(*arguments)
    repo.api.wait_for_call("GET", "/groups", timeout=60, pending=True)
    try:
        yield process
    finally:
        repo.api.clear_faults()
        process.kill()


def another_import(repo: Inside) -> None:
    assert imported(repo, "Alfa", "--contacts").code == 0


def somebodys_editor(repo: Inside) -> None:
    """A person with the number that is unknown, under another alias."""
    contacts = repo.path / "contacts.yaml"
    contacts.write_text(contacts.read_text().replace("people:\n", f'people:\n  zeca: "+{STRANGER}"\n'))


def a_first_file(repo: Inside) -> None:
    """There was none when the run began."""
    repo.write("contacts.yaml", f'people:\n  zeca: "+{STRANGER}"\n')


@pytest.mark.parametrize("happens", [another_import, somebodys_editor, a_first_file])
def test_contacts_that_change_meanwhile_are_told_and_not_added_to(
    three: Inside, happens: Callable[[Inside], None]
) -> None:
    three.environment["RECONCILER_STATE"] = "none"  # by which no lock keeps runs apart
    if happens is a_first_file:
        (three.path / "contacts.yaml").unlink()
    with held(three, "import", "Alfa", "--contacts") as process:
        happens(three)
        before = {path: path.read_bytes() for path in three.path.rglob("*.yaml")}
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "the contacts cannot be added to: the file has changed since it was read\n" in err
    assert "run the command again" in err
    assert {path: path.read_bytes() for path in three.path.rglob("*.yaml")} == before
    assert imported(three, "--all", "--contacts").code == 0
    nothing_to_do(three)


def test_two_that_replace_a_file_at_once_do_not_undo_each_other(tmp_path: Path) -> None:
    """Of the two, one finds that the file has changed: none is lost."""
    for turn in range(30):
        path = tmp_path / f"{turn}.yaml"
        path.write_bytes(b"before")
        ended: list[str] = []
        ready = threading.Barrier(2)

        def put(text: bytes, name: str, ended: list[str] = ended, ready: threading.Barrier = ready) -> None:
            output = Output(tmp_path)
            ready.wait()
            try:
                output.replace(name, b"before", text)
                ended.append("written")
            except FileError as error:
                ended.append(error.message)

        threads = [threading.Thread(target=put, args=(text, path.name)) for text in (b"one", b"two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(ended) == ["has changed since it was read", "written"]


def test_without_an_account_nobody_is_left_out_of_the_admins(inside: Inside) -> None:
    inside.write("reconciler.yaml", "")
    inside.api.seed("Alfa", creator=ANA, participants=[BRUNO], admins=[BRUNO], account="admin")
    inside.api.seed("Beta")
    found = imported(inside, "--all")
    assert set(manifests(inside)["alfa"]["admins"]) == {"bruno", f"+{ACCOUNT}"}  # type: ignore[call-overload]
    assert "`account` is not set" in found.json["notes"][0]


def test_who_has_left_by_the_contacts_is_not_named(three: Inside) -> None:
    three.write("contacts.yaml", f'people: {{ana: {{numbers: ["+{ANA}"], left: 2020-01-01}}}}\n')
    assert imported(three, "Alfa").code == 0
    assert manifests(three)["alfa"]["admins"] == [f"+{STRANGER}"]
    assert "# left out: ana has left by the contacts" in (three.path / "groups/alfa.yaml").read_text()
    assert three.run("validate").code == 0
