"""Thresholds <-> thresholds.json."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from reprlib import repr as brief
from typing import Any

from calibrate.analyses.thresholds.choice import ClosedForm, LabelThreshold, Thresholds
from calibrate.analyses.thresholds.goal import Goal
from calibrate.errors import InputError
from calibrate.files import write_bytes
from calibrate.json_file import read_json
from calibrate.results.report import Measurement
from calibrate.version import package_version

SCHEMA = "calibrate.thresholds/1"
TASKS = ("binary", "multilabel")
LARGEST = 1e300


def thresholds_json(found: Thresholds) -> str:
    """The content of the file: indented JSON with full precision; what is undefined is null."""
    content = {
        "schema": SCHEMA,
        "version": package_version(),
        "task": found.task,
        "goal": str(found.goal),
        "calibrator": found.calibrator,
        "labels": [asdict(label) for label in found.labels],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def save_thresholds(found: Thresholds, path: str | Path) -> None:
    """Write thresholds to a JSON file, replaced whole.

    Raises:
        InputError: it cannot be written.
    """
    write_bytes(path, thresholds_json(found).encode())


def load_thresholds(path: str | Path) -> Thresholds:
    """The thresholds that ``save_thresholds`` wrote.

    A threshold may have been changed by hand, and figures may be left out.

    Raises:
        InputError: the file is missing, is not such a file, or holds unusable values.
    """
    content = read_json(
        path, "thresholds file", "calibrate thresholds", "choose the thresholds again"
    )
    if content.get("schema") != SCHEMA:
        raise InputError(
            f"{path}: expected a thresholds file (schema {SCHEMA!r}), "
            f"found schema {brief(content.get('schema'))}"
        )
    try:
        return _thresholds(content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _thresholds(content: dict[str, Any]) -> Thresholds:
    task, goal, labels = (content.get(key) for key in ("task", "goal", "labels"))
    if task not in TASKS:
        raise InputError(f"expected a task among {', '.join(TASKS)}, found {brief(task)}")
    if not isinstance(goal, str):
        raise InputError(f"expected a goal such as 'f1' or 'precision=0.95', found {brief(goal)}")
    if not isinstance(labels, list) or not labels:
        raise InputError("expected a list of labels with a threshold each, found none")
    if task == "binary" and len(labels) != 1:
        raise InputError(f"expected one threshold for a binary task, found {len(labels):,}")
    read = [_label(number, label) for number, label in enumerate(labels)]
    calibrator = content.get("calibrator")
    known = isinstance(calibrator, dict) and {"method", "parameters"} <= set(calibrator)
    return Thresholds(task, Goal.of(goal), tuple(read), calibrator if known else None)


def _label(number: int, found: object) -> LabelThreshold:
    where = f"label {number}"
    found = _object(found, where)
    name, threshold = found.get("name"), found.get("threshold")
    if not isinstance(name, str):
        raise InputError(f"{where}: expected a name, found {brief(name)}")
    rows, positives = found.get("rows"), _figure(found, "positives", where)
    if type(rows) is not int or rows < 1:
        raise InputError(f"{where}: expected a number of rows, found {brief(rows)}")
    if positives is None or positives < 0:
        raise InputError(f"{where}: expected the weight of the positives, found {brief(positives)}")
    metrics = _object(found.get("metrics") or {}, f"{where}, metrics")
    closed = found.get("closed_form")
    return LabelThreshold(
        name,
        _threshold(threshold, where),
        rows,
        positives,
        {each: _measurement(metrics, each, f"{where}, metrics") for each in metrics},
        None if closed is None else _closed_form(closed, f"{where}, closed form"),
    )


def _closed_form(found: object, where: str) -> ClosedForm:
    found = _object(found, where)
    return ClosedForm(
        _threshold(found.get("threshold"), where),
        _measurement(found, "cost", where),
        _measurement(found, "difference", where),
    )


def _threshold(found: object, where: str) -> float:
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 <= found <= 1:
        raise InputError(f"{where}: expected a threshold from 0 to 1, found {brief(found)}")
    return float(found)


def _measurement(found: dict[str, Any], name: str, where: str) -> Measurement:
    where = f"{where}, {name}"
    parts = _object(found.get(name), where)
    value, low, high = (_figure(parts, part, where) for part in ("value", "low", "high"))
    return Measurement(value, low, high)


def _figure(found: dict[str, Any], name: str, where: str) -> float | None:
    value = found.get(name)
    if value is None:
        return None
    if type(value) not in (int, float) or not -LARGEST <= value <= LARGEST:  # False for NaN
        raise InputError(f"{where}: expected {name} to be a number, found {brief(value)}")
    return float(value)


def _object(found: object, where: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise InputError(f"{where}: expected a JSON object, found {brief(found)}")
    return found
