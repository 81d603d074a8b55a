"""Words that an outsider chose (a subject, an error's text, a name in a file), wherever they are printed."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

from tests.backends.server import RawServer, reply
from tests.reports.hostile import HOSTILE
from tests.security.support import GROUP, Checkout, assert_clean, everything, groups_api, live, routed
from tests.support import ACCOUNT, ANA, Result

# The rest of the list is for the formats themselves (`tests/reports`); these differ in what they would do.
WORDS = {
    name: HOSTILE[name]
    for name in ("title", "C1", "cursor", "lines", "bidi", "half a pair", "markup", "workflow", "long")
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_a_subject_in_every_output(words: str, checkout: Checkout, api: RawServer) -> None:
    """As what is there now, in the plan and its reports, in text and in JSON."""
    checkout.group("suporte", f"id: {GROUP}\nsubject: Suporte\n")
    api.default = routed(api, groups_api(live(subject=words)))
    done = checkout.quick("plan", "--report", "text=t", "--report", "json=j", "--verbose")
    assert done.code == 0, everything(done)[:2000]
    assert_clean(done)
    document = (checkout.path / "j").read_text()
    assert_clean(Result(0, (checkout.path / "t").read_text(), document))
    assert json.loads(document)["groups"][0]["changes"][0]["kind"] == "set_subject"
    assert len(done.out) < 20_000, "and nobody floods the log"


@pytest.mark.parametrize("name", ["workflow", "title"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_refusal_of_a_write_in_every_output(
    name: str, form: str, checkout: Checkout, api: RawServer
) -> None:
    words = WORDS[name]
    api.default = routed(
        api, groups_api(live(subject=words), others=lambda _: reply(400, words.encode(errors="replace")))
    )
    done = checkout.quick("apply", "--yes", "--format", form, "--report", "text=t", "--report", "json=j")
    assert done.code == 3, everything(done)
    assert_clean(done)
    assert_clean(Result(0, (checkout.path / "t").read_text(), (checkout.path / "j").read_text()))


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_an_error_of_the_api(words: str, checkout: Checkout, api: RawServer) -> None:
    body = json.dumps({"errorCode": 401, "errorMessage": words}).encode()
    api.default = reply(401, body)
    done = checkout.quick("plan")
    assert done.code == 4
    assert_clean(done)
    assert len(done.err.splitlines()) <= 4


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_complaints_about_files(words: str, checkout: Checkout, api: RawServer) -> None:
    """As a key, a value, an alias, a kind, an icon's name; JSON's escapes are YAML's, too."""
    quoted = json.dumps(words)
    checkout.write(
        "groups/x.yaml", f"{quoted}: 1\nadmins: [{quoted}]\nkind: {quoted}\nicon: {quoted}\nname: {quoted}\n"
    )
    checkout.write("contacts.yaml", f"people: {{{quoted}: {quoted}}}\nteams: {{cs: [{quoted}]}}\n")
    checkout.configure(f"contacts: contacts.yaml\nkinds: {{{quoted}: {{}}}}\nallow: [{{code: {quoted}}}]")
    for form in ("text", "json"):
        done = checkout.quick("validate", "--format", form)
        assert done.code == 1
        assert_clean(done)
        assert not re.search(r"w{41}", everything(done)), "40 characters are quoted at most"
    assert api.connections == 0


@pytest.mark.parametrize(
    "name", ["\x1b]0;x\x07.yaml", "\u202egnp.yaml", "::error::x.yaml", "a\nb.yaml", "a##[error]b.yaml"]
)
def test_names_of_files(name: str, checkout: Checkout) -> None:
    checkout.write(f"groups/{name}", "subject: x\n")
    for form in ("text", "json"):
        done = checkout.quick("validate", "--format", form)
        assert done.code == 1
        assert_clean(done)


def test_a_name_of_a_file_that_is_no_text(checkout: Checkout) -> None:
    path = os.path.join(os.fsencode(checkout.path), b"groups/\xff\xfe.yaml")
    with open(path, "wb") as file:
        file.write(b"subject: x\n")
    done = checkout.quick("plan", "--format", "json", "--report", "text=t")
    assert done.code == 1
    assert_clean(done)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_outputs_that_lack_the_letters(encoding: str, form: str, checkout: Checkout, api: RawServer) -> None:
    """A subject in another script ends no run with a traceback, least of all after it has written."""
    checkout.group("suporte", f"id: {GROUP}\nsubject: 日本 ☕ é\n")
    api.default = routed(api, groups_api(live(subject="Ωmega 👩🏽‍💻")))
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "plan", "--format", form],
        cwd=checkout.path,
        env=checkout.environment | {"PYTHONPATH": os.getcwd(), "PYTHONIOENCODING": encoding},
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    if form == "json":
        document = json.loads(done.stdout.decode(encoding))
        assert document["groups"][0]["changes"][0]["after"] == "日本 ☕ é"


def test_an_output_that_cannot_be_written(checkout: Checkout) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "reconciler", "plan"],
            cwd=checkout.path,
            env=checkout.environment | {"PYTHONPATH": os.getcwd()},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1, done.stderr
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words", ["\x1b]0;owned\x07", "ok\r\x1b[2K! approved", "\x1b]8;;https://evil.example\x1b\\x", "[bold]x"]
)
def test_on_a_terminal(words: str, checkout: Checkout, api: RawServer) -> None:
    """With colours, a progress bar and a question: the only escapes are colours and the bar's own moves."""
    checkout.group("suporte", f"id: {GROUP}\nsubject: Suporte\nadmins: [ana]\n")
    api.default = routed(api, groups_api(live(subject=words, participants=[ACCOUNT, ANA])))
    shown = _on_a_terminal(checkout, "apply")
    assert "Apply these changes?" in shown
    assert "\x1b]" not in shown, ascii(shown)
    rest = re.sub(r"\x1b\[(?:[0-9;]*m|2K|[0-9]*A|\?25[lh])", "", shown)
    assert "\x1b" not in rest, ascii(rest)
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", rest), ascii(rest)
    assert "\r\x1b[2K! approved" not in shown
    assert {seen.method for seen in api.seen} == {"GET"}, "the answer was no yes"


def _on_a_terminal(checkout: Checkout, *arguments: str) -> str:
    """What the command writes to a terminal on which everything is answered with `no`."""
    ours, theirs = pty.openpty()
    environment = {**checkout.environment, "PYTHONPATH": os.getcwd(), "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", *arguments],
        cwd=checkout.path,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    answered = False
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if not select.select([ours], [], [], 1)[0]:
            continue
        try:
            data = os.read(ours, 65536)
        except OSError:  # the other end was closed
            break
        shown += data
        if b"a yes:" in shown and not answered:
            answered = True
            os.write(ours, b"no\n")
    assert process.wait(timeout=30) != 70
    os.close(ours)
    return shown.decode()
