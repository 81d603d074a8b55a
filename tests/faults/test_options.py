"""The options of a command line, and the question on a terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import shlex
import signal
import stat
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.faults.support import configure, each
from tests.support import ANA, BRUNO, Repo, picture


def three(repo: Repo) -> None:
    for name in ("cliente-a", "cliente-b", "suporte"):
        repo.group(name, f"subject: Grupo {name}\n")


USAGE = [
    "plan --format nonsense",
    "plan --color pink",
    "plan --report json",
    "plan --report =x",
    "plan --report nonsense=x.txt",
    "plan --allow nonsense",
    "plan --allow no-account",
    "plan --target nobody",
    "plan --target cliente-a --target 'nobody-*'",
    "plan -C no/such/folder",
    "plan --nonsense",
    "plan extra",
    "apply --yes --lock-timeout -1",
    "apply --yes --lock-timeout soon",
    "apply --yes --lock-timeout nan",
    "apply --yes --allow ''",
    "apply",
    "apply --format json",
    "nonsense",
    "state nonsense",
    "state mv one",
    "state bind cliente-a ../../etc",
    "state bind 'Not a name' 5519911112222-1",
    "schema nonsense",
    "sandbox --port 99999",
    "sandbox --fault nonsense",
    "sandbox --lag -1",
    "sandbox --lag nan",
    "sandbox --lag 61",
    "sandbox --latency inf",
    "sandbox --rate nan",
    "sandbox --retry-after nan",
    "sandbox --webhook https://example.com",
    "sandbox --database reconciler.yaml",
    "sandbox --username only",
]


def test_usage_errors_end_64(repo: Repo) -> None:
    three(repo)

    def work(line: str) -> None:
        wrong = repo.run(*shlex.split(line))
        assert wrong.code == 64, wrong.err
        assert wrong.err.strip()
        assert "Traceback" not in wrong.err

    each(USAGE, work)
    assert repo.writes() == []
    assert not (repo.path / ".reconciler/state.json").exists()


def test_no_arguments_shows_what_there_is(repo: Repo) -> None:
    shown = repo.run()
    assert shown.code in (0, 64)
    assert "plan" in shown.out + shown.err


def test_target_narrows_what_is_done_and_not_what_is_known(repo: Repo) -> None:
    three(repo)
    plan = repo.plan("--target", "cliente-*")
    assert [group["name"] for group in plan.json["groups"]] == ["cliente-a", "cliente-b"]
    assert repo.apply("--target", "cliente-a", "--target", "sup*").code == 0
    assert sorted(group["subject"] for group in repo.api.groups()) == ["Grupo cliente-a", "Grupo suporte"]
    # Before the verb as well; and another manifest's group is never adopted by a targeted one.
    repo.group("suporte-2", "subject: Grupo suporte\n")
    again = repo.run("--target", "suporte-2", "plan", "--format", "json")
    assert again.json["groups"][0]["action"] == "create"
    repo.state.unlink()
    unclear = repo.plan("--target", "suporte-2")
    assert unclear.json["groups"][0]["action"] == "blocked"


def test_target_of_an_orphan(repo: Repo) -> None:
    three(repo)
    assert repo.apply().code == 0
    live = repo.live("Grupo suporte")["id"]
    repo.api.join(live, ANA)
    repo.api.promote(live, ANA)
    (repo.path / "groups/suporte.yaml").unlink()
    assert repo.plan().json["summary"]["orphaned"] == 1
    assert repo.apply("--target", "cliente-a", "--prune").code == 0
    assert repo.live("Grupo suporte")["listed"], "not asked for"
    assert repo.apply("--target", "suporte").code == 0
    assert repo.live("Grupo suporte")["listed"], "left only with --prune"
    assert repo.apply("--target", "suporte", "--prune").code == 0
    assert not repo.live("Grupo suporte")["listed"]
    assert repo.plan().json["summary"]["orphaned"] == 0


def test_data_on_stdout_and_all_else_on_stderr(repo: Repo) -> None:
    three(repo)
    icon = repo.write("groups/icons/tiny.png", picture(size=100))
    assert icon.exists()
    repo.group("cliente-a", "subject: Grupo cliente-a\nicon: icons/tiny.png\n")
    loud = repo.plan()
    assert "warning" in loud.err
    assert loud.json["kind"] == "plan"
    quiet = repo.plan("--quiet")
    assert quiet.err == ""
    assert quiet.json["summary"] == loud.json["summary"]
    assert repo.run("--quiet", "plan").err == ""


COLOURS: list[tuple[str, dict[str, Any], bool]] = [
    ("", {}, False),
    ("--color auto", {}, False),
    ("--color always", {}, True),
    ("--color always", {"NO_COLOR": "1"}, True),
    ("--color never", {"FORCE_COLOR": "1"}, False),
    ("", {"FORCE_COLOR": "1"}, True),
    ("", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ("", {"NO_COLOR": ""}, False),
]


def test_colours(repo: Repo) -> None:
    three(repo)

    def work(case: tuple[str, dict[str, Any], bool]) -> None:
        arguments, environment, coloured = case
        assert ("\x1b[" in repo.run("plan", *arguments.split(), **environment).out) is coloured

    each(COLOURS, work)
    assert "\x1b[" not in repo.plan("--color", "always").out, "never in data"


@pytest.mark.parametrize("name", ["text", "json"])
def test_reports_are_as_on_stdout_and_their_owners_alone(repo: Repo, name: str) -> None:
    three(repo)
    first = repo.write("first.txt", "longer than whatever will be written here\n" * 500)
    first.chmod(0o666)
    arguments = ("--format", name, "--report", f"{name}=first.txt", "--report", "json=second.json")
    for verb in (("plan",), ("apply", "--yes")):
        shown = repo.run(*verb, *arguments)
        assert shown.code == 0
        for file in ("first.txt", "second.json"):
            assert stat.S_IMODE((repo.path / file).stat().st_mode) == 0o600
        written = first.read_text()
        assert shown.out.endswith(written), "apply shows the plan first"
        assert json.loads((repo.path / "second.json").read_text())["kind"] == verb[0]
    if name == "json":
        assert json.loads(first.read_text())["kind"] == "apply"


def test_a_relative_report_belongs_to_the_folder_of_c(repo: Repo) -> None:
    three(repo)
    elsewhere = repo.path / "sub"
    elsewhere.mkdir()
    result = subprocess.run(
        [sys.executable, "-m", "reconciler", "plan", "-C", "..", "--report", "json=plan.json"],
        cwd=elsewhere, env=repo.environment, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert (repo.path / "plan.json").exists()


def test_verbose_logs_calls_by_template(repo: Repo) -> None:
    three(repo)
    assert repo.apply("--target", "suporte").code == 0
    group_id = repo.live("Grupo suporte")["id"]
    logged = repo.plan("--verbose")
    assert "GET /v1/whatsapp/groups/{id} → 200" in logged.err
    assert group_id not in logged.err
    assert logged.json["kind"] == "plan"
    assert "GET" not in repo.plan().err


# The question


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, repo: Repo, *arguments: str, **environment: str) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "reconciler", *arguments],
            cwd=repo.path, env=repo.environment | {"TERM": "xterm"} | environment,
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self.seen = ""

    def until(self, words: str) -> None:
        """Read until the words were shown."""
        deadline = time.monotonic() + 30
        while words not in self.seen:
            assert self._more(deadline), f"{words!r} never came: {self.seen}"

    def _more(self, deadline: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # Linux says EIO when the other side is closed
            return False
        self.seen += data.decode()
        return bool(data)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def end(self) -> int:
        """Read to the end; the exit code."""
        deadline = time.monotonic() + 30
        while self._more(deadline):
            pass
        os.close(self.master)
        return self.process.wait(timeout=30)


@pytest.mark.parametrize("form", ["text", "json"])
def test_only_yes_is_a_yes(repo: Repo, form: str) -> None:
    three(repo)
    for answer in ("no", "", "y", "YES please"):
        terminal = Terminal(repo, "apply", "--format", form)
        terminal.until("Only 'yes' is a yes")
        assert "3 to create" in terminal.seen, "the plan is shown before the question"
        terminal.type(f"{answer}\n")
        assert terminal.end() == 3
        assert repo.writes() == []
    terminal = Terminal(repo, "apply", "--format", form)
    terminal.until("Only 'yes' is a yes")
    terminal.type("yes\n")
    assert terminal.end() == 0, terminal.seen
    assert len(repo.api.groups()) == 3
    # Nothing to do, or an objection: nothing to ask.
    quiet = Terminal(repo, "apply", "--format", form)
    assert quiet.end() == 0
    assert "Only 'yes'" not in quiet.seen


def test_an_objection_is_no_question(repo: Repo) -> None:
    (group,) = repo.api.seed("Grupo", participants=[BRUNO], admins=[BRUNO])
    repo.group("g1", f"id: {group['id']}\nadmins: []\n")
    terminal = Terminal(repo, "apply")
    assert terminal.end() == 6
    assert "Only 'yes'" not in terminal.seen


@pytest.mark.parametrize("how", ["ctrl-c", "sigterm", "ctrl-d"])
def test_leaving_the_question(repo: Repo, how: str) -> None:
    three(repo)
    terminal = Terminal(repo, "apply")
    terminal.until("Only 'yes' is a yes")
    match how:
        case "ctrl-c":
            # The new session has no controlling terminal, so the key itself would not become a signal.
            terminal.process.send_signal(signal.SIGINT)
        case "sigterm":
            terminal.process.send_signal(signal.SIGTERM)
        case _:
            terminal.type("\x04")
    assert terminal.end() == (3 if how == "ctrl-d" else 130), terminal.seen
    assert "Traceback" not in terminal.seen
    assert repo.writes() == []
    assert repo.run("state", "unlock").code == 0


def test_colours_and_a_bar_on_a_terminal_but_not_in_a_pipeline(repo: Repo) -> None:
    for n in range(4):
        repo.group(f"g{n}", f"subject: Grupo {n}\n")
    assert repo.apply().code == 0
    repo.api.set_options(latency=0.3)
    terminal = Terminal(repo, "plan")
    assert terminal.end() == 0
    assert "Listing groups" in terminal.seen
    assert "Reading groups" in terminal.seen
    pipeline = Terminal(repo, "plan", CI="true")
    assert pipeline.end() == 0
    assert "Reading groups" not in pipeline.seen
    assert "Reading groups" not in repo.run("plan").err


def test_a_pipeline_without_a_state_is_warned(repo: Repo) -> None:
    three(repo)
    configure(repo)
    assert "there is no state yet" in repo.plan(CI="true").err
    assert "there is no state yet" not in repo.plan().err
    assert repo.apply(CI="true").code == 0
    assert "there is no state yet" not in repo.plan(CI="true").err


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("+55 (0)19 90000-0001", "leave it out: +55 19 •••• 0001"),
        ("+49 0170 1234567", "leave it out: +49 •••• 4567"),
        ("+44 7911 12345", "after +44 come 10 digits; here are 9"),
    ],
)
def test_a_number_is_read_alike_wherever_it_is_typed(repo: Repo, typed: str, told: str) -> None:
    repo.group("suporte", "subject: Suporte\nadmins: [ana]\n")
    for arguments, variables in (
        (("plan",), {"RECONCILER_ACCOUNT": typed}),
        (("plan",), {"RECONCILER_ACCOUNT": f"+5519911112222,{typed}"}),
        (("list", "--person", typed), {}),
        (("invites", "--person", typed), {}),
        (("sandbox", "--account", typed), {}),
    ):
        done = repo.run(*arguments, **variables)
        assert (done.code, told in done.err) == (64, True), (arguments, done.err)
        assert typed[-7:] not in done.err


def test_a_pasted_number_is_read_alike_too(repo: Repo) -> None:
    repo.group("suporte", "subject: Suporte\nadmins: [ana, bruno]\n")
    pasted = f"\u202a+55\u00a019\u00a09{ANA[5:9]}\u2011{ANA[9:]}\u202c"
    account = "\u2068+55 19 91111\u20132222\u2069"
    assert repo.apply(RECONCILER_ACCOUNT=account).code == 0
    found = repo.run("invites", "--format", "json", "--person", pasted, RECONCILER_ACCOUNT=account)
    assert [person["number"] for group in found.json["groups"] for person in group["people"]] == [f"+{ANA}"]


def test_a_doubt_about_the_account_is_a_warning(repo: Repo) -> None:
    repo.group("suporte", "subject: Suporte\n")
    done = repo.run("plan", RECONCILER_ACCOUNT="+47 412 34 5678 9")
    assert done.code == 0
    assert "Warning: RECONCILER_ACCOUNT: too long for a number of +47\n" in done.err
