from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from functools import reduce
from operator import add

import pytest

from calibrate.blocks.passes import FAN_IN, map_blocks, map_reduce, rows_per_block, running


@dataclass
class Numbers:
    n_rows: int
    block_rows: int

    def read(self, start: int, stop: int) -> list[int]:
        return list(range(start, stop))


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("block_rows", [1, 3, 7, 100])
def test_blocks_come_in_order_and_cover_every_row_once(workers, block_rows):
    def slow_first(rows: list[int]) -> list[int]:
        time.sleep(0.01 if rows[0] == 0 else 0)
        return rows

    with running(workers=workers):
        got = list(map_blocks(Numbers(23, block_rows), slow_first))
    assert [row for block in got for row in block] == list(range(23))


def test_sums_are_identical_to_the_last_bit_for_any_number_of_workers():
    sums = set()
    for workers in (1, 2, 4, 7):
        with running(workers=workers):
            sums.add(
                map_reduce(Numbers(100_000, 13), lambda rows: sum(0.1 / (r + 1) for r in rows))
            )
    assert len(sums) == 1


@dataclass(frozen=True)
class Added:
    """What was added to what."""

    terms: str

    def __add__(self, other: Added) -> Added:
        return Added(f"({self.terms} {other.terms})")


class OnlyMap:
    """A scheduler without ``reduce``."""

    def map(self, task, spans):
        return map(task, spans)


class Engine(OnlyMap):
    """One that adds up as an engine of tasks would: level by level."""

    def reduce(self, task, spans):
        states = list(self.map(task, spans))
        while len(states) > 1:
            groups = (states[i : i + FAN_IN] for i in range(0, len(states), FAN_IN))
            states = [reduce(add, group) for group in groups]
        return states[0]


@pytest.mark.parametrize("n_rows", [1, 8, 9, 64, 65, 71, 513, 4_700])
def test_every_scheduler_adds_the_same_to_the_same(n_rows):
    """Of 64 blocks and more each task adds up eight of them; eight tasks are a group."""

    def added(scheduler=None, workers=None) -> str:
        with running(scheduler, workers=workers):
            return map_reduce(Numbers(n_rows, 1), lambda rows: Added(str(rows[0]))).terms

    want = added(Engine())
    assert [int(n) for n in re.findall(r"\d+", want)] == list(range(n_rows))
    for scheduler, workers in ((None, 1), (None, 2), (None, 5), (OnlyMap(), None)):
        assert added(scheduler, workers) == want


@pytest.mark.parametrize("scheduler", [None, OnlyMap()])
def test_rows_are_counted_as_they_are_added_up(scheduler):
    steps, began = [], []
    with running(
        scheduler, workers=2, progress=steps.append, began=lambda *what: began.append(what[1])
    ):
        map_reduce(Numbers(1_000, 3), len)
    assert sum(steps) == 1_000
    assert len(steps) > 10
    assert began == [1_000]


def test_an_error_in_a_step_comes_out_and_stops_the_rest():
    seen = []

    def step(rows: list[int]) -> int:
        seen.append(rows[0])
        if rows[0] == 5:
            raise KeyError("five")
        return 0

    with running(workers=2), pytest.raises(KeyError, match="five"):
        list(map_blocks(Numbers(10_000, 1), step))
    assert len(seen) < 100


def test_few_results_wait_for_a_slow_consumer():
    made, lock = [0], threading.Lock()

    def step(_: list[int]) -> int:
        with lock:
            made[0] += 1
        return 0

    with running(workers=2):
        blocks = map_blocks(Numbers(1000, 1), step)
        next(blocks)
        time.sleep(0.1)
        assert made[0] <= 6
        blocks.close()


def test_block_size_depends_on_the_number_of_classes_only():
    assert rows_per_block(1000) == 524
    assert rows_per_block(10**7) == 1
    assert rows_per_block(1) == rows_per_block(2) == rows_per_block(8) == 65_536
    assert rows_per_block(9) == 58_254


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process")
def test_as_many_threads_as_cores_this_process_may_use():
    """Bound to one core, as a container may be: one thread, however many cores there are."""
    code = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); "
        "from calibrate.blocks.passes import default_workers; print(default_workers())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
