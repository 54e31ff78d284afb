from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from conftest import under
from rows import kept
from scipy import stats

import calibrate
from calibrate import Settings
from calibrate.blocks.bins import Levels
from calibrate.blocks.block import part_of
from calibrate.blocks.sums import RowSums
from calibrate.metrics.bootstrap import Recipe, bootstrap
from calibrate.metrics.means import means_of, skewed, unskewed
from calibrate.metrics.ranked import auroc, ks
from calibrate.metrics.registry import METRICS, Interval, metrics_of


def test_the_interval_of_a_mean_is_the_weighted_jackknifes():
    """Against leaving each row out in turn (Efron & Stein 1981), and Student's quantile of the
    effective number of rows; without skewness the interval is symmetric.
    """
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=100), rng.random(100) + 0.1
    x, w = np.concatenate([x, -x]), np.concatenate([w, w])  # no skewness
    (got,) = means_of(RowSums.from_columns([x], w), [(-np.inf, np.inf)])
    without = [np.average(np.delete(x, i), weights=np.delete(w, i)) for i in range(200)]
    error = np.sqrt(199 / 200 * np.square(np.array(without) - np.average(x, weights=w)).sum())
    half = stats.t.ppf(0.975, w.sum() ** 2 / (w**2).sum() - 1) * error
    assert got.value == pytest.approx(np.average(x, weights=w), abs=1e-12)
    assert (got.low, got.high) == pytest.approx((got.value - half, got.value + half), rel=1e-9)


def test_skewness_moves_the_interval_towards_the_long_tail():
    """Exponential values: the interval of Hall (1992) holds their mean as often as it says where
    Student's holds it 90 times in 100.
    """
    rng = np.random.default_rng(3)
    held = []
    for _ in range(2000):
        x = np.expm1(rng.normal(scale=1.2, size=60))
        (got,) = means_of(RowSums.from_columns([x], np.ones(60)), [(-np.inf, np.inf)])
        held.append(got.low <= np.expm1(0.72) <= got.high)
    assert np.mean(held) > 0.9


def test_rows_of_a_unit_are_one():
    """Every row twice, marked as such, tells what the rows once tell."""
    x, w = np.random.default_rng(0).normal(size=300), np.linspace(1, 2, 300)
    once = RowSums.from_columns([x], w)
    twice = RowSums.from_columns(
        [np.repeat(x, 2)], np.repeat(w, 2) / 2, part_of(np.repeat(np.arange(300), 2))
    )
    assert twice.errors == pytest.approx(once.errors, rel=1e-12)
    alone = RowSums.from_columns([np.repeat(x, 2)], np.repeat(w, 2) / 2)
    assert alone.errors[0] < 0.75 * once.errors[0]


def test_sums_add_up():
    x = np.random.default_rng(0).normal(size=(2, 90))
    w = np.linspace(1, 3, 90)
    whole = RowSums.from_columns(list(x), w)
    part = part_of(np.arange(90))
    first, rest = slice(None, 31), slice(31, None)
    parts = RowSums.from_columns(list(x[:, first]), w[first], part[first])
    parts += RowSums.from_columns(list(x[:, rest]), w[rest], part[rest])
    np.testing.assert_allclose(parts.errors, whole.errors, rtol=1e-12)


def test_changes_are_paired_and_agree_with_their_sides(data):
    report = calibrate.evaluate(*data, calibrate.Temperature(2.0), settings=Settings(bootstrap=200))
    before, after, change = report.metrics.before, report.metrics.after, report.metrics.change
    assert set(change) == set(before)
    for name, figure in change.items():
        assert figure.value == pytest.approx(after[name].value - before[name].value, abs=1e-12)
        metric = METRICS[name]
        if metric.interval is Interval.NONE or "change" in metric.without:
            assert figure.low is None, name
            continue
        assert figure.low <= figure.high
    for name, figure in before.items():
        metric = METRICS[name]
        without = metric.interval is Interval.NONE or "value" in metric.without
        assert (figure.low is None) == without, name
    for name in ("nll", "auroc", "aurc"):  # paired: much narrower than the intervals of the sides
        width = change[name].high - change[name].low
        assert width < 0.7 * (before[name].high - before[name].low), name
    assert (change["accuracy"].low, change["accuracy"].high) == (0, 0)


def test_the_bootstrap_is_seeded_and_independent_of_workers(data):
    def report(seed):
        return calibrate.evaluate(*data, settings=Settings(bootstrap=200, seed=seed))

    reports = [
        under(workers, partial(report, seed)) for seed, workers in ((0, 1), (0, 2), (0, 4), (1, 2))
    ]
    assert reports[0] == reports[1] == reports[2]
    assert reports[0].metrics.before["ks"] != reports[3].metrics.before["ks"]


def test_no_bootstrap_no_interval(data):
    figures = calibrate.evaluate(*data, settings=Settings(bootstrap=0)).metrics.before
    assert figures["ks"].low is None
    assert figures["nll"].low is not None


def test_cells_stand_in_for_rows():
    """Above 1 024 rows the bootstrap works on parts and cells: its spread is that of the rows."""
    rng = np.random.default_rng(0)
    z = rng.normal(scale=2, size=(20_000, 4))
    y = (z / 1.5 + rng.gumbel(size=z.shape)).argmax(1)
    report = calibrate.evaluate(z, y, settings=Settings(bootstrap=400))
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    c, a = p.max(1), (p.argmax(1) == y).astype(float)
    for name, function in {"auroc": auroc, "ks": ks}.items():
        draws = []
        for _ in range(200):
            rows = rng.integers(0, 20_000, 20_000)
            draws.append(float(function(Levels.from_rows(c[rows], a[rows], np.ones(20_000)))))
        figure = report.metrics.before[name]
        width = np.quantile(draws, 0.975) - np.quantile(draws, 0.025)
        assert figure.high - figure.low == pytest.approx(width, rel=0.25), name


def test_weights_widen_the_interval_by_the_effective_size(data):
    logits, labels = data
    plain = calibrate.evaluate(logits, labels, settings=Settings(bootstrap=0)).metrics.before
    half = np.where(np.arange(400) % 2, 1.0, 1e-9)
    figures = calibrate.evaluate(
        logits, labels, weights=half, settings=Settings(bootstrap=0)
    ).metrics.before
    ratio = (figures["nll"].high - figures["nll"].low) / (plain["nll"].high - plain["nll"].low)
    assert ratio == pytest.approx(np.sqrt(2), rel=0.2)


@pytest.mark.parametrize("skew", [-0.6, -0.05, 0.0, 0.05, 0.6])
def test_taking_the_skewness_out_and_putting_it_in_are_inverse(skew):
    for z in (-1.5, -0.2, 0.0, 0.9, 1.96):
        assert skewed(unskewed(z, skew), skew) == pytest.approx(z, abs=1e-12)


def test_as_many_samples_are_drawn_as_asked_for():
    rng = np.random.default_rng(0)
    rows = kept(rng.uniform(0.3, 1, 200), (rng.random(200) < 0.7).astype(float))
    metrics = list(metrics_of(Interval.BOOTSTRAP).values())
    recipe = Recipe.for_levels(rows.ordered[0], np.linspace(0, 1, 16), metrics)
    for count in (1, 50, 130):
        _, drawn = bootstrap(rows, [recipe], count, seed=0)
        assert drawn.shape == (count, 1, len(metrics))
