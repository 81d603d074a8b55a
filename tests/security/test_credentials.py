"""Where credentials go, and everything in which they must not be found."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from reconciler.report.markdown_text import marker
from reconciler.sandbox import Server
from tests.backends.server import RawServer, Seen, Step, reply
from tests.security.support import (
    CANARY,
    GROUP,
    LINK,
    SECRETS,
    TOKEN,
    USERNAME,
    Checkout,
    assert_clean,
    everything,
    groups_api,
    live,
    ok,
    routed,
)
from tests.support import STRANGER, Repo, Result, picture

ECHO = f"no {USERNAME} {TOKEN} at {LINK} for 5519900000077 in {STRANGER}-1513616971"


def credentials_in(seen: Seen) -> bool:
    text = repr((seen.path, dict(seen.headers), seen.body))
    return USERNAME in text or TOKEN in text


@pytest.fixture
def elsewhere() -> Iterator[RawServer]:
    with RawServer() as server:
        yield server


# --- redirects -----------------------------------------------------------------------------------------


def _place(to: str, api: RawServer, elsewhere: RawServer, seen: Seen) -> str:
    match to:
        case "the same host":
            return f"{api.url}/stolen"
        case "another host":
            return f"{elsewhere.url}/stolen"
        case "another name":
            return elsewhere.url.replace("127.0.0.1", "localhost")
        case _:
            return seen.path


@pytest.mark.parametrize(
    ("status", "to"),
    [
        (301, "the same host"),
        (302, "another host"),
        (303, "another name"),
        (307, "another host"),
        (308, "the same page"),
    ],
)
def test_no_redirect_of_a_read_is_followed(
    status: int, to: str, checkout: Checkout, api: RawServer, elsewhere: RawServer
) -> None:
    def redirect(seen: Seen) -> Step:
        return reply(status, ECHO.encode(), {"Location": _place(to, api, elsewhere, seen)})

    api.default = routed(api, redirect)
    done = checkout.quick("plan")
    assert done.code == 1, everything(done)
    assert len(api.seen) == 1
    assert elsewhere.connections == 0
    assert_clean(done)


@pytest.mark.parametrize(
    ("status", "to"), [(302, "another host"), (307, "the same host"), (308, "the same page")]
)
def test_no_redirect_of_a_write_is_followed(
    status: int, to: str, checkout: Checkout, api: RawServer, elsewhere: RawServer
) -> None:
    def redirect(seen: Seen) -> Step:
        return reply(status, ECHO.encode(), {"Location": _place(to, api, elsewhere, seen)})

    checkout.group("suporte", f"subject: Suporte\nid: {GROUP}\n")
    api.default = routed(api, groups_api(live(subject="Antes"), others=redirect))
    done = checkout.quick("apply", "--yes")
    assert done.code == 3, everything(done)
    assert {seen.method for seen in api.seen} == {"GET", "PUT"}
    assert not [seen for seen in api.seen if "stolen" in seen.path]
    assert elsewhere.connections == 0
    assert_clean(done)


# --- icons ---------------------------------------------------------------------------------------------


def test_the_cdn_gets_no_credentials(checkout: Checkout, api: RawServer, elsewhere: RawServer) -> None:
    data = picture()
    checkout.group("suporte", "subject: Suporte\nicon: i.png\n")
    checkout.write("groups/i.png", data)
    elsewhere.default = reply(200, data, {"Content-Type": "image/png", "Set-Cookie": "a=b"})

    def icon(seen: Seen) -> Step:
        return ok({"type": "URL", "data": f"{elsewhere.url}/i.png?signature=1"})

    api.default = routed(api, groups_api(others=icon))
    done = checkout.quick("plan", "--verbose")
    assert done.code == 0, done.err
    assert elsewhere.seen, "the picture was fetched"
    assert not [seen for seen in elsewhere.seen if credentials_in(seen)]
    assert not {"authorization", "cookie", "referer", "username", "authenticationtoken"} & {
        name for seen in elsewhere.seen for name in seen.headers
    }
    assert all(credentials_in(seen) for seen in api.seen), "while the API got them in every call"
    assert_clean(done)


# --- texts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "status"),
    [
        *(("the list", status) for status in (200, 401, 403, 404, 500)),
        *(("a group", status) for status in (200, 400, 403, 500)),
        *(("a write", status) for status in (400, 401, 503)),
    ],
)
def test_an_answer_that_repeats_secrets(what: str, status: int, checkout: Checkout, api: RawServer) -> None:
    body = {"errors": [{"code": 1000, "title": ECHO, "details": ECHO}], "message": ECHO}

    def broken(seen: Seen) -> Step:
        path = seen.path.removeprefix("/v1/whatsapp")
        place = "a write" if seen.method != "GET" else "the list" if path == "/groups" else "a group"
        if place == what:
            return reply(status, json.dumps(body).encode())
        return groups_api(live(subject="Antes"))(seen)

    api.default = routed(api, broken)
    done = checkout.quick(
        "apply",
        "--yes",
        "--verbose",
        "--report",
        "json=r.json",
        "--report",
        "text=r.txt",
        RECONCILER_STATE="none",
    )
    assert done.code not in (0, 70), everything(done)
    assert_clean(done)
    for name in ("r.json", "r.txt"):
        path = checkout.path / name
        text = path.read_text() if path.exists() else ""
        assert not [secret for secret in (*SECRETS, LINK, STRANGER) if secret in text]
    assert "5519900000077" not in everything(done)


def test_nothing_holds_a_secret_after_a_whole_run(repo: Repo) -> None:
    """Everything printed and everything written by validate, plan, apply and state, with all being logged."""
    repo.environment |= {
        "RECONCILER_USERNAME": USERNAME,
        "RECONCILER_TOKEN": TOKEN,
        "SOME_OTHER_SECRET": CANARY,
    }
    repo.group("suporte", "subject: Suporte\nicon: i.png\nadmins: [ana]\nlink_version: 1\n")
    repo.write("groups/i.png", picture())
    texts = []
    for command in (
        ["validate"],
        ["plan", "--out", "p.json", "--report", "json=a.json", "--verbose"],
        ["apply", "--plan", "p.json", "--yes", "--report", "text=b.txt", "--verbose"],
        ["state", "list"],
        ["state", "show"],
    ):
        done = repo.run(*command)
        assert done.code == 0, everything(done)
        texts.append(everything(done))
    repo.group("suporte", "subject: Suporte\nicon: i.png\nadmins: [ana]\nlink_version: 2\n")
    done = repo.run("apply", "--yes", "--verbose", "--show-numbers")
    assert done.code == 0, everything(done)
    texts.append(everything(done))
    codes = [group["invite"] for group in repo.api.groups() if group.get("invite")]
    texts += [path.read_text(errors="replace") for path in repo.path.rglob("*") if path.is_file()]
    for text in texts:
        assert not [secret for secret in (*SECRETS, "chat.whatsapp.com", *map(str, codes)) if secret in text]


def test_no_secret_is_an_argument(checkout: Checkout, api: RawServer) -> None:
    """`/proc/PID/cmdline` of the run, and of the command that gives the token, while the API is asked."""
    seen_lines: list[bytes] = []
    asked = threading.Event()

    def look(seen: Seen) -> Step:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    seen_lines.append((entry / "cmdline").read_bytes())
                except OSError:
                    continue  # it ended
        asked.set()
        return groups_api()(seen)

    api.default = routed(api, look)
    # PYTHONHASHSEED is read when an interpreter starts, so this one is started, not forked (tests/warm.py)
    assert checkout.quick("plan", PYTHONHASHSEED="0").code == 0
    assert asked.is_set()
    ours = [line for line in seen_lines if b"reconciler" in line]
    assert ours
    assert not [line for line in seen_lines if TOKEN.encode() in line or USERNAME.encode() in line]


@pytest.mark.parametrize("option", ["--token", "--username", "--base-url", "--token-command", "--plan-key"])
def test_no_secret_can_be_an_option(option: str, checkout: Checkout, api: RawServer) -> None:
    assert checkout.quick("plan", option, "x").code == 64
    assert api.connections == 0


# --- the base URL --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1.evil.test:{port}",
        "http://127.0.0.1@evil.test:{port}",
        "http://evil.test#@127.0.0.1:{port}",
        f"http://user:{TOKEN}@127.0.0.1:{{port}}",
        "http://127.0.0.1:{port}/v1",
        "http://１２７.0.0.1:{port}",
        "http://2130706433:{port}",
        "http://[::ffff:10.0.0.1]:{port}",
        "file:///etc/passwd",
        "http://127.0.0.1:{port}\r\nHost: evil.test",
    ],
)
def test_base_urls_that_are_refused(url: str, checkout: Checkout, api: RawServer) -> None:
    wanted = url.format(port=api.port)
    for command in (["apply", "--yes"], ["state", "bind", "x", "g-1"]):
        done = checkout.quick(*command, RECONCILER_BASE_URL=wanted)
        assert done.code == 1, (command, everything(done))
        assert "RECONCILER_BASE_URL" in done.err
        assert "evil" not in everything(done), "what may hold a password is not quoted"
        assert_clean(done)
    assert api.connections == 0
    assert not checkout.state.exists(), "nor recorded"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1.2.3"])
def test_http_on_this_machine_is_allowed(host: str, checkout: Checkout, api: RawServer) -> None:
    if host == "127.1.2.3":
        done = checkout.quick("plan", RECONCILER_BASE_URL=f"http://{host}:{api.port}")
        assert "RECONCILER_BASE_URL holds" not in done.err
        assert_clean(done)
        return
    assert checkout.quick("plan", RECONCILER_BASE_URL=f"http://{host}:{api.port}/").code == 0


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"])
def test_a_proxy_does_not_get_credentials_meant_for_this_machine(
    name: str, checkout: Checkout, api: RawServer, elsewhere: RawServer
) -> None:
    checkout.environment[name] = elsewhere.url
    assert checkout.quick("plan").code == 0
    assert elsewhere.connections == 0


PASSWORD = "proxy-password-that-must-not-leak"
NO_PROXIES = {
    "no host": f"http://joe:{PASSWORD}@",
    "no host nor password": "http://",
    "a port that is too high": f"http://joe:{PASSWORD}@proxy.test:99999",
    "a port that is none": "http://proxy.test:port",
    "port 0": "http://proxy.test:0",
    "half an address": "http://[::1",
    "another kind": f"ftp://joe:{PASSWORD}@proxy.test",
    "a password with a slash": f"http://joe:{PASSWORD}/x@proxy.test:3128",
    "a blank": " ",
    "no scheme, no host": f"joe:{PASSWORD}@",
}


@pytest.mark.parametrize("what", NO_PROXIES)
def test_a_proxy_that_is_none_is_named_by_its_variable(what: str, checkout: Checkout) -> None:
    checkout.write("comment.md", f"{marker({'kind': 'plan', 'digest': '', 'truncated': False})}\n## Plan\n")
    publish = ("comment", "comment.md", "--provider", "github", "--repository", "a/b", "--number", "1")
    for variable, verb in (
        ("HTTPS_PROXY", ("plan",)),
        ("all_proxy", ("apply", "--yes")),
        ("https_proxy", publish),
    ):
        done = checkout.quick(
            *verb,
            RECONCILER_BASE_URL="https://api.test",
            GITHUB_TOKEN="a-token",
            **{variable: NO_PROXIES[what]},
        )
        assert done.code == 1, everything(done)
        assert f"Error: {variable} " in done.err
        assert PASSWORD not in everything(done)
        assert "proxy.test" not in everything(done)
        assert_clean(done)


@pytest.mark.parametrize("what", ["no host", "half an address", "another kind"])
def test_a_proxy_that_is_none_is_in_nobodys_way(what: str, checkout: Checkout, api: RawServer) -> None:
    """Where it is not used: on this machine, where `NO_PROXY` says so, and where it is empty."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        checkout.environment[name] = NO_PROXIES[what]
    assert checkout.quick("plan").code == 0
    assert checkout.quick("plan", "--sandbox").code == 0
    elsewhere = {"RECONCILER_BASE_URL": "https://127.0.0.1.invalid:1"}
    assert "_PROXY" not in checkout.quick("plan", NO_PROXY="127.0.0.1.invalid", **elsewhere).err
    empty = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "")
    assert "_PROXY" not in checkout.quick("plan", **empty, **elsewhere).err


