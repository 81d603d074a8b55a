"""Three accounts, each with a sandbox, manifests, credentials and a state of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox import Server
from reconciler.sandbox.control import Control
from tests.support import Repo

NUMBERS = {"sales": "5519911112222", "support": "5519922223333", "field-ops": "5519933334444"}
NAMES = tuple(NUMBERS)
CONFIG = "accounts:\n" + "".join(f'  {name}: {{account: "+{digits}"}}\n' for name, digits in NUMBERS.items())


def token(name: str) -> str:
    return f"token-of-{name}"


def variable(name: str, what: str) -> str:
    return f"RECONCILER_{name.upper().replace('-', '_')}_{what}"


class Three(Repo):
    """A repository with three accounts, whose groups have the same names."""

    def __init__(self, path: Path, servers: dict[str, Server]) -> None:
        super().__init__(path, servers["sales"])
        self.apis: dict[str, Control] = {name: server.control() for name, server in servers.items()}
        for name in ("BASE_URL", "USERNAME", "TOKEN"):
            del self.environment[f"RECONCILER_{name}"]
        for name, server in servers.items():
            self.environment |= {
                variable(name, "BASE_URL"): server.base_url,
                variable(name, "USERNAME"): f"user-of-{name}",
                variable(name, "TOKEN"): token(name),
            }
        self.write("reconciler.yaml", CONFIG)
        for name in servers:
            self.want(name, "team", f"subject: Team {name}\n")

    def want(self, account: str, name: str, text: str) -> None:
        """Write a manifest of an account."""
        self.write(f"groups/{account}/{name}.yaml", text)

    def subjects(self, account: str) -> list[str]:
        """What the account's sandbox holds."""
        return [group["subject"] for group in self.apis[account].groups()]

    def calls(self, account: str) -> list[dict[str, Any]]:
        return self.apis[account].calls()


@pytest.fixture
def three(tmp_path: Path, serve: Callable[..., Server]) -> Three:
    """Three accounts, with nothing applied yet. Each API takes its own account's token alone."""
    servers = {
        name: serve(account=digits, username=f"user-of-{name}", token=token(name))
        for name, digits in NUMBERS.items()
    }
    return Three(tmp_path / "repo", servers)
