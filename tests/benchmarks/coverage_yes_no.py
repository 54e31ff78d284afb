"""Do the 95 % intervals of both errors of binary models hold the truth in 95 of 100 cases?

    python tests/benchmarks/coverage_yes_no.py [--runs 1000] [--sizes 500 2000 10000]

Three populations: calibrated, twice as sharp as the labels support, and leaning towards yes; the
truth is 0 for the first and measured on two million rows for the others.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.special import expit

import calibrate

FIGURES = ("ece", "positive_ece")
TRUTH_ROWS = 2_000_000
SETTINGS = calibrate.Settings(full=False, bootstrap=0, workers=1)
SCENARIOS = ("calibrated", "overconfident, T = 2", "leaning towards yes")


def draw(scenario: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(scale=2, size=n)
    y = (rng.random(n) < expit(truth)).astype(int)
    scores = {SCENARIOS[0]: truth, SCENARIOS[1]: 2 * truth, SCENARIOS[2]: truth + 0.5}
    return scores[scenario], y


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 2000, 10_000])
    options = parser.parse_args()
    print(f"| population | n | {' | '.join(FIGURES)} |")
    print("| --- | ---: |" + " ---: |" * len(FIGURES))
    for scenario in SCENARIOS:
        whole = calibrate.evaluate(*draw(scenario, TRUTH_ROWS, 10**6), settings=SETTINGS)
        truth = [whole.metrics.before[f].value * (scenario != SCENARIOS[0]) for f in FIGURES]
        for n in options.sizes:
            held = []
            for seed in range(options.runs):
                found = calibrate.evaluate(*draw(scenario, n, seed), settings=SETTINGS)
                sides = [found.metrics.before[f] for f in FIGURES]
                held.append([m.low <= t <= m.high for m, t in zip(sides, truth, strict=True)])
            shares = " | ".join(f"{share:.1f}" for share in 100 * np.mean(held, axis=0))
            print(f"| {scenario} | {n:,} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
