from __future__ import annotations

import numpy as np
import pytest
from reference import exact_figures

import calibrate
from calibrate import Settings


def test_the_sweep_measures_what_it_says(data):
    logits, labels = data
    report = calibrate.evaluate(
        logits, labels, calibrate.Temperature(3.0), settings=Settings(bootstrap=0)
    )
    sweep = report.sweep
    assert sweep.best == calibrate.fit(logits, labels).temperature
    assert sweep.temperature[0] <= 0.25
    assert sweep.temperature[-1] >= 12
    for i in (0, 13, 32):
        want = exact_figures(logits.astype(float) / sweep.temperature[i], labels)
        assert sweep.nll[i] == pytest.approx(want["nll"], rel=1e-6)
        assert sweep.ece[i] == pytest.approx(want["ece"], abs=1e-6)
    lowest = sweep.temperature[int(np.argmin(sweep.nll))]
    assert lowest == pytest.approx(sweep.best, rel=0.2)


def test_no_sweep_without_an_optimum():
    logits = np.random.default_rng(0).normal(size=(50, 4))
    report = calibrate.evaluate(logits, logits.argmax(1), settings=Settings(bootstrap=0))
    assert report.sweep is None
