"""`reconciler state`: what is recorded, looked at and mended by hand, without a call."""

from __future__ import annotations

import json
import shutil
import stat
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.model.record import Left
from reconciler.state import codec
from tests.faults.support import recorded
from tests.gitrepo import git, start
from tests.support import ACCOUNT, ANA, BRUNO, CARLOS, Repo

OUTSIDER = "5519988887777"


@pytest.fixture
def two(repo: Repo) -> Repo:
    """Two groups on record: one of the account, one that somebody else made."""
    (foreign,) = repo.api.seed("Outro", creator=CARLOS, account="admin", participants=[ANA, OUTSIDER])
    repo.group("own", f'subject: Nosso\nadmins: [ana, "+{OUTSIDER}"]\n')
    repo.group("foreign", f'id: {foreign["id"]}\nmembers: [ana, "+{OUTSIDER}"]\n')
    assert repo.apply().code == 0
    repo.api.clear_calls()
    return repo


def names(repo: Repo) -> set[str]:
    return set(recorded(repo).groups)


def test_list(two: Repo) -> None:
    text = two.run("state", "list")
    assert text.code == 0
    assert [line.split()[0] for line in text.out.splitlines()] == ["foreign", "own"]
    own = two.live("Nosso")["id"]
    assert own in text.out, "the account's own ids are whole"
    assert CARLOS not in text.out
    masked = two.run("state", "list", "--format", "json").json["groups"]
    foreign = two.live("Outro")["id"]
    assert masked == [
        {"name": "foreign", "id": f"…-{foreign.rpartition('-')[2]}"},
        {"name": "own", "id": own},
    ]
    assert foreign in two.run("state", "list", "--show-numbers").out
    assert two.run("state", "list", "--format", "html").code == 64
    assert two.api.calls() == []


def test_show_is_masked_unless_asked_otherwise(two: Repo) -> None:
    whole = two.run("state", "show")
    assert whole.json["groups"].keys() == {"foreign", "own"}
    for number in (ANA, CARLOS, OUTSIDER):
        assert number not in whole.out
    assert "+55 19 •••• 7777" in whole.out
    assert "ana" in whole.json["groups"]["own"]["applied"]["admins"]
    one = two.run("state", "show", "own")
    assert one.json["groups"]["applied"]["subject"] == "Nosso"
    assert OUTSIDER in two.run("state", "show", "--show-numbers").out
    unknown = two.run("state", "show", "nobody")
    assert unknown.code == 1
    assert "state list" in unknown.err
    assert two.api.calls() == []


def test_bind(two: Repo) -> None:
    (stray,) = two.api.seed("Solto")
    assert two.run("state", "bind", "novo", stray["id"]).code == 0
    assert recorded(two).groups["novo"].id == stray["id"]
    assert two.run("state", "bind", "novo", stray["id"]).code == 0, "again is no harm"
    taken = two.run("state", "bind", "outra", stray["id"])
    assert taken.code == 1
    assert "state mv novo outra" in taken.err
    another = two.run("state", "bind", "own", f"{ACCOUNT}-1")
    assert another.code == 1
    assert "state forget own" in another.err
    assert recorded(two).groups["own"].id == two.live("Nosso")["id"]
    assert two.api.calls() == []
    # A manifest of that name means this group from now on, whatever it is called.
    two.group("novo", "subject: Outro nome\n")
    assert two.apply().code == 0
    assert two.api.group(stray["id"])["subject"] == "Outro nome"


def test_mv_follows_a_renamed_manifest(two: Repo) -> None:
    (two.path / "groups/own.yaml").rename(two.path / "groups/renamed.yaml")
    before = recorded(two).groups["own"]
    assert two.run("state", "mv", "own", "renamed").code == 0
    assert recorded(two).groups["renamed"] == before
    assert names(two) == {"foreign", "renamed"}
    assert two.plan().json["summary"]["adopt"] == 0
    assert two.run("state", "mv", "own", "other").code == 1
    assert two.run("state", "mv", "renamed", "foreign").code == 1
    assert names(two) == {"foreign", "renamed"}


