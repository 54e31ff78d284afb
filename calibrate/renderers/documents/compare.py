"""The document of a Comparison."""

from __future__ import annotations

from calibrate.renderers.document import (
    EVERYTHING,
    Heading,
    Line,
    Lines,
    Part,
    Shown,
    Table,
    document,
    warned,
)
from calibrate.renderers.words import measurement, short
from calibrate.results.comparison import ComparedModel, Comparison
from calibrate.results.measurement import Metrics


@document.register
def _(found: Comparison, _: Shown = EVERYTHING) -> tuple[Part, ...]:
    return (
        Heading(_headline(found)),
        Lines.of(Line(f"T {found.fitted_on}", quiet=True)),
        *_tables(found),
        Lines.of(best_in_words(found)),
        *warned(found.warnings),
    )


def _headline(found: Comparison) -> str:
    data = found.data
    size = f"{data.rows:,} rows, {data.classes:,} {data.task.noun}"
    return f"{len(found.models)} models on {data.labels}: {size}"


def _tables(found: Comparison) -> list[Table]:
    """The figures, and their differences from the first model."""
    columns = list(found.models[0].metrics.before)

    def cells(metrics: Metrics | None) -> list[str]:
        return [measurement(metrics[name]) for name in columns] if metrics else []

    rows, changes = [], []
    for model in found.models:
        t = short(model.calibrator.temperature or 1.0)
        rows.append([model.name, *cells(model.metrics.before)])
        rows.append([f"{model.name}, T = {t}", *cells(model.metrics.after)])
        if model.against_first is not None:
            changes.append([model.name, *cells(model.against_first.before)])
            changes.append([f"{model.name}, with T", *cells(model.against_first.after)])
    tables = [Table.of("model", columns, rows)]
    if changes:
        tables.append(Table.of(f"minus {found.models[0].name}", columns, changes))
    return tables


def best_in_words(found: Comparison) -> str:
    """Which model has the least NLL, with T, and whether that is more than chance."""
    best = min(found.models, key=_nll)
    text = f"Least nll with T: {best.name} ({measurement(best.metrics.last['nll'])})"
    if best.against_first is None:
        return f"{text}."
    change = best.against_first.last["nll"]
    sure = change.high is not None and change.high < 0
    shown = "lower than" if sure else "but not surely lower than"
    return f"{text}, {shown} that of {found.models[0].name} ({measurement(change)})."


def _nll(model: ComparedModel) -> float:
    value = model.metrics.last["nll"].value
    return float("inf") if value is None else value
