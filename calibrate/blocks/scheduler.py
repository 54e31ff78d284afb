"""Who runs the pieces of a pass: threads, unless another scheduler was named for the while."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol, TypeVar

from calibrate.blocks.threads import Threads

S = TypeVar("S")

Progress = Callable[[int], None]  # called with the number of rows that were read


class Scheduler(Protocol):
    """Runs a task on spans of rows and gives the results back in the order of the spans.

    Tasks are plain picklable values, and results too: they may run in other processes.
    """

    def map(self, task: Callable[[range], S], spans: Sequence[range]) -> Iterator[S]: ...


@dataclass(frozen=True)
class Running:
    """What runs the passes at the moment, and who is told how far they are."""

    scheduler: Scheduler
    progress: Progress | None = None


_THREADS = Running(Threads())
_running: ContextVar[Running] = ContextVar("calibrate_running")


def current() -> Running:
    """What ``running`` has set; outside of it, threads on all cores."""
    return _running.get(_THREADS)


@contextmanager
def running(
    scheduler: Scheduler | None = None,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Iterator[None]:
    """Run the passes of this ``with`` block on a scheduler, or on so many threads.

    No result depends on it, not by one bit.

    Args:
        scheduler: what runs them; None: threads.
        workers: threads; None: one per core that this process may use.
        progress: called with the number of rows at each step forward.
    """
    token = _running.set(Running(scheduler or Threads(workers), progress))
    try:
        yield
    finally:
        _running.reset(token)
