from __future__ import annotations

import numpy as np
import pytest
from conftest import SAMPLES, gumbel_labels, under
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import exact_temperature
from scipy.special import logsumexp
from scipy.stats import t as student

import calibrate
from calibrate.blocks import passes
from calibrate.blocks.block import Block
from calibrate.blocks.optimise import NllStep
from calibrate.data.dataset import Dataset

SETS = {
    "mnist/hard": ("mnist/hard_val.npy", "mnist/labels_val.npy"),
    "mnist/smooth": ("mnist/smooth_val.npy", "mnist/labels_val.npy"),
    "langid": ("langid/val_logits.npy", "langid/val_labels.npy"),
}


def make(n=300, k=6, t=2.0, seed=0, scale=3.0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=scale, size=(n, k))
    return logits, gumbel_labels(logits, t, rng)


@pytest.mark.parametrize("name", SETS)
def test_the_optimum_on_real_logits(name):
    logits, labels = (np.load(SAMPLES / file) for file in SETS[name])
    fit = calibrate.fit(logits, labels)
    finite = np.maximum(logits.astype(np.float64), -1e6)  # for the plain reference only
    tied = (logits == logits[:, :1]).all(axis=1)
    finite[tied] = 0
    assert fit.converged
    assert fit.temperature == pytest.approx(exact_temperature(finite, labels), rel=1e-6)
    low, high = fit.interval
    assert low < fit.temperature < high


def test_the_published_optimum_of_this_sample():
    # scikit-learn 1.9.1, _TemperatureScaling on float64 mnist/hard_val.npy: 1 / beta_
    logits, labels = (np.load(SAMPLES / file) for file in SETS["mnist/hard"])
    assert calibrate.fit(logits, labels).temperature == pytest.approx(2.738940619689518, rel=2e-6)


@pytest.mark.parametrize("t", [0.05, 0.5, 1.0, 3.74, 10.0, 50.0])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_far_optima_are_reached(t, dtype):
    logits, labels = make(n=4000, k=10, t=t, scale=3 * max(1, t / 5))
    logits = logits.astype(dtype)
    fit = calibrate.fit(logits, labels)
    assert fit.converged
    assert fit.temperature == pytest.approx(exact_temperature(logits, labels), rel=1e-6)


def test_large_float32_data_keep_six_digits():
    logits, labels = make(n=20_000, k=80, t=1.7)  # above the size that is done in float64
    logits = logits.astype(np.float32)
    fit = calibrate.fit(logits, labels)
    assert fit.temperature == pytest.approx(exact_temperature(logits, labels), rel=1e-6)


@pytest.mark.parametrize("t", [0.3, 1.0, 2.0, 5.0])
def test_two_passes_over_the_whole_data_are_enough(t):
    logits, labels = make(n=60_000, k=10, t=t)
    assert calibrate.fit(logits.astype(np.float32), labels).passes <= 2