def test_forget_touches_no_group(two: Repo) -> None:
    assert two.run("state", "forget", "own").code == 0
    assert names(two) == {"foreign"}
    assert two.run("state", "forget", "own").code == 1
    assert two.api.calls() == []
    assert two.plan().group("own")["action"] == "adopt"
    assert two.apply().code == 0
    assert len(two.api.groups()) == 2


def test_forget_ends_a_create_in_progress(repo: Repo) -> None:
    repo.group("nova", "subject: Nova\n")
    repo.api.add_faults("POST /groups hang")
    process = repo.start("apply", "--yes")
    repo.api.wait_for_call("POST", "/groups")
    process.kill()
    process.communicate()
    assert list(recorded(repo).creating) == ["nova"]
    assert repo.run("state", "show", "nova").json["creating"]["subject"] == "Nova"
    assert repo.run("state", "forget", "nova").code == 0
    assert recorded(repo).creating == {}


def test_what_is_written_stays_its_owners_alone(two: Repo) -> None:
    two.state.chmod(0o644)
    assert "chmod 600" in two.plan().err
    assert two.run("state", "forget", "own").code == 0
    assert stat.S_IMODE(two.state.stat().st_mode) == 0o600
    assert stat.S_IMODE(two.state.parent.stat().st_mode) == 0o700
    lock = two.state.with_name("state.json.lock")
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "arguments",
    [
        ("mv", "own", "own"),
        ("mv", "no", "no"),
        ("mv", "", "other"),
        ("mv", "own", ""),
        ("mv", "Own Group", "other"),
        ("bind", "", f"{ACCOUNT}-1"),
        ("bind", "own", ""),
        ("forget", ""),
        ("forget", "own group"),
        ("show", ""),
        ("show", "--at", ""),
        ("show", "own", "--at", ""),
        ("log", ""),
        ("log", "--person", ""),
        ("log", "--since", ""),
    ],
)
def test_what_is_empty_or_contradicts_itself_is_usage(two: Repo, arguments: tuple[str, ...]) -> None:
    """Also where the state keeps a history, so that it could be asked."""
    before = two.state.read_bytes()
    refused = two.run("state", *arguments)
    assert (refused.code, refused.out) == (64, "")
    assert two.state.read_bytes() == before
    (two.path / ".git").rmdir()
    start(two.path)
    git(two.path, "remote", "add", "origin", str(two.path))
    refused = two.run("state", *arguments, RECONCILER_STATE="git:")
    assert (refused.code, refused.out) == (64, "")
    assert "history" not in refused.err


def test_without_a_state_there_is_nothing_to_show(repo: Repo) -> None:
    repo.group("nova", "subject: Nova\n")
    for verb in ("list", "show", "forget nova", "unlock"):
        assert repo.run("state", *verb.split(), RECONCILER_STATE="none").code == 64
    empty = repo.run("state", "list")
    assert (empty.code, empty.out) == (0, "")
    assert "Nothing is recorded" in empty.err
    assert not repo.state.exists(), "looking creates nothing"


def test_no_manifest_is_needed(two: Repo) -> None:
    """As when the last one has just been deleted, or an icon is not where it was."""
    two.group("own", "subject: Nosso\nicon: icons/gone.png\n")
    assert two.run("state", "list").code == 0
    shutil.rmtree(two.path / "groups")
    assert two.run("state", "list").out.count("\n") == 2
    (two.path / "groups").mkdir()
    assert two.run("state", "forget", "own").code == 0
    assert names(two) == {"foreign"}
    assert two.run("validate").code == 1
    assert two.run("plan").code == 1


def test_no_credentials_are_needed(two: Repo) -> None:
    for verb in ("list", "show", "unlock", "forget own"):
        done = two.run("state", *verb.split(), RECONCILER_TOKEN="", RECONCILER_USERNAME="")
        assert done.code == 0, done.err


