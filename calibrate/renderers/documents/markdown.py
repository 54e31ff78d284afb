"""Report -> Markdown, for pages and pull requests."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from calibrate.renderers.documents import words
from calibrate.renderers.documents.page import escaped, markdown_table
from calibrate.results.report import Report


def render_markdown(
    report: Report, metrics: Sequence[str] | None = None, figures: Sequence[str] = ()
) -> str:
    """A title, the verdict, the table of figures, warnings and pictures.

    Args:
        metrics: which ones, in order; None for all.
        figures: file names of pictures to show.
    """
    lines = [f"# Calibration of {escaped(report.data.logits)}", "", words.verdict(report), ""]
    lines += [
        f"- Labels: {escaped(report.data.labels)}",
        f"- Data: {words.rows_and_classes(report)}",
    ]
    if report.calibrator:
        lines += [f"- {words.temperature(report)}", f"- After: {words.provenance(report)}"]
    names = words.listed(report, metrics)
    rows = [[name, *words.cells(report, name)] for name in names]
    lines += ["", *markdown_table("metric", words.columns(report), rows)]
    if note := words.footnote(report, names):
        lines += ["", escaped(note)]
    if report.classes:
        title, rows = words.worst_classes(report)
        lines += ["", *markdown_table(title, words.CLASS_COLUMNS, _named(rows))]
    if report.groups:
        title, rows = words.worst_groups(report)
        lines += ["", *markdown_table(title, words.group_columns(report), _named(rows))]
    lines += ["", *(f"- {sentence}" for sentence in words.test_sentences(report))]
    for warning in report.warnings:
        lines += ["", f"> **Warning:** {warning}"]
    for figure in figures:
        lines += ["", f"![{escaped(figure)}]({quote(figure)})"]
    return "\n".join(lines) + "\n"


def _named(rows: list[list[str]]) -> list[list[str]]:
    return [[escaped(name), *cells] for name, *cells in rows]
