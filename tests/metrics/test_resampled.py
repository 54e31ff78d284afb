from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from conftest import under

import calibrate
from calibrate import Settings
from calibrate.blocks.ordered import Ordered
from calibrate.blocks.row_sums import RowSums
from calibrate.metrics.definitions.ranked import auroc, ks
from calibrate.metrics.intervals.normal import normal


def test_the_normal_interval_of_a_mean():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=200), rng.random(200) + 0.1
    (got,) = normal(RowSums.of([x], w), [(-np.inf, np.inf)])
    mean = np.average(x, weights=w)
    error = np.sqrt((w**2 * (x - mean) ** 2).sum() * 200 / 199) / w.sum()
    assert got.value == pytest.approx(mean)
    assert (got.low, got.high) == pytest.approx(
        (mean - 1.96 * error, mean + 1.96 * error), rel=1e-4
    )


def test_sums_add_up():
    x = np.random.default_rng(0).normal(size=(2, 90))
    w = np.linspace(1, 3, 90)
    whole = RowSums.of(list(x), w)
    parts = RowSums.of(list(x[:, :31]), w[:31]) + RowSums.of(list(x[:, 31:]), w[31:])
    np.testing.assert_allclose(parts.errors, whole.errors, rtol=1e-12)


def test_changes_are_paired_and_agree_with_their_sides(data):
    report = calibrate.evaluate(*data, calibrate.Temperature(2.0), settings=Settings(bootstrap=200))
    before, after, change = report.metrics.before, report.metrics.after, report.metrics.change
    assert set(change) == set(before)
    for name, figure in change.items():
        assert figure.value == pytest.approx(after[name].value - before[name].value, abs=1e-12)
        assert figure.low <= figure.high
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
    """Above 4 096 rows the bootstrap works on cells: its spread is that of the rows."""
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
            draws.append(float(function(Ordered.of(c[rows], a[rows], np.ones(20_000)))))
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
