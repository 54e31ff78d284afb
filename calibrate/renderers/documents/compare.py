"""The document of a Comparison."""

from __future__ import annotations

from collections.abc import Sequence

from calibrate.renderers.parts import (
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
from calibrate.renderers.words import ROUGH, measurement, noun_of, number
from calibrate.results.comparison import (
    Comparison,
    OverRuns,
    Pair,
    Spread,
    best_of,
    not_told_from,
)
from calibrate.results.measurement import Metrics


@document.register
def _(found: Comparison, shown: Shown = EVERYTHING) -> tuple[Part, ...]:
    if shown.all:
        return _of_page(found, shown)
    runs, noun = found.over_runs, noun_of(found)
    return (
        Heading(_headline(found)),
        Lines.of(Line(f"{noun} {found.fitted_on}", quiet=True)),
        *(_tables(found, shown) if runs is None else _tables_over_runs(runs, shown, noun)),
        *_pairs(found.pairs if runs is None else runs.pairs, noun),
        Lines.of(best_in_words(found) if runs is None else best_over_runs(runs, noun)),
        *warned(found.warnings),
    )


def _of_page(found: Comparison, shown: Shown) -> tuple[Part, ...]:
    """What the reader of a page looks for first, first."""
    runs, noun = found.over_runs, noun_of(found)
    best = best_in_words(found) if runs is None else best_over_runs(runs, noun)
    figures, *more = _tables(found, shown) if runs is None else _tables_over_runs(runs, shown, noun)
    more += _pairs(found.pairs if runs is None else runs.pairs, noun)
    rest: tuple[Part, ...] = (Heading("Differences", level=2), *more) if more else ()
    return (
        Heading(best.removesuffix(".")),
        Lines.of(_headline(found), Line(f"{noun} {found.fitted_on}", quiet=True)),
        figures,
        *rest,
        *warned(found.warnings),
    )


def _headline(found: Comparison) -> str:
    data = found.data
    size = f"{data.rows:,} rows, {data.classes:,} {data.task.noun}"
    many = f"{len(found.models)} models"
    if found.over_runs is not None:
        many = f"{len(found.over_runs.models)} models in {len(found.models)} runs"
    return f"{many} on {data.labels}: {size}"


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
        rough = model.rough_intervals
        rows.append([model.name, *cells(model.metrics.before, rough.value)])
        rows.append(
            [f"{model.name}, {model.calibrator.symbol}", *cells(model.metrics.last, rough.value)]
        )
        if model.against_first is not None:
            changes.append([model.name, *cells(model.against_first.before, rough.change)])
            changes.append(
                [
                    f"{model.name}, with {model.calibrator.noun}",
                    *cells(model.against_first.last, rough.change),
                ]
            )
    marked = any(cell.endswith("~") for row in (*rows, *changes) for cell in row)
    tables = [Table.of("model", columns, rows, ROUGH if marked else "")]
    if changes:
        note = "intervals of a column hold together for all models" if len(found.models) > 2 else ""
        tables.append(Table.of(f"minus {found.models[0].name}", columns, changes, note))
    return tables


DEVIATION = "mean ± standard deviation over runs, on the same rows; {} is fitted to each run"
OVER_RUNS = (
    "95 % intervals of other runs on these rows, not of other rows, that hold together for a "
    "column; none of a model with one run"
)


def _tables_over_runs(found: OverRuns, shown: Shown, noun: str) -> list[Table]:
    """The means over runs and how they spread, and their differences from the first model."""
    measured = found.models[0].metrics.before
    columns = [name for name in shown.metrics or measured if name in measured]
    rows, changes = [], []
    for model in found.models:
        count = f"{model.runs} run" + "s" * (model.runs > 1)
        sides = ((model.metrics.before, ""), (model.metrics.last, f", with {noun}"))
        rows += [
            [f"{model.name}{what}", count, *(_spread(side[name]) for name in columns)]
            for side, what in sides
        ]
        if model.against_first is not None:
            against = (
                (model.against_first.before, ""),
                (model.against_first.last, f", with {noun}"),
            )
            changes += [
                [f"{model.name}{what}", *(measurement(side[name]) for name in columns)]
                for side, what in against
            ]
    tables = [Table.of("model", ["runs", *columns], rows, DEVIATION.format(noun))]
    if changes:
        tables.append(Table.of(f"minus {found.models[0].name}", columns, changes, OVER_RUNS))
    return tables


def _spread(figure: Spread) -> str:
    return number(figure.value) + ("" if figure.sd is None else f" ± {number(figure.sd)}")


def _apart(pair: Pair) -> str:
    return "–" if pair.nll.low is None else "yes" if pair.apart else "no"


MOST_PAIRS = 15  # printed; JSON holds all


def _pairs(pairs: tuple[Pair, ...], noun: str) -> tuple[Table, ...]:
    """Each two models, where there are more than the table against the first can tell."""
    if not 1 < len(pairs) <= MOST_PAIRS:
        return ()
    rows = [
        [f"{pair.second} - {pair.first}", measurement(pair.nll), _apart(pair)] for pair in pairs
    ]
    note = "intervals that hold together for all pairs"
    return (Table.of(f"nll with {noun}", ["difference", "told apart"], rows, note),)


def best_in_words(found: Comparison) -> str:
    """Which calibrated model has the least NLL, and which others are not told from it."""
    best = found.best
    text = f"Least nll with {noun_of(found)}: {best.name} ({measurement(best.metrics.last['nll'])})"
    others = [model.name for model in found.models if model is not best]
    return text + _told(others, found.not_worse, "these rows", "beyond chance")


def best_over_runs(found: OverRuns, noun: str) -> str:
    """The same over runs."""
    best = best_of(found.models)
    text = f"Least nll with {noun}: {best.name} ({_spread(best.metrics.last['nll'])})"
    others = [model.name for model in found.models if model is not best]
    alike = not_told_from(best.name, found.pairs)
    return text + _told(others, alike, "these runs", "beyond what runs differ by")


def _told(others: Sequence[str], alike: Sequence[str], by: str, how: str) -> str:
    """The end of a sentence on the best: from which of the others it is told."""
    if not others:
        return "."
    named = ", ".join(name for name in others if name in alike)
    if not named:
        return f", told from {'all others' if len(others) > 1 else others[0]} {how}."
    if set(others) <= set(alike):
        return f", but {by} do not tell it from {named}."
    return f", but {by} do not tell it from {named}; the others are higher."
