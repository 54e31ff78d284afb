"""Several models on the same rows, without and with a temperature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from calibrate.analyses.evaluation.evaluate import evaluate_dataset, evaluate_pair
from calibrate.analyses.evaluation.groups import HEADLINE
from calibrate.calibrators import FOLDS, CrossFit, Temperature, cross_fit, fit_temperature
from calibrate.calibrators.file import describe_fit
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError
from calibrate.metrics.measure import Settings
from calibrate.results.report import Data, Fitted, Measurement, Reliability, Sides

Metrics = dict[str, Measurement]


@dataclass(frozen=True)
class ComparedModel:
    """One of several models.

    Attributes:
        name: of the model.
        logits: its file.
        calibrator: its temperature.
        metrics: its headline figures without (before) and with (after) the temperature.
        against_first: its figures minus those of the first model, paired, without and with the
            temperatures of both; None for the first.
        reliability: its confidence bins.
    """

    name: str
    logits: str
    calibrator: Fitted
    metrics: Sides[Metrics]
    against_first: Sides[Metrics] | None
    reliability: Sides[Reliability]


@dataclass(frozen=True)
class Comparison:
    """Models compared on the same rows.

    Attributes:
        data: the rows of the first; the labels are those of all.
        fitted_on: where the temperatures come from, in words.
        models: in the order given.
        warnings: what the user should know.
    """

    data: Data
    fitted_on: str
    models: tuple[ComparedModel, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Entrant:
    """A model with the temperature that it is measured through, or one per fold."""

    dataset: Dataset
    calibrators: tuple[Temperature, ...]
    fitted: Fitted
    warnings: tuple[str, ...]


def compare(
    names: Sequence[str],
    datasets: Sequence[Dataset],
    validation: Sequence[Dataset] = (),
    settings: Settings | None = None,
) -> Comparison:
    """Measure models on the same rows, without and with a temperature each.

    Args:
        names: of the models.
        datasets: their rows, with the same labels.
        validation: the rows that each model's temperature is fitted on; none: cross-fitting on
            the rows themselves, so that no row is measured through a temperature that saw it.
        settings: bins, seed and workers; only figures that need no bootstrap are measured.

    Raises:
        InputError: the rows are not the same ones.
    """
    settings = replace(settings or Settings(), full=False, bootstrap=0)
    _check_same_rows(datasets)
    entrants = [_entrant(s, v, settings) for s, v in _matched(datasets, validation)]
    first = entrants[0]
    models = [
        _compared(name, entrant, None if entrant is first else first, settings)
        for name, entrant in zip(names, entrants, strict=True)
    ]
    warnings = [
        f"{name}: {warning}"
        for name, entrant in zip(names, entrants, strict=True)
        for warning in (*entrant.dataset.warnings, *entrant.warnings)
    ]
    dataset = first.dataset
    data = Data(
        dataset.logits_name, dataset.labels_name, dataset.n_examples, dataset.n_columns, False,
        dataset.task,
    )  # fmt: skip
    where = f"cross-fitted on {FOLDS} folds of these rows"
    return Comparison(
        data, "fitted on other rows" if validation else where, tuple(models), tuple(warnings)
    )


def _matched(
    datasets: Sequence[Dataset], validation: Sequence[Dataset]
) -> list[tuple[Dataset, Dataset | None]]:
    if not validation:
        return [(dataset, None) for dataset in datasets]
    if len(validation) != len(datasets):
        raise InputError(
            f"validation: expected {len(datasets)} files, one per model in order, "
            f"got {len(validation)}"
        )
    for dataset, own in zip(datasets, validation, strict=True):
        if (dataset.task, dataset.n_columns) != (own.task, own.n_columns):
            raise InputError(
                f"{own.logits_name}: expected {dataset.n_columns} classes, as in "
                f"{dataset.logits_name}, found {own.n_columns}"
            )
    return list(zip(datasets, validation, strict=True))


def _check_same_rows(datasets: Sequence[Dataset]) -> None:
    first = datasets[0]
    for other in datasets[1:]:
        if (other.task, other.n_columns, other.n_rows) != (
            first.task, first.n_columns, first.n_rows,
        ):  # fmt: skip
            raise InputError(
                f"{other.logits_name}: expected the same rows and classes as in "
                f"{first.logits_name} ({first.n_rows:,} x {first.n_columns:,}), found "
                f"{other.n_rows:,} x {other.n_columns:,}"
            )


def _entrant(dataset: Dataset, validation: Dataset | None, settings: Settings) -> _Entrant:
    if validation is not None:
        fit = fit_temperature(validation, workers=settings.workers)
        return _Entrant(dataset, (fit.calibrator,), describe_fit(fit), fit.warnings)
    crossed: CrossFit = cross_fit(dataset, FOLDS, settings.seed, settings.workers)
    fitted = describe_fit(crossed.whole, crossed.calibrators)
    return _Entrant(crossed.dataset, crossed.calibrators, fitted, crossed.warnings)


def _compared(
    name: str, entrant: _Entrant, first: _Entrant | None, settings: Settings
) -> ComparedModel:
    report = evaluate_dataset(
        entrant.dataset, entrant.calibrators, entrant.fitted, settings=settings
    )
    against = None
    if first is not None:
        pairs = [((), ()), (first.calibrators, entrant.calibrators)]
        changes = [
            evaluate_pair(first.dataset, ours, entrant.dataset, theirs, settings)
            for ours, theirs in pairs
        ]
        against = Sides(_headline(changes[0]), _headline(changes[1]))
    after = report.metrics.after
    return ComparedModel(
        name=name,
        logits=entrant.dataset.logits_name,
        calibrator=entrant.fitted,
        metrics=Sides(_headline(report.metrics.before), after and _headline(after)),
        against_first=against,
        reliability=report.reliability,
    )


def _headline(metrics: Metrics) -> Metrics:
    return {name: metrics[name] for name in HEADLINE if name in metrics}
