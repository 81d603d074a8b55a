"""The file lasts: over a new start, over SIGKILL, and closed to others."""

from __future__ import annotations

import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import requests

from reconciler.sandbox import Options, start
from reconciler.sandbox.control import Control

from .conftest import ANA, Connect, Make, picture

SERVE = """
import sys
from reconciler.sandbox import Options, serve_forever
serve_forever(Options(database=sys.argv[1]), lambda server: print(server.base_url, flush=True))
"""


def serve(database: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-W", "default", "-c", SERVE, str(database)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    return process, process.stdout.readline().strip()


def test_everything_lasts(connect: Connect, tmp_path: Path) -> None:
    database = str(tmp_path / "sandbox.db")
    api = connect(database=database, signed_urls=False)
    group_id = api.create("Olá 🙂")
    api.control.join(group_id, ANA)
    api.control.write(ANA, "oi", group_id)
    api.control.hide(group_id)
    api.control.seed("Other")
    link = api.control.invite(group_id)
    api.set_icon(group_id, picture())
    before = api.control.groups()
    address = api("GET", f"/groups/{group_id}/icon").json()["data"]
    api.server.stop()

    again = connect(database=database, signed_urls=False)
    assert again.control.groups() == before
    assert again("GET", f"/groups/{group_id}/invite").json()["groups"] == [{"link": link}]
    assert (
        again("GET", f"/groups/{group_id}/icon")
        .json()["data"]
        .endswith(address.removeprefix(api.server.cdn_url))
    )
    assert again.create() not in [group["id"] for group in before]
    assert again.control.calls()[0]["n"] == 1


def test_ids_stay_unique_over_a_new_start(connect: Connect, tmp_path: Path) -> None:
    database = str(tmp_path / "sandbox.db")
    ids: list[str] = []
    for _ in range(3):
        api = connect(database=database)
        ids += [api.create(f"g{n}") for n in range(3)]
        api.server.stop()
    assert len(set(ids)) == 9


def test_a_killed_process_loses_nothing_it_has_answered(tmp_path: Path) -> None:
    database = tmp_path / "sandbox.db"
    process, base_url = serve(database)
    headers = {"userName": "u", "authenticationToken": "t"}
    ids = []
    for number in range(10):
        body = {"subject": f"g{number}"}
        answer = requests.post(f"{base_url}/v1/whatsapp/groups", json=body, headers=headers, timeout=10)
        ids.append(answer.json()["groups"][0]["id"])
    process.kill()
    process.communicate()
    with start(Options(database=str(database))) as server:
        assert [group["id"] for group in server.control().groups()] == ids


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_forever_ends_cleanly_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    database = tmp_path / "sandbox.db"
    process, base_url = serve(database)
    Control(base_url).seed("g")
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["sandbox.db"]


def test_a_fresh_file_is_for_its_owner_only(make: Make, tmp_path: Path) -> None:
    server = make(database=str(tmp_path / "sandbox.db"))
    server.control().seed("g")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}
    assert "sandbox.db" in modes


def test_a_file_in_use_is_refused(make: Make, tmp_path: Path) -> None:
    database = str(tmp_path / "sandbox.db")
    first = make(database=database)
    with pytest.raises(OSError, match="in use by another sandbox"):
        start(Options(database=database))
    first.stop()
    make(database=database)


def test_what_is_not_a_sandboxs_file_is_left_alone(tmp_path: Path) -> None:
    text, other = tmp_path / "notes.txt", tmp_path / "other.db"
    text.write_text("my notes, more than a hundred bytes of them " * 10)
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()
    before = text.read_bytes(), other.read_bytes()
    for path in (text, other):
        with pytest.raises(ValueError, match="not a sandbox's database"):
            start(Options(database=str(path)))
    assert text.read_bytes() == before[0]
    with closing(sqlite3.connect(other)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (0,)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="not a folder"):
        start(Options(database=str(tmp_path / "missing" / "sandbox.db")))


def test_replaced_pictures_go_with_the_next_start(connect: Connect, tmp_path: Path) -> None:
    database = tmp_path / "sandbox.db"
    api = connect(database=str(database), signed_urls=False)
    group_id = api.create()
    api.set_icon(group_id, picture("red"))
    old = api("GET", f"/groups/{group_id}/icon").json()["data"]
    api.set_icon(group_id, picture("blue"))
    assert requests.get(old, timeout=10).status_code == 200
    api.server.stop()
    connect(database=str(database)).server.stop()
    db = sqlite3.connect(database)
    assert db.execute("SELECT count(*) FROM icons").fetchone() == (1,)
    db.close()


def test_a_file_of_an_older_sandbox_opens(connect: Connect, tmp_path: Path) -> None:
    database = tmp_path / "sandbox.db"
    with closing(sqlite3.connect(database)) as db:
        db.executescript(
            """
            CREATE TABLE icons (
                path TEXT PRIMARY KEY, mime TEXT NOT NULL, sha256 TEXT NOT NULL, data BLOB NOT NULL
            );
            CREATE TABLE groups (
                id TEXT PRIMARY KEY, subject TEXT NOT NULL, creator TEXT NOT NULL,
                creation_time INTEGER NOT NULL, participants TEXT NOT NULL, admins TEXT NOT NULL,
                invite TEXT UNIQUE, icon TEXT REFERENCES icons (path), hidden INTEGER NOT NULL
            );
            CREATE TABLE messages (
                n INTEGER PRIMARY KEY, time REAL NOT NULL, kind TEXT NOT NULL, chat TEXT NOT NULL,
                sender TEXT NOT NULL, text TEXT NOT NULL, template TEXT, correlation_id TEXT
            );
            CREATE INDEX messages_by_chat ON messages (chat, n);
            INSERT INTO groups VALUES (
                '5519911112222-1700000000', 'Velha guarda', '5519911112222', 1700000000,
                '["5519911112222", "5519900000001"]', '["5519911112222"]', 'abc', NULL, 0
            );
            INSERT INTO messages VALUES (
                1, 1.0, 'notice', '5519911112222-1700000000', '5519900000001', 'joined', NULL, NULL
            );
            PRAGMA application_id = 1196577624;
            PRAGMA user_version = 1;
            """
        )
    api = connect(database=str(database))
    (group,) = api.control.groups()
    assert (group["subject"], group["participants"]) == ("Velha guarda", ["5519911112222", ANA])
    assert (group["description"], group["kind"], group["waiting"]) == (None, "group", [])
    api.control.set_description(group["id"], "Desde 2023")
    api.control.permit(group["id"], send_messages="admins")
    before = api.control.groups()
    api.server.stop()
    assert connect(database=str(database)).control.groups() == before


def test_a_file_of_a_newer_sandbox_is_refused(make: Make, tmp_path: Path) -> None:
    database = tmp_path / "sandbox.db"
    make(database=str(database)).stop()
    with closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(ValueError, match="another version"):
        start(Options(database=str(database)))
