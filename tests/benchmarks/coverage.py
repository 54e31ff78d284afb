"""Do the 95 % intervals hold the truth in 95 of 100 cases? Simulation with known truth.

    python tests/benchmarks/coverage.py [--runs 1000] [--sizes 500 2000 10000] [--bootstrap 1000]

Four populations of 10 classes; the truth of each figure is measured on a million rows. `change` is
after - before through the population's own best temperature, or through 1.25 where that is 1.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

import calibrate

CLASSES = 10
ERRORS = ("ece", "ece_equal_mass", "smooth_ece", "ks", "mce", "rmsce", "rmsce_debiased")
OTHERS = ("classwise_ece", "brier_calibration", "brier_refinement", "auroc", "aurc", "augrc")
FIGURES = ("accuracy", "nll", "brier", *ERRORS, *OTHERS)
CHANGES = ("nll", "brier", "ece", "ece_equal_mass", "smooth_ece", "ks", "auroc", "aurc", "augrc")
TRUTH_ROWS = 1_000_000
SPOILT = 1.25  # the temperature that a calibrated model is led astray by


def draw(scenario: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits and labels: the labels come from softmax of the logits, repaired as the name says."""
    rng = np.random.default_rng(seed)
    z = rng.normal(scale=2.5, size=(n, CLASSES))
    truth = z
    if scenario == "overconfident, T = 2":
        truth = z / 2
    elif scenario == "class-dependent":
        truth = z / np.linspace(0.7, 2.5, CLASSES) + np.linspace(-0.5, 0.5, CLASSES)
    elif scenario == "heavy-tailed":
        z = rng.standard_t(3, size=(n, CLASSES)) * 2
        truth = z / 1.5
    return z, (truth + rng.gumbel(size=truth.shape)).argmax(axis=1)


SCENARIOS = ("calibrated", "overconfident, T = 2", "class-dependent", "heavy-tailed")


def truth_of(scenario: str) -> tuple[float, dict[str, float]]:
    """The T that leads from before to after, and the figures of the population.

    Where softmax of the logits, or of the logits / T, is the very distribution of the labels, the
    errors are 0 exactly.
    """
    z, y = draw(scenario, TRUTH_ROWS, 10**6)
    best = calibrate.fit(z, y).temperature
    exact = {"calibrated": 1.0, "overconfident, T = 2": 2.0, "heavy-tailed": 1.5}.get(scenario)
    t = SPOILT if exact == 1.0 else exact or best
    settings = calibrate.Settings(bootstrap=0)
    metrics = calibrate.evaluate(z, y, calibrate.Temperature(t), settings=settings).metrics
    before = {name: metrics.before[name].value for name in FIGURES}
    after = {name: metrics.after[name].value for name in CHANGES}
    for name in (*ERRORS, "classwise_ece", "brier_calibration"):
        before[name] *= exact != 1.0
        if name in after:
            after[name] *= t != exact
    changes = {f"change of {name}": after[name] - before[name] for name in CHANGES}
    return t, {**before, **changes, "T": exact or best}


def hits(
    scenario: str, n: int, t: float, truth: dict[str, float], bootstrap: int, seed: int
) -> dict[str, bool]:
    z, y = draw(scenario, n, seed)
    fit = calibrate.fit(z, y, workers=1)
    report = calibrate.evaluate(
        z,
        y,
        calibrate.Temperature(t),
        settings=calibrate.Settings(bootstrap=bootstrap, seed=seed, workers=1),
    )
    intervals = {name: report.metrics.before[name] for name in FIGURES}
    intervals |= {f"change of {name}": report.metrics.change[name] for name in CHANGES}
    held = {name: m.low <= truth[name] <= m.high for name, m in intervals.items()}
    return {**held, "T": fit.interval[0] <= truth["T"] <= fit.interval[1]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 2000, 10_000])
    parser.add_argument("--bootstrap", type=int, default=1000)
    options = parser.parse_args()
    names = ("T", *FIGURES, *(f"change of {name}" for name in CHANGES))
    print(f"| population | n | {' | '.join(names)} |")
    print("| --- | ---: |" + " ---: |" * len(names))
    with ProcessPoolExecutor() as pool:
        for scenario in SCENARIOS:
            t, truth = truth_of(scenario)
            for n in options.sizes:
                run = partial(hits, scenario, n, t, truth, options.bootstrap)
                found = list(pool.map(run, range(options.runs), chunksize=5))
                shares = [100 * np.mean([each[name] for each in found]) for name in names]
                row = " | ".join(f"{share:.1f}" for share in shares)
                print(f"| {scenario} | {n:,} | {row} |", flush=True)


if __name__ == "__main__":
    main()
