"""The document of Thresholds."""

from __future__ import annotations

from calibrate.renderers.parts import (
    EVERYTHING,
    Heading,
    Line,
    Part,
    Shown,
    Table,
    Value,
    document,
    lines,
)
from calibrate.renderers.words import short
from calibrate.results.measurement import Measurement
from calibrate.results.thresholds import Goal, Thresholds

BESIDE = {
    "precision": ("precision", "recall"),
    "recall": ("recall", "precision"),
    "f1": ("f1", "precision", "recall"),
    "cost": ("cost", "positive_rate"),
}


@document.register
def _(found: Thresholds, shown: Shown = EVERYTHING) -> tuple[Part, ...]:
    one, count = len(found.labels) == 1, len(found.labels)
    notes = ["; ".join(label.notes) for label in found.labels]
    if not one:
        named = zip(found.labels, notes, strict=True)
        notes = [f"{label.name}: {note}" if note else "" for label, note in named]
    more = (*_closed_form(found), *lines(*notes))
    what = "decision threshold" if one else f"decision thresholds of {count:,} labels"
    measured = (
        "Measured on the very rows that chose the thresholds; the intervals hold each threshold "
        "fixed."
        if found.folds is None
        else f"Figures: each of {found.folds} folds decided by what the others chose; 95 % "
        "intervals."
    )
    return (
        Heading(f"{what} for {_goal(found.goal)}"),
        *lines(_promise(found), Line(measured, quiet=True)),
        _table(found),
        *((Heading("More of these thresholds", level=2),) if shown.all and more else ()),
        *more,
    )


def _goal(goal: Goal) -> str:
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


def _promise(found: Thresholds) -> str:
    """What is promised, and for what."""
    goal = found.goal
    if found.confidence is None:
        return ""
    what = f"{goal.name} of at least {_plain(goal.minimum or 0.0)}"
    each = "" if len(found.labels) == 1 else ", for each label on its own"
    confidence = _plain(100 * found.confidence)
    return f"Promised with {confidence} % confidence{each}: a {what} on new rows like these."


def _table(found: Thresholds) -> Table:
    """All figures of one label, or a line per label with those that the goal is about."""
    if len(found.labels) == 1:
        (label,) = found.labels
        counts = f"{label.rows:,} rows, {label.positives:,.6g} positive"
        figures: list[tuple[str, Value]] = [("threshold", _threshold(label.threshold))]
        return Table.of(label.name, [counts], [*figures, *label.metrics.items()])
    names = BESIDE[found.goal.name]
    rows: list[list[Value]] = [
        [
            label.name,
            _threshold(label.threshold),
            *(label.metrics.get(name, Measurement(None)) for name in names),
        ]
        for label in found.labels
    ]
    return Table.of("label", ["threshold", *names], rows)


def _closed_form(found: Thresholds) -> tuple[Part, ...]:
    costs = found.goal.costs
    if costs is None:
        return ()
    at = _threshold(costs[0] / sum(costs))
    about = lines(
        f"If the probabilities are calibrated, FP / (FP + FN) = {at} is the cheapest threshold",
        "(Elkan 2001). Here, and how much more than the chosen one it costs:",
    )
    rows: list[list[Value]] = [
        [label.name, form.cost, form.difference]
        for label in found.labels
        if (form := label.closed_form)
    ]
    return *about, Table.of("label", [f"cost at {at}", "difference"], rows)


def _threshold(value: float) -> str:
    return "0" if value == 0 else short(value) if value < 0.1 else f"{value:.4f}"


def _plain(value: float) -> str:
    return f"{value:.10g}"
