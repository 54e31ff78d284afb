"""The document of a Report."""

from __future__ import annotations

from calibrate.metrics.biases import FEWEST, FEWEST_PARTS
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
from calibrate.renderers.documents.findings import findings
from calibrate.renderers.words import ROUGH, measurement, number, p_value
from calibrate.results.biases import Bias
from calibrate.results.measurement import Measurement
from calibrate.results.report import Report
from calibrate.tasks import Task

CLASS_COLUMNS = ("rows", "accuracy", "overconfidence", "p", "one-vs-rest ECE")


@document.register
def _(report: Report, shown: Shown = EVERYTHING) -> tuple[Part, ...]:
    about = Lines.of(sentences.temperature(report), Line(sentences.provenance(report), quiet=True))
    return (
        Heading(sentences.headline(report)),
        *((about,) if about.lines else ()),
        _metrics(report, shown),
        Lines.of(sentences.verdict(report), *findings(report)),
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
    if figures.after is None or figures.change is None:
        return row
    if name not in figures.after:
        return [*row, Cell(""), Cell("")]
    better = _better(name, figures.before[name], figures.after[name])
    row.append(cell(figures.after[name], rough.value, better))
    return [*row, cell(figures.change[name], rough.change)]


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
    """The classes by their predictions, after calibration where there is one."""
    if not report.classes or not report.classes.last.listed:
        return ()
    classes = report.classes.last
    rows: list[list[str | Cell]] = [
        [
            str(c.index) if c.name is None else c.name,
            f"{c.rows:,.6g}",
            number(c.accuracy),
            *_bias(c.bias),
            number(c.ece),
        ]
        for c in classes.listed
    ]
    title = f"predicted class{_after(report)}"
    return (Table.of(title, CLASS_COLUMNS, rows, _many(classes.tested, classes.off, "classes")),)


def _bias(bias: Bias) -> tuple[Cell, Cell]:
    """The overconfidence with its interval, and its p-value, marked where it is beyond chance."""
    size = Cell(measurement(Measurement(bias.size, bias.low, bias.high)))
    if bias.p_value is None:
        return size, Cell("few")
    mark = "*" if bias.off else ""
    return size, Cell(p_value(bias.p_value).removeprefix("p ").removeprefix("= ") + mark)


def _many(tested: int, off: int, what: str) -> str:
    """What was looked at, and how many of it are off: ``*`` beside a p-value marks them."""
    if not tested:
        return (
            f"{what} of fewer than {FEWEST} effective rows or {FEWEST_PARTS} units are not tested"
        )
    of = f"{tested:,} {what} with {FEWEST}+ rows"
    if not off:
        return f"none of {of} is off beyond chance (5 % false discoveries); surest first"
    return f"* off beyond chance: {off:,} of {of} (5 % false discoveries); surest first"


def _groups(report: Report) -> tuple[Table, ...]:
    """The groups, after calibration where there is one."""
    if not report.groups:
        return ()
    shown = report.groups[0].metrics.before
    names = [name for name in shown if name != "overconfidence"]
    rows: list[list[str | Cell]] = []
    for group in report.groups:
        cells = [measurement(group.metrics.last[name]) for name in names]
        rows.append([Cell(group.name), Cell(f"{group.rows:,}"), *_bias(group.bias), *cells])
    labels = report.data.task is Task.multilabel
    what = "labels" if labels else "groups"
    tested = [group.bias for group in report.groups if group.bias.p_value is not None]
    note = _many(len(tested), sum(bias.off for bias in tested), what)
    lean = "P(yes) too high by" if report.data.task.yes_no else "overconfidence"
    title = f"{what}{_after(report)}"
    return (Table.of(title, ["rows", lean, "p", *names], rows, note),)
