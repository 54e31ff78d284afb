"""Thresholds -> text, JSON, Markdown."""

from __future__ import annotations

from calibrate.analyses.thresholds.choice import LabelThreshold, Thresholds
from calibrate.analyses.thresholds.file import thresholds_json
from calibrate.analyses.thresholds.goal import Goal
from calibrate.renderers.documents.page import TextPage, escaped, markdown_table
from calibrate.renderers.documents.words import measurement, short
from calibrate.results.report import Measurement

NOTE = (
    "Measured on the very rows that chose the thresholds; the intervals hold each threshold fixed."
)
CLOSED_FORM_COLUMNS = ("closed-form threshold", "cost", "difference")


def render_thresholds_text(found: Thresholds, *, colour: bool = False) -> str:
    """A headline, the table of thresholds, and for costs what the closed form achieves."""
    page = TextPage(colour=colour)
    page.line(_headline(found), "bold")
    page.line(NOTE, "dim")
    page.line()
    page.table("label", _columns(found), _rows(found))
    if found.goal.costs:
        page.line()
        page.line(_closed_form(found.goal))
        page.line()
        page.table("label", CLOSED_FORM_COLUMNS, _closed_rows(found))
    return page.text()


def render_thresholds_json(found: Thresholds) -> str:
    """What ``thresholds.json`` holds."""
    return thresholds_json(found)


def render_thresholds_markdown(found: Thresholds) -> str:
    """A title, the table of thresholds, and for costs what the closed form achieves."""
    lines = ["# Decision thresholds", "", f"{_headline(found)}.", "", NOTE, ""]
    lines += markdown_table("label", _columns(found), _named(_rows(found)))
    if found.goal.costs:
        lines += ["", _closed_form(found.goal), ""]
        lines += markdown_table("label", CLOSED_FORM_COLUMNS, _named(_closed_rows(found)))
    return "\n".join(lines) + "\n"


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


def _headline(found: Thresholds) -> str:
    count = len(found.labels)
    what = "decision threshold" if count == 1 else f"decision thresholds of {count:,} labels"
    return f"{what} for {goal_in_words(found.goal)}"


def _closed_form(goal: Goal) -> str:
    assert goal.costs is not None
    at = _threshold(goal.costs[0] / sum(goal.costs))
    return (
        f"On calibrated probabilities the cheapest threshold is FP / (FP + FN) = {at} "
        "(Elkan 2001), whatever the rows; the difference is what it costs more on these."
    )


def _columns(found: Thresholds) -> list[str]:
    """The figures of any label, in the order in which they first come."""
    names = {name: None for label in found.labels for name in label.metrics}
    return ["rows", "threshold", *names]


def _rows(found: Thresholds) -> list[list[str]]:
    names = _columns(found)[2:]

    def figures(label: LabelThreshold) -> list[str]:
        return [measurement(label.metrics.get(name, Measurement(None))) for name in names]

    return [
        [label.name, f"{label.rows:,}", _threshold(label.threshold), *figures(label)]
        for label in found.labels
    ]


def _closed_rows(found: Thresholds) -> list[list[str]]:
    return [
        [label.name, _threshold(at.threshold), measurement(at.cost), measurement(at.difference)]
        for label in found.labels
        if (at := label.closed_form)
    ]


def _threshold(value: float) -> str:
    return "0" if value == 0 else short(value) if value < 0.1 else f"{value:.4f}"


def _plain(value: float) -> str:
    return f"{value:.10g}"


def _named(rows: list[list[str]]) -> list[list[str]]:
    return [[escaped(name), *cells] for name, *cells in rows]
