"""Classes, groups, models and runs looked at together, and the sums they come from."""

from __future__ import annotations

import numpy as np
import pytest
from rows import kept
from scipy import stats

from calibrate import Measurement
from calibrate.blocks.sums import RowSums
from calibrate.metrics.biases import Kinds, discovered, together
from calibrate.metrics.curves import corp_reliability, smooth_reliability
from calibrate.metrics.differences import RowMeans, all_pairs, difference, spread
from calibrate.metrics.totals import KeptRows
from calibrate.results.comparison import Spread
from calibrate.results.report import Bias


@pytest.mark.parametrize("hard", [False, True])
def test_how_the_rows_of_each_kind_vary(hard):
    """Against sums over its rows, and over the parts that these are in."""
    rng = np.random.default_rng(0)
    c, w, unit, kind = (
        rng.random(300),
        rng.uniform(0.5, 2, 300),
        np.arange(300) // 4,
        np.arange(300),
    )
    kind = (np.arange(300) % 3) % 2  # rows of a part are of both kinds
    a = np.where(kind == 1, 1.0, rng.random(300) < c)
    found = Kinds.from_rows(kept(c, a, w, unit), 0, kind, 3, exact=False, hard=hard)
    for k in range(2):
        own = kind == k
        total, gap = w[own].sum(), np.average((c - a)[own], weights=w[own])
        parts = [own & (unit == u) for u in np.unique(unit[own])]
        n = total**2 / sum(w[p].sum() ** 2 for p in parts)
        squares = sum((w[p] @ (c - a - gap)[p]) ** 2 for p in parts)
        chance = (w**2 * c * (1 - c))[own].sum() / total**2
        variance = squares * n / (n - 1) / total**2
        assert found.weight[k] == pytest.approx(total)
        assert found.rows[k] == pytest.approx(total**2 / (w[own] ** 2).sum())
        assert found.confidence[k] - found.accuracy[k] == pytest.approx(gap)
        assert found.parts[k] == pytest.approx(n)
        assert found.chance[k] == pytest.approx(chance)
        assert found.variance[k] == pytest.approx(max(variance, chance) if hard else variance)
    assert (found.weight[2], found.confidence[2], found.variance[2]) == (0, 0, 0)
    assert [bias.p_value is None for bias in found.biases()] == [False, False, True]


def test_off_among_many_is_the_rule_of_benjamini_and_hochberg():
    p = [0.001, 0.012, 0.03, 0.026, 0.06, None]  # limits of 1 % to 5 % by rank
    found = discovered([Bias(99, 0.1, 0, 0.2, value) for value in p])
    assert [bias.off for bias in found] == [True, True, True, True, False, False]
    assert together(found) == pytest.approx(0.001 * 5)
    assert [b.off for b in discovered([Bias(99, 0.1, p_value=p) for p in (0.03, 0.06)])] == [
        False,
        False,
    ]
    assert together(found[-1:]) is None


def test_runs_have_the_interval_of_student():
    values = [0.4, 0.7, 0.9, 0.6]
    low, high = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    got = spread(values)
    assert (got.value, got.low, got.high, got.sd) == pytest.approx(
        (np.mean(values), low, high, np.std(values, ddof=1))
    )
    assert spread([0.4]) == Spread(0.4)
    assert spread([0.4, 0.4]) == Spread(0.4, sd=0.0)
    assert spread([0.4, None]) == Spread(None)


@pytest.mark.parametrize("many", [1, 6])
def test_a_difference_between_runs(many):
    first, second = [0.4, 0.7, 0.9], [0.5, 0.6, 0.2, 0.1, 0.3]
    got, error = difference(first, second, many), np.hypot(stats.sem(first), stats.sem(second))
    half = stats.t.ppf(1 - 0.025 / many, 2) * error
    value = np.mean(second) - np.mean(first)
    assert (got.value, got.low, got.high) == pytest.approx((value, value - half, value + half))
    flipped = difference(second, first, many)
    assert (flipped.value, flipped.low) == pytest.approx((-value, -value - half))
    assert difference([0.4], second) == Measurement(np.mean(second) - 0.4)
    assert difference([0.4, 0.4], second) == Measurement(np.mean(second) - 0.4)
    assert difference([0.4, None], second) == difference(second, [None]) == Measurement(None)


