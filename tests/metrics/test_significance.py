from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

import calibrate
from calibrate import Settings
from calibrate.blocks.bins import BinTable, equal_width_edges
from calibrate.blocks.parts import part_of
from calibrate.blocks.row_sums import RowSums
from calibrate.metrics.calibrated import Chance, drawn_gaps
from calibrate.metrics.significance import spiegelhalter_test, temperature_test
from calibrate.metrics.totals import KeptRows, Totals

EDGES = equal_width_edges(15)


def calibrated(seed: int, n: int = 400):
    rng = np.random.default_rng(seed)
    confidence = rng.beta(5, 2, n)
    return confidence, (rng.random(n) < confidence).astype(float)


def chance(c, a, w=None, seed: int = 0) -> Chance:
    w = np.ones(len(c)) if w is None else w
    table = BinTable.of(c, a, w, EDGES)
    return Chance(table.correct_sum - table.confidence_sum, drawn_gaps(c, w, EDGES, seed), table)


def totals_of(c, a) -> Totals:
    n, one = len(c), np.ones(len(c))
    part = part_of(np.arange(n))
    kept = KeptRows((c,), (a,), (np.zeros(n),), one, part)
    rows = RowSums.of([a], one, part)
    return Totals(("accuracy",), rows, (BinTable.of(c, a, one, EDGES),), (), (), (), (kept,))


def spiegelhalter(c, a):
    totals = totals_of(c, a)
    return spiegelhalter_test(totals.kept, 0, totals)


WEIGHTS = {
    "equal": lambda _, n: np.ones(n),
    "pareto": lambda rng, n: rng.pareto(2.1, n) + 0.01,
    "few heavy": lambda rng, n: np.where(rng.random(n) < 0.02, 50.0, 1.0),
}


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("n", [300, 4000])
def test_p_values_are_uniform_when_the_confidences_are_calibrated(weights, n):
    first, second = [], []
    for seed in range(300):
        c, a = calibrated(seed, n)
        w = WEIGHTS[weights](np.random.default_rng(seed), n)
        first.append(chance(c, a, w, seed).test.p_value)
        second.append(spiegelhalter(c, a).p_value)
    for p in (first, second):
        assert kstest(p, "uniform").pvalue > 0.001
        assert 0.02 <= np.mean(np.array(p) < 0.05) <= 0.09


def test_the_score_test_is_uniform_at_the_true_temperature():
    p = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        z = rng.normal(scale=3, size=(300, 5))
        y = (z / 2 + rng.gumbel(size=z.shape)).argmax(1)
        q = np.exp(z / 2) / np.exp(z / 2).sum(1, keepdims=True)
        slope = ((q * z).sum(1) - z[np.arange(300), y]) / 2
        p.append(temperature_test(RowSums.of([slope], np.ones(300)), -1).p_value)
    assert kstest(p, "uniform").pvalue > 0.001


def test_overconfidence_is_found():
    c, a = calibrated(1, 2000)
    assert chance(np.minimum(c + 0.1, 1), a).test.p_value == pytest.approx(1 / 1001)


def test_what_would_be_found_four_times_in_five_is():
    c, a = calibrated(1, 2000)
    size = chance(c, a).detectable
    found = []
    for seed in range(200):
        c, a = calibrated(seed, 2000)
        found.append(chance(np.minimum(c + size, 1), a, seed=seed).test.p_value)
    assert 0.7 < np.mean(np.array(found) < 0.05) < 0.9


def test_the_report_carries_them(data):
    report = calibrate.evaluate(*data, calibrate.Temperature(2.0), settings=Settings(bootstrap=0))
    before, after = report.tests.before, report.tests.after
    assert before.temperature.statistic > 5  # the data want T = 2, not 1
    assert abs(after.temperature.statistic) < 2.5
    assert before.consistency.p_value < 0.01 < after.consistency.p_value
    c = np.exp(data[0].astype(float) / 2)
    c = (c / c.sum(1, keepdims=True)).max(1)
    a = data[0].argmax(1) == data[1]
    z = ((a - c) * (1 - 2 * c)).sum() / np.sqrt(((1 - 2 * c) ** 2 * c * (1 - c)).sum())
    assert after.spiegelhalter.statistic == pytest.approx(z, abs=1e-9)


def test_a_test_without_variance_is_undefined():
    test = spiegelhalter(np.ones(500), np.ones(500))
    assert test.statistic is None
    assert test.p_value is None


def test_the_band_holds_what_calibrated_models_show():
    c, _ = calibrated(0, 3000)
    low, high = chance(c, np.zeros(3000)).band
    rng = np.random.default_rng(9)
    inside = []
    for _ in range(300):
        a = (rng.random(3000) < c).astype(float)
        accuracy = BinTable.of(c, a, np.ones(3000), EDGES).accuracy
        inside.append((accuracy >= low) & (accuracy <= high))
    assert 0.93 < np.mean(inside) <= 1
