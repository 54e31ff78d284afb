"""Threads: numpy lets go of the interpreter inside its functions, so they use every core."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

S = TypeVar("S")


def default_workers() -> int:
    """The number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Threads:
    """A scheduler: so many threads; None: one per core.

    At most two results per thread wait at a time, so that a slow consumer (a disk) bounds the
    memory.
    """

    workers: int | None = None

    def map(self, task: Callable[[range], S], spans: Sequence[range]) -> Iterator[S]:
        workers = self.workers or default_workers()
        if min(workers, len(spans)) <= 1:
            yield from map(task, spans)
            return
        pending: deque[Future[S]] = deque()
        pool = _pool(workers)
        try:
            for span in spans:
                pending.append(pool.submit(task, span))
                if len(pending) > 2 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
            wait(pending)


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    """Threads kept from pass to pass, and with them their warm buffers."""
    return ThreadPoolExecutor(workers, thread_name_prefix="calibrate")


if hasattr(os, "register_at_fork"):  # a forked child has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
