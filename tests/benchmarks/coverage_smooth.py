"""Does the band of the smooth reliability curve hold the truth at 95 of 100 points?

    python tests/benchmarks/coverage_smooth.py [--runs 400] [--sizes 500 5000 50000]

Confidences drawn from known distributions, correctness from a known accuracy at each. `mean` is the
share of drawn points whose band holds the truth, in %, over runs and points, `least` that of the
worst point among those drawn in half of the runs, `beyond` that of the points closer to 0 or 1 than
0.005, where the curve may be steepest, `half` half the width of the band, in the mean. Rows of five
share their luck where the name says so: the tables are of what the report makes of `examples`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from calibrate.blocks.block import part_of
from calibrate.metrics.curves import smooth_reliability
from calibrate.metrics.totals import KeptRows

EVEN = np.arange(1, 200) / 200
FEWEST_RUNS = 0.5
POOL = 300_000

Draw = Callable[[np.random.Generator, int], np.ndarray]


@dataclass(frozen=True)
class Population:
    """How confidences come about, and the accuracy at each."""

    draw: Draw
    accuracy: Callable[[np.ndarray], np.ndarray]
    weighted: bool = False
    together: int = 1


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(x / 2))


def log_odds(c: np.ndarray) -> np.ndarray:
    inside = np.clip(c, 1e-15, 1 - 1e-15)
    return np.log(inside / (1 - inside))


@cache
def pool(n_classes: int, scale: float) -> np.ndarray:
    """The confidences of a population of normal logits."""
    z = np.random.default_rng(0).normal(scale=scale, size=(POOL, n_classes))
    return 1 / np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1)


def softmax(n_classes: int, scale: float) -> Draw:
    return lambda rng, n: pool(n_classes, scale)[rng.integers(0, POOL, n)]


def two_modes(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.where(rng.random(n) < 0.4, rng.beta(30, 45, n), rng.beta(60, 3, n))


def square(c: np.ndarray) -> np.ndarray:
    return c**1.5


TEN = softmax(10, 2.5)
POPULATIONS = {
    "calibrated, K = 10": Population(TEN, lambda c: c),
    "overconfident, T = 2, K = 10": Population(TEN, lambda c: sigmoid(log_odds(c) / 2 - 0.2)),
    "overconfident, T = 3, most above 0.99": Population(
        softmax(10, 8.0), lambda c: sigmoid(log_odds(c) / 3)
    ),
    "steep at 1: 1 - 0.6 (1 - c)^(1/4)": Population(
        lambda rng, n: 1 - 0.75 * rng.random(n) ** 4, lambda c: 1 - 0.6 * (1 - c) ** 0.25
    ),
    "steep at 1: 0.3 + 0.7 c^20": Population(
        lambda rng, n: 1 - 0.75 * rng.random(n) ** 2, lambda c: 0.3 + 0.7 * c**20
    ),
    "two modes": Population(two_modes, lambda c: 0.25 + 0.6 * sigmoid(10 * (c - 0.65))),
    "K = 2, confidence": Population(
        lambda rng, n: sigmoid(np.abs(rng.normal(0, 3, n))),
        lambda c: 0.5 + 0.4 * (2 * c - 1) ** 2,
    ),
    "K = 2, P(yes)": Population(
        lambda rng, n: sigmoid(rng.normal(-2, 3, n)), lambda c: sigmoid(0.6 * log_odds(c) + 0.5)
    ),
    "K = 100": Population(softmax(100, 3.0), square),
    "wavy": Population(
        lambda rng, n: 0.2 + 0.8 * rng.random(n),
        lambda c: np.clip(c - 0.05 + 0.08 * np.sin(12 * c), 0, 1),
    ),
    "two decimals": Population(lambda rng, n: np.round(TEN(rng, n), 2), square),
    "weights, log-normal": Population(TEN, square, weighted=True),
    "rows of five share their luck": Population(TEN, square, together=5),
}


def sample(of: Population, n: int, rng: np.random.Generator) -> KeptRows:
    if of.together > 1:  # confidences close together, and one draw for all
        confidence = np.repeat(of.draw(rng, n // of.together), of.together)
        luck = np.repeat(rng.random(n // of.together), of.together)
        examples = np.repeat(np.arange(n // of.together), of.together)
    else:
        confidence, luck, examples = of.draw(rng, n), rng.random(n), None
    correct = (luck < of.accuracy(confidence)).astype(np.float64)
    weight = rng.lognormal(0, 1, n) if of.weighted else np.ones(n)
    part = part_of(np.arange(n) if examples is None else examples)
    return KeptRows((confidence,), (correct,), (np.zeros(n),), weight, part)


def run(name: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, int, int, float]:
    """At the even points: drawn, and held; beyond them: how many drawn and held; half a width."""
    of = POPULATIONS[name]
    curve = smooth_reliability(sample(of, n, np.random.default_rng(seed)), 0)
    t = np.array(curve.confidence)
    low, high = (np.array(values, dtype=float) for values in (curve.low, curve.high))
    drawn, truth = ~np.isnan(low), of.accuracy(t)
    held = drawn & (low - 1e-9 <= truth) & (truth <= high + 1e-9)
    even = np.searchsorted(t, EVEN - 1e-9)
    beyond = (t < EVEN[0] - 1e-9) | (t > EVEN[-1] + 1e-9)
    half = float(np.nanmean(high - low)) / 2 if drawn.any() else np.nan
    return drawn[even], held[even], int(drawn[beyond].sum()), int(held[beyond].sum()), half


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 5000, 50_000])
    parser.add_argument("--only", nargs="+", default=list(POPULATIONS))
    options = parser.parse_args()
    print("| population | n | mean | least | at | beyond | half |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    with ProcessPoolExecutor() as pool:
        for name in options.only:
            for n in options.sizes:
                found = list(pool.map(partial(run, name, n), range(options.runs), chunksize=5))
                drawn, held = (sum(each[i] for each in found) for i in range(2))
                often = drawn >= FEWEST_RUNS * options.runs
                share = np.where(often, held / np.maximum(drawn, 1), 2.0)
                worst = int(share.argmin())
                seen, right = (sum(each[i] for each in found) for i in (2, 3))
                beyond = f"{100 * right / seen:.1f}" if seen >= options.runs else "–"
                mean, half = held.sum() / drawn.sum(), np.nanmean([each[4] for each in found])
                print(
                    f"| {name} | {n:,} | {100 * mean:.1f} | {100 * share[worst]:.1f} "
                    f"| {EVEN[worst]:.3f} | {beyond} | {half:.3f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
