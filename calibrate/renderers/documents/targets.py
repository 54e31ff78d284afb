"""TargetReport -> text, JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from calibrate.analyses.targets import TargetFigures, TargetReport
from calibrate.renderers.documents import words
from calibrate.renderers.documents.page import TextPage, escaped, markdown_table
from calibrate.results.report import Measurement
from calibrate.version import package_version

SCHEMA = "calibrate.targets/1"

FIGURES = {
    "entropy": "entropy (nats)",
    "true_class": "true class",
    "runner_up": "runner-up",
    "rest": "the rest",
    "agreement": "agreement",
}


def targets_to_dict(report: TargetReport) -> dict[str, Any]:
    """The report as plain dictionaries, lists and numbers; what there is none of is None."""
    only = None if report.is_sweep else report.points[0]
    swept = [{"temperature": point.temperature, **asdict(point.figures)} for point in report.points]
    smoothing = None
    if report.smoothing is not None:
        smoothing = {"mean": asdict(report.smoothing), "over": report.smoothing_over}
    return {
        "schema": SCHEMA,
        "version": package_version(),
        "data": {
            "labels": report.labels,
            "teacher": report.teacher,
            "rows": report.rows,
            "classes": report.classes,
        },
        "smoothing": smoothing,
        "temperature": only.temperature if only else None,
        "mix": report.mix,
        "true_class": "label" if report.labels else "teacher",
        "figures": asdict(only.figures) if only else None,
        "sweep": swept if report.is_sweep else None,
        "warnings": list(report.warnings),
    }


def render_targets_json(report: TargetReport) -> str:
    """The report as indented JSON with full precision."""
    return json.dumps(targets_to_dict(report), indent=1, allow_nan=False) + "\n"


def render_targets_text(report: TargetReport, *, colour: bool = False) -> str:
    """Where the targets come from, and the table of what a student would see in them."""
    page = TextPage(colour=colour)
    page.line(_headline(report), "bold")
    for sentence in _sentences(report):
        page.line(sentence)
    page.line()
    (title, *columns), rows = _table(report)
    page.table(title, columns, rows)
    return page.text()


def render_targets_markdown(report: TargetReport) -> str:
    """The same for pages and pull requests."""
    lines = [f"# Training targets of {escaped(report.teacher or report.labels or '')}", ""]
    lines += [f"- {report.rows:,} rows, {report.classes:,} classes"]
    lines += [f"- {escaped(sentence)}" for sentence in _sentences(report)]
    (title, *columns), rows = _table(report)
    lines += ["", *markdown_table(title, columns, rows)]
    for warning in report.warnings:
        lines += ["", f"> **Warning:** {escaped(warning)}"]
    return "\n".join(lines) + "\n"


RENDERERS: dict[str, Callable[[TargetReport], str]] = {
    "text": render_targets_text,
    "json": render_targets_json,
    "markdown": render_targets_markdown,
}


def _headline(report: TargetReport) -> str:
    return f"{report.teacher or report.labels}: {report.rows:,} rows, {report.classes:,} classes"


def _sentences(report: TargetReport) -> list[str]:
    """How the targets are made, and which class counts as the true one."""
    made = []
    if report.smoothing is not None:
        over = "all classes" if report.smoothing_over == "all" else "the other classes"
        made.append(f"smoothing {words.measurement(_plain(report.smoothing))} over {over}")
    elif not report.is_sweep and report.points[0].temperature is not None:
        made.append(f"T = {words.short(report.points[0].temperature)}")
    if report.mix is not None:
        made.append(f"mixed: {report.mix:g} teacher + {1 - report.mix:.6g} label")
    true = "the label" if report.labels else "the teacher's top class, as no labels were given"
    return [*made, f"true class: {true}"]


def _plain(figure: Measurement) -> Measurement:
    """Without its interval where every row has the same value."""
    if figure.low is None or figure.high is None or figure.high - figure.low > 1e-6:
        return figure
    return Measurement(figure.value)


def _table(report: TargetReport) -> tuple[list[str], list[list[str]]]:
    """One line per figure; of a sweep, one line per temperature."""
    if report.is_sweep:
        names = list(_cells(report.points[0].figures))
        rows = [
            [words.short(point.temperature or 0.0), *_cells(point.figures).values()]
            for point in report.points
        ]
        return ["T", *names], rows
    cells = _cells(report.points[0].figures)
    return ["what a student sees", "mean"], [[name, cell] for name, cell in cells.items()]


def _cells(figures: TargetFigures) -> dict[str, str]:
    measured: dict[str, Measurement | None] = {
        title: getattr(figures, name) for name, title in FIGURES.items()
    }
    return {title: words.measurement(_plain(m)) for title, m in measured.items() if m is not None}
