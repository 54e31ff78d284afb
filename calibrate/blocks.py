"""Walk over rows block by block, on threads, in an order that never depends on the threads.

numpy releases the interpreter lock inside its element-wise functions, so plain threads
use every core. Blocks are cut by the shape of the data alone and their states are merged
in block order: the result is the same to the last bit for any number of workers.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache, reduce
from operator import add
from typing import Protocol, TypeVar

B = TypeVar("B")
S = TypeVar("S")
Block = TypeVar("Block", covariant=True)

BLOCK_ELEMENTS = 1 << 19  # 2 MiB of float32: still in the cache, and threads seldom wait in turn
BLOCKS_PER_TASK = 8  # fewer, longer tasks: waking a thread costs as much as a small block


class Readable(Protocol[Block]):
    """Rows that can be read by range."""

    @property
    def n_rows(self) -> int: ...

    @property
    def block_rows(self) -> int: ...

    def read(self, start: int, stop: int) -> Block: ...


def default_workers() -> int:
    """The number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def rows_per_block(n_classes: int) -> int:
    """Rows in a block of about ``BLOCK_ELEMENTS`` scores; depends on the shape only."""
    return max(1, BLOCK_ELEMENTS // max(1, n_classes))


def map_blocks(
    source: Readable[B], step: Callable[[B], S], workers: int | None = None, *, per_task: int = 1
) -> Iterator[S]:
    """Yield ``step(block)`` for each block of ``source``, in block order.

    At most two tasks of ``per_task`` blocks per worker are held at a time, so that a slow
    consumer (a disk) bounds the memory.
    """
    rows, size = source.n_rows, source.block_rows
    workers = workers or default_workers()

    def run(start: int) -> list[S]:
        stop = min(start + per_task * size, rows)
        return [step(source.read(i, min(i + size, rows))) for i in range(start, stop, size)]

    tasks = range(0, rows, per_task * size)
    if min(workers, len(tasks)) <= 1:
        for task in tasks:
            yield from run(task)
        return
    pending: deque[Future[list[S]]] = deque()
    pool = _pool(workers)
    try:
        for task in tasks:
            pending.append(pool.submit(run, task))
            if len(pending) > 2 * workers:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
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


def map_reduce(source: Readable[B], step: Callable[[B], S], workers: int | None = None) -> S:
    """The sum of ``step(block)`` over all blocks, added in block order.

    Raises:
        ValueError: the source has no rows (callers validate this at the door).
    """
    n_blocks = -(-source.n_rows // source.block_rows)
    per_task = max(1, min(BLOCKS_PER_TASK, n_blocks // (2 * (workers or default_workers()))))
    states = map_blocks(source, step, workers, per_task=per_task)
    first = next(states, None)
    if first is None:
        raise ValueError("no rows to reduce over")
    return reduce(add, states, first)
