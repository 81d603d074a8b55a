"""Who else does the work: `curl --parallel` as the practical limit, and what people write or have instead."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from bench.measure import Contender
from bench.world import World

_HERE = Path(__file__).resolve().parent
_NO_PROVIDER = "skipped: it is here, but has no provider for this API"


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


def bash(world: World, width: int) -> Contender:
    """A bash script with curl and jq."""
    command = ("bash", str(_HERE / "with_curl_and_jq.sh"), str(width))
    return Contender("bash, curl and jq", command, world.path, world.environment)


def absent() -> list[str]:
    """A word on each tool that people would think of and that does not run here."""
    words = []
    for tool, program in (("Terraform", "terraform"), ("octoDNS", "octodns-sync"), ("Ansible", "ansible")):
        words.append(f"{tool}: {_NO_PROVIDER if shutil.which(program) else 'skipped: not installed'}.")
    return words + [f"{tool}: skipped: not installed." for tool in ("curl", "jq") if not shutil.which(tool)]
