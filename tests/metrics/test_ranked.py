"""The figures from confidences in order, against slow definitions and other packages."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.blocks.bins import BinTable, Levels, equal_mass_edges
from calibrate.metrics.binned import ece_equal_mass, rmsce_debiased
from calibrate.metrics.decomposition import brier_calibration, brier_refinement
from calibrate.metrics.ranked import augrc, aurc, auroc, ks, smooth_ece


def sample(seed: int, n: int = 60, ties: bool = True):
    rng = np.random.default_rng(seed)
    confidence = rng.random(n)
    if ties:
        confidence = np.round(confidence, 1)
    correct = (rng.random(n) < confidence**1.5).astype(float)
    return confidence, correct


def levels(confidence, correct, weight=None):
    w = np.ones(len(confidence)) if weight is None else weight
    return Levels.from_rows(confidence, correct, w, w.sum() / np.square(w).sum())


def slow_ks(c, a, w):
    return max(abs((w * (c - a))[c <= t].sum()) for t in c) / w.sum()


def slow_auroc(c, a):
    pairs = [(x > y) + (x == y) / 2 for x in c[a == 1] for y in c[a == 0]]
    return np.mean(pairs)


def slow_aurc(c, a, seeds=2000):
    """The mean over random orders of rows of equal confidence."""
    rng = np.random.default_rng(0)
    areas = []
    for _ in range(seeds if len(set(c)) < len(c) else 1):
        order = np.lexsort((rng.random(len(c)), -c))
        errors = np.cumsum(1 - a[order])
        areas.append(np.mean(errors / np.arange(1, len(c) + 1)))
    return np.mean(areas)


def slow_augrc(c, a):
    """The mean over all orders of rows of equal confidence of the area under the broken line."""
    n, best = len(c), np.argsort(-c, kind="stable")
    runs = [best[c[best] == value] for value in np.unique(c)[::-1]]
    areas = []
    for orders in itertools.product(*(itertools.permutations(run) for run in runs)):
        failed = np.concatenate([[0], np.cumsum(1 - a[[i for run in orders for i in run]])])
        areas.append(np.trapezoid(failed / n, dx=1 / n))
    return np.mean(areas)


def slow_isotonic(c, a):
    """Pool adjacent violators, by hand: blocks of (sum, size)."""
    blocks = []
    for value in np.unique(c):
        blocks.append([a[c == value].sum(), float((c == value).sum())])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            s, n = blocks.pop()
            blocks[-1][0] += s
            blocks[-1][1] += n
    return sum(s * (1 - s / n) for s, n in blocks) / len(c)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_against_brute_force(seed, ties):
    c, a = sample(seed, ties=ties)
    a[0], a[1] = 0, 1
    found = levels(c, a)
    assert ks(found) == pytest.approx(slow_ks(c, a, np.ones(60)), abs=1e-12)
    assert auroc(found) == pytest.approx(slow_auroc(c, a), abs=1e-12)
    assert brier_refinement(found) == pytest.approx(slow_isotonic(c, a), abs=1e-12)
    whole = brier_calibration(found) + brier_refinement(found)
    assert whole == pytest.approx(np.mean((c - a) ** 2), abs=1e-12)
    if not ties:
        assert aurc(found) == pytest.approx(slow_aurc(c, a), abs=1e-12)


def test_aurc_with_ties_is_the_mean_over_their_orders():
    c, a = sample(3, n=12)
    assert len(set(c)) < 12
    assert aurc(levels(c, a)) == pytest.approx(slow_aurc(c, a), abs=0.01)


def test_augrc_is_the_mean_area_over_the_orders_of_ties():
    c = np.array([0.9, 0.9, 0.8, 0.7, 0.7, 0.7, 0.4, 0.3])
    a = np.array([1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0])
    assert augrc(levels(c, a)) == pytest.approx(slow_augrc(c, a), abs=1e-12)
    # by hand: the errors before each of the 8 steps, and half of its own, in the mean over orders
    steps = [0.25, 0.75, 1.0, 7 / 6, 1.5, 11 / 6, 2.5, 3.0]
    assert augrc(levels(c, a)) == pytest.approx(sum(steps) / 64, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.booleans())
def test_augrc_follows_from_auroc_and_accuracy(seed, ties, weighted):
    # Traub et al. (2024), equation 7; with ties and weights as well
    c, a = sample(seed, ties=ties)
    a[0], a[1] = 0, 1
    w = np.random.default_rng(seed).gamma(0.5, size=60) + 1e-3 if weighted else np.ones(60)
    found, accuracy = levels(c, a, w), np.average(a, weights=w)
    want = (1 - auroc(found)) * accuracy * (1 - accuracy) + (1 - accuracy) ** 2 / 2
    assert augrc(found) == pytest.approx(float(want), abs=1e-12)


def test_augrc_against_a_package():
    # torch-uncertainty 0.13.0, AUGRC.compute: the area from coverage 1/n on, over 1 - 1/n
    c, a = sample(8, ties=False)
    n, wrong = len(c), 1 - a[np.argsort(-c)]
    coverage = np.arange(1, n + 1) / n
    theirs = np.trapezoid(np.cumsum(wrong) / n, coverage) / (1 - 1 / n)
    first = wrong[0] / (2 * n**2)
    assert augrc(levels(c, a)) == pytest.approx(theirs * (1 - 1 / n) + first, abs=1e-12)


@pytest.mark.parametrize(("correct", "value"), [(0.0, 0.5), (1.0, 0.0)])
def test_augrc_at_its_ends(correct, value):
    c, _ = sample(4)
    assert augrc(levels(c, np.full(60, correct))) == pytest.approx(value, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_rows_does_not_matter(seed):
    c, a = sample(seed)
    order = np.random.default_rng(seed).permutation(len(c))
    one, other = levels(c, a), levels(c[order], a[order])
    for figure in (ks, auroc, aurc, augrc, smooth_ece, brier_refinement):
        assert figure(one) == pytest.approx(float(figure(other)), abs=1e-13, nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_whole_weights_count_as_repeated_rows(seed):
    c, a = sample(seed)
    w = np.random.default_rng(seed).integers(0, 4, 60).astype(float)
    repeat = w.astype(int)
    weighted = Levels.from_rows(c, a, w)
    repeated = levels(np.repeat(c, repeat), np.repeat(a, repeat))
    for figure in (ks, auroc, aurc, augrc, smooth_ece, brier_calibration):
        assert figure(weighted) == pytest.approx(float(figure(repeated)), abs=1e-12, nan_ok=True)


def test_leading_axes_are_samples():
    c, a = sample(1)
    w = np.random.default_rng(0).random((3, 60)) + 0.1
    together = Levels.from_rows(c, a, w)
    for figure in (ks, auroc, aurc, augrc, smooth_ece, brier_refinement):
        each = [float(figure(Levels.from_rows(c, a, row))) for row in w]
        np.testing.assert_allclose(figure(together), each, rtol=1e-10)


def test_published_values():
    # On mnist/hard_test.npy, float64: relplot 1.0.3 smECE; uncertainty-calibration 0.1.4
    # get_ece_em(num_bins=15) and lower_bound_scaling_ce(p=2, debias=True, mode="top-label");
    # scikit-learn 1.9.1 roc_auc_score; model-diagnostics 1.5 decompose (SquaredError, mean).
    from conftest import SAMPLES

    import calibrate

    logits = np.load(SAMPLES / "mnist/hard_test.npy")
    report = calibrate.evaluate(logits, np.load(SAMPLES / "mnist/labels_test.npy"))
    for name, (value, tolerance) in PUBLISHED.items():
        got = report.metrics.before[name].value
        assert got == pytest.approx(value, abs=tolerance), name


PUBLISHED = {
    "ece_equal_mass": (0.06030684439211655, 1e-09),
    "rmsce_debiased": (0.11055448631938944, 1e-09),
    "smooth_ece": (0.08845679208552347, 0.001),
    "auroc": (0.9111106778956123, 1e-09),
    "brier_calibration": (0.014061887391449472, 1e-09),
    "brier_refinement": (0.05407213551017908, 1e-09),
}


def test_auroc_is_undefined_when_all_are_correct():
    c, _ = sample(0)
    assert np.isnan(auroc(levels(c, np.ones(60))))


def test_equal_mass_bins_are_those_of_array_split():
    c, a = sample(5, n=100, ties=False)
    edges = equal_mass_edges(np.sort(c), np.ones(100), 15)
    table = BinTable.from_rows(c, a, np.ones(100), edges)
    assert table.weight.tolist() == [len(part) for part in np.array_split(np.sort(c), 15)]


def test_a_constant_predictor_does_not_come_out_as_calibrated():
    c, a = np.full(90, 0.8), np.arange(90) % 2.0
    table = levels(c, a).binned(equal_mass_edges(np.array([0.8]), np.array([90.0]), 15))
    assert ece_equal_mass(table) == pytest.approx(0.3)
    assert rmsce_debiased(table) == pytest.approx(np.sqrt(0.09 - 0.25 / 89))


def test_smooth_ece_of_a_constant_gap_is_the_gap():
    c = np.linspace(0.3, 0.7, 400)
    found = Levels.from_rows(c, np.zeros(400), np.ones(400))
    # wrong throughout: the residual never changes sign, so smoothing moves nothing away
    assert smooth_ece(found) == pytest.approx(0.5, abs=0.01)


def test_risk_coverage():
    c, a = sample(2, n=500, ties=True)
    coverage, risk = levels(c, a).risk_coverage(200)
    for x, y in zip(coverage, risk, strict=True):
        threshold = np.sort(c)[::-1][round(x * 500) - 1]
        assert y == pytest.approx(1 - a[c >= threshold].mean())
    assert coverage[-1] == 1
    assert len(levels(*sample(2, n=5000, ties=False)).risk_coverage(200)[0]) == 200
