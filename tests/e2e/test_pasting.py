"""What `reconciler sandbox` prints, pasted into a shell: it goes on with what `--sandbox` began, as README
says; one account or several; and its invite links lead nobody to the real WhatsApp."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support import ACCOUNT, ANA, CONTACTS, Repo, Result

ROOT = Path(__file__).parents[2]
LASTING = ("BASE_URL", "USERNAME", "TOKEN", "ACCOUNT", "STATE")
NUMBERS = {"sales": "5511992223333", "field-ops": "5511933334444"}


class Shell:
    """A folder with the command in it as README has it, and terminals that are opened there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "PYTHONPATH": str(ROOT)}
        command = folder / ".venv/bin/reconciler"
        command.parent.mkdir(parents=True)
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m reconciler "$@"\n')
        command.chmod(0o755)

    def run(self, script: str, folder: Path | None = None) -> Result:
        """Run lines in a terminal of their own."""
        done = subprocess.run(
            ["sh", "-c", script],
            cwd=folder or self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def served(self, options: str = "") -> Iterator[str]:
        """`reconciler sandbox` in another terminal; yields the lines that it printed."""
        process = subprocess.Popen(
            ["sh", "-c", f"exec .venv/bin/reconciler sandbox {options}"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            said = ""
            while "Ctrl-C" not in said:  # said once all is printed
                line = process.stderr.readline()
                assert line, said
                said += line
            os.set_blocking(process.stdout.fileno(), False)
            yield process.stdout.read()
        finally:
            process.terminate()
            process.communicate(timeout=30)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """One group, with somebody to invite."""
    shell = Shell(tmp_path / "our groups")
    shell.write("contacts.yaml", CONTACTS)
    shell.write("groups/vendas.yaml", "subject: Vendas\nadmins: [ana]\n")
    return shell


@pytest.fixture
def several(tmp_path: Path) -> Shell:
    """Two accounts with a group each."""
    shell = Shell(tmp_path / "repo")
    numbers = (f'  {name}: {{account: "+{digits}"}}\n' for name, digits in NUMBERS.items())
    shell.write("reconciler.yaml", f"accounts:\n{''.join(numbers)}")
    for name in NUMBERS:
        shell.write(f"groups/{name}/team.yaml", f"subject: Team {name}\n")
    return shell


def exported(lines: str) -> dict[str, str]:
    words = [shlex.split(line) for line in lines.splitlines()]
    assert all(word[0] == "export" for word in words), lines
    return dict(word[1].split("=", 1) for word in words)


# --- README -----------------------------------------------------------------------------------------------


def test_the_commands_of_readme_one_after_another(tmp_path: Path) -> None:
    """In a clone, word for word; only what installs the package is left out."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shell = Shell(tmp_path / "clone")
    for name in ("groups", "contacts.yaml", "reconciler.yaml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, shell.folder / name)  # type: ignore[operator]
    found = re.search(r"<!-- command 1 -->\n```sh\n(.+)\n```", readme)
    assert found
    first = found[1].rpartition(" && ")[2]
    section = readme.split("## Try it")[1].split("\n## ")[0]
    commands = re.findall(r"`(\.venv/bin/reconciler [^`]+)`", section)
    assert first == ".venv/bin/reconciler apply --sandbox --yes"
    assert commands == [".venv/bin/reconciler plan --sandbox", ".venv/bin/reconciler sandbox"]

    made = shell.run(first)
    assert made.code == 0, made.err
    assert "No changes." in shell.run(first).out
    assert "\nNo changes. 5 groups are as the manifests say" in shell.run(commands[0]).out
    with shell.served() as lines:
        plan = shell.run(f"{lines}.venv/bin/reconciler plan --detailed-exitcode")
        assert (plan.code, "adopt" in plan.out) == (0, False), plan.out
        assert "\nNo changes. 5 groups are as the manifests say" in plan.out
        assert shell.run(f"{lines}.venv/bin/reconciler drift").code == 0
    assert shell.run(f"{commands[0]} --detailed-exitcode").code == 0, "and back"


# --- one account ------------------------------------------------------------------------------------------


def test_the_lines_are_complete_and_in_order(shell: Shell) -> None:
    with shell.served() as lines:
        found = exported(lines)
    assert list(found) == [f"RECONCILER_{what}" for what in LASTING]
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+", found["RECONCILER_BASE_URL"])
    assert found["RECONCILER_ACCOUNT"] == ACCOUNT
    assert found["RECONCILER_STATE"] == f"file:{shell.folder}/.reconciler/sandbox-state.json"


def test_each_backend_has_its_environment_on_one_server(shell: Shell) -> None:
    with shell.served("--backend waha") as lines:
        found = exported(lines)
        assert [name.removeprefix("RECONCILER_") for name in found] == list(LASTING)
        assert found["RECONCILER_USERNAME"] == "default"
        base, token = found["RECONCILER_BASE_URL"], found["RECONCILER_TOKEN"]
        session = f"{base}/api/sessions/{found['RECONCILER_USERNAME']}"
        info = requests.get(session, headers={"X-Api-Key": token}, timeout=10).json()
        assert info["me"]["id"] == f"{found['RECONCILER_ACCOUNT'].partition(',')[0]}@c.us"
        login = {"userName": "sandbox", "authenticationToken": token}
        assert requests.get(f"{base}/v1/whatsapp/groups", headers=login, timeout=10).status_code == 200


def test_the_configured_backend_is_the_one_that_is_printed(shell: Shell) -> None:
    shell.write("reconciler.yaml", "backend: waha\n")
    assert shell.run(".venv/bin/reconciler apply --sandbox --yes").code == 0
    with shell.served() as lines:
        assert exported(lines)["RECONCILER_USERNAME"] == "default"
        plan = shell.run(f"{lines}.venv/bin/reconciler plan --detailed-exitcode")
        assert plan.code == 0, plan.out + plan.err
    with shell.served("--backend sinch") as lines:
        assert exported(lines)["RECONCILER_USERNAME"] == "sandbox"


def test_either_way_goes_on_with_what_the_other_began(shell: Shell) -> None:
    shell.write("reconciler.yaml", 'account: ["+55 11 95555-0001", "+55 11 95555-0002"]\n')
    with shell.served() as lines:
        assert exported(lines)["RECONCILER_ACCOUNT"] == "5511955550001,5511955550002"
        assert shell.run(f"{lines}.venv/bin/reconciler apply --yes", shell.folder).code == 0
    assert shell.run(".venv/bin/reconciler plan --sandbox --detailed-exitcode").code == 0
    shell.write("groups/novo.yaml", "subject: Novo\n")
    assert shell.run(".venv/bin/reconciler apply --sandbox --yes").code == 0
    with shell.served("--port 0") as lines:  # at another address, with a name that a shell would cut
        below = f"{lines}../.venv/bin/reconciler plan --detailed-exitcode -C .."
        plan = shell.run(below, shell.folder / "groups")
        assert (plan.code, "adopt" in plan.out) == (0, False), plan.out + plan.err


def test_whatever_is_printed_can_be_pasted(shell: Shell) -> None:
    shell.environment["RECONCILER_TOKEN_COMMAND"] = "echo real"
    options = "--username \"it's me\" --token '$HOME; echo' --database 'a b.db'"
    with shell.served(options) as lines:
        assert lines.splitlines()[-1] == "unset RECONCILER_TOKEN_COMMAND"
        done = shell.run(f"{lines}.venv/bin/reconciler apply --yes")
        assert done.code == 0, done.err
        assert (shell.folder / "sandbox-state-a b.db.json").exists(), "beside its database"
    with shell.served(options) as lines:
        assert shell.run(f"{lines}.venv/bin/reconciler plan --detailed-exitcode").code == 0
    with shell.served("--database :memory:") as lines:
        assert "export RECONCILER_STATE=none\n" in lines, "what is gone tomorrow has no state of yesterday"


def test_the_sandboxs_state_is_no_real_apis(shell: Shell) -> None:
    """Only an address on this machine, and only the environment, make a state the sandbox's."""
    assert shell.run(".venv/bin/reconciler apply --sandbox --yes").code == 0
    with shell.served() as lines:
        assert shell.run(f"{lines}.venv/bin/reconciler state list").code == 0
        elsewhere = "export RECONCILER_BASE_URL=https://example.org"
        refused = shell.run(f"{lines}{elsewhere}\n.venv/bin/reconciler state list")
        assert (refused.code, "belongs to another API" in refused.err) == (1, True), refused.err
        shell.write("reconciler.yaml", "state: file:.reconciler/sandbox-state.json\n")
        configured = shell.run(f"{lines}unset RECONCILER_STATE\n.venv/bin/reconciler state list")
        assert (configured.code, "belongs to another API" in configured.err) == (1, True)


# --- several accounts -------------------------------------------------------------------------------------


def test_several_accounts_have_a_sandbox_each(several: Shell) -> None:
    assert several.run(".venv/bin/reconciler apply --sandbox --yes").code == 0
    several.environment["RECONCILER_ACCOUNT"] = ACCOUNT  # pasted before there were several
    with several.served() as lines:
        *lines_of_accounts, last = lines.splitlines(keepends=True)
        found = exported("".join(lines_of_accounts))
        assert last == "unset RECONCILER_ACCOUNT\n"
        assert list(found) == [
            f"RECONCILER_{name}_{what}" for name in ("SALES", "FIELD_OPS") for what in LASTING
        ]
        assert found["RECONCILER_FIELD_OPS_ACCOUNT"] == NUMBERS["field-ops"]
        plan = several.run(f"{lines}.venv/bin/reconciler plan --detailed-exitcode")
        assert (plan.code, plan.out.count("No changes.")) == (0, 2), plan.out + plan.err
    with several.served() as again:
        assert again == lines, "tomorrow as well"


@pytest.mark.parametrize(
    "given", ["--account sales", "--account 's*'", "--account '+55 11 99222-3333'", "--account=+551192223333"]
)
def test_an_account_is_named_by_its_name_or_its_number(several: Shell, given: str) -> None:
    with several.served(given) as lines:
        assert list(exported(lines)) == [f"RECONCILER_SALES_{what}" for what in LASTING]
        done = several.run(f"{lines}.venv/bin/reconciler apply --yes --account sales")
        assert done.code == 0, done.err
    plan = several.run(".venv/bin/reconciler plan --sandbox --detailed-exitcode --account sales")
    assert plan.code == 0, plan.out


def test_a_number_of_nobodys_has_a_sandbox_without_a_name(several: Shell) -> None:
    with several.served("--account '+55 11 97777-8888'") as lines:
        assert exported(lines)["RECONCILER_ACCOUNT"] == "5511977778888"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("sandbox --account sails", "accounts: sales, field-ops; or give a number"),
        ("sandbox --account 12", "--account: "),
        ("sandbox --port 8123", "say whose, with --account: sales, field-ops"),
        ("sandbox --database x.sqlite3", "say whose, with --account: sales, field-ops"),
        ("sandbox --account +5511977778888 --account +5511977779999", "two numbers of one account"),
        ("sandbox --account sales --account +5511977778888", "one of these numbers is no account's"),
        ("--account sails sandbox", "there is no such account"),
    ],
)
def test_what_names_no_account_is_a_usage_error(several: Shell, options: str, told: str) -> None:
    done = several.run(f".venv/bin/reconciler {options}")
    assert (done.code, told in done.err) == (64, True), done.err


def test_a_name_without_accounts_is_a_usage_error(shell: Shell) -> None:
    done = shell.run(".venv/bin/reconciler sandbox --account sales")
    assert (done.code, "no `accounts`" in done.err) == (64, True), done.err


@pytest.mark.parametrize("variable", ["RECONCILER_ACCOUNT", "RECONCILER_STATE", "RECONCILER_SALES_ACCOUNT"])
@pytest.mark.parametrize("value", [ACCOUNT, "nonsense"])
def test_validate_needs_no_account(several: Shell, shell: Shell, variable: str, value: str) -> None:
    for each in (several, shell):
        done = each.run(f"{variable}={value} .venv/bin/reconciler validate")
        assert done.code == 0, done.err
    several.write("groups/sales/team.yaml", "subjet: Team\n")
    assert several.run(f"{variable}={value} .venv/bin/reconciler validate").code == 1


# --- links ------------------------------------------------------------------------------------------------


def test_a_link_of_the_sandbox_comes_with_its_page(repo: Repo) -> None:
    repo.group("vendas", "subject: Vendas\nadmins: [ana]\n")
    assert repo.apply().code == 0
    reports = [f"--report={name}={name}" for name in ("html", "markdown", "csv")]
    shown = repo.run("invites", *reports)
    link = repo.api.invite(repo.live("Vendas")["id"])
    page = f"{repo.server.base_url}/join/{link.rpartition('/')[2]}"
    assert re.search(rf"^    link +{re.escape(link)}\n    page +{re.escape(page)} ", shown.out, re.M)
    assert f"open {repo.server.base_url}/join/CODE" in shown.err
    assert "Vendas" in requests.get(page, timeout=10).text

    markdown, html = (Path(repo.path / name).read_text(encoding="utf-8") for name in ("markdown", "html"))
    assert f"<{page}>" in markdown
    assert f"<{link}>" not in markdown
    assert f'href="{page}"' in html
    assert f'href="{link}"' not in html
    assert "lead to no group on WhatsApp" in html
    # Contracts: the link, and no further key or column.
    (group,) = repo.run("invites", "--format", "json").json["groups"]
    assert (group["link"], "page" in group) == (link, False)
    assert "page" not in (repo.path / "csv").read_text(encoding="utf-8")


def test_the_embedded_sandbox_says_how_to_open_its_pages(shell: Shell) -> None:
    assert shell.run(".venv/bin/reconciler apply --sandbox --yes").code == 0
    shown = shell.run(
        ".venv/bin/reconciler invites --sandbox --report html=sheet.html --report markdown=s.md"
    )
    found = re.search(r"^    page +(/join/\S+)  of `reconciler sandbox`$", shown.out, re.M)
    assert found, shown.out
    assert "start `reconciler sandbox`, and open /join/CODE there" in shown.err
    assert "href=" not in (shell.folder / "sheet.html").read_text(encoding="utf-8")
    assert "<http" not in (shell.folder / "s.md").read_text(encoding="utf-8")
    with shell.served() as lines:
        page = exported(lines)["RECONCILER_BASE_URL"] + found[1]
        assert "Vendas" in requests.get(page, timeout=10).text


def test_no_code_leads_to_the_real_service(repo: Repo) -> None:
    """The drawing is that of the page, and not of the link."""
    from reconciler.report import qr

    repo.group("vendas", f'subject: Vendas\nadmins: ["+{ANA}"]\n')
    assert repo.apply().code == 0
    shown = repo.run("invites", "--qr", "--report", "html=sheet.html")
    link, pages = repo.api.invite(repo.live("Vendas")["id"]), repo.server.base_url
    drawn = [line.strip() for line in shown.out.splitlines() if set(line.strip()) & set("█▄▀")]
    assert drawn == [line.strip() for line in qr.for_terminal(link, pages)]
    assert drawn != [line.strip() for line in qr.for_terminal(link)]
    assert qr.as_data_uri(link, pages) in (repo.path / "sheet.html").read_text(encoding="utf-8")


def test_another_api_has_no_pages(repo: Repo) -> None:
    """Only what says that it is a sandbox is taken for one."""
    from tests.backends.server import RawServer, reply

    repo.group("vendas", "subject: Vendas\nadmins: [ana]\n")
    assert repo.apply().code == 0
    with RawServer() as server:
        server.default = reply(200, b'{"groups": []}', {"Server": "nginx"})
        done = repo.run("invites", RECONCILER_BASE_URL=server.url, RECONCILER_STATE="none")
        assert "sandbox" not in done.out + done.err
