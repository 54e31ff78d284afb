"""The document of a Report."""

from __future__ import annotations

from calibrate.metrics.metric import METRICS
from calibrate.renderers.document import (
    EVERYTHING,
    Cell,
    Heading,
    Line,
    Lines,
    Part,
    Shown,
    Table,
    document,
    warned,
)
from calibrate.renderers.documents import sentences
from calibrate.renderers.words import measurement, number
from calibrate.results.measurement import Measurement
from calibrate.results.report import Report
from calibrate.tasks import Task

CLASS_COLUMNS = ("rows", "accuracy", "mean_confidence", "overconfidence", "one-vs-rest ECE")
ROUGH = (
    "~ a rough interval: in simulations it held the truth less than 90 times in 100, or it was not "
    "simulated."
)


@document.register
def _(report: Report, shown: Shown = EVERYTHING) -> tuple[Part, ...]:
    about = Lines.of(sentences.temperature(report), Line(sentences.provenance(report), quiet=True))
    return (
        Heading(sentences.headline(report)),
        *((about,) if about.lines else ()),
        _metrics(report, shown),
        Lines.of(sentences.verdict(report), *sentences.test_sentences(report)),
        *_classes(report),
        *_groups(report),
        *warned(report.warnings),
    )


def _metrics(report: Report, shown: Shown) -> Table:
    """The figures asked for, in that order; all where nothing was asked for."""
    measured = report.metrics.before
    names = list(measured) if shown.metrics is None else [n for n in shown.metrics if n in measured]
    columns = ["before", "after", "change"] if report.metrics.after else ["value"]
    rows = [_row(report, name) for name in names]
    rough = any(cell.text.endswith("~") for row in rows for cell in row)
    return Table.of("metric", columns, rows, ROUGH if rough else "")


def _row(report: Report, name: str) -> list[Cell]:
    """The name of a figure, its values as far as there are these, and its change."""
    figures, rough = report.metrics, report.rough_intervals

    def cell(figure: Measurement, marked: tuple[str, ...], better: bool | None = None) -> Cell:
        mark = "~" if name in marked and figure.low is not None else ""
        return Cell(measurement(figure) + mark, better)

    row = [Cell(name), cell(figures.before[name], rough.value)]
    if figures.after:
        better = _better(name, figures.before[name], figures.after[name])
        row.append(cell(figures.after[name], rough.value, better))
    if figures.change:
        row.append(cell(figures.change[name], rough.change))
    return row


def _better(name: str, before: Measurement, after: Measurement) -> bool | None:
    """Whether a figure became better; None where it did neither."""
    lower = METRICS[name].lower_is_better
    if lower is None or before.value is None or after.value is None:
        return None
    if number(before.value) == number(after.value):
        return None
    return (after.value < before.value) == lower


def _after(report: Report) -> str:
    return ", after" if report.metrics.after else ""


def _classes(report: Report) -> tuple[Table, ...]:
    """The worst classes, after calibration where there is one."""
    if not report.classes or not report.classes.last:
        return ()
    rows = [
        [
            str(c.index) if c.name is None else c.name,
            f"{c.rows:,.6g}",
            *map(number, (c.accuracy, c.mean_confidence, c.overconfidence, c.ece)),
        ]
        for c in report.classes.last
    ]
    return (Table.of(f"worst classes{_after(report)}", CLASS_COLUMNS, rows),)


def _groups(report: Report) -> tuple[Table, ...]:
    """The groups, worst first, after calibration where there is one."""
    if not report.groups:
        return ()
    names = list(report.groups[0].metrics.before)
    rows = []
    for group in report.groups:
        few = " (few)" if group.few else ""
        cells = [measurement(group.metrics.last[name]) for name in names]
        rows.append([group.name, f"{group.rows:,}{few}", *cells])
    what = "labels" if report.data.task is Task.multilabel else "groups"
    return (Table.of(what + _after(report), ["rows", *names], rows),)
