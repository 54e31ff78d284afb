"""Intervals hold the truth in populations that people bring; the full grid is a benchmark."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import margin, runs
from scipy.special import log_softmax, softmax

import calibrate
from calibrate import Settings
from calibrate.analyses.evaluate import AS_THEY_ARE, totals_of
from calibrate.data.dataset import Dataset
from calibrate.metrics.choice import Choice
from calibrate.results.measurement import Figures, Measurement

QUICK = Settings(full=False, bootstrap=0)


def population(seed: int, rows: int, scale: float = 1.5, k: int = 4):
    rng = np.random.default_rng(seed)
    z = rng.normal(scale=scale, size=(rows, k))
    return rng, z, softmax(z, axis=1)


def nll_of(logits, p):
    return -(p * log_softmax(logits, axis=1)).sum(1)


def drawn(rng, p):
    return (rng.random((len(p), 1)) > p.cumsum(1)[:, :-1]).sum(1)


@runs(30, 150)
def test_clusters_widen_the_intervals_to_what_they_must_be(runs):
    """80 clusters of one row, seen 15 times with one label: the nll and T of the population."""
    rng, z, p = population(0, 40_000)
    truth = nll_of(1.5 * z, p).mean()
    held, blind, fitted = [], [], []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        rows = rng.integers(0, 40_000, 80).repeat(15)
        labels = drawn(rng, p[rows[::15]]).repeat(15)
        ids = np.arange(80).repeat(15)
        m = calibrate.evaluate(1.5 * z[rows], labels, clusters=ids, settings=QUICK).metrics.before
        held.append(m["nll"].low <= truth <= m["nll"].high)
        m = calibrate.evaluate(1.5 * z[rows], labels, settings=QUICK).metrics.before
        blind.append(m["nll"].low <= truth <= m["nll"].high)
        low, high = calibrate.fit(1.5 * z[rows], labels, clusters=ids).interval
        fitted.append(low <= 1.5 <= high)
    assert np.mean(held) >= 0.93 - margin(0.93, runs)
    assert np.mean(fitted) >= 0.93 - margin(0.93, runs)
    assert np.mean(blind) < 0.5


@pytest.mark.parametrize("sharpness", [1.0, 2.0])
@runs(30, 150)
def test_exact_shares_are_not_taken_for_draws(sharpness, runs):
    """Labels that are P(y|x): the ECE has next to no noise, and its interval knows."""
    _, z, p = population(1, 200_000)
    settings = Settings(full=False, bootstrap=0)
    truth = calibrate.evaluate(sharpness * z, p, settings=settings).metrics.before["ece"].value
    held, widths = [], []
    for start in range(0, runs * 500, 500):
        part = slice(start, start + 500)
        m = calibrate.evaluate(sharpness * z[part], p[part], settings=settings).metrics.before
        held.append(m["ece"].low <= truth + 1e-12 and truth <= m["ece"].high)
        widths.append(m["ece"].high - m["ece"].low)
    assert np.mean(held) >= 0.95 - margin(0.95, runs)
    labels = drawn(np.random.default_rng(0), p[:500])
    hard = calibrate.evaluate(sharpness * z[:500], labels, settings=settings)
    one_draw = hard.metrics.before["ece"]
    assert np.mean(widths) < 0.7 * (one_draw.high - one_draw.low)


def test_votes_are_noisier_than_exact_shares():
    """Where all votes agree, exact shares leave no noise; votes do."""
    confident = np.tile([[3.0, 0.0]], (200, 1))
    shares = np.tile([[1.0, 0.0]], (200, 1))
    shares[:20] = 0.5
    exact = Settings(full=False, bootstrap=0)
    votes = Settings(full=False, bootstrap=0, votes=4)
    a, b = (
        calibrate.evaluate(confident, shares, settings=s).metrics.before["ece"]
        for s in (exact, votes)
    )
    assert b.low <= a.low
    with pytest.raises(calibrate.InputError, match="`votes`: expected at least 1"):
        Settings(votes=0)
    with pytest.raises(calibrate.InputError, match=r"multiples of 1/3, as of 3 votes, found 0\.5"):
        calibrate.evaluate(confident, shares, settings=Settings(votes=3))
    with pytest.raises(calibrate.InputError, match="each label is one class"):
        calibrate.evaluate(confident, shares.argmax(1), settings=votes)


def test_what_accurate_models_do_not_show_is_not_given():
    z = np.tile([[9.0, 0.0, 0.0]], (100, 1))
    report = calibrate.evaluate(z, np.zeros(100, int), settings=Settings(bootstrap=100))
    figures = report.metrics.before
    assert figures["accuracy"].low == pytest.approx(0.9630, abs=1e-4)  # Wilson: 1 / (1 + z²/n)
    assert figures["accuracy"].high == 1
    for name in ("nll", "brier", "ece", "aurc"):
        assert figures[name].low is None, name
    assert any("too few errors for an interval" in warning for warning in report.warnings)
    assert report.tests.before.spiegelhalter.p_value is None
    assert report.tests.before.temperature.p_value is None


def test_few_errors_are_marked_rough():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(400, 3)) + np.array([4.0, 0, 0])
    labels = np.where(np.arange(400) < 12, 1, z.argmax(1))
    report = calibrate.evaluate(z, labels, settings=QUICK)
    assert {"nll", "brier", "ece"} <= set(report.rough_intervals.value)
    assert "accuracy" not in report.rough_intervals.value


def test_a_temperature_of_few_errors_has_a_rough_interval():
    rng, z, p = population(0, 90)
    few = calibrate.evaluate(z, drawn(rng, p), calibrate.fit(z, drawn(rng, p)), settings=QUICK)
    assert "temperature" not in few.rough_intervals.value  # not these rows' own
    labels = drawn(rng, p)
    own = calibrate.evaluate(z, labels, calibrate.fit(z, labels), settings=QUICK)
    assert "temperature" in own.rough_intervals.value
    rng, z, p = population(0, 900)
    labels = drawn(rng, p)
    many = calibrate.evaluate(z, labels, calibrate.fit(z, labels), settings=QUICK)
    assert "temperature" not in many.rough_intervals.value


def test_uneven_weights_are_said():
    rng, z, p = population(3, 2_000)
    w = np.where(np.arange(2_000) < 20, 500.0, 1.0)
    report = calibrate.evaluate(z, drawn(rng, p), weights=w, settings=QUICK)
    said = " ".join(report.warnings)
    assert "2,000 rows tell as much as" in said


@runs(30, 150)
def test_the_change_of_the_nll_is_as_uncertain_as_the_choice_of_t(runs):
    """True T = 1: cross-fitting must not call it better or worse."""
    worse = []
    for seed in range(runs):
        rng, z, p = population(seed, 300)
        report = calibrate.cross_evaluate(z, drawn(rng, p), settings=QUICK)
        change = report.metrics.change["nll"]
        worse.append(change.low > 0 or change.high < 0)
    assert np.mean(worse) <= 0.03 + margin(0.03, runs)


def test_the_choice_of_t_is_one_more_source_of_noise():
    """Its square, of ``2.5 error |slopes of the NLL in log T| / n``, adds to that of each end."""
    rng, z, p = population(0, 300)
    labels = drawn(rng, p)
    totals = totals_of(Dataset.of(z, labels), (AS_THEY_ARE,), None, QUICK)
    slopes = (p * z).sum(axis=1) - z[np.arange(300), labels]
    figure = Measurement(0.05, 0.04, 0.07)
    figures = Figures({"nll": figure}, {"nll": figure}, {"nll": figure, "brier": figure})
    got = Choice(0.1).allowed_for(figures, totals).change
    assert got["brier"] == figure
    added = 2.5 * 0.1 * np.sqrt(np.square(slopes).sum()) / 300
    assert got["nll"].low == pytest.approx(0.05 - np.hypot(0.01, added), rel=1e-9)
    assert got["nll"].high == pytest.approx(0.05 + np.hypot(0.02, added), rel=1e-9)
    blind = Choice(np.inf).allowed_for(figures, totals).change  # no T: nothing is known of it
    assert blind["nll"].low == pytest.approx(0.04, rel=1e-9)
