"""The document of Thresholds."""

from __future__ import annotations

from calibrate.renderers.document import (
    EVERYTHING,
    Heading,
    Line,
    Lines,
    Part,
    Shown,
    Table,
    document,
)
from calibrate.renderers.words import measurement, short
from calibrate.results.goal import Goal
from calibrate.results.measurement import Measurement
from calibrate.results.thresholds import Thresholds

NOTE = (
    "Measured on the very rows that chose the thresholds; the intervals hold each threshold fixed."
)


@document.register
def _(found: Thresholds, _: Shown = EVERYTHING) -> tuple[Part, ...]:
    count = len(found.labels)
    what = "decision threshold" if count == 1 else f"decision thresholds of {count:,} labels"
    return (
        Heading(f"{what} for {goal_in_words(found.goal)}"),
        Lines.of(Line(NOTE, quiet=True)),
        _table(found),
        *(_closed_form(found, *found.goal.costs) if found.goal.costs else ()),
    )


def goal_in_words(goal: Goal) -> str:
    """``the largest recall at a precision of at least 0.95``."""
    if goal.costs is not None:
        false_positive, false_negative = map(_plain, goal.costs)
        return (
            f"the least mean cost, where a false positive costs {false_positive} and a false "
            f"negative {false_negative}"
        )
    if goal.minimum is None:
        return "the largest F1"
    wanted = "recall" if goal.name == "precision" else "precision"
    return f"the largest {wanted} at a {goal.name} of at least {_plain(goal.minimum)}"


def _table(found: Thresholds) -> Table:
    """A line per label; the figures of any label, in the order in which they first come."""
    names = list({name: None for label in found.labels for name in label.metrics})
    rows = [
        [
            label.name,
            f"{label.rows:,}",
            _threshold(label.threshold),
            *(measurement(label.metrics.get(name, Measurement(None))) for name in names),
        ]
        for label in found.labels
    ]
    return Table.of("label", ["rows", "threshold", *names], rows)


def _closed_form(
    found: Thresholds, false_positive: float, false_negative: float
) -> tuple[Lines, Table]:
    at = _threshold(false_positive / (false_positive + false_negative))
    line = (
        f"On calibrated probabilities the cheapest threshold is FP / (FP + FN) = {at} "
        "(Elkan 2001), whatever the rows; the difference is what it costs more on these."
    )
    rows = [
        [
            label.name,
            _threshold(form.threshold),
            measurement(form.cost),
            measurement(form.difference),
        ]
        for label in found.labels
        if (form := label.closed_form)
    ]
    return Lines.of(line), Table.of("label", ["closed-form threshold", "cost", "difference"], rows)


def _threshold(value: float) -> str:
    return "0" if value == 0 else short(value) if value < 0.1 else f"{value:.4f}"


def _plain(value: float) -> str:
    return f"{value:.10g}"
