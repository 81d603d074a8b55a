"""`invites` as processes over real HTTP: whose link is asked for, who is named, and what stays untouched."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.backends.server import RawServer, Seen, Step
from tests.faults.support import configure
from tests.security.support import GROUP, Checkout, groups_api, live, ok, routed
from tests.support import ACCOUNT, ANA, BRUNO, CARLOS, CONTACTS, DORA, STRANGER, Repo, Result, picture

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas/invites.schema.json").read_text())
NAMED = "5519988887777"  # in a manifest, without an alias


def validated(result: Result) -> Result:
    if result.out:
        jsonschema.Draft202012Validator(SCHEMA).validate(result.json)
    return result


def invites(repo: Repo, *arguments: str, **environment: str) -> Result:
    """`invites --format json`, whose output keeps to the schema."""
    return validated(repo.run("invites", "--format", "json", *arguments, **environment))


def asked_about(result: Result, name: str) -> list[dict[str, Any]]:
    """The people of a group without the day since when they are missing, which is today's."""
    people = result.group(name)["people"]
    assert all(datetime.fromisoformat(person["since"]) <= datetime.now(UTC) for person in people)
    return [{key: value for key, value in person.items() if key != "since"} for person in people]


def people(result: Result, name: str) -> list[tuple[str, str]]:
    return [(person["number"], person["as"]) for person in result.group(name)["people"]]


def names(result: Result) -> list[str]:
    return [group["name"] for group in result.json["groups"]]


def asked(repo: Repo) -> list[str]:
    """Ids of the groups whose link was asked for."""
    return [call["path"].split("/")[2] for call in repo.api.calls() if call["path"].endswith("/invite")]


@pytest.fixture
def waiting(repo: Repo) -> Repo:
    """`suporte` waits for an admin and two members, `vendas` for an admin, `cheio` for nobody, and nobody is
    managed in `livre`."""
    repo.group(
        "suporte",
        f'subject: Suporte\nicon: icons/i.png\nadmins: [ana, bruno]\nmembers: [dora, "+{NAMED}"]\n',
    )
    repo.write("groups/icons/i.png", picture())
    repo.group("vendas", "subject: Vendas\nadmins: [bruno]\n")
    repo.group("cheio", "subject: Cheio\nmembers: [carlos]\n")
    repo.group("livre", "subject: Livre\n")
    assert repo.apply().code == 0
    repo.api.join(repo.live("Suporte")["id"], ANA)
    repo.api.join(repo.live("Cheio")["id"], CARLOS)
    assert repo.apply().code == 0
    repo.api.clear_calls()
    return repo


# --- who, and by which link -------------------------------------------------------------------------------


def test_links_and_people_of_the_groups_that_wait(waiting: Repo) -> None:
    found = invites(waiting)
    assert (found.code, found.json["complete"]) == (0, True)
    assert names(found) == ["suporte", "vendas"]
    suporte = waiting.live("Suporte")
    assert {**found.group("suporte"), "people": asked_about(found, "suporte")} == {
        "name": "suporte",
        "id": suporte["id"],
        "subject": "Suporte",
        "link": waiting.api.invite(suporte["id"]),
        "people": [
            {"number": f"+{BRUNO}", "contact": "bruno", "as": "admin"},
            {"number": f"+{DORA}", "contact": "dora", "as": "member"},
            {"number": f"+{NAMED}", "as": "member"},
        ],
        "status": "ready",
        "notes": [],
    }
    assert found.json["summary"] == {"people": 3, "groups": 2, "without_link": 0, "left_out": 0}
    assert "shows invite links and full numbers" in found.err


def test_whoever_has_joined_is_not_named_any_more(waiting: Repo) -> None:
    assert people(invites(waiting, "--target", "vendas"), "vendas") == [(f"+{BRUNO}", "admin")]
    link = invites(waiting).group("vendas")["link"]
    waiting.api.join(waiting.live("Vendas")["id"], BRUNO)
    assert names(invites(waiting)) == ["suporte"], "before any apply"
    assert link.startswith("https://chat.whatsapp.com/")


