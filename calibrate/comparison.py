"""Several models on the same rows, without and with a temperature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from calibrate.calibrator_file import describe_fit
from calibrate.calibrators import FOLDS, CrossFit, Temperature, cross_fit, fit_temperature
from calibrate.errors import InputError
from calibrate.evaluation import evaluate_pair, evaluate_source
from calibrate.figures import Settings
from calibrate.groups import HEADLINE
from calibrate.report import Data, Fitted, Measurement, Reliability, Sides
from calibrate.source import Source

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

    source: Source
    calibrators: tuple[Temperature, ...]
    fitted: Fitted
    warnings: tuple[str, ...]


def compare(
    names: Sequence[str],
    sources: Sequence[Source],
    validation: Sequence[Source] = (),
    settings: Settings | None = None,
) -> Comparison:
    """Measure models on the same rows, without and with a temperature each.

    Args:
        names: of the models.
        sources: their rows, with the same labels.
        validation: the rows that each model's temperature is fitted on; none: cross-fitting on
            the rows themselves, so that no row is measured through a temperature that saw it.
        settings: bins, seed and workers; only figures that need no bootstrap are measured.

    Raises:
        InputError: the rows are not the same ones.
    """
    settings = replace(settings or Settings(), full=False, bootstrap=0)
    _check_same_rows(sources)
    entrants = [_entrant(s, v, settings) for s, v in _matched(sources, validation)]
    first = entrants[0]
    models = [
        _compared(name, entrant, None if entrant is first else first, settings)
        for name, entrant in zip(names, entrants, strict=True)
    ]
    warnings = [
        f"{name}: {warning}"
        for name, entrant in zip(names, entrants, strict=True)
        for warning in (*entrant.source.warnings, *entrant.warnings)
    ]
    source = first.source
    data = Data(
        source.logits_name, source.labels_name, source.n_examples, source.n_columns, False,
        source.task,
    )  # fmt: skip
    where = f"cross-fitted on {FOLDS} folds of these rows"
    return Comparison(
        data, "fitted on other rows" if validation else where, tuple(models), tuple(warnings)
    )


def _matched(
    sources: Sequence[Source], validation: Sequence[Source]
) -> list[tuple[Source, Source | None]]:
    if not validation:
        return [(source, None) for source in sources]
    if len(validation) != len(sources):
        raise InputError(
            f"validation: expected {len(sources)} files, one per model in order, "
            f"got {len(validation)}"
        )
    for source, own in zip(sources, validation, strict=True):
        if (source.task, source.n_columns) != (own.task, own.n_columns):
            raise InputError(
                f"{own.logits_name}: expected {source.n_columns} classes, as in "
                f"{source.logits_name}, found {own.n_columns}"
            )
    return list(zip(sources, validation, strict=True))


def _check_same_rows(sources: Sequence[Source]) -> None:
    first = sources[0]
    for other in sources[1:]:
        if (other.task, other.n_columns, other.n_rows) != (
            first.task, first.n_columns, first.n_rows,
        ):  # fmt: skip
            raise InputError(
                f"{other.logits_name}: expected the same rows and classes as in "
                f"{first.logits_name} ({first.n_rows:,} x {first.n_columns:,}), found "
                f"{other.n_rows:,} x {other.n_columns:,}"
            )


def _entrant(source: Source, validation: Source | None, settings: Settings) -> _Entrant:
    if validation is not None:
        fit = fit_temperature(validation, workers=settings.workers)
        return _Entrant(source, (fit.calibrator,), describe_fit(fit), fit.warnings)
    crossed: CrossFit = cross_fit(source, FOLDS, settings.seed, settings.workers)
    fitted = describe_fit(crossed.whole, crossed.calibrators)
    return _Entrant(crossed.source, crossed.calibrators, fitted, crossed.warnings)


def _compared(
    name: str, entrant: _Entrant, first: _Entrant | None, settings: Settings
) -> ComparedModel:
    report = evaluate_source(entrant.source, entrant.calibrators, entrant.fitted, settings=settings)
    against = None
    if first is not None:
        pairs = [((), ()), (first.calibrators, entrant.calibrators)]
        changes = [
            evaluate_pair(first.source, ours, entrant.source, theirs, settings)
            for ours, theirs in pairs
        ]
        against = Sides(_headline(changes[0]), _headline(changes[1]))
    after = report.metrics.after
    return ComparedModel(
        name=name,
        logits=entrant.source.logits_name,
        calibrator=entrant.fitted,
        metrics=Sides(_headline(report.metrics.before), after and _headline(after)),
        against_first=against,
        reliability=report.reliability,
    )


def _headline(metrics: Metrics) -> Metrics:
    return {name: metrics[name] for name in HEADLINE if name in metrics}
