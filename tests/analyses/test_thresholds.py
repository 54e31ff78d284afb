"""The chosen thresholds against brute force, their intervals against resampled rows."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.analyses.thresholds.choose import decision_blocks, thresholds_for
from calibrate.calibrators.apply import apply_blocks
from calibrate.calibrators.methods.temperature import Temperature
from calibrate.data.dataset import Dataset
from calibrate.data.reading import Reading
from calibrate.errors import InputError
from calibrate.renderers.formats import FORMATS
from calibrate.renderers.parts import EVERYTHING, Shown
from calibrate.results.thresholds import Goal

GOALS = ("f1", "precision=0.7", "recall=0.6", "cost=1:5", "cost=3:1")


def achieved(p, y, w, threshold, costs=(1.0, 5.0)):
    """Precision, recall, F1, positive rate and cost by the book, one row after the other."""
    tp = fp = fn = tn = 0.0
    for each, label, weight in zip(p, y, w, strict=True):
        if each >= threshold:
            tp, fp = tp + weight * label, fp + weight * (1 - label)
        else:
            fn, tn = fn + weight * label, tn + weight * (1 - label)
    total = tp + fp + fn + tn
    return {
        "precision": tp / (tp + fp) if tp + fp else None,
        "recall": tp / (tp + fn) if tp + fn else None,
        "f1": 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else None,
        "positive_rate": (tp + fp) / total,
        "cost": (costs[0] * fp + costs[1] * fn) / total,
    }


def brute_force(p, y, w, goal):
    """The score of the best threshold and that threshold, or None where none will do."""
    levels = sorted(set(p[w > 0].tolist()), reverse=True)
    candidates = [(a + b) / 2 for a, b in pairwise(levels)] + [0.0]
    if levels[0] < 1:
        candidates.insert(0, 1.0)
    best = None
    for t in candidates:  # from the largest: ties keep it
        found = achieved(p, y, w, t, goal.costs or (1, 1))
        if goal.name in ("precision", "recall"):
            least = found[goal.name]
            if least is None or least < goal.minimum - 1e-9:
                continue
            score = found["recall" if goal.name == "precision" else "precision"]
        else:
            score = -found["cost"] if goal.name == "cost" else found["f1"]
        if best is None or score > best[0] + 1e-9:
            best = score, t
    return best


def one(p, y, w=None, *, goal, **more):
    found = thresholds_for([np.array(p)], [np.array(y)], w, goal=Goal.of_text(goal), **more)
    return found.labels[0]


rows = st.lists(
    st.tuples(
        st.integers(0, 8).map(lambda k: k / 8),  # many ties, and both ends
        st.sampled_from([0.0, 0.0, 1.0, 1.0, 0.25, 0.6]),
        st.sampled_from([0.0, 0.5, 1.0, 1.0, 3.7]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=400, deadline=None)
@given(rows, st.sampled_from(GOALS))
def test_the_best_of_all_thresholds(drawn, text):
    p, y, w = map(np.array, zip(*drawn, strict=True))
    goal = Goal.of_text(text)
    degenerate = not (w * y).sum() > 0 or not (w * (1 - y)).sum() > 0
    expected = None if degenerate else brute_force(p, y, w, goal)
    if expected is None:
        with pytest.raises(InputError):
            one(p, y, w, goal=text)
        return
    found = one(p, y, w, goal=text)
    assert found.threshold == pytest.approx(expected[1], abs=1e-12)
    assert found.rows == (w > 0).sum()
    assert found.positives == pytest.approx((w * y).sum())


# scikit-learn 1.9.1, precision_recall_curve on these rows: its threshold is the p of the last row
# accepted, so ours lies below it and above the next p. (goal, weighted, p, precision, recall)
SCIKIT_LEARN = [
    ("f1", False, 0.39, 0.6756756756756757, 0.9615384615384616),
    ("precision=0.8", False, 0.77, 0.8181818181818182, 0.6923076923076923),
    ("recall=0.9", False, 0.39, 0.6756756756756757, 0.9615384615384616),
    ("f1", True, 0.39, 0.6129032258064516, 0.95),
    ("precision=0.8", True, 0.78, 0.8, 0.6),
    ("recall=0.9", True, 0.39, 0.6129032258064516, 0.95),
]


@pytest.mark.parametrize(("goal", "weighted", "last", "precision", "recall"), SCIKIT_LEARN)
def test_against_scikit_learn(goal, weighted, last, precision, recall):
    rng = np.random.default_rng(41)
    p = rng.random(60).round(2)
    y = (rng.random(60) < p**1.5).astype(int)
    w = rng.integers(1, 5, 60).astype(float) if weighted else None
    found = one(p, y, w, goal=goal)
    assert found.threshold == pytest.approx((last + p[p < last].max()) / 2)
    at = achieved(p, y, np.ones(60) if w is None else w, found.threshold)
    assert at["precision"] == pytest.approx(precision)
    assert at["recall"] == pytest.approx(recall)
    assert found.closed_form is None
    assert "cost" not in found.metrics


@pytest.mark.parametrize("low", [0.3, np.nextafter(0.3, 1)])  # their midpoints round two ways
def test_neighbouring_floats_are_told_apart(low):
    high = np.nextafter(low, 1)
    found = one([low, low, high], [0, 0, 1], goal="f1")
    assert found.threshold == high


def test_the_two_ends():
    nothing = one([0.2, 0.3, 0.4], [0, 0, 0.1], goal="cost=9:1")
    assert nothing.threshold == 1  # no row passes, nor would one of 0.41
    everything = one([0.2, 0.3, 0.4], [1, 1, 0.9], goal="cost=1:9")
    assert everything.threshold == 0
    certain = one([0.5, 1.0], [0, 0.01], goal="cost=100:1")
    assert certain.threshold == 0.75  # no threshold up to 1 rejects a p of 1


def simulated(n, seed):
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-rng.normal(-0.7, 1.6, n)))
    return p, (rng.random(n) < p).astype(float), rng


def test_the_seed_decides_and_the_order_of_labels_does_not():
    p, y, _ = simulated(300, 5)
    goal = Goal.of_text("f1")
    two = thresholds_for([p, p**2], [y, y], goal=goal, names=["a", "b"], seed=7)
    swapped = thresholds_for([p**2, p], [y, y], goal=goal, names=["b", "a"], seed=7)
    other = thresholds_for([p, p**2], [y, y], goal=goal, names=["a", "b"], seed=8)
    assert two.labels == swapped.labels[::-1]
    assert two.labels[0] != other.labels[0]
    assert two.task == "multilabel"


def test_closed_form_is_as_cheap_on_calibrated_probabilities():
    """Elkan's threshold, chosen without labels, costs no more on new rows than the chosen one."""
    p, y, _ = simulated(40_000, 6)
    found = one(p, y, goal="cost=2:7")
    closed = found.closed_form
    assert closed.threshold == pytest.approx(2 / 9)
    assert closed.difference.value == pytest.approx(closed.cost.value - found.metrics["cost"].value)
    assert abs(closed.difference.value) < 0.005
    assert closed.difference.low < 0 < closed.difference.high
    new_p, new_y, _ = simulated(40_000, 7)
    ones = np.ones(len(new_p))
    chosen, best = (
        achieved(new_p, new_y, ones, t, (2, 7))["cost"] for t in (found.threshold, 2 / 9)
    )
    assert best < chosen + 0.002
    # Overconfident probabilities: the closed form is off, the difference shows it.
    sharp = p**3 / (p**3 + (1 - p) ** 3)
    off = one(sharp, y, goal="cost=2:7").closed_form.difference
    assert off.low > 0.03