def test_only_gets_only_the_links_that_are_needed_and_nothing_is_written(waiting: Repo) -> None:
    before = {file: file.stat().st_mtime_ns for file in waiting.path.rglob("*")}
    assert invites(waiting).code == 0
    calls = waiting.api.calls()
    assert {call["method"] for call in calls} == {"GET"}
    assert sorted(asked(waiting)) == sorted(waiting.live(name)["id"] for name in ("Suporte", "Vendas"))
    assert not any(call["path"].endswith("/icon") for call in calls), "no icon matters here"
    assert {file: file.stat().st_mtime_ns for file in waiting.path.rglob("*")} == before
    links = {group["subject"]: group["link"] for group in waiting.api.groups()}
    assert links["Cheio"] is links["Livre"] is None, "no link was made where nobody needs one"


def test_it_works_while_somebody_holds_the_lock(waiting: Repo) -> None:
    with (waiting.path / ".reconciler/state.json.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert invites(waiting).code == 0


@pytest.mark.parametrize("person", ["bruno", f"+{BRUNO}", "55 (19) 90000-0002"])
def test_one_person(waiting: Repo, person: str) -> None:
    found = invites(waiting, "--person", person)
    assert found.code == 0, found.err
    assert people(found, "suporte") == people(found, "vendas") == [(f"+{BRUNO}", "admin")]


def test_persons_together_by_any_number_and_nobody_unknown(waiting: Repo) -> None:
    waiting.write(
        "contacts.yaml",
        CONTACTS.replace(f'dora: "+{DORA}"', f"dora: {{numbers: ['+{DORA}', '+{STRANGER}']}}"),
    )
    waiting.api.clear_calls()
    found = invites(waiting, "--person", f"+{STRANGER}", "--person", NAMED)
    assert names(found) == ["suporte"]
    assert people(found, "suporte") == [(f"+{DORA}", "member"), (f"+{NAMED}", "member")]
    assert asked(waiting) == [waiting.live("Suporte")["id"]]
    nobody = invites(waiting, "--person", "carlos")
    assert (nobody.code, nobody.json["groups"]) == (0, [])
    for wrong in ("brunno", "+5519912345678", "cs"):
        waiting.api.clear_calls()
        refused = invites(waiting, "--person", wrong)
        assert (refused.code, refused.out) == (64, "")
        assert waiting.api.calls() == []
        assert "12345678" not in refused.err
    assert "did you mean `bruno`" in invites(waiting, "--person", "brunno").err


def test_a_target(waiting: Repo) -> None:
    assert names(invites(waiting, "--target", "v*")) == ["vendas"]
    assert asked(waiting) == [waiting.live("Vendas")["id"]]
    assert invites(waiting, "--target", "nobody").code == 64


def test_who_joined_and_left_only_when_asked(waiting: Repo) -> None:
    waiting.api.leave(waiting.live("Suporte")["id"], ANA)
    waiting.api.leave(waiting.live("Cheio")["id"], CARLOS)
    found = invites(waiting)
    assert names(found) == ["suporte", "vendas"]
    assert (f"+{ANA}", "admin") not in people(found, "suporte")
    assert found.json["summary"]["left_out"] == 2
    assert waiting.live("Cheio")["id"] not in asked(waiting)
    text = waiting.run("invites")
    assert "2 have joined and left (--include-left)" in text.out
    everybody = invites(waiting, "--include-left")
    assert names(everybody) == ["cheio", "suporte", "vendas"]
    assert everybody.group("suporte")["people"][0] == {
        "number": f"+{ANA}",
        "contact": "ana",
        "as": "admin",
        "name": "Ana Souza",
        "left": True,
    }
    assert all("left" not in person for person in everybody.group("vendas")["people"])
    assert everybody.json["summary"]["left_out"] == 0
    assert "joined before, and left" in waiting.run("invites", "--include-left").out


# --- groups to which nobody can be invited ----------------------------------------------------------------


def test_what_is_not_there_or_in_the_way_is_named_and_not_asked(waiting: Repo) -> None:
    waiting.group("nova", "subject: Nova\nadmins: [ana]\n")
    waiting.group("parado", "subject: Parado\nadmins: [dora]\nhold: {reason: campaign}\n")
    waiting.group("vendas", "subject: Vendas\nadmins: [bruno]\nhold: {reason: campaign}\n")
    twice = [waiting.api.seed("Gêmeos")[0] for _ in range(2)]
    waiting.group("gemeos", "subject: Gêmeos\nadmins: [elisa]\n")
    waiting.api.remove(waiting.live("Suporte")["id"], ACCOUNT)
    waiting.api.clear_calls()
    found = invites(waiting)
    assert found.code == 0, found.err
    assert {group["name"]: group["status"] for group in found.json["groups"]} == {
        "gemeos": "blocked",
        "nova": "create",
        "parado": "held",
        "suporte": "missing",
        "vendas": "held",
    }
    assert asked(waiting) == []
    assert people(found, "nova") == [(f"+{ANA}", "admin")]
    assert people(found, "vendas") == [(f"+{BRUNO}", "admin")]
    assert people(found, "suporte") == people(found, "gemeos") == [], "nobody knows who is in them"
    assert all(group["id"] in str(found.group("gemeos")["notes"]) for group in twice)
    text = waiting.run("invites").out
    for words in ("nova  not created yet", "vendas  on hold", "suporte  missing", "gemeos  blocked"):
        assert words in text
    assert text.endswith("Nobody to invite · 5 groups without a link.\n")
    table = waiting.run("invites", "--format", "csv")
    assert table.out.count("\n") == 1, "who has no link is in no mail merge"
    assert "nova: the group is yet to be created" in table.err
    assert names(invites(waiting, "--person", "elisa")) == ["gemeos"]


def test_a_group_in_which_the_account_is_no_admin(waiting: Repo) -> None:
    (foreign,) = waiting.api.seed("Alheio", creator=CARLOS, participants=[ANA])
    waiting.group("alheio", f"id: {foreign['id']}\nadmins: [carlos]\nmembers: [dora]\n")
    assert waiting.plan().group("alheio")["action"] == "none", "nothing else would tell"
    waiting.api.clear_calls()
    found = invites(waiting)
    assert found.code == 0
    assert foreign["id"] not in asked(waiting)
    group = found.group("alheio")
    assert (group["status"], group["link"]) == ("blocked", None)
    assert "only an admin gets the link. One of these can make it one: carlos" in group["notes"][0]
    assert people(found, "alheio") == [(f"+{DORA}", "member")]


def test_without_an_account_the_api_says_whether_there_is_a_link(waiting: Repo) -> None:
    (foreign,) = waiting.api.seed("Alheio", creator=CARLOS)
    waiting.group("alheio", f"id: {foreign['id']}\nmembers: [dora]\n")
    waiting.write("reconciler.yaml", "")
    found = invites(waiting)
    assert found.code == 1
    assert found.group("alheio")["status"] == "failed"
    assert found.group("vendas")["status"] == "ready"


def test_a_link_about_to_be_revoked_is_given_to_nobody(waiting: Repo) -> None:
    waiting.group("vendas", "subject: Vendas\nadmins: [bruno]\nlink_version: 1\n")
    assert waiting.apply().code == 0
    waiting.group("vendas", "subject: Vendas\nadmins: [bruno]\nlink_version: 2\n")
    waiting.api.clear_calls()
    found = invites(waiting)
    assert (found.code, found.group("vendas")["status"]) == (0, "revoke")
    assert waiting.live("Vendas")["id"] not in asked(waiting)
    assert "reconciler apply" in found.group("vendas")["notes"][0]
    assert waiting.apply().code == 0
    assert invites(waiting).group("vendas")["status"] == "ready"


# --- what fails -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    ["status=200 body=message", "status=403 body=errors", "status=500", "empty", "garbage", "truncated"],
)
def test_a_link_that_cannot_be_had_ends_1_and_the_others_are_shown(waiting: Repo, fault: str) -> None:
    vendas = waiting.live("Vendas")["id"]
    waiting.api.add_faults(f"GET /groups/{vendas}/invite {fault}")
    found = invites(waiting)
    assert (found.code, found.json["complete"]) == (1, False)
    group = found.group("vendas")
    assert (group["status"], group["link"]) == ("failed", None)
    assert people(found, "vendas") == [(f"+{BRUNO}", "admin")]
    assert found.group("suporte")["status"] == "ready"
    assert f"vendas: {group['notes'][0]}" in found.err
    text = waiting.run("invites")
    assert text.code == 1
    assert "vendas  no link" in text.out
    table = waiting.run("invites", "--format", "csv")
    assert (table.code, "vendas," in table.out) == (1, False)
    assert waiting.api.invite(waiting.live("Suporte")["id"]) in table.out


