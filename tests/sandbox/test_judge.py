"""The gateways' dialects are judged by clients that nobody here wrote: they make every call, and their models
validate the answers. Each has an environment of its own, made once and kept in pytest's cache."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import ACCOUNT, ANA, BRUNO, CARLA, Connect, picture
from .test_waha import serving

CLIENTS = {
    "waha_py": "waha-py==2026.9.2",
    "pyevolution": "pyevolutionapi==0.1.1",
    "evolution_mcp": "evolution-api-mcp==1.0.0",
}
"""By the script in `judges` that drives it."""
Judge = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def judge(pytestconfig: pytest.Config) -> Judge:
    """Runs a script in the environment that has its client, with arguments; returns what it has seen."""

    def _judge(script: str, *arguments: str) -> dict[str, Any]:
        command = [_python(pytestconfig, CLIENTS[script]), _JUDGES / f"{script}.py", *arguments]
        run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert run.returncode == 0, run.stderr
        seen: dict[str, Any] = json.loads(run.stdout)
        return seen

    return _judge


_JUDGES = Path(__file__).parent / "judges"


def _python(pytestconfig: pytest.Config, client: str) -> Path:
    folder = pytestconfig.cache.mkdir(client.replace("==", "-"))  # type: ignore[union-attr]
    python, done = folder / "bin" / "python", folder / "made"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes may run the tests
        if not done.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
            install = [python, "-m", "pip", "install", "--quiet", client]
            made = subprocess.run(install, capture_output=True, text=True, check=False)
            if made.returncode:
                if os.environ.get("REQUIRE_TOOLS"):
                    pytest.fail(f"{client} cannot be installed: {made.stderr}")
                pytest.skip(f"{client} cannot be installed here")
            done.touch()
    return python


@pytest.mark.parametrize("engine", ["NOWEB", "GOWS"])
def test_waha_py_makes_every_call(judge: Judge, connect: Connect, engine: str) -> None:
    waha = connect("waha", engine=engine)
    control = waha.control
    (waiting,) = control.seed("Espera", permissions={"approve_members": True})
    control.join(waiting["id"], ANA, BRUNO)
    (elsewhere,) = control.seed("Fora", creator=CARLA, account="absent")
    control.person(CARLA, refusal=403)
    known = {"ana": ANA, "bruno": BRUNO, "carla": CARLA, "waiting": f"{waiting['id']}@g.us"}
    known |= {"code": control.invite(elsewhere["id"]), "picture": base64.b64encode(picture()).decode()}
    seen = judge("waha_py", waha.server.base_url, engine, json.dumps(known))
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


def test_pyevolution_makes_its_calls_with_the_group_in_the_query(judge: Judge, connect: Connect) -> None:
    evolution = connect("evolution")
    control = evolution.control
    (other,) = control.seed("Fora", creator=BRUNO)
    control.hide(other["id"])
    control.person(CARLA, refusal=404)
    known = {"ana": ANA, "bruno": BRUNO, "carla": CARLA, "other": f"{other['id']}@g.us"}
    known["picture"] = base64.b64encode(picture()).decode()
    seen = judge("pyevolution", evolution.server.base_url, json.dumps(known))
    truth = control.group(seen["group"].removesuffix("@g.us"))
    both = [f"{number}@s.whatsapp.net" for number in (ACCOUNT, ANA)]
    assert seen == {
        "integration": "WHATSAPP-BAILEYS",
        "state": "open",
        "exists": [True, False],
        "people": both,
        "group": f"{truth['id']}@g.us",
        "admins": ["superadmin", None],
        "without people": ["Juízo", 2, None],
        "done": [{"update": "success"}] * 3,
        "picture": True,
        "code": truth["link"].rpartition("/")[2],
        "other code": True,
        **{action: ["200", "404"] for action in ("add", "promote", "demote", "remove")},
        "members": both,
        "left": {"groupJid": known["other"], "leave": True},
        "gone": "Error: item-not-found",
    }
    assert (truth["subject"], truth["description"]) == ("Juízo final", "Fatos")
    assert truth["icon"] is not None


def test_evolution_mcp_makes_its_calls_with_the_group_in_the_body(judge: Judge, connect: Connect) -> None:
    evolution = connect("evolution")
    control = evolution.control
    (other,) = control.seed("Fora", creator=BRUNO)
    control.hide(other["id"])
    control.person(CARLA, refusal=404)
    known = {"ana": ANA, "bruno": BRUNO, "carla": CARLA, "other": f"{other['id']}@g.us"}
    with serving(picture()) as url:
        seen = judge("evolution_mcp", evolution.server.base_url, json.dumps(known | {"picture": url}))
    truth = control.group(seen["group"].removesuffix("@g.us"))
    assert "404" in seen.pop("gone")
    assert seen == {
        "exists": [True, False],
        "made": ["Juízo", 2],
        "listed": True,
        "settings": {
            "group_id": seen["group"],
            "only_admins_send": True,
            "only_admins_edit_info": True,
        },
        "added": [409, 200, 404],
        "promote": ["done"],
        "demote": ["done"],
        "removed": ["done"],
        "info": {
            "subject": "Juízo final",
            "description": "Fatos",
            "owner": ACCOUNT,
            "size": 2,
            "announce_only": True,
            "locked": True,
            "is_community": False,
        },
        "picture": True,
        "phones": [ACCOUNT, ANA],
        "code": truth["link"].rpartition("/")[2],
        "other code": True,
        "invited": True,
        "sent": True,
        "left": True,
        "group": f"{truth['id']}@g.us",
    }
    assert truth["participants"] == [ACCOUNT, ANA]
    assert [message["text"] for message in control.messages()] == [f"Venha\n\n{truth['link']}", "olá"]
