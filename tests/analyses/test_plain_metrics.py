"""Every metric as a plain function of arrays."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from conftest import SAMPLES, gumbel_labels

import calibrate
from calibrate.metrics import METRICS

RNG = np.random.default_rng(9)
Z = RNG.normal(scale=3, size=(300, 7))
Y = gumbel_labels(Z, 2.0, RNG)
W = RNG.uniform(0.2, 3, 300)
P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
YES = 1 / (1 + np.exp(-Z[:, 0]))
SAID = (RNG.uniform(size=300) < YES).astype(int)
DIGITS = SAMPLES / "digits"
L, M = np.load(f"{DIGITS}/val_logits.npy"), np.load(f"{DIGITS}/val_labels.npy")

ROWS = {
    "multiclass": ((P, Y), {"scores": "probabilities"}),
    "weighted logits": ((Z, Y + 1), {"scores": "logits", "weights": W, "label_offset": 1}),
    "binary": ((YES, SAID), {"scores": "probabilities"}),
    "multilabel": ((L, M), {"scores": "logits", "task": "multilabel"}),
}


@pytest.mark.parametrize("rows", ROWS)
def test_equal_to_the_report_to_the_last_bit(rows):
    arrays, how = ROWS[rows]
    report = calibrate.evaluate(*arrays, **how, settings=calibrate.Settings(bootstrap=0))
    measured = report.metrics.before
    assert len(measured) >= 18
    for name, figure in measured.items():
        found = getattr(calibrate, name)(*arrays, **how)
        assert type(found) is float
        assert found == figure.value, name


def test_bins_are_said():
    settings = calibrate.Settings(n_bins=7, bootstrap=0)
    report = calibrate.evaluate(P, Y, scores="probabilities", settings=settings)
    for name in ("ece", "classwise_ece", "mce", "rmsce"):
        found = getattr(calibrate, name)(P, Y, n_bins=7)
        assert found == report.metrics.before[name].value
        assert found != getattr(calibrate, name)(P, Y)
    with pytest.raises(TypeError, match="n_bins"):
        calibrate.nll(P, Y, n_bins=7)


@pytest.mark.parametrize("name", METRICS)
def test_each_is_public_and_says_its_formula(name):
    function = getattr(calibrate, name)
    assert name in calibrate.__all__
    assert function.__name__ == name
    assert function.__doc__.startswith(inspect.cleandoc(METRICS[name].function.__doc__))
    assert "labels: ``(n,)`` class indices" in function.__doc__
    assert ("n_bins:" in function.__doc__) == ("n_bins" in inspect.signature(function).parameters)


UNDEFINED = [
    (lambda: calibrate.auroc(P[:9], P[:9].argmax(axis=1)), "auroc: is undefined on these rows"),
    (lambda: calibrate.top_5_accuracy(P[:, :3] / P[:, :3].sum(1, keepdims=True), Y * 0),
     "top_5_accuracy: is measured on more than 5 classes, found 300 x 3, multiclass"),
    (lambda: calibrate.positive_ece(P, Y), "positive_ece: is measured on binary"),
    (lambda: calibrate.classwise_ece(YES, SAID), "classwise_ece: is measured on multiclass"),
    (lambda: calibrate.nll_calibration(P[:5], Y[:5]), "nll_calibration: is measured on rows"),
    (lambda: calibrate.ece(Z, Y), "expected probabilities"),
    (lambda: calibrate.ece(P, Y[:-1]), "labels holds 299 labels"),
    (lambda: calibrate.ece(P, Y, n_bins=0), "`n_bins`: expected 1 to"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "said"), UNDEFINED)
def test_what_is_undefined_is_an_error_in_one_line(call, said):
    with pytest.raises(ValueError, match=said) as caught:
        call()
    assert isinstance(caught.value, calibrate.InputError)
    assert "\n" not in str(caught.value)
