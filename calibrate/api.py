"""The library's verbs: what the commands call and what ``import calibrate`` gives.

How arrays are read can be said to each verb by the fields of ``Reading``: ``task``, ``scores``,
``label_offset``, ``ignore_label``, ``label_column``, ``class_names``. An array is one of numpy,
torch, JAX, pandas, polars or pyarrow, or a list: see ``data.foreign``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from calibrate.analyses import evaluate as evaluation
from calibrate.analyses.candidates import candidates_of
from calibrate.analyses.compare import compare_candidates, metrics_of_comparison
from calibrate.analyses.evaluate import group_figures, groups_of_dataset, top_label_totals
from calibrate.analyses.sweep import temperature_sweep
from calibrate.analyses.verdict import verdict_of
from calibrate.arrays import AnyArray, Index, Values
from calibrate.blocks.block import Smoothing
from calibrate.calibrators.cross_fit import FOLDS, cross_fit, weighing_units
from calibrate.calibrators.file import CalibratorFile, read_calibrator_file
from calibrate.calibrators.methods import per_label
from calibrate.calibrators.methods.per_label import PerLabelTemperature
from calibrate.calibrators.methods.temperature import METHOD, Temperature, fit_temperature
from calibrate.calibrators.protocol import Calibrator, Fit, fitted_of
from calibrate.data.column import Column, as_column
from calibrate.data.dataset import Dataset
from calibrate.data.foreign import as_array
from calibrate.data.groups import check_groups
from calibrate.data.known_rows import NOBODY, KnownRows
from calibrate.data.reading import ReadingOptions, reading_of
from calibrate.data.top_labels import TopLabels
from calibrate.errors import InputError
from calibrate.metrics.settings import Settings
from calibrate.metrics.totals import Totals
from calibrate.results.comparison import Comparison
from calibrate.results.report import Fitted, Report
from calibrate.tasks import Task
from calibrate.text import listed

if TYPE_CHECKING:
    from typing_extensions import Unpack

MASKED = 1e8  # scores this far down mask a class

Given = Calibrator | CalibratorFile | Fit[Any] | str | Path


def _dataset(
    verb: Callable[..., object],
    logits: Values | Column | Dataset,
    labels: Values | None,
    weights: Values | None,
    clusters: Values | None,
    options: ReadingOptions,
) -> Dataset:
    """Return the rows that a verb was given, as arrays or as a Dataset.

    Raises:
        TypeError: a keyword argument is none of the verb.
        InputError: the arrays cannot be used, or something was given that a Dataset has already.
    """
    reading = reading_of(verb, options)
    if isinstance(logits, Dataset):
        beside = {"labels": labels, "weights": weights, "clusters": clusters, **options}
        given = [name for name, value in beside.items() if value is not None]
        if given:
            raise InputError(_already_read(verb, given, options))
        return logits
    if isinstance(logits, (str, Path)):
        raise InputError(
            f"`logits`: expected an array or a Dataset, found {str(logits)!r}; open files with "
            "calibrate.open_dataset"
        )
    if labels is None:
        raise InputError("`labels`: expected one class index per row, got None")
    return Dataset.of(logits, labels, weights=weights, clusters=clusters, reading=reading)


def _already_read(
    verb: Callable[..., object], given: Sequence[str], options: ReadingOptions
) -> str:
    """Return the message about arguments that cannot stand beside a Dataset."""
    names = ", ".join(f"`{name}`" for name in given)
    how = ", ".join(f"{name}=..." for name in given if name in options)
    within = f", as `reading=Reading({how})`" if how else ""
    mistaken = "labels" in given and "calibrator" in signature(verb).parameters
    named = "; pass a calibrator by name: `calibrator=...`" if mistaken else ""
    return (
        f"{names}: cannot be set beside a Dataset, which has its own; set it where the Dataset is "
        f"made, in calibrate.open_dataset or Dataset.of{within}{named}"
    )


def fit(
    logits: Values | Dataset,
    labels: Values | None = None,
    *,
    weights: Values | None = None,
    clusters: Values | None = None,
    label_smoothing: float = 0.0,
    smoothing_over: str = "all",
    **reading: Unpack[ReadingOptions],
) -> Fit[Temperature]:
    """Fit the temperature that minimises the mean NLL of ``softmax(logits / T)``.

    Args:
        logits: ``(..., K)`` real numbers, ``(n,)`` of a binary model, or a ``Dataset``.
        labels: class indices, or shares of classes; of yes-no decisions 0 and 1 or shares.
        weights: ``(n,)`` non-negative row weights.
        clusters: ``(n,)`` numbers or text: rows of the same belong together, as the tokens of a
            text do; None: those at the same place of the first axis.
        label_smoothing: the share eps of smoothed labels, 0 up to 1: their NLL is minimised.
        smoothing_over: ``"all"`` classes or the ``"others"``; see ``Smoothing``.
        **reading: ``task``, ``scores``, ``label_offset`` and ``ignore_label``, as in ``Reading``.

    Returns:
        The fit: ``.calibrator``, ``.temperature``, ``.interval``, ``.converged``.

    Raises:
        InputError: the arrays cannot be used, or stand beside a ``Dataset``, which has its own.

    Reference: Guo et al. (2017), section 4.2.
    """
    smoothing = Smoothing(label_smoothing, smoothing_over)
    dataset = _dataset(fit, logits, labels, weights, clusters, reading)
    if label_smoothing:
        if not dataset.magnitude < MASKED and dataset.scores != "probabilities":
            raise InputError(
                f"{dataset.logits.name}: label smoothing gives every class a share, but some "
                "classes are masked (-inf)"
            )
        dataset = dataset.smoothed(smoothing)
    return fit_temperature(dataset)


def fit_per_label(
    logits: Values | Dataset,
    labels: Values | None = None,
    *,
    weights: Values | None = None,
    clusters: Values | None = None,
    names: Sequence[str] | None = None,
    **reading: Unpack[ReadingOptions],
) -> Fit[PerLabelTemperature]:
    """Fit a temperature for each label of a multi-label model.

    Args:
        logits: ``(n, L)`` real numbers, or a multi-label ``Dataset``.
        labels: ``(n, L)`` of 0 and 1, or shares between; NaN where nobody annotated.
        names: of the labels, for warnings.

    The other arguments are those of ``fit``.
    """
    if not isinstance(logits, Dataset):
        reading = {"task": Task.multilabel, **reading}
    return per_label.fit_per_label(
        _dataset(fit_per_label, logits, labels, weights, clusters, reading), names=names
    )


def evaluate(
    logits: Values | Dataset,
    labels: Values | None = None,
    calibrator: Given | None = None,
    *,
    weights: Values | None = None,
    clusters: Values | None = None,
    groups: Values | None = None,
    settings: Settings | None = None,
    **reading: Unpack[ReadingOptions],
) -> Report:
    """Measure the calibration of logits, as they are and through a calibrator.

    Args:
        calibrator: a calibrator, a fit, or the path of a calibrator file; None: only as they are.
            A fit and a file remember their rows: measured on the same, in whatever order, the
            report says ``in_sample``, and on some of them, which share is ``shared``.
        groups: ``(n,)`` the group of each row, whole numbers or text: the headline figures are
            measured for each group too.
        settings: bins, bootstrap and seed.

    The other arguments are those of ``fit``.
    """
    dataset = _dataset(evaluate, logits, labels, weights, clusters, reading)
    settings = _named(settings or Settings(), dataset)
    known = _known(calibrator)
    in_sample, shared = known.rows.recognise(dataset)
    best, sweep = None, None
    if settings.full and weighing_units(dataset) >= 2 * FOLDS:
        crossed = cross_fit(dataset, METHOD, FOLDS, settings.seed)
        dataset, best = crossed.dataset, crossed.calibrator if crossed.converged else None
        in_use = known.fitted.temperature if known.fitted else None
        sweep = temperature_sweep(dataset, crossed.whole, in_use, settings.n_bins)
    report = evaluation.evaluate_dataset(
        dataset,
        known.calibrator,
        known.fitted,
        best=best,
        in_sample=in_sample,
        settings=settings,
        warnings=known.warnings,
    )
    found = groups_of_dataset(dataset, groups, known.calibrator, settings)
    data = replace(report.data, shared=shared)
    return _judged(replace(report, data=data, sweep=sweep, groups=found), settings)


def cross_evaluate(
    logits: Values | Dataset,
    labels: Values | None = None,
    *,
    folds: int = FOLDS,
    weights: Values | None = None,
    clusters: Values | None = None,
    groups: Values | None = None,
    settings: Settings | None = None,
    **reading: Unpack[ReadingOptions],
) -> Report:
    """An honest before/after without a second data set: K-fold cross-fitting.

    Each row is measured through the temperature fitted on the other folds. The report's
    calibrator is the one fitted on all rows, which one would use; ``folds`` holds the others.

    Args:
        folds: how many; each run of so many rows is dealt out to them in random order.

    The other arguments are those of ``evaluate``.
    """
    dataset = _dataset(cross_evaluate, logits, labels, weights, clusters, reading)
    settings = _named(settings or Settings(), dataset)
    crossed = cross_fit(dataset, METHOD, folds, settings.seed)
    calibrator, sweep = crossed.calibrator, None
    report = evaluation.evaluate_dataset(
        crossed.dataset,
        calibrator,
        crossed.describe(),
        best=calibrator if settings.full and crossed.converged else None,
        settings=settings,
        warnings=crossed.warnings,
    )
    if settings.full:
        sweep = temperature_sweep(crossed.dataset, crossed.whole, None, settings.n_bins)
    found = groups_of_dataset(crossed.dataset, groups, calibrator, settings)
    return _judged(replace(report, sweep=sweep, groups=found), settings)


Rows = Dataset | tuple[Values, Values]
G = TypeVar("G")


def compare(
    models: Mapping[str, Rows] | Iterable[tuple[str, Rows]],
    *,
    validation: Mapping[str, Rows] | Sequence[Rows] | None = None,
    calibrators: Mapping[str, Given | float] | Sequence[Given | float] | None = None,
    metrics: Sequence[str] = (),
    weights: Values | None = None,
    clusters: Values | None = None,
    settings: Settings | None = None,
    **reading: Unpack[ReadingOptions],
) -> Comparison:
    """Compare models on the same rows, without and with a temperature each.

    Args:
        models: ``{"a": (logits, labels), "b": (logits, labels)}``, or pairs ``("a", (logits,
            labels))``, where a name that comes again is another run of that model, as with
            another seed; a ``Dataset`` may take the place of ``(logits, labels)``. The labels are
            the same for all.
        validation: for each model, by name or in order, the rows that its temperature is fitted
            on; None: cross-fitting, so that no row is seen through a temperature that it chose.
        calibrators: for each model, by name or in order, a calibrator with one temperature as
            in ``evaluate``, or the temperature; None: fitted here.
        metrics: names of figures beside the headline ones.
        settings: bins and seed.

    The other arguments are those of ``fit``, for all models.

    Raises:
        InputError: the rows cannot be used, or are not the same for all models; or something is
            given that does not go together.
    """
    each_model = list(models.items() if isinstance(models, Mapping) else models)
    if not each_model:
        raise InputError("`models`: expected at least one, found none")
    names = [name for name, _ in each_model]
    datasets = [_rows_of(name, rows, weights, clusters, reading) for name, rows in each_model]
    _check_same_labels(each_model)
    candidates = candidates_of(list(zip(names, datasets, strict=True)))
    metrics_of_comparison(metrics)
    settings = settings or Settings()
    if validation is not None and calibrators is not None:
        raise InputError("expected one of `validation` and `calibrators`, got both")
    if calibrators is not None:
        for i, given in enumerate(_in_order(calibrators, names, "calibrators")):
            one = Temperature(float(given)) if isinstance(given, (int, float)) else given
            known = _known(one)
            through = known.calibrator or evaluation.AS_THEY_ARE
            fitted = known.fitted or candidates[i].fitted
            candidates[i] = candidates[i].calibrated(through, fitted, known.rows, known.warnings)
    elif validation is not None:
        if weights is not None or clusters is not None:
            raise InputError(
                "`weights` and `clusters` are those of `models`, and there are none for the rows "
                "of `validation`; leave it out to cross-fit, or pass a Dataset for each"
            )
        for i, rows in enumerate(_in_order(validation, names, "validation")):
            fitted_on = _rows_of(names[i], rows, None, None, reading)
            candidates[i] = candidates[i].fitted_on(fitted_on)
    else:
        candidates = [each.cross_fitted(settings.seed) for each in candidates]
    return compare_candidates(candidates, settings, metrics=metrics)


def _rows_of(
    name: str,
    rows: Rows,
    weights: Values | None,
    clusters: Values | None,
    options: ReadingOptions,
) -> Dataset:
    """Return the rows of one of several models."""
    if isinstance(rows, Dataset):
        return _dataset(compare, rows, None, weights, clusters, options)
    if not isinstance(rows, tuple) or len(rows) != 2:
        raise InputError(
            f"{name}: expected (logits, labels) or a Dataset, found {type(rows).__name__}"
        )
    logits: Values | Column = rows[0]
    if not isinstance(logits, Column):
        logits = replace(as_column(logits, "logits"), name=f"logits of {name}")
    return _dataset(compare, logits, rows[1], weights, clusters, options)


def _check_same_labels(models: Sequence[tuple[str, Rows]]) -> None:
    """Raise InputError where models were given with different labels."""
    first: tuple[str, AnyArray] | None = None
    for name, rows in models:
        if isinstance(rows, Dataset):
            continue
        labels = as_array(rows[1], "labels")
        if first is None:
            first = name, labels
        elif not _same_array(labels, first[1]):
            raise InputError(
                f"{name}: expected the same labels as of {first[0]}, found others; compare models "
                "on the same rows in the same order"
            )


def _same_array(a: AnyArray, b: AnyArray) -> bool:
    """Return whether arrays are equal, NaN taken for equal to itself."""
    return a is b or np.array_equal(a, b, equal_nan=a.dtype.kind == b.dtype.kind == "f")


def _in_order(given: Mapping[str, G] | Sequence[G], names: Sequence[str], what: str) -> list[G]:
    """Return what is given for each model."""
    if isinstance(given, Mapping):
        if set(given) != set(names) or len(set(names)) < len(names):
            raise InputError(
                f"`{what}`: expected one for each of the models {listed(names)}, found "
                f"{listed(given)}; pass a list, in order, where a model has several runs"
            )
        return [given[name] for name in names]
    if len(given) != len(names):
        raise InputError(
            f"`{what}`: expected {len(names)}, one per model in order, got {len(given)}"
        )
    return list(given)


def evaluate_top_labels(
    rows: TopLabels, *, groups: Values | None = None, settings: Settings | None = None
) -> Report:
    """Measure predictions of which only correctness and confidence are known.

    Args:
        rows: ``TopLabels(correct, confidence, n_classes)``.
        groups, settings: as in ``evaluate``.
    """
    settings = settings or Settings()
    report = evaluation.report_of_top_labels(rows, settings)
    if groups is None:
        return _judged(report, settings)
    checked = check_groups(as_array(groups, "groups"), rows.n_rows, "groups")

    plain = replace(settings, full=False, bootstrap=0)

    def totals_of_rows(those: Index) -> Totals | None:
        part = rows.take(those)
        return top_label_totals(part, plain) if part.weight.any() else None

    groups_found = group_figures(checked, totals_of_rows, plain)
    return _judged(replace(report, groups=groups_found), settings)


def _named(settings: Settings, dataset: Dataset) -> Settings:
    """The same, with the class names of the data where none are given."""
    if settings.class_names is not None or dataset.class_names is None:
        return settings
    return replace(settings, class_names=dataset.class_names)


def _judged(report: Report, settings: Settings) -> Report:
    """The same, with the verdict on it."""
    return replace(report, verdict=verdict_of(report, settings.negligible))


@dataclass(frozen=True)
class _Known:
    """A calibrator, and what is known of where it comes from."""

    calibrator: Calibrator | None = None
    fitted: Fitted | None = None
    rows: KnownRows = NOBODY
    warnings: tuple[str, ...] = ()


def _known(given: Given | None) -> _Known:
    if isinstance(given, (str, Path)):
        given = read_calibrator_file(given)
    if given is None:
        return _Known()
    if isinstance(given, Fit):
        return _Known(given.calibrator, given.describe(), given.known, given.warnings)
    if isinstance(given, CalibratorFile):
        return _Known(given.build(), given.describe(), given.known, given.warnings)
    return _Known(given, fitted_of(given))
