"""Subjects that try to write something else into the files: what `import` and `accept` make of them."""

from __future__ import annotations

import os
from typing import Any

import yaml

from tests.security.support import assert_clean
from tests.support import ACCOUNT, ANA, STRANGER

from .conftest import Inside

SUBJECTS = (
    f'x"\nadmins: ["+{STRANGER}"]\n#',
    f"x'\nadmins: ['+{STRANGER}']\n#",
    f'x", admins: ["+{STRANGER}"], y: "',
    f"x, admins: ['+{STRANGER}']",
    f"x}}\n---\nname: evil\nadmins: [+{STRANGER}]",
    "---",
    "--- # x",
    "...",
    "%YAML 1.1",
    "%TAG ! tag:x,2000:",
    "&a x",
    "*a",
    "<<: *a",
    "!!python/object/apply:os.system [touch pwned]",
    "!!binary aGVsbG8=",
    "? x",
    "| x",
    ">-",
    "x # no comment",
    "x: y",
    "- x",
    "{x: y}",
    "[x]",
    "`x` @x %x",
    "\\",
    '\\"',
    "'",
    '"',
    "''",
    "${{ secrets.TOKEN }}",
    "{{ 7 * 7 }} {% raw %}",
    "a\u2028admins: []",
    "a\u2029b",
    "a\u0085admins: []",
    "\ufeffx",
    "x\ufeff",
    "a\ufffeb",
    "a\x0badmins: []",
    "a\radmins: []",
    "a\x00b",
    "a\x7fb",
    "\U000e0041x",
    "~",
    "NULL",
    "0o14",
    "1_000",
    "+5519900000001",
    "2026-12-01",
    "schema=../../../etc/passwd",
    "w" * (4 << 20),
)
STYLES = (
    "id: {id}\nname: {name}\nsubject: Antes\nadmins: [ana]\n",
    "id: {id}\nname: {name}\nsubject: 'Antes'   # as it was\nadmins: [ana]\n",
    'id: {id}\nname: {name}\nsubject: "Antes"\nadmins: [ana]\n',
    "id: {id}\nname: {name}\nsubject: >-\n  Antes\nadmins: [ana]\n",
    "{{id: {id}, name: {name}, subject: Antes, admins: [ana]}}\n",
    "---\nid: {id}\nname: {name}\nsubject: &s Antes\nadmins: [ana]\n"
    "---\nname: other-{name}\nsubject: Outro\nadmins: [ana]\n",
)
ALLOWED = {"name", "id", "subject", "icon", "admins", "members", "unmanaged"}


def test_import_writes_one_document_a_group_and_nothing_else(inside: Inside) -> None:
    inside.write("reconciler.yaml", f'account: "+{ACCOUNT}"\napi: {{subject_limit: 200}}\n')
    live = {}
    for subject in SUBJECTS:
        (group,) = inside.api.seed("x", participants=[ANA, STRANGER], admins=[ANA])
        inside.api.set_subject(group["id"], subject)
        live[group["id"]] = subject
    before = set(os.listdir(inside.path))
    done = inside.run("import", "--all", "--contacts")
    assert done.code == 0, done.err[:2000]
    assert_clean(done)
    assert len(done.out) < 40_000, "a long subject floods no log"
    assert set(os.listdir(inside.path)) - before <= {"groups", ".reconciler"}
    files = list((inside.path / "groups").iterdir())
    assert len(files) == len(SUBJECTS)
    taken = 0
    for path in files:
        text = path.read_text()
        assert len(text) < 2000
        assert all(char.isprintable() or char == "\n" for char in text), ascii(text)
        (document,) = yaml.safe_load_all(text)
        assert set(document) <= ALLOWED, text
        assert document["admins"] == ["ana"]
        if "subject" in document:
            taken += 1
            assert document["subject"] == live[document["id"]].strip()
        else:
            assert "# subject left out: it " in text
    assert taken > 30, "most of them are good subjects, and written as they are"
    validated = inside.run("validate")
    assert validated.code == 0, validated.err[:2000]
    assert STRANGER not in "".join(path.name for path in files), "a name is shown everywhere"
    (contacts,) = yaml.safe_load_all((inside.path / "contacts.yaml").read_text())
    assert set(contacts) == {"people", "teams"}


def test_accept_changes_the_subject_and_nothing_else(inside: Inside) -> None:
    inside.write("reconciler.yaml", f'account: "+{ACCOUNT}"\napi: {{subject_limit: 200}}\n')
    short = [subject for subject in SUBJECTS if len(subject) < 1000]
    wanted: dict[str, tuple[str, Any]] = {}
    for number, subject in enumerate((*short, "w" * 5000)):
        (group,) = inside.api.seed("Antes", participants=[ANA], admins=[ANA])
        inside.api.set_subject(group["id"], subject)
        text = STYLES[number % len(STYLES)].format(id=group["id"], name=f"g{number}")
        inside.group(f"g{number}", text)
        wanted[f"g{number}"] = (subject, list(yaml.safe_load_all(text)))
    done = inside.run("accept", "g*", "--field", "subject", "--yes", "--drop-pending")
    assert done.code in (0, 3), done.err[:2000]
    assert_clean(done)
    taken = 0
    for name, (subject, documents) in wanted.items():
        after = list(yaml.safe_load_all((inside.path / f"groups/{name}.yaml").read_text()))
        if after != documents:
            taken += 1
            documents[0]["subject"] = subject.strip()
        assert after == documents, name
    assert taken > 30
    assert inside.run("validate").code == 0
    assert not (inside.path / "pwned").exists()