def test_weights_count_as_repeated_rows():
    logits, labels = make(n=200)
    weights = np.random.default_rng(3).integers(0, 4, 200)
    repeated = calibrate.fit(np.repeat(logits, weights, 0), np.repeat(labels, weights))
    weighted = calibrate.fit(logits, labels, weights=weights)
    assert weighted.temperature == pytest.approx(repeated.temperature, rel=1e-9)
    assert weighted.nll == pytest.approx(repeated.nll, rel=1e-9)
    assert weighted.temperature == pytest.approx(
        exact_temperature(logits, labels, weights), rel=1e-9
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(1e-6, 1e6))
def test_scaling_the_logits_scales_the_temperature(seed, factor):
    logits, labels = make(seed=seed)
    one, other = calibrate.fit(logits, labels), calibrate.fit(logits * factor, labels)
    assert other.temperature == pytest.approx(one.temperature * factor, rel=1e-7)
    assert np.array(other.interval) == pytest.approx(np.array(one.interval) * factor, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_shifts_and_permutations_change_nothing(seed):
    logits, labels = make(seed=seed)
    rng = np.random.default_rng(seed)
    want = calibrate.fit(logits, labels).temperature
    rows, classes = rng.permutation(len(logits)), rng.permutation(6)
    shifted = logits + rng.normal(scale=30, size=(len(logits), 1))
    assert calibrate.fit(shifted, labels).temperature == pytest.approx(want, rel=1e-8)
    assert calibrate.fit(logits[rows], labels[rows]).temperature == pytest.approx(want, rel=1e-8)
    moved = calibrate.fit(logits[:, classes], np.argsort(classes)[labels])
    assert moved.temperature == pytest.approx(want, rel=1e-8)


@pytest.mark.parametrize("elements", [64, 1000, 1 << 14])
def test_any_partition_into_blocks_gives_the_same(elements, monkeypatch):
    logits, labels = make(n=3000)
    want = calibrate.fit(logits, labels)
    monkeypatch.setattr(passes, "BLOCK_ELEMENTS", elements)
    got = calibrate.fit(logits, labels)
    assert got.temperature == pytest.approx(want.temperature, rel=1e-9)
    assert got.interval == pytest.approx(want.interval, rel=1e-4)


@pytest.mark.parametrize("k", [10, 1000])
def test_results_do_not_depend_on_the_number_of_workers(k):
    logits, labels = make(n=2_000_000 // k, k=k)
    logits = logits.astype(np.float32)
    fits = [under(workers, lambda: calibrate.fit(logits, labels)) for workers in (1, 2, 4)]
    assert fits[0] == fits[1] == fits[2]


@pytest.mark.parametrize("k", [6, 80])
@pytest.mark.parametrize("magnitude", [np.inf, 20.0])
def test_the_derivatives_are_those_of_the_nll(k, magnitude):
    """Each against central differences of the one before, the first of the NLL by its formula."""
    logits, labels = make(n=200, k=k)
    w, beta, h = np.random.default_rng(1).random(200), 0.6, 1e-4

    def at(b):
        return NllStep(b, magnitude)(Block(logits, labels, w))

    def nll(b):
        return w @ (logsumexp(b * logits, axis=1) - b * logits[np.arange(200), labels])

    found, above, below = at(beta), at(beta + h), at(beta - h)
    assert found.nll == pytest.approx(nll(beta), rel=1e-12)
    assert found.gradient == pytest.approx((nll(beta + h) - nll(beta - h)) / (2 * h), rel=1e-5)
    assert found.curvature == pytest.approx((above.gradient - below.gradient) / (2 * h), rel=1e-5)
    assert found.third == pytest.approx((above.curvature - below.curvature) / (2 * h), rel=1e-4)


def test_the_interval_is_the_sandwich():
    logits, labels = make(n=900)
    fit = calibrate.fit(logits, labels)
    beta, h = 1 / fit.temperature, 1e-5

    def gradients(b):
        e = np.exp(b * (logits - logits.max(1, keepdims=True)))
        p = e / e.sum(1, keepdims=True)
        return (p * logits).sum(1) - logits[np.arange(900), labels]

    curvatures = (gradients(beta + h) - gradients(beta - h)) / (2 * h)
    without = gradients(beta) / (curvatures.sum() - curvatures)  # each row left out in turn
    error = np.sqrt((without**2).sum() * 899 / 900) / beta
    effective = curvatures.sum() ** 2 / (curvatures**2).sum()
    want = fit.temperature * np.exp(np.array([-1, 1]) * error * student.ppf(0.975, effective - 1))
    assert fit.interval == pytest.approx(want, rel=1e-4)


def test_the_interval_covers_the_truth_about_95_times_in_100():
    hits = 0
    for seed in range(300):
        logits, labels = make(n=500, t=2.0, seed=seed)
        low, high = calibrate.fit(logits, labels).interval
        hits += low <= 2.0 <= high
    assert 273 <= hits <= 297  # 91 % to 99 %: wide enough for 300 draws of a true 95 %


def test_separable_data_stop_at_the_bound_and_say_so():
    logits = np.random.default_rng(0).normal(size=(50, 4))
    fit = calibrate.fit(logits, logits.argmax(1))
    assert not fit.converged
    assert fit.interval is None
    assert 0 < fit.temperature < 1e-3
    assert "separate the labels" in fit.warnings[0]
    assert np.isfinite(fit.nll)


def test_a_separable_sample_of_inseparable_data_does_no_harm():
    logits, labels = make(n=20_000, k=5, t=0.15)
    stride = 20_000 // 2_000
    labels[::stride] = logits[::stride].argmax(1)
    fit = calibrate.fit(logits, labels)
    assert fit.converged
    assert fit.temperature == pytest.approx(exact_temperature(logits, labels), rel=1e-6)


def test_wrong_data_whose_best_temperature_is_infinite_say_so():
    logits = np.random.default_rng(0).normal(size=(50, 4))
    fit = calibrate.fit(logits, logits.argmin(1))
    assert not fit.converged
    assert fit.temperature > 1e3
    assert "same order" in fit.warnings[0]
    assert fit.nll == pytest.approx(np.log(4), abs=1e-3)


@pytest.mark.parametrize("value", [0.0, -7.5, 1e30])
def test_constant_logits_leave_the_temperature_undefined(value):
    fit = calibrate.fit(np.full((30, 3), value), np.arange(30) % 3, scores="logits")
    assert not fit.converged
    assert fit.temperature == 1
    assert "undefined" in fit.warnings[0]
    assert fit.nll == pytest.approx(np.log(3), rel=1e-9)


def test_mostly_constant_rows_are_no_obstacle():
    logits, labels = make(n=3000)
    logits[np.arange(3000) % 500 != 7] = 4.25
    fit = calibrate.fit(logits, labels)
    assert fit.converged
    assert fit.temperature == pytest.approx(exact_temperature(logits, labels), rel=1e-6)


def test_one_row():
    fit = calibrate.fit(np.array([[1.0, 3.0, 0.0]]), np.array([0]), scores="logits")
    assert np.isfinite(fit.temperature)
    assert fit.interval is None


def test_masked_classes_are_as_good_as_absent():
    logits, labels = make(n=500, k=5)
    want = calibrate.fit(logits, labels)
    for hopeless in (-np.inf, np.finfo(np.float32).min, np.finfo(np.float64).min):
        padded = np.concatenate([logits, np.full((500, 1), hopeless)], axis=1)
        got = calibrate.fit(padded, labels)
        assert got.temperature == pytest.approx(want.temperature, rel=1e-9)
        assert got.interval == pytest.approx(want.interval, rel=1e-4)


@pytest.mark.parametrize("scores", ["probabilities", "log-probabilities"])
def test_probabilities_give_the_temperature_of_their_logits(scores):
    logits, labels = make()
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    given = np.exp(log_p) if scores == "probabilities" else log_p
    got = calibrate.fit(given, labels, scores=scores)
    assert got.temperature == pytest.approx(calibrate.fit(logits, labels).temperature, rel=1e-7)


def test_folds_are_left_out_by_weight():
    logits, labels = make()
    dealt = Dataset.of(logits, labels).with_folds(5, seed=1)
    kept = dealt.folds != 2
    got = calibrate.fit(dealt.without_fold(2))
    want = calibrate.fit(logits[kept], labels[kept])
    assert got.temperature == pytest.approx(want.temperature, rel=1e-9)
    assert got.interval == pytest.approx(want.interval, rel=1e-4)


@pytest.mark.parametrize("mask", [-65504.0, -1e5, -1e9, np.finfo(np.float32).min])
@pytest.mark.parametrize("share", [0.4, 0.7])
def test_finite_masks_on_most_classes_do_no_harm(mask, share):
    logits, labels = make(n=3000, k=20)
    hidden = np.random.default_rng(1).random(logits.shape) < share
    hidden[np.arange(3000), labels] = False
    masked = np.where(hidden, mask, logits)
    want = calibrate.fit(np.where(hidden, -np.inf, logits), labels)
    got = calibrate.fit(masked, labels)
    assert got.converged
    assert got.temperature == pytest.approx(want.temperature, rel=1e-7)


@pytest.mark.parametrize("k", [10, 100])
@pytest.mark.parametrize(
    ("dtype", "exponent"),
    [(np.float32, -36), (np.float32, 14), (np.float32, 36), (np.float64, -300), (np.float64, 200)],
)
def test_any_scale_that_the_dtype_holds(k, dtype, exponent):
    logits, labels = make(n=8000, k=k)  # with 100 classes: above the size done in float64
    want = calibrate.fit(logits, labels)
    scaled = (logits * 10.0**exponent).astype(dtype)
    got = calibrate.fit(scaled, labels)
    assert got.converged
    assert got.temperature / 10.0**exponent == pytest.approx(want.temperature, rel=1e-5)
    report = calibrate.evaluate(
        scaled, labels, got, settings=calibrate.Settings(full=False, bootstrap=0)
    )
    assert report.metrics.after["nll"].value == pytest.approx(want.nll, rel=1e-5)
    assert report.data.in_sample


def test_a_sample_without_weight_is_passed_over():
    logits, labels = make(n=10_000)
    weights = np.zeros(10_000)
    weights[-600:] = 1
    got = calibrate.fit(logits, labels, weights=weights)
    want = calibrate.fit(logits[-600:], labels[-600:])
    assert got.temperature == pytest.approx(want.temperature, rel=1e-9)


def test_one_hopeless_label_is_named():
    logits, labels = make(n=300)
    logits[42, labels[42]] = -1e9
    fit = calibrate.fit(logits, labels)
    assert not fit.converged
    assert "in row 42" in fit.warnings[0]


def test_one_hopeless_label_is_named_among_many_small_pulls():
    """Its pull is 35, that of all others together -30: all of what pulls T up is its own."""
    logits, labels = np.tile([0.02, 0.0], (3001, 1)), np.zeros(3001, int)
    logits[1234, 0] = -70
    fit = calibrate.fit(logits, labels)
    assert not fit.converged
    assert "in row 1234 the score of the label is 70 below" in fit.warnings[0]


@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e5])
def test_warnings_are_in_the_units_of_the_scores(unit):
    z = np.random.default_rng(0).normal(size=(50, 4)) * unit
    found = calibrate.fit(z, z.argmax(1))
    assert found.warnings[0].endswith(f"stopped at T = {found.temperature:.4g}")
    rows = np.zeros((3001, 2))
    rows[:, 0] = 0.01 * unit
    rows[7] = [-40 * unit, 0]
    far = calibrate.fit(rows, np.zeros(3001, int))
    assert f"the score of the label is {40 * unit:.3g} below" in far.warnings[0]
