"""A checkout whose API is a scripted server that records everything, and words to look for in outputs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests import warm
from tests.backends.server import Peer, RawServer, Seen, Step, reply
from tests.support import ACCOUNT, CONTACTS, Repo, Result

USERNAME = "user-name-that-must-not-leak"
TOKEN = "token-that-must-not-leak-QWxhZGRpbg"
PLAN_KEY = "plan-key-that-must-not-leak"
CANARY = "canary-of-the-machine-that-must-not-be-quoted"
SECRETS = (USERNAME, TOKEN, PLAN_KEY, CANARY)
LINK = "https://chat.whatsapp.com/LinkThatMustNotLeak"

MEMORY = 2 << 30

TRACEBACK = re.compile(r"Traceback|This is a bug")
MARK = re.compile(r"^[^\s:]+:[0-9]+:[0-9]+: error: ", re.MULTILINE)


class Checkout(Repo):
    """A repository as a runner checks it out, with credentials for an API at any address."""

    def __init__(self, path: Path, base_url: str) -> None:
        self.path = path
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(path.parent),
            "RECONCILER_BASE_URL": base_url,
            "RECONCILER_USERNAME": USERNAME,
            "RECONCILER_TOKEN": TOKEN,
            "RECONCILER_PLAN_KEY": PLAN_KEY,
            "SOME_OTHER_SECRET": CANARY,
        }
        (path / ".git").mkdir(parents=True)
        self.configure()
        self.write("contacts.yaml", CONTACTS)
        self.group("suporte", "subject: Suporte\nadmins: [ana]\n")

    def configure(self, *lines: str) -> None:
        """Write `reconciler.yaml`: the account, one call at a time, and these lines."""
        start = (
            f'account: "+{ACCOUNT}"',
            "api: {concurrency: 1, write_concurrency: 1, retries: 0, timeout: 2, create_patience: 2}",
        )
        self.write("reconciler.yaml", "\n".join((*start, *lines, "")))

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Begin to run the command in `MEMORY` bytes; what needs more fails with a bug's exit code."""
        environment = self.environment | environment
        return warm.start(arguments, cwd=self.path, env=environment, memory=MEMORY)

    def quick(self, *arguments: str, within: float = 60, **environment: str) -> Result:
        """Run, and hold the run to a time in seconds; what hangs fails the test."""
        begun = time.monotonic()
        try:
            done = self.run(*arguments, timeout=within, **environment)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"{arguments} did not end within {within} s") from error
        assert time.monotonic() - begun < within
        return done


def everything(done: Result) -> str:
    return done.out + done.err


def assert_clean(done: Result) -> None:
    """No traceback, no secret, and nothing that acts in a terminal or a pipeline's log."""
    text = everything(done)
    assert not TRACEBACK.search(text), text
    assert done.code not in (70, -9, -11), text
    for secret in SECRETS:
        assert secret not in text
    assert "LinkThatMustNotLeak" not in text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), ascii(text)
    assert not re.search(r"^\s*::|##\[|##vso\[", text, re.MULTILINE), text


Router = Callable[[Seen], Step]


def routed(server: RawServer, router: Router) -> Step:
    """A step that looks at the request it answers; for clients that ask one thing at a time."""

    def step(peer: Peer) -> bool:
        return router(server.seen[-1])(peer)

    return step


def ok(data: object, headers: Mapping[str, str] | None = None) -> Step:
    return reply(200, json.dumps(data).encode(), headers)


GROUP = f"{ACCOUNT}-1513616971"


def live(**changes: object) -> dict[str, object]:
    """A group as the API describes it."""
    return {
        "id": GROUP,
        "subject": "Suporte",
        "creator": ACCOUNT,
        "creation_time": 1513616971,
        "admins": [ACCOUNT],
        "participants": [ACCOUNT],
        **changes,
    }


def groups_api(group: object = None, *, listed: object = None, others: Router | None = None) -> Router:
    """An API with one group; `others` answers whatever is neither the list nor the group."""

    def router(seen: Seen) -> Step:
        path = seen.path.removeprefix("/v1/whatsapp")
        if seen.method == "GET" and path == "/groups":
            return ok({"groups": [{"id": GROUP}]} if listed is None else listed)
        if seen.method == "GET" and path.count("/") == 2:
            return ok({"groups": [live() if group is None else group]})
        return others(seen) if others is not None else ok({})

    return router
