from __future__ import annotations

import numpy as np
import pytest
from conftest import margin, runs
from scipy.stats import binom, binomtest, ttest_1samp

import calibrate
from calibrate import Settings

SETTINGS = Settings(bootstrap=50)


@pytest.mark.parametrize("kind", [np.int64, np.str_, np.bytes_])
def test_each_group_is_measured_as_if_alone(data, kind):
    logits, labels = data
    groups = (np.arange(400) % 7 % 3).astype(kind)
    t = calibrate.Temperature(1.8)
    report = calibrate.evaluate(logits, labels, t, groups=groups, settings=SETTINGS)
    assert sorted(g.name for g in report.groups) == ["0", "1", "2"]
    for group in report.groups:
        rows = groups == kind(group.name)
        assert group.rows == rows.sum()
        alone = calibrate.evaluate(logits[rows], labels[rows], t, settings=SETTINGS).metrics
        for name, figure in group.metrics.after.items():
            assert figure.value == pytest.approx(alone.after[name].value, abs=1e-12)
            assert figure.low is not None
        assert group.metrics.change["nll"].value == pytest.approx(alone.change["nll"].value)
    sure = [g.bias.sure for g in report.groups]
    assert sure == sorted(sure, reverse=True)


def crowd(seed: int, gap: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """20 calibrated groups of 100 rows and one of 400 whose confidence is too high by ``gap``."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(21), [100] * 20 + [400])
    p = rng.uniform(0.55, 0.95, len(groups))
    right = rng.random(len(groups)) < p - gap * (groups == 20)
    return np.stack([np.log(p / (1 - p)), np.zeros(len(p))], axis=1), 1 - right, groups


def test_the_group_that_is_off_comes_first_and_luck_is_not_called_off():
    first, luck, found = [], [], []
    for seed in range(30):
        logits, labels, groups = crowd(seed, 0.15)
        quick = Settings(bootstrap=0, full=False)
        report = calibrate.evaluate(logits, labels, groups=groups, settings=quick)
        first.append(report.groups[0].name == "20")
        found.append(next(g.bias.off for g in report.groups if g.name == "20"))
        luck.append(any(g.bias.off for g in report.groups if g.name != "20"))
    assert np.mean(first) > 0.95
    assert np.mean(found) > 0.95
    assert np.mean(luck) < 0.2


@runs(15, 60)
def test_among_calibrated_groups_seldom_any_is_called_off(runs):
    quick, off = Settings(bootstrap=0, full=False), []
    for seed in range(runs):
        logits, labels, groups = crowd(seed, 0.0)
        report = calibrate.evaluate(logits, labels, groups=groups, settings=quick)
        off.append(any(g.bias.off for g in report.groups))
    assert np.mean(off) <= 0.05 + margin(0.05, runs)


def bias_of(p: np.ndarray, right: np.ndarray):
    """Of one group of yes-no rows that say no with probability p."""
    logits = np.stack([np.log(p / (1 - p)), np.zeros(len(p))], axis=1)
    groups, quick = np.zeros(len(p), int), Settings(bootstrap=0, full=False)
    (group,) = calibrate.evaluate(logits, 1 - right, groups=groups, settings=quick).groups
    return group.bias


def test_the_bias_of_many_errors_is_that_of_a_t_test():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.6, 0.98, 300)
    right = (rng.random(300) < p - 0.2).astype(int)
    found, want = bias_of(p, right), ttest_1samp(p - right, 0)
    assert found.size == pytest.approx(np.mean(p - right), abs=1e-12)
    assert (found.low, found.high) == pytest.approx(want.confidence_interval(), rel=1e-9)
    assert found.p_value == pytest.approx(want.pvalue, rel=1e-9)
    assert found.off


@pytest.mark.parametrize("wrong", [0, 1, 4, 60])
def test_the_bias_of_few_expected_errors_is_that_of_a_binomial_test(wrong):
    """60 rows of confidence 0.97: Clopper & Pearson's interval and twice the smaller tail."""
    right = (np.arange(60) >= wrong).astype(int)
    found = bias_of(np.full(60, 0.97), right)
    exact = binomtest(60 - wrong, 60, 0.97).proportion_ci(0.95, "exact")
    assert found.size == pytest.approx(0.97 - right.mean(), abs=1e-12)
    assert (found.low, found.high) == pytest.approx((0.97 - exact.high, 0.97 - exact.low), abs=1e-9)
    tails = binom.sf(wrong - 1, 60, 0.03), binom.cdf(wrong, 60, 0.03)
    assert found.p_value == pytest.approx(min(1, 2 * min(tails)), rel=1e-6)
    assert found.off == (wrong > 4)


def test_small_groups_are_flagged(data):
    groups = np.where(np.arange(400) < 49, "small", "large")
    report = calibrate.evaluate(*data, groups=groups, settings=SETTINGS)
    assert {g.name: g.few for g in report.groups} == {"small": True, "large": False}


def test_rows_without_weight_leave_their_group_as_it_is(data):
    logits, labels = data
    groups, weights = np.arange(400) % 3, np.where(np.arange(400) % 2, 1.0, 0.0)
    weights[groups == 2] = 0
    found = calibrate.evaluate(logits, labels, weights=weights, groups=groups, settings=SETTINGS)
    assert {g.name for g in found.groups} == {"0", "1"}
    for group in found.groups:
        rows = (groups == int(group.name)) & (weights > 0)
        alone = calibrate.evaluate(logits[rows], labels[rows], settings=SETTINGS).metrics.before
        assert group.metrics.before["nll"].value == pytest.approx(alone["nll"].value, rel=1e-12)
        assert group.bias.rows == pytest.approx(rows.sum())


def test_cross_fitted_groups_use_the_folds_of_their_rows(data):
    logits, labels = data
    groups = np.arange(400) % 2
    report = calibrate.cross_evaluate(logits, labels, groups=groups, settings=SETTINGS)
    whole = report.metrics.after["nll"].value
    parts = [g.metrics.after["nll"].value for g in report.groups]
    assert np.mean(parts) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (np.zeros(3, int), "expected 400 groups, one per row, found 3"),
        (np.zeros(400), "whole numbers or text, found float64"),
        (np.zeros((400, 1), int), r"shape \(400, 1\)"),
    ],
)
def test_wrong_groups(data, groups, said):
    with pytest.raises(calibrate.InputError, match=said):
        calibrate.evaluate(*data, groups=groups, settings=SETTINGS)
