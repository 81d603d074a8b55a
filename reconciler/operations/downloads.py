"""Served icons of many groups, downloaded in parallel and handed over in order, few of them at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from reconciler.model.live import IconMeta

if TYPE_CHECKING:
    from reconciler.ports import Reader

Served = tuple[IconMeta, bytes]

_AHEAD = 4  # icons asked for before they are needed, times the calls at once
_KEPT = 64  # pictures that are remembered by their place


def icons_in_order(
    reader: Reader, group_ids: Iterable[str | None], concurrency: int
) -> Generator[Callable[[], Served | None], None, None]:
    """For every group, in order, a function that waits for its icon: None where it has none, or where None
    stands for the group. It raises what the reads raise. Whoever stops early lets nothing more be asked for.
    """
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="icons")
    downloads = _Downloads(reader)
    ahead = iter(group_ids)
    waiting: deque[Future[Served | None] | None] = deque()
    try:
        while True:
            for group_id in islice(ahead, _AHEAD * concurrency - len(waiting)):
                waiting.append(None if group_id is None else pool.submit(downloads.of, group_id))
            if not waiting:
                return
            future = waiting.popleft()
            yield future.result if future is not None else _nothing
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _nothing() -> None:
    return None


class _Downloads:
    """Pictures by their place, so that one that several groups show is downloaded once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[str, Future[bytes]] = {}
        self._lock = threading.Lock()

    def of(self, group_id: str) -> Served | None:
        meta = self._reader.get_icon(group_id)
        if meta is None:
            return None
        with self._lock:
            mine = meta.url not in self._known
            future = self._known.setdefault(meta.url, Future())
            if len(self._known) > _KEPT:
                del self._known[next(iter(self._known))]
        if mine:
            try:
                future.set_result(self._reader.fetch_icon(meta))
            except BaseException as error:
                future.set_exception(error)
                raise
        return meta, future.result()