def test_a_pair_needs_rows_enough_on_both_sides():
    sums = RowSums.from_columns(list(np.random.default_rng(0).normal(size=(3, 90))), np.ones(90))
    each = zip(sums.means, sums.influence, (True, True, False), strict=True)
    models = [RowMeans(float(mean), inf, sums.weight, enough) for mean, inf, enough in each]
    pairs = {(p.first, p.second): p.nll for p in all_pairs("abc", models, seed=0)}
    assert {names: m.low is None for names, m in pairs.items()} == {
        ("a", "b"): False,
        ("a", "c"): True,
        ("b", "c"): True,
    }
    assert pairs["a", "c"].value == pytest.approx(sums.means[2] - sums.means[0])


def test_kept_rows_are_strung_together():
    rng, parts = np.random.default_rng(0), []
    for n in (3, 5):
        two = tuple(rng.random((2, n)))
        rest = (rng.random(n), rng.integers(0, 9, n), rng.integers(0, 3, n))
        parts.append(KeptRows(two, tuple(rng.random((2, n))), two, *rest, (two, rng.random(n))))
    got = KeptRows.joined(tuple(parts))
    for name in ("weight", "part", "predicted"):
        assert getattr(got, name).tolist() == [x for p in parts for x in getattr(p, name)]
    for side in range(2):
        for name in ("confidences", "corrects", "tilts"):
            want = [x for p in parts for x in getattr(p, name)[side]]
            assert getattr(got, name)[side].tolist() == want
        p = got.of_yes.confidences[side]
        assert p.tolist() == [x for part in parts for x in part.yes[0][side]]
        assert got.of_yes.corrects[side].tolist() == [x for p in parts for x in p.yes[1]]
        ahead, behind = (1 / (1 + (1 / p - 1) ** np.exp(t)) for t in (1e-5, -1e-5))
        np.testing.assert_allclose(got.of_yes.tilts[side], (ahead - behind) / 2e-5, atol=1e-9)
    bare = KeptRows.joined(tuple(kept(np.ones(2), np.ones(2)) for _ in range(2)))
    assert (bare.yes, bare.predicted, len(bare.weight)) == (None, None, 4)
    assert bare.of_yes is bare


@pytest.mark.parametrize("confidence", [np.linspace(0.3, 0.9, 80), np.linspace(1e-4, 1 - 1e-6, 80)])
def test_curves_are_drawn_at_the_ends_of_the_data_and_close_to_them(confidence):
    rows = kept(confidence, (np.arange(80) % 3 > 0).astype(float))
    points = np.array(smooth_reliability(rows, 0).confidence)
    assert np.all(np.diff(points) > 0)
    assert np.all((points >= 0) & (points <= 1))
    even = np.linspace(0, 1, 101)
    assert {*np.round(even, 9)} <= {*np.round(points, 9)} or len(points) >= 50
    for end, beyond in ((confidence[0], points < even[1]), (confidence[-1], points > even[-2])):
        assert np.abs(points - end).min() < 1e-15
        closer = np.count_nonzero(beyond & (points > 0) & (points < 1))
        assert (closer > 5) == (min(end, 1 - end) < 0.01)


def test_the_corp_curve_of_a_few_rows_by_hand():
    c, a = np.array([0.3, 0.5, 0.5, 0.6, 0.8, 0.9]), np.array([1.0, 0, 0, 1, 0, 1])
    w = np.array([1.0, 1, 2, 1, 1, 1])
    got = corp_reliability(kept(c, a, w), 0).before
    fit = np.interp(c, got.confidence, got.accuracy)
    want = np.array([0.25, 0.25, 0.25, 0.5, 0.5, 1])
    np.testing.assert_allclose(fit, want, atol=1e-12)
    mean, refined = np.average(a, weights=w), np.average((want - a) ** 2, weights=w)
    score = np.average((c - a) ** 2, weights=w)
    assert got.miscalibration == pytest.approx(score - refined)
    assert got.uncertainty == pytest.approx(mean * (1 - mean))
    assert got.discrimination == pytest.approx(mean * (1 - mean) - refined)
    assert np.sum(got.share) == pytest.approx(1)
