"""From what a pass has added up to the measurements: before, after and change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from calibrate.metrics.bootstrap import resampled
from calibrate.metrics.evidence import Evidence
from calibrate.metrics.gaps import gap_measurements
from calibrate.metrics.means import means
from calibrate.metrics.registry import METRICS, Interval, Over, metrics_of
from calibrate.metrics.settings import Settings
from calibrate.metrics.totals import Totals, mass_edges
from calibrate.results.measurement import Figures, Measurement, Metrics
from calibrate.results.report import Rough


def measure(totals: Totals, settings: Settings) -> tuple[Figures, tuple[str, ...]]:
    """All measurements in the order of the registry, and what to say about missing ones."""
    parts = [means(totals), _values(totals, settings), _sums_of_gaps(totals, settings)]
    if settings.full:
        parts.append(resampled(totals, settings))
    sides: list[Metrics] = [{}, {}, {}]  # before, after, change; shorter where there is no after
    for part in parts:
        for side, metrics in zip(sides, part, strict=False):
            side |= metrics
    before, after, change = (
        {
            name: Measurement(side[name].value) if what in metric.without else side[name]
            for name, metric in METRICS.items()
            if name in side
        }
        for side, what in zip(sides, ("value", "value", "change"), strict=True)
    )
    missing = sorted({n for side in (before, after) for n, m in side.items() if m.value is None})
    notes = tuple(f"{name} is undefined on these rows" for name in missing)
    evidence = Evidence.from_totals(totals)
    figures = evidence.limited(Figures(before, after or None, change or None))
    return figures, (*evidence.words(totals), *notes)


def _values(totals: Totals, settings: Settings) -> list[Metrics]:
    """The figures without an interval, and those from bins for where no bootstrap is asked for."""
    sides: list[dict[str, float]] = []
    for side, table in enumerate(totals.tables):
        of: dict[Over, Any] = {Over.BINS: table}
        if totals.classes and not totals.yes_no:
            of[Over.CLASSES] = totals.classes[side].eces()
        if settings.full:
            ordered = totals.kept.ordered[side]
            of[Over.MASS_BINS] = ordered.binned(mass_edges(ordered))
        sides.append(
            {
                name: float(metric.function(of[metric.over]))
                for name, metric in METRICS.items()
                if metric.over in of
                and (metric.over is Over.BINS or metric.interval is Interval.NONE)
            }
        )
    if len(sides) == 2:
        sides.append({name: sides[1][name] - value for name, value in sides[0].items()})
    return [{name: Measurement(value) for name, value in side.items()} for side in sides]


def _sums_of_gaps(totals: Totals, settings: Settings) -> list[Metrics]:
    tables = {Over.BINS: totals.gaps, Over.YES_BINS: totals.yes_gaps}
    if settings.full:
        kept = totals.kept
        tables[Over.MASS_BINS] = tuple(
            kept.gaps(side, mass_edges(each)) for side, each in enumerate(kept.ordered)
        )
    drawn = 1.0 if totals.hard else 1 / settings.votes if settings.votes else 0.0
    found: list[Metrics] = [{}, {}, {}]
    for name, metric in metrics_of(Interval.ECE).items():
        of_sides = tables.get(metric.over, ())
        measured = gap_measurements(of_sides, drawn=drawn) if of_sides else []
        for i, measurement in enumerate(measured):
            found[i][name] = measurement
    return found


def reach_zero(figures: Figures, p_values: Sequence[float | None]) -> Figures:
    """Let the intervals of errors reach 0 on sides whose rows may well be calibrated.

    Calibrated confidences have an error of 0, at the very end of its range, where a bootstrap
    cannot look. There the consistency test decides: not rejected at 5 %, 0 is in the interval.
    """
    sides = [figures.before, figures.after]
    for i, (side, p) in enumerate(zip(sides, p_values, strict=False)):
        if side is not None and p is not None and p >= 0.05:
            sides[i] = {
                name: replace(m, low=0.0) if METRICS[name].measures_error and m.low else m
                for name, m in side.items()
            }
    return Figures(sides[0] or {}, sides[1], figures.change)


def rough_of(figures: Figures, totals: Totals, chosen: Sequence[str] = ()) -> Rough:
    """The figures whose printed interval is a rough one.

    ``chosen`` are the parameters that these rows chose, whose intervals are then some of them.
    """
    evidence = Evidence.from_totals(totals)
    found = evidence.rough(figures)
    return found if evidence.ample else replace(found, value=(*chosen, *found.value))
