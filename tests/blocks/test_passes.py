from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import pytest

from calibrate.blocks.passes import map_blocks, map_reduce, rows_per_block, running


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
