"""The document of a Report."""

from __future__ import annotations

from collections.abc import Sequence

from calibrate.metrics.biases import FEWEST, FEWEST_PARTS
from calibrate.metrics.metric import METRICS
from calibrate.renderers.document import (
    EVERYTHING,
    Cell,
    Diagram,
    Heading,
    Line,
    Lines,
    Part,
    Shown,
    Table,
    Tone,
    document,
    warned,
)
from calibrate.renderers.documents import sentences
from calibrate.renderers.documents.findings import findings
from calibrate.renderers.documents.verdict import tests_lines, verdict_lines
from calibrate.renderers.words import ROUGH, measurement, number, p_value
from calibrate.results.biases import Bias, ClassFigures
from calibrate.results.measurement import Measurement
from calibrate.results.report import Report
from calibrate.results.verdict import Code
from calibrate.tasks import Task

FEW = 3  # classes on the first screen
MOST_GROUPS = 6
CLASS_COLUMNS = ("rows", "accuracy", "overconfidence", "p", "one-vs-rest ECE")


@document.register
def _(report: Report, shown: Shown = EVERYTHING) -> tuple[Part, ...]:
    first = (
        *_verdict(report),
        _first_metrics(report, shown),
        *((_diagram(report),) if shown.diagram else ()),
        *_lines([*tests_lines(report), _class_line(report)]),
    )
    if not shown.all:
        return *first, *_few_classes(report), *_groups(report, MOST_GROUPS)
    rest = (*_rest(report), *_classes(report), *_groups(report))
    return *first, *rest, *warned(report.warnings)


def _verdict(report: Report) -> tuple[Part, ...]:
    """What these rows say, then what they are."""
    first, *more = verdict_lines(report) or (sentences.headline(report),)
    rows = (
        sentences.headline(report) if report.verdict else "",
        sentences.temperature(report) if report.temperature is None else "",
        sentences.provenance(report),
        sentences.smoothed(report),
    )
    return Heading(first, tone=_tone(report)), Lines.of(
        *more, *(Line(text, quiet=True) for text in rows)
    )


def _tone(report: Report) -> Tone:
    """How much somebody should mind what the verdict says."""
    bad = (Code.unrelated, Code.not_converged, Code.miscalibrated)
    return "warning" if report.verdict is not None and report.verdict.code in bad else "notice"


def _diagram(report: Report) -> Diagram:
    """The bins after calibration, where there is an after."""
    yes = report.data.task.yes_no
    if yes and report.class_reliability is not None and report.class_reliability.last:
        return Diagram(report.class_reliability.last[0].table, yes)
    return Diagram(report.reliability.last)


def _lines(lines: Sequence[str]) -> tuple[Lines, ...]:
    found = Lines.of(*lines)
    return (found,) if found.lines else ()


def _rest(report: Report) -> tuple[Part, ...]:
    """What the first screen has no room for."""
    about = (sentences.temperature(report), sentences.meaning(report), *findings(report))
    return Heading("All figures", level=2), _metrics(report), *_lines(about)


def _first_metrics(report: Report, shown: Shown) -> Table:
    """The figures that were asked for, else those that everybody looks at; the change in words."""
    measured, rough = report.metrics.before, report.rough_intervals
    error = "positive_ece" if report.data.task.yes_no else "ece"
    wanted = shown.metrics or ("nll", "brier", error, "accuracy")
    names = [name for name in wanted if name in measured]
    if report.metrics.after is None or report.metrics.change is None:
        rows = [[Cell(name), _cell(name, measured[name], rough.value)] for name in names]
        return _noted(["value"], rows)
    rows = []
    for name in names:
        row = [Cell(name), Cell(number(measured[name].value))]
        if name in report.metrics.after and name in report.metrics.change:
            after, change = report.metrics.after[name], report.metrics.change[name]
            better = None if _means_nothing(report) else _better(name, change)
            word = {True: "better", False: "worse", None: ""}[better]
            moved = _cell(name, change, rough.change, better)
            same = change.value == change.low == change.high == 0
            row += [Cell(number(after.value)), Cell("unchanged") if same else moved]
            row += [Cell(word, better)]
        rows.append(row + [Cell("")] * (5 - len(row)))
    return _noted(["before", "after", "change", ""], rows)


def _metrics(report: Report) -> Table:
    """All figures, with all intervals."""
    columns = ["before", "after", "change"] if report.metrics.after else ["value"]
    return _noted(columns, [_row(report, name) for name in report.metrics.before])


