"""Do scores and labels belong together? Shuffled labels look so in 1 of 100 cases, no more."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from calibrate import Reading
from calibrate.analyses.relation import UNRELATED, relation
from calibrate.data.dataset import Dataset


def draw(p: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (rng.random((len(p), 1)) > p.cumsum(1)[:, :-1]).sum(1)


def multiclass(rng, n=400):
    z = 2 * rng.normal(size=(n, 5))
    return z, draw(softmax(z, axis=1), rng), {}


def imbalanced(rng, n=1000):
    """Right in 9 of 10 cases by saying the same each time, and a little by what it knows."""
    z = 0.5 * rng.normal(size=(n, 5)) + np.log([0.9, 0.025, 0.025, 0.025, 0.025])
    return z, draw(softmax(z, axis=1), rng), {}


def binary(rng, n=400):
    z = rng.normal(size=n) + 3
    return z, (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int), {}


def multilabel(rng, n=150):
    """Labels of very different frequency, which shuffled rows keep."""
    z = rng.normal(size=(n, 6)) + np.linspace(-4, 4, 6)
    return z, (rng.random(z.shape) < 1 / (1 + np.exp(-z))).astype(int), {"task": "multilabel"}


def heavy(rng, n=400):
    z, y, _ = multiclass(rng, n)
    return z * np.exp(2 * rng.normal(size=(n, 1))), y, {}


MODELS = [multiclass, imbalanced, binary, multilabel, heavy]


def p_value(z, y, reading) -> float:
    return relation(Dataset.of(z, y, reading=Reading(**reading))).p_value


@pytest.mark.parametrize("model", MODELS)
def test_rows_that_belong_together(model):
    found = [p_value(*model(np.random.default_rng(seed))) for seed in range(20)]
    assert np.mean(np.array(found) < UNRELATED) >= 0.9


@pytest.mark.parametrize("model", MODELS)
def test_shuffled_rows_do_not(model):
    found = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        z, y, reading = model(rng)
        found.append(p_value(z, rng.permutation(y), reading))
    found = np.array(found)
    assert np.mean(found < UNRELATED) <= 0.03
    assert np.mean(found < 0.05) <= 0.095
    assert 0.38 <= np.mean(found < 0.5) <= 0.62


def test_the_statistic_is_that_of_all_permutations():
    """The mean is 0 over all orders of the labels: five rows, 120 orders."""
    from itertools import permutations

    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(5, 3)), np.array([0, 0, 1, 2, 2])
    pi = np.bincount(y) / 5
    found = [np.mean(z[np.arange(5), list(order)] - z @ pi) for order in permutations(y)]
    assert np.mean(found) == pytest.approx(0.0, abs=1e-12)


def test_scores_without_any_spread_are_not_tested():
    assert relation(Dataset.of(np.ones((50, 3)), np.arange(50) % 3)).p_value is None


def test_few_of_many_rows_related_are_found_in_all_of_them(monkeypatch):
    """Where a sample shows nothing, all rows are looked at."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(6000, 3))
    y = draw(softmax(0.12 * z, axis=1), rng)
    monkeypatch.setattr("calibrate.analyses.relation.SCORES", 3)
    assert p_value(z, y, {}) < 1e-5


def test_a_row_counts_once_whatever_it_weighs():
    z, y, _ = multiclass(np.random.default_rng(0))
    heavy = np.random.default_rng(0).pareto(0.8, len(y))
    weighed = Dataset.of(z, y, weights=np.where(heavy > 0.1, heavy, 0.0))
    plain = Dataset.of(z[heavy > 0.1], y[heavy > 0.1])
    assert relation(weighed).statistic == pytest.approx(relation(plain).statistic, rel=0.1)
    assert relation(weighed).p_value < 1e-20
