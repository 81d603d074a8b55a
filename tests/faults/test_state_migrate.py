"""`state migrate`: everything recorded goes along, also when killed; and nobody writes where a state was."""

from __future__ import annotations

import fcntl
import json
import stat
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.model.record import (
    Applied,
    IconRecord,
    Intent,
    Left,
    Record,
    Revoking,
    Sent,
    State,
    StoredSubject,
)
from reconciler.sandbox import Server
from reconciler.sandbox.inbox import mo_body
from reconciler.state import codec
from tests.brownfield.conftest import Inside
from tests.state.git import BRANCH, Origin, git
from tests.support import ACCOUNT, ANA, BRUNO, CONTACTS

FILE = "file:.reconciler/state.json"
GIT = f"git:origin/{BRANCH}"
AT = datetime(2026, 11, 29, 8, 30, tzinfo=UTC)


def everything(base_url: str) -> State:
    """A state with something in every place in which something can be."""
    sent = Sent(AT, 2, "unknown", (AT - timedelta(hours=3),), "id-1", "0a" * 32)
    return State(
        base_url=base_url,
        serial=41,
        commit="c0ffee" * 6 + "c0ff",
        groups={
            "alfa": Record(
                id="g-1",
                applied=Applied(
                    subject="Alfa", icon="1f" * 32, admins=("ana",), members=("bruno", "5511988887777")
                ),
                icon=IconRecord("1f" * 32, "2e" * 32, "https://cdn.example/1", 12),
                link_version=3,
                joined=("ana/0001",),
                missing={"bruno/0002": AT},
                sent={"bruno/0002": sent, "ana/0001": replace(sent, status="reset", times=0)},
                revoking=Revoking(4, "3d" * 32, AT),
                stored=StoredSubject("Al  fa", "Al fa"),
            ),
            "beta": Record(id="g-2"),
        },
        creating={"gama": Intent("Gama", ("g-1", "g-2"), AT)},
        created=(AT - timedelta(hours=1), AT),
        left={"delta": Left("g-3", AT, "closed")},
    )