def test_the_sandbox_has_a_state_of_its_own(two: Repo) -> None:
    before = two.state.read_bytes()
    assert two.run("state", "list", "--sandbox").out == ""
    assert two.run("state", "bind", "own", f"{ACCOUNT}-1", "--sandbox").code == 0
    assert json.loads(two.run("state", "list", "--sandbox", "--format", "json").out)["groups"] == [
        {"name": "own", "id": f"{ACCOUNT}-1"}
    ]
    assert two.state.read_bytes() == before


def test_numbers_in_the_file_are_of_people_in_manifests_only(two: Repo) -> None:
    """And by alias where they have one: nobody else's number is kept."""
    two.api.join(two.live("Nosso")["id"], ANA, BRUNO, "5519977776666")
    assert two.apply().code == 0
    text = two.state.read_text()
    assert OUTSIDER in text
    for number in (ANA, BRUNO, "5519977776666"):
        assert number not in text


# --- groups that were left ---------------------------------------------------------------------------------

LEFT_AT = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)


@pytest.fixture
def one_left(two: Repo) -> Repo:
    """`two`, and on record that a group which somebody else made was closed."""
    state = recorded(two)
    gone = Left(id=f"{CARLOS}-1513616971", at=LEFT_AT, how="closed")
    two.state.write_bytes(codec.dumps(replace(state, left={"antigo": gone})))
    return two


def test_a_group_that_was_left_is_shown(one_left: Repo) -> None:
    text = one_left.run("state", "list")
    assert text.out.splitlines()[-1].split() == ["antigo", "…-1513616971", "closed", "on", "2026-11-21"]
    document = one_left.run("state", "list", "--format", "json").json
    assert {group["name"] for group in document["groups"]} == {"foreign", "own"}
    left = {"id": "…-1513616971", "at": "2026-11-21T08:30:00Z", "how": "closed"}
    assert document["left"] == [{"name": "antigo", **left}]
    assert one_left.run("state", "show").json["left"] == {"antigo": left}
    assert one_left.run("state", "show", "antigo").json == {"groups": None, "creating": None, "left": left}
    assert one_left.run("state", "show", "own").json["left"] is None
    for verb in ("list", "show", "show antigo"):
        assert CARLOS not in one_left.run("state", *verb.split()).out
        assert CARLOS in one_left.run("state", *verb.split(), "--show-numbers").out


def test_a_state_of_nothing_but_a_group_that_was_left_is_not_empty(one_left: Repo) -> None:
    for name in ("own", "foreign"):
        assert one_left.run("state", "forget", name).code == 0
    assert one_left.run("state", "list").out.split()[0] == "antigo"


def test_a_group_that_was_left_is_forgotten_by_its_name(one_left: Repo) -> None:
    assert one_left.run("state", "forget", "antigo").code == 0
    assert recorded(one_left).left == {}
    assert names(one_left) == {"foreign", "own"}
    assert one_left.run("state", "forget", "antigo").code == 1


def test_that_a_group_was_left_follows_a_renamed_manifest(one_left: Repo) -> None:
    assert one_left.run("state", "mv", "antigo", "own").code == 1
    assert one_left.run("state", "mv", "antigo", "velho").code == 0
    assert recorded(one_left).left == {"velho": Left(f"{CARLOS}-1513616971", LEFT_AT, "closed")}
    assert names(one_left) == {"foreign", "own"}


def test_a_group_that_was_left_is_bound_to_another_name_only_once_that_is_forgotten(one_left: Repo) -> None:
    group_id = f"{CARLOS}-1513616971"
    refused = one_left.run("state", "bind", "novo", group_id)
    assert (refused.code, "novo" in names(one_left)) == (1, False)
    assert "left on 2026-11-21, as antigo" in refused.err
    assert one_left.run("state", "bind", "antigo", group_id).code == 0
    assert recorded(one_left).left == {}


def test_doctor_misses_no_manifest_of_a_group_that_was_left(one_left: Repo) -> None:
    found = one_left.run("doctor", "--format", "json")
    assert "antigo" not in found.out
    assert "without a manifest any more" not in found.out
