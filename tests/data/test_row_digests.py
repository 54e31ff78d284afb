"""Rows are known again in any order and precision; others are not."""

from __future__ import annotations

import numpy as np
import pytest

from calibrate import InputError, Reading
from calibrate.data.dataset import Dataset
from calibrate.data.row_digests import SAMPLE, RowDigests


def rows(n: int, k: int, seed: int = 0, repeat: int = 1):
    rng = np.random.default_rng(seed)
    z = np.repeat(rng.normal(scale=3, size=(n // repeat, k)), repeat, axis=0)
    return z, rng.integers(0, k, len(z))


def of(z, y=None, **reading) -> Dataset:
    return Dataset.of(z, np.zeros(len(z), int) if y is None else y, reading=Reading(**reading))


def sampled(z, y=None, **reading) -> RowDigests | None:
    return of(z, y, **reading).digests


@pytest.mark.parametrize("n", [50, 20_000])  # all digests are kept; a sample of them
@pytest.mark.parametrize("dtype", ["f8", "f4", "f2"])
def test_the_same_rows_in_another_order_and_precision(n, dtype):
    z, _ = rows(n, 10)
    seen = sampled(z).seen_in(sampled(z[::-1].astype(dtype)))
    assert seen.same
    assert seen.share > 0.99


def test_other_labels_make_other_rows():
    z, y = rows(3000, 10)
    digests = sampled(z, y)
    assert digests.seen_in(sampled(z[::-1], y[::-1])).same
    assert digests.seen_in(sampled(z, (y + 1) % 10)).share == 0.0


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_how_many_are_known(share):
    z, _ = rows(20_000, 10)
    other, _ = rows(10_000, 10, seed=1)
    known = round(share * len(other))
    other[:known] = z[-known:] if known else other[:0]
    seen = sampled(z).seen_in(sampled(other))
    # of the 20 000 digests 1 024 are kept, so of the 10 000 about 512 are compared
    assert seen.share == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 512))
    assert not seen.same


def test_binary_scores_are_compared_to_all_digits():
    z = np.random.default_rng(0).normal(size=5000)
    digests = sampled(z)
    assert digests.seen_in(sampled(z[::-1].astype("f4"))).same
    assert digests.seen_in(sampled(np.random.default_rng(1).normal(size=5000))).share == 0.0


def test_rows_that_are_all_alike_tell_nothing():
    assert sampled(rows(2000, 5, repeat=4)[0]) is None
    assert sampled(rows(2000, 5, repeat=1)[0]) is not None


def test_rows_left_out_do_not_count():
    z, y = rows(300, 5)
    y[::3] = -1
    digests = sampled(z, y, ignore_label=-1)
    assert digests.seen_in(sampled(z[::3])).share == 0.0
    assert digests.seen_in(sampled(z[1::3], y[1::3])).share == 1.0


def test_as_text_and_back():
    for n in (20, 5000):
        digests = sampled(rows(n, 4)[0])
        assert RowDigests.of_text(str(digests)) == digests
        assert len(digests.digests) == min(n, SAMPLE)
    for text in ("", "some:0:", "all:0:!!", "none:0:AAAAAAAA", "all:0:AAAA", "all:x:AAAAAAAA"):
        with pytest.raises(InputError):
            RowDigests.of_text(text)


def coarse(seed: int, n: int = 3000):
    """Three probabilities of two decimals: many rows of other sets are the same by chance."""
    p = np.round(np.random.default_rng(seed).dirichlet(np.ones(3), n), 2)
    return p / p.sum(axis=1, keepdims=True), np.random.default_rng(seed).integers(0, 3, n)


def quantised(seed: int):
    """Logits in steps of 0.05."""
    rng = np.random.default_rng(seed)
    return np.round(rng.normal(size=(3000, 3)) * 20) / 20, rng.integers(0, 3, 3000)


def sparse(seed: int):
    """Of 500 probabilities of three decimals, nearly all are 0."""
    rng = np.random.default_rng(seed)
    z = 3 * rng.normal(size=(3000, 500))
    p = np.round(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), 3)
    return p / p.sum(axis=1, keepdims=True), p.argmax(axis=1)


@pytest.mark.parametrize("make", [coarse, quantised, sparse])
def test_rows_that_are_alike_by_chance_are_not_called_known(make):
    reading = {} if make is quantised else {"scores": "probabilities"}
    digests = sampled(*make(0), **reading)
    if digests is None:  # nothing is known, and nothing is said
        return
    assert 0 < digests.alike < 0.3
    for seed in (1, 2, 3):
        assert digests.seen_in(sampled(*make(seed), **reading)).share == 0.0
    z, y = make(0)
    assert digests.seen_in(sampled(z[::-1], y[::-1], **reading)).same


def test_how_many_are_alike_is_counted_over_all_blocks(monkeypatch):
    z, y = rows(3000, 5, repeat=1)
    z[-300:], y[-300:] = z[:300], y[:300]
    want = sampled(z, y)
    monkeypatch.setattr("calibrate.blocks.passes.BLOCK_ELEMENTS", 200)
    assert sampled(z, y) == want
    # of 2 700 digests the 1 024 smallest; 600 of 3 000 rows have a twin
    assert want.alike == pytest.approx(0.2, abs=0.05)
