"""Streams that are closed or full, and signals in a process's first moments: always the table's code, and a
sentence wherever there is still a stream for it. Real processes, because starting is what is tested."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.faults.support import each
from tests.support import ANA, Repo, Result
from tests.warm import ROOT

FULL = "/dev/full"


def run(repo: Repo, words: str, streams: str = "", **environment: str) -> Result:
    """Run `reconciler WORDS` by a shell that closes or leads away streams; both outputs are pipes else."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -m reconciler {words} {streams}', sys.executable],
        cwd=repo.path,
        env=repo.environment | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr + done.stdout
    assert "bug in reconciler" not in done.stderr + done.stdout
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def one(repo: Repo) -> Repo:
    repo.group("a", "subject: A\nadmins: [ana]\n")
    return repo


PRINTS = ["--help", "--version", "plan --help", "state --help", "schema group", "validate", "plan", "list"]


@pytest.mark.parametrize(("streams", "why"), [(">&-", "stdout is closed"), (f">{FULL}", "No space left")])
def test_output_that_cannot_be_written_ends_1(one: Repo, streams: str, why: str) -> None:
    def work(case: tuple[str, dict[str, str]]) -> None:
        done = run(one, case[0], streams, **case[1])
        assert (done.code, done.err.count(why)) == (1, 1), done

    each(itertools.product(PRINTS, ({}, {"PYTHONUNBUFFERED": "1"})), work)


@pytest.mark.parametrize("streams", [">&-", f">{FULL}"])
def test_nothing_is_done_whose_report_could_not_be_printed(one: Repo, streams: str) -> None:
    for words in ("apply --yes", "apply --yes --format json", "invites --send --yes", "import --all"):
        assert run(one, words, streams).code == 1
    assert one.api.calls() == []
    assert one.apply().code == 0


ENDS = [
    ("plan --format nonsense", 64, "nonsense"),
    ("nonsense", 64, "nonsense"),
    ("plan --nonsense", 64, "--nonsense"),
    ("plan --target nobody", 64, "nobody"),
    ("validate -C missing", 64, "missing"),
    ("comment missing.md --provider github --repository a/b --number 1", 1, "missing.md"),
    ("apply", 64, "terminal"),
]


@pytest.mark.parametrize("streams", ["2>&-", f"2>{FULL}"])
def test_with_stderr_gone_an_error_is_said_on_stdout(one: Repo, streams: str) -> None:
    def work(case: tuple[str, int, str]) -> None:
        words, code, told = case
        done = run(one, words, streams)
        assert (done.code, done.err) == (code, "")
        assert told in done.out
        if "comment" not in words and "--format" not in words:
            assert run(one, f"{words} --format markdown", streams).out
            # a program reads this, and the code is what it goes by
            assert run(one, f"{words} --format json", streams) == Result(code, "", "")
            assert run(one, f"--format=json {words}", streams) == Result(code, "", "")

    each(ENDS, work)


@pytest.mark.parametrize("streams", ["2>&-", f"2>{FULL}"])
def test_credentials_files_and_services_are_told_of_too(one: Repo, streams: str) -> None:
    missing = run(one, "plan", streams, RECONCILER_TOKEN="")
    assert (missing.code, "RECONCILER_TOKEN" in missing.out) == (4, True)
    nobody = run(one, "plan --format text", streams, RECONCILER_BASE_URL="http://127.0.0.1:9")
    assert (nobody.code, "refused" in nobody.out) == (1, True)
    one.group("b", "subject: [\n")
    wrong = run(one, "plan", streams)
    assert (wrong.code, "groups/b.yaml" in wrong.out) == (1, True)


@pytest.mark.parametrize("streams", ["2>&-", f"2>{FULL}"])
def test_what_is_only_said_beside_the_data_is_left_out(one: Repo, streams: str) -> None:
    for words in ("plan --format json --verbose", "apply --yes --format json --verbose"):
        done = run(one, words, streams)
        assert done.code == 0
        assert done.json["kind"] == words.split()[0]


@pytest.mark.parametrize("streams", [">&- 2>&-", f">{FULL} 2>{FULL}", ">&- 2>&- <&-"])
def test_with_both_gone_the_code_alone_speaks(one: Repo, streams: str) -> None:
    for words, code in (("plan", 1), ("--help", 1), ("schema group", 1), ("plan --nonsense", 64)):
        assert run(one, words, streams) == Result(code, "", "")
    assert run(one, "plan --target nobody", streams).code == 1
    assert run(one, "state bind a ../x", streams).code == 64


