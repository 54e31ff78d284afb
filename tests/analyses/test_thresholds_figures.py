"""Figures of thresholds: rows that did not choose, exact intervals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta, binomtest

from calibrate.analyses.thresholds.choose import (
    FOLDS,
    LabelSample,
    chosen_by_others,
    stratified_folds,
    thresholds_for,
)
from calibrate.analyses.thresholds.curve import ThresholdCurve
from calibrate.analyses.thresholds.figures import (
    Decided,
    cost_difference,
    mean_of,
    proportion,
    spanned,
)
from calibrate.renderers.formats import FORMATS
from calibrate.renderers.parts import EVERYTHING
from calibrate.results.measurement import Measurement
from calibrate.results.thresholds import Goal


def exact(x, n):
    ends = binomtest(x, n).proportion_ci(0.95, "exact")
    return pytest.approx((x / n, ends.low, ends.high), abs=1e-9)


def parts(measurement):
    return measurement.value, measurement.low, measurement.high


def decided(tp, fp, fn, tn):
    counts = [tp, fp, fn, tn]
    accepted, labels = np.repeat([1.0, 1, 0, 0], counts), np.repeat([1.0, 0, 1, 0], counts)
    return Decided(accepted, labels, np.ones(len(labels)))


def test_shares_have_the_exact_interval():
    found = decided(17, 3, 5, 75).figures((1.0, 5.0))
    assert parts(found["precision"]) == exact(17, 20)
    assert parts(found["recall"]) == exact(17, 22)
    assert parts(found["positive_rate"]) == exact(20, 100)
    assert found["cost"].value == pytest.approx((3 + 25) / 100)


def test_f1_is_a_function_of_a_share():
    """2 J / (1 + J), J = TP of the rows that are positive or accepted."""
    found = decided(17, 3, 5, 75).figures(None)["f1"]
    ends = binomtest(17, 25).proportion_ci(0.95, "exact")
    assert found.value == pytest.approx(34 / (34 + 3 + 5))
    assert found.low == pytest.approx(2 * ends.low / (1 + ends.low))
    assert found.high == pytest.approx(2 * ends.high / (1 + ends.high))


def test_no_interval_collapses():
    found = decided(3, 0, 0, 97).figures((1.0, 1.0))
    assert parts(found["precision"]) == exact(3, 3)
    assert found["precision"].low < 0.3
    assert found["cost"].high > 0.03  # no mistake among 100 rows: up to 3.6 % of either kind
    assert decided(0, 0, 4, 6).figures(None)["precision"] == Measurement(None)


def test_the_interval_of_weighted_rows_is_that_of_fewer():
    w = np.repeat([1.0, 3.0], [60, 40])
    y = np.tile([1.0, 0.0, 1.0, 1.0], 25)
    found = proportion(w * y, w)
    rows = w.sum() ** 2 / (w * w).sum()
    assert rows == pytest.approx(77.1, abs=0.1)
    plain = proportion(y, np.ones(100))
    assert found.high - found.low > 1.05 * (plain.high - plain.low)
    scaled = proportion(5 * w * y, 5 * w)
    assert parts(scaled) == pytest.approx(parts(found))


def test_one_heavy_row_that_makes_the_share_counts_for_less():
    """20 rows of weight 20 and 180 of 1; one heavy row is all the share there is."""
    w, y = np.repeat([20.0, 1.0], [20, 180]), np.zeros(200)
    y[0] = 1.0
    found = proportion(w * y, w)
    share = 20 / 580
    variance = (400 * (1 - share) ** 2 + (19 * 400 + 180) * share**2) / 580**2
    rows = share * (1 - share) / variance
    assert rows < 580**2 / (20 * 400 + 180)  # Kish's
    high = beta.ppf(0.975, share * rows + 1, rows - share * rows)
    assert found.high == pytest.approx(high)


def test_the_mean_of_amounts_is_mover():
    """Zou and Donner (2008), equation 3, with Clopper and Pearson's limits."""
    first, second = np.repeat([1.0, 0], [4, 96]), np.repeat([0, 1.0], [90, 10])
    found = mean_of([3.0, -2.0], [first, second], np.ones(100))
    a, b = (binomtest(k, 100).proportion_ci(0.95, "exact") for k in (4, 10))
    value = 3 * 0.04 - 2 * 0.10
    low = value - np.hypot(3 * (0.04 - a.low), 2 * (b.high - 0.10))
    high = value + np.hypot(3 * (a.high - 0.04), 2 * (0.10 - b.low))
    assert parts(found) == pytest.approx((value, low, high))


