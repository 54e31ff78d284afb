"""Do promised thresholds keep their promise, and do the intervals hold the truth?

    python tests/benchmarks/threshold_promise.py [--runs 1000] [--sizes 300 1000 5000]

Every population is a table of scores, so that the true precision, recall and cost of a threshold
are exact. Missed: a threshold was promised, and its true figure misses the goal. None: no
threshold could be promised. Held: the intervals of the figures without a promise hold the truth
of the threshold that was chosen from all rows.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from calibrate.analyses.thresholds.choose import thresholds_for
from calibrate.analyses.thresholds.curve import ThresholdCurve
from calibrate.analyses.thresholds.promise import promised
from calibrate.errors import InputError
from calibrate.results.thresholds import Goal

ATOMS = 20_000
POSITIVE = (0.05, 0.4)
KINDS = ("calibrated", "weak", "overconfident", "errors on top", "waves", "11 levels")
PROMISES = ("precision=0.8", "precision=0.9", "precision=0.95", "recall=0.8", "recall=0.95")


@dataclass(frozen=True)
class Population:
    """Scores in falling order, equally frequent, each with its share of positives."""

    p: np.ndarray
    share: np.ndarray

    @staticmethod
    def of(kind: str, positive: float) -> Population:
        spread = 1.4 if kind == "weak" else 3.0
        normal = np.random.default_rng(1).normal(size=ATOMS)
        middle = brentq(lambda m: expit(m + spread * normal).mean() - positive, -30, 30)
        p = np.sort(expit(middle + spread * normal))[::-1]
        share = p.copy()
        rank = np.arange(ATOMS) / ATOMS
        if kind == "overconfident":
            p = expit(2.5 * (np.log(p) - np.log1p(-p)) + 1)
        if kind == "errors on top":  # the most confident hundredth are right three times in four
            share[rank < 0.01] = 0.75
        if kind == "waves":  # precision crosses any goal again and again
            share = np.clip(p + 0.3 * np.sin(40 * np.sqrt(rank)) * (p > 0.2), 0, 1)
        if kind == "11 levels":
            p = p.round(1)
        return Population(p, share)

    def draw(self, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        at = rng.integers(0, ATOMS, n)
        return self.p[at], (rng.random(n) < self.share[at]).astype(float)

    def truth(self, threshold: float, costs: tuple[float, float]) -> dict[str, float]:
        yes = self.p >= threshold
        tp, accepted, positives = self.share[yes].sum(), yes.sum(), self.share.sum()
        cost = costs[0] * (accepted - tp) + costs[1] * (positives - tp)
        return {
            "precision": tp / accepted if accepted else 1.0,
            "recall": tp / positives,
            "f1": 2 * tp / (accepted + positives),
            "positive_rate": accepted / ATOMS,
            "cost": cost / ATOMS,
        }


def promises(population: Population, text: str, n: int, runs: int) -> tuple[float, float, float]:
    """In %: missed, no promise; and the mean true figure that the promise leaves to be had."""
    goal = Goal.of_text(text)
    missed, none, other = 0, 0, []
    for seed in range(runs):
        p, y = population.draw(n, seed)
        try:
            truth = population.truth(promised(p, y, goal, 0.95), (1, 1))
        except InputError:
            none += 1
            continue
        value = truth[goal.name]
        missed += value < (goal.minimum or 0) - 1e-9
        other.append(truth["precision" if goal.name == "recall" else "recall"])
    return 100 * missed / runs, 100 * none / runs, float(np.mean(other)) if other else np.nan


def without_promise(population: Population, text: str, n: int, runs: int) -> float:
    """In %, how often a threshold that meets the goal on the rows misses it in truth."""
    goal, missed = Goal.of_text(text), []
    for seed in range(runs):
        p, y = population.draw(n, seed)
        try:
            threshold = ThresholdCurve.from_rows(p, y, np.ones(n)).best(goal)
        except InputError:
            continue
        missed.append(population.truth(threshold, (1, 1))[goal.name] < (goal.minimum or 0))
    return 100 * float(np.mean(missed)) if missed else np.nan


def coverage(population: Population, text: str, n: int, runs: int) -> dict[str, float]:
    """In %, how often the interval of each figure holds the truth."""
    goal = Goal.of_text(text)
    held: dict[str, list[bool]] = {}
    for seed in range(runs):
        p, y = population.draw(n, seed)
        try:
            label = thresholds_for([p], [y], goal=goal, seed=seed).labels[0]
        except InputError:
            continue
        truth = population.truth(label.threshold, goal.costs or (1, 1))
        for name, m in label.metrics.items():
            if m.low is not None and m.high is not None:
                held.setdefault(name, []).append(m.low - 1e-9 <= truth[name] <= m.high + 1e-9)
    return {name: 100 * float(np.mean(each)) for name, each in held.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[300, 1000, 5000])
    parser.add_argument("--kinds", nargs="+", default=KINDS)
    parser.add_argument("--only", choices=["promises", "without", "coverage"])
    options = parser.parse_args()
    wanted = [options.only] if options.only else ["promises", "without", "coverage"]
    cells = [(k, s, Population.of(k, s)) for k in options.kinds for s in POSITIVE]
    if "promises" in wanted:
        head = " | ".join(f"{n:,}" for n in options.sizes)
        print(f"| scores | positive | goal | {head} |")
        print("| --- | ---: | --- |" + " ---: |" * len(options.sizes))
        for kind, share, population in cells:
            for text in PROMISES:
                found = [promises(population, text, n, options.runs) for n in options.sizes]
                told = " | ".join(f"{m:.1f}, {none:.0f}, {other:.2f}" for m, none, other in found)
                print(f"| {kind} | {share:.0%} | {text} | {told} |", flush=True)
    if "without" in wanted:
        for kind, share, population in cells:
            for text in ("precision=0.9", "recall=0.9"):
                found = [without_promise(population, text, n, options.runs) for n in options.sizes]
                print(f"| {kind} | {share:.0%} | {text} | {found} |", flush=True)
    if "coverage" in wanted:
        print("\n| scores | positive | goal | n | precision | recall | f1 | positive_rate | cost |")
        print("| --- | ---: | --- |" + " ---: |" * 6)
        for kind, share, population in cells:
            for text in ("f1", "precision=0.9", "recall=0.9", "cost=1:5"):
                for n in options.sizes:
                    found = coverage(population, text, n, options.runs)
                    names = ("precision", "recall", "f1", "positive_rate", "cost")
                    told = [f"{found[name]:.1f}" if name in found else "" for name in names]
                    print(
                        f"| {kind} | {share:.0%} | {text} | {n:,} | {' | '.join(told)} |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
