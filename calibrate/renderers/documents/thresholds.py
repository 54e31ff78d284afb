"""The document of Thresholds."""

from __future__ import annotations

from calibrate.renderers.parts import EVERYTHING, Heading, Line, Lines, Part, Shown, Table, document
from calibrate.renderers.words import measurement, short
from calibrate.results.measurement import Measurement
from calibrate.results.thresholds import Goal, LabelThreshold, Thresholds

IN_SAMPLE = (
    "Measured on the very rows that chose the thresholds; the intervals hold each threshold fixed."
)
BESIDE = {
    "precision": ("precision", "recall"),
    "recall": ("recall", "precision"),
    "f1": ("f1", "precision", "recall"),
    "cost": ("cost", "positive_rate"),
}


@document.register
def _(found: Thresholds, shown: Shown = EVERYTHING) -> tuple[Part, ...]:
    notes = [_note(label, len(found.labels)) for label in found.labels]
    more = (*_closed_form(found), *((Lines.of(*notes),) if any(notes) else ()))
    return (
        Heading(_heading(found)),
        Lines.of(_promise(found), Line(_measured(found), quiet=True)),
        *_tables(found),
        *((Heading("More of these thresholds", level=2),) if shown.all and more else ()),
        *more,
    )


def _heading(found: Thresholds) -> str:
    count = len(found.labels)
    what = "decision threshold" if count == 1 else f"decision thresholds of {count:,} labels"
    return f"{what} for {goal_in_words(found.goal)}"


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


def _promise(found: Thresholds) -> str:
    """What is promised, and for what."""
    goal = found.goal
    if found.confidence is None:
        return ""
    what = f"{goal.name} of at least {_plain(goal.minimum or 0.0)}"
    each = "" if len(found.labels) == 1 else ", for each label on its own"
    confidence = _plain(100 * found.confidence)
    return f"Promised with {confidence} % confidence{each}: a {what} on new rows like these."


def _measured(found: Thresholds) -> str:
    if found.folds is None:
        return IN_SAMPLE
    return f"Figures: each of {found.folds} folds decided by what the others chose; 95 % intervals."


def _tables(found: Thresholds) -> tuple[Table | Lines, ...]:
    """All figures of one label, or a line per label with those that the goal is about."""
    if len(found.labels) == 1:
        return (_one(found.labels[0]),)
    names = BESIDE[found.goal.name]
    rows = [
        [
            label.name,
            _threshold(label.threshold),
            *(measurement(label.metrics.get(name, Measurement(None))) for name in names),
        ]
        for label in found.labels
    ]
    return (Table.of("label", ["threshold", *names], rows),)


def _one(label: LabelThreshold) -> Table:
    counts = f"{label.rows:,} rows, {label.positives:,.6g} positive"
    rows = [[name, measurement(figure)] for name, figure in label.metrics.items()]
    return Table.of(label.name, [counts], [["threshold", _threshold(label.threshold)], *rows])


def _closed_form(found: Thresholds) -> tuple[Lines | Table, ...]:
    costs = found.goal.costs
    if costs is None:
        return ()
    at = _threshold(costs[0] / sum(costs))
    lines = Lines.of(
        f"If the probabilities are calibrated, FP / (FP + FN) = {at} is the cheapest threshold",
        "(Elkan 2001). Here, and how much more than the chosen one it costs:",
    )
    rows = [
        [label.name, measurement(form.cost), measurement(form.difference)]
        for label in found.labels
        if (form := label.closed_form)
    ]
    return lines, Table.of("label", [f"cost at {at}", "difference"], rows)


def _note(label: LabelThreshold, count: int) -> str:
    told = "; ".join(label.notes)
    return told if count == 1 or not told else f"{label.name}: {told}"


def _threshold(value: float) -> str:
    return "0" if value == 0 else short(value) if value < 0.1 else f"{value:.4f}"


def _plain(value: float) -> str:
    return f"{value:.10g}"
