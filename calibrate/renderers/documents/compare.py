"""Comparison -> text, JSON, Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from urllib.parse import quote

from calibrate.analyses.compare import ComparedModel, Comparison
from calibrate.renderers.documents.page import TextPage, escaped, markdown_table
from calibrate.renderers.documents.words import measurement, short
from calibrate.results.report import Measurement
from calibrate.version import package_version

SCHEMA = "calibrate.compare/1"
SHOWN = ("accuracy", "overconfidence", "nll", "brier", "ece", "positive_ece")


def render_compare_json(found: Comparison) -> str:
    """The comparison as indented JSON with full precision."""
    content = {"schema": SCHEMA, "version": package_version(), **asdict(found)}
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def render_compare_text(found: Comparison, *, colour: bool = False) -> str:
    """A headline, the table of figures, and the table of differences from the first model."""
    page = TextPage(colour=colour)
    page.line(_headline(found), "bold")
    page.line(f"T {found.fitted_on}", "dim")
    for title, rows in _tables(found):
        page.line()
        page.table(title, _columns(found), rows)
    page.line()
    page.line(best_in_words(found))
    return page.text()


def render_compare_markdown(found: Comparison, figures: Sequence[str] = ()) -> str:
    """The same as a page, with its pictures."""
    lines = ["# Comparison", "", f"{escaped(_headline(found))}. T {found.fitted_on}."]
    for title, rows in _tables(found):
        named = [[escaped(name), *cells] for name, *cells in rows]
        lines += ["", *markdown_table(escaped(title), _columns(found), named)]
    lines += ["", escaped(best_in_words(found))]
    for warning in found.warnings:
        lines += ["", f"> **Warning:** {escaped(warning)}"]
    for figure in figures:
        lines += ["", f"![{escaped(figure)}]({quote(figure)})"]
    return "\n".join(lines) + "\n"


def _headline(found: Comparison) -> str:
    data = found.data
    return f"{len(found.models)} models on {data.labels}: {data.rows:,} rows, {data.classes:,} " + (
        "labels" if data.task == "multilabel" else "classes"
    )


def _columns(found: Comparison) -> list[str]:
    return [name for name in SHOWN if name in found.models[0].metrics.before]


def _tables(found: Comparison) -> list[tuple[str, list[list[str]]]]:
    """The figures, and their differences from the first model."""
    rows, changes = [], []
    for model in found.models:
        t = short(float(model.calibrator.parameters["temperature"]))
        named = {"before": model.name, "after": f"{model.name}, T = {t}"}
        for side, name in named.items():
            metrics = getattr(model.metrics, side)
            rows.append([name, *_cells(found, metrics)])
            if model.against_first is not None:
                label = model.name if side == "before" else f"{model.name}, with T"
                changes.append([label, *_cells(found, getattr(model.against_first, side))])
    tables = [("model", rows)]
    if changes:
        tables.append((f"minus {found.models[0].name}", changes))
    return tables


def _cells(found: Comparison, metrics: dict[str, Measurement]) -> list[str]:
    return [measurement(metrics[name]) for name in _columns(found)]


def best_in_words(found: Comparison) -> str:
    """Which model has the least NLL, with T, and whether that is more than chance."""
    best = min(found.models, key=_nll)
    text = f"Least nll with T: {best.name} ({measurement(_after(best)['nll'])})"
    if best.against_first is None or best.against_first.after is None:
        return f"{text}."
    change = best.against_first.after["nll"]
    sure = change.high is not None and change.high < 0
    shown = "lower than" if sure else "but not surely lower than"
    return f"{text}, {shown} that of {found.models[0].name} ({measurement(change)})."


def _after(model: ComparedModel) -> dict[str, Measurement]:
    return model.metrics.after or model.metrics.before


def _nll(model: ComparedModel) -> float:
    value = _after(model)["nll"].value
    return float("inf") if value is None else value
