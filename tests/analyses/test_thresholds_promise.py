"""What thresholds promise: exact tails by enumeration, promises kept in simulation, refusals."""

from __future__ import annotations

from itertools import pairwise
from math import comb

import numpy as np
import pytest

from calibrate.analyses.thresholds.choose import find_thresholds, thresholds_for
from calibrate.analyses.thresholds.figures import fallback, lower_bound, p_below, upper_bound
from calibrate.analyses.thresholds.promise import (
    SPENT,
    candidates,
    fewest,
    just_above,
    promised,
)
from calibrate.data.dataset import Dataset
from calibrate.data.reading import Reading
from calibrate.errors import InputError
from calibrate.results.thresholds import Goal


def tail(x, n, share):
    """P(Bin(n, share) >= x), term by term."""
    return sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(x, n + 1))


def test_p_values_are_binomial_tails():
    for x, n, share in [(0, 7, 0.3), (1, 7, 0.3), (5, 7, 0.8), (7, 7, 0.8), (58, 60, 0.95)]:
        assert p_below(x, n, share) == pytest.approx(tail(x, n, share), rel=1e-10)


# scipy 1.18: binomtest(x, n).proportion_ci(0.95, "exact")
EXACT = [
    (3, 3, 0.2924017738212866, 1.0),
    (0, 12, 0.0, 0.2646484691),
    (17, 20, 0.6210731734546859, 0.9679290628145363),
]


@pytest.mark.parametrize(("x", "n", "low", "high"), EXACT)
def test_bounds_are_clopper_and_pearsons(x, n, low, high):
    assert lower_bound(x, n, 0.025) == pytest.approx(low, abs=1e-9)
    assert upper_bound(x, n, 0.025) == pytest.approx(high, abs=1e-9)


def test_fallback_passes_on_what_rejections_leave():
    p = np.array([0.01, 0.03, 0.031, 0.02, 0.02, 0.001])
    budgets = np.array([0.01, 0.02, 0.0, 0.0, 0.0, 0.02])
    # 0.01 is enough; with 0.02 more 0.03 is; 0.031 is not, and all is spent until the last start.
    assert fallback(p, budgets) == [0, 1, 5]


@pytest.mark.parametrize(
    ("least", "error", "rows"), [(0.95, 0.05, 59), (0.9, 0.05, 29), (0.5, 0.5, 1)]
)
def test_the_fewest_rows(least, error, rows):
    """59 rows for 95 % with 95 % confidence: Wilks (1941)."""
    assert fewest(least, error) == rows
    assert least**rows <= error < least ** (rows - 1) or rows == 1


@pytest.mark.parametrize("n", [59, 300, 5000, 100_000])
def test_candidates_spend_the_error_once(n):
    ranks, budgets = candidates(n, 0.95, 0.05)
    assert budgets.sum() == pytest.approx(0.05)
    assert (np.diff(ranks) > 0).all()
    assert ranks[-1] == n
    assert 0.95 ** ranks[0] <= budgets[0] or ranks[0] == n
    assert all(b <= a * 1.02 + 1 for a, b in pairwise(ranks.tolist()))


class World:
    """Levels of p, each with its share of rows and of positives among them: truth is exact."""

    def __init__(self, kind: str):
        m = 3000
        rank = (np.arange(m) + 0.5) / m
        self.p = 1 - rank
        self.share = {
            "falling": np.clip(1.02 - 1.3 * rank**1.5, 0.0, 1.0),
            "just below the goal": np.where(rank < 0.5, 0.795, 0.1),
            "waves": np.clip(0.8 + 0.6 * np.sin(25 * rank) * rank - 0.4 * rank, 0, 1),
            "ties": np.clip(1.02 - 1.3 * rank**1.5, 0.0, 1.0),
        }[kind]
        if kind == "ties":
            self.p = np.round(self.p, 1)

    def draw(self, n, seed):
        rng = np.random.default_rng(seed)
        at = rng.integers(0, len(self.p), n)
        return self.p[at], (rng.random(n) < self.share[at]).astype(float)

    def truth(self, goal, threshold):
        yes = self.p >= threshold
        tp, positives = self.share[yes].sum(), self.share.sum()
        return tp / (yes.sum() if goal.name == "precision" else positives)


KEPT = [
    ("falling", "precision=0.8"),
    ("just below the goal", "precision=0.8"),
    ("waves", "precision=0.8"),
    ("ties", "precision=0.8"),
    ("falling", "recall=0.8"),
    ("ties", "recall=0.8"),
]


