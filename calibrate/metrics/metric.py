"""A metric is a registered function; adding one is adding one decorated function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from calibrate.bins import BinTable
from calibrate.softmax import Float64, Outcomes

RowFunction = Callable[[Outcomes], Float64]
BinFunction = Callable[[BinTable], float]


@dataclass(frozen=True)
class Metric:
    """A named figure.

    Attributes:
        name: as it stands in reports.
        function: over the outcomes of rows, giving ``(n,)`` values of which the weighted mean
            is the figure; or over a bin table, giving the figure.
        lower_is_better: True, False, or None where neither end is good.
        reference: the paper that defines it.
    """

    name: str
    function: RowFunction | BinFunction
    lower_is_better: bool | None
    reference: str = ""


ROW_METRICS: dict[str, RowFunction] = {}
BIN_METRICS: dict[str, BinFunction] = {}
METRICS: dict[str, Metric] = {}


def row_metric(
    *, lower_is_better: bool | None, reference: str = ""
) -> Callable[[RowFunction], RowFunction]:
    """Register a mean over rows under the name of the function."""

    def register(function: RowFunction) -> RowFunction:
        name = function.__name__
        ROW_METRICS[name] = function
        METRICS[name] = Metric(name, function, lower_is_better, reference)
        return function

    return register


def bin_metric(
    *, lower_is_better: bool | None, reference: str = ""
) -> Callable[[BinFunction], BinFunction]:
    """Register a figure computed from a bin table under the name of the function."""

    def register(function: BinFunction) -> BinFunction:
        name = function.__name__
        BIN_METRICS[name] = function
        METRICS[name] = Metric(name, function, lower_is_better, reference)
        return function

    return register
