"""Figures and their sums against the formulas written out, and intervals in closed form."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import exact_figures
from rows import kept
from scipy import stats

import calibrate
from calibrate import Settings
from calibrate.blocks.bins import BinTable, Levels, bin_index, equal_width_edges
from calibrate.blocks.block import PARTS
from calibrate.metrics.binned import ece, mce, rmsce, rmsce_debiased
from calibrate.metrics.bootstrap import PartCells, Recipe, bootstrap, interval, stretch
from calibrate.metrics.evidence import Evidence
from calibrate.metrics.gaps import Gaps, gap_intervals, gap_measurements
from calibrate.metrics.means import score_interval
from calibrate.metrics.ranked import smooth_ece
from calibrate.metrics.registry import Interval, metrics_of
from calibrate.metrics.totals import PartGaps

QUICK = Settings(full=False)


def drawn(seed: int, n: int = 60):
    rng = np.random.default_rng(seed)
    confidence = np.round(rng.uniform(0.3, 1, n), 1 + seed % 2)
    correct = (rng.random(n) < confidence**2).astype(float)
    return confidence, correct, rng.integers(0, 4, n) + 0.5 * (seed % 3)


@given(st.integers(0, 10_000), st.integers(1, 20))
@settings(max_examples=30, deadline=None)
def test_figures_of_bins(seed, n_bins):
    c, a, w = drawn(seed)
    w[0], edges = 1.0, equal_width_edges(n_bins)
    table = dataclasses.replace(
        BinTable.from_rows(c, a, w, edges), rows_per_weight=w.sum() / (w @ w)
    )
    inside = bin_index(c, edges)
    gaps, chance = np.zeros(n_bins), np.zeros(n_bins)
    for b in set(inside[w > 0]):
        mine = np.where(inside == b, w, 0)
        accuracy, rows = (mine @ a) / mine.sum(), mine.sum() * w.sum() / (w @ w)
        gaps[b] = accuracy - (mine @ c) / mine.sum()
        chance[b] = accuracy * (1 - accuracy) / (rows - 1) if rows >= 2 else gaps[b] ** 2
    share = np.bincount(inside, w, n_bins) / w.sum()
    assert ece(table) == pytest.approx(share @ abs(gaps))
    assert mce(table) == pytest.approx(abs(gaps).max())
    assert rmsce(table) == pytest.approx(np.sqrt(share @ gaps**2))
    assert rmsce_debiased(table) == pytest.approx(np.sqrt(max(0, share @ (gaps**2 - chance))))


def test_figures_are_those_of_the_formulas_row_by_row(data):
    want = exact_figures(*data)
    got = calibrate.evaluate(*data, settings=QUICK).metrics.before
    for name in want.keys() - {"mce", "rmsce"}:
        assert got[name].value == pytest.approx(want[name], abs=1e-6), name
    label, order = data[1][:, None], np.argsort(-data[0], axis=1)[:, :5]
    assert got["top_5_accuracy"].value == pytest.approx((order == label).any(axis=1).mean())


def slow_smooth_ece(c, a, w):
    """The kernel at every point of the mesh, reflected at 0 and 1 again and again."""

    def at(sigma: float) -> float:
        mesh = np.linspace(0, 1, max(200, round(10 / sigma)))
        images = np.concatenate([c + 2 * k for k in range(-3, 4)])
        images = np.concatenate([images, -images])
        kernel = np.exp(-0.5 * ((mesh[:, None] - images) / sigma) ** 2)
        residual, weight = (kernel @ np.tile(x, 14) for x in (w * (c - a), w))
        return float(abs(residual).sum() / weight.sum())

    low, high = 0.0, 1.0
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (low, middle) if middle >= max(at(middle), 1e-3) else (middle, high)
    return at(high)


@pytest.mark.parametrize("seed", range(6))
def test_smooth_ece_is_the_integral_of_the_smoothed_gap(seed):
    c, a, w = drawn(seed)
    c, a = 0.97 * c + 0.01 * seed / 6, 1 - a if seed > 3 else a  # far off: a wide kernel
    want = slow_smooth_ece(c, a, w)
    assert smooth_ece(Levels.from_rows(c, a, w)) == pytest.approx(want, abs=3e-4)


@pytest.mark.parametrize(("k", "n"), [(0, 5), (1, 9), (40, 90), (90, 90)])
def test_a_share_has_the_interval_of_wilson(k, n):
    want, got = stats.binomtest(k, n).proportion_ci(method="wilson"), score_interval(k / n, n)
    assert (got.low, got.high) == pytest.approx((want.low, want.high), abs=1e-12)
    assert got.value == k / n


@pytest.mark.parametrize("kind", ["plain", "weights", "clusters", "soft"])
def test_the_interval_of_the_accuracy_rests_on_as_many_rows_as_its_error_says(data, kind):
    logits, labels = data[0].astype(float), data[1]
    rng, more = np.random.default_rng(0), {}
    w, unit = np.ones(400), np.arange(400)
    correct = (logits.argmax(1) == labels).astype(float)
    if kind == "weights":
        more["weights"] = w = rng.uniform(0.1, 2, 400)
    elif kind == "clusters":
        more["clusters"] = unit = np.argsort(np.argsort(correct + rng.random(400))) // 5
    elif kind == "soft":
        labels = 0.3 * np.eye(7)[labels] + 0.7 / 7
        correct = 0.3 * correct + 0.7 / 7
    got = calibrate.evaluate(logits, labels, settings=QUICK, **more).metrics.before["accuracy"]
    p = np.average(correct, weights=w)
    without = [np.average(correct[unit != u], weights=w[unit != u]) for u in np.unique(unit)]
    variance = (len(without) - 1) / len(without) * np.square(np.array(without) - p).sum()
    n, z = p * (1 - p) / variance, stats.t.ppf(0.975, len(without) - 1)
    if kind == "plain":
        n, z = 400, stats.norm.ppf(0.975)
    elif kind == "weights":  # no more than they weigh evenly
        n, z = min(n, w.sum() ** 2 / (w @ w)), stats.t.ppf(0.975, w.sum() ** 2 / (w @ w) - 1)
    want = score_interval(p, n, z)
    assert got.value == pytest.approx(p, abs=1e-12)
    assert (got.low, got.high) == pytest.approx((want.low, want.high), rel=1e-6)


@pytest.mark.parametrize(
    ("rows", "units", "even", "right", "wrong", "said"),
    [
        (100, 30, True, 20, 20, "enough many ample"),
        (100, 30, True, 80, 19.9, "enough many"),
        (100, 30, True, 19.9, 80, "enough many"),
        (99.9, 30, True, 50, 49.9, "enough"),
        (100, 29.9, True, 50, 50, "enough"),
        (100, 30, False, 50, 50, "enough"),
        (100, 3, True, 95, 5, "enough"),
        (100, 2.9, True, 50, 50, ""),
        (100, 90, True, 95.1, 4.9, "many"),
        (100, 90, True, 4.9, 95.1, "many"),
    ],
)
def test_how_much_evidence_is_enough(rows, units, even, right, wrong, said):
    found = Evidence(rows, units, even, right, wrong)
    names = ("enough", "many", "ample")
    assert [name for name in names if getattr(found, name)] == said.split()


def test_basic_bootstrap_intervals():
    """``value + centre - quantiles``, cut off at the bounds and stretched to the value."""
    samples, any_ = np.linspace(0, 1, 1001), (-np.inf, np.inf)

    def ends(value, centre, samples=samples, bounds=any_):
        found = interval(value, centre, samples, bounds)
        return pytest.approx((found.value, found.low, found.high), abs=1e-9)

    assert ends(0.4, 0.4) == (0.4, 0.8 - 0.975, 0.8 - 0.025)
    assert ends(0.4, 0.5) == (0.4, 0.9 - 0.975, 0.9 - 0.025)
    assert ends(0.4, 0.4, bounds=(0, 0.5)) == (0.4, 0, 0.5)
    assert ends(0.1, 1.5) == (0.1, 0.1, 1.6 - 0.025)
    assert ends(0.9, 0.0) == (0.9, 0.9 - 0.975, 0.9)
    holes = np.where(np.arange(1001) % 20 == 0, np.nan, samples)
    assert interval(0.4, 0.4, holes, any_).low == pytest.approx(0.8 - 0.975, abs=1e-3)
    few = np.where(np.arange(1001) % 9 == 0, np.nan, samples)
    for value, drawn_, bounds in (
        (0.4, few, any_),
        (0.4, samples[:0], any_),
        (0.0, np.zeros(9), (0, 1)),
    ):
        assert interval(value, value, drawn_, bounds) == calibrate.Measurement(value)
    assert interval(np.nan, 0.0, samples, any_).value is None
    assert interval(0.4, 0.4, np.full(9, 0.4), (0, 1)).low == pytest.approx(0.4)


def test_bootstrap_samples_are_rows_repeated():
    _, a, _ = drawn(1, 300)
    c, w = np.random.default_rng(1).uniform([[0], [0.5]], [[1], [2]], (2, 300))
    unit = np.arange(300) // 3
    rows, metrics = kept(c, a, w, unit), list(metrics_of(Interval.BOOTSTRAP).values())
    repeats = np.random.default_rng(2).poisson(1.0, (3, PARTS)).astype(float)
    got = PartCells.from_rows(rows, 0).sample(repeats)
    for i in range(3):
        want = Levels.from_rows(c, a, w * repeats[i][unit])
        np.testing.assert_allclose(got.confidence, want.confidence, rtol=1e-12)
        np.testing.assert_allclose(got.weight[i], want.weight, atol=1e-12)
        np.testing.assert_allclose(got.correct[i], want.correct, atol=1e-12)
    assert got.rows_per_weight == pytest.approx(w.sum() / (w @ w))
    recipe = Recipe.for_levels(rows.ordered[0], equal_width_edges(15), metrics)
    centre, _ = bootstrap(rows, [recipe], 1, seed=0)
    np.testing.assert_allclose(centre[0], recipe.figures(rows.ordered[0]), atol=1e-3)  # a bisection
    few = kept(c[:3], a[:3], np.array([1.0, 1.0, 0.0]))
    _, samples = bootstrap(
        few, [Recipe.for_levels(few.ordered[0], equal_width_edges(2), metrics)], 90, 0
    )
    assert 0.05 < np.isnan(samples[:, 0, 0]).mean() < 0.25  # e⁻²: neither row is drawn


def test_few_parts_stretch_the_samples():
    assert np.isnan(stretch(np.array([1.0, 0.0])))
    for weight, n, effective in (([1, 1, 1, 0], 3, 3), ([2, 1, 1], 3, 16 / 6)):
        student = stats.t.ppf(0.975, effective - 1) / stats.norm.ppf(0.975)
        want = student * np.sqrt(n / (n - 1))
        assert stretch(np.array(weight, float)) == pytest.approx(want, rel=1e-9)


def test_what_chance_adds_to_a_sum_of_gaps():
    """The least where gaps are as large as they look, the most where noise may be all of them."""
    gap, error = np.array([0.5, -0.2, 0.1, 0.0]), np.array([0.1, 0.2, 0.1, 0.0])

    def added(mean, spread):
        return stats.foldnorm.mean(mean / spread, scale=spread) - mean

    found = Gaps.from_bins(gap, error)
    assert found.value == pytest.approx(0.8)
    least = added(0.5, 0.1) + added(0.2, 0.2) + added(0.1, 0.1)
    assert found.least == pytest.approx(least, abs=1e-12)
    most = added(0.5, 0.1) + added(0, 0.2) + added(0, 0.1)
    assert found.most == pytest.approx(most, abs=1e-12)
    sides = [Gaps(0.3, 0.01, 0.05), Gaps(0.1, 0.02, 0.2)]
    got = [(m.value, m.low, m.high) for m in gap_intervals(sides, [0.02, 0.03, 0.04])]
    assert got[0] == pytest.approx((0.3, 0.23, 0.31))
    assert got[1] == pytest.approx((0.1, 0.0, 0.11))
    assert got[2] == pytest.approx((-0.2, -0.2 - 0.19 - 0.04, -0.2 + 0.03 + 0.04))


@pytest.mark.parametrize("drawn_share", [0.0, 1.0])
def test_the_interval_of_a_sum_of_gaps_rests_on_independent_parts(drawn_share):
    c, a, _ = drawn(4, 90)
    w, unit = np.random.default_rng(3).uniform(0.5, 2, 90), np.arange(90) // 2
    edges = equal_width_edges(3)
    (got,) = gap_measurements([PartGaps.from_rows(c, a, w, unit, edges)], drawn=drawn_share)
    inside = np.arange(3) == bin_index(c, edges)[:, None]
    sums = np.zeros((45, 3))
    np.add.at(sums, unit, (w * (a - c))[:, None] * inside)
    mass, gap = np.bincount(unit, w), sums.sum(0) / w.sum()
    noise = sums - mass[:, None] * gap
    variance = 45 / 44 * np.square(noise).sum(0)
    chance = ((w**2 * c * (1 - c))[:, None] * inside).sum(0)
    error = np.sqrt(np.maximum(variance, drawn_share * chance)) / w.sum()
    slope = noise @ np.sign(gap) / (w.sum() - mass)
    n = w.sum() ** 2 / (mass @ mass)
    width = stats.t.ppf(0.975, n - 1) * np.sqrt(44 / 45 * slope @ slope)
    gaps = Gaps.from_bins(gap, error)
    low, high = max(0.0, gaps.value - gaps.most - width), gaps.value - gaps.least + width
    want = (abs(gap).sum(), low, max(gaps.value, high))
    assert (got.value, got.low, got.high) == pytest.approx(want, rel=1e-9)