# --- where the token comes from -----------------------------------------------------------------------


def _tokenless(checkout: Checkout) -> Checkout:
    del checkout.environment["RECONCILER_TOKEN"]
    return checkout


def test_a_token_file(checkout: Checkout, api: RawServer, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"  {TOKEN}\n")
    path.chmod(0o600)
    done = _tokenless(checkout).quick("plan", RECONCILER_TOKEN_FILE=str(path))
    assert done.code == 0, done.err
    assert {seen.headers["authenticationtoken"] for seen in api.seen} == {TOKEN}
    assert "Warning" not in done.err
    path.chmod(0o644)
    done = checkout.quick("plan", RECONCILER_TOKEN_FILE=str(path))
    assert done.code == 0
    assert "chmod 600" in done.err
    assert_clean(done)


@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "binary", "two lines", "endless"])
def test_token_files_that_cannot_be_used(
    kind: str, checkout: Checkout, api: RawServer, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    match kind:
        case "folder":
            path.mkdir()
        case "empty":
            path.write_text(" \n")
        case "binary":
            path.write_bytes(b"\xff\xfe" + TOKEN.encode())
        case "two lines":
            path.write_text(f"{TOKEN}\nX-Evil: 1\n")
        case "endless":
            path = Path("/dev/zero")
        case _:
            pass
    done = _tokenless(checkout).quick("plan", RECONCILER_TOKEN_FILE=str(path), within=20)
    assert done.code == 4, everything(done)
    assert api.connections == 0
    assert_clean(done)


def test_a_token_command_is_run_without_a_shell(checkout: Checkout, api: RawServer, tmp_path: Path) -> None:
    command = (
        f"{sys.executable} -c 'print(\"{TOKEN}\")' ; touch {tmp_path}/pwned && $(touch {tmp_path}/pwned)"
    )
    done = _tokenless(checkout).quick("plan", RECONCILER_TOKEN_COMMAND=command)
    assert done.code == 0, done.err
    assert {seen.headers["authenticationtoken"] for seen in api.seen} == {TOKEN}
    assert not (tmp_path / "pwned").exists()
    assert_clean(done)


@pytest.mark.parametrize(
    "script",
    [
        f"print('{TOKEN}'); import sys; sys.exit(3)",
        f"import sys; sys.stderr.write('{TOKEN}'); sys.exit(1)",
        f"print('{TOKEN}\\n{TOKEN}')",
        f"print('{TOKEN}\\x1b[2J')",
        f"import sys; sys.stdout.buffer.write(b'\\xff{TOKEN}')",
        "pass",
    ],
    ids=["fails", "fails with words", "two lines", "escapes", "no text", "nothing"],
)
def test_what_a_token_command_prints_is_never_shown(script: str, checkout: Checkout, api: RawServer) -> None:
    done = _tokenless(checkout).quick("plan", RECONCILER_TOKEN_COMMAND=f'{sys.executable} -c "{script}"')
    assert done.code == 4, everything(done)
    assert api.connections == 0
    assert_clean(done)


def test_a_token_command_sees_no_other_credential(checkout: Checkout, tmp_path: Path) -> None:
    seen = tmp_path / "seen.json"
    script = tmp_path / "command.py"
    script.write_text(
        f"import json, os\njson.dump(dict(os.environ), open({str(seen)!r}, 'w'))\nprint({TOKEN!r})\n"
    )
    done = _tokenless(checkout).quick(
        "plan",
        RECONCILER_TOKEN_COMMAND=f"{sys.executable} {script}",
        RECONCILER_SALES_TOKEN="another",
        RECONCILER_FIELD_OPS_USERNAME="another",
        VAULT_ADDR="https://vault.test",
        RECONCILER_STATE="none",
    )
    assert done.code == 0, everything(done)
    environment = json.loads(seen.read_text())
    assert {name for name in environment if name.startswith("RECONCILER")} == {
        "RECONCILER_USERNAME",
        "RECONCILER_BASE_URL",
        "RECONCILER_STATE",
    }
    assert environment["VAULT_ADDR"] == "https://vault.test", "what the command itself may need"


@pytest.mark.parametrize("command", ["/nonexistent/x", "/etc/passwd", "'open", "   ", "/"])
def test_token_commands_that_are_none(command: str, checkout: Checkout, api: RawServer) -> None:
    done = _tokenless(checkout).quick("plan", RECONCILER_TOKEN_COMMAND=command)
    assert done.code == 4, everything(done)
    assert api.connections == 0
    assert_clean(done)


def test_a_token_command_that_hangs_is_ended(checkout: Checkout, tmp_path: Path) -> None:
    script = f"import os, time; open('{tmp_path}/pid', 'w').write(str(os.getpid())); time.sleep(300)"
    impatient = (
        "import sys; from reconciler.cli import environment, main\n"
        "assert environment.COMMAND_TIMEOUT == 30; environment.COMMAND_TIMEOUT = 2\n"
        "sys.exit(main(['plan']))"
    )
    command = {"RECONCILER_TOKEN_COMMAND": f'{sys.executable} -c "{script}"', "PYTHONPATH": os.getcwd()}
    run = subprocess.run(
        [sys.executable, "-c", impatient],
        cwd=checkout.path,
        env=_tokenless(checkout).environment | command,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 4, run.stderr
    assert "did not end within" in run.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert_clean(Result(run.returncode, run.stdout, run.stderr))


def test_two_tokens_are_one_too_many(checkout: Checkout, api: RawServer) -> None:
    done = checkout.quick("plan", RECONCILER_TOKEN_COMMAND="true")
    assert done.code == 4
    assert api.connections == 0
    assert_clean(done)


# --- what only its owner may read ------------------------------------------------------------------------


def test_files_are_for_their_owner_only(repo: Repo) -> None:
    """Whatever the umask, and also where a file was there before."""
    repo.group("suporte", "subject: Suporte\nadmins: [ana]\n")
    for name in ("p.json", "a.json", "b.txt"):
        repo.write(name, "old").chmod(0o666)
    old = os.umask(0)
    try:
        assert repo.run("plan", "--out", "p.json", "--report", "json=a.json").code == 0
        assert repo.run("apply", "--yes", "--report", "text=b.txt", "--report", "json=new.json").code == 0
        assert repo.run("plan", "--sandbox").code == 0
    finally:
        os.umask(old)
    written = [repo.path / name for name in ("p.json", "a.json", "b.txt", "new.json")]
    written += [path for path in (repo.path / ".reconciler").rglob("*") if path.is_file()]
    assert {path.name for path in written} >= {"state.json", "state.json.lock", "sandbox.sqlite3"}
    for path in written:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE((repo.path / ".reconciler").stat().st_mode) == 0o700


# --- the sandbox ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"]])
def test_the_sandbox_calls_nobody_else(
    command: list[str], checkout: Checkout, api: RawServer, tmp_path: Path
) -> None:
    """With all that a production job has set, `--sandbox` asks for nothing of it and runs nothing of it."""
    checkout.environment |= {
        "RECONCILER_TOKEN": "",
        "RECONCILER_TOKEN_COMMAND": f"touch {tmp_path}/pwned",
        "RECONCILER_STATE": f"file:{tmp_path}/production.json",
        "RECONCILER_ACCOUNT": "5519955555555",
        "HTTP_PROXY": api.url,
        "HTTPS_PROXY": api.url,
        "ALL_PROXY": api.url,
    }
    (tmp_path / "production.json").write_text("precious")
    done = checkout.quick(*command, "--sandbox")
    assert done.code == 0, everything(done)
    assert api.connections == 0
    assert not (tmp_path / "pwned").exists()
    assert (tmp_path / "production.json").read_text() == "precious"
    assert_clean(done)
    for path in (checkout.path / ".reconciler").rglob("*"):
        assert not [secret for secret in SECRETS if path.is_file() and secret.encode() in path.read_bytes()]


def test_a_sandbox_given_as_base_url_keeps_its_credentials_to_itself(
    serve: Callable[..., Server], checkout: Checkout
) -> None:
    """Credentials that somebody exported by mistake stay out of the sandbox's pages and its log."""
    server = serve()
    assert checkout.quick("apply", "--yes", RECONCILER_BASE_URL=server.base_url).code == 0
    pages = [urlopen(f"{server.base_url}{path}").read().decode() for path in ("/", "/people")]
    pages.append(str(server.control().calls()))
    for page in pages:
        assert not [secret for secret in SECRETS if secret in page]
    assert re.search("Suporte", pages[0])
