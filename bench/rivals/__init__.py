"""Who else does the work: `curl --parallel` as the practical limit, and what people write or have instead."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.measure import Contender
from bench.world import World

_HERE = Path(__file__).resolve().parent
_PLAYBOOK = "ansible-playbook"
_ANSIBLE = _HERE / "with_ansible"
_ANSIBLE_SETTINGS = {"ANSIBLE_CONFIG": str(_ANSIBLE / "ansible.cfg")}
_ABSENT = "skipped: not installed"


def curl(world: World, width: int) -> Contender:
    """The same calls, and nothing done with the answers."""
    api = f"{world.base}/v1/whatsapp/groups"
    urls = [api, *(url for group_id in world.ids for url in (f"{api}/{group_id}", f"{api}/{group_id}/icon"))]
    config = world.path / "curl.config"
    config.write_text("".join(f'url = "{url}"\noutput = "/dev/null"\n' for url in urls), encoding="utf-8")
    command = ["curl", "--silent", "--fail", "--parallel", "--parallel-max", str(width)]
    command += ["--header", "userName: bench", "--header", "authenticationToken: bench-token"]
    return Contender("curl --parallel", (*command, "--config", str(config)), world.path, world.environment)


def script(world: World, width: int) -> Contender:
    """A script with requests, as a user would write it."""
    command = (sys.executable, str(_HERE / "with_requests.py"), str(width))
    return Contender("a script with requests", command, world.path, world.environment)


def connections(world: World, width: int) -> Contender:
    """urllib3 in threads, and nothing done with the answers: the limit of what Python can do."""
    command = (sys.executable, str(_HERE / "with_urllib3.py"), str(width))
    return Contender("urllib3 in threads", command, world.path, world.environment)


def bash(world: World, width: int) -> Contender:
    """A bash script with curl and jq."""
    command = ("bash", str(_HERE / "with_curl_and_jq.sh"), str(width))
    return Contender("bash, curl and jq", command, world.path, world.environment)


def has_ansible() -> bool:
    """Whether Ansible is installed."""
    return shutil.which(_PLAYBOOK) is not None


def ansible_version(world: World) -> str:
    """What Ansible calls itself."""
    found = subprocess.run(
        (_PLAYBOOK, "--version"),
        cwd=world.path,
        env=os.environ | _ANSIBLE_SETTINGS,
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.partition("\n")[0]


def ansible_with_uri(world: World, width: int) -> Contender:
    """A playbook with Ansible's module for APIs, `ansible.builtin.uri`."""
    return _ansible("Ansible, module `uri`", "uri", world, width)


def ansible_with_lookup(world: World, width: int) -> Contender:
    """The same playbook with the lookup `ansible.builtin.url`, for which no module is started."""
    return _ansible("Ansible, lookup `url`", "lookup", world, width)


def _ansible(name: str, reader: str, world: World, width: int) -> Contender:
    given = json.dumps({"repository": str(world.path), "reader": reader})
    command = (_PLAYBOOK, "--forks", str(width), "--extra-vars", given, str(_ANSIBLE / "compare.yml"))
    return Contender(name, command, world.path, world.environment | _ANSIBLE_SETTINGS)


def absent() -> list[str]:
    """A word on each tool that people would think of and that does not run here."""
    terraform = _ABSENT
    if shutil.which("terraform"):
        terraform = "skipped: it calls an API through a provider, and none for any REST API comes with it"
    words = [
        f"Terraform: {terraform}.",
        "octoDNS: skipped: it has only providers for DNS, so that there is nothing to run.",
    ]
    if not has_ansible():
        words.append(f"Ansible: {_ABSENT}.")
    return words + [f"{tool}: {_ABSENT}." for tool in ("curl", "jq") if not shutil.which(tool)]
