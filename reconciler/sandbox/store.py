"""The lasting truth in one SQLite file; the groups' recent past is kept in memory, for lag."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from reconciler.language import msg

from .group import Group, Icon, Message, Permissions, Person, Waiting
from .options import LAG_WINDOW

_APPLICATION_ID = 0x47525358  # "GRSX": tells our file from any other SQLite file
_FORMATS = (
    """
CREATE TABLE icons (path TEXT PRIMARY KEY, mime TEXT NOT NULL, sha256 TEXT NOT NULL, data BLOB NOT NULL);
CREATE TABLE groups (
    id TEXT PRIMARY KEY, subject TEXT NOT NULL, creator TEXT NOT NULL, creation_time INTEGER NOT NULL,
    participants TEXT NOT NULL, admins TEXT NOT NULL, invite TEXT UNIQUE, icon TEXT REFERENCES icons (path),
    hidden INTEGER NOT NULL
);
CREATE TABLE messages (
    n INTEGER PRIMARY KEY, time REAL NOT NULL, kind TEXT NOT NULL, chat TEXT NOT NULL, sender TEXT NOT NULL,
    text TEXT NOT NULL, template TEXT, correlation_id TEXT
);
CREATE INDEX messages_by_chat ON messages (chat, n);
""",
    """
ALTER TABLE groups ADD COLUMN description TEXT;
ALTER TABLE groups ADD COLUMN permissions TEXT NOT NULL DEFAULT '{}';
ALTER TABLE groups ADD COLUMN kind TEXT NOT NULL DEFAULT 'group';
ALTER TABLE groups ADD COLUMN parent TEXT;
ALTER TABLE groups ADD COLUMN waiting TEXT NOT NULL DEFAULT '[]';
ALTER TABLE groups ADD COLUMN leavers TEXT NOT NULL DEFAULT '[]';
CREATE TABLE people (number TEXT PRIMARY KEY, refusal INTEGER, registered TEXT, hidden INTEGER NOT NULL);
""",
)
"""What makes each format of the file out of the one before; a file's `user_version` counts them."""

_COLUMNS = (
    "id, subject, creator, creation_time, participants, admins, invite, icon, hidden, "
    "description, permissions, kind, parent, waiting, leavers"
)
_FIXED = ("id", "creator", "creation_time")
_CHANGES = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", ") if name not in _FIXED)
_VALUES = ", ".join("?" for _ in _COLUMNS.split(", "))
_SAVE = f"INSERT INTO groups ({_COLUMNS}) VALUES ({_VALUES}) ON CONFLICT (id) DO UPDATE SET {_CHANGES}"  # noqa: S608 (constants)


