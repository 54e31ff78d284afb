"""Scores of every kind and dtype as logits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_expit, log_softmax, logit

from calibrate.blocks.scores import Zeros, as_logits, two_sided, working_dtype

Z = np.random.default_rng(0).normal(scale=2, size=(9, 4))


@pytest.mark.parametrize(
    ("dtypes", "worked_in"),
    [
        ("float16 float32 int8 int16 uint8 uint16", np.float32),
        ("float64 int32 int64 uint32 uint64", np.float64),
    ],
)
def test_the_precision_worked_in(dtypes, worked_in):
    for dtype in dtypes.split():
        assert working_dtype(np.dtype(dtype)) == worked_in, dtype
        assert as_logits(np.ones((2, 2), dtype), "logits").dtype == worked_in


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_each_kind_of_score(dtype, order):
    close = {"rtol": 2e-6 if dtype == np.float32 else 1e-12, "atol": 1e-6}
    log_p = log_softmax(Z, axis=1)
    for scores, given, want in (
        ("logits", Z, Z),
        ("log-probabilities", log_p, log_p),
        ("probabilities", np.exp(log_p), log_p),
        ("logits", Z[:, 0], Z[:, 0]),
        ("probabilities", np.exp(log_expit(Z[:, 0])), Z[:, 0]),
        ("log-probabilities", log_expit(Z[:, 0]), Z[:, 0]),
    ):
        got = as_logits(np.asarray(given, dtype, order=order), scores)
        assert got.flags.c_contiguous
        np.testing.assert_allclose(got, want, **close, err_msg=scores)
    assert as_logits(Z.astype(">f8"), "logits").dtype.isnative


@pytest.mark.parametrize(
    ("dtype", "least", "read_as", "short"),
    [
        (np.float64, 1.0, 2.0**-54, 2.0**-55),
        (np.float64, 1e-20, 2.5e-21, 2.0**-55),
        (np.float64, 5e-324, 5e-324, 2.0**-55),
        (np.float32, 1.0, 2.0**-54, 2.0**-26),
        (np.float16, 1.0, 2.0**-26, 2.0**-13),
        (np.float16, 2.0**-26, 2.0**-28, 2.0**-13),
        (np.uint8, 1.0, 2.0**-54, 2.0**-26),
        (np.int64, 1.0, 2.0**-54, 2.0**-55),
    ],
)
def test_probabilities_of_0_and_1_are_a_quarter_of_a_step_away(dtype, least, read_as, short):
    zeros = Zeros.reading(least, np.dtype(dtype), 3)
    assert (zeros.read_as, zeros.short, zeros.labels) == (read_as, short, 3)
    assert zeros.warnings == (f"labels with probability 0, read as {read_as:.2g}: 3",)
    assert Zeros.reading(least, np.dtype(dtype), 0).warnings == ()


@pytest.mark.parametrize("zeros", [Zeros(), Zeros(1e-9, 1e-7)])
def test_the_logits_of_0_and_1(zeros):
    low, high = np.log(zeros.read_as), -np.log(zeros.short)
    p = np.array([0.0, 0.25, 1.0])
    np.testing.assert_allclose(as_logits(p, "probabilities", zeros), [low, logit(0.25), high])
    with np.errstate(divide="ignore"):
        log_p = np.log(p)
    np.testing.assert_allclose(
        as_logits(log_p, "log-probabilities", zeros), [low, logit(0.25), high]
    )
    both = as_logits(np.stack([p, 1 - p], axis=1), "probabilities", zeros)
    np.testing.assert_allclose(both[0], [low, 0.0])
    np.testing.assert_allclose(both[1], np.log([0.25, 0.75]))


def test_two_sides_of_a_logit():
    assert two_sided(np.array([1.5, -2.0])).tolist() == [[0, 1.5], [0, -2.0]]
    assert two_sided(Z) is Z
