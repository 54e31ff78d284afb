"""The Report: plain data, the only input of every renderer and every plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from calibrate.bins import BinTable

T = TypeVar("T")


@dataclass(frozen=True)
class Measurement:
    """A figure with its 95 % interval; None where undefined or not estimated."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Check:
    """A limit set on a metric, and whether it held."""

    metric: str
    limit: float
    value: float
    passed: bool


@dataclass(frozen=True)
class Sides(Generic[T]):
    """The same thing before calibration and after it (None where there is no calibrator)."""

    before: T
    after: T | None


@dataclass(frozen=True)
class Reliability:
    """Confidence against accuracy per bin; empty bins have weight 0 and None."""

    edges: tuple[float, ...]
    weight: tuple[float, ...]
    confidence: tuple[float | None, ...]
    accuracy: tuple[float | None, ...]

    @staticmethod
    def of(table: BinTable) -> Reliability:
        def means(sums: list[float]) -> tuple[float | None, ...]:
            return tuple(s / w if w > 0 else None for s, w in zip(sums, weight, strict=True))

        weight = table.weight.tolist()
        return Reliability(
            tuple(table.edges.tolist()),
            tuple(weight),
            means(table.confidence_sum.tolist()),
            means(table.correct_sum.tolist()),
        )


@dataclass(frozen=True)
class Data:
    """Which rows were measured; ``in_sample``: the calibrator was fitted on these very rows."""

    logits: str
    labels: str
    rows: int
    classes: int
    in_sample: bool


@dataclass(frozen=True)
class Fitted:
    """The calibrator behind ``after``.

    Attributes:
        method: its name.
        parameters: its fitted values.
        intervals: the 95 % interval of each parameter, where known.
        converged: whether its fit reached the optimum; None where unknown.
        evaluations: passes over the data that its fit took; None where unknown.
        folds: the cross-fitted parameters behind ``after``, one per fold; empty where one
            calibrator was used for all rows.
    """

    method: str
    parameters: dict[str, float]
    intervals: dict[str, tuple[float, float] | None]
    converged: bool | None = None
    evaluations: int | None = None
    folds: tuple[dict[str, float], ...] = ()


@dataclass(frozen=True)
class Report:
    """Everything that was measured on one set of rows."""

    data: Data
    calibrator: Fitted | None
    metrics: Sides[dict[str, Measurement]]
    reliability: Sides[Reliability]
    checks: tuple[Check, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def temperature(self) -> float | None:
        """The fitted temperature, where the calibrator is one."""
        return self.calibrator.parameters.get("temperature") if self.calibrator else None