@pytest.mark.parametrize(("kind", "text"), KEPT)
def test_promises_are_kept(kind, text):
    """At a confidence of 80 %, so that 250 runs tell: 20 % and three standard errors are 27.6 %."""
    world, goal, runs = World(kind), Goal.of_text(text), 250
    missed = made = 0
    for seed in range(runs):
        try:
            value = world.truth(goal, promised(*world.draw(300, seed), goal, 0.8))
        except InputError:
            continue
        made += 1
        missed += value < goal.minimum - 1e-9
    assert missed <= 0.276 * runs
    if kind not in ("just below the goal", "waves"):  # where hardly anything can be promised
        assert made > 0.1 * runs


def test_the_best_guess_breaks_the_promise():
    """What the promise is for: chosen without it, the same goal is missed in most runs."""
    world, goal = World("falling"), Goal.of_text("precision=0.8")
    missed = 0
    for seed in range(40):
        p, y = world.draw(300, seed)
        missed += world.truth(goal, thresholds_for([p], [y], goal=goal).labels[0].threshold) < 0.8
    assert missed > 20


def test_recall_is_the_order_statistic():
    """Of 104 positives 4 may be missed: P(Bin(104, 0.1) <= 5) = 0.0451, above 0.8 · 5 %."""
    p = np.arange(208) / 208
    y = np.tile([0.0, 1.0], 104)
    assert 1 - tail(6, 104, 0.1) == pytest.approx(0.0451, abs=1e-4)
    assert SPENT == 0.8
    found = promised(p, y, Goal.of_text("recall=0.9"), 0.95)
    assert (p[y == 1] < found).sum() == 4
    assert p[8] < found < p[9]  # half way down to the negative below


def test_recall_stays_above_rows_of_probability_0():
    p, y = np.repeat([0.0, 0.5], [50, 104]), np.repeat([0.0, 1.0], [50, 104])
    assert promised(p, y, Goal.of_text("recall=0.9"), 0.95) == 0.25  # half way down to them
    least = promised(p[50:], y[50:] * (np.arange(104) > 0), Goal.of_text("recall=0.9"), 0.95)
    assert least == 0  # nothing is below


def test_precision_rejects_a_row_and_all_its_ties():
    p = np.repeat([0.9, 0.5, 0.2], [100, 100, 100])
    y = np.repeat([1.0, 0.0, 0.0], [100, 100, 100])
    found = promised(p, y, Goal.of_text("precision=0.9"), 0.95)
    assert 0.5 < found < 0.5001


@pytest.mark.parametrize(("bad", "seed"), [(0, 0), (6, 1), (20, 2), (100, 3)])
def test_precision_accepts_the_last_candidate_that_passes(bad, seed):
    """All negatives but ``bad`` lie at the bottom; the tests in order, by tails summed by hand."""
    rng, p = np.random.default_rng(seed), np.arange(400.0, 0, -1) / 400  # p[:k]: the k largest
    y = np.repeat([1.0, 0.0], [399, 1])
    y[rng.choice(399, bad, replace=False)] = 0
    level, last = 0.0, 0
    for k, budget in zip(*candidates(400, 0.9, 0.05), strict=True):
        level += budget
        if tail(int(y[:k].sum()), int(k), 0.9) <= level:
            last = int(k)
        else:
            level = 0.0
    goal = Goal.of_text("precision=0.9")
    if not last:
        assert bad == 100
        with pytest.raises(InputError, match="at best"):
            promised(p, y, goal, 0.95)
        return
    assert (p >= promised(p, y, goal, 0.95)).sum() == last


