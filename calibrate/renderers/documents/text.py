"""Report -> text for terminals and logs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from calibrate.metrics import METRICS
from calibrate.renderers.documents import words
from calibrate.renderers.documents.page import TextPage
from calibrate.results.report import Measurement, Report


def render_text(
    report: Report, metrics: Sequence[str] | None = None, *, colour: bool = False
) -> str:
    """A headline, the table of figures and the verdict.

    Args:
        metrics: which ones, in order; None for all.
        colour: whether to use terminal colours.
    """
    page = TextPage(colour=colour)
    page.line(f"{report.data.logits}: {words.rows_and_classes(report)}", "bold")
    if report.calibrator:
        page.line(words.temperature(report))
        page.line(words.provenance(report), "dim")
    page.line()
    names = words.listed(report, metrics)
    page.table("metric", words.columns(report), _rows(report, names))
    if note := words.footnote(report, names):
        page.line(note, "dim")
    page.line()
    for sentence in (words.verdict(report), *words.test_sentences(report)):
        page.line(sentence)
    if report.classes:
        page.line()
        title, rows = words.worst_classes(report)
        page.table(title, words.CLASS_COLUMNS, rows)
    if report.groups:
        page.line()
        title, rows = words.worst_groups(report)
        page.table(title, words.group_columns(report), rows)
    return page.text()


def _rows(report: Report, metrics: Sequence[str]) -> list[list[str | Text]]:
    """The name of each figure and its values, the one after calibration coloured."""
    before, after = report.metrics.before, report.metrics.after
    rows: list[list[str | Text]] = []
    for name in metrics:
        row: list[str | Text] = [name, *words.cells(report, name)]
        if after:
            row[2] = Text(str(row[2]), style=_style(name, before[name], after[name]))
        rows.append(row)
    return rows


def _style(name: str, before: Measurement, after: Measurement) -> str:
    """Green for better, red for worse, plain where neither."""
    lower = METRICS[name].lower_is_better
    if lower is None or before.value is None or after.value is None:
        return ""
    if words.number(before.value) == words.number(after.value):
        return ""
    return "green" if (after.value < before.value) == lower else "red"
