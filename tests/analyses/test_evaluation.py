from __future__ import annotations

import numpy as np
import pytest
from conftest import SAMPLES, under
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import exact_figures

import calibrate
from calibrate import Settings
from calibrate.analyses import evaluate as one_pass
from calibrate.blocks import passes
from calibrate.metrics import METRICS


def values(side):
    return {name: figure.value for name, figure in side.items()}


def quick(*args, **more):
    return calibrate.evaluate(*args, settings=Settings(full=False, bootstrap=0), **more)


def close(got, want, tolerance=1e-12):
    assert set(got) >= set(want)
    for name in want:
        assert got[name] == pytest.approx(want[name], abs=tolerance), name


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_bins", [1, 10, 15])
def test_every_figure_against_its_written_out_formula(data, weighted, n_bins):
    logits, labels = data
    w = np.random.default_rng(2).random(len(labels)) * 3 if weighted else None
    t = calibrate.Temperature(1.7)
    report = calibrate.evaluate(logits, labels, t, weights=w, settings=Settings(n_bins=n_bins))
    close(values(report.metrics.before), exact_figures(logits, labels, w, n_bins))
    exact = logits.astype(np.float64) / 1.7
    close(values(report.metrics.after), exact_figures(exact, labels, w, n_bins))


def test_float32_blocks_agree_with_float64():
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=3, size=(9000, 70)).astype(np.float32)  # too many for float64
    labels = rng.integers(0, 70, 9000)
    got = values(quick(logits, labels).metrics.before)
    close(got, exact_figures(logits, labels), 2e-6)


def test_figures_published_for_other_implementations():
    # On float64 mnist/hard_test.npy: uncertainty-calibration 0.1.4 get_ece(num_bins=15) and
    # scikit-learn 1.9.1 log_loss, brier_score_loss(scale_by_half=False), accuracy_score.
    logits = np.load(SAMPLES / "mnist/hard_test.npy")
    labels = np.load(SAMPLES / "mnist/labels_test.npy")
    got = values(quick(logits, labels).metrics.before)
    want = {
        "accuracy": 0.916,
        "nll": 0.5190006225221876,
        "brier": 0.1443300260837426,
        "ece": 0.0640258129214102,
    }
    for name, value in want.items():
        assert got[name] == pytest.approx(value, abs=1e-9), name


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_permuting_rows_or_classes_or_shifting_rows_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(scale=2, size=(80, 4)), rng.integers(0, 4, 80)
    want = values(quick(logits, labels).metrics.before)
    rows, classes = rng.permutation(80), rng.permutation(4)
    close(values(quick(logits[rows], labels[rows]).metrics.before), want)
    moved = quick(logits[:, classes], np.argsort(classes)[labels])
    close(values(moved.metrics.before), want)
    shifted = logits + rng.normal(size=(80, 1))
    close(values(quick(shifted, labels).metrics.before), want)


@pytest.mark.parametrize("elements", [7, 100, 1000])
def test_any_partition_into_blocks_gives_the_same(data, elements, monkeypatch):
    want = values(quick(*data).metrics.before)
    monkeypatch.setattr(passes, "BLOCK_ELEMENTS", elements)
    close(values(quick(*data).metrics.before), want)


def test_workers_change_nothing():
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=3, size=(60_000, 30)).astype(np.float32)
    labels = rng.integers(0, 30, 60_000)
    reports = [under(workers, lambda: calibrate.evaluate(logits, labels)) for workers in (1, 2, 4)]
    assert reports[0] == reports[1] == reports[2]


def test_a_temperature_never_changes_the_prediction():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(50_000, 12)).astype(np.float32)
    logits[:, 5] = np.nextafter(logits[:, 4], np.float32(np.inf))  # closer than rounding
    labels = rng.integers(0, 12, 50_000)
    report = quick(logits, labels, calibrate.Temperature(3.3))
    assert report.metrics.before["accuracy"] == report.metrics.after["accuracy"]


def test_empty_bins_carry_none_and_shares_add_up(data):
    table = quick(*data).reliability.before
    assert sum(table.weight) == pytest.approx(len(data[0]))
    for weight, confidence, accuracy in zip(
        table.weight, table.confidence, table.accuracy, strict=True
    ):
        assert (weight == 0) == (confidence is None) == (accuracy is None)
    assert 0 in table.weight  # no confidence below 1/7


def test_in_sample_is_recognised_from_the_rows(data, tmp_path):
    logits, labels = data
    fit = calibrate.fit(logits, labels)
    calibrate.save(fit, tmp_path / "c.json")
    order = np.random.default_rng(0).permutation(len(labels))
    half = logits + np.where(np.arange(len(labels)) % 2, 0.5, 0)[:, None]
    for calibrator in (fit, tmp_path / "c.json"):

        def known(z, y, calibrator=calibrator):
            return quick(z, y, calibrator).data

        for same in (logits, logits.astype(np.float64)):
            assert known(same, labels).in_sample is True
            assert known(same[order], labels[order]).in_sample is True
        cut = known(logits[:100], labels[:100])
        assert (cut.in_sample, cut.shared) == (None, 1.0)
        assert known(half, labels).shared == pytest.approx(0.5)
        other = known(logits + 0.5, labels)
        assert (other.in_sample, other.shared) == (None, 0.0)
    assert quick(logits, labels).data.in_sample is None


