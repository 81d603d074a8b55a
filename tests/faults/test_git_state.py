"""State on a branch, with the real command: many runners at once, killed ones, stopped ones."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.model.record import State
from reconciler.sandbox import Options, Server, start
from reconciler.sandbox.inbox import mo_body
from reconciler.state import codec
from tests.faults.support import each
from tests.state.git import BRANCH, Origin, git
from tests.state.githttp import PASSWORD, GitServer
from tests.support import ACCOUNT, ANA, CONTACTS, Repo, Result

LOCK = "reconciler-state-lock"


class Runner(Repo):
    """A clone, as a pipeline's job has one; its state is on the remote it was cloned from."""

    def __init__(self, path: Path, server: Server, url: str, header: str = "") -> None:
        super().__init__(path, server)
        self.environment["RECONCILER_STATE"] = "git:"
        self.environment["RECONCILER_STATE_LEASE"] = "20"
        for name in ("reconciler.yaml", "contacts.yaml"):
            (path / name).unlink()
        (path / ".git").rmdir()
        extra = ("-c", f"http.extraHeader={header}") if header else ()
        git(path.parent, *extra, "clone", "--quiet", "--depth=1", url, path.name)
        if header:
            git(path, "config", "http.extraHeader", header)


class Company:
    """A bare repository with manifests, a sandbox, and as many runners as are asked for."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder = folder
        self.server = server
        self.api = server.control()
        self.origin = Origin(folder, commits=1)
        self.desk = folder / "desk"
        git(folder, "clone", "--quiet", self.origin.url, "desk")
        self.commit(
            **{"reconciler.yaml": f'account: "+{ACCOUNT}"\n', "contacts.yaml": CONTACTS},
        )

    def commit(self, **files: str) -> str:
        """Commit files and push them to main."""
        for name, text in files.items():
            path = self.desk / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git(self.desk, "add", "--all")
        git(self.desk, "commit", "--quiet", "-m", "Change manifests")
        git(self.desk, "push", "--quiet", "origin", "HEAD:main")
        return git(self.desk, "rev-parse", "HEAD")

    def groups(self, count: int, subject: str = "Grupo {n}") -> str:
        return self.commit(
            **{
                f"groups/g{n}.yaml": f"subject: {subject.format(n=n)}\nicon: null\nadmins: [ana]\n"
                for n in range(count)
            }
        )

    def runner(self, name: str = "runner", url: str = "", header: str = "") -> Runner:
        return Runner(self.folder / name, self.server, url or self.origin.url, header)

    @property
    def state(self) -> State:
        data = self.origin.data()
        assert data is not None
        return codec.loads(data)

    def posts(self) -> int:
        return [(call["method"], call["path"]) for call in self.api.writes()].count(("POST", "/groups"))


@pytest.fixture
def company(tmp_path: Path, serve: Callable[..., Server]) -> Company:
    return Company(tmp_path, serve())


APPLY = ("apply", "--yes", "--format", "json", "--lock-timeout", "60")


def finish(process: subprocess.Popen[str]) -> Result:
    out, err = process.communicate(timeout=120)
    return Result(process.returncode, out, err)


@pytest.fixture
def ended() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that are ended after the test, whatever state they are in."""
    running: list[subprocess.Popen[str]] = []
    yield running
    for process in running:
        if process.poll() is None:
            process.kill()
            process.communicate()


def test_ten_at_once_lose_no_update_and_make_no_duplicate(company: Company) -> None:
    """Each has a target of its own, so that nine find a state that others have changed since they began."""
    company.groups(10)
    runners = [company.runner(f"runner{n}") for n in range(3)]
    runs = [runners[n % 3].start(*APPLY, *(("--target", f"g{n}") if n % 2 else ())) for n in range(10)]
    results = [finish(run) for run in runs]
    assert [result.code for result in results] == [0] * 10, [result.err for result in results]
    assert sum(result.json["summary"]["done"] for result in results) == 10
    assert company.posts() == 10
    assert sorted(group["subject"] for group in company.api.groups()) == [f"Grupo {n}" for n in range(10)]
    assert company.state.groups.keys() == {f"g{n}" for n in range(10)}
    assert company.state.creating == {}
    assert {record.id for record in company.state.groups.values()} == {
        group["id"] for group in company.api.groups()
    }
    assert company.origin.tip(LOCK) is None
    assert runners[0].plan("--detailed-exitcode").code == 0


