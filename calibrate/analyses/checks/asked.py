"""What a report is asked to keep to."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from calibrate.errors import InputError, check_known
from calibrate.metrics import METRICS, Interval
from calibrate.results.limit import Limit

PERCENT = 100.0


@dataclass(frozen=True)
class Drift:
    """When a temperature has drifted away.

    Attributes:
        alpha: the score test must reject with a p-value below this.
        size: and the rows want a T that is at least this share away from the one in use.

    Raises:
        InputError: one of them is out of range.
    """

    alpha: float = 0.01
    size: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise InputError(f"`alpha`: expected a number between 0 and 1, got {self.alpha}")
        if not 0 <= self.size < inf:
            raise InputError(
                f"`drift_size`: expected a share of T from 0 up, as in 0.05, got {self.size}"
            )


@dataclass(frozen=True)
class Asked:
    """What is checked beside that the fit converged and that scores and labels belong together.

    Attributes:
        limits: on figures.
        confident: whether a limit fails only where the whole interval is beyond it.
        drift: whether the temperature has drifted; None: that is not asked.

    Raises:
        InputError: a limit is on a figure that nobody knows, or can never be kept or exceeded.
    """

    limits: tuple[Limit, ...] = ()
    confident: bool = False
    drift: Drift | None = None

    def __post_init__(self) -> None:
        for limit in self.limits:
            check_known(f"`{limit.bound}`", [limit.metric], METRICS)
            _check_range(limit)

    @property
    def resampled(self) -> bool:
        """Whether a limit is on a figure whose interval is drawn, which takes its time."""
        return any(METRICS[each.metric].interval is Interval.BOOTSTRAP for each in self.limits)


def _check_range(limit: Limit) -> None:
    """Raise InputError for a limit outside of what its figure can be: a gate without effect."""
    low, high = METRICS[limit.metric].bounds
    if limit.side == "change":
        low, high = low - high, high - low
    if low <= limit.value <= high:
        return
    share = limit.value / PERCENT
    hint = f"; did you mean {share:g}?" if high == 1 and 1 < limit.value <= PERCENT else ""
    reach = f"from {low:g} to {high:g}" if high < inf else f"{low:g} or more"
    raise InputError(
        f"`{limit.bound}` {limit.name}: {reach} is possible, got {limit.value:g}{hint}"
    )
