from __future__ import annotations

import numpy as np
import pytest
from conftest import margin, runs
from rows import kept
from scipy.special import softmax
from scipy.stats import kstest

import calibrate
from calibrate import Settings
from calibrate.blocks.bins import BinTable, equal_width_edges
from calibrate.blocks.sums import RowSums
from calibrate.metrics.tests import Chance, drawn_gaps, spiegelhalter_test
from calibrate.metrics.totals import Totals

EDGES = equal_width_edges(15)


def calibrated(seed: int, n: int = 400):
    rng = np.random.default_rng(seed)
    confidence = rng.beta(5, 2, n)
    return confidence, (rng.random(n) < confidence).astype(float)


def chance(c, a, w=None, seed: int = 0) -> Chance:
    w = np.ones(len(c)) if w is None else w
    table = BinTable.from_rows(c, a, w, EDGES)
    return Chance(table.correct_sum - table.confidence_sum, drawn_gaps(c, w, EDGES, seed), table)


def totals_of(c, a) -> Totals:
    rows = kept(c, a)
    sums = RowSums.from_columns([a], rows.weight, rows.part)
    table = BinTable.from_rows(c, a, rows.weight, EDGES)
    return Totals(("accuracy",), sums, (table,), (), (), (), (rows,))


def spiegelhalter(c, a):
    totals = totals_of(c, a)
    return spiegelhalter_test(totals.kept, 0, totals)


WEIGHTS = {
    "equal": lambda _, n: np.ones(n),
    "pareto": lambda rng, n: rng.pareto(2.1, n) + 0.01,
    "few heavy": lambda rng, n: np.where(rng.random(n) < 0.02, 50.0, 1.0),
}


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize(
    ("n", "runs"),
    [
        (300, 60),
        (4000, 8),
        pytest.param(300, 300, marks=pytest.mark.long),
        pytest.param(4000, 50, marks=pytest.mark.long),
    ],
)
def test_p_values_are_uniform_when_the_confidences_are_calibrated(weights, n, runs):
    first, second = [], []
    for seed in range(runs):
        c, a = calibrated(seed, n)
        w = WEIGHTS[weights](np.random.default_rng(seed), n)
        first.append(chance(c, a, w, seed).test.p_value)
        second.append(spiegelhalter(c, a).p_value)
    for p in (first, second):
        assert kstest(p, "uniform").pvalue > 0.001
        assert np.mean(np.array(p) < 0.05) <= 0.05 + margin(0.05, runs)


def reports(runs: int, draw, **options):
    for seed in range(runs):
        logits, labels, more = draw(np.random.default_rng(seed))
        yield calibrate.evaluate(logits, labels, **more, **options)


def multiclass(n=300, k=5, sharpness=1.0):
    def draw(rng):
        z = rng.normal(scale=1.5, size=(n, k))
        return sharpness * z, (z + rng.gumbel(size=z.shape)).argmax(1), {}

    return draw


QUICK = Settings(bootstrap=0, top=0)


def rejected(reports, side: str, *names: str) -> dict[str, float]:
    found = {name: [] for name in names}
    for report in reports:
        for name in names:
            found[name].append(getattr(getattr(report.tests, side), name).p_value)
    known = {name: [each for each in p if each is not None] for name, p in found.items()}
    assert all(len(p) > len(found[name]) / 4 for name, p in known.items())
    return {name: np.mean(np.array(p) < 0.05) for name, p in known.items()}


@runs(15, 70)
def test_p_values_of_a_report_are_uniform_where_nothing_is_wrong(runs):
    names = ("consistency", "spiegelhalter", "temperature", "classwise")
    found = rejected(reports(runs, multiclass(), settings=QUICK), "before", *names)
    assert max(found.values()) <= 0.05 + margin(0.05, runs)


def images(rng):
    """150 images of 8 pixels that are all right or all wrong together, of a calibrated model."""
    p = np.repeat(rng.uniform(0.3, 0.9, 150), 8)
    right = np.repeat(rng.random(150), 8) < p
    logits = np.stack([np.log(p / (1 - p)), np.zeros(1200)], axis=1)
    return logits, (1 - right).astype(int), {"clusters": np.repeat(np.arange(150), 8)}