def test_two_runners_take_turns_over_http_and_the_history_tells(
    company: Company, ended: list[subprocess.Popen[str]]
) -> None:
    first = company.groups(2)
    with GitServer(company.folder) as server:
        url = f"{server.url}/origin.git"
        one = company.runner("one", url, server.header)
        run = {
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_REPOSITORY": "acme/groups",
        }
        done = one.apply(**run, GITHUB_RUN_ID="7001", GITHUB_ACTOR="octocat")
        assert done.code == 0, done.err
        second = company.groups(2, "Novo {n}")
        two = company.runner("two", url, server.header)
        company.api.add_faults("PUT /groups/* delay=1 nth=1")
        holder = two.start(*APPLY, **run, GITHUB_RUN_ID="7002")
        ended.append(holder)
        company.api.wait_for_call("PUT", "/groups/*")
        holder.send_signal(signal.SIGSTOP)  # within its lease
        refused = one.run("apply", "--yes")
        assert refused.code == 5
        assert "job 7002" in refused.err
        assert "since 20" in refused.err
        waiting = one.start("state", "bind", "extra", "5519911112222-99", "--lock-timeout", "60")
        ended.append(waiting)
        holder.send_signal(signal.SIGCONT)
        assert finish(holder).code == 0
        assert finish(waiting).code == 0
        told = two.run("state", "log", "--format", "json")
        forgetful = one.run("state", "log", "g0", "--person", "ana")
        mistyped = one.run("state", "log", "--person", "+55 (0)19 90000-0001")
        assert PASSWORD not in done.err + refused.err + told.out + told.err
    runs = told.json["runs"]
    assert [entry["title"] for entry in runs] == ["bind extra", "apply: 2 updated", "apply: 2 created"]
    assert [entry["run"] for entry in runs[1:]] == [
        f"https://github.example/acme/groups/actions/runs/{number}" for number in (7002, 7001)
    ]
    assert [entry["by"] for entry in runs] == [None, None, "octocat"]
    assert [entry["commit"] for entry in runs[1:]] == [second, first]
    assert runs[1]["names"][0] == {
        "name": "g0",
        "changes": [{"kind": "subject", "before": "Grupo 0", "after": "Novo 0"}],
    }
    assert "admins  + ana" in forgetful.out
    assert "g1" not in forgetful.out
    assert (mistyped.code, "leave it out: +55 19 •••• 0001" in mistyped.err) == (64, True), mistyped.err
    assert "90000" not in mistyped.err
    for message in company.origin.messages():
        without_hashes = re.sub(r"\b[0-9a-f]{32,40}\b", "", message)  # which may hold any digits
        assert "5519" not in without_hashes


def test_without_credentials_or_permission_the_error_says_so_and_nothing_is_asked(company: Company) -> None:
    company.groups(1)
    with GitServer(company.folder, read_only=True) as server:
        runner = company.runner("runner", f"{server.url}/origin.git", server.header)
        assert runner.plan("--detailed-exitcode").code == 2, "reading is enough for a plan"
        refused = runner.run("apply", "--yes")
        assert refused.code == 1
        assert "contents: write" in refused.err
        git(runner.path, "config", "--unset", "http.extraHeader")
        unknown = runner.run("plan")
        assert unknown.code == 1
        assert "no credentials for origin" in unknown.err
    silent = runner.run("plan")
    assert silent.code == 1
    assert "cannot be read" in silent.err
    assert company.posts() == 0


KILLED = (
    "GET /groups hang nth=1",
    "POST /groups hang nth=1",
    "POST /groups hang when=after nth=2",
    "push committed 1",
    "push prepared 2",
    "push committed 3",
)
"""Where a runner is killed: at a call, or while the remote takes its push."""


