"""The temperature that gives targets a wanted entropy, against SciPy and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import entr, softmax

from calibrate.analyses.targets.entropy import EntropyStep, entropy_range, temperature_for_entropy
from calibrate.data.column import as_column
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError


def rows(n: int, k: int, scale: float = 3.0) -> np.ndarray:
    rng = np.random.default_rng([n, k])
    z = rng.normal(scale=scale, size=(n, k)) + rng.normal(size=(n, 1))
    return z.astype(np.float32)


def brute_entropy(z: np.ndarray, temperature: float) -> float:
    return float(entr(softmax(z.astype(float) / temperature, axis=1)).sum(axis=1).mean())


@pytest.mark.parametrize(("n", "k", "scale"), [(5000, 10, 3), (300, 7, 0.01), (2500, 100, 50)])
@pytest.mark.parametrize("share", [1e-3, 0.1, 0.5, 0.9, 0.999, 1 - 1e-9])
def test_the_entropy_asked_for(n, k, scale, share):
    z = rows(n, k, scale)
    z[::3, 1] = -np.inf
    z[0, 2:4] = z[0].max() + 1
    dataset = Dataset.of(z)
    low, high = entropy_range(dataset)
    assert low == pytest.approx(np.log(2) / n)
    unmasked = np.isfinite(z).sum(axis=1)
    assert high == pytest.approx(np.log(unmasked).mean())
    wanted = low + share * (high - low)
    found = temperature_for_entropy(dataset, wanted)
    assert brute_entropy(z, found) == pytest.approx(wanted, rel=1e-10)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 8),
    st.floats(1e-3, 1e3),
    st.floats(0.02, 0.98),
    st.integers(0, 2**32 - 1),
)
def test_the_temperature_scales_with_the_logits(k, factor, share, seed):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(20, k))
    low, high = entropy_range(Dataset.of(z))
    wanted = low + share * (high - low)
    found = temperature_for_entropy(Dataset.of(z), wanted)
    assert brute_entropy(z, found) == pytest.approx(wanted, rel=1e-10)
    assert temperature_for_entropy(Dataset.of(z * factor), wanted) == pytest.approx(
        found * factor, rel=1e-7
    )
    shuffled = rng.permuted(z, axis=1)[rng.permutation(20)] + rng.normal()
    assert temperature_for_entropy(Dataset.of(shuffled), wanted) == pytest.approx(found, rel=1e-7)
    higher = temperature_for_entropy(Dataset.of(z), wanted + 0.01 * (high - low))
    assert higher > found


def test_tiny_entropies_keep_their_digits():
    """Two classes a gap g apart: H = log(1 + e) + e x / (1 + e) with x = g / T, e = exp(-x)."""
    z = np.tile([0.0, -2.0], (5, 1))
    for wanted in (1e-6, 1e-30, 1e-200):
        x = 2 / temperature_for_entropy(Dataset.of(z), wanted)
        e = np.exp(-x)
        assert np.log1p(e) + e * x / (1 + e) == pytest.approx(wanted, rel=1e-10)


def test_entropies_out_of_reach():
    z = rows(50, 6)
    z[:, 2] = -np.inf
    dataset = Dataset.of(as_column(z, "t.npy"))
    for wanted in (0.0, -1.0, np.log(5) + 1e-9, 7.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match=r"t.npy: no temperature .* than 1\.6094379"):
            temperature_for_entropy(dataset, wanted)
    with pytest.raises(InputError, match=r"more than 1.09861229 .* less than 1.09861229"):
        temperature_for_entropy(Dataset.of(np.zeros((4, 3))), 1.0)


@pytest.mark.parametrize("k", [5, 90])
def test_the_slope_of_the_entropy(k):
    """In log T, against central differences."""
    z = rows(40, k)
    z[:, 2] = -np.inf
    block, step = Dataset.of(z).read(0, 40), 1e-4
    found = EntropyStep(1 / 2.5)(block)
    assert found.entropy / 40 == pytest.approx(brute_entropy(z, 2.5), rel=1e-12)
    ends = [brute_entropy(z, 2.5 * np.exp(s)) for s in (-step, step)]
    assert found.slope / 40 == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=1e-6)