def test_unmet_precision_says_what_can_be_reached():
    p, y = [0.1, 0.2, 0.6, 0.7, 0.9], [0, 1, 1, 1, 0]
    with pytest.raises(InputError) as caught:
        one(p, y, goal="precision=0.99")
    assert str(caught.value) == (
        "goal precision=0.99: cannot be met: the best precision is 0.75 (recall 1) "
        "at the threshold 0.15"
    )
    assert one(p, y, goal="precision=0.75").threshold == pytest.approx(0.15)


def test_the_precision_named_as_best_is_met_when_asked_for():
    p, y = [0.9] * 9 + [0.1] * 9, [1] * 7 + [0] * 11  # 7 / 9 = 0.77777...
    with pytest.raises(InputError, match=r"the best precision is 0\.7777 "):
        one(p, y, goal="precision=0.9")
    found = one(p, y, goal="precision=0.7777")
    assert achieved(p, y, np.ones(18), found.threshold)["precision"] == 7 / 9


def test_unmet_goals_name_their_labels():
    p = np.array([0.2, 0.4, 0.6, 0.8])
    labels = [[0, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 0], [1, 0, 1, 0]]
    names = ["good", "never", "always", "hard", "harder"]
    with pytest.raises(InputError) as caught:
        thresholds_for([p] * 5, np.array(labels), goal=Goal.of_text("precision=0.9"), names=names)
    assert str(caught.value) == (
        "goal precision=0.9: cannot be met for 4 of 5 labels: never: no row is positive; "
        "always: every row is positive; hard: the best precision is 0.75 (recall 1) at the "
        "threshold 0; and 1 more"
    )


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize(("label", "what"), [(0, "no row is positive"), (1, "every row is")])
def test_one_sided_rows_choose_nothing(goal, label, what):
    with pytest.raises(InputError, match=what):
        one([0.2, 0.8], [label, label], goal=goal)


def test_arrays_that_do_not_fit():
    f1 = Goal.of_text("f1")
    p, y = np.array([0.2, 0.8]), np.array([0, 1])
    with pytest.raises(InputError, match=r"found 2, 1, 2 and 2"):
        thresholds_for([p, p], [y], goal=f1)
    with pytest.raises(InputError, match="as many probabilities as labels"):
        thresholds_for([p], [y[:1]], goal=f1)
    with pytest.raises(InputError, match="at least one row that counts"):
        thresholds_for([p], [y], np.zeros(2), goal=f1)