def test_killed_anywhere_it_leaves_a_readable_branch_and_a_lease_of_waiting(tmp_path: Path) -> None:
    def case(point: str) -> None:
        folder = tmp_path / str(KILLED.index(point))
        folder.mkdir()
        with start(Options(database=":memory:", account=ACCOUNT)) as server:
            _kill_and_recover(Company(folder, server), point)

    each(KILLED, case)


def _kill_and_recover(company: Company, point: str) -> None:
    company.commit(**{"reconciler.yaml": f'account: "+{ACCOUNT}"\napi: {{create_patience: 5}}\n'})
    company.groups(3)
    runner, other = company.runner("runner"), company.runner("other")
    if point.startswith("push"):
        _, step, nth = point.split()
        _kill_at_push(company, step, int(nth))
    else:
        company.api.add_faults(point)
    killed = runner.start(*APPLY, RECONCILER_STATE_LEASE="2")
    (company.folder / "pid").write_text(str(killed.pid))
    if not point.startswith("push"):
        method, path, *_ = point.split()
        nth = int(point.rsplit("=", 1)[1])
        company.api.wait_for_call(method, path, nth=nth, timeout=60)
        killed.kill()
    assert finish(killed).code == -signal.SIGKILL
    company.api.clear_faults()
    if company.origin.tip() is not None:
        assert company.state.base_url == company.server.base_url, "a whole state"
    begun = time.monotonic()
    if point == KILLED[0]:
        unlocked = other.run("state", "unlock")
        assert "was left behind, and is removed" in unlocked.err
    done = other.run(*APPLY)
    assert done.code == 0, done.err
    assert time.monotonic() - begun < 30, "one lease of 2 s, and the work itself"
    assert len(company.api.groups()) == 3
    assert company.state.groups.keys() == {"g0", "g1", "g2"}
    assert company.state.creating == {}
    assert company.origin.tip(LOCK) is None


def _kill_at_push(company: Company, step: str, nth: int) -> None:
    """The `nth` time that the remote is about to change refs, or has, the runner is killed."""
    hook = company.origin.path / "hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    folder = company.folder
    hook.write_text(
        f"""#!/bin/sh
if [ "$1" = {step} ]; then
    echo x >> {folder}/count
    if [ $(wc -l < {folder}/count) -eq {nth} ]; then
        while [ ! -s {folder}/pid ]; do sleep 0.05; done
        kill -9 $(cat {folder}/pid)
    fi
fi
"""
    )
    hook.chmod(0o755)


def test_an_import_whose_push_is_cut_short_is_bound_by_the_next_one(company: Company) -> None:
    """Killed in the push that would have bound its groups; then that push is refused."""
    company.api.seed("Alfa", participants=[ANA], admins=[ANA])
    runner = company.runner()
    hook, pid = company.origin.path / "hooks/update", company.folder / "pid"
    hook.parent.mkdir(exist_ok=True)
    refuse = f'[ "$1" = refs/heads/{BRANCH} ] || exit 0\n%s\nexit 1\n'
    hook.write_text(
        "#!/bin/sh\n" + refuse % f"while [ ! -s {pid} ]; do sleep 0.05; done\nkill -9 $(cat {pid})"
    )
    hook.chmod(0o755)
    run = ("import", "--all", "--format", "json", "--lock-timeout", "60")
    killed = runner.start(*run, RECONCILER_STATE_LEASE="1")
    pid.write_text(str(killed.pid))
    assert finish(killed).code == -signal.SIGKILL
    assert (runner.path / "groups/alfa.yaml").exists()
    assert company.origin.tip() is None

    hook.write_text("#!/bin/sh\n" + refuse % "")
    refused = runner.run(*run)
    assert (refused.code, refused.json["complete"]) == (1, False), refused.err
    assert refused.json["unsaved"]["code"] == "state"
    assert refused.json["groups"][0]["bound"] is False
    assert company.origin.tip() is None

    hook.unlink()
    bound = runner.run(*run)
    assert (bound.code, bound.json["groups"][0]["bound"]) == (0, True), bound.err
    assert company.state.groups["alfa"].id == company.api.groups()[0]["id"]
    assert company.origin.messages()[0].startswith("import: 1 bound\n\nalfa: bound\n")
    tip = company.origin.tip()
    assert runner.run(*run).json["groups"][0]["bound"] is False
    assert company.origin.tip() == tip
    assert runner.plan("--detailed-exitcode").code == 0
    assert company.api.writes() == []