class Place:
    """A clone with a sandbox, whose remote can be looked into."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.origin = Origin(folder, commits=1)
        self.repo = Inside(folder / "repo", server)
        self.path = self.repo.path
        for name in ("reconciler.yaml", "contacts.yaml"):
            (self.path / name).unlink()
        (self.path / ".git").rmdir()
        git(folder, "clone", "--quiet", self.origin.url, "repo")
        self.repo.write("reconciler.yaml", f'account: "+{ACCOUNT}"\n')
        self.repo.write("contacts.yaml", CONTACTS)
        self.repo.write(".gitignore", ".reconciler/\n")
        self.repo.environment["RECONCILER_STATE_LEASE"] = "20"
        self.run = self.repo.run

    @property
    def all(self) -> State:
        return everything(self.repo.environment["RECONCILER_BASE_URL"])

    def put(self, state: State, name: str = ".reconciler/state.json") -> Path:
        path = self.repo.write(name, codec.dumps(state))
        path.chmod(0o600)
        return path

    def file(self, name: str = ".reconciler/state.json") -> State | None:
        path = self.path / name
        return codec.loads(path.read_bytes()) if path.exists() else None

    def branch(self, name: str = BRANCH) -> State | None:
        if self.origin.tip(name) is None:
            return None
        names = git(self.origin.path, "ls-tree", "--name-only", f"refs/heads/{name}").split()
        data = self.origin.data(name) if "state.json" in names else None
        return None if data is None else codec.loads(data)

    def commit(self) -> None:
        git(self.path, "add", "--all")
        git(self.path, "commit", "--quiet", "--message", "change")

    def migrate(self, source: str, target: str, *arguments: str, **environment: str) -> int:
        done = self.run("state", "migrate", source, target, *arguments, **environment)
        self.said = done.out + done.err
        return done.code


def same(found: State | None, wanted: State) -> bool:
    return found is not None and replace(found, serial=0) == replace(wanted, serial=0)


@pytest.fixture
def place(tmp_path: Path, serve: Callable[..., Server]) -> Place:
    return Place(tmp_path, serve())


# --- everything goes along --------------------------------------------------------------------------------


def test_from_a_file_to_a_branch_to_another_to_a_file_to_a_file(place: Place) -> None:
    place.put(place.all)
    assert place.migrate(FILE, GIT) == 0, place.said
    assert "4 names" in place.said
    assert f"state: {GIT}" in place.said
    assert same(place.branch(), place.all)
    assert place.file() is None
    kept = place.path / ".reconciler/state.json.migrated"
    assert codec.loads(kept.read_bytes()) == place.all
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600

    before = place.origin.tip()
    assert place.migrate(GIT, "git:origin/other/state") == 0, place.said
    assert same(place.branch("other/state"), place.all)
    assert place.branch() is None
    git(place.origin.path, "merge-base", "--is-ancestor", str(before), f"refs/heads/{BRANCH}")
    assert b"alfa" in git(place.origin.path, "show", f"{BRANCH}:state.json.migrated").encode()
    assert place.origin.messages()[0].startswith("migrate: moved to git:origin/other/state")

    assert place.migrate("git:origin/other/state", "file:elsewhere/s.json", RECONCILER_STATE=GIT) == 0
    assert same(place.file("elsewhere/s.json"), place.all)
    assert stat.S_IMODE((place.path / "elsewhere/s.json").stat().st_mode) == 0o600
    assert place.migrate("file:elsewhere/s.json", FILE) == 0, place.said
    assert "Now say so" not in place.said  # it is where the configuration says
    assert same(place.file(), place.all)
    assert not [tip for name in (BRANCH, "other/state") if (tip := place.origin.tip(f"{name}-lock"))]


def test_to_a_place_that_a_state_was_moved_from(place: Place) -> None:
    """There and back, twice: nothing that was set aside before is written over."""
    place.put(place.all)
    for _ in range(2):
        assert place.migrate(FILE, GIT) == 0, place.said
        assert same(place.branch(), place.all)
        assert place.migrate(GIT, FILE) == 0, place.said
        assert same(place.file(), place.all)
    kept = sorted(path.name for path in (place.path / ".reconciler").glob("*.migrated"))
    assert kept == ["state.json.2.migrated", "state.json.migrated"]


def test_a_branch_that_may_not_be_deleted_nor_rewritten_is_no_hindrance(place: Place) -> None:
    for rule in ("denyDeletes", "denyNonFastForwards"):
        git(place.origin.path, "config", f"receive.{rule}", "true")
    place.put(place.all)
    for _ in range(2):
        assert place.migrate(FILE, GIT) == 0, place.said
        assert place.migrate(GIT, FILE) == 0, place.said
    assert same(place.file(), place.all)
    assert place.branch() is None


def test_the_path_of_a_file_is_from_the_top_wherever_one_stands(place: Place) -> None:
    place.put(place.all)
    (place.path / "groups").mkdir()
    assert place.migrate(FILE, "file:other.json", "-C", "groups") == 0, place.said
    assert same(place.file("other.json"), place.all)


def test_nobody_is_written_to_again(place: Place) -> None:
    repo = place.repo
    repo.group("suporte", "subject: Suporte\nadmins: [ana]\nmembers: [bruno]\n")
    assert repo.apply().code == 0
    assert repo.run("invites", "--send", "--yes").code == 0
    assert len(repo.api.messages()) == 2
    repo.write("reconciler.yaml", f'account: "+{ACCOUNT}"\nstate: {GIT}\n')
    for verb in ("apply --yes", "invites --send --yes"):
        refused = repo.run(*verb.split())
        assert refused.code == 1
        assert f"reconciler state migrate {FILE} {GIT}" in refused.err
        assert "mv .reconciler/state.json .reconciler/state.json.old" in refused.err
    assert place.migrate(FILE, GIT) == 0, place.said
    repo.api.clear_calls()
    assert repo.apply().code == 0
    assert repo.run("invites", "--send", "--yes").code == 0
    assert len(repo.api.messages()) == 2
    assert not repo.api.writes()
    assert place.migrate(GIT, FILE) == 0, place.said
    repo.write("reconciler.yaml", f'account: "+{ACCOUNT}"\n')
    assert repo.run("invites", "--send", "--yes").code == 0
    assert len(repo.api.messages()) == 2


def test_each_of_several_accounts_has_its_own(place: Place) -> None:
    place.repo.write(
        "reconciler.yaml",
        f'accounts:\n  sales: {{account: "+{ACCOUNT}", state: "git:origin/sales"}}\n'
        '  support: {account: "+55 19 92222-3333", state: "git:origin/support"}\n',
    )
    for name in ("sales", "support"):
        place.repo.write(f"groups/{name}/{name}.yaml", "subject: S\n")
        for what in ("USERNAME", "TOKEN"):
            place.repo.environment[f"RECONCILER_{name.upper()}_{what}"] = "x"
    place.put(place.all, ".reconciler/sales.json")
    refused = place.run("state", "forget", "beta", "--account", "sales")
    command = "state migrate file:.reconciler/sales.json git:origin/sales --account sales"
    assert (refused.code, command in refused.err) == (1, True), refused.err
    assert place.run("state", "bind", "novo", "g-9", "--account", "support").code == 0
    assert place.migrate("file:.reconciler/sales.json", "git:origin/sales") == 64
    assert place.migrate("file:.reconciler/sales.json", "git:origin/sales", "--account", "s*") == 64
    assert place.migrate("file:.reconciler/sales.json", "git:origin/support", "--account", "sales") == 1
    assert place.migrate("file:.reconciler/sales.json", "git:origin/sales", "--account", "sales") == 0
    assert same(place.branch("sales"), place.all)
    assert place.run("state", "forget", "beta", "--account", "sales").code == 0


# --- killed, locked, refused ------------------------------------------------------------------------------

KILLING = """\
#!/bin/sh
# Ends who started it before, or after, the push of this number.
case " $* " in *" push "*)
    echo >> "$COUNT"
    if [ $(wc -l < "$COUNT") = "$NTH" ]; then
        [ "$WHEN" = after ] && {git} "$@" > /dev/null 2>&1
        kill -9 $PPID
        exit 1
    fi
