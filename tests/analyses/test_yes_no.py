"""What is peculiar to binary and multi-label models."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

import calibrate
from calibrate import Dataset, InputError, Settings
from calibrate.analyses.thresholds.choose import check_calibrator, find_thresholds
from calibrate.results.thresholds import Goal

PLAIN = Settings(full=False, bootstrap=0)
QUICK = Settings(bootstrap=20)


def draw(shape, sharpness=1.5, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(scale=2.5, size=shape)
    return z, (rng.random(shape) < expit(z / sharpness)).astype(float)


@pytest.mark.parametrize("n_labels", [3, 20])
def test_independent_labels_are_as_good_as_rows(n_labels):
    z, y = draw((400, n_labels))
    many = calibrate.evaluate(z, y, task="multilabel", settings=PLAIN).metrics.before
    rows = calibrate.evaluate(z.reshape(-1), y.reshape(-1), settings=PLAIN).metrics.before
    for name in ("nll", "ece", "positive_ece"):
        assert many[name].value == pytest.approx(rows[name].value, rel=1e-12)
        width = rows[name].high - rows[name].low
        # the standard error of positive_ece comes from 20 groups only
        assert many[name].high - many[name].low == pytest.approx(width, rel=0.45), name


def test_differences_between_labels_are_no_noise():
    """Each label leans its own way: examples, not labels, are what the error is estimated from."""
    z, y = draw((400, 20))
    z = z + np.linspace(-2, 2, 20)
    order = np.random.default_rng(1).permutation(8000)
    kept = calibrate.evaluate(z, y, task="multilabel", settings=PLAIN).metrics.before
    mixed = calibrate.evaluate(
        z.reshape(-1)[order], y.reshape(-1)[order], settings=PLAIN
    ).metrics.before
    width = mixed["positive_ece"].high - mixed["positive_ece"].low
    assert kept["positive_ece"].high - kept["positive_ece"].low < 1.6 * width


def test_the_same_label_twice_says_nothing_more():
    z, y = draw(2000, sharpness=3.0)
    one = calibrate.evaluate(z, y, settings=PLAIN).metrics.before
    twice = calibrate.evaluate(
        np.stack([z, z], 1), np.stack([y, y], 1), task="multilabel", settings=PLAIN
    ).metrics.before
    for name in ("nll", "ece", "positive_ece"):
        width = one[name].high - one[name].low
        assert twice[name].high - twice[name].low > 0.85 * width, name


def test_the_intervals_do_not_depend_on_blocks(monkeypatch):
    from calibrate.blocks import passes

    z, y = draw((300, 3))
    want = calibrate.evaluate(z, y, task="multilabel", settings=PLAIN).metrics.before
    monkeypatch.setattr(passes, "BLOCK_ELEMENTS", 77)
    got = calibrate.evaluate(z, y, task="multilabel", settings=PLAIN).metrics.before
    for name in ("accuracy", "nll", "brier", "ece", "positive_ece"):
        assert got[name].high == pytest.approx(want[name].high, rel=1e-9), name


def test_a_calibrator_of_two_labels_is_none_of_two_classes(tmp_path):
    z, y = draw((300, 2))
    fit = calibrate.fit(z, y, task="multilabel")
    np.testing.assert_allclose(fit.calibrator.apply(z), expit(z / fit.temperature))
    calibrate.save(fit, tmp_path / "c.json")
    again = calibrate.load(tmp_path / "c.json")
    assert again == fit.calibrator
    with pytest.raises(InputError, match=r"expected 2 labels.*`task=\"multilabel\"` missing"):
        calibrate.evaluate(z, np.zeros(300, int), again)


def test_a_lean_towards_yes_is_found():
    """It cancels in the confidence: the test is about the probability of yes."""
    z, y = draw(4000, sharpness=1.0)
    before = calibrate.evaluate(z + 0.5, y, settings=QUICK)
    assert before.tests.before.consistency.p_value < 0.005
    assert before.tests.before.consistency.statistic == pytest.approx(
        before.metrics.before["positive_ece"].value, rel=1e-9
    )
    fine = calibrate.evaluate(z, y, settings=QUICK)
    assert fine.tests.before.consistency.p_value > 0.01


def test_thresholds_remember_their_calibrator():
    z, y = draw(500)
    dataset, t = Dataset.of(z, y), calibrate.Temperature(1.5)
    found = find_thresholds(dataset, Goal.of_text("f1"), t)
    check_calibrator(found, calibrate.Temperature(1.5), "t.json")
    with pytest.raises(InputError, match=r"t.json: .*'temperature': 1.5.* chosen through"):
        check_calibrator(found, calibrate.Temperature(1.0), "t.json")


def test_the_nll_of_labels_counts_weights():
    z, y = draw((400, 3))
    y[:300, 1] = np.nan
    w = np.linspace(0.1, 3, 400)
    each = calibrate.fit_per_label(z, y, weights=w)
    report = calibrate.evaluate(z, y, each, weights=w, task="multilabel", settings=PLAIN)
    assert each.nll == pytest.approx(report.metrics.after["nll"].value, rel=1e-9)


def test_label_offset_of_yes_and_no():
    z, y = draw(300)
    want = calibrate.fit(z, y).temperature
    assert calibrate.fit(z, y + 1, label_offset=1).temperature == want
    with pytest.raises(InputError, match="expected labels 0 and 1"):
        calibrate.fit(z, y, label_offset=1)
    with pytest.raises(InputError, match="`label_offset` is for class indices"):
        calibrate.fit(np.stack([0 * z, z], 1), np.stack([1 - y, y], 1), label_offset=1)


@pytest.mark.parametrize("scores", [None, "log-probabilities"])
@pytest.mark.parametrize("masked", [-np.inf, -3.4e38])
def test_smoothing_refuses_masked_classes(scores, masked):
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(3), 200)
    z = np.concatenate([np.log(p), np.full((200, 1), masked)], axis=1)
    with pytest.raises(InputError, match="some classes are masked"):
        calibrate.fit(z, rng.integers(0, 3, 200), scores=scores, label_smoothing=0.1)


def test_more_than_a_thousand_labels():
    z, y = draw((20, 1100))
    report = calibrate.evaluate(z, y, task="multilabel", settings=QUICK)
    assert len(report.groups) == 1100


def test_groups_of_leading_axes():
    z, y = draw((10, 20, 3))
    groups = np.arange(200).reshape(10, 20) % 2
    want = calibrate.evaluate(
        z.reshape(200, 3), y.reshape(200, 3), task="multilabel", groups=groups.reshape(-1),
        clusters=np.arange(200) // 20, settings=QUICK,
    )  # fmt: skip
    each = np.repeat(groups.reshape(-1), 3)
    for given in (groups, groups.reshape(-1), each, each.reshape(10, 20, 3)):
        got = calibrate.evaluate(z, y, task="multilabel", groups=given, settings=QUICK)
        assert got.groups == want.groups


def test_places_are_those_of_the_file():
    z, y = draw((400, 3))
    y[:100] = np.nan
    z[250, 1] = np.nan
    with pytest.raises(InputError, match="NaN at row 250, column 1"):
        calibrate.fit(z, y, task="multilabel")
    logits = np.random.default_rng(0).normal(size=(50, 4))
    labels = np.where(np.arange(50) < 20, -100, 1)
    logits[33, 2] = np.inf
    with pytest.raises(InputError, match=r"\+inf at row 33, column 2"):
        calibrate.fit(logits, labels, ignore_label=-100)


def test_scores_of_any_size_need_no_index():
    z = np.zeros((1000, 4), np.float16)
    dataset = Dataset.of(z, reading=calibrate.Reading(task="multilabel", scores="logits"))
    assert dataset.selection.numbers is None
    assert dataset.selection.places is None
    assert dataset.n_examples == 1000


@pytest.mark.parametrize(
    ("shift", "factor", "full", "code"),
    [
        (1.5, 1.0, False, "shifted"),  # one T hardly makes the error smaller
        (0.05, 3.0, False, "overconfident"),
        (0.0, 0.3, False, "underconfident"),
        (0.0, 1.0, False, "undecided"),
        (1.5, 1.0, True, "miscalibrated"),
        (0.0, 1.0, True, "calibrated"),
    ],
)
def test_the_verdict_on_a_fit_and_on_its_report(shift, factor, full, code):
    rng = np.random.default_rng(0)
    z = rng.normal(scale=2, size=2000)
    labels = (rng.random(2000) < 1 / (1 + np.exp(shift - z))).astype(int)
    fit, settings = calibrate.fit(factor * z, labels), calibrate.Settings(full=full, bootstrap=0)
    report = calibrate.evaluate(factor * z, labels, fit, settings=settings)
    assert report.verdict.code == code
