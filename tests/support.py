"""A user's repository in a test: files to write, the command to run, the API's own record to compare with."""

from __future__ import annotations

import io
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from reconciler.sandbox import Server
from tests import warm

ACCOUNT = "5519911112222"
ANA, BRUNO, CARLOS, DORA, ELISA = (f"551990000000{n}" for n in range(1, 6))
STRANGER = "5519900000077"
TOKEN = "test-token-that-must-not-leak"

CONTACTS = f"""\
people:
  ana: {{name: Ana Souza, numbers: ["+{ANA}"]}}
  bruno: "+{BRUNO}"
  carlos: {{numbers: ["+{CARLOS}"]}}
  dora: "+{DORA}"
  elisa: "+{ELISA}"
teams:
  cs: [ana, bruno]
"""


@dataclass(frozen=True)
class Result:
    """How a run of the command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def group(self, name: str) -> dict[str, Any]:
        """The entry of one group in a JSON output."""
        found: dict[str, Any] = next(group for group in self.json["groups"] if group["name"] == name)
        return found


class Repo:
    """A repository in a folder of its own, whose commands run as processes against one sandbox."""

    def __init__(self, path: Path, server: Server) -> None:
        self.path = path
        self.server = server
        self.api = server.control()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "RECONCILER_BASE_URL": server.base_url,
            "RECONCILER_USERNAME": "tester",
            "RECONCILER_TOKEN": TOKEN,
        }
        (path / ".git").mkdir(parents=True)
        self.write("reconciler.yaml", f'account: "+{ACCOUNT}"\n')
        self.write("contacts.yaml", CONTACTS)

    def settle_soon(self) -> None:
        """Send nothing twice in a run, and look for what an unclear create may have made as long as the
        sandbox needs, which never lags."""
        self.write("reconciler.yaml", f'account: "+{ACCOUNT}"\napi: {{create_patience: 2, retries: 0}}\n')

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file of the repository."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def group(self, name: str, text: str) -> Path:
        """Write the manifest of one group."""
        return self.write(f"groups/{name}.yaml", text)

    @property
    def state(self) -> Path:
        return self.path / ".reconciler/state.json"

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Begin to run the command."""
        return warm.start(arguments, cwd=self.path, env=self.environment | environment)

    def run(self, *arguments: str, timeout: float = 120, **environment: str) -> Result:
        """Run the command to its end."""
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=timeout)
        return Result(process.returncode, out, err)

    def plan(self, *arguments: str, **environment: str) -> Result:
        """`plan --format json`."""
        return self.run("plan", "--format", "json", *arguments, **environment)

    def apply(self, *arguments: str, **environment: str) -> Result:
        """`apply --yes --format json`."""
        return self.run("apply", "--yes", "--format", "json", *arguments, **environment)

    def live(self, subject: str) -> dict[str, Any]:
        """The one group of this subject, as the sandbox knows it."""
        (found,) = [group for group in self.api.groups() if group["subject"] == subject]
        return found

    def writes(self) -> list[tuple[str, str]]:
        """Method and path of every call so far that writes."""
        return [(call["method"], call["path"]) for call in self.api.writes()]


def as_gateway(repo: Repo) -> Repo:
    """Make the repository's service WAHA, whose session tells the account."""
    repo.write("reconciler.yaml", "backend: waha\n")
    repo.environment["RECONCILER_USERNAME"] = "default"
    return repo


def picture(colour: str = "teal", size: int = 640, kind: str = "PNG") -> bytes:
    """A drawn picture: a disc and a bar on a ground of the colour."""
    image = Image.new("RGB", (size, size), colour)
    draw = ImageDraw.Draw(image)
    draw.ellipse([size // 4, size // 4, 3 * size // 4, 3 * size // 4], fill="white")
    draw.rectangle([size // 3, size // 2 - 20, 2 * size // 3, size // 2 + 20], fill=colour)
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()
