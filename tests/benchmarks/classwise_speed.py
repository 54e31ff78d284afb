"""What the one-vs-rest tables of all classes cost, in passes of np.exp over the same logits.

python tests/benchmarks/classwise_speed.py [--rows 50000] [--classes 1000]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

import calibrate
from calibrate.blocks.bins import equal_width_edges
from calibrate.blocks.passes import rows_per_block
from calibrate.blocks.predictions import predictions, top_scores
from calibrate.metrics.classes import ClassTable

RUNS = 7


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--classes", type=int, default=1_000)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    z = 3 * rng.standard_normal((options.rows, options.classes), dtype=np.float32)
    y = (z / 1.7 + rng.gumbel(size=z.shape)).argmax(1)
    dataset, edges = calibrate.Dataset.of(z, y), equal_width_edges(15)
    size = rows_per_block(options.classes)
    blocks = [dataset.read(i, min(i + size, options.rows)) for i in range(0, options.rows, size)]
    firsts = [top_scores(block.logits, block.labels) for block in blocks]

    def measure(tables: bool) -> None:
        for first, block in zip(firsts, blocks, strict=True):
            side = predictions(block.logits, 1.0, dataset.magnitude, first, block, keep=tables)
            if tables:
                ClassTable.from_probabilities(side.probabilities, block, edges)

    def exponentials() -> None:
        for block in blocks:
            np.exp(block.logits)

    works = (lambda: measure(True), lambda: measure(False), exponentials)
    times = np.median([[seconds(work) for work in works] for _ in range(RUNS)], axis=0)
    extra = times[0] - times[1]
    print(f"class tables {extra:.3f} s more, np.exp pass {times[2]:.3f} s: {extra / times[2]:.1f}")


if __name__ == "__main__":
    main()
