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
from calibrate.renderers.words import ROUGH, measurement, short
from calibrate.results.comparison import Comparison
from calibrate.results.measurement import Metrics


@document.register
def _(found: Comparison, shown: Shown = EVERYTHING) -> tuple[Part, ...]:
    return (
        Heading(_headline(found)),
        Lines.of(Line(f"T {found.fitted_on}", quiet=True)),
        *_tables(found, shown),
        *_pairs(found),
        Lines.of(best_in_words(found)),
        *warned(found.warnings),
    )


def _headline(found: Comparison) -> str:
    data = found.data
    size = f"{data.rows:,} rows, {data.classes:,} {data.task.noun}"
    return f"{len(found.models)} models on {data.labels}: {size}"


def _tables(found: Comparison, shown: Shown) -> list[Table]:
    """The figures, and their differences from the first model."""
    measured = found.models[0].metrics.before
    columns = [name for name in shown.metrics or measured if name in measured]

    def cells(metrics: Metrics, rough: tuple[str, ...]) -> list[str]:
        return [
            measurement(metrics[name])
            + ("~" if name in rough and metrics[name].low is not None else "")
            for name in columns
        ]

    rows, changes = [], []
    for model in found.models:
        t, rough = short(model.calibrator.temperature or 1.0), model.rough_intervals
        rows.append([model.name, *cells(model.metrics.before, rough.value)])
        rows.append([f"{model.name}, T = {t}", *cells(model.metrics.last, rough.value)])
        if model.against_first is not None:
            changes.append([model.name, *cells(model.against_first.before, rough.change)])
            changes.append(
                [f"{model.name}, with T", *cells(model.against_first.last, rough.change)]
            )
    marked = any(cell.endswith("~") for row in (*rows, *changes) for cell in row)
    tables = [Table.of("model", columns, rows, ROUGH if marked else "")]
    if changes:
        note = "intervals of a column hold together for all models" if len(found.models) > 2 else ""
        tables.append(Table.of(f"minus {found.models[0].name}", columns, changes, note))
    return tables


MOST_PAIRS = 15  # printed; JSON holds all


def _pairs(found: Comparison) -> tuple[Table, ...]:
    """Each two models, where there are more than the table against the first can tell."""
    if len(found.models) < 3 or len(found.pairs) > MOST_PAIRS:
        return ()
    rows = [
        [f"{pair.second} - {pair.first}", measurement(pair.nll), "yes" if pair.apart else "no"]
        for pair in found.pairs
    ]
    note = "intervals that hold together for all pairs"
    return (Table.of("nll with T", ["difference", "told apart"], rows, note),)


def best_in_words(found: Comparison) -> str:
    """Which model has the least NLL, with T, and which others these rows do not tell from it."""
    best = found.best
    text = f"Least nll with T: {best.name} ({measurement(best.metrics.last['nll'])})"
    others = [model.name for model in found.models if model is not best]
    if not others:
        return f"{text}."
    alike = [name for name in others if name in found.not_worse]
    if not alike:
        whom = "all others" if len(others) > 1 else others[0]
        return f"{text}, told from {whom} beyond chance."
    named = ", ".join(alike)
    if len(alike) == len(others):
        return f"{text}, but these rows do not tell it from {named}."
    return f"{text}, but these rows do not tell it from {named}; the others are higher."
