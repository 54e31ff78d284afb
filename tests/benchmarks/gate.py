"""Does the gate fail when it should, and only then?

    python tests/benchmarks/gate.py [--builds 1000] [--rows 2000]

Builds are drawn of a model whose true P(label | row) is known: softmax(z / T) with scores z drawn
anew each time, so that its true ECE, at the confidences that it claims, is known from a large
population. ``calibrate check --max ece=LIMIT --confident`` should fail at most 5 % of the builds
where LIMIT is the true ECE, and at least 95 % where the true ECE is LIMIT and twice the half-width
of the interval; ``--against`` at most 5 % of those of a model that is as it was, on other rows, on
the same rows, and where the earlier rows are many.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: a process per core is enough

import numpy as np

import calibrate
from calibrate.analyses.checks import Earlier, Requirements, against_checks, judge, paired_changes
from calibrate.results.checks import Limit, Outcome

CLASSES, POPULATION = 10, 1_000_000
PLAIN = calibrate.Settings(bootstrap=0)
QUICK = calibrate.Settings(full=False, bootstrap=0)  # the same figures, less of everything else


@dataclass(frozen=True)
class Model:
    """Scores of a spread, whose labels come from softmax(z / T)."""

    spread: float
    t: float

    def draw(self, rows: int, seed: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        z = rng.normal(scale=self.spread, size=(rows, CLASSES))
        return z, (z / self.t + rng.gumbel(size=z.shape)).argmax(axis=1)

    @property
    def true_ece(self) -> float:
        """That of a large population, in which the correctness of each row is its probability."""
        rng = np.random.default_rng(1)
        z = rng.normal(scale=self.spread, size=(POPULATION, CLASSES))
        claimed, true = (_top(z, t) for t in (1.0, self.t))
        where = np.searchsorted(np.linspace(0, 1, 16), claimed, side="left") - 1
        gaps = np.bincount(where, claimed - true, 15)
        return float(np.abs(gaps).sum() / POPULATION)


def _top(z: np.ndarray, t: float) -> np.ndarray:
    z = z / t
    z -= z.max(axis=1, keepdims=True)
    return 1 / np.exp(z).sum(axis=1)


MODELS = {
    "calibrated": Model(2.0, 1.0),
    "overconfident": Model(2.0, 1.5),
    "far overconfident, accurate": Model(5.0, 3.0),
    "timid": Model(2.0, 0.8),
}


def measured(
    model: Model, rows: int, seed: tuple[int, ...], settings: calibrate.Settings
) -> calibrate.Report:
    return calibrate.evaluate(*model.draw(rows, seed), settings=settings)


def confident_build(model: Model, rows: int, limit: float, seed: int) -> tuple[bool, bool]:
    """Whether a build fails where the true ECE is the limit, and where the limit is two
    half-widths lower.
    """
    report = measured(model, rows, (seed, 1), PLAIN)
    ece = report.metrics.before["ece"]
    lower = limit - (ece.high - ece.low)

    def fails(at: float) -> bool:
        asked = Requirements((Limit("max", "ece", max(at, 0.0)),), confident=True)
        return judge(report, asked).checks[0].outcome is Outcome.failed

    return fails(limit), fails(lower)


def against_build(
    model: Model, rows: int, others: tuple[float, float], seed: int
) -> tuple[bool, ...]:
    """Whether a model fails that is as it was: on other rows, where those of the earlier report are
    ten times as many, or a tenth, and on the very same rows through two T that are equally bad
    (the nll alone).
    """
    z, y = model.draw(rows, (seed, 2))
    dataset = calibrate.Dataset.of(z, y)
    now = calibrate.evaluate(dataset, settings=QUICK)
    found = []
    for earlier_rows, at in ((rows, 3), (10 * rows, 4), (rows // 10, 5)):
        earlier = Earlier("earlier", measured(model, earlier_rows, (seed, at), QUICK))
        found.append(_fails(against_checks(now, earlier, None)))
    first, second = map(calibrate.Temperature, others)
    then, later = (
        calibrate.evaluate(dataset, calibrator=c, settings=QUICK) for c in (first, second)
    )
    earlier = Earlier("earlier", then)
    change = paired_changes(later, earlier, dataset, second)
    if change is None:
        raise SystemExit("the very same rows were not recognised")
    return (*found, _fails(against_checks(later, earlier, {"nll": change["nll"]})))


def same_nll(model: Model, t: float) -> float:
    """The other T with the NLL of ``t`` in the long run."""
    rng = np.random.default_rng(2)
    z = rng.normal(scale=model.spread, size=(POPULATION, CLASSES))
    q = np.exp(z / model.t - np.log(np.exp(z / model.t).sum(axis=1, keepdims=True)))

    def nll(at: float) -> float:
        return float(np.mean(np.log(np.exp(z / at).sum(axis=1)) - (q * z).sum(axis=1) / at))

    low, high = model.t / 2, model.t
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if nll(middle) > nll(t) else (low, middle)
    return low


def _fails(checks: tuple) -> bool:
    return any(check.outcome is Outcome.failed for check in checks)


def lines(builds: int, rows: int, pool: ProcessPoolExecutor) -> Iterator[str]:
    yield f"{builds} builds of {rows} rows; share that fails\n"
    yield "| model | true ECE | limit = true ECE | true ECE = limit + 2 half-widths |"
    yield "| --- | ---: | ---: | ---: |"
    for name, model in MODELS.items():
        ece = model.true_ece
        build = partial(confident_build, model, rows, ece)
        at, beyond = np.mean(list(pool.map(build, range(builds), chunksize=10)), axis=0)
        told = f"{beyond:.1%}" if ece > 0.02 else "–"  # no limit is that far below
        yield f"| {name} | {ece:.4f} | {at:.1%} | {told} |"
    yield "\n| model as it was | as many rows | ten times as many | a tenth | the same rows, T |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, model in MODELS.items():
        others = 1.1 * model.t, same_nll(model, 1.1 * model.t)
        build = partial(against_build, model, rows, others)
        shares = np.mean(list(pool.map(build, range(builds), chunksize=10)), axis=0)
        yield f"| {name} | {' | '.join(f'{share:.1%}' for share in shares)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--builds", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=2000)
    options = parser.parse_args()
    with ProcessPoolExecutor() as pool:
        for line in lines(options.builds, options.rows, pool):
            print(line, flush=True)


if __name__ == "__main__":
    main()
