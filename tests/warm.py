"""Starts the command as a process of its own that need not import anything: a fork of a warm interpreter.

Most of what a short run costs is importing libraries. A test process keeps one interpreter that has imported
them and has done nothing else; each run is a fork of it, with its own pid, standard streams, folder and
environment, and ends as any interpreter does. The test process adopts it, so that it can be waited for,
signalled and killed like any child. What is about starting itself (`python -m`, the console script, locales,
lazy imports, arguments in /proc) is tested with real starts.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import json
import os
import random
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[1]
_SUBREAPER = 36  # prctl's PR_SET_CHILD_SUBREAPER, see prctl(2)
_AT_START = ("PYTHON", "LC_", "LANG")  # an interpreter reads these when it starts, and never again


class Forked(subprocess.Popen[str]):
    """A child whose program is a fork of the warm interpreter; all else is as in `subprocess.Popen`."""

    memory: int | None = None

    def _execute_child(self, args: Any, *rest: Any, **kwargs: Any) -> None:
        _, _, _, _, cwd, env, _, _, _, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, *_ = rest
        order = {"args": list(args), "cwd": os.fspath(cwd), "env": dict(env), "memory": self.memory}
        self.pid = _Warm.one().fork(order, (p2cread, c2pwrite, errwrite))
        self._child_created = True
        self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)  # type: ignore[attr-defined]


def start(
    arguments: Sequence[str], *, cwd: Path, env: dict[str, str], memory: int | None = None
) -> subprocess.Popen[str]:
    """Run `reconciler ARGUMENTS`, in at most `memory` bytes; its three streams are no terminal."""
    cold = any(name.startswith(_AT_START) for name in env)
    if sys.platform != "linux" or cold:
        program = [sys.executable, "-m", "reconciler"]
        if memory is not None:
            limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({memory},) * 2); "
            program = [sys.executable, "-c", f"import sys; {limit}import reconciler.__main__"]
        environment = {"PYTHONPATH": str(ROOT)} | env
        made: type[subprocess.Popen[str]] = subprocess.Popen
    else:
        program, environment = [], env
        made = type("Forked", (Forked,), {"memory": memory})
    return made(
        [*program, *arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class _Warm:
    """The warm interpreter of this test process."""

    _lock = threading.Lock()
    _only: _Warm | None = None

    @classmethod
    def one(cls) -> _Warm:
        with cls._lock:
            if cls._only is None:
                cls._only = cls()
            return cls._only

    def __init__(self) -> None:
        failed = ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0)
        if failed:
            raise OSError(ctypes.get_errno(), "prctl")
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm", str(theirs.fileno())],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._socket = mine
        self._talking = threading.Lock()
        atexit.register(self._end)

    def fork(self, order: dict[str, Any], streams: tuple[int, int, int]) -> int:
        with self._talking:
            socket.send_fds(self._socket, [json.dumps(order).encode()], streams)
            answer = self._socket.recv(64)
        if not answer:
            raise RuntimeError(f"the warm interpreter has ended: {self._process.wait()}")
        return int(answer)

    def _end(self) -> None:
        self._socket.close()
        self._process.wait()


def _serve(listening: socket.socket) -> list[str]:
    """Fork for every order; returns in the forks only, with the arguments of the command."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(listening, 1 << 20, 3)
        if not message:
            os._exit(0)
        ready, tell = os.pipe()
        if (between := os.fork()) == 0:
            if child := os.fork():
                os.write(tell, str(child).encode())
                os._exit(0)
            os.close(ready)
            os.close(tell)
            listening.close()
            return _become(json.loads(message), descriptors)
        os.close(tell)
        for descriptor in descriptors:
            os.close(descriptor)
        pid = os.read(ready, 64)
        os.close(ready)
        os.waitpid(between, 0)  # only now is the fork an orphan, which the test process adopts
        listening.send(pid)


def _become(order: dict[str, Any], streams: list[int]) -> list[str]:
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        old = getattr(sys, name)
        fresh = open(old.fileno(), mode, encoding=old.encoding, errors=old.errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, fresh)
    sys.stderr.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    random.seed()  # or every fork would draw the same
    if order["memory"] is not None:
        resource.setrlimit(resource.RLIMIT_AS, (order["memory"],) * 2)
    return list(order["args"])


def _end(code: int) -> NoReturn:
    """End as an interpreter does, but leave what was imported standing: it costs as much as importing it."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _import_everything() -> None:
    import importlib
    import pkgutil

    import reconciler

    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    with contextlib.suppress(ImportError):
        import encodings.idna  # noqa: F401  # what the first connection imports


if __name__ == "__main__":
    from reconciler.cli import main

    _import_everything()
    gc.freeze()  # what is here stays here: no fork has to look through it
    sys.argv[1:] = _serve(socket.socket(fileno=int(sys.argv[1])))
    _end(main())
