"""How fast is the fit? Side by side, in one run, with scikit-learn and with bare np.exp passes.

    pip install scikit-learn==1.9.1 && python tests/benchmarks/fit_speed.py [--runs 9]

Each size is timed in turn, A B C A B C ..., so that a drifting machine drifts for all; medians
are printed as a Markdown row. `calibrate.fit` is timed whole: validation, fit and interval.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import scipy
import sklearn
from sklearn.calibration import _TemperatureScaling

import calibrate

SIZES = [(50_000, 1_000), (10_000, 100), (5_000, 10)]


def make(rows: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=3, size=(rows, classes)).astype(np.float32)
    noise = rng.gumbel(size=(rows, classes)).astype(np.float32)
    return logits, (logits / np.float32(2.1) + noise).argmax(axis=1)


def exp_pass(logits: np.ndarray) -> None:
    """One single-threaded np.exp over the array, in cache-sized blocks."""
    block = max(1, (1 << 18) // logits.shape[1])
    out = np.empty((block, logits.shape[1]), logits.dtype)
    for start in range(0, len(logits), block):
        part = logits[start : start + block]
        np.exp(part, out=out[: len(part)])


def seconds(function: Callable[[], object]) -> float:
    time.sleep(0.05)  # let the OpenMP threads of the previous contestant stop spinning
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    print(
        f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}, "
        f"scikit-learn {sklearn.__version__}, {os.cpu_count()} cores, {platform.machine()}\n"
    )
    print("| rows x classes | scikit-learn | np.exp pass | calibrate | vs scikit-learn | passes |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for rows, classes in SIZES:
        logits, labels = make(rows, classes)
        contestants = {
            "sklearn": partial(_TemperatureScaling().fit, logits, labels),
            "exp": partial(exp_pass, logits),
            "calibrate": partial(calibrate.fit, logits, labels),
        }
        times: dict[str, list[float]] = {name: [] for name in contestants}
        for turn in range(runs + 1):
            for name, function in contestants.items():
                taken = seconds(function)
                if turn:  # the first is a warm-up
                    times[name].append(taken)
        sk, ex, ours = (float(np.median(times[name])) for name in contestants)
        print(
            f"| {rows:,} x {classes:,} | {sk:.4f} s | {ex:.5f} s | {ours:.4f} s "
            f"| {sk / ours:.1f} times faster | {ours / ex:.1f} |"
        )


if __name__ == "__main__":
    main()