def test_the_difference_of_costs_is_paired():
    y = np.array([1.0, 0, 1, 0, 0, 1])
    first, other = np.array([1.0, 1, 0, 1, 0, 1]), np.array([1.0, 0, 1, 1, 1, 0])
    a, b = (Decided(each, y, np.ones(6)) for each in (first, other))
    found = cost_difference(a, b, (2.0, 7.0))
    expected = a.figures((2.0, 7.0))["cost"].value - b.figures((2.0, 7.0))["cost"].value
    assert found.value == pytest.approx(expected)
    assert found.low < expected < found.high


def test_intervals_span_both_measurements():
    crossed = {"recall": Measurement(0.5, 0.4, 0.6), "f1": Measurement(None)}
    chosen = {"recall": Measurement(0.55, 0.45, 0.65), "f1": Measurement(0.5, 0.4, 0.6)}
    found = spanned(crossed, chosen)
    assert found["recall"] == Measurement(0.5, 0.4, 0.65)
    assert found["f1"] == Measurement(None)
    chosen["recall"] = Measurement(None)
    assert spanned(crossed, chosen)["recall"] == Measurement(0.5, 0.4, 0.6)


def test_folds_share_out_the_positives():
    y = np.repeat([0.0, 1.0], [977, 23])
    folds = stratified_folds(y, FOLDS, 3)
    assert set(np.bincount(folds)) == {100}
    assert set(np.bincount(folds[y == 1])) == {2, 3}
    assert (stratified_folds(y, FOLDS, 3) == folds).all()
    assert (stratified_folds(y, FOLDS, 4) != folds).any()


def test_no_row_is_decided_by_a_threshold_that_it_chose():
    rng = np.random.default_rng(5)
    p = rng.random(80)
    rows = LabelSample(p, (rng.random(80) < p).astype(float), rng.exponential(size=80) + 0.1)
    goal = Goal.of_text("f1")
    seen = []

    def choose(some):
        seen.append(set(some.probabilities.tolist()))
        return ThresholdCurve.from_rows(some.probabilities, some.labels, some.weights).best(goal)

    kept, thresholds, without = chosen_by_others(rows, choose, 0)
    folds = stratified_folds(rows.labels, FOLDS, 0)
    assert without == 0
    assert len(kept.labels) == len(thresholds) == 80
    for fold in range(FOLDS):
        mine = folds == fold
        assert seen[fold] == set(p[~mine].tolist())
        assert len(set(thresholds[mine])) == 1


def population(n, seed):
    rng = np.random.default_rng(seed)
    z = rng.normal(-0.8, 2.0, n)
    p = 1 / (1 + np.exp(-z))
    return p, (rng.random(n) < p).astype(float)


def test_the_figures_are_not_too_good():
    """F1 of 60 rows, over 150 runs: in sample it is too good by 0.05, cross-fitted by nothing."""
    p_all, y_all = population(200_000, 99)
    gaps, held = [], []
    for seed in range(150):
        p, y = population(60, seed)
        label = thresholds_for([p], [y], goal=Goal.of_text("f1"), seed=seed).labels[0]
        yes = p_all >= label.threshold
        truth = 2 * (y_all * yes).sum() / (yes.sum() + y_all.sum())
        mine = p >= label.threshold
        in_sample = 2 * (y * mine).sum() / (mine.sum() + y.sum())
        found = label.metrics["f1"]
        gaps.append((found.value - truth, in_sample - truth))
        held.append(found.low <= truth <= found.high)
    crossed, naive = np.mean(gaps, axis=0)
    assert naive > 0.03
    assert abs(crossed) < 0.025
    assert np.mean(held) > 0.88


def test_few_rows_are_said():
    p = np.append(np.linspace(0, 0.4, 95), [0.9, 0.91, 0.92, 0.93, 0.94])
    y = np.append(np.zeros(95), np.ones(5))
    found = thresholds_for([p], [y], goal=Goal.of_text("precision=0.9"))
    (label,) = found.labels
    assert label.notes == (
        "precision rests on 5 accepted rows",
        "recall rests on 5 positive rows",
    )
    assert label.metrics["precision"].low < 0.5
    assert "precision rests on 5 accepted rows" in FORMATS["text"](found, EVERYTHING)


def test_one_positive_row_leaves_one_fold_without():
    p, y = np.linspace(0.1, 0.9, 40), np.append(np.zeros(39), 1.0)
    (label,) = thresholds_for([p], [y], goal=Goal.of_text("f1")).labels
    assert label.notes[0].startswith("for 1 of 10 folds the goal could not be met")
    assert label.metrics["recall"] == Measurement(None)  # no positive is left to be measured
