"""The figures of a comparison, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from calibrate.results.comparison import Comparison, Spread
from calibrate.results.measurement import Measurement, Sides


@dataclass(frozen=True)
class Entry:
    """A figure.

    Attributes:
        model: whose.
        run: which of several runs, from 1; None for the only one, and over runs.
        runs: over how many runs; None of a single run.
        minus: the model (or its run) that was taken off; None for the figure itself.
        side: ``before``, without the temperature, or ``after``, with it.
        metric: its name.
        figure: its value with the interval.
        rough: whether that interval is a rough one.
    """

    model: str
    run: int | None
    runs: int | None
    minus: str | None
    side: str
    metric: str
    figure: Measurement
    rough: bool = False

    @property
    def sd(self) -> float | None:
        """The standard deviation over runs."""
        return self.figure.sd if isinstance(self.figure, Spread) else None


def entries(found: Comparison) -> Iterator[Entry]:
    """All figures and differences of each run, and those over runs."""
    seen: dict[str, int] = {}
    for model in found.models:
        name, run = model.run_of or model.name, None
        if model.run_of is not None:
            run = seen[name] = seen.get(name, 0) + 1
        kinds = (
            (None, model.metrics, model.rough_intervals.value),
            (found.models[0].name, model.against_first, model.rough_intervals.change),
        )
        for minus, sides, rough in kinds:
            for side, metric, figure in _figures(sides):
                marked = metric in rough and figure.low is not None
                yield Entry(name, run, None, minus, side, metric, figure, marked)
    if found.over_runs is None:
        return
    first = found.over_runs.models[0].name
    for each in found.over_runs.models:
        for minus, of_runs in ((None, each.metrics), (first, each.against_first)):
            for side, metric, figure in _figures(of_runs):
                yield Entry(each.name, None, each.runs, minus, side, metric, figure)


def _figures(
    sides: Sides[dict[str, Measurement]] | Sides[dict[str, Spread]] | None,
) -> Iterator[tuple[str, str, Measurement]]:
    """The side, the name and the figure."""
    both: dict[str, Mapping[str, Measurement] | None] = {}
    if sides is not None:
        both = {"before": sides.before, "after": sides.after}
    for side, metrics in both.items():
        for name, figure in (metrics or {}).items():
            yield side, name, figure
