"""A metric is a registered function; adding one is adding one decorated function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Over(Enum):
    """What the function of a metric takes."""

    ROWS = "rows"  # Predictions -> (n,) values, of which the weighted mean is the figure
    BINS = "bins"  # BinTable of equal-width bins -> figure
    YES_BINS = "bins of P(yes)"  # the same of the probability of yes -> figure
    MASS_BINS = "equal-mass bins"  # BinTable of 15 equal-mass bins -> figure
    ORDERED = "ordered"  # Levels -> figure
    CLASSES = "classes"  # one-vs-rest ECE of every class, (..., K) -> figure


class Interval(Enum):
    """Where the 95 % interval of a metric comes from."""

    NORMAL = "normal"  # the standard error of a mean over rows
    SHARE = "share"  # the score interval of a mean over rows that is a share of them
    ECE = "ece"  # a sum of absolute gaps, its bias bounded
    BOOTSTRAP = "bootstrap"
    NONE = "none"  # none is known that holds the truth 95 times in 100


@dataclass(frozen=True)
class Metric:
    """A named figure.

    Attributes:
        name: as it stands in reports.
        function: takes what ``over`` says; works along the last axis, so that leading axes can
            hold bootstrap samples; NaN where the figure is undefined.
        over: what it is computed from.
        interval: where its interval comes from.
        lower_is_better: True, False, or None where neither end is good.
        bounds: the smallest and largest value it can take.
        headline: whether it belongs to the few that everybody looks at first.
        measures_error: whether it is 0 for calibrated confidences, in the long run.
        without: of what there is no interval, the ``"value"`` or the ``"change"``, as it held the
            truth less than 93 times in 100 in simulations, or was not simulated.
        only_for: the rows that it is measured on, in words, if not on all.
        cross_fits: whether it needs a temperature that is cross-fitted on the rows.
        reference: the paper that defines it.
    """

    name: str
    function: Callable[..., Any]
    over: Over
    interval: Interval
    lower_is_better: bool | None
    bounds: tuple[float, float] = (0.0, 1.0)
    headline: bool = False
    measures_error: bool = False
    without: tuple[str, ...] = ()
    only_for: str = ""
    cross_fits: bool = False
    reference: str = ""

    @property
    def quick(self) -> bool:
        """Whether it is measured also where not everything is (``Settings(full=False)``)."""
        of_tables = self.over in (Over.BINS, Over.YES_BINS)
        return of_tables or (self.over is Over.ROWS and not self.cross_fits)


METRICS: dict[str, Metric] = {}


def metric(
    over: Over, interval: Interval, *, lower_is_better: bool | None, **more: Any
) -> Callable[[F], F]:
    """Register a function as the metric of its name; the arguments are the fields of ``Metric``."""

    def register(function: F) -> F:
        name = function.__name__
        METRICS[name] = Metric(name, function, over, interval, lower_is_better, **more)
        return function

    return register


def metrics_of(interval: Interval) -> dict[str, Metric]:
    """The registered metrics whose intervals come from one place, by name."""
    return {name: each for name, each in METRICS.items() if each.interval is interval}


def headline() -> tuple[str, ...]:
    """The names of the few that everybody looks at first."""
    return tuple(name for name, each in METRICS.items() if each.headline)
