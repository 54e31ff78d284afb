"""Row weights: only their ratios count, and what is none is refused."""

from __future__ import annotations

import numpy as np
import pytest

import calibrate

QUICK = calibrate.Settings(full=False, bootstrap=0)


@pytest.mark.parametrize("factor", [1e-99, 1e-30, 1e99])
def test_only_the_ratios_of_weights_count(data, factor):
    logits, labels = data
    weights = np.random.default_rng(0).random(400)
    weights[0] = 1
    want = calibrate.evaluate(logits, labels, weights=weights, settings=QUICK).metrics.before
    got = calibrate.evaluate(logits, labels, weights=factor * weights, settings=QUICK)
    for name, figure in got.metrics.before.items():
        same = want[name]
        assert figure.value == pytest.approx(same.value, rel=1e-9), name
        if same.low is None:
            assert figure.low is None, name
        else:
            assert (figure.low, figure.high) == pytest.approx((same.low, same.high), rel=1e-9), name


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (np.zeros(400), "every weight is 0"),
        (np.where(np.arange(400) < 7, 1.0, -2.0), r"found -2 in row 7 \(393 in all\)"),
        (np.where(np.arange(400) == 5, np.nan, 1.0), r"found nan in row 5 \(1 in all\)"),
        (np.where(np.arange(400) == 5, np.inf, 1.0), r"found inf in row 5 \(1 in all\)"),
        (np.ones(399), "expected 400 weights as real numbers"),
        (np.full(400, "1"), "expected 400 weights as real numbers"),
    ],
)
def test_what_is_no_weight(data, weights, said):
    with pytest.raises(calibrate.InputError, match=said):
        calibrate.evaluate(*data, weights=weights, settings=QUICK)
