"""Report -> text for terminals and logs."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from calibrate.metrics import METRICS
from calibrate.render import words
from calibrate.report import Measurement, Report

WIDTH = 150


def render_text(
    report: Report, metrics: Sequence[str] | None = None, *, colour: bool = False
) -> str:
    """A headline, the table of figures and the verdict.

    Args:
        metrics: which ones, in order; None for all.
        colour: whether to use terminal colours.
    """
    out = io.StringIO()
    console = Console(
        file=out, width=WIDTH, force_terminal=colour, no_color=not colour, highlight=False
    )
    headline = f"{report.data.logits}: {words.rows_and_classes(report)}"
    console.print(Text(headline, style="bold"), soft_wrap=True)
    if report.calibrator:
        console.print(Text(words.temperature(report)))
        console.print(Text(words.provenance(report), style="dim"))
    console.print()
    names = words.listed(report, metrics)
    console.print(_table(report, names))
    if note := words.footnote(report, names):
        console.print(Text(note, style="dim"), soft_wrap=True)
    console.print()
    for sentence in (words.verdict(report), *words.test_sentences(report)):
        console.print(Text(sentence), soft_wrap=True)
    if report.classes:
        console.print()
        console.print(_listing(*words.worst_classes(report), words.CLASS_COLUMNS))
    if report.groups:
        console.print()
        console.print(_listing(*words.worst_groups(report), words.group_columns(report)))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _table(report: Report, metrics: Sequence[str]) -> Table:
    before, after = report.metrics.before, report.metrics.after
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("metric")
    table.add_column("before" if after else "value", justify="right")
    if after:
        table.add_column("after", justify="right")
        table.add_column("change", justify="right")
    for name in metrics:
        value, *others = words.cells(report, name)
        row = [Text(name), Text(value)]
        if after:
            row.append(Text(others[0], style=_style(name, before[name], after[name])))
            row.append(Text(others[1]))
        table.add_row(*row)
    return table


def _listing(title: str, rows: list[list[str]], columns: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(title, no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for cells in rows:
        table.add_row(*map(Text, cells))
    return table


def _style(name: str, before: Measurement, after: Measurement) -> str:
    """Green for better, red for worse, plain where neither."""
    lower = METRICS[name].lower_is_better
    if lower is None or before.value is None or after.value is None:
        return ""
    if words.number(before.value) == words.number(after.value):
        return ""
    return "green" if (after.value < before.value) == lower else "red"
