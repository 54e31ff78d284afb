"""A CSV of predictions: what is a number, what is a label, and how many fields there are."""

from __future__ import annotations

import numpy as np
import pytest

import calibrate
from calibrate.data.units import check_weights


@pytest.fixture
def read(tmp_path):
    def reader(*lines: str, header: str = "true_label,pred_label,confidence"):
        path = tmp_path / "p.csv"
        path.write_bytes("\n".join([header, *lines, ""]).encode())
        return calibrate.read_top_labels(str(path))

    return reader


SAME = {
    ("1", "1.0"): True,
    ("1", "+1e0"): True,
    ("007", "7"): True,
    (".5", "0.50"): True,
    ("-0", "0"): True,
    ("9007199254740993", "9007199254740992"): False,  # one float, two numbers
    ("1" + "0" * 400, "1" + "0" * 399 + "1"): False,
    ("1e400", "1e401"): False,
    ("a", " a "): True,
    ("inf", "Infinity"): False,
    ("nan", "nan"): True,  # a text, as all are here: a language, a dish
    ("1_0", "10"): False,
    ("١", "1"): False,
}


@pytest.mark.parametrize("pair", SAME)
def test_same_labels(pair, read):
    one, two = pair
    number = one.strip("+-.0123456789e") == ""
    other = "5,6,0.5" if number else "b,c,0.5"
    found = read(f"{one},{two},0.5", other)
    assert found.correct.tolist() == [float(SAME[pair]), 0.0]
    assert found.n_classes == 4 - SAME[pair]


def test_numbers_beside_texts_are_texts(read):
    assert read("1,1.0,0.5", "a,a,0.5").correct.tolist() == [0.0, 1.0]


def test_a_missing_number_is_told(read):
    with pytest.raises(calibrate.InputError, match="line 3: expected a label, as a number"):
        read("1,1,0.5", "NaN,1,0.5")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1,1,0,9", "line 2: expected 3 fields, as in the header, found 4; write 0.9, not 0,9"),
        ("1,0.9", "line 2: expected 3 fields, as in the header, found 2"),
        ("1,1,0.9_5", "between 0 and 1, found '0.9_5'"),
        ("1,1,inf", "between 0 and 1, found 'inf'"),
        ("1,1,nan", "between 0 and 1, found 'nan'"),
        ("1,1,٠", "between 0 and 1"),
        ("1,1,", "between 0 and 1, found ''"),
        ('1,"1,0.5', "expected a CSV file"),
        ("1, ,0.5", "expected a label in column 'pred_label', found nothing"),
    ],
)
def test_a_wrong_row_is_told(line, said, read):
    with pytest.raises(calibrate.InputError) as error:
        read(line)
    assert said in str(error.value)


def test_two_columns_of_a_name(read):
    with pytest.raises(calibrate.InputError, match="2 columns are named 'confidence'"):
        read("1,1,0.5,0.6", header="true_label,pred_label,confidence,confidence")
    header = "true_label,x,pred_label,x,confidence"
    assert read("1,?,1,?,0.5", header=header).n_rows == 1  # of no matter here


def test_marks_and_quotes(read):
    found = read('"a,b","a,b",1', "", "c,d,1e-3", header="\ufefftrue_label,pred_label,confidence")
    assert found.correct.tolist() == [1.0, 0.0]
    assert found.confidence.tolist() == [1.0, 0.001]


@pytest.mark.parametrize("factor", [1e-310, 1e-200, 1e-90, 1e200, 1e307])
def test_only_ratios_of_weights_matter(factor, data):
    logits, labels = data
    weights = np.random.default_rng(2).integers(1, 4, len(labels)).astype(float)
    fits = [calibrate.fit(logits, labels, weights=w) for w in (weights, weights * factor)]
    assert fits[1].temperature == pytest.approx(fits[0].temperature, rel=1e-9)
    settings = calibrate.Settings(bootstrap=0)
    reports = [
        calibrate.evaluate(logits, labels, weights=w, settings=settings).metrics.before
        for w in (weights, weights * factor)
    ]
    for name in ("ece", "nll", "ece_equal_mass"):
        assert reports[1][name].value == pytest.approx(reports[0][name].value, rel=1e-9)


def test_usual_weights_are_left_as_they_are():
    weights = np.array([0.1, 3.0, 0.0, 1e-20, 1e20])
    assert np.array_equal(check_weights(weights, 5, "w"), weights)


def test_a_fold_without_weight_is_told(data):
    logits, labels = data
    weights = np.zeros(len(labels))
    weights[:3] = 1.0
    with pytest.raises(calibrate.InputError, match="5 rows whose weight is not 0"):
        calibrate.cross_evaluate(logits, labels, weights=weights)
    report = calibrate.evaluate(logits, labels, weights=weights)
    assert "nll_calibration" not in report.metrics.before


@pytest.mark.parametrize("argument", ["label_offset", "ignore_label"])
def test_a_label_beyond_all_numbers(argument, data):
    with pytest.raises(calibrate.InputError, match=f"`{argument}`: expected a label from"):
        calibrate.fit(*data, **{argument: 1 << 63})


@pytest.mark.parametrize(("scale", "said"), [(1e307, "divide all of them"), (1e98, None)])
def test_scores_of_any_size(scale, said, data):
    logits, labels = data[0].astype(np.float64) * scale, data[1]
    if said:
        with pytest.raises(calibrate.InputError, match=said):
            calibrate.fit(logits, labels)
        return
    usual = calibrate.fit(data[0].astype(np.float64), labels)
    assert calibrate.fit(logits, labels).temperature == pytest.approx(usual.temperature * scale)


def test_subnormal_scores_are_as_good_as_equal(data):
    fit = calibrate.fit(data[0].astype(np.float64) * 1e-310, data[1])
    assert (fit.temperature, fit.converged) == (1.0, False)
