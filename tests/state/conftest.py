from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from reconciler.model.record import (
    Applied,
    Decision,
    IconRecord,
    Intent,
    Left,
    Record,
    Revoking,
    Sent,
    State,
    StoredSubject,
)
from reconciler.state.file import FileStore

ROOT = Path(__file__).resolve().parents[2]
BASE_URL = "http://127.0.0.1:8080"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class FakeClock:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.stopping = False

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".reconciler" / "state.json"


@pytest.fixture
def store(path: Path) -> FileStore:
    return FileStore(path, BASE_URL, ".reconciler/state.json")


@pytest.fixture
def full() -> State:
    """A state in which every field of the model has a value."""
    return State(
        base_url=BASE_URL,
        backend="waha",
        account="5519911112222",
        serial=41,
        commit="c0ffee",
        groups={
            "suporte": Record(
                id="120363000000000001",
                applied=Applied(
                    subject="Região ☕",
                    icon="a" * 64,
                    admins=("ana", "5519900000001"),
                    members=("bruno",),
                    description="",
                    permissions={"send_messages": "admins", "approve_members": True},
                ),
                icon=IconRecord(
                    source="a" * 64, served="b" * 64, url="https://cdn.example/i.jpeg", length=2500
                ),
                link_version=2,
                joined=("ana",),
                missing={"bruno": NOON - timedelta(days=3)},
                sent={
                    "bruno": Sent(NOON, 2, "delivered", (NOON - timedelta(hours=3),), "inv-0a", "d" * 32),
                    "5519900000021": Sent(NOON),
                },
                revoking=Revoking(3, "e" * 32, NOON, closing=True),
                stored=StoredSubject("Região  ☕", "Região ☕"),
                decisions={"bruno": Decision("left"), "5519900000021": Decision("invite", "0a1b")},
                added={"ana": NOON},
                lids={"1234@lid": "ana"},
            ),
            "bare": Record(id="5519911112222-1513616971"),
            "no-icon": Record(
                id="g1",
                applied=Applied(icon="", admins=()),
                icon=IconRecord("", "", "", None),
                link_version=0,
            ),
        },
        creating={"novo": Intent("Novo", ("g1", "g2"), NOON + timedelta(microseconds=5))},
        created=(NOON - timedelta(hours=2), NOON),
        left={"velho": Left("g7", NOON, "closed")},
    )


@pytest.fixture(scope="session")
def validate() -> Callable[[bytes], None]:
    """Checks a document against the published schema."""
    schema = json.loads((ROOT / "schemas" / "state.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    return lambda data: validator.validate(json.loads(data))


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a Python program over this checkout; none of them outlives the test."""
    running: list[subprocess.Popen[str]] = []

    def start(program: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        with process:  # closes the pipes, and waits
            process.kill()