def test_a_runner_that_was_stopped_past_its_lease_writes_nothing_when_it_wakes(
    company: Company, ended: list[subprocess.Popen[str]]
) -> None:
    company.groups(4)
    company.commit(**{"reconciler.yaml": f'account: "+{ACCOUNT}"\napi: {{write_concurrency: 1}}\n'})
    runner, other = company.runner("runner"), company.runner("other")
    company.api.add_faults("POST /groups delay=0.5 nth=2 when=after")
    stopped = runner.start("apply", "--yes", RECONCILER_STATE_LEASE="2")
    ended.append(stopped)
    company.api.wait_for_call("POST", "/groups", nth=2)
    stopped.send_signal(signal.SIGSTOP)
    done = other.run(*APPLY)
    assert done.code == 0, done.err
    assert company.posts() == 4, "the group that was in the making is found, and made by nobody else"
    before, tip = len(company.api.writes()), company.origin.tip()
    stopped.send_signal(signal.SIGCONT)
    woken = finish(stopped)
    assert woken.code in (1, 3), woken.out + woken.err
    assert "is lost" in woken.out + woken.err
    assert len(company.api.writes()) == before
    assert company.origin.tip() == tip
    assert len(company.api.groups()) == 4
    assert company.origin.tip(LOCK) is None
    assert other.plan("--detailed-exitcode").code == 0


def test_a_runner_that_was_stopped_between_two_writes_does_not_send_the_second(
    company: Company, ended: list[subprocess.Popen[str]]
) -> None:
    """Nothing is recorded between the two, so it is the request itself that is held back."""
    company.groups(1)
    runner, other = company.runner("runner"), company.runner("other")
    assert other.apply().code == 0
    (group,) = company.api.groups()
    company.api.join(group["id"], ANA)
    company.commit(**{"reconciler.yaml": f'account: "+{ACCOUNT}"\napi: {{timeout: 3}}\n'})
    company.groups(1, "Novo {n}")
    for clone in (runner, other):
        git(clone.path, "pull", "--quiet", "origin", "main")
    company.api.add_faults("PUT /groups/* hang nth=1 when=after")
    stopped = runner.start("apply", "--yes", RECONCILER_STATE_LEASE="2")
    ended.append(stopped)
    company.api.wait_for_call("PUT", "/groups/*")
    stopped.send_signal(signal.SIGSTOP)
    company.origin.move(None, LOCK)  # somebody else has worked and is done
    writes = len(company.api.writes())
    time.sleep(2)  # its lease runs out
    stopped.send_signal(signal.SIGCONT)
    woken = finish(stopped)
    assert woken.code == 1, woken.out + woken.err
    assert re.search(r"\+ ana .*not sent: the lock on .* is lost", " ".join(woken.out.split()))
    assert len(company.api.writes()) == writes
    assert (company.api.group(group["id"])["subject"], other.apply().code) == ("Novo 0", 0)
    assert len(company.api.writes()) == writes + 1, "the promotion is due still"


