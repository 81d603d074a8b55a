"""Runs a sandbox in its own thread: two listening sockets, and an end that leaves nothing behind."""

from __future__ import annotations

import contextlib
import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from reconciler.language import msg, of_system

from .options import Options

if TYPE_CHECKING:
    from .control import Control
    from .loop import Running

_START = 30.0  # seconds; only a machine that stands still takes longer


class Server:
    """A sandbox that is running. Use it as a context manager, or call `stop`."""

    def __init__(self, running: Running, thread: threading.Thread) -> None:
        self._running = running
        self._thread = thread
        self.base_url = running.ports.base_url()
        """Of the API and the pages, such as ``http://127.0.0.1:8600``."""
        self.cdn_url = running.ports.cdn_url()
        """Of the icons' own server."""

    @property
    def options(self) -> Options:
        """The options in force; the control API may have changed some since the start."""
        return self._running.settings.options

    def control(self) -> Control:
        """A client of the control API."""
        from .control import Control

        return Control(self.base_url)

    def stop(self) -> None:
        """Answer what is under way, break what hangs, and close everything. May be called again."""
        if self._thread.is_alive():
            self._running.stop()
            self._thread.join()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def start(options: Options) -> Server:
    """Start a sandbox; returns when both ports listen.

    Raises OSError if the port or the database is in use or cannot be opened, ValueError if the database is
    not a sandbox's, and ImportError if the extra ``sandbox`` is not installed.
    """
    from .loop import Running

    with contextlib.ExitStack() as on_failure:
        sockets = [on_failure.enter_context(_listen(port)) for port in (options.port, 0)]
        running = Running(options, sockets)
        thread = threading.Thread(target=running.run, name="sandbox", daemon=True)
        thread.start()
        if not running.ready.wait(_START) or not thread.is_alive():
            raise OSError(errno.EIO, msg("the sandbox did not start"))
        on_failure.pop_all()
    return Server(running, thread)


def serve_forever(options: Options, ready: Callable[[Server], None]) -> None:
    """Run until SIGINT or SIGTERM; `ready` is called once it listens. Main thread only. Raises as `start`."""
    with until_stopped() as wait, start(options) as server:
        ready(server)
        wait()


@contextlib.contextmanager
def until_stopped() -> Iterator[Callable[[], object]]:
    """Yield what waits for SIGINT or SIGTERM; meanwhile neither ends anything. Main thread only."""
    ended = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield ended.wait
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(port: int) -> socket.socket:
    # The protocol is named because asyncio switches Nagle's delay (40 ms an answer) off only where it is.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # A sandbox that has just ended leaves connections in TIME_WAIT; they must not hold its port.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(512)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise OSError(
            error.errno,
            msg("cannot listen on 127.0.0.1:{port}: {why}", port=port, why=of_system(error)),
        ) from error
    return listening