class Store:
    """Groups as they are and as they were a moment ago. Used by one thread at a time.

    Every change is committed before the method returns, so a process that is killed loses nothing it has
    answered. The file is locked: a second sandbox on it is refused. Raises OSError if the file cannot be
    opened or is in use, ValueError if it is not a sandbox's.
    """

    def __init__(self, database: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.dry = False
        """Whether changes are forgotten at present (`dry_run`)."""
        self.revision = 0
        """Raised by every change: tells whether a call had an effect."""
        self._db = _open(database)
        self._groups: dict[str, Group] = {group.id: group for group in self._load()}
        rows = self._db.execute("SELECT number, refusal, registered, hidden FROM people")
        self._people = {row[0]: Person(row[0], row[1], row[2], bool(row[3])) for row in rows}
        self._past: dict[str, list[tuple[float, Group]]] = {}
        self._by_invite = {group.invite: group.id for group in self._groups.values() if group.invite}

    def close(self) -> None:
        """Close the file; the store is of no use afterwards."""
        self._db.close()

    @contextmanager
    def dry_run(self) -> Iterator[None]:
        """Inside, every change is accepted and forgotten: for answers that only look like success."""
        self.dry = True
        try:
            yield
        finally:
            self.dry = False

    def groups(self) -> list[Group]:
        """Every group as it is now, in order of creation in this file."""
        return list(self._groups.values())

    def get(self, group_id: str) -> Group | None:
        """The group as it is now."""
        return self._groups.get(group_id)

    def find_invite(self, code: str) -> Group | None:
        """The group whose present invite link has this code."""
        group_id = self._by_invite.get(code)
        return None if group_id is None else self._groups[group_id]

    def people(self) -> dict[str, Person]:
        """Everybody of whom something special is known, by number."""
        return dict(self._people)

    def person(self, number: str) -> Person:
        """What is special about a number; mostly nothing."""
        return self._people.get(number) or Person(number)

    def save_person(self, person: Person) -> None:
        """Commit what is special about a number."""
        values = (person.number, person.refusal, person.registered, person.hidden)
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO people VALUES (?, ?, ?, ?)", values)
        self._people[person.number] = person

    def seen(self, group_id: str, lag: float) -> Group | None:
        """The group as it was `lag` seconds ago; None if there was none."""
        current = self._groups.get(group_id)
        past = self._past.get(group_id)
        if current is None or past is None or lag <= 0:
            return current
        moment = self._clock() - lag
        seen = None
        for since, group in past:
            if since > moment:
                break
            seen = group
        return seen

    def seen_groups(self, lag: float) -> list[Group]:
        """Every group as it was `lag` seconds ago."""
        if lag <= 0:
            return self.groups()
        return [group for group_id in self._groups if (group := self.seen(group_id, lag)) is not None]

    def save(
        self,
        *groups: Group,
        icon: tuple[Icon, bytes] | None = None,
        messages: tuple[Message, ...] = (),
        settled: bool = False,
    ) -> None:
        """Commit groups (new or changed), a picture and messages together. Messages get their number here.

        `settled` groups count as having been like this for long: no read lags behind.
        """
        if self.dry:
            return
        with self._db:
            if icon is not None:
                kept, data = icon
                self._db.execute(
                    "INSERT INTO icons VALUES (?, ?, ?, ?)", (kept.path, kept.mime, kept.sha256, data)
                )
            self._db.executemany(_SAVE, [_row(group) for group in groups])
            self._db.executemany(
                "INSERT INTO messages (time, kind, chat, sender, text, template, correlation_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(m.time, m.kind, m.chat, m.sender, m.text, m.template, m.correlation_id) for m in messages],
            )
        self.revision += 1
        now = self._clock()
        for group in groups:
            before = self._groups.get(group.id)
            if before is not None and before.invite is not None and before.invite != group.invite:
                del self._by_invite[before.invite]
            if group.invite is not None:
                self._by_invite[group.invite] = group.id
            if settled:
                self._past.pop(group.id, None)
            else:
                self._remember(before, group, now)
            self._groups[group.id] = group

    def icon_bytes(self, path: str) -> tuple[str, bytes] | None:
        """Media type and bytes of a stored picture. Replaced pictures stay until the file is opened again."""
        row = self._db.execute("SELECT mime, data FROM icons WHERE path = ?", (path,)).fetchone()
        return None if row is None else (row[0], row[1])

    def messages(self, chat: str | None = None) -> list[Message]:
        """Messages and notices, oldest first: of one conversation, or all."""
        where, values = ("", ()) if chat is None else (" WHERE chat = ?", (chat,))
        columns = "n, time, kind, chat, sender, text, template, correlation_id"
        rows = self._db.execute(f"SELECT {columns} FROM messages{where} ORDER BY n", values)  # noqa: S608 (constants)
        return [Message(*row) for row in rows]

    def _remember(self, before: Group | None, group: Group, now: float) -> None:
        past = self._past.setdefault(group.id, [] if before is None else [(float("-inf"), before)])
        past.append((now, group))
        while len(past) > 1 and past[1][0] < now - LAG_WINDOW:
            del past[0]

    def _load(self) -> list[Group]:
        with self._db:
            self._db.execute(
                "DELETE FROM icons WHERE path NOT IN (SELECT icon FROM groups WHERE icon IS NOT NULL)"
            )
        rows = self._db.execute("SELECT path, mime, sha256, length(data) FROM icons")
        icons = {row[0]: Icon(*row) for row in rows}
        return [
            Group(
                id=row[0],
                subject=row[1],
                creator=row[2],
                creation_time=row[3],
                participants=tuple(json.loads(row[4])),
                admins=tuple(json.loads(row[5])),
                invite=row[6],
                icon=None if row[7] is None else icons[row[7]],
                hidden=bool(row[8]),
                description=row[9],
                permissions=Permissions(**json.loads(row[10])),
                kind=row[11],
                parent=row[12],
                waiting=tuple(Waiting(**entry) for entry in json.loads(row[13])),
                leavers=tuple(json.loads(row[14])),
            )
            for row in self._db.execute(f"SELECT {_COLUMNS} FROM groups ORDER BY rowid")  # noqa: S608 (constants)
        ]


def _row(group: Group) -> tuple[object, ...]:
    return (
        group.id,
        group.subject,
        group.creator,
        group.creation_time,
        json.dumps(group.participants),
        json.dumps(group.admins),
        group.invite,
        None if group.icon is None else group.icon.path,
        group.hidden,
        group.description,
        json.dumps(asdict(group.permissions)),
        group.kind,
        group.parent,
        json.dumps([asdict(entry) for entry in group.waiting]),
        json.dumps(group.leavers),
    )


def _open(database: str) -> sqlite3.Connection:
    if database != ":memory:":
        path = Path(database)
        if not path.parent.is_dir():
            raise FileNotFoundError(
                errno.ENOENT,
                msg("{folder} is not a folder: make it first, or name another database", folder=path.parent),
            )
        # Made by us, so that it is never readable by others, not even for a moment; SQLite gives its own
        # files the same mode.
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    # The thread that opens the store hands it to the server's thread and does not touch it again.
    try:
        db = sqlite3.connect(database, timeout=0.5, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise OSError(
            errno.EIO, msg("{database} cannot be opened: {why}", database=database, why=error)
        ) from error
    try:
        _prepare(db, database)
    except sqlite3.OperationalError as error:
        db.close()
        raise OSError(
            errno.EBUSY,
            msg(
                "{database} is in use by another sandbox, or cannot be written: {why}",
                database=database,
                why=error,
            ),
        ) from error
    except sqlite3.DatabaseError as error:
        db.close()
        raise ValueError(
            msg("{database} is not a sandbox's database: name another file", database=database)
        ) from error
    except ValueError:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, database: str) -> None:
    # Exclusive, because the groups are kept in memory too: a second writer would not be seen.
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("PRAGMA journal_mode = WAL")
    # Survives the death of the process, which is what is promised; only a power cut could lose the last
    # moments.
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("BEGIN IMMEDIATE")
    tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application = db.execute("PRAGMA application_id").fetchone()[0]
    version = db.execute("PRAGMA user_version").fetchone()[0]
    db.execute("COMMIT")
    if tables > 0 and application != _APPLICATION_ID:
        raise ValueError(msg("{database} is not a sandbox's database: name another file", database=database))
    if version > len(_FORMATS):
        raise ValueError(
            msg(
                "{database} was written by another version of the sandbox: name another file",
                database=database,
            )
        )
    if version < len(_FORMATS):
        marks = f"PRAGMA application_id = {_APPLICATION_ID}; PRAGMA user_version = {len(_FORMATS)};"
        db.executescript(f"BEGIN; {''.join(_FORMATS[version:])} {marks} COMMIT;")
