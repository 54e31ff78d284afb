"""Results as JSON and back, by their types."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from conftest import SAMPLES

import calibrate
from calibrate.errors import InputError
from calibrate.files import json_text
from calibrate.results.comparison import Comparison
from calibrate.results.json import decode, encode, read_result, to_dict, to_json
from calibrate.results.report import Report

MNIST, DIGITS, LANGID = SAMPLES / "mnist", SAMPLES / "digits", SAMPLES / "langid"
QUICK = calibrate.Settings(bootstrap=20)


def hard(part: str) -> calibrate.Dataset:
    return calibrate.open_dataset(f"{MNIST}/hard_{part}.npy", f"{MNIST}/labels_{part}.npy")


def digits() -> calibrate.Dataset:
    reading = calibrate.Reading(task="multilabel")
    names = f"{DIGITS}/val_logits.npy", f"{DIGITS}/val_labels.npy"
    return calibrate.open_dataset(*names, reading=reading)


def with_groups() -> Report:
    dataset = hard("test")
    groups = np.arange(dataset.n_rows) % 3
    return calibrate.evaluate(dataset, calibrator=calibrate.fit(hard("val")), groups=groups)


def of_top_labels() -> Report:
    rows = calibrate.TopLabels(np.array([1.0, 0, 1, 1]), np.array([0.9, 0.7, 0.3, 1.0]), 3)
    return calibrate.evaluate_top_labels(rows, settings=QUICK)


REPORTS = {
    "after a fit, in groups": with_groups,
    "as it is": lambda: calibrate.evaluate(hard("test"), settings=QUICK),
    "cross-fitted": lambda: calibrate.cross_evaluate(hard("test"), settings=QUICK),
    "per label": lambda: calibrate.evaluate(
        digits(), calibrator=calibrate.fit_per_label(digits()), settings=QUICK
    ),
    "top labels": of_top_labels,
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_reads_back_into_an_equal_one(name, tmp_path):
    report = REPORTS[name]()
    (tmp_path / "report.json").write_text(to_json(report))
    assert read_result(Report, tmp_path / "report.json") == report


def test_a_comparison_reads_back_into_an_equal_one(tmp_path):
    found = calibrate.compare({"a": hard("test"), "b": hard("test")})
    (tmp_path / "c.json").write_text(to_json(found))
    assert read_result(Comparison, tmp_path / "c.json") == found


EDITS = [
    ("metrics.before.ece.value", "x", "expected a number, found 'x'"),
    ("metrics.before.ece.low", [1], "expected a number, found [1]"),
    ("data.rows", 2.5, "expected a whole number, found 2.5"),
    (
        "data.task",
        "multi",
        "expected multiclass or binary or multilabel or confidence or top-label",
    ),
    ("data.in_sample", "no", "expected true or false, found 'no'"),
    ("metrics", 3, "expected a JSON object, found 3"),
    ("reliability.before.edges", 1, "expected a list, found 1"),
    ("warnings", ["a", 2], "warnings[1]: expected a text, found 2"),
    ("tests.before.consistency.p_value", True, "expected a number, found True"),
]


@pytest.mark.parametrize(("place", "value", "said"), EDITS)
def test_an_edited_place_is_named(place, value, said, tmp_path):
    content = json.loads(to_json(REPORTS["as it is"]()))
    inside = content
    *way, last = place.split(".")
    for key in way:
        inside = inside[key]
    inside[last] = value
    (tmp_path / "report.json").write_text(json.dumps(content))
    with pytest.raises(InputError) as caught:
        read_result(Report, tmp_path / "report.json")
    assert str(caught.value).startswith(f"{tmp_path}/report.json.{place}")
    assert said in str(caught.value)


def test_no_models_are_no_comparison(tmp_path, run):
    content = to_dict(calibrate.compare({"a": hard("test")}))
    clusters = {
        "schema": "calibrate.clusters/1",
        "data": {"labels": "y.npy", "rows": 60, "classes": 3},
        "classes": [{"index": i, "name": None, "rows": 20} for i in range(3)],
        "bootstrap": 0,
        "seed": 0,
    }
    for kind, found in (("compare", content), ("clusters", clusters)):
        (tmp_path / f"{kind}.json").write_text(json.dumps({**found, "models": []}))
        done = run("render", f"{kind}.json")
        said = f"calibrate: {kind}.json.models: expected at least one, found []\n"
        assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


def test_a_key_twice_is_told(tmp_path):
    text = to_json(REPORTS["as it is"]()).replace('"rows":', '"rows": 3, "rows":', 1)
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(InputError, match="the key 'rows' is there twice"):
        read_result(Report, tmp_path / "r.json")


def test_what_is_left_out_and_what_is_more():
    content = to_dict(REPORTS["as it is"]())
    del content["groups"]
    assert decode(Report, {**content, "of a later version": 1}, "r").groups is None
    del content["data"]
    with pytest.raises(InputError, match="r: expected 'data', found 'schema', 'version'"):
        decode(Report, content, "r")


def test_another_kind_of_file(tmp_path):
    (tmp_path / "r.json").write_text(to_json(calibrate.compare({"a": hard("test")})))
    with pytest.raises(InputError, match=r"expected a report file .*found schema .*compare/1"):
        read_result(Report, tmp_path / "r.json")


@dataclass(frozen=True)
class Odd:
    pair: tuple[float, float] | None
    more: dict[str, float | tuple[float, ...]]


def test_unions_take_the_kind_that_fits():
    for odd in (Odd(None, {}), Odd((1.0, 2.0), {"a": 1.5, "b": (1.0, 2.0, 3.0)})):
        assert decode(Odd, json.loads(json.dumps(encode(odd))), "odd") == odd
    with pytest.raises(InputError, match=r"odd.pair: expected a list of 2, found \[1\]"):
        decode(Odd, {"pair": [1], "more": {}}, "odd")


def test_the_json_holds_no_nan():
    report = REPORTS["as it is"]()
    nan = replace(report.metrics.before["ece"], value=float("nan"))
    metrics = replace(report.metrics, before={"ece": nan})
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(replace(report, metrics=metrics))


def test_lists_of_numbers_stand_on_one_line():
    report = REPORTS["cross-fitted"]()
    lines = to_json(report).splitlines()
    weights = [line for line in lines if line.startswith('   "weight": [')]
    assert len(weights) == 2
    assert json.loads(weights[0].split(": ", 1)[1].rstrip(",")) == list(
        report.reliability.before.weight
    )
    assert json.loads(to_json(report)) == json.loads(json.dumps(to_dict(report)))
    assert len(lines) < len(json.dumps(to_dict(report), indent=1).splitlines()) / 5


@dataclass(frozen=True)
class Nested:
    empty: tuple[int, ...] = ()
    nothing: dict[str, int] | None = None
    pairs: tuple[tuple[float, float | None], ...] = ((1.5, None), (2.0, 0.1))
    texts: tuple[str, ...] = ("ä\n", '"')


def test_the_layout_of_json():
    assert json_text(encode(Nested())) == (
        '{\n "empty": [],\n "nothing": null,\n "pairs": [\n  [1.5, null],\n  [2.0, 0.1]\n ],\n'
        ' "texts": [\n  "\\u00e4\\n",\n  "\\""\n ]\n}\n'
    )


def test_all_classes_are_in_the_json():
    settings = calibrate.Settings(bootstrap=0, top=2, class_names=tuple("abcdefghij"))
    report = calibrate.evaluate(
        hard("test"), calibrator=calibrate.fit(hard("val")), settings=settings
    )
    content = json.loads(to_json(report))
    assert content["settings"]["class_names"] == list("abcdefghij")
    for side in ("before", "after"):
        classes = content["classes"][side]
        assert len(classes["listed"]) == 2
        every = classes["every"]
        assert {len(figures) for figures in every.values()} == {10}
        assert sum(every["off"]) == classes["off"]
        assert sum(every["rows"]) == 2000
        for shown in classes["listed"]:
            k = shown["index"]
            assert [every[n][k] for n in ("rows", "accuracy", "mean_confidence", "ece")] == [
                shown[n] for n in ("rows", "accuracy", "mean_confidence", "ece")
            ]
            assert [every[n][k] for n in ("low", "high", "p_value", "off")] == [
                shown["bias"][n] for n in ("low", "high", "p_value", "off")
            ]


def test_a_class_that_is_never_predicted_has_no_accuracy():
    z = np.tile([3.0, 1.0, 0.0], (60, 1))
    every = calibrate.evaluate(z, np.arange(60) % 3, settings=QUICK).classes.before.every
    assert every.rows == (60.0, 0.0, 0.0)
    assert every.accuracy == (pytest.approx(1 / 3), None, None)
    assert every.mean_confidence[1:] == (None, None)


def test_the_settings_are_in_the_json():
    settings = calibrate.Settings(n_bins=7, bootstrap=11, seed=3)
    report = calibrate.evaluate(hard("test"), settings=settings)
    assert to_dict(report)["settings"] == {
        "n_bins": 7, "bootstrap": 11, "seed": 3, "level": 0.95, "votes": None, "class_names": None
    }  # fmt: skip


def test_a_digest_tells_the_rows():
    fit, settings = calibrate.fit(hard("val")), calibrate.Settings(full=False, bootstrap=0)
    on_val, on_test = (
        calibrate.evaluate(hard(part), settings=settings).data.fingerprint
        for part in ("val", "test")
    )
    assert on_val == fit.known.fingerprint
    assert on_test != on_val
    crossed = calibrate.cross_evaluate(hard("val"), settings=QUICK)
    assert crossed.data.fingerprint == on_val
    rows = of_top_labels()
    other = calibrate.TopLabels(np.array([1.0, 0, 1, 0]), np.array([0.9, 0.7, 0.3, 1.0]), 3)
    assert calibrate.evaluate_top_labels(other, settings=QUICK).data.fingerprint not in (
        None,
        rows.data.fingerprint,
    )