def _noted(columns: Sequence[str], rows: Sequence[list[Cell]]) -> Table:
    rough = any(cell.text.endswith("~") for row in rows for cell in row)
    return Table.of("metric", columns, rows, ROUGH if rough else "")


def _cell(
    name: str, figure: Measurement, rough: tuple[str, ...], better: bool | None = None
) -> Cell:
    mark = "~" if name in rough and figure.low is not None else ""
    return Cell(measurement(figure) + mark, better)


def _row(report: Report, name: str) -> list[Cell]:
    """The name of a figure, its values as far as there are these, and its change."""
    figures, rough = report.metrics, report.rough_intervals
    row = [Cell(name), _cell(name, figures.before[name], rough.value)]
    if figures.after is None or figures.change is None:
        return row
    if name not in figures.after:
        return [*row, Cell(""), Cell("")]
    better = _better(name, figures.change[name])
    row.append(_cell(name, figures.after[name], rough.value))
    return [*row, _cell(name, figures.change[name], rough.change, better)]


def _better(name: str, change: Measurement) -> bool | None:
    """Whether a figure became better beyond chance; None where these rows do not tell."""
    lower = METRICS[name].lower_is_better
    if lower is None or change.low is None or change.high is None:
        return None
    if not (change.high < 0 or change.low > 0):
        return None
    return (change.high < 0) == lower


def _after(report: Report) -> str:
    return ", after" if report.metrics.after else ""


def _means_nothing(report: Report) -> bool:
    return report.verdict is not None and report.verdict.code is Code.unrelated


def _class_line(report: Report) -> str:
    """How many classes are off beyond chance."""
    if not report.classes or _means_nothing(report):
        return ""
    found = report.classes.last
    if not found.tested:
        return f"No class has {FEWEST} rows by prediction, the fewest that are tested"
    what = f"{found.off:,}" if found.off else "none"
    return f"Classes off beyond chance (by prediction, {FEWEST}+ rows): {what} of {found.tested:,}"


def _few_classes(report: Report) -> tuple[Table, ...]:
    """Those that are most surely off beyond chance."""
    if not report.classes or _means_nothing(report):
        return ()
    off = [c for c in report.classes.last.listed if c.bias.off]
    rows: list[list[str | Cell]] = [
        [_name(c), f"{c.rows:,.6g}", number(c.accuracy), *_bias(c.bias)] for c in off[:FEW]
    ]
    return (Table.of(_of_classes(report), CLASS_COLUMNS[:-1], rows),) if rows else ()


def _classes(report: Report) -> tuple[Table, ...]:
    """The classes by their predictions, after calibration where there is one."""
    if not report.classes or not report.classes.last.listed:
        return ()
    classes = report.classes.last
    rows: list[list[str | Cell]] = [
        [_name(c), f"{c.rows:,.6g}", number(c.accuracy), *_bias(c.bias), number(c.ece)]
        for c in classes.listed
    ]
    note = _many(classes.tested, classes.off, "classes")
    return (Table.of(_of_classes(report), CLASS_COLUMNS, rows, note),)


def _of_classes(report: Report) -> str:
    return f"predicted class{_after(report)}"


def _name(found: ClassFigures) -> str:
    return str(found.index) if found.name is None else found.name


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
        return f"none of {of} is off beyond chance (5 % false discoveries)"
    return f"* off beyond chance: {off:,} of {of} (5 % false discoveries)"


def _groups(report: Report, most: int | None = None) -> tuple[Table, ...]:
    """The groups, after calibration where there is one; the most surely off, or all."""
    if not report.groups:
        return ()
    shown = report.groups[0].metrics.before
    names = [name for name in shown if name != "overconfidence" and most is None]
    rows: list[list[str | Cell]] = []
    for group in report.groups[:most]:
        cells = [measurement(group.metrics.last[name]) for name in names]
        rows.append([Cell(group.name), Cell(f"{group.rows:,}"), *_bias(group.bias), *cells])
    labels = report.data.task is Task.multilabel
    what = "labels" if labels else "groups"
    tested = [group.bias for group in report.groups if group.bias.p_value is not None]
    note = _many(len(tested), sum(bias.off for bias in tested), what)
    lean = "P(yes) too high by" if report.data.task.yes_no else "overconfidence"
    title = f"{what}{_after(report)}"
    return (Table.of(title, ["rows", lean, "p", *names], rows, note),)
