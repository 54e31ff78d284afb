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
Began = Callable[[str, int, str], None]  # called with a stage, how many there are, and of what


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
