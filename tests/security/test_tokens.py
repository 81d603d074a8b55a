"""A token that cannot be one: which character it is and where it comes from, and nothing of the token."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from tests.support import Repo

SECRET = "s3cr3t"

MISTAKES = {
    "line break at the end": (f"{SECRET}\n", "ends with a line break (U+000A)"),
    "line break within": (f"{SECRET}\n{SECRET}", "has as character 7 a line break (U+000A)"),
    "windows": (f"{SECRET}\r\n{SECRET}", "has as character 7 a line break (CR) (U+000D)"),
    "byte order mark": (f"\ufeff{SECRET}", "has as character 1 a byte order mark (U+FEFF)"),
    "tab": (f"{SECRET}\t{SECRET}", "has as character 7 a tab (U+0009)"),
    "no-break space": (f"{SECRET}\u00a0", "ends with U+00A0"),
    "space": (f" {SECRET}", "has as character 1 a space (U+0020)"),
    "quotes": (f'"{SECRET}"', "begins and ends with a quotation mark (U+0022)"),
    "single quotes": (f"'{SECRET}'", "begins and ends with a quotation mark (U+0027)"),
    "curly quotes": (f"“{SECRET}”", "has as character 1 a quotation mark (U+201C)"),
}


@pytest.fixture
def one(repo: Repo) -> Repo:
    repo.group("a", "subject: A\n")
    return repo


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_variable(one: Repo, mistake: str) -> None:
    value, told = MISTAKES[mistake]
    for name in ("RECONCILER_TOKEN", "RECONCILER_USERNAME"):
        done = one.run("plan", **{name: value})
        assert (done.code, f"Error: {name} {told}" in done.err) == (4, True), done.err
        assert SECRET not in done.out + done.err
    host = ("comment", "r.md", "--repository", "a/b", "--number", "1")
    assert one.run("plan", "--report", "markdown=r.md").code == 0
    one.api.clear_calls()
    for provider, name in (("github", "GITHUB_TOKEN"), ("github", "GH_TOKEN"), ("gitlab", "GITLAB_TOKEN")):
        done = one.run(*host, "--provider", provider, **{name: value})
        assert (done.code, f"Error: {name} {told}" in done.err) == (4, True), done.err
        assert SECRET not in done.out + done.err
    assert one.api.calls() == []


def test_an_accounts_own(one: Repo) -> None:
    one.write(
        "reconciler.yaml",
        "accounts:\n  sales: {account: '+5519911112222', manifests: groups/sales}\n"
        "  support: {account: '+5519911113333', manifests: groups/support}\n",
    )
    (one.path / "groups/a.yaml").unlink()
    for name in ("sales", "support"):
        one.group(f"{name}/a", "subject: A\n")
    own = {"RECONCILER_SALES_USERNAME": "u", "RECONCILER_SALES_TOKEN": f"{SECRET}\n"}
    done = one.run("plan", "--account", "sales", **own)
    assert (done.code, "Error: RECONCILER_SALES_TOKEN ends with a line break" in done.err) == (4, True), (
        done.err
    )
    file = one.write("token", f'"{SECRET}"\n')
    file.chmod(0o600)
    own = {"RECONCILER_SALES_USERNAME": "u", "RECONCILER_SALES_TOKEN_FILE": str(file)}
    done = one.run("plan", "--account", "sales", **own)
    assert "the file that RECONCILER_SALES_TOKEN_FILE names begins and ends with a quotation" in done.err
    assert SECRET not in done.err


@pytest.mark.parametrize("data", [b"\xef\xbb\xbftok\r\n", b"\n tok \n", b"tok"])
def test_what_surrounds_a_token_in_a_file_is_no_part_of_it(one: Repo, data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(data)
    file.chmod(0o600)
    assert one.run("plan", RECONCILER_TOKEN="", RECONCILER_TOKEN_FILE=str(file)).code == 0
    printed = shlex.join([sys.executable, "-c", f"import sys; sys.stdout.buffer.write({data!r})"])
    assert one.run("plan", RECONCILER_TOKEN="", RECONCILER_TOKEN_COMMAND=printed).code == 0


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (f"{SECRET}\n{SECRET}\n".encode(), "has as character 7 a line break (U+000A)"),
        (f'"{SECRET}"\n'.encode(), "begins and ends with a quotation mark (U+0022)"),
        (SECRET.encode("utf-16"), "is UTF-16"),
        (SECRET.encode() + b"\xff", "is no text in UTF-8"),
    ],
)
def test_a_file_and_a_command(one: Repo, data: bytes, told: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(data)
    file.chmod(0o600)
    printed = shlex.join([sys.executable, "-c", f"import sys; sys.stdout.buffer.write({data!r})"])
    for variable, value, source in (
        ("RECONCILER_TOKEN_FILE", str(file), "the file that RECONCILER_TOKEN_FILE names"),
        ("RECONCILER_TOKEN_COMMAND", printed, "what RECONCILER_TOKEN_COMMAND prints"),
    ):
        done = one.run("plan", RECONCILER_TOKEN="", **{variable: value})
        assert (done.code, f"Error: {source} {told}" in done.err) == (4, True), done.err
        assert SECRET not in done.err
