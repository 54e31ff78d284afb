"""Report -> Markdown, for pages and pull requests."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from calibrate.render import words
from calibrate.report import Report


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join("\\" + c if c in "\\`*_[]<>|#" else c for c in text)


def render_markdown(
    report: Report, metrics: Sequence[str] | None = None, figures: Sequence[str] = ()
) -> str:
    """A title, the verdict, the table of figures, warnings and pictures.

    Args:
        metrics: which ones, in order; None for all.
        figures: file names of pictures to show.
    """
    after = report.metrics.after
    lines = [f"# Calibration of {escaped(report.data.logits)}", "", words.verdict(report), ""]
    lines += [
        f"- Labels: {escaped(report.data.labels)}",
        f"- Data: {words.rows_and_classes(report)}",
    ]
    if report.calibrator:
        lines += [f"- {words.temperature(report)}", f"- After: {words.provenance(report)}"]
    lines += [""]
    if after is None:
        lines += ["| metric | value |", "| --- | ---: |"]
    else:
        lines += ["| metric | before | after | change |", "| --- | ---: | ---: | ---: |"]
    names = words.listed(report, metrics)
    lines += [f"| {name} | {' | '.join(words.cells(report, name))} |" for name in names]
    if note := words.footnote(report, names):
        lines += ["", escaped(note)]
    if report.classes:
        lines += _listing(*words.worst_classes(report), words.CLASS_COLUMNS)
    if report.groups:
        lines += _listing(*words.worst_groups(report), words.group_columns(report))
    lines += ["", *(f"- {sentence}" for sentence in words.test_sentences(report))]
    for warning in report.warnings:
        lines += ["", f"> **Warning:** {warning}"]
    for figure in figures:
        lines += ["", f"![{escaped(figure)}]({quote(figure)})"]
    return "\n".join(lines) + "\n"


def _listing(title: str, rows: list[list[str]], columns: Sequence[str]) -> list[str]:
    head = ["", f"| {' | '.join([title, *columns])} |", "| --- |" + " ---: |" * len(columns)]
    return head + [f"| {' | '.join([escaped(name), *cells])} |" for name, *cells in rows]