def test_without_stdin(one: Repo) -> None:
    assert run(one, "plan", "<&-").code == 0
    assert (no := run(one, "apply", "<&-")).code == 64, no
    for words in ("inbound -", "send a - --yes"):
        closed = run(one, words, "<&-")
        assert (closed.code, "stdin cannot be read: it is closed" in closed.err) == (1, True)
    assert run(one, "send a - --yes", "</dev/null").code == 64


def test_no_file_gets_the_number_of_a_closed_stream(one: Repo) -> None:
    """What is printed would stand in it."""
    assert one.apply().code == 0
    one.api.join(one.live("A")["id"], ANA)
    before = one.state.read_bytes()
    for streams in (">&-", "2>&-", "<&-", "<&- 2>&-"):
        run(one, "plan --verbose --report json=r.json --out p.json", streams)
        assert one.state.read_bytes() == before
        if streams != ">&-":
            assert (one.path / "r.json").read_text().startswith("{")
            assert (one.path / "p.json").read_text().startswith("{")


def test_no_folder_for_temporary_files(one: Repo, tmp_path: Path) -> None:
    """A limit of no bytes a file leaves none: the state is in Git, which needs one."""
    subprocess.run(["git", "init", "-q"], cwd=one.path, check=True)
    one.write("reconciler.yaml", 'account: "+5519911112222"\nstate: git:origin/state\n')
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 0; exec "$0" -m reconciler plan', sys.executable],
        cwd=one.path,
        env=one.environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "set TMPDIR" in done.stderr


# Signals


def begun(process: subprocess.Popen[str]) -> bool:
    """Whether our own code runs by now: it is the first to take SIGTERM."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return True
    caught = next((line for line in status.splitlines() if line.startswith("SigCgt")), "0 0")
    return process.poll() is not None or bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.skipif(sys.platform != "linux", reason="what a process catches is read from /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("verb", ["plan", "validate", "state list", "schema group"])
def test_interrupted_in_the_first_moments(one: Repo, number: signal.Signals, verb: str) -> None:
    rng = random.Random(f"{number} {verb}")

    def work(delay: float) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "reconciler", *verb.split()],
            cwd=one.path,
            env=one.environment | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not begun(process):
            time.sleep(0.001)
        time.sleep(delay)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert "Traceback" not in err
        if process.returncode == 130:
            assert "Interrupted." in err or "top" in err, err
        else:  # it was too late, or it ended as it would have
            assert process.returncode in (0, 1, -number), err
            assert out + err or process.returncode == -number

    each([rng.uniform(0, 0.3) for _ in range(8)], work)


# What is set wrongly, or left behind


PROXIES = {
    "socks5h://127.0.0.1:9": "did not connect" if find_spec("socks") else "names a SOCKS proxy, which needs",
    "http://127.0.0.1:9": "the proxy did not connect",
    "127.0.0.1:9": "the proxy did not connect",
    "http://127.0.0.1:port": "HTTPS_PROXY is no address of a proxy",
    "http://127.0.0.1:99999": "HTTPS_PROXY is no address of a proxy",
    "http://joe:pw@": "HTTPS_PROXY",
}


def test_a_proxy_that_cannot_be_used(one: Repo) -> None:
    one.write("reconciler.yaml", 'account: "+5519911112222"\napi: {retries: 0}\n')

    def work(case: tuple[str, str]) -> None:
        proxy, told = case
        done = run(one, "plan", RECONCILER_BASE_URL="https://groups.test", HTTPS_PROXY=proxy)
        assert (done.code, told in done.err) == (1, True), done.err
        assert "joe:pw" not in done.err

    each(PROXIES.items(), work)


@pytest.mark.parametrize("number", ["9" * 400, f"1e{'9' * 400}", "nan", f"0.{'0' * 400}1"])
def test_an_old_file_of_metrics_with_a_number_that_is_none(one: Repo, number: str) -> None:
    one.write(
        "m.prom",
        f'reconciler_api_requests_total{{code="200"}} {number}\n'
        f"reconciler_last_success_timestamp_seconds {number}\n",
    )
    assert run(one, "apply --yes --report prometheus=m.prom").code == 0
    assert number not in (one.path / "m.prom").read_text()
