"""Every metric as a plain function of arrays, equal to the last bit to what ``evaluate`` says."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from inspect import cleandoc
from typing import TYPE_CHECKING, Protocol

from calibrate.analyses.evaluate import AS_THEY_ARE, totals_of
from calibrate.arrays import Values
from calibrate.blocks.bins import DEFAULT_BINS
from calibrate.calibrators.cross_fit import FOLDS, cross_fit
from calibrate.calibrators.methods.temperature import METHOD
from calibrate.data.dataset import Dataset
from calibrate.data.reading import Reading, ReadingOptions, reading_of
from calibrate.errors import InputError
from calibrate.metrics.measure import measure
from calibrate.metrics.registry import METRICS, Metric, Over
from calibrate.metrics.settings import Settings

if TYPE_CHECKING:
    from typing_extensions import Unpack


ARGUMENTS = """

Args:
    probabilities: ``(n, K)`` of K classes, or ``(n,)`` of yes; or what ``scores`` says.
    labels: ``(n,)`` class indices, or shares of classes ``(n, K)``; of yes-no decisions 0 and 1.
    weights: ``(n,)`` non-negative row weights; None: all alike."""
BINS = """
    n_bins: equal-width bins of [0, 1]."""
READING = """
    scores: ``"probabilities"`` (where nothing is said), ``"logits"`` or ``"log-probabilities"``.
    **reading: ``task``, ``label_offset`` and ``ignore_label``, as in ``calibrate.Reading``.

Raises:
    InputError: the arrays cannot be used, or the figure is undefined on them; a ``ValueError``."""


class PlainMetric(Protocol):
    """A metric as a function of probabilities and labels; ``help`` on it says the formula.

    ``probabilities`` are ``(n, K)``, or ``(n,)`` of yes, or what ``scores`` says; ``labels`` are
    ``(n,)`` class indices, or shares of classes. Raises ``InputError``, a ``ValueError``, where the
    arrays cannot be used or the figure is undefined on them.
    """

    def __call__(
        self,
        probabilities: Values,
        labels: Values,
        *,
        weights: Values | None = None,
        **reading: Unpack[ReadingOptions],
    ) -> float: ...


class BinnedMetric(Protocol):
    """The same of a metric over ``n_bins`` equal-width bins."""

    def __call__(
        self,
        probabilities: Values,
        labels: Values,
        *,
        weights: Values | None = None,
        n_bins: int = DEFAULT_BINS,
        **reading: Unpack[ReadingOptions],
    ) -> float: ...


@cache
def plain(name: str) -> PlainMetric | BinnedMetric:
    """The metric of that name as a plain function."""
    metric = METRICS[name]
    binned = metric.over in (Over.BINS, Over.YES_BINS, Over.CLASSES)

    def over_bins(
        probabilities: Values,
        labels: Values,
        *,
        weights: Values | None = None,
        n_bins: int = DEFAULT_BINS,
        **reading: Unpack[ReadingOptions],
    ) -> float:
        how = reading_of(function, reading)
        return _measured(metric, _rows(probabilities, labels, weights, how), n_bins)

    def over_rows(
        probabilities: Values,
        labels: Values,
        *,
        weights: Values | None = None,
        **reading: Unpack[ReadingOptions],
    ) -> float:
        how = reading_of(function, reading)
        return _measured(metric, _rows(probabilities, labels, weights, how), DEFAULT_BINS)

    function = over_bins if binned else over_rows
    function.__name__ = function.__qualname__ = name
    reference = f"\n\nReference: {metric.reference}" if metric.reference else ""
    arguments = ARGUMENTS + (BINS if binned else "") + READING
    function.__doc__ = cleandoc(metric.function.__doc__ or "") + arguments + reference
    return function


def _rows(probabilities: Values, labels: Values, weights: Values | None, how: Reading) -> Dataset:
    how = how if how.scores else replace(how, scores="probabilities")
    return Dataset.of(probabilities, labels, weights=weights, reading=how)


def _measured(metric: Metric, dataset: Dataset, n_bins: int) -> float:
    """The value of one metric; that of ``evaluate``, whose steps these are."""
    name, best = metric.name, None
    settings = Settings(n_bins=n_bins, full=not metric.quick, bootstrap=0)
    if metric.cross_fits and dataset.n_units >= 2 * FOLDS:
        crossed = cross_fit(dataset, METHOD, FOLDS, settings.seed)
        dataset, best = crossed.dataset, crossed.calibrator if crossed.converged else None
    figures, _ = measure(totals_of(dataset, (AS_THEY_ARE,), best, settings), settings)
    found = figures.before.get(name)
    rows = f"{dataset.n_examples:,} x {dataset.layout.n_columns:,}, {dataset.task}"
    if found is None:
        raise InputError(f"{name}: is measured on {metric.only_for}, found {rows}")
    if found.value is None:
        raise InputError(f"{name}: is undefined on these rows ({rows})")
    return found.value
