"""Every metric as a plain function of arrays, equal to the last bit to what ``evaluate`` says."""

from __future__ import annotations

from dataclasses import replace
from inspect import cleandoc
from types import FunctionType
from typing import TYPE_CHECKING, Protocol, TypeVar

from calibrate.analyses.evaluate import AS_THEY_ARE, totals_of
from calibrate.arrays import Values
from calibrate.blocks.bins import DEFAULT_BINS
from calibrate.calibrators.cross_fit import FOLDS, cross_fit
from calibrate.calibrators.methods.temperature import METHOD
from calibrate.data.dataset import Dataset
from calibrate.data.reading import Reading, ReadingOptions, reading_of
from calibrate.errors import InputError
from calibrate.metrics.measure import measure
from calibrate.metrics.registry import METRICS
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
ONLY_FOR = {
    "top_5_accuracy": "more than 5 classes",
    "positive_ece": "binary and multi-label scores",
    "classwise_ece": "multiclass scores",
    "nll_calibration": f"rows that T can be fitted to, also without any of {FOLDS} folds",
}


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


def _plain(name: str) -> PlainMetric:
    """A metric that knows no equal-width bins."""

    def metric(
        probabilities: Values,
        labels: Values,
        *,
        weights: Values | None = None,
        **reading: Unpack[ReadingOptions],
    ) -> float:
        how = reading_of(metric, reading)
        return _measured(name, _rows(probabilities, labels, weights, how), DEFAULT_BINS)

    return _told(metric, name, ARGUMENTS + READING)


def _binned(name: str) -> BinnedMetric:
    """A metric that sorts into equal-width bins."""

    def metric(
        probabilities: Values,
        labels: Values,
        *,
        weights: Values | None = None,
        n_bins: int = DEFAULT_BINS,
        **reading: Unpack[ReadingOptions],
    ) -> float:
        how = reading_of(metric, reading)
        return _measured(name, _rows(probabilities, labels, weights, how), n_bins)

    return _told(metric, name, ARGUMENTS + BINS + READING)


F = TypeVar("F")


def _told(function: F, name: str, more: str) -> F:
    """The function with the name of its metric, and the formula in its docstring."""
    if isinstance(function, FunctionType):
        function.__name__ = function.__qualname__ = name
        reference = METRICS[name].reference
        said = f"\n\nReference: {reference}" if reference else ""
        function.__doc__ = cleandoc(METRICS[name].function.__doc__ or "") + more + said
    return function


def _rows(probabilities: Values, labels: Values, weights: Values | None, how: Reading) -> Dataset:
    how = how if how.scores else replace(how, scores="probabilities")
    return Dataset.of(probabilities, labels, weights=weights, reading=how)


def _measured(name: str, dataset: Dataset, n_bins: int) -> float:
    """The value of one metric; that of ``evaluate``, whose steps these are."""
    settings = Settings(n_bins=n_bins, full=not METRICS[name].quick, bootstrap=0)
    best = None
    if name == "nll_calibration" and dataset.n_units >= 2 * FOLDS:
        crossed = cross_fit(dataset, METHOD, FOLDS, settings.seed)
        dataset, best = crossed.dataset, crossed.calibrator if crossed.converged else None
    figures, _ = measure(totals_of(dataset, (AS_THEY_ARE,), best, settings), settings)
    found = figures.before.get(name)
    rows = f"{dataset.n_examples:,} x {dataset.layout.n_columns:,}, {dataset.task}"
    if found is None:
        raise InputError(f"{name}: is measured on {ONLY_FOR[name]}, found {rows}")
    if found.value is None:
        raise InputError(f"{name}: is undefined on these rows ({rows})")
    return found.value


accuracy = _plain("accuracy")
top_5_accuracy = _plain("top_5_accuracy")
mean_confidence = _plain("mean_confidence")
overconfidence = _plain("overconfidence")
nll = _plain("nll")
nll_calibration = _plain("nll_calibration")
brier = _plain("brier")
brier_calibration = _plain("brier_calibration")
brier_refinement = _plain("brier_refinement")
ece = _binned("ece")
ece_equal_mass = _plain("ece_equal_mass")
classwise_ece = _binned("classwise_ece")
positive_ece = _binned("positive_ece")
mce = _binned("mce")
rmsce = _binned("rmsce")
rmsce_debiased = _plain("rmsce_debiased")
smooth_ece = _plain("smooth_ece")
ks = _plain("ks")
auroc = _plain("auroc")
aurc = _plain("aurc")
augrc = _plain("augrc")
