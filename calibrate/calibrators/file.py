"""Calibrator <-> calibrator.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from calibrate.calibrators import (
    METHODS,
    Calibrator,
    Fit,
    PerLabelFit,
    Temperature,
    TemperatureFit,
)
from calibrate.errors import InputError
from calibrate.files import write_bytes
from calibrate.json_file import read_json
from calibrate.results.report import Fitted
from calibrate.version import package_version

SCHEMA = "calibrate.calibrator/1"


@dataclass(frozen=True)
class CalibratorFile:
    """A calibrator with what its file says of its fit.

    Attributes:
        calibrator: the calibrator.
        fitted: for reports.
        fingerprint: of the rows it was fitted on, or None.
    """

    calibrator: Calibrator
    fitted: Fitted
    fingerprint: str | None


def describe_fit(fit: Fit, folds: tuple[Temperature, ...] = ()) -> Fitted:
    """What a report says of a fit."""
    return Fitted(
        method=fit.calibrator.method,
        parameters=fit.calibrator.parameters,
        intervals=_intervals_of(fit),
        converged=fit.converged,
        evaluations=fit.evaluations,
        label_smoothing=_smoothing_of(fit),
        folds=tuple({"temperature": fold.temperature} for fold in folds),
    )


def _smoothing_of(fit: Fit) -> str | None:
    if isinstance(fit, PerLabelFit) or fit.smoothing is None:
        return None
    over = "all classes" if fit.smoothing.over == "all" else "the other classes"
    return f"{fit.smoothing.epsilon:g} over {over}"


def _intervals_of(fit: Fit) -> dict[str, Any]:
    if isinstance(fit, PerLabelFit):
        return {"temperatures": fit.intervals}
    return {"temperature": fit.interval}


def save(fitted: Fit | Calibrator, path: str | Path) -> None:
    """Write a fit, or a bare calibrator, to a JSON file.

    Args:
        fitted: what ``fit`` returned, or a calibrator.
        path: the file, replaced whole.
    """
    about: dict[str, Any] = {"version": package_version()}
    calibrator: Calibrator
    if isinstance(fitted, (TemperatureFit, PerLabelFit)):
        calibrator = fitted.calibrator
        about = {
            "rows": fitted.n_rows,
            "nll": fitted.nll,
            **about,
            "intervals": _intervals_of(fitted),
            "converged": fitted.converged,
            "fingerprint": fitted.fingerprint,
        }
        if isinstance(fitted, TemperatureFit) and fitted.smoothing is not None:
            about["label_smoothing"] = _smoothing_of(fitted)
    else:
        calibrator = fitted
    content = {
        "schema": SCHEMA,
        "method": calibrator.method,
        "parameters": calibrator.parameters,
        "classes": calibrator.n_classes,
        "labels": calibrator.n_labels,
        "fitted": about,
    }
    write_bytes(path, (json.dumps(content, indent=2, allow_nan=False) + "\n").encode())


def load(path: str | Path) -> Calibrator:
    """The calibrator that ``save`` wrote.

    Raises:
        InputError: the file is missing, is not such a file, or holds unusable parameters.
    """
    return read_calibrator_file(path).calibrator


def read_calibrator_file(path: str | Path) -> CalibratorFile:
    """The calibrator in a file, with what the file says of its fit."""
    content = read_json(path, "calibrator file", "calibrate fit", "fit it again")
    if content.get("schema") != SCHEMA:
        raise InputError(
            f"{path}: expected a calibrator file (schema {SCHEMA!r}), "
            f"found schema {content.get('schema')!r}"
        )
    method, parameters = content.get("method"), content.get("parameters")
    if not isinstance(method, str) or method not in METHODS:
        raise InputError(f"{path}: expected a method among {', '.join(METHODS)}, found {method!r}")
    if not isinstance(parameters, dict):
        raise InputError(f"{path}: expected parameters by name, found {parameters!r}")
    classes = content.get("classes")
    if classes is not None and (type(classes) is not int or classes < 2):
        raise InputError(f"{path}: expected at least 2 classes, found {classes!r}")
    labels = content.get("labels")
    if labels is not None and (type(labels) is not int or labels < 1):
        raise InputError(f"{path}: expected at least 1 label, found {labels!r}")
    shared = {"n_labels": labels} if method == Temperature.method else {}
    try:
        calibrator = METHODS[method](**parameters, n_classes=classes, **shared)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except TypeError as error:
        raise InputError(
            f"{path}: the parameters do not fit the method {method!r}: {parameters!r}"
        ) from error
    about = content.get("fitted")
    about = about if isinstance(about, dict) else {}
    converged, fingerprint = about.get("converged"), about.get("fingerprint")
    smoothing = about.get("label_smoothing")
    return CalibratorFile(
        calibrator=calibrator,
        fitted=Fitted(
            method=method,
            parameters=parameters,
            intervals=_intervals(about.get("intervals"), parameters),
            converged=converged if isinstance(converged, bool) else None,
            label_smoothing=smoothing if isinstance(smoothing, str) else None,
        ),
        fingerprint=fingerprint if isinstance(fingerprint, str) else None,
    )


def _intervals(found: object, parameters: dict[str, Any]) -> dict[str, Any]:
    """What the file says of the interval of each parameter, or of each of its values."""
    intervals: dict[str, Any] = {}
    for name, value in parameters.items():
        held = found.get(name) if isinstance(found, dict) else None
        if isinstance(value, list):
            many = held if isinstance(held, list) and len(held) == len(value) else [None]
            intervals[name] = [_pair(each) for each in many]
        else:
            intervals[name] = _pair(held)
    return intervals


def _pair(found: object) -> tuple[float, float] | None:
    if not isinstance(found, list) or len(found) != 2:
        return None
    if not all(type(end) in (int, float) and isfinite(end) for end in found):
        return None
    return float(found[0]), float(found[1])
