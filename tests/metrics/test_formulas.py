"""Figures, and intervals of what is not a plain mean, against their formulas written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rows import kept

from calibrate import Measurement
from calibrate.blocks.bins import BinTable, Levels, bin_index, equal_width_edges
from calibrate.blocks.block import PARTS
from calibrate.metrics.binned import ece, mce, rmsce, rmsce_debiased
from calibrate.metrics.bootstrap import PartCells, Recipe, bootstrap, interval
from calibrate.metrics.curves import smooth_reliability
from calibrate.metrics.ranked import smooth_ece
from calibrate.metrics.registry import Interval, metrics_of


def drawn(seed: int, n: int = 60):
    """Confidences, correctness and weights."""
    rng = np.random.default_rng(seed)
    confidence = np.round(rng.uniform(0.3, 1, n), 1 + seed % 2)
    correct = (rng.random(n) < confidence**2).astype(float)
    return confidence, correct, rng.integers(0, 4, n) + 0.5 * (seed % 3)


@pytest.mark.parametrize("n_bins", [1, 4, 15])
@pytest.mark.parametrize("seed", range(4))
def test_figures_of_bins(seed, n_bins):
    c, a, w = drawn(seed)
    per_weight = w.sum() / (w @ w)
    table = BinTable.from_rows(c, a, w, equal_width_edges(n_bins))
    share, gap, chance = np.zeros((3, n_bins))
    inside = bin_index(c, table.edges)
    for b in {*inside[w > 0]}:
        mine = np.where(inside == b, w, 0)
        share[b], right, rows = mine.sum() / w.sum(), mine @ a / mine.sum(), mine.sum() * per_weight
        gap[b] = right - mine @ c / mine.sum()
        chance[b] = right * (1 - right) / (rows - 1) if rows >= 2 else gap[b] ** 2
    found = [f(table) for f in (ece, mce, rmsce)]
    assert found == pytest.approx([share @ abs(gap), abs(gap).max(), np.sqrt(share @ gap**2)])
    debiased = np.sqrt(max(0, share @ (gap**2 - chance)))
    assert rmsce_debiased(replace(table, rows_per_weight=per_weight)) == pytest.approx(debiased)


@pytest.mark.parametrize("seed", range(6))
def test_smooth_ece_is_the_integral_of_the_smoothed_gap(seed):
    """The kernel at every point of the mesh, reflected at 0 and 1 again and again."""
    c, a, w = drawn(seed)
    c, a = 0.97 * c + 0.01 * seed / 6, 1 - a if seed > 3 else a  # far off: a wide kernel
    images = np.concatenate([sign * c + 2 * k for k in range(-3, 4) for sign in (1, -1)])

    def at(sigma: float) -> float:
        mesh = np.linspace(0, 1, max(200, round(10 / sigma)))
        kernel = np.exp(-0.5 * ((mesh[:, None] - images) / sigma) ** 2)
        residual, weight = (kernel @ np.tile(x, 14) for x in (w * (c - a), w))
        return float(abs(residual).sum() / weight.sum())

    low, high = 0.0, 1.0
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (low, middle) if middle >= max(at(middle), 1e-3) else (middle, high)
    assert smooth_ece(Levels.from_rows(c, a, w)) == pytest.approx(at(high), abs=1e-5)


@pytest.mark.parametrize(
    ("value", "centre", "bounds", "low", "high"),
    [
        (0.4, 0.4, (-9, 9), 0.8 - 0.975, 0.8 - 0.025),
        (0.4, 0.5, (-9, 9), 0.9 - 0.975, 0.9 - 0.025),
        (0.4, 0.4, (0, 0.5), 0, 0.5),
        (0.1, 1.5, (-9, 9), 0.1, 1.6 - 0.025),  # stretched to the value
        (0.9, 0.0, (-9, 9), 0.9 - 0.975, 0.9),
    ],
)
def test_basic_bootstrap_intervals(value, centre, bounds, low, high):
    samples = np.linspace(0, 1, 1001)
    got = interval(value, centre, samples, bounds)
    assert (got.value, got.low, got.high) == pytest.approx((value, low, high), abs=1e-9)
    for every, known in ((20, True), (9, False)):  # of which a few, or many, are undefined
        some = np.where(np.arange(1001) % every == 0, np.nan, samples)
        assert (interval(value, centre, some, bounds).low is not None) == known
    at_the_end = interval(bounds[0], bounds[0], np.full(9, bounds[0]), bounds)
    assert at_the_end == Measurement(bounds[0])


def test_bootstrap_samples_are_rows_repeated():
    c, w = np.random.default_rng(1).uniform([[0], [0.5]], [[1], [2]], (2, 300))
    a, unit = drawn(1, 300)[1], np.arange(300) // 3
    rows, metrics = kept(c, a, w, unit), list(metrics_of(Interval.BOOTSTRAP).values())
    repeats = np.random.default_rng(2).poisson(1.0, (3, PARTS)).astype(float)
    got, want = (
        PartCells.from_rows(rows, 0).sample(repeats),
        Levels.from_rows(c, a, w * repeats[:, unit]),
    )
    for name in ("confidence", "weight", "correct"):
        np.testing.assert_allclose(getattr(got, name), getattr(want, name), atol=1e-12)
    recipe = Recipe.for_levels(rows.ordered[0], equal_width_edges(15), metrics)
    centre, _ = bootstrap(rows, [recipe], 1, seed=0)
    np.testing.assert_allclose(centre[0], recipe.figures(rows.ordered[0]), atol=1e-3)
    few = kept(c[:3], a[:3], np.array([1.0, 1.0, 0.0]))
    _, samples = bootstrap(
        few, [Recipe.for_levels(few.ordered[0], equal_width_edges(2), metrics)], 90, 0
    )
    assert 0.05 < np.isnan(samples[:, 0, 0]).mean() < 0.25  # neither row is drawn: 1/e²


@pytest.mark.parametrize(("low", "high"), [(0.3, 0.9), (1e-4, 0.9), (0.3, 1 - 1e-6)])
def test_curves_end_where_the_data_do(low, high):
    rows = kept(np.linspace(low, high, 80), (np.arange(80) % 3 > 0).astype(float))
    points = np.array(smooth_reliability(rows, 0).confidence)
    assert {low, high} <= {*points}
    beyond = np.count_nonzero((points < 0.005) & (points > 0)), np.count_nonzero(points > 0.995)
    assert (beyond[0] > 5, beyond[1] > 6) == (low < 0.005, high > 0.995)
