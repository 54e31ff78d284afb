"""Every kind of label: indices, one-hot, soft, ignored, binary, multi-label."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, softmax

import calibrate
from calibrate import Dataset, Settings, Temperature
from calibrate.blocks.block import Block, Smoothing
from calibrate.blocks.optimise import NllStep
from calibrate.blocks.predictions import predictions, top_scores
from calibrate.calibrators.protocol import Shape

QUICK = Settings(bootstrap=50)


@pytest.fixture
def soft(data):
    """Logits, and what three annotators said of each row."""
    logits, labels = data
    rng = np.random.default_rng(1)
    votes = np.eye(7)[labels] + np.eye(7)[rng.permuted(labels)] + np.eye(7)[labels]
    return logits, votes / 3


def best_temperature(loss) -> float:
    found = minimize_scalar(loss, bracket=(-2.0, 0.5), options={"xtol": 1e-12})
    return float(np.exp(-found.x))


@pytest.mark.parametrize("dtype", [np.int64, np.float32, np.bool_])
def test_one_hot_rows_are_class_indices(data, dtype):
    logits, labels = data
    t = Temperature(1.9)
    want = calibrate.evaluate(logits, labels, t, settings=QUICK)
    got = calibrate.evaluate(logits, np.eye(7)[labels].astype(dtype), t, settings=QUICK)
    assert got == want


def test_soft_rows_that_are_one_hot_give_the_same_figures(data):
    """The arithmetic of shares against that of indices, on the same labels."""
    logits, labels = data
    z = logits.astype(np.float64)
    first = predictions(z, 0.6, np.inf, top_scores(z, labels), Block(z, labels))
    shares = np.eye(7)[labels]
    second = predictions(z, 0.6, np.inf, top_scores(z, shares), Block(z, shares))
    for name in ("confidence", "correct", "nll", "brier", "top_5", "slope"):
        np.testing.assert_allclose(getattr(second, name), getattr(first, name), atol=1e-12)
    one, two = (NllStep(0.6, np.inf)(Block(z, y)) for y in (labels, shares))
    assert two.nll == pytest.approx(one.nll, rel=1e-14)
    assert two.gradient == pytest.approx(one.gradient, rel=1e-12)


def test_soft_figures_by_their_definitions(soft):
    logits, q = soft
    p, log_p = softmax(logits.astype(float), axis=1), log_softmax(logits.astype(float), axis=1)
    figures = calibrate.evaluate(logits, q, settings=QUICK).metrics.before
    top = p.argmax(1)
    order = np.argsort(-p, axis=1)[:, :5]
    assert figures["nll"].value == pytest.approx(-(q * log_p).sum(1).mean(), rel=1e-12)
    assert figures["brier"].value == pytest.approx(((p - q) ** 2).sum(1).mean(), rel=1e-12)
    assert figures["accuracy"].value == pytest.approx(q[np.arange(400), top].mean(), rel=1e-12)
    assert figures["top_5_accuracy"].value == pytest.approx(
        np.take_along_axis(q, order, 1).sum(1).mean(), rel=1e-12
    )
    gaps = 0.0
    edges = np.linspace(0, 1, 16)
    for k in range(7):
        index = np.clip(np.searchsorted(edges, p[:, k]) - 1, 0, 14)
        gaps += np.abs(np.bincount(index, q[:, k] - p[:, k], 15)).sum() / 400
    assert figures["classwise_ece"].value == pytest.approx(gaps / 7, abs=1e-12)


def test_the_temperature_of_soft_labels(soft):
    logits, q = soft
    z = logits.astype(float)
    want = best_temperature(lambda b: -(q * log_softmax(np.exp(b) * z, axis=1)).sum(1).mean())
    assert calibrate.fit(logits, q).temperature == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize("over", ["all", "others"])
@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_the_temperature_of_smoothed_labels(data, soft, over, kind):
    logits, labels = data
    z, eps = logits.astype(float), 0.15
    q = np.eye(7)[labels] if kind == "hard" else soft[1]
    smoothed = (1 - eps) * q + (eps / 7 if over == "all" else eps * (1 - q) / 6)
    assert smoothed.sum(1) == pytest.approx(1)

    def loss(b: float) -> float:
        return -(smoothed * log_softmax(np.exp(b) * z, axis=1)).sum(1).mean()

    got = calibrate.fit(
        logits, labels if kind == "hard" else q, label_smoothing=eps, smoothing_over=over
    )
    assert got.temperature == pytest.approx(best_temperature(loss), rel=1e-6)
    assert got.smoothing == Smoothing(eps, over)
    assert got.temperature > calibrate.fit(logits, q).temperature


def test_leading_axes_are_flattened_and_ignored_rows_dropped(data):
    logits, labels = data
    first_axis = np.arange(0, 400, 2) // 20
    plain = calibrate.evaluate(
        logits[::2], labels[::2], clusters=first_axis, settings=QUICK
    ).metrics
    marked = np.where(np.arange(400) % 2, -100, labels)
    got = calibrate.evaluate(
        logits.reshape(20, 20, 7), marked.reshape(20, 20), ignore_label=-100, settings=QUICK
    )
    assert got.data.rows == 200
    for name, figure in got.metrics.before.items():
        want = plain.before[name]
        assert (figure.value, figure.low, figure.high) == (want.value, want.low, want.high), name
    shares = np.eye(7)[labels].reshape(20, 20, 7)
    assert calibrate.fit(logits.reshape(20, 20, 7), shares).temperature == pytest.approx(
        calibrate.fit(logits, labels).temperature, rel=1e-12
    )


@pytest.fixture
def binary():
    rng = np.random.default_rng(3)
    z = rng.normal(scale=3, size=900)
    return z, (rng.random(900) < expit(z / 1.8)).astype(int)


def test_binary_shapes_agree(binary):
    z, y = binary
    want = calibrate.fit(np.stack([0 * z, z], axis=1), y).temperature
    for scores, labels in (
        (z, y),
        (z[:, None], y),
        (z[:, None], y[:, None]),
        (z, y.astype(bool)),
        (z.reshape(30, 30), y.reshape(30, 30)),
    ):
        task = "binary" if scores.shape == (30, 30) else None
        assert calibrate.fit(scores, labels, task=task).temperature == pytest.approx(
            want, rel=1e-12
        )
    # scikit-learn 1.9.1: 1 / LogisticRegression(C=inf, fit_intercept=False, tol=1e-12).coef_

    def loss(b: float) -> float:
        return np.logaddexp(0, (1 - 2 * y) * np.exp(b) * z).mean()

    assert want == pytest.approx(best_temperature(loss), rel=1e-6)


def test_binary_probabilities_and_soft_labels(binary):
    z, y = binary
    want = calibrate.fit(z, y).temperature
    p = expit(z)
    assert calibrate.fit(p, y, scores="probabilities").temperature == pytest.approx(want, rel=1e-9)
    log_p = np.log(p)
    assert calibrate.fit(log_p, y, scores="log-probabilities").temperature == pytest.approx(
        want, rel=1e-9
    )
    q = 0.1 + 0.8 * y

    def loss(b: float) -> float:
        yes, no = (np.logaddexp(0, sign * np.exp(b) * z) for sign in (-1, 1))
        return (q * yes + (1 - q) * no).mean()

    assert calibrate.fit(z, q).temperature == pytest.approx(best_temperature(loss), rel=1e-6)


def test_the_positive_ece_is_not_that_of_the_confidence(binary):
    z, y = binary
    figures = calibrate.evaluate(z, y, settings=QUICK).metrics.before
    p, edges = expit(z), np.linspace(0, 1, 16)

    def ece(confidence, correct):
        index = np.clip(np.searchsorted(edges, confidence) - 1, 0, 14)
        return np.abs(np.bincount(index, correct - confidence, 15)).sum() / len(z)

    assert figures["positive_ece"].value == pytest.approx(ece(p, y), abs=1e-12)
    top = ece(np.maximum(p, 1 - p), (p > 0.5) == y)
    assert figures["ece"].value == pytest.approx(top, abs=1e-12)
    assert figures["positive_ece"].value != pytest.approx(top, abs=1e-4)
    assert "classwise_ece" not in figures


def test_applied_scores_keep_their_shape(binary):
    z, _ = binary
    t = Temperature(2.0, Shape(classes=2))
    np.testing.assert_allclose(t.apply(z), expit(z / 2), rtol=1e-12)
    assert t.apply(z[:, None]).shape == (900, 1)
    np.testing.assert_allclose(t.apply(z, output="logits"), z / 2)
    cube = np.random.default_rng(0).normal(size=(4, 5, 3))
    np.testing.assert_allclose(Temperature(2.0).apply(cube), softmax(cube / 2, axis=-1))


@pytest.fixture
def many():
    """Three labels with a temperature of their own each; some are not annotated."""
    rng = np.random.default_rng(4)
    z = rng.normal(scale=3, size=(700, 3))
    y = (rng.random((700, 3)) < expit(z / [0.6, 1.5, 3.0])).astype(float)
    y[rng.random((700, 3)) < 0.2] = np.nan
    return z, y


def test_multi_label_is_binary_on_what_is_annotated(many):
    z, y = many
    known = ~np.isnan(y)
    shared = calibrate.fit(z, y, task="multilabel")
    assert shared.temperature == pytest.approx(
        calibrate.fit(z[known], y[known]).temperature, rel=1e-12
    )
    each = calibrate.fit_per_label(z, y)
    for label, t in enumerate(each.calibrator.temperatures):
        own = known[:, label]
        alone = calibrate.fit(z[own, label], y[own, label])
        assert t == pytest.approx(alone.temperature, rel=1e-12)
        assert each.intervals["temperatures"][label] == pytest.approx(alone.interval)
    assert each.nll < shared.nll
    applied = each.calibrator.apply(z)
    np.testing.assert_allclose(applied, expit(z / each.calibrator.temperatures), rtol=1e-12)


def test_the_labels_of_a_multi_label_model_worst_first(many):
    z, y = many
    report = calibrate.evaluate(z, y, task="multilabel", settings=Settings(
        bootstrap=50, class_names=("cat", "dog", "owl"))
    )  # fmt: skip
    assert (report.data.task, report.data.rows, report.data.classes) == (
        "multilabel",
        (~np.isnan(y)).any(axis=1).sum(),
        3,
    )
    assert {group.name for group in report.groups} == {"cat", "dog", "owl"}
    sure = [group.bias.sure for group in report.groups]
    assert sure == sorted(sure, reverse=True)
    owl = next(group for group in report.groups if group.name == "owl")
    own = ~np.isnan(y[:, 2])
    alone = calibrate.evaluate(z[own, 2], y[own, 2], settings=QUICK).metrics.before
    for name in ("nll", "ece", "positive_ece"):
        assert owl.metrics.before[name].value == pytest.approx(alone[name].value, rel=1e-12)


def test_labels_of_one_example_are_not_independent():
    """Twice the same label says nothing more: the intervals are as wide as with one."""
    rng = np.random.default_rng(5)
    z = rng.normal(scale=2, size=500)
    y = (rng.random(500) < expit(z / 1.5)).astype(int)
    one = calibrate.evaluate(z, y, settings=QUICK).metrics.before
    twice = calibrate.evaluate(
        np.stack([z, z], 1), np.stack([y, y], 1), task="multilabel", settings=QUICK
    ).metrics.before
    for name in ("nll", "accuracy"):
        width = one[name].high - one[name].low
        assert twice[name].high - twice[name].low == pytest.approx(width, rel=0.15), name
    t1 = calibrate.fit(z, y).interval
    t2 = calibrate.fit(np.stack([z, z], 1), np.stack([y, y], 1), task="multilabel").interval
    assert t2 == pytest.approx(t1, rel=1e-9)


def test_row_weights_of_multi_label_rows(many):
    z, y = many
    w = np.arange(1.0, 701.0)
    known = ~np.isnan(y)
    each = np.repeat(w, 3).reshape(700, 3)
    got = calibrate.fit(z, y, task="multilabel", weights=w).temperature
    want = calibrate.fit(z[known], y[known], weights=each[known]).temperature
    assert got == pytest.approx(want, rel=1e-12)


def test_blocks_change_nothing_for_any_kind_of_label(soft, many, monkeypatch):
    from calibrate.blocks import passes

    def temperatures() -> list[float]:
        return [
            calibrate.fit(*soft).temperature,
            calibrate.fit(*soft, label_smoothing=0.1).temperature,
            calibrate.fit(*many, task="multilabel").temperature,
        ]

    want = temperatures()
    monkeypatch.setattr(passes, "BLOCK_ELEMENTS", 200)
    assert temperatures() == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize("masked", [-np.inf, -3.4e38])
def test_soft_labels_beside_masked_classes(soft, masked):
    logits, q = soft
    z = np.concatenate([logits, np.full((400, 1), masked, np.float32)], axis=1)
    q = np.concatenate([q, np.zeros((400, 1))], axis=1)
    assert calibrate.fit(z, q).temperature == pytest.approx(
        calibrate.fit(*soft).temperature, rel=1e-6
    )


WRONG = {
    "sums": (np.full((400, 7), 0.2), {}, "row 0 the sum is off by 0.4"),
    "negative": (np.tile([1.5, -0.5, 0, 0, 0, 0, 0], (400, 1)), {}, "found -0.5"),
    "several": (np.tile([1, 1, 0, 0, 0, 0, 0], (400, 1)), {}, 'pass `task="multilabel"`'),
    "not annotated": (np.full((400, 7), np.nan), {}, 'pass `task="multilabel"`'),
    "ignored without saying so": (np.full(400, -100), {}, "`ignore_label=-100`"),
    "all ignored": (np.full(400, -100), {"ignore_label": -100}, "at least one must count"),
    "ignore shares": (np.eye(7)[np.arange(400) % 7], {"ignore_label": 0}, "class indices"),
    "another shape": (np.zeros((400, 3)), {}, r"one share per class, shape \(400, 7\)"),
    "unknown task": (np.zeros(400, int), {"task": "multilable"}, "did you mean multilabel"),
    "smoothing": (np.zeros(400, int), {"label_smoothing": 1.0}, "an amount from 0"),
    "convention": (
        np.zeros(400, int),
        {"label_smoothing": 0.1, "smoothing_over": "rest"},
        "one of all, others",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_labels(data, name):
    labels, options, said = WRONG[name]
    with pytest.raises(calibrate.InputError, match=said):
        calibrate.fit(data[0], labels, **options)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (np.tile([-1, 1], 450), r"\(labels \+ 1\) / 2"),
        (np.arange(900) % 3, "0 and 1 .* found 0 to 2"),
        (np.full(900, np.nan), "NaN"),
        (np.zeros((900, 2)), "seem to be swapped"),
        (np.zeros(4), "holds 4 labels but logits holds 900 rows"),
        (np.where(np.arange(900) < 5, -1.0, 1.0) * 0 - 1, "`ignore_label=-1`"),
    ],
)
def test_wrong_binary_labels(binary, labels, said):
    with pytest.raises(calibrate.InputError, match=said):
        calibrate.fit(binary[0], labels)


def test_minus_one_and_one_with_two_columns(binary):
    z, y = binary
    with pytest.raises(calibrate.InputError, match=r"\(labels \+ 1\) // 2"):
        calibrate.fit(np.stack([0 * z, z], axis=1), 2 * y - 1)


def test_smoothing_needs_every_class(data):
    logits, labels = data
    z = np.where(np.arange(7) == (labels[:, None] + 1) % 7, -np.inf, logits)
    with pytest.raises(calibrate.InputError, match="masked"):
        calibrate.fit(z, labels, label_smoothing=0.1)


def test_a_calibrator_of_labels_needs_as_many(many):
    z, y = many
    each = calibrate.fit_per_label(z, y)
    with pytest.raises(calibrate.InputError, match="expected 3 labels"):
        calibrate.evaluate(z[:, :2], y[:, :2], each, task="multilabel")
    with pytest.raises(calibrate.InputError, match=r"task=.multilabel"):
        calibrate.fit_per_label(Dataset.of(z, np.zeros(700, int)))


def test_a_label_nobody_annotated(many):
    z, y = many
    y[:, 1] = np.nan
    each = calibrate.fit_per_label(z, y)
    assert each.calibrator.temperatures[1] == 1.0
    assert each.intervals["temperatures"][1] is None
    assert not each.converged
    assert "label 1: nobody annotated it" in each.warnings[0]