def test_cross_fitting_measures_each_row_through_the_other_folds(data):
    logits, labels = data
    report = calibrate.cross_evaluate(logits, labels, folds=4, settings=Settings(seed=3))
    folds = calibrate.Dataset.of(logits, labels).with_folds(4, 3).folds
    assert np.bincount(folds).tolist() == [100] * 4
    scaled = logits.astype(np.float64)
    for fold, parameters in enumerate(report.calibrator.folds):
        t = calibrate.fit(logits[folds != fold], labels[folds != fold]).temperature
        assert parameters["temperature"] == pytest.approx(t, rel=1e-9)
        scaled[folds == fold] /= t
    close(values(report.metrics.after), exact_figures(scaled, labels), 1e-9)
    assert report.temperature == calibrate.fit(logits, labels).temperature
    assert not report.data.in_sample
    assert report == calibrate.cross_evaluate(logits, labels, folds=4, settings=Settings(seed=3))
    assert report != calibrate.cross_evaluate(logits, labels, folds=4, settings=Settings(seed=4))


def test_too_few_rows_to_cross_fit():
    with pytest.raises(calibrate.InputError, match="at least 5 rows for 5 folds"):
        calibrate.cross_evaluate(np.array([[1.0, 2.0]] * 4), np.zeros(4, int))


def test_every_metric_is_documented_and_named_once():
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.function.__doc__
        assert metric.lower_is_better in (True, False, None)


@pytest.mark.parametrize("offset", [0.0, 55.0, -57.0])
def test_large_logits_in_float32_keep_their_brier_score(offset):
    rng = np.random.default_rng(0)
    logits = (rng.normal(scale=2, size=(60_000, 10)) + offset).astype(np.float32)
    labels = rng.integers(0, 10, 60_000)
    want = exact_figures(logits, labels)
    got = values(quick(logits, labels).metrics.before)
    close({n: got[n] for n in ("nll", "brier")}, {n: want[n] for n in ("nll", "brier")}, 1e-5)


def test_a_label_at_the_floor_of_float32_has_a_huge_nll_not_an_infinite_one():
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=0.2, size=(60_000, 10)).astype(np.float32)
    labels = rng.integers(0, 10, 60_000)
    logits[7, labels[7]] = np.finfo(np.float32).min
    settings = Settings(full=False, bootstrap=0)
    for report in (
        calibrate.cross_evaluate(logits, labels, settings=settings),
        calibrate.evaluate(logits, labels, calibrate.Temperature(0.5), settings=settings),
    ):
        assert np.isfinite([m.value for m in report.metrics.after.values()]).all()


def test_many_folds():
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=3, size=(400, 4))
    labels = (logits / 2 + rng.gumbel(size=logits.shape)).argmax(1)
    report = calibrate.cross_evaluate(
        logits, labels, folds=200, settings=Settings(full=False, bootstrap=0)
    )
    assert report.metrics.after["accuracy"].value == report.metrics.before["accuracy"].value
    ts = [fold["temperature"] for fold in report.calibrator.folds]
    assert len(ts) == 200
    assert 0 < max(ts) / min(ts) - 1 < 0.1


def test_rows_of_an_unknown_calibrator_are_not_called_other_rows(data):
    report = quick(*data, calibrate.Temperature(2.0))
    assert report.data.in_sample is None


def test_of_many_rows_a_third_is_kept_whatever_their_order(monkeypatch):
    """Every third row is wrong: one of three rows at a fixed step would be all wrong or all right.

    Figures that are sums use all rows; those from confidences in order use the rows kept.
    """
    z = np.random.default_rng(0).normal(size=(6000, 2))
    labels = np.where(np.arange(6000) % 3 == 0, z.argmin(1), z.argmax(1))
    want = calibrate.evaluate(z, labels, settings=Settings(bootstrap=0))
    monkeypatch.setattr(one_pass, "KEPT_ROWS", 2000)
    monkeypatch.setattr(passes, "BLOCK_ELEMENTS", 700)  # blocks of 350 rows
    got = calibrate.evaluate(z, labels, settings=Settings(bootstrap=0))
    assert "figures from confidences in order use one row in 3" in got.warnings
    for name in ("accuracy", "nll", "brier", "ece", "mce", "classwise_ece"):
        assert got.metrics.before[name].value == pytest.approx(want.metrics.before[name].value)
    for name in ("auroc", "aurc", "ks", "smooth_ece"):
        value = want.metrics.before[name].value
        assert got.metrics.before[name].value != value
        assert got.metrics.before[name].value == pytest.approx(value, abs=0.05)
    assert want.risk_coverage.before.risk[-1] == pytest.approx(1 / 3)
    assert got.risk_coverage.before.risk[-1] == pytest.approx(1 / 3, abs=0.04)
    kept = [one_pass.which_kept(start, 350, 3) + start for start in range(0, 6000 - 350, 350)]
    whole = one_pass.which_kept(0, len(kept) * 350, 3)
    np.testing.assert_array_equal(np.concatenate(kept), whole)
    assert len(whole) == pytest.approx(len(kept) * 350 / 3, rel=0.1)
