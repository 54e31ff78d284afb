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
    assert len(sweep.temperature) == 200
    assert {1.0, 3.0, sweep.best} <= set(sweep.temperature)
    assert sweep.temperature == tuple(sorted(sweep.temperature))
    assert sweep.temperature[0] <= 0.25
    assert sweep.temperature[-1] >= 12
    assert sweep.rows == len(labels)
    for i in (0, 13, 90, 199):
        want = exact_figures(logits.astype(float) / sweep.temperature[i], labels)
        assert sweep.nll[i] == pytest.approx(want["nll"], rel=1e-6)
        assert sweep.ece[i] == pytest.approx(want["ece"], abs=1e-6)
        assert sweep.mean_confidence[i] == pytest.approx(want["mean_confidence"], abs=1e-6)
    lowest = sweep.temperature[int(np.argmin(sweep.nll))]
    assert lowest == pytest.approx(sweep.best, rel=0.2)


@pytest.mark.parametrize("kind", ["weights", "soft", "binary", "confidence", "masked"])
def test_the_sweep_is_what_a_report_measures(kind: str):
    """At any temperature, whatever the rows are: also the bins, to the digits kept."""
    rng = np.random.default_rng(8)
    logits, more = rng.normal(scale=3, size=(300, 5)), {}
    labels = (logits / 2 + rng.gumbel(size=logits.shape)).argmax(1)
    if kind == "weights":
        more["weights"] = rng.integers(0, 4, 300).astype(float)
    elif kind == "soft":
        labels = rng.dirichlet(np.ones(5), 300)
    elif kind == "masked":
        logits[:, 4] = -np.inf
        labels = np.minimum(labels, 3)
    elif kind in ("binary", "confidence"):
        logits = logits[:, 0]
        labels = (rng.random(300) < 1 / (1 + np.exp(-logits / 2))).astype(int)
        more["task"] = kind
    if kind == "confidence":
        more["scores"] = "probabilities"
        logits = 1 / (1 + np.exp(-logits))
    once = Settings(bootstrap=0)
    sweep = calibrate.evaluate(logits, labels, settings=once, **more).sweep
    for i in (0, 80, sweep.temperature.index(1.0), 199):
        through = calibrate.Temperature(sweep.temperature[i])
        report = calibrate.evaluate(logits, labels, through, settings=once, **more)
        after, table = report.metrics.after, report.reliability.after
        for name in ("nll", "ece", "mean_confidence"):
            assert getattr(sweep, name)[i] == pytest.approx(after[name].value, abs=1e-9)
        if kind == "binary":
            assert sweep.positive_ece[i] == pytest.approx(after["positive_ece"].value, abs=1e-9)
            table = report.class_reliability.after[0].table
        share = [w / sum(table.weight) if w else None for w in table.weight]
        for found, wanted in (
            (sweep.bins.share[i], share),
            (sweep.bins.confidence[i], table.confidence),
            (sweep.bins.accuracy[i], table.accuracy),
        ):
            assert found == tuple(None if v is None else round(v, 4) for v in wanted)


def test_of_many_rows_some_are_measured():
    rng = np.random.default_rng(2)
    logits = rng.normal(scale=2, size=(60_000, 3))
    report = calibrate.evaluate(
        logits, (logits + rng.gumbel(size=logits.shape)).argmax(1), settings=Settings(bootstrap=0)
    )
    assert report.sweep.rows == 20_000
    assert report.sweep.ece[100] > 0


def test_no_sweep_without_an_optimum():
    logits = np.random.default_rng(0).normal(size=(50, 4))
    report = calibrate.evaluate(logits, logits.argmax(1), settings=Settings(bootstrap=0))
    assert report.sweep is None
