"""calibrate.compare: several models in Python, with the figures of the other verbs."""

from __future__ import annotations

import numpy as np
import pytest

import calibrate
from calibrate import InputError, Settings

PLAIN = Settings(full=False, bootstrap=0)


def rows(seed=0, n=300):
    """Two models and their labels."""
    rng = np.random.default_rng(seed)
    z = rng.normal(scale=2, size=(n, 4))
    y = (z + rng.gumbel(size=z.shape)).argmax(1)
    return 2 * z, z + rng.normal(scale=0.5, size=z.shape), y


A, B, Y = rows()
TWO = {"a": (A, Y), "b": (B, Y)}


def test_the_figures_of_each_model_are_those_of_the_other_verbs():
    found = calibrate.compare(TWO, metrics=["mce"])
    assert [model.name for model in found.models] == ["a", "b"]
    for model, z in zip(found.models, (A, B), strict=True):
        alone = calibrate.cross_evaluate(z, Y, settings=PLAIN).metrics
        for name in ("nll", "ece", "mce"):
            assert model.metrics.before[name] == alone.before[name]
            assert model.metrics.after[name].value == alone.after[name].value
        assert model.logits == f"logits of {model.name}"
    assert found.fitted_on == "cross-fitted on 5 folds of these rows"
    assert "mce" not in calibrate.compare(TWO).models[0].metrics.before


def test_temperatures_come_from_validation_rows():
    a, b, y = rows(1)
    found = calibrate.compare(TWO, validation={"b": (b, y), "a": (a, y)})
    temperatures = [model.calibrator.temperature for model in found.models]
    assert temperatures == [calibrate.fit(z, y).temperature for z in (a, b)]
    assert found.fitted_on == "fitted on other rows"
    assert calibrate.compare(TWO, validation=[(a, y), (b, y)]) == found


def test_temperatures_that_are_given(tmp_path):
    fit = calibrate.fit(A, Y)
    calibrate.save(fit, tmp_path / "a.json")
    for first in (fit, tmp_path / "a.json"):
        found = calibrate.compare(TWO, calibrators={"a": first, "b": 1.5})
        assert [model.calibrator.temperature for model in found.models] == [fit.temperature, 1.5]
        assert found.fitted_on == "as given"
        assert found.data.in_sample
        assert "a: its temperature was fitted on these very rows" in found.warnings
    bare = calibrate.compare(TWO, calibrators=[fit.calibrator, calibrate.Temperature(1.5)])
    assert bare.models[0].metrics == found.models[0].metrics
    assert bare.data.in_sample is None


def test_options_are_those_of_the_other_verbs():
    weights = np.linspace(0.1, 1, len(Y))
    how = {"weights": weights, "settings": Settings(n_bins=7, seed=3), "label_offset": 1}
    found = calibrate.compare({"a": (A, Y + 1)}, **how)
    settings = Settings(n_bins=7, seed=3, full=False, bootstrap=0)
    alone = calibrate.cross_evaluate(A, Y, weights=weights, settings=settings)
    assert found.models[0].metrics.before["ece"] == alone.metrics.before["ece"]
    assert found.models[0].calibrator.folds == alone.calibrator.folds
    as_dataset = calibrate.compare({"a": calibrate.Dataset.of(A, Y, weights=weights)})
    assert as_dataset.models[0].metrics.before["nll"] == found.models[0].metrics.before["nll"]


def test_a_name_again_is_another_run():
    found = calibrate.compare([("a", (A, Y)), ("b", (B, Y)), ("a", (A + B, Y))])
    assert [model.name for model in found.models] == ["a, run 1", "b", "a, run 2"]
    assert [(model.name, model.runs) for model in found.over_runs.models] == [("a", 2), ("b", 1)]


@pytest.mark.parametrize(
    ("models", "options", "said"),
    [
        ({}, {}, "`models`: expected at least one"),
        ({"a": A}, {}, r"a: expected \(logits, labels\) or a Dataset, found ndarray"),
        ({**TWO, "c": (B[:-1], Y[:-1])}, {}, "c: expected the same labels as of a"),
        ({**TWO, "c": (B, Y[::-1])}, {}, "c: expected the same labels as of a"),
        ({**TWO, "c": (B[:, :3] * 0, np.minimum(Y, 2))}, {}, "same labels"),
        ({"a": (A, Y), "b": (np.c_[A, A], Y)}, {}, "logits of b: expected the same rows and"),
        (TWO, {"metrics": ["smooth_ece"]}, "smooth_ece is not measured in a comparison"),
        (TWO, {"calibrators": {"a": 2.0}}, "`calibrators`: expected one for each of the models"),
        (TWO, {"calibrators": [2.0]}, "`calibrators`: expected 2, one per model"),
        (TWO, {"calibrators": [2.0, -1.0]}, "temperature"),
        (TWO, {"calibrators": [1.0, 2.0], "validation": TWO}, "one of `validation` and"),
        (TWO, {"validation": TWO, "weights": np.ones(len(Y))}, "`weights` and `clusters`"),
        (TWO, {"validation": [(A, Y), (B[:, :3] + 1, Y % 3)]}, "expected 4 classes, as in"),
        ([("a", (A, Y)), ("a", (A, Y))], {}, "expected another run of a"),
    ],
)
def test_what_cannot_be_compared(models, options, said):
    with pytest.raises(InputError, match=said):
        calibrate.compare(models, **options)


def test_unknown_arguments():
    with pytest.raises(TypeError, match=r"argument 'calibrater'.*'calibrators'"):
        calibrate.compare(TWO, calibrater=2.0)
    with pytest.raises(InputError, match="`weights`: cannot be set beside a Dataset"):
        calibrate.compare({"a": calibrate.Dataset.of(A, Y)}, weights=np.ones(len(Y)))
