"""A figure with its interval, and the same thing before and after calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from calibrate.text import listed

T = TypeVar("T")


@dataclass(frozen=True)
class Measurement:
    """A figure with its 95 % interval.

    Attributes:
        value: None where it is undefined.
        low, high: None where the interval was not estimated, as of few errors, or where none is
            known that holds the truth 93 times in 100, as of ``mce`` and ``classwise_ece``.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    def stretched(self, factor: float) -> Measurement:
        """The same with an interval that reaches so many times as far to both sides."""
        if self.value is None or self.low is None or self.high is None:
            return self
        return Measurement(
            self.value,
            self.value - factor * (self.value - self.low),
            self.value + factor * (self.high - self.value),
        )


Metrics = dict[str, Measurement]


@dataclass(frozen=True)
class Sides(Generic[T]):
    """The same thing before calibration and after it (None where there is no calibrator)."""

    before: T
    after: T | None

    @property
    def last(self) -> T:
        """After calibration, where there is an after."""
        return self.before if self.after is None else self.after


def sides_of(found: Sequence[T]) -> Sides[T]:
    """One thing, or one for each side."""
    return Sides(found[0], found[1] if len(found) == 2 else None)


@dataclass(frozen=True, repr=False)
class Figures(Sides[Metrics]):
    """The metrics by name; ``change`` is after - before on the same rows, a paired comparison."""

    change: Metrics | None

    def __repr__(self) -> str:
        sides = "before" if self.after is None else "before, after and change"
        return f"Figures({sides} of {listed(self.before)})"

    def only(self, names: Sequence[str]) -> Figures:
        """Some of the metrics."""
        before, after, change = (
            None if side is None else {name: side[name] for name in names if name in side}
            for side in (self.before, self.after, self.change)
        )
        return Figures(before or {}, after, change)

    def only_before(self, name: str) -> Figures:
        """The same, without one of the metrics after calibration and in the change."""

        def without(side: Metrics | None) -> Metrics | None:
            return None if side is None else {n: m for n, m in side.items() if n != name}

        return Figures(self.before, without(self.after), without(self.change))