JUNK = (
    "undefined",
    "",
    None,
    "http://chat.whatsapp.com/AbC",
    "https://chat.whatsapp.com.evil.example/AbC",
    "https://chat.whatsapp.com/AbC?x=1",
    "https://chat.whatsapp.com/AbC\n",
    "https://chat.whatsapp.com/",
)


@pytest.mark.parametrize("link", JUNK)
def test_a_junk_link_is_neither_shown_nor_a_success(link: object, tmp_path: Path) -> None:
    def others(seen: Seen) -> Step:
        return ok({"groups": [{"link": link}]})

    with RawServer() as api:
        api.default = routed(api, groups_api(live(), others=others))
        checkout = Checkout(tmp_path / "repo", api.url)
        checkout.group("suporte", f"id: {GROUP}\nadmins: [ana]\n")
        found = validated(checkout.quick("invites", "--format", "json"))
        assert (found.code, found.group("suporte")["status"]) == (1, "failed")
        assert "no invite link" in found.group("suporte")["notes"][0]
        assert "chat.whatsapp.com" not in found.out + found.err
        assert "undefined" not in found.out + found.err


def test_what_could_not_be_read_is_named_and_ends_1(waiting: Repo) -> None:
    configure(waiting, retries=0)
    for subject in ("Suporte", "Livre"):
        waiting.api.add_faults(f"GET /groups/{waiting.live(subject)['id']} status=500")
    found = invites(waiting)
    assert (found.code, found.json["complete"]) == (1, False)
    assert {group["name"]: group["status"] for group in found.json["groups"]} == {
        "livre": "unreadable",
        "suporte": "unreadable",
        "vendas": "ready",
    }
    assert asked(waiting) == [waiting.live("Vendas")["id"]]
    assert "somebody may be missing here" in waiting.run("invites").out


