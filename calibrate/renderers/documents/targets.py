"""The document of a TargetReport."""

from __future__ import annotations

from calibrate.renderers.parts import (
    EVERYTHING,
    Heading,
    Part,
    Shown,
    Table,
    Value,
    document,
    lines,
    warned,
)
from calibrate.renderers.words import measurement, short
from calibrate.results.measurement import Measurement
from calibrate.results.targets import TargetFigures, TargetReport

FIGURE_TITLES = {
    "entropy": "entropy (nats)",
    "true_class": "true class",
    "runner_up": "runner-up",
    "rest": "the rest",
    "agreement": "agreement",
}


@document.register
def _(report: TargetReport, _: Shown = EVERYTHING) -> tuple[Part, ...]:
    data, made = report.data, []
    if report.smoothing is not None:
        over = "all classes" if report.smoothing.over == "all" else "the other classes"
        made.append(f"smoothing {measurement(_plain(report.smoothing.mean))} over {over}")
    elif report.temperature is not None:
        made.append(f"T = {short(report.temperature)}")
    if report.mix is not None:
        made.append(f"mixed: {report.mix:g} teacher + {1 - report.mix:.6g} label")
    of_label = report.true_class == "label"
    true = "the label" if of_label else "the teacher's top class, as no labels were given"
    if report.sweep is not None:
        rows: list[list[Value]] = [
            [short(point.temperature), *_figures(point).values()] for point in report.sweep
        ]
        table = Table.of("T", list(_figures(report.sweep[0])), rows)
    else:
        figures = {} if report.figures is None else _figures(report.figures)
        table = Table.of("what a student sees", ["mean"], list(figures.items()))
    return (
        Heading(f"{data.teacher or data.labels}: {data.rows:,} rows, {data.classes:,} classes"),
        *lines(*made, f"true class: {true}"),
        table,
        *warned(report.warnings),
    )


def _figures(found: TargetFigures) -> dict[str, Measurement]:
    """The figures that there are, by their titles."""
    figures = {title: getattr(found, name) for name, title in FIGURE_TITLES.items()}
    return {title: _plain(figure) for title, figure in figures.items() if figure is not None}


def _plain(figure: Measurement) -> Measurement:
    """Without its interval where every row has the same value."""
    if figure.low is None or figure.high is None or figure.high - figure.low > 1e-6:
        return figure
    return Measurement(figure.value)
