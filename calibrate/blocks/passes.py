"""The pass over all rows, block by block, in an order that never depends on who runs it.

Blocks are cut by the shape of the data alone and their states are merged in block order: the
result is the same to the last bit under any scheduler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Generic, Protocol, TypeVar

from calibrate.blocks.scheduler import begin, current

B = TypeVar("B")
S = TypeVar("S")
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
    return reduce(add, _run(_Task(rows, step, size), _spans(rows.n_rows, per_task * size)))


def _spans(n_rows: int, size: int) -> list[range]:
    return [range(start, min(start + size, n_rows)) for start in range(0, n_rows, size)]


def _run(task: _Task[B, S], spans: Sequence[range]) -> Iterator[S]:
    """The results on all spans, in their order, under the scheduler of the while."""
    running = current()
    begin(sum(map(len, spans)))
    for span, result in zip(spans, running.scheduler.map(task, spans), strict=True):
        if running.progress:
            running.progress(len(span))
        yield result
