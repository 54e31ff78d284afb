from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax

import calibrate


def test_outputs(data):
    logits = data[0].astype(np.float64)
    t = calibrate.Temperature(2.5)
    log_p = log_softmax(logits / 2.5, axis=1)
    np.testing.assert_allclose(t.apply(logits), np.exp(log_p), rtol=1e-12)
    np.testing.assert_allclose(t.apply(logits, output="log-probabilities"), log_p, rtol=1e-12)
    np.testing.assert_allclose(t.apply(logits, output="logits"), logits / 2.5, rtol=1e-15)


def test_float32_stays_float32_and_rows_sum_to_one(data):
    p = calibrate.Temperature(0.3).apply(data[0])
    assert p.dtype == np.float32
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-6)


@pytest.mark.parametrize("t", [1e-300, 1e-39, 0.1, 10.0, 1e39, 1e300])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_logits_never_become_nan(t, dtype):
    big = np.finfo(dtype).max
    z = np.array([[big, -big, 1.0], [-np.inf, 2.0, 0.0], [-big, -big, -big]], dtype)
    for output in ("probabilities", "log-probabilities", "logits"):
        out = calibrate.Temperature(t).apply(z, output=output)
        assert not np.isnan(out).any()
        assert not np.isposinf(out).any()
    assert calibrate.Temperature(t).apply(z)[1, 0] == 0


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "2", None])
def test_only_positive_finite_temperatures(value):
    with pytest.raises(calibrate.InputError, match="positive finite"):
        calibrate.Temperature(value)


def test_another_number_of_classes_is_refused(data):
    fit = calibrate.fit(*data)
    with pytest.raises(calibrate.InputError, match=r"expected 7 classes.*found 6"):
        fit.calibrator.apply(data[0][:, :6])


def test_unknown_output_is_refused(data):
    with pytest.raises(calibrate.InputError, match="probabilities, log-probabilities, logits"):
        calibrate.Temperature(2.0).apply(data[0], output="odds")
