"""Confidences in answers and whether they were right: read, measured and repaired."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import calibrate
from calibrate.renderers.formats import FORMATS
from calibrate.renderers.parts import EVERYTHING

LEVELS = np.array([0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99])
QUICK = calibrate.Settings(bootstrap=0)


def said(n: int = 2000, t: float = 2.0, seed: int = 0):
    """Confidences in whole percents, and answers that are right as often as at T they would be."""
    rng = np.random.default_rng(seed)
    c = rng.choice(LEVELS, n)
    return c, rng.random(n) < 1 / (1 + np.exp(-np.log(c / (1 - c)) / t))


def text(report) -> str:
    return FORMATS["text"](report, EVERYTHING)


@pytest.fixture
def table(tmp_path):
    def write(*lines: object, name: str = "a.csv") -> str:
        path = tmp_path / name
        path.write_text("\n".join([*map(str, lines), ""]))
        return str(path)

    return write


def rows_of(name: str, **reading) -> tuple[np.ndarray, np.ndarray]:
    dataset = calibrate.open_dataset(name, reading=calibrate.Reading(**reading))
    assert dataset.task == "confidence"
    block = dataset.read(0, dataset.n_rows)
    return block.said, block.labels


@pytest.mark.parametrize("t", [0.6, 2.0])
def test_t_minimises_the_nll_over_the_log_odds(t):
    c, right = said(t=t)
    z = np.where(right, 1, -1) * np.log(c / (1 - c))
    best = minimize_scalar(
        lambda log_t: np.logaddexp(0, -z / np.exp(log_t)).mean(),
        bounds=(-3, 3),
        method="bounded",
        options={"xatol": 1e-10},
    )
    fit = calibrate.fit(c, right, task="confidence")
    assert fit.temperature == pytest.approx(np.exp(best.x), rel=1e-6)
    assert fit.interval[0] < t < fit.interval[1]
    repaired = fit.calibrator.apply(100 * c, task="confidence", percent=True)
    assert repaired == pytest.approx(1 / (1 + ((1 - c) / c) ** (1 / np.exp(best.x))), rel=1e-5)


def test_figures_are_those_of_top_labels_and_of_the_pair():
    c, right = said()
    c[:100] = 1.0
    found = calibrate.evaluate(c, right, task="confidence", settings=QUICK).metrics.before
    alone = calibrate.evaluate_top_labels(
        calibrate.TopLabels(right.astype(float), c, 2), settings=QUICK
    ).metrics.before
    for name, figure in alone.items():
        assert found[name].value == pytest.approx(figure.value, abs=1e-12), name
    assert {*found} - {*alone} == {"nll", "nll_calibration", "brier"}
    assert found["brier"].value == pytest.approx(np.mean((c - right) ** 2), abs=1e-12)
    sure = np.where(c == 1, 1 - 0.0025, c)  # 100 % among whole percents
    nll = -np.log(np.where(right, np.where(c == 1, 1, c), 1 - sure))
    assert found["nll"].value == pytest.approx(nll.mean(), rel=2e-3)


@pytest.mark.parametrize("dtype", ["f2", "f4", "u1"])
def test_small_dtypes_say_what_they_mean(dtype):
    c, right = said(300)
    exact = calibrate.ece(c, right, task="confidence")
    small = (100 * c).round().astype(dtype)
    assert calibrate.ece(small, right, task="confidence", percent=True) == exact
    if dtype != "u1":
        assert calibrate.ece(c.astype(dtype), right, task="confidence") == exact


def test_ties_are_kept_after_calibration():
    c, right = said()
    fit = calibrate.fit(c, right, task="confidence")
    repaired = fit.calibrator.apply(c, task="confidence")
    assert len(np.unique(repaired)) == len(LEVELS)


def test_100_percent_is_a_rounded_number():
    c, right = said(seed=3)
    plain = calibrate.fit(c, right, task="confidence")
    c[:40], right[:40] = 1.0, np.arange(40) % 20 > 0
    fit = calibrate.fit(c, right, task="confidence")
    assert fit.temperature == pytest.approx(plain.temperature, rel=0.1)
    rows = calibrate.Dataset.of(c, right, reading=calibrate.Reading(task="confidence"))
    assert rows.notes == ("log-odds of 100 % as of 99.75 %",)
    assert rows.warnings == ("wrong answers said with 100 %, or right ones with 0 %: 2",)
    fine = calibrate.Dataset.of(
        np.r_[c, 0.999], np.r_[right, True], reading=calibrate.Reading(task="confidence")
    )
    assert fine.notes == ("log-odds of 100 % as of 99.975 %",)


def test_wrong_answers_at_100_percent_do_not_decide_in_silence():
    c, right = said(seed=3)
    c[:300], right[:300] = 1.0, np.arange(300) % 2
    told = calibrate.fit(c, right, task="confidence").warnings[0]
    assert told.startswith("answers said with 100 or 0 % move T: without these 300 of 2,000 rows")
    assert f"{calibrate.fit(c[300:], right[300:], task='confidence').temperature:.3g}" in told


def test_right_answers_at_100_percent_count_beside_the_wrong_ones():
    c, right = said(seed=3)
    c[:300], right[:300] = 1.0, np.arange(300) % 21 > 0  # as many as T = 2 makes of 99.75 %
    assert calibrate.fit(c, right, task="confidence").warnings == ()


HEADS = {
    "confidence,correct": True,
    "Conf,is_correct": True,
    "score,accuracy": True,
    "probability,right": True,
    "target,confidence,correct": True,
    "score,right,label": False,  # classes of such names
    "true_label,pred_label,confidence,correct": False,
    "confidence,question": False,
}


@pytest.mark.parametrize("head", HEADS)
def test_pairs_are_known_by_the_names_of_their_columns(head, table):
    from calibrate.data.readers.answers import paired
    from calibrate.data.readers.open import _keys

    name = table(head, ",".join("1" * (head.count(",") + 1)))
    _, _, how = paired(name, None, calibrate.Reading(), _keys)
    assert (how.task == "confidence") is HEADS[head]


@pytest.mark.parametrize("written", [("true", "false"), ("Yes", "no"), (1, 0), ("1.0", "0.0")])
def test_right_and_wrong_may_be_written_in_words(written, table):
    yes, no = written
    head = "question,confidence,correct"
    c, right = rows_of(table(head, f'"a, b",0.8,{yes}', f"c,1,{no}", f"d,0.5,{yes}"))
    assert c.tolist() == [0.8, 1.0, 0.5]
    assert right.tolist() == [1, 0, 1]
    assert rows_of(table(head, f"a,0.8,{yes}", f"b,0.7,{yes}"))[1].tolist() == [1, 1]


def test_objects_and_other_names(table):
    lines = [json.dumps({"q": "x", "confidence": 90, "correct": right}) for right in (True, False)]
    c, right = rows_of(table(*lines, name="a.jsonl"), percent=True)
    assert (c.tolist(), right.tolist()) == ([0.9, 0.9], [1, 0])
    name = table("sure;ok", "0.9;yes", "0.2;no")
    dataset = calibrate.open_dataset(
        f"{name}:sure", f"{name}:ok", reading=calibrate.Reading(task="confidence")
    )
    assert dataset.logits.name == name
    assert dataset.read(0, 2).said.tolist() == [0.9, 0.2]


WRONG = {
    "most are percentages": ([80, 95, 0.9], [1, 0, 1], {}, "`percent=True`"),
    "some are": ([0.8, 0.9, 95], [1, 0, 1], {}, "row 2 (1 in all); save all as shares of 1"),
    "shares as percentages": ([0.8, 0.9], [1, 0], {"percent": True}, "leave `percent` out"),
    "beyond 100": ([80, 101], [1, 0], {"percent": True}, "from 0 to 100, found 80 to 101"),
    "log-odds": ([-1.0, 2.0], [1, 0], {}, '`scores="logits"`'),
    "swapped": ([1.0, 0.0], [0.8, 0.9], {}, "seem to be swapped"),
    "a word": ([0.8, 0.9], ["yes", "maybe"], {}, "found 'maybe' in row 1"),
    "nothing": ([0.8, 0.9], ["yes", ""], {}, "found nothing in row 1"),
    "not said": ([0.8, np.nan], [1, 0], {}, "found NaN at row 1"),
    "another task": ([0.8], [1], {"task": "binary", "percent": True}, "`percent`"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_meant_is_refused(case):
    c, right, reading, message = WRONG[case]
    with pytest.raises(calibrate.InputError) as error:
        calibrate.fit(np.array(c), np.array(right), **{"task": "confidence", **reading})
    assert message in str(error.value)


def test_columns_that_may_each_be_meant(table):
    name = table("confidence,conf,correct", "0.8,0.9,1")
    with pytest.raises(calibrate.InputError, match="confidence, conf may each be meant"):
        calibrate.open_dataset(name)
    asked = calibrate.Reading(task="confidence")
    with pytest.raises(calibrate.InputError, match="expected columns such as confidence"):
        calibrate.open_dataset(table("sure,ok", "0.8,1"), reading=asked)


def test_shares_of_1_among_percentages_are_told():
    found = calibrate.Dataset.of(
        np.array([90, 0.8, 70]), np.array([1, 1, 0]), reading=calibrate.Reading(percent=True)
    )
    assert found.warnings == (
        "confidences above 0 and below 1 %: 1, first in row 1; are these shares of 1 among "
        "percentages?",
    )


def test_a_repair_is_measured_on_rows_it_has_not_seen():
    c, right = said(t=2.5)
    report = calibrate.cross_evaluate(c, right, task="confidence", settings=QUICK)
    before, after = report.metrics.before, report.metrics.after
    assert len(report.calibrator.folds) == 5
    assert after["ece"].value < before["ece"].value / 3
    assert after["auroc"].value == pytest.approx(before["auroc"].value, abs=0.01)
    assert report.verdict.code == "calibrated"
    assert "each row measured with T from the other 4 folds" in text(report)


def test_a_confidence_that_no_temperature_mends():
    c, _ = said(seed=5)
    right = np.random.default_rng(1).random(len(c)) < 0.15 + 0.2 * (c > 0.85)
    report = calibrate.cross_evaluate(c, right, task="confidence", settings=QUICK)
    lines = text(report).splitlines()
    assert lines[0].startswith("NO TEMPERATURE MENDS THIS: right 2")
    assert lines[1] == "A temperature draws every confidence towards 50 % and none past it."
    assert lines[2] == "Rank answers by it; do not take it for a probability."


def test_a_confidence_that_says_nothing_can_be_calibrated():
    rng = np.random.default_rng(2)
    c = rng.choice([0.69, 0.7, 0.71], 4000)
    right = rng.random(len(c)) < 0.7
    report = calibrate.evaluate(c, right, task="confidence", settings=QUICK)
    assert report.verdict.code == "calibrated"
    assert "Nothing shows that right answers have more confidence than wrong ones" in text(report)


@pytest.mark.parametrize(
    ("c", "right", "warning"),
    [
        (0.5, 0.6, "every confidence is 50 %, which no temperature moves; T = 1 was kept"),
        (0.8, 1.0, "every answer said with more than 50 % was right"),
        (0.8, 0.0, "the NLL falls for ever as T grows"),
    ],
)
def test_where_no_temperature_is_best_it_is_said_why(c, right, warning):
    fit = calibrate.fit(np.full(50, c), np.arange(50) < 50 * right, task="confidence")
    assert not fit.converged
    assert warning in fit.warnings[0]


def test_one_confidence_for_all_is_moved_to_the_share_of_right_answers():
    right = np.arange(1000) % 5 < 3
    report = calibrate.cross_evaluate(np.full(1000, 0.8), right, task="confidence", settings=QUICK)
    assert report.metrics.after["mean_confidence"].value == pytest.approx(0.6, abs=0.002)
    assert report.tests.after.spiegelhalter.p_value is None  # T has made Z 0
