"""The document of a TargetReport."""

from __future__ import annotations

from calibrate.renderers.parts import (
    EVERYTHING,
    Heading,
    Lines,
    Part,
    Shown,
    Table,
    document,
    warned,
)
from calibrate.renderers.words import measurement, short
from calibrate.results.measurement import Measurement
from calibrate.results.targets import TargetFigures, TargetReport

FIGURES = {
    "entropy": "entropy (nats)",
    "true_class": "true class",
    "runner_up": "runner-up",
    "rest": "the rest",
    "agreement": "agreement",
}


@document.register
def _(report: TargetReport, _: Shown = EVERYTHING) -> tuple[Part, ...]:
    data = report.data
    size = f"{data.rows:,} rows, {data.classes:,} classes"
    return (
        Heading(f"{data.teacher or data.labels}: {size}"),
        Lines.of(*_sentences(report)),
        _table(report),
        *warned(report.warnings),
    )


def _sentences(report: TargetReport) -> list[str]:
    """How the targets are made, and which class counts as the true one."""
    made = []
    if report.smoothing is not None:
        over = "all classes" if report.smoothing.over == "all" else "the other classes"
        made.append(f"smoothing {measurement(_plain(report.smoothing.mean))} over {over}")
    elif report.temperature is not None:
        made.append(f"T = {short(report.temperature)}")
    if report.mix is not None:
        made.append(f"mixed: {report.mix:g} teacher + {1 - report.mix:.6g} label")
    of_label = report.true_class == "label"
    true = "the label" if of_label else "the teacher's top class, as no labels were given"
    return [*made, f"true class: {true}"]


def _plain(figure: Measurement) -> Measurement:
    """Without its interval where every row has the same value."""
    if figure.low is None or figure.high is None or figure.high - figure.low > 1e-6:
        return figure
    return Measurement(figure.value)


def _table(report: TargetReport) -> Table:
    """One line per figure; of a sweep, one line per temperature."""
    if report.sweep is not None:
        rows = [[short(point.temperature), *_cells(point).values()] for point in report.sweep]
        return Table.of("T", list(_cells(report.sweep[0])), rows)
    cells = {} if report.figures is None else _cells(report.figures)
    return Table.of("what a student sees", ["mean"], list(cells.items()))


def _cells(figures: TargetFigures) -> dict[str, str]:
    found: dict[str, Measurement | None] = {n: getattr(figures, n) for n in FIGURES}
    return {FIGURES[n]: measurement(_plain(m)) for n, m in found.items() if m is not None}
