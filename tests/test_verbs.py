"""What the verbs of the library refuse: arguments that they do not have, or that cannot apply."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import calibrate

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(60, 3)) * 3
Y = (Z / 2 + RNG.gumbel(size=Z.shape)).argmax(axis=1)
W = np.ones(60)
QUICK = calibrate.Settings(full=False, bootstrap=0)
MULTILABEL = calibrate.Reading(task="multilabel")
FIRST: dict[Callable, calibrate.Dataset] = {
    calibrate.fit: calibrate.Dataset.of(Z, Y),
    calibrate.fit_per_label: calibrate.Dataset.of(Z, (Z > 1).astype(int), reading=MULTILABEL),
    calibrate.evaluate: calibrate.Dataset.of(Z, Y),
    calibrate.cross_evaluate: calibrate.Dataset.of(Z, Y),
}


@pytest.mark.parametrize("verb", FIRST)
@pytest.mark.parametrize("rows", ["dataset", "arrays"])
def test_an_unknown_keyword_is_a_type_error_that_names_verb_and_keyword(verb, rows):
    first = (FIRST[verb],) if rows == "dataset" else (Z, Y)
    with pytest.raises(TypeError) as caught:
        verb(*first, nonsense=1)
    assert str(caught.value) == f"{verb.__name__}() got an unexpected keyword argument 'nonsense'"


@pytest.mark.parametrize(
    ("verb", "wrong", "meant"),
    [
        (calibrate.evaluate, "calibrater", "calibrator"),
        (calibrate.cross_evaluate, "fold", "folds"),
        (calibrate.fit, "wieghts", "weights"),
        (calibrate.fit, "label_ofset", "label_offset"),
        (calibrate.ece, "nbins", "n_bins"),
        (calibrate.nll, "weight", "weights"),
    ],
)
def test_the_nearest_keyword_is_named(verb, wrong, meant):
    with pytest.raises(TypeError) as caught:
        verb(Z, Y, **{wrong: 2})
    assert str(caught.value) == (
        f"{verb.__name__}() got an unexpected keyword argument {wrong!r}. Did you mean {meant!r}?"
    )


@pytest.mark.parametrize("verb", [calibrate.inspect, calibrate.open_dataset])
def test_verbs_on_files_refuse_unknown_keywords(verb):
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        verb("z.npy", nonsense=1)


@pytest.mark.parametrize("verb", FIRST)
@pytest.mark.parametrize(
    "given",
    [
        {"labels": Y},
        {"weights": W},
        {"clusters": np.arange(60)},
        {"task": "multiclass"},
        {"label_offset": 0},
        {"labels": Y, "weights": W, "scores": "logits"},
    ],
)
def test_what_a_dataset_has_already_is_refused_beside_it(verb, given):
    with pytest.raises(calibrate.InputError) as caught:
        verb(FIRST[verb], **given)
    message = str(caught.value)
    assert message.startswith(f"{', '.join(f'`{name}`' for name in given)}: ")
    assert "calibrate.open_dataset or Dataset.of" in message
    assert "\n" not in message
    last = list(given)[-1]
    assert (f"`reading=Reading({last}=...)`" in message) == (
        last in calibrate.Reading.__annotations__
    )


def test_a_calibrator_in_the_place_of_the_labels_is_told_where_it_belongs():
    with pytest.raises(calibrate.InputError, match=r"`calibrator=\.\.\.`"):
        calibrate.evaluate(FIRST[calibrate.evaluate], calibrate.Temperature(2.0))
    with pytest.raises(calibrate.InputError) as caught:
        calibrate.fit(FIRST[calibrate.fit], Y)
    assert "calibrator" not in str(caught.value)


def test_arguments_left_at_none_are_not_given():
    rows = FIRST[calibrate.fit]
    fit = calibrate.fit(rows, None, weights=None, clusters=None, task=None, ignore_label=None)
    assert fit.temperature == calibrate.fit(Z, Y).temperature


def test_what_does_apply_beside_a_dataset_works():
    rows = FIRST[calibrate.evaluate]
    report = calibrate.evaluate(
        rows, calibrator=calibrate.Temperature(2.0), groups=np.arange(60) % 2, settings=QUICK
    )
    assert report.temperature == 2.0
    assert len(report.groups) == 2
    assert calibrate.fit(rows, label_smoothing=0.1).smoothing is not None
