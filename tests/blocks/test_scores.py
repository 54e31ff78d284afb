"""Scores of every kind and dtype as logits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logit

from calibrate.blocks.scores import Zeros, as_logits


@pytest.mark.parametrize(
    ("dtype", "worked_in", "least", "read_as", "short"),
    [
        (np.float64, np.float64, 1e-20, 2.5e-21, 2.0**-55),
        (np.float64, np.float64, 5e-324, 5e-324, 2.0**-55),
        (np.float32, np.float32, 1.0, 2.0**-54, 2.0**-26),
        (np.float16, np.float32, 2.0**-26, 2.0**-28, 2.0**-13),
        (np.int16, np.float32, 1.0, 2.0**-54, 2.0**-26),
        (np.int32, np.float64, 1.0, 2.0**-54, 2.0**-55),
    ],
)
def test_probabilities_of_0_and_1_are_a_quarter_of_a_step_away(
    dtype, worked_in, least, read_as, short
):
    zeros = Zeros.reading(least, np.dtype(dtype), 3)
    assert (zeros.read_as, zeros.short, zeros.labels) == (read_as, short, 3)
    p = np.array([0, 1] if np.dtype(dtype).kind in "iu" else [0, 1, 0.25], dtype)
    want = np.array([np.log(read_as), -np.log(short), logit(0.25)][: len(p)])
    with np.errstate(divide="ignore"):
        log_p = np.log(p.astype(worked_in))
    rows = np.stack([p, 1 - p], axis=1)
    floor = np.log(np.maximum(rows.astype(float), read_as))
    for given, scores, logits in (
        (p, "probabilities", want),
        (log_p, "log-probabilities", want),
        (p, "logits", p),
        (rows, "probabilities", floor),
        (np.asfortranarray(rows), "logits", rows),
        (rows, "log-probabilities", rows),
    ):
        got = as_logits(given, scores, zeros)
        assert (got.dtype, got.flags.c_contiguous) == (worked_in, True)
        np.testing.assert_allclose(got, logits, rtol=1e-6, atol=1e-7, err_msg=scores)
