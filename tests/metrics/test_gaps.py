"""The intervals of the ECE hold the truth about 95 times in 100, also on the boundary."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import margin, runs

import calibrate
from calibrate import Settings
from calibrate.metrics.gaps import folding

QUICK = Settings(full=False)


def test_folding_is_the_excess_of_a_folded_normal():
    draws = np.random.default_rng(0).normal(size=400_000)
    for mean, error in ((0.0, 0.3), (0.1, 0.3), (0.5, 0.2)):
        excess = np.abs(mean + error * draws).mean() - mean
        got = folding(np.array([mean]), np.array([error]))
        assert float(got[0]) == pytest.approx(excess, abs=2e-3)


def shares(sharpness: float, rows: int, runs: int) -> tuple[float, float]:
    """How often the ECE before, and its change through the true T, hold the truth."""
    rng = np.random.default_rng(4)
    z = rng.normal(scale=2, size=(400_000, 4))
    drawn = (z + rng.gumbel(size=z.shape)).argmax(1)
    repair = calibrate.Temperature(sharpness)
    truth = calibrate.evaluate(sharpness * z, drawn, repair, settings=QUICK).metrics
    # through the true T the model is calibrated: its ECE is 0
    before, change = truth.before["ece"].value, -truth.before["ece"].value
    held = []
    for run in range(runs):
        part = slice(run * rows, (run + 1) * rows)
        got = calibrate.evaluate(sharpness * z[part], drawn[part], repair, settings=QUICK).metrics
        held.append(
            [
                got.before["ece"].low <= before <= got.before["ece"].high,
                got.change["ece"].low <= change <= got.change["ece"].high,
                got.after["ece"].low == 0,
            ]
        )
    return tuple(np.mean(held, axis=0))


@runs(60, 300)
def test_intervals_of_the_ece_hold_the_truth(runs):
    assert min(shares(2.0, rows=600, runs=runs)) > 0.95 - margin(0.95, runs)


def test_weights_count_as_effective_rows(data):
    logits, labels = data
    twice = np.tile(logits, (2, 1)), np.tile(labels, 2)
    halves = calibrate.evaluate(*twice, weights=np.full(800, 0.5), settings=QUICK).metrics.before
    plain = calibrate.evaluate(*twice, settings=QUICK).metrics.before
    assert halves["ece"].low == pytest.approx(plain["ece"].low, rel=1e-12)
    assert halves["ece"].high == pytest.approx(plain["ece"].high, rel=1e-12)