esac
exec {git} "$@"
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("way", ["to a branch", "from a branch"])
def test_killed_at_any_push_nothing_is_lost_and_run_again_it_ends(
    place: Place, tmp_path: Path, way: str, when: str
) -> None:
    source, target = (FILE, GIT) if way == "to a branch" else (GIT, FILE)
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    program = tmp_path / "bin/git"
    program.parent.mkdir()
    program.write_text(KILLING.replace("{git}", real))
    program.chmod(0o755)
    place.put(place.all)
    if way == "from a branch":
        assert place.migrate(FILE, GIT) == 0
    for nth in range(1, 20):
        count = tmp_path / f"count-{nth}"
        process = place.repo.start(
            *("state", "migrate", source, target, "--lock-timeout", "20"),
            PATH=f"{program.parent}:{place.repo.environment['PATH']}",
            COUNT=str(count),
            NTH=str(nth),
            WHEN=when,
            RECONCILER_STATE_LEASE="2",  # what it leaves behind is waited for
        )
        out, err = process.communicate(timeout=60)
        both = [place.file(), place.branch()]
        assert any(same(found, place.all) for found in both), out + err
        retired = both[0 if way == "to a branch" else 1] is None
        if process.returncode == -9 and retired:
            assert place.migrate(source, target, "--lock-timeout", "20") == 1
            assert "was moved elsewhere" in place.said
        elif process.returncode == -9:
            assert place.migrate(source, target, "--lock-timeout", "20") == 0, place.said
        else:
            assert (process.returncode, retired) == (0, True), out + err
            assert len(count.read_text().splitlines()) < nth  # there was no such push any more
            break
        assert same(place.branch() if way == "to a branch" else place.file(), place.all)
        assert place.migrate(target, source, "--lock-timeout", "20") == 0, place.said
    assert nth > 3


