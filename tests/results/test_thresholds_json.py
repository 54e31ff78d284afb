"""thresholds.json: written, read back, and refused where it is damaged."""

from __future__ import annotations

import json

import numpy as np
import pytest

from calibrate.analyses.thresholds.choose import thresholds_for
from calibrate.errors import InputError
from calibrate.files import write_bytes
from calibrate.renderers.formats import FORMATS
from calibrate.renderers.parts import EVERYTHING
from calibrate.results.json import read_result, to_json
from calibrate.results.thresholds import Goal, Thresholds


def save_thresholds(found, path):
    write_bytes(path, to_json(found).encode())


def load_thresholds(path):
    return read_result(Thresholds, path)


@pytest.fixture
def found() -> Thresholds:
    rng = np.random.default_rng(2)
    p = rng.random((90, 2))
    y = (rng.random((90, 2)) < p).astype(float)
    return thresholds_for(
        list(p.T), list(y.T), goal=Goal.of_text("cost=0.3:1.7"), names=["naïve", "b"]
    )


@pytest.mark.parametrize(
    ("goal", "n_labels", "confidence"),
    [("f1", 1, None), ("recall=0.123456789012345", 2, None), ("cost=9:1", 2, None),
     ("precision=0.3", 2, 0.6)],
)  # fmt: skip
def test_round_trip(tmp_path, goal, n_labels, confidence):
    rng = np.random.default_rng(3)
    p = [rng.random(50) for _ in range(n_labels)]
    y = [(rng.random(50) < each).astype(float) for each in p]
    if goal == "cost=9:1":  # the first label accepts nothing
        p[0], y[0] = p[0] * 0.4, y[0] * 0.1
    found = thresholds_for(p, y, goal=Goal.of_text(goal), confidence=confidence)
    save_thresholds(found, tmp_path / "t.json")
    assert load_thresholds(tmp_path / "t.json") == found
    content = json.loads((tmp_path / "t.json").read_text())
    assert (content["goal"], content["confidence"]) == (goal, confidence)
    if goal == "cost=9:1":
        undefined = content["labels"][0]["metrics"]["precision"]
        assert undefined == {"value": None, "low": None, "high": None}


def test_the_shape_of_the_file(tmp_path, found):
    save_thresholds(found, tmp_path / "t.json")
    content = json.loads((tmp_path / "t.json").read_text())
    fields = ["task", "goal", "calibrator", "labels", "confidence", "folds"]
    assert list(content) == ["schema", "version", *fields]
    assert content["confidence"] is None
    assert content["folds"] == 10
    assert content["schema"] == "calibrate.thresholds/1"
    assert content["task"] == "multilabel"
    assert content["goal"] == "cost=0.3:1.7"
    label = content["labels"][0]
    assert label["name"] == "naïve"
    figures = ["metrics", "closed_form", "notes"]
    assert list(label) == ["name", "threshold", "rows", "positives", *figures]
    assert label["threshold"] == found.labels[0].threshold
    assert label["closed_form"]["threshold"] == pytest.approx(0.15)


def test_a_threshold_changed_by_hand_counts(tmp_path, found):
    save_thresholds(found, tmp_path / "t.json")
    content = json.loads((tmp_path / "t.json").read_text())
    content["labels"][0]["threshold"] = 1
    for label in content["labels"]:
        del label["metrics"], label["closed_form"]
    (tmp_path / "t.json").write_text(json.dumps(content))
    read = load_thresholds(tmp_path / "t.json")
    assert read.labels[0].threshold == 1.0
    assert read.labels[0].metrics == {}


def test_files_of_before_are_read(tmp_path, found):
    """As version 0.1.0 wrote them: without confidence, folds and notes."""
    save_thresholds(found, tmp_path / "t.json")
    content = json.loads((tmp_path / "t.json").read_text())
    del content["confidence"], content["folds"]
    for label in content["labels"]:
        del label["notes"]
    (tmp_path / "t.json").write_text(json.dumps(content))
    read = load_thresholds(tmp_path / "t.json")
    assert read.confidence is read.folds is None
    assert [label.threshold for label in read.labels] == [t.threshold for t in found.labels]
    assert "Measured on the very rows" in FORMATS["text"](read, EVERYTHING)


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        (["schema"], "calibrate.calibrator/1", "found schema 'calibrate.calibrator/1'"),
        (["task"], "multiclass", ": expected the task binary or multilabel, found multiclass"),
        (["task"], "binary", "one threshold for a binary task, found 2"),
        (["goal"], "precision=7", ".goal: `goal` precision"),
        (["confidence"], 95, "expected a confidence above 0 and below 1, got 95"),
        (["labels"], [], "expected thresholds, found 0"),
        (["labels", 1, "threshold"], None, ".labels[1].threshold: expected a number, found None"),
        (["labels", 1, "threshold"], 1.01, "labels[1]: expected a threshold from 0 to 1"),
        (["labels", 1, "threshold"], float("nan"), "threshold: expected a number"),
        (["labels", 1, "rows"], 0, "a number of rows"),
        (["labels", 1, "positives"], -1, "the weight of the positives"),
        (["labels", 1, "metrics", "f1", "low"], 10**400, "f1.low: expected a number"),
        (["labels", 1, "metrics", "f1", "low"], float("inf"), "f1.low: expected a number"),
        (["labels", 1, "closed_form", "threshold"], -1, "closed_form: expected a threshold"),
    ],
)
def test_damaged_values(tmp_path, found, path, value, what):
    file = tmp_path / "t.json"
    save_thresholds(found, file)
    content = json.loads(file.read_text())
    inside = content
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    file.write_text(json.dumps(content))
    with pytest.raises(InputError) as caught:
        load_thresholds(file)
    message = str(caught.value)
    assert message.startswith(str(file))
    assert what in message
    assert "\n" not in message
    assert len(message) < 1000