def test_extreme_weights_stay_finite():
    p, y = np.array([0.1, 0.4, 0.6, 0.9]), np.array([0, 1, 0, 1])
    found = one(p, y, np.array([1e100, 1e-300, 1e99, 1e100]), goal="cost=1e100:1e-100")
    assert found.rows == 3
    assert np.isfinite(found.metrics["cost"].value)


def test_decisions_compare_in_double_precision():
    z = np.array([[0.3, -1.2], [1.1, 0.4], [-0.7, 2.0]], np.float32)
    dataset = Dataset.of(z, reading=Reading(task="multilabel"))
    p = np.concatenate(list(apply_blocks(Temperature(1.0), dataset))).reshape(3, 2)
    found = thresholds_for([p[:, 0]] * 2, [np.array([0, 1, 1])] * 2, goal=Goal.of_text("f1"))
    at = float(p[0, 0]), float(p[1, 1]) + 1e-12  # one is met, the other missed by a hair
    labels = tuple(replace(found.labels[i], threshold=at[i]) for i in range(2))
    blocks = decision_blocks(dataset, replace(found, labels=labels), Temperature(1.0))
    decisions = np.concatenate(list(blocks)).reshape(3, 2)
    assert decisions.dtype == np.uint8
    np.testing.assert_array_equal(decisions, [[1, 0], [1, 0], [0, 1]])


@pytest.mark.parametrize("text", ["f1", "precision=0.95", "recall=1", "cost=1:5", "cost=0.5:2e+30"])
def test_goals_read_back(text):
    assert str(Goal.of_text(text)) == text
    assert Goal.of_text(str(Goal.of_text(text))) == Goal.of_text(text)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("presicion=0.9", "expected .*f1, precision, recall, cost.*did you mean precision"),
        ("", "expected .*f1, precision, recall, cost"),
        ("f1=0.5", "`goal` f1: expected no value"),
        ("precision", r"a number above 0 and up to 1, as in precision=0\.95"),
        ("precision=95", r"did you mean precision=0\.95\?"),
        ("recall=90%", r"did you mean recall=0\.9\?"),
        ("recall=nan", "above 0 and up to 1"),
        ("recall=0", "above 0 and up to 1"),
        ("cost=5", "two positive numbers"),
        ("cost=1:0", "two positive numbers"),
        ("cost=1:inf", "two positive numbers"),
        ("cost=1:2:3", "two positive numbers"),
        ("cost=1:2,most=0.1", r"two positive numbers.*as in cost=1:5, got"),
    ],
)
def test_goals_that_are_none(text, what):
    with pytest.raises(InputError, match=what) as caught:
        Goal.of_text(text)
    assert "\n" not in str(caught.value)


def test_goals_are_checked_at_construction():
    with pytest.raises(InputError, match="`goal` precision"):
        Goal("precision", minimum=1.5)
    with pytest.raises(InputError, match="`goal` f1"):
        Goal("f1", minimum=0.5)
    with pytest.raises(InputError, match="`goal` cost"):
        Goal("cost", minimum=0.5, costs=(1, 2))
    with pytest.raises(InputError, match="`goal` recall"):
        Goal("recall", minimum=0.5, costs=(1, 2))


def test_rendering():
    p, y, _ = simulated(400, 9)
    names = ["spam", "a_rather_long_name_of_a_label_" * 6]
    found = thresholds_for([p, 1 - p], [y, 1 - y], goal=Goal.of_text("cost=1:5"), names=names)
    text, markdown = (FORMATS[name](found, EVERYTHING) for name in ("text", "markdown"))
    assert text.startswith(
        "decision thresholds of 2 labels for the least mean cost, where a false positive costs 1 "
        "and a false negative 5\n"
    )
    assert "FP / (FP + FN) = 0.1667" in text
    assert names[1] in text  # not cut
    assert all(line == line.rstrip() for line in text.splitlines())
    assert r"| a_rather_long_name" in markdown
    cost = found.labels[0].metrics["cost"]
    cell = f"{cost.value:.4f} [{cost.low:.4f}, {cost.high:.4f}]"
    assert cell in text
    assert f"| {cell} |" in markdown
    assert "\x1b" not in text
    assert "\x1b" in FORMATS["text"](found, Shown(colour=True))


def test_rendering_of_what_is_undefined():
    found = thresholds_for(
        [np.array([0.2, 0.4])], [np.array([0, 0.1])], goal=Goal.of_text("cost=9:1")
    )
    assert "–" in FORMATS["text"](found, EVERYTHING)
    precision = thresholds_for(
        [np.array([0.2, 0.4])], [np.array([0, 1])], goal=Goal.of_text("precision=0.5")
    )
    text = FORMATS["text"](precision, EVERYTHING)
    assert "the largest recall at a precision of at least 0.5" in text