def test_killed_before_the_file_was_set_aside(place: Place) -> None:
    place.put(place.all)
    place.put(place.all, "other.json")
    assert place.migrate(FILE, "file:other.json") == 0, place.said
    assert place.file() is None
    assert same(place.file("other.json"), place.all)


def test_where_both_went_on_a_person_decides(place: Place) -> None:
    place.put(place.all)
    place.put(replace(place.all.without("alfa"), serial=42), "other.json")
    assert place.migrate(FILE, "file:other.json") == 1
    assert "file:other.json has a state already (3 names)" in place.said
    assert place.file() == place.all


def test_locked_on_either_side(place: Place) -> None:
    place.put(place.all)
    for name in (".reconciler/state.json.lock", "other.json.lock"):
        with (place.path / name).open("wb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            assert place.migrate(FILE, "file:other.json") == 5
        assert place.file() == place.all
        assert place.file("other.json") is None


def test_what_is_no_way(place: Place) -> None:
    place.put(place.all)
    (place.path / "link.json").symlink_to(".reconciler/state.json")
    for source, target, code, words in (
        (FILE, FILE, 64, "the same place"),
        (FILE, "file:groups/../.reconciler/state.json", 64, "the same place"),
        (FILE, "file:link.json", 64, "the same place"),
        ("git:", GIT, 64, "the same place"),
        (FILE, "none", 64, "keeps nothing"),
        ("none", FILE, 64, "keeps nothing"),
        (FILE, "git:https://example.org/x", 64, "names a URL"),
        (FILE, ".reconciler/other.json", 64, "is no place for the state"),
        (FILE, "git:nowhere/state", 1, "nowhere"),
        (FILE, "git:origin/main", 1, "it is no state's branch"),
        ("file:none.json", GIT, 1, "there is no state in file:none.json"),
        (GIT, "file:none.json", 1, f"there is no state in {GIT}"),
    ):
        assert (place.migrate(source, target), words in place.said) == (code, True), place.said
        assert place.file() == place.all
    assert not (place.path / "none.json.lock").exists()
    assert place.migrate(FILE, GIT, "--sandbox") == 64
    place.put(replace(place.all, base_url="https://other.example"))
    assert (place.migrate(FILE, GIT), "another API" in place.said) == (1, True)
    place.put(place.all)
    place.put(replace(place.all, base_url="https://other.example"), "other.json")
    assert (place.migrate(FILE, "file:other.json"), "another API" in place.said) == (1, True)


# --- where a state was left -------------------------------------------------------------------------------

WRITES = (
    "apply --yes",
    "apply --ready --yes",
    "import --all",
    "invites --send --yes",
    "invites --rotate beta --yes",
    "inbound body.json --ready --yes",
    "state bind novo g-9",
    "state mv beta novo",
    "state forget beta",
)
READS = ("plan", "drift --exit-zero", "list", "invites", "state list", "inbound body.json")


def bound(place: Place) -> State:
    """A state of one group that there is, and one that somebody was written to."""
    repo = place.repo
    (group,) = repo.api.seed("Beta", participants=[BRUNO])
    repo.group("beta", "subject: Beta\nadmins: [ana]\n")
    repo.write("body.json", json.dumps(mo_body(ANA, ACCOUNT, "Oi", group["id"])))
    assert repo.apply().code == 0
    repo.api.clear_calls()
    found = place.file()
    assert found is not None
    return found


def test_no_verb_writes_beside_the_state_that_was_left_in_the_default_file(place: Place) -> None:
    found = bound(place)
    (place.path / "groups/zeta.yaml").write_text("subject: Zeta\n")
    for verb in WRITES:
        done = place.run(*verb.split(), RECONCILER_STATE=GIT)
        assert done.code == 1, (verb, done.out + done.err)
        assert f"migrate {FILE} {GIT}" in done.err, verb
        assert "mv .reconciler/state.json" in done.err, verb
    assert not place.repo.api.writes()
    assert place.branch() is None
    for verb in READS:
        done = place.run(*verb.split(), RECONCILER_STATE=GIT)
        assert (done.code, "Warning: there is no state yet at" in done.err) == (0, True), (verb, done.err)
    doctor = place.run("doctor", RECONCILER_STATE=GIT)
    assert (doctor.code, f"migrate {FILE} {GIT}" in " ".join(doctor.out.split())) == (1, True), doctor.out
    assert place.file() == found
    assert place.run("accept", "beta", "--yes", RECONCILER_STATE=GIT).code == 0  # it writes no state
    (place.path / ".reconciler/state.json").rename(place.path / ".reconciler/state.json.old")
    place.commit()
    done = place.run("apply", "--yes", RECONCILER_STATE=GIT)
    assert (done.code, "migrate" in done.err) == (0, False), done.err
    assert place.branch() is not None


@pytest.mark.parametrize("what", ["creating", "left"])
def test_a_create_in_progress_and_a_group_that_was_left_are_records_too(place: Place, what: str) -> None:
    place.put(replace(State(base_url=place.all.base_url, serial=3), **{what: getattr(place.all, what)}))
    assert place.run("apply", "--yes", RECONCILER_STATE=GIT).code == 1
    place.repo.group("zeta", "subject: Zeta\n")
    done = place.run("apply", "--yes", RECONCILER_STATE=GIT)
    assert (done.code, "state migrate" in done.err) == (1, True)
    assert not place.repo.api.writes()


def test_a_default_file_of_another_service_is_in_nobodys_way(place: Place) -> None:
    place.put(replace(place.all, base_url="https://other.example"))
    place.repo.group("zeta", "subject: Zeta\n")
    place.commit()
    assert place.run("apply", "--yes", RECONCILER_STATE=GIT).code == 0
    assert place.branch() is not None


def test_a_default_file_that_cannot_be_read_might_have_records(place: Place) -> None:
    place.repo.write(".reconciler/state.json", "{")
    place.repo.group("zeta", "subject: Zeta\n")
    done = place.run("apply", "--yes", RECONCILER_STATE=GIT)
    assert (done.code, "is damaged" in done.err, ".old" in done.err) == (1, True, True), done.err
    assert place.run("plan", RECONCILER_STATE=GIT).code == 0


def test_another_file_is_only_warned_about(place: Place) -> None:
    bound(place)
    done = place.run("apply", "--yes", RECONCILER_STATE="file:other.json")
    assert (done.code, f"state migrate {FILE}" in done.err) == (0, True), done.err


def test_nobody_writes_where_a_state_was_moved_from(place: Place) -> None:
    """A checkout whose configuration is older, or a run that waited for the lock meanwhile."""
    bound(place)
    place.migrate(FILE, GIT)
    for state, other in ((FILE, GIT), (GIT, "file:other.json")):
        for verb in WRITES:
            done = place.run(*verb.split(), RECONCILER_STATE=state)
            assert (done.code, "was moved elsewhere" in done.err) == (1, True), (verb, done.out + done.err)
        for verb in READS:
            done = place.run(*verb.split(), RECONCILER_STATE=state)
            assert (done.code, "was moved elsewhere" in done.err) == (0, True), (verb, done.out + done.err)
        doctor = place.run("doctor", RECONCILER_STATE=state)
        assert (doctor.code, "was moved elsewhere" in " ".join(doctor.out.split())) == (1, True), doctor.out
        assert place.run("apply", "--yes", RECONCILER_STATE=other).code == 0
        place.migrate(other, "file:other.json")
    assert not place.repo.api.writes()