def test_a_short_list_ends_1(waiting: Repo) -> None:
    waiting.api.hide(waiting.live("Cheio")["id"])
    found = invites(waiting)
    assert (found.code, found.json["complete"]) == (1, False)
    assert "leaves out" in found.json["notes"][0]
    assert "leaves out" in found.err


def test_refused_credentials_end_4(waiting: Repo) -> None:
    waiting.api.add_faults("GET /groups/*/invite status=401")
    refused = waiting.run("invites")
    assert (refused.code, refused.out) == (4, "")


@pytest.mark.parametrize(
    "fault", ["GET /groups status=401", "GET /groups/*/invite status=401", "GET /groups status=400"]
)
def test_a_sheet_of_an_earlier_run_does_not_stay_after_one_that_failed(waiting: Repo, fault: str) -> None:
    reports = ("--report", "html=sheet.html", "--report", "markdown=list.md")
    assert waiting.run("invites", *reports).code == 0
    files = [waiting.path / name for name in ("sheet.html", "list.md")]
    assert all("https://chat.whatsapp.com/" in path.read_text() for path in files)
    waiting.api.add_faults(fault)
    assert waiting.run("invites", *reports).code in (1, 4)
    for path in files:
        assert "https://chat.whatsapp.com/" not in path.read_text()
        assert "There are no invitations here" in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_more_links_at_once_than_writes(repo: Repo) -> None:
    configure(repo, write_concurrency=2)
    for n in range(8):
        repo.group(f"g{n}", f"subject: Grupo {n}\nmembers: [ana]\n")
    assert repo.apply().code == 0
    repo.api.clear_calls()
    repo.api.add_faults("GET /groups/*/invite delay=0.3")
    assert len(invites(repo).json["groups"]) == 8
    spans = [
        (call["started"], call["finished"]) for call in repo.api.calls() if call["path"].endswith("/invite")
    ]
    assert len(spans) == 8
    assert max(sum(begin <= at < end for begin, end in spans) for at, _ in spans) == 2