@runs(12, 70)
def test_rows_that_belong_together_are_not_taken_for_evidence(runs):
    names = ("consistency", "spiegelhalter", "temperature")
    as_clusters = rejected(reports(runs, images, settings=QUICK), "before", *names)
    assert max(as_clusters.values()) <= 0.05 + margin(0.05, runs)

    def as_rows(rng):
        return *images(rng)[:2], {}

    blind = rejected(reports(runs // 2, as_rows, settings=QUICK), "before", *names)
    assert min(blind.values()) > 0.3  # what the clusters are for


def test_a_handful_of_clusters_is_no_basis_for_a_test():
    logits, labels, _ = images(np.random.default_rng(0))
    few = {"clusters": np.arange(1200) // 60}
    tests = calibrate.evaluate(logits, labels, settings=QUICK, **few).tests.before
    for test in (tests.consistency, tests.spiegelhalter, tests.temperature):
        assert test.p_value is None


@runs(12, 60)
def test_after_a_fit_on_the_same_rows_the_tests_allow_for_it(runs):
    consistency, z = [], []
    for seed in range(runs):
        logits, labels, _ = multiclass(n=400, sharpness=2.0)(np.random.default_rng(seed))
        found = calibrate.cross_evaluate(logits, labels, settings=QUICK).tests.after
        assert found.temperature.p_value is None  # 0 by construction: no evidence
        assert found.after_fit
        consistency.append(found.consistency.p_value)
        z.append(found.spiegelhalter.p_value)
    for p in (consistency, z):
        assert np.mean(np.array(p) < 0.05) <= 0.05 + margin(0.05, runs)
        assert np.mean(np.array(p) < 0.5) > 0.3  # not vacuous


def test_after_a_fit_the_error_of_spiegelhalter_is_that_of_leaving_rows_out():
    """The jackknife of the mean of (a - c)(1 - 2c), T fitted anew without each row in turn."""
    rng = np.random.default_rng(0)
    z = rng.normal(scale=2, size=(300, 4))
    labels = (z + rng.gumbel(size=z.shape)).argmax(1)
    fit = calibrate.fit(z, labels)
    p = softmax(z / fit.temperature, axis=1)
    slope = (p * z).sum(1) - z[np.arange(300), labels]
    curvature = (p * z**2).sum(1) - (p * z).sum(1) ** 2
    # a step of Newton's from the optimum of all rows to that of all but one
    betas = 1 / fit.temperature + slope / (curvature.sum() - curvature)

    def each(beta):
        c = softmax(beta * z, axis=1).max(1)
        return ((z.argmax(1) == labels) - c) * (1 - 2 * c)

    without = np.array([np.delete(each(b), row).mean() for row, b in enumerate(betas)])
    error = np.sqrt(299 / 300 * np.square(without - without.mean()).sum())
    found = calibrate.evaluate(z, labels, fit, settings=QUICK).tests.after.spiegelhalter
    assert found.statistic == pytest.approx(each(1 / fit.temperature).mean() / error, rel=0.05)


def test_how_far_the_rows_moved_a_calibrator_must_be_known():
    """Of several temperatures it is not: nothing is tested on the rows that chose them."""
    rng = np.random.default_rng(0)
    z = rng.normal(scale=2, size=(600, 2))
    y = (z + rng.logistic(size=z.shape) > 0).astype(int)
    fit = calibrate.fit_per_label(z, y)
    tests = calibrate.evaluate(z, y, fit, task="multilabel", settings=QUICK).tests
    assert tests.after.after_fit
    for test in (tests.after.consistency, tests.after.spiegelhalter, tests.after.temperature):
        assert test.p_value is None
    assert tests.before.consistency.p_value is not None


def test_after_a_fit_what_t_cannot_repair_is_still_found():
    rng = np.random.default_rng(0)
    z = rng.normal(scale=1.5, size=(3000, 4))
    labels = (z + rng.gumbel(size=z.shape)).argmax(1)
    z[:, 0] += 1.5  # a bias of one class
    tests = calibrate.cross_evaluate(2 * z, labels, settings=QUICK).tests.after
    assert tests.consistency.p_value < 0.01
    assert tests.classwise.p_value < 0.001


def test_overconfidence_is_found():
    c, a = calibrated(1, 2000)
    assert chance(np.minimum(c + 0.1, 1), a).test.p_value == pytest.approx(1 / 1001)


@runs(50, 200)
def test_what_would_be_found_four_times_in_five_is(runs):
    c, a = calibrated(1, 2000)
    size = chance(c, a).detectable
    found = []
    for seed in range(runs):
        c, a = calibrated(seed, 2000)
        found.append(chance(np.minimum(c + size, 1), a, seed=seed).test.p_value)
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.8, abs=margin(0.8, runs))


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
        accuracy = BinTable.from_rows(c, a, np.ones(3000), EDGES).accuracy
        inside.append((accuracy >= low) & (accuracy <= high))
    assert 0.93 < np.mean(inside) <= 1


@pytest.mark.parametrize("n", [300, 6000])
def test_the_gaps_of_calibrated_models_spread_as_their_rows_do(n):
    """Also where rows are drawn together: no bias, and the variance sum w² c (1 - c)."""
    c, _ = calibrated(2, n)
    w = np.random.default_rng(2).uniform(0.5, 3, n)
    drawn = drawn_gaps(c, w, EDGES, seed=0)
    inside = np.digitize(c, EDGES[1:-1], right=True)
    variance = np.bincount(inside, w**2 * c * (1 - c), 15)
    full = np.bincount(inside, minlength=15) >= 20
    assert drawn.var(axis=0)[full] == pytest.approx(variance[full], rel=0.2)
    assert np.all(np.abs(drawn.mean(axis=0)) <= 5 * np.sqrt(variance / len(drawn)))
