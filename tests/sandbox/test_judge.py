"""WAHA's dialect is judged by `waha-py`, a client nobody here wrote: it makes every call, and its models
validate the answers. It has an environment of its own, made once and kept in pytest's cache."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ACCOUNT, ANA, BRUNO, CARLA, Connect, picture

CLIENT = "waha-py==2026.9.2"
SCRIPT = Path(__file__).parent / "judges" / "waha_py.py"


@pytest.fixture(scope="session")
def judge(pytestconfig: pytest.Config) -> Path:
    """The Python of an environment that has the client."""
    folder = pytestconfig.cache.mkdir(CLIENT.replace("==", "-"))  # type: ignore[union-attr]
    python, done = folder / "bin" / "python", folder / "made"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes may run the tests
        if not done.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
            install = [python, "-m", "pip", "install", "--quiet", CLIENT]
            made = subprocess.run(install, capture_output=True, text=True, check=False)
            if made.returncode:
                if os.environ.get("REQUIRE_TOOLS"):
                    pytest.fail(f"{CLIENT} cannot be installed: {made.stderr}")
                pytest.skip(f"{CLIENT} cannot be installed here")
            done.touch()
    return python


@pytest.mark.parametrize("engine", ["NOWEB", "GOWS"])
def test_a_foreign_client_makes_every_call(judge: Path, connect: Connect, engine: str) -> None:
    waha = connect("waha", engine=engine)
    control = waha.control
    (waiting,) = control.seed("Espera", permissions={"approve_members": True})
    control.join(waiting["id"], ANA, BRUNO)
    (elsewhere,) = control.seed("Fora", creator=CARLA, account="absent")
    control.person(CARLA, refusal=403)
    known = {"ana": ANA, "bruno": BRUNO, "carla": CARLA, "waiting": f"{waiting['id']}@g.us"}
    known |= {"code": control.invite(elsewhere["id"]), "picture": base64.b64encode(picture()).decode()}
    command = [judge, SCRIPT, waha.server.base_url, engine, json.dumps(known)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout)
    group = seen.pop("group")
    assert seen == {
        "listed": sorted([group, known["waiting"]]),
        "count": 2,
        "same": True,
        "set_info_admin_only": True,
        "set_messages_admin_only": True,
        "set_member_add_mode": True,
        "set_membership_approval_mode": True,
        "no picture": {"url": None},
        "code": control.group(group.removesuffix("@g.us"))["link"].rpartition("/")[2],
        "other code": True,
        "added": ["200", "403"],
        "promoted": ["200", "404"],
        "demoted": ["200", "404"],
        "people": [f"{ACCOUNT}@c.us", f"{ANA}@c.us", f"{BRUNO}@c.us"],
        "removed": ["200", "404"],
        "decided": [True, True, False],
        "exists": f"{ANA}@c.us",
        "pn": f"{ANA}@c.us",
        "joined": f"{elsewhere['id']}@g.us",
        "events": [
            "group.v2.join",
            "group.v2.leave",
            "group.v2.participants",
            "group.v2.participants.join-request",
            "group.v2.update",
        ],
    }
    truth = control.group(group.removesuffix("@g.us"))
    assert (truth["subject"], truth["description"]) == ("Juízo final", "Só fatos")
    assert truth["participants"] == [ACCOUNT, ANA]
    assert [message["text"] for message in truth["messages"]] == ["olá"]
