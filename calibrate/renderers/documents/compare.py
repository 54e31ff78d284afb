"""The document of a Comparison."""

from __future__ import annotations

from calibrate.renderers.parts import (
    EVERYTHING,
    Cell,
    Heading,
    Line,
    Part,
    Shown,
    Table,
    Value,
    document,
    lines,
    rough_note,
    warned,
)
from calibrate.renderers.words import measurement, noun_of, number
from calibrate.results.comparison import Comparison, ModelRuns, Pair, Spread, best_of, not_told_from
from calibrate.results.measurement import Measurement, Metrics, Sides
from calibrate.results.report import Rough

DEVIATION = "mean ± standard deviation over runs, on the same rows; {} is fitted to each run"
OVER_RUNS = (
    "95 % intervals of other runs on these rows, not of other rows, that hold together for a "
    "column; none of a model with one run"
)
MOST_PAIRS = 15  # printed; JSON holds all


@document.register
def _(found: Comparison, shown: Shown = EVERYTHING) -> tuple[Part, ...]:
    if shown.exact:
        return (every_figure(found),)
    data, runs = found.data, found.over_runs
    many = f"{len(found.models)} models"
    if runs is not None:
        many = f"{len(runs.models)} models in {len(found.models)} runs"
    size = f"{data.rows:,} rows, {data.classes:,} {data.task.noun}"
    headline = f"{many} on {data.labels}: {size}"
    fitted_on, best = Line(f"{noun_of(found)} {found.fitted_on}", quiet=True), best_in_words(found)
    figures, *more = _tables(found, shown.metrics)
    more += _pairs(found.pairs if runs is None else runs.pairs, noun_of(found))
    warnings = warned(found.warnings)
    if not shown.all:
        about = lines(fitted_on)
        return (Heading(headline), *about, figures, *more, *lines(best), *warnings)
    about, title = lines(headline, fitted_on), Heading(best.removesuffix("."))
    if not more:
        return (title, *about, figures, *warnings)
    return (title, *about, figures, Heading("Differences", level=2), *more, *warnings)


def _tables(found: Comparison, wanted: tuple[str, ...] | None) -> list[Table]:
    """The figures, or their means over runs, and their differences from the first model."""
    runs = found.over_runs
    models = found.models if runs is None else runs.models
    columns = [
        name for name in wanted or models[0].metrics.before if name in models[0].metrics.before
    ]
    rows, changes = list[list[Value]](), list[list[Value]]()
    for model in models:
        if isinstance(model, ModelRuns):
            count, rough = [f"{model.runs} run{'s' * (model.runs > 1)}"], Rough()
            with_it = after = f"with {noun_of(found)}"
        else:
            count, rough, after = [], model.rough_intervals, model.calibrator.symbol
            with_it = f"with {model.calibrator.noun}"
        metrics: Sides[dict[str, Spread]] | Sides[Metrics] = model.metrics
        for title, side in ((model.name, metrics.before), (f"{model.name}, {after}", metrics.last)):
            rows.append([title, *count, *(_cell(side[n], n in rough.value) for n in columns)])
        if model.against_first is not None:
            against = model.against_first
            for title, side in (
                (model.name, against.before),
                (f"{model.name}, {with_it}", against.last),
            ):
                changes.append([title, *(Cell.of(side[n], n in rough.change) for n in columns)])
    minus = f"minus {models[0].name}"
    if runs is not None:
        tables = [Table.of("model", ["runs", *columns], rows, DEVIATION.format(noun_of(found)))]
        return [*tables, Table.of(minus, columns, changes, OVER_RUNS)] if changes else tables
    tables = [Table.of("model", columns, rows, rough_note([*rows, *changes]))]
    note = "intervals of a column hold together for all models" if len(models) > 2 else ""
    return [*tables, Table.of(minus, columns, changes, note)] if changes else tables


def _cell(figure: Measurement, rough: bool) -> Cell:
    return Cell.of(figure, rough) if not isinstance(figure, Spread) else Cell(_spread(figure))


def _spread(figure: Spread) -> str:
    return number(figure.value) + ("" if figure.sd is None else f" ± {number(figure.sd)}")


def _pairs(pairs: tuple[Pair, ...], noun: str) -> tuple[Table, ...]:
    """Each two models, where there are more than the table against the first can tell."""
    if not 1 < len(pairs) <= MOST_PAIRS:
        return ()
    rows = [
        [
            f"{pair.second} - {pair.first}",
            pair.nll,
            "–" if pair.nll.low is None else "yes" if pair.apart else "no",
        ]
        for pair in pairs
    ]
    note = "intervals that hold together for all pairs"
    return (Table.of(f"nll with {noun}", ["difference", "told apart"], rows, note),)


def best_in_words(found: Comparison) -> str:
    """Which calibrated model has the least NLL, and which others are not told from it."""
    if found.over_runs is None:
        names, best, alike = [m.name for m in found.models], found.best.name, found.not_worse
        value = measurement(found.best.metrics.last["nll"])
        by, how = "these rows", "beyond chance"
    else:
        runs = found.over_runs
        least = best_of(runs.models)
        names, best, alike = (
            [m.name for m in runs.models],
            least.name,
            not_told_from(least.name, runs.pairs),
        )
        value = _spread(least.metrics.last["nll"])
        by, how = "these runs", "beyond what runs differ by"
    text = f"Least nll with {noun_of(found)}: {best} ({value})"
    others = [name for name in names if name != best]
    if not others:
        return f"{text}."
    named = ", ".join(name for name in others if name in alike)
    if not named:
        return f"{text}, told from {'all others' if len(others) > 1 else others[0]} {how}."
    rest = "" if set(others) <= set(alike) else "; the others are higher"
    return f"{text}, but {by} do not tell it from {named}{rest}."


def every_figure(found: Comparison) -> Table:
    """A row per figure and difference, of each run and over runs, for other programs.

    ``run`` counts the runs of a model from 1; ``runs`` is over how many a mean is. ``minus`` is
    the model that was taken off; ``side`` is without the temperature (before) or with it (after).
    """
    rows: list[list[Value]] = []

    def add(
        key: tuple[str, str, str],
        minus: str,
        sides: Sides[Metrics] | Sides[dict[str, Spread]] | None,
        rough: tuple[str, ...] = (),
    ) -> None:
        both = {} if sides is None else {"before": sides.before, "after": sides.after}
        for side, metrics in both.items():
            for name, figure in (metrics or {}).items():
                sd = figure.sd if isinstance(figure, Spread) else None
                marked = "yes" if name in rough and figure.low is not None else ""
                about = (minus, side, name, figure, "" if sd is None else repr(sd), marked)
                rows.append([*key, *about])

    seen: dict[str, int] = {}
    for model in found.models:
        name = model.run_of or model.name
        seen[name] = seen.get(name, 0) + 1
        key = (name, "" if model.run_of is None else str(seen[name]), "")
        add(key, "", model.metrics, model.rough_intervals.value)
        add(key, found.models[0].name, model.against_first, model.rough_intervals.change)
    over_runs = found.over_runs.models if found.over_runs else ()
    for each in over_runs:
        key = (each.name, "", str(each.runs))
        add(key, "", each.metrics)
        add(key, over_runs[0].name, each.against_first)
    columns = ["run", "runs", "minus", "side", "metric", "value", "sd", "rough"]
    return Table.of("model", columns, rows, "")
