"""One data set drawn, evaluated, and what its intervals and tests said."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import calibrate

from .cells import Cell
from .populations import VOTES, Sample, sample

SIDES = ("before", "after", "change")
TESTS = ("consistency", "spiegelhalter", "temperature")
Key = tuple[str, str]  # side and figure, or side and test
T: Key = ("", "T")


@dataclass(frozen=True)
class Shown:
    """An interval as it was printed; low and high are None where none was."""

    low: float | None
    high: float | None
    rough: bool


@dataclass(frozen=True)
class Outcome:
    """Of one run.

    Attributes:
        shown: the interval of each figure.
        p_values: of each test; None where undefined.
        temperature: that of ``after``; None where the fit did not converge.
    """

    shown: dict[Key, Shown]
    p_values: dict[Key, float | None]
    temperature: float | None


def run(cell: Cell, after: float, bootstrap: int, seed: int) -> Outcome:
    """Draw and evaluate one data set.

    Args:
        after: the temperature to look through, unless one is fitted.
    """
    drawn = sample(cell, np.random.default_rng([zlib.crc32(cell.name.encode()), seed]))
    settings = calibrate.Settings(bootstrap=bootstrap, seed=seed)
    with calibrate.running(workers=1):
        if cell.way == "top-label":
            rows = calibrate.TopLabels(
                drawn.correct, drawn.confidence, cell.classes, weights=drawn.weights
            )
            report = calibrate.evaluate_top_labels(rows, settings=settings)
            return Outcome(_shown(report), _p_values(report), None)
        return _of_scores(cell, drawn, after, settings)


def _of_scores(cell: Cell, drawn: Sample, after: float, settings: calibrate.Settings) -> Outcome:
    options: dict[str, Any] = {"weights": drawn.weights}
    if cell.task != "multiclass":
        options["task"] = cell.task
    if drawn.clusters is not None:
        options["clusters"] = drawn.clusters
    fit = calibrate.fit(drawn.logits, drawn.labels, **options)
    if cell.labels == "three votes":
        settings = replace(settings, votes=VOTES)
    options["settings"] = settings
    if cell.way == "cross-fitted":
        report = calibrate.cross_evaluate(drawn.logits, drawn.labels, **options)
    else:
        chosen = fit if cell.way == "in-sample" else calibrate.Temperature(after)
        report = calibrate.evaluate(drawn.logits, drawn.labels, chosen, **options)
    if cell.way != "held out":
        after = fit.temperature
    low, high = fit.interval or (None, None)
    return Outcome(
        {T: Shown(low, high, False), **_shown(report)},
        _p_values(report),
        after if fit.converged or cell.way == "held out" else None,
    )


def _shown(report: calibrate.Report) -> dict[Key, Shown]:
    rough = report.rough_intervals
    found = {}
    for side in SIDES:
        for name, measured in (getattr(report.metrics, side) or {}).items():
            marked = name in (rough.change if side == "change" else rough.value)
            found[side, name] = Shown(measured.low, measured.high, marked)
    return found


def _p_values(report: calibrate.Report) -> dict[Key, float | None]:
    found: dict[Key, float | None] = {}
    for side in SIDES[:2]:
        tests = getattr(report.tests, side)
        for name in TESTS if tests else ():
            found[side, name] = getattr(tests, name).p_value
    return found


def null_holds(cell: Cell, test: Key, after: float, best: float) -> bool:
    """Whether what a test tests is true; nearly so, where the temperature was fitted."""
    side, name = test
    fitted = side == "after" and cell.way != "held out"
    right = fitted or np.isclose(1.0 if side == "before" else after, best)
    return bool(right and (cell.calibrates or name == "temperature"))
