"""Threads: numpy lets go of the interpreter inside its functions, so they use every core."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, reduce
from operator import add
from typing import Generic, Protocol, TypeVar, runtime_checkable

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

    def reduce(self, task: Callable[[range], S], spans: Sequence[range]) -> S:
        return add_up(counted(spans, self.map(task, spans)))


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    """Threads kept from pass to pass, and with them their warm buffers."""
    return ThreadPoolExecutor(workers, thread_name_prefix="calibrate")


if hasattr(os, "register_at_fork"):  # a forked child has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


# Who runs the pieces of a pass: threads, unless another scheduler was named for the while.


Progress = Callable[[int], None]  # called with the number of rows that were read
Began = Callable[[str, int, str], None]  # called with a stage, how many there are, and of what


class Scheduler(Protocol):
    """Runs a task on spans of rows and gives the results back in the order of the spans.

    Tasks are plain picklable values, and results too: they may run in other processes.
    """

    def map(self, task: Callable[[range], S], spans: Sequence[range]) -> Iterator[S]: ...


@runtime_checkable
class Reducer(Scheduler, Protocol):
    """A scheduler that also adds the results up, where they are, and need not send each home.

    ``reduce`` gives what ``add_up`` of the results gives, by the same additions: with ``FAN_IN``
    neighbours at a time, as often as it takes.
    """

    def reduce(self, task: Callable[[range], S], spans: Sequence[range]) -> S: ...


@dataclass(frozen=True)
class Running:
    """What runs the passes at the moment, and who is told how far they are."""

    scheduler: Scheduler
    progress: Progress | None = None
    began: Began | None = None


_THREADS = Running(Threads())
_running: ContextVar[Running] = ContextVar("calibrate_running")
_stage: ContextVar[tuple[str, str]] = ContextVar("calibrate_stage", default=("working", "rows"))


def current() -> Running:
    """What ``running`` has set; outside of it, threads on all cores."""
    return _running.get(_THREADS)


@contextmanager
def running(
    scheduler: Scheduler | None = None,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    began: Began | None = None,
) -> Iterator[None]:
    """Run the passes of this ``with`` block on a scheduler, or on so many threads.

    No result depends on it, not by one bit.

    Args:
        scheduler: what runs them; None: threads.
        workers: threads; None: one per core that this process may use.
        progress: called with the number of rows at each step forward.
        began: called at the start of each pass, and of work that is none, with what is being done,
            as in ``"fitting"``, the number of rows of the pass or 0, and ``"rows"``; or of
            ``"samples"``, which are then counted by ``progress``.
    """
    token = _running.set(Running(scheduler or Threads(workers), progress, began))
    try:
        yield
    finally:
        _running.reset(token)


@contextmanager
def doing(stage: str, unit: str = "rows") -> Iterator[None]:
    """Say what the passes of this ``with`` block, or of the function decorated, are for.

    Args:
        stage: as in ``"fitting"``.
        unit: what their rows are.
    """
    token = _stage.set((stage, unit))
    begin(0)
    try:
        yield
    finally:
        _stage.reset(token)


def begin(total: int) -> None:
    """Tell who wants to know that a pass over so many rows begins; 0: work that is no pass."""
    told = current().began
    if told is not None:
        stage, unit = _stage.get()
        told(stage, total, unit)


# The pass over all rows, block by block, in an order that never depends on who runs it.
#
# Blocks are cut by the shape of the data alone and their states are merged in block order: the
# result is the same to the last bit under any scheduler.


B = TypeVar("B")
B_co = TypeVar("B_co", covariant=True)

BLOCK_ELEMENTS = 1 << 19  # 2 MiB of float32: still in the cache, and threads seldom wait in turn
BLOCK_ROWS = 1 << 16  # of few classes: a number per row is a float64, and there are many of these
BLOCKS_PER_TASK = 8  # fewer, longer tasks: waking a thread costs as much as a small block


class Readable(Protocol[B_co]):
    """Rows that can be read by range."""

    @property
    def n_rows(self) -> int: ...

    @property
    def block_rows(self) -> int: ...

    def read(self, start: int, stop: int) -> B_co: ...


def rows_per_block(n_classes: int) -> int:
    """Rows in a block of about ``BLOCK_ELEMENTS`` scores, at most ``BLOCK_ROWS``; depends on the
    shape only.
    """
    return max(1, min(BLOCK_ROWS, BLOCK_ELEMENTS // max(1, n_classes)))


@dataclass(frozen=True)
class _Task(Generic[B, S]):
    """A step on the blocks of a span, whose states are added up in their order."""

    rows: Readable[B]
    step: Callable[[B], S]
    block_rows: int

    def __call__(self, span: range) -> S:
        starts = range(span.start, span.stop, self.block_rows)
        return reduce(add, (self.one(start, span.stop) for start in starts))

    def one(self, start: int, stop: int) -> S:
        return self.step(self.rows.read(start, min(start + self.block_rows, stop)))


def map_blocks(rows: Readable[B], step: Callable[[B], S]) -> Iterator[S]:
    """Yield ``step(block)`` for each block of ``rows``, in block order."""
    size = rows.block_rows
    return _run(_Task(rows, step, size), _spans(rows.n_rows, size))


def map_reduce(rows: Readable[B], step: Callable[[B], S]) -> S:
    """The sum of ``step(block)`` over all blocks, in an order that the shape alone decides.

    Raises:
        ValueError: there are no rows (callers validate this at the door).
    """
    if not rows.n_rows:
        raise ValueError("no rows to reduce over")
    size = rows.block_rows
    n_blocks = -(-rows.n_rows // size)
    per_task = max(1, min(BLOCKS_PER_TASK, n_blocks // BLOCKS_PER_TASK))
    task, spans = _Task(rows, step, size), _spans(rows.n_rows, per_task * size)
    scheduler = current().scheduler
    if not isinstance(scheduler, Reducer):
        return add_up(_run(task, spans))
    begin(rows.n_rows)
    return scheduler.reduce(task, spans)


def _spans(n_rows: int, size: int) -> list[range]:
    return [range(start, min(start + size, n_rows)) for start in range(0, n_rows, size)]


def _run(task: _Task[B, S], spans: Sequence[range]) -> Iterator[S]:
    """The results on all spans, in their order, under the scheduler of the while."""
    begin(sum(map(len, spans)))
    return counted(spans, current().scheduler.map(task, spans))


def counted(spans: Sequence[range], results: Iterable[S]) -> Iterator[S]:
    """The results on these spans, each told to the progress of the while as it comes."""
    progress = current().progress
    for span, result in zip(spans, results, strict=True):
        if progress:
            progress(len(span))
        yield result


FAN_IN = 8


def add_up(states: Iterable[S]) -> S:
    """Add up states in a fixed tree: each ``FAN_IN`` neighbours from left to right, then as many of
    these sums, until one is left. At most one sum per level of the tree is held.

    Raises:
        ValueError: there are none.
    """
    levels: list[tuple[int, S] | None] = []  # how many were added up in an unfinished group
    for state in states:
        level = 0
        while True:
            if level == len(levels):
                levels.append(None)
            held = levels[level]
            count, state = (1, state) if held is None else (held[0] + 1, add(held[1], state))
            levels[level] = (count, state) if count < FAN_IN else None
            if count < FAN_IN:
                break
            level += 1
    unfinished = [held[1] for held in levels if held is not None]
    if not unfinished:
        raise ValueError("no states to add up")
    return reduce(lambda right, left: add(left, right), unfinished)
