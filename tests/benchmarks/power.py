"""How often does each test find a miscalibration that is there?

    python tests/benchmarks/power.py [--runs 400]

Models of 10 classes, distorted in four ways. Beside the tests of the report: Hosmer & Lemeshow
(1980), chi-squared over ten bins of equal mass of the confidence, and the Kolmogorov-Smirnov
distance of Gupta et al. (2021) against 300 models calibrated at these confidences.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from scipy.special import softmax
from scipy.stats import chi2

import calibrate
from calibrate.blocks.bins import Levels
from calibrate.metrics.ranked import ks

SETTINGS = calibrate.Settings(bootstrap=0, top=0)
TESTS = ("consistency", "classwise", "spiegelhalter", "temperature")
DISTORTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "none": lambda z: z,
    "overconfident, T = 1.15": lambda z: 1.15 * z,
    "underconfident, T = 0.87": lambda z: 0.87 * z,
    "one class favoured": lambda z: z + 0.5 * (np.arange(z.shape[1]) == 0),
    "too sure above, too timid below": lambda z: np.sign(z) * np.abs(z) ** 1.3 / 1.5,
}


def hosmer_lemeshow(c: np.ndarray, a: np.ndarray) -> float:
    """The p-value of ``sum_b (sum a - sum c)² / sum c (1 - c)`` over ten bins of equal mass."""
    bins = np.argsort(np.argsort(c, kind="stable")) * 10 // len(c)
    gap, variance = (np.bincount(bins, x) for x in (a - c, c * (1 - c)))
    return float(chi2.sf((gap**2 / np.maximum(variance, 1e-12)).sum(), 10))


def kolmogorov_smirnov(c: np.ndarray, a: np.ndarray, rng: np.random.Generator) -> float:
    """The share of calibrated models with at least this distance."""
    ones = np.ones(len(c))
    seen = float(ks(Levels.from_rows(c, a, ones)))
    drawn = [
        float(ks(Levels.from_rows(c, (rng.random(len(c)) < c) * 1.0, ones))) for _ in range(300)
    ]
    return (1 + sum(each >= seen for each in drawn)) / 301


def p_values(distort: Callable[[np.ndarray], np.ndarray], n: int, seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(scale=2.0, size=(n, 10))
    labels = (truth + rng.gumbel(size=truth.shape)).argmax(1)
    logits = distort(truth)
    tests = calibrate.evaluate(logits, labels, settings=SETTINGS).tests.before
    found = [getattr(tests, name).p_value for name in TESTS]
    p = softmax(logits, axis=1)
    c, a = p.max(1), (p.argmax(1) == labels).astype(float)
    return [*found, hosmer_lemeshow(c, a), kolmogorov_smirnov(c, a, rng)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=400)
    runs = parser.parse_args().runs
    print("| distortion | n |", " | ".join((*TESTS, "Hosmer-Lemeshow", "KS")), "|")
    print("| --- | ---: |", " | ".join(["---:"] * (len(TESTS) + 2)), "|")
    for name, distort in DISTORTIONS.items():
        for n in (300, 1000):
            found = np.array([p_values(distort, n, seed) for seed in range(runs)], float)
            shares = np.nanmean(found < 0.05, axis=0) * 100
            print(f"| {name} | {n:,} |", " | ".join(f"{share:.0f}" for share in shares), "|")


if __name__ == "__main__":
    main()