def test_an_older_checkout_is_objected_to_even_where_a_shallow_clone_cannot_tell(company: Company) -> None:
    company.groups(2)
    old = company.runner("old")
    assert old.apply().code == 0
    company.groups(2, "Novo {n}")
    new = company.runner("new")
    done = new.apply()
    assert done.code == 0, done.err
    refused = old.plan()
    assert refused.code == 6
    (objection,) = refused.json["objections"]
    assert (objection["code"], objection["groups"]) == ("older-commit", ["g0", "g1"])
    writes = len(company.api.writes())
    assert old.apply().code == 6
    assert len(company.api.writes()) == writes
    assert old.run("plan", "--allow", "older-commit").code == 0
    git(old.path, "pull", "--quiet", "origin", "main")
    assert old.plan("--detailed-exitcode").code == 0
    git(old.path, "checkout", "--quiet", "HEAD~1")
    git(old.path, "remote", "remove", "origin")
    file = {"RECONCILER_STATE": f"file:{old.path / 'state.json'}"}
    data = company.origin.data()
    assert data is not None
    (old.path / "state.json").write_bytes(data)
    assert old.plan(**file).json["objections"][0]["code"] == "older-commit"
    unknown = json.loads(data) | {"commit": "0" * 40}
    (old.path / "state.json").write_text(json.dumps(unknown))
    assert "nobody can tell" in old.plan(**file).json["objections"][0]["message"]


def test_only_an_apply_says_what_was_applied_and_an_older_checkout_reaches_nobody(company: Company) -> None:
    first = company.groups(2)
    old = company.runner("old")
    assert old.apply().code == 0
    assert company.state.commit == first
    group_id = company.api.groups()[0]["id"]
    second = company.groups(2, "Novo {n}")
    new = company.runner("new")
    assert new.run("invites", "--send", "--yes", "--target", "g1").code == 0
    company.api.join(group_id, ANA)
    promoted = new.run("apply", "--ready", "--yes", "--format", "json")
    assert (promoted.code, promoted.json["ready_only"]) == (0, True)
    assert new.run("state", "mv", "g1", "g9").code == 0
    assert new.run("state", "mv", "g9", "g1").code == 0
    assert company.state.commit == first, "nothing of the newer manifests was applied"
    assert old.plan().code == 0
    titles = [message.splitlines()[0] for message in company.origin.messages() if message]
    assert "invites --send: 1 sent" in titles
    assert "apply --ready: 1 updated" in titles

    assert new.apply().code == 0
    assert company.state.commit == second
    company.api.demote(group_id, ANA)
    webhook = old.write(
        "webhook.json", json.dumps(mo_body(ANA, ACCOUNT, "oi", company.api.groups()[1]["id"]))
    )
    company.api.join(company.api.groups()[1]["id"], ANA)
    sent = len(company.api.messages())
    writes = len(company.api.writes())
    for arguments in (
        ("invites", "--send", "--yes"),
        ("apply", "--ready", "--yes"),
        ("inbound", str(webhook), "--ready", "--yes"),
    ):
        refused = old.run(*arguments)
        assert refused.code == 6, (arguments, refused.err)
        assert "older-commit" in refused.out + refused.err
    assert (len(company.api.messages()), len(company.api.writes())) == (sent, writes)
    assert old.run("state", "mv", "g1", "g9").code == 0
    assert company.state.commit == second, "an older checkout may mend the state, and sets nothing back"


def test_what_keeps_no_history_is_asked_for_none(repo: Repo) -> None:
    repo.group("g", "subject: G\n")
    for state in ("file:state.json", "none"):
        for arguments in (("state", "log"), ("state", "show", "--at", "~1")):
            refused = repo.run(*arguments, RECONCILER_STATE=state)
            assert refused.code == 64, refused.err
            assert refused.out == ""
    for arguments in (
        ("state", "show", "--at=--output=x"),
        ("state", "show", "--at", "HEAD"),
        ("state", "log", "--since", "yesterday"),
        ("state", "log", "--person", "no one"),
        ("state", "log", "--format", "html"),
    ):
        assert repo.run(*arguments, RECONCILER_STATE="git:").code == 64
    for state in (
        "git:https://evil.example/x",
        "git:-x/main",
        "git:origin/-x",
        "git:ext::sh/x",
        "git:origin",
    ):
        refused = repo.run("plan", RECONCILER_STATE=state)
        assert refused.code == 64, refused.err
    for lease in ("0.5", "-1", "x", "nan", "1e9"):
        assert repo.run("plan", RECONCILER_STATE="git:", RECONCILER_STATE_LEASE=lease).code == 64