def test_rows_that_are_independent_have_intervals_and_promises():
    rng, goal = np.random.default_rng(0), Goal.of_text("precision=0.7")
    z = rng.normal(scale=3, size=200)
    y = (z + rng.logistic(size=200) > 0).astype(float)
    binary, labels = Reading(task="binary"), Reading(task="multilabel")
    independent = [
        Dataset.of(z, y, reading=binary),
        Dataset.of(z, y, clusters=np.arange(200), reading=binary),  # each a cluster of its own
        Dataset.of(np.stack([z, z], 1), np.stack([y, y], 1), reading=labels),
    ]
    for dataset in independent:
        for found in find_thresholds(dataset, goal).labels:
            assert found.metrics["precision"].low < found.metrics["precision"].value
        assert find_thresholds(dataset, goal, confidence=0.9).labels[0].threshold > 0
    pairs = Dataset.of(z, y, clusters=np.arange(200) // 2, reading=binary)
    found = find_thresholds(pairs, goal).labels[0]
    assert found.metrics["precision"].low is None
    assert "no intervals: rows belong together" in found.notes[-1]
    with pytest.raises(InputError, match="a promise needs independent rows"):
        find_thresholds(pairs, goal, confidence=0.9)


def test_just_above():
    assert just_above(0.5, 0.9) == 0.5 * (1 + 2.0**-22)
    low = 0.3
    high = np.nextafter(low, 1)
    assert just_above(low, high) == high
    assert just_above(-1.0, 0.2) == 0
    assert just_above(0.0, 0.2) > 0


def refused(text, p, y, w=None, confidence=0.95):
    with pytest.raises(InputError) as caught:
        thresholds_for([p], [y], w, goal=Goal.of_text(text), confidence=confidence)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_can_be_promised_at_best():
    p = np.linspace(0.01, 0.99, 100)
    y = (np.arange(100) >= 88).astype(float)
    start = "goal precision=0.9: cannot be promised with 95 % confidence: "
    # 12 rows of 12: error ** (1 / 12), where the first start of two has a share of 1 / 1.7.
    bound = (0.05 / 1.7) ** (1 / 12)
    assert bound == pytest.approx(0.7453, abs=1e-4)
    told = "at best 0.745, for the 12 rows from 0.8811 up, of which 12 are positive"
    assert refused("precision=0.9", p, y) == start + told
    assert refused("precision=0.99", p, y).endswith("it takes at least 299 rows, found 100")
    # P(miss no positive) = 0.9 ** k <= 0.04
    assert "it takes at least 31 positive rows, found 12" in refused("recall=0.9", p, y)
    assert "too many rows share the highest" in refused("precision=0.9", np.full(100, 0.5), y)


def test_what_has_no_exact_bound_is_refused():
    p, y = np.linspace(0.01, 0.99, 300), np.tile([0.0, 1.0, 1.0], 100)
    assert "labels of 0 and 1" in refused("precision=0.5", p, y * 0.9)
    heavy = np.where(y == 1, 2.0, 1.0)
    assert "rows of equal weight, found the lightest at 0.5 " in refused(
        "precision=0.5", p, y, heavy
    )
    assert "no promise is made about F1" in refused("f1", p, y)
    assert "no promise is made about a cost" in refused("cost=1:5", p, y)
    assert "no rows can promise a recall of 1" in refused("recall=1", p, y)
    assert "did you mean 0.95?" in refused("recall=0.5", p, y, confidence=95)
    assert "above 0 and below 1" in refused("recall=0.5", p, y, confidence=1.0)
    equal = thresholds_for(
        [p], [y], np.full(300, 7.0), goal=Goal.of_text("recall=0.5"), confidence=0.9
    )
    plain = thresholds_for([p], [y], goal=Goal.of_text("recall=0.5"), confidence=0.9)
    assert equal.labels[0].threshold == plain.labels[0].threshold


def test_pixels_of_one_image_are_not_independent():
    z, y = np.random.default_rng(0).normal(size=(5, 8, 8)), np.tile([0, 1], (5, 8, 4))
    dataset = Dataset.of(z, y, reading=Reading(task="binary"))
    with pytest.raises(InputError, match="a promise needs independent rows"):
        find_thresholds(dataset, Goal.of_text("recall=0.5"), confidence=0.9)


def test_each_label_has_a_promise_of_its_own():
    p = np.linspace(0.01, 0.99, 400)
    sure, never = (p > 0.5).astype(float), np.tile([0.0, 1.0], 200)
    goal = Goal.of_text("precision=0.9")
    with pytest.raises(InputError, match="for 1 of 2 labels: b: at best"):
        thresholds_for([p, p], [sure, never], goal=goal, names=["a", "b"], confidence=0.95)
    both = thresholds_for([p, p], [sure, sure], goal=goal, confidence=0.95)
    alone = thresholds_for([p], [sure], goal=goal, confidence=0.95)
    assert both.labels[1].threshold == alone.labels[0].threshold


def test_figures_are_missing_where_most_folds_promise_nothing():
    p = np.linspace(0.01, 0.99, 100)
    y = (np.arange(100) >= 69).astype(float)  # 31 positives: just enough, not so in nine folds
    found = thresholds_for([p], [y], goal=Goal.of_text("recall=0.9"), confidence=0.95).labels[0]
    assert found.metrics["recall"].value is None
    assert "too many for any figure" in found.notes[0]
