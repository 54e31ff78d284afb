"""Walk over rows block by block, on threads, in an order that never depends on the threads.

numpy releases the interpreter lock inside its element-wise functions, so plain threads
use every core. Blocks are cut by the shape of the data alone and their states are merged
in block order: the result is the same to the last bit for any number of workers.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
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
    dataset: Readable[B], step: Callable[[B], S], workers: int | None = None
) -> Iterator[S]:
    """Yield ``step(block)`` for each block of ``dataset``, in block order.

    At most two results per worker wait at a time, so that a slow consumer (a disk) bounds the
    memory.
    """
    rows, size = dataset.n_rows, dataset.block_rows
    workers = workers or default_workers()

    def run(start: int) -> S:
        return step(dataset.read(start, min(start + size, rows)))

    starts = range(0, rows, size)
    if min(workers, len(starts)) <= 1:
        yield from map(run, starts)
        return
    pending: deque[Future[S]] = deque()
    pool = _pool(workers)
    try:
        for start in starts:
            pending.append(pool.submit(run, start))
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


def map_reduce(dataset: Readable[B], step: Callable[[B], S], workers: int | None = None) -> S:
    """The sum of ``step(block)`` over all blocks, in an order that the shape alone decides.

    Raises:
        ValueError: the dataset has no rows (callers validate this at the door).
    """
    if not dataset.n_rows:
        raise ValueError("no rows to reduce over")
    size = dataset.block_rows
    n_blocks = -(-dataset.n_rows // size)
    per_task = max(1, min(BLOCKS_PER_TASK, n_blocks // BLOCKS_PER_TASK))

    def run(span: range) -> S:
        return _sum(step(dataset.read(i, min(i + size, span.stop))) for i in span)

    return _sum(map_blocks(_Spans(dataset.n_rows, per_task * size, size), run, workers))


def _sum(states: Iterable[S]) -> S:
    return reduce(add, states)


@dataclass(frozen=True)
class _Spans:
    """Runs of blocks: the first rows of the blocks of each."""

    n_rows: int
    block_rows: int
    step: int

    def read(self, start: int, stop: int) -> range:
        return range(start, stop, self.step)