# --- formats and files ------------------------------------------------------------------------------------


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_table(waiting: Repo) -> None:
    waiting.write(
        "contacts.yaml", CONTACTS.replace(f'bruno: "+{BRUNO}"', _person("'José; \"=x\", Silva'", BRUNO))
    )
    found = waiting.run("invites", "--format", "csv")
    assert found.code == 0
    rows = table(found.out)
    link = waiting.api.invite(waiting.live("Vendas")["id"])
    assert rows[-1] == {
        "group": "vendas",
        "subject": "Vendas",
        "link": link,
        "contact": "bruno",
        "name": 'José;\' "=x", Silva',
        "number": as_text(BRUNO),
        "as": "admin",
        "left": "",
        "missing_since": f"{datetime.now(UTC):%Y-%m-%d}",
        "last_sent": "",
        "times_sent": "0",
    }
    assert [row["number"] for row in rows] == [as_text(each) for each in (BRUNO, DORA, NAMED, BRUNO)]


def as_text(digits: str) -> str:
    """A Brazilian number as no spreadsheet takes it for one."""
    return f"{digits[:2]} {digits[2:4]} {digits[4:9]}-{digits[9:]}"


def _person(name: str, number: str) -> str:
    return f"bruno: {{name: {name}, numbers: ['+{number}']}}"


FORMATS = ("text", "json", "csv", "markdown", "html")


def test_reports_are_private_files_and_formats_agree(waiting: Repo) -> None:
    files = [f"--report={name}=invites.{name}" for name in FORMATS]
    shown = waiting.run("invites", *files)
    assert shown.code == 0
    for name in FORMATS:
        path = waiting.path / f"invites.{name}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        mark = "\ufeff" if name == "csv" else ""  # for spreadsheets, which open files
        assert path.read_text() == mark + waiting.run("invites", "--format", name).out
    assert (waiting.path / "invites.text").read_text() == shown.out
    assert f"+{NAMED}" in shown.out
    assert waiting.api.invite(waiting.live("Vendas")["id"]) in shown.out


_OTHERS = (
    "plan --verbose",
    "drift",
    "apply --yes",
    "invites --send --yes --verbose",
    "invites --send --yes --format json",
    "send suporte Oi --yes --verbose",
    "state show",
)


def test_links_are_on_stdout_only_and_in_no_other_command(waiting: Repo) -> None:
    shown = waiting.run("invites", "--verbose")
    links = [
        waiting.api.invite(waiting.live(name)["id"]).rpartition("/")[2] for name in ("Suporte", "Vendas")
    ]
    assert all(link in shown.out for link in links)
    others = [waiting.run(*line.split()) for line in _OTHERS]
    texts = [shown.err, waiting.state.read_text(), *(each.out + each.err for each in others)]
    for link in links:
        assert not any(link in text for text in texts)
    assert "next: reconciler invites" in others[0].out


def test_quiet_and_unknown_formats(waiting: Repo) -> None:
    assert waiting.run("invites", "--quiet").err == ""
    assert waiting.run("invites", "--format", "sarif").code == 64
    assert waiting.run("plan", "--format", "sarif").code == 64


def test_codes_to_scan_are_for_text(waiting: Repo) -> None:
    shown = waiting.run("invites", "--qr", "--target", "vendas")
    assert shown.code == 0
    assert "█" * 33 in shown.out
    assert "█" not in waiting.run("invites", "--target", "vendas").out
    assert waiting.run("invites", "--qr", "--format", "json").code == 64
    assert waiting.run("invites", "--qr", "--send", "--yes").code == 64


def test_what_outsiders_write_is_shown_as_it_is_elsewhere(waiting: Repo) -> None:
    hostile = "=cmd()\x1b[31m +55 11 91234-5678 https://chat.whatsapp.com/Evil"
    waiting.api.set_subject(waiting.live("Vendas")["id"], hostile)
    for name in FORMATS:
        found: Any = waiting.run("invites", "--format", name)
        assert found.code == 0
        assert "\x1b" not in found.out
        assert "91234" not in found.out
        assert "chat.whatsapp.com/Evil" not in found.out
    rows = table(waiting.run("invites", "--format", "csv").out)
    assert rows[-1]["subject"].startswith("'=cmd()\\x1b[31m")


def test_in_the_embedded_sandbox(repo: Repo) -> None:
    repo.group("g1", "subject: Grupo\nmembers: [ana]\n")
    assert repo.run("apply", "--yes", "--sandbox").code == 0
    found = validated(repo.run("invites", "--sandbox", "--format", "json"))
    assert (found.code, people(found, "g1")) == (0, [(f"+{ANA}", "member")])
    assert repo.api.calls() == []
