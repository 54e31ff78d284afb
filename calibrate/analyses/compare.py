"""Several models on the same rows, without and with a temperature."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from calibrate.analyses.evaluate import AS_THEY_ARE, data_of, evaluate_pair, report_of, totals_of
from calibrate.analyses.relation import relation, unrelated
from calibrate.calibrators.cross_fit import FOLDS, cross_fit
from calibrate.calibrators.file import CalibratorFile
from calibrate.calibrators.methods.temperature import METHOD, fit_temperature
from calibrate.calibrators.protocol import Calibrator
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError
from calibrate.metrics.differences import RowMeans, all_pairs, over_runs, together
from calibrate.metrics.evidence import Evidence
from calibrate.metrics.registry import METRICS, headline
from calibrate.metrics.settings import Settings
from calibrate.results.comparison import ComparedModel, Comparison
from calibrate.results.measurement import Metrics, Sides
from calibrate.results.report import Fitted


@dataclass(frozen=True)
class _Entrant:
    """A model with the temperature that it is measured through, perhaps one per fold."""

    dataset: Dataset
    calibrator: Calibrator
    fitted: Fitted
    warnings: tuple[str, ...]
    in_sample: bool | None = None

    @property
    def every_warning(self) -> tuple[str, ...]:
        """Those of its rows, and of its temperature; and that neither says anything."""
        return (*self.dataset.warnings, *self.warnings, *_related(self.dataset))


def compare(
    names: Sequence[str],
    datasets: Sequence[Dataset],
    validation: Sequence[Dataset] = (),
    settings: Settings | None = None,
    *,
    calibrators: Sequence[CalibratorFile] = (),
    metrics: Sequence[str] = (),
) -> Comparison:
    """Measure models on the same rows, without and with a temperature each.

    Args:
        names: of the models; the same name again is another run of that model, as with another
            seed: what is found over runs is then in ``over_runs``.
        datasets: their rows, with the same labels.
        validation: the rows that each model's temperature is fitted on; none: cross-fitting on
            the rows themselves, so that no row is measured through a temperature that saw it.
        settings: bins and seed; only figures that need no bootstrap are measured.
        calibrators: a temperature for each model, in place of fitting; none: fitted here.
        metrics: to be measured beside the headline figures.

    Raises:
        InputError: the rows are not the same ones, a run is given twice, or a metric takes more
            than a comparison.
    """
    labels = run_names(names)
    settings = replace(settings or Settings(), full=False, bootstrap=0)
    check_same_rows(datasets)
    measured = metrics_of_comparison(metrics)
    entrants = _entrants(datasets, validation, calibrators, settings)
    first, many = entrants[0], len(entrants) - 1
    compared = [
        _compared(name, entrant, None if entrant is first else first, measured, settings, many)
        for name, entrant in zip(labels, entrants, strict=True)
    ]
    of_runs = [None if label == name else name for label, name in zip(labels, names, strict=True)]
    models = [replace(m, run_of=of) for (m, _, _), of in zip(compared, of_runs, strict=True)]
    check_runs(models)
    warnings = [
        f"{n}: {each}" for n, e in zip(labels, entrants, strict=True) for each in e.every_warning
    ]
    where = "fitted on other rows" if validation else f"cross-fitted on {FOLDS} folds of these rows"
    return Comparison(
        data_of(first.dataset, first.in_sample),
        "as given" if calibrators else where,
        tuple(models),
        (*compared[0][2], *warnings),
        all_pairs(labels, [rows for _, rows, _ in compared], settings.seed),
        over_runs(models),
    )


def _entrants(
    datasets: Sequence[Dataset],
    validation: Sequence[Dataset],
    calibrators: Sequence[CalibratorFile],
    settings: Settings,
) -> list[_Entrant]:
    """Each model with the temperature that was given, or that is fitted."""
    if calibrators:
        return [_given(d, c) for d, c in zip(datasets, calibrators, strict=True)]
    return [_entrant(d, v, settings) for d, v in _matched(datasets, validation)]


def _related(dataset: Dataset) -> tuple[str, ...]:
    """A warning where nothing shows that scores and labels belong together."""
    found = relation(dataset)
    if not unrelated(found):
        return ()
    return (
        f"nothing shows that {dataset.logits.name} belongs to these labels "
        f"(p = {found.p_value:.3f}): are the rows of both in the same order?",
    )


def metrics_of_comparison(names: Sequence[str]) -> tuple[str, ...]:
    """The headline figures and these, in the order of reports.

    Raises:
        InputError: one of them takes more than a comparison measures.
    """
    quick = [name for name, metric in METRICS.items() if metric.quick]
    for name in names:
        if name not in quick:
            raise InputError(
                f"`metrics`: {name} is not measured in a comparison; expected some of "
                f"{', '.join(quick)}"
            )
    return tuple(name for name in quick if name in (*headline(), *names))


def _given(dataset: Dataset, file: CalibratorFile) -> _Entrant:
    """A model with the temperature that was given for it."""
    calibrator, fitted = file.build(), file.describe()
    calibrator.fits.check(dataset)
    if fitted.temperature is None:
        raise InputError(
            f"{dataset.logits.name}: expected a calibrator with one temperature, found "
            f"{fitted.method}"
        )
    in_sample, shared = file.known.recognise(dataset)
    warnings = list(file.warnings)
    if in_sample:
        warnings.append("its temperature was fitted on these very rows")
    elif shared:
        warnings.append(
            f"{shared:.1%} of these rows were among those of the fit of its temperature"
        )
    return _Entrant(dataset, calibrator, fitted, tuple(warnings), in_sample)


def run_names(names: Sequence[str]) -> list[str]:
    """A name for each run: those of models that are given more than once get a number.

    Raises:
        InputError: such a name is that of another model.
    """
    many, seen = Counter(names), Counter[str]()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if many[name] == 1 else f"{name}, run {seen[name]}")
    twice = [name for name, count in Counter(found).items() if count > 1]
    if twice:
        raise InputError(f"`name`: {twice[0]!r} is what a run of another model is called")
    return found


def check_runs(models: Sequence[ComparedModel]) -> None:
    """Raise InputError if a model has the same run twice: they would seem not to spread."""
    seen: dict[tuple[object, ...], ComparedModel] = {}
    for model in models:
        figures = model.metrics.before.values()
        run = (model.run_of, *(figure.value for figure in figures))
        if model.run_of is not None and run in seen:
            raise InputError(
                f"{model.logits}: expected another run of {model.run_of}, found the scores of "
                f"{seen[run].logits} again; give each run once"
            )
        seen[run] = model


def _matched(
    datasets: Sequence[Dataset], validation: Sequence[Dataset]
) -> list[tuple[Dataset, Dataset | None]]:
    if not validation:
        return [(dataset, None) for dataset in datasets]
    if len(validation) != len(datasets):
        raise InputError(
            f"`validation`: expected {len(datasets)} files, one per model in order, "
            f"got {len(validation)}"
        )
    for dataset, own in zip(datasets, validation, strict=True):
        if (dataset.task, dataset.layout.n_columns) != (own.task, own.layout.n_columns):
            raise InputError(
                f"{own.logits.name}: expected {dataset.layout.n_columns} classes, as in "
                f"{dataset.logits.name}, found {own.layout.n_columns}"
            )
    return list(zip(datasets, validation, strict=True))


def check_same_rows(datasets: Sequence[Dataset]) -> None:
    """Raise InputError unless all hold as many rows of as many classes as the first."""

    def size(dataset: Dataset) -> tuple[object, ...]:
        return dataset.task, dataset.n_rows, dataset.layout.n_columns

    first = datasets[0]
    for other in datasets[1:]:
        if size(other) != size(first):
            raise InputError(
                f"{other.logits.name}: expected the same rows and classes as in "
                f"{first.logits.name} ({first.n_rows:,} x {first.layout.n_columns:,}), found "
                f"{other.n_rows:,} x {other.layout.n_columns:,}"
            )


def _entrant(dataset: Dataset, validation: Dataset | None, settings: Settings) -> _Entrant:
    if validation is not None:
        fit = fit_temperature(validation)
        return _Entrant(dataset, fit.calibrator, fit.describe(), fit.warnings)
    crossed = cross_fit(dataset, METHOD, FOLDS, settings.seed)
    return _Entrant(crossed.dataset, crossed.calibrator, crossed.describe(), crossed.warnings)


def _compared(
    name: str,
    entrant: _Entrant,
    first: _Entrant | None,
    names: tuple[str, ...],
    settings: Settings,
    many: int,
) -> tuple[ComparedModel, RowMeans, tuple[str, ...]]:
    """The model with its figures, its NLL with T by part of the rows, and what these can tell.

    The intervals of the differences from ``first`` hold together, for ``many`` models.
    """
    data = data_of(entrant.dataset, entrant.in_sample)
    totals = totals_of(entrant.dataset, (AS_THEY_ARE, entrant.calibrator), None, settings)
    report = report_of(totals, data, entrant.fitted, settings, ())
    shown = report.metrics.only(names)
    against: Sides[Metrics] | None = None
    if first is not None:
        ours, theirs = first.calibrator, entrant.calibrator
        pairs = ((AS_THEY_ARE, AS_THEY_ARE), (ours, theirs))
        wider = together(many) / together(1)
        plain, calibrated = (
            evaluate_pair(first.dataset, a, entrant.dataset, b, settings) for a, b in pairs
        )
        against = Sides(
            *({n: m[n].stretched(wider) for n in names if n in m} for m in (plain, calibrated))
        )
    model = ComparedModel(
        name=name,
        logits=entrant.dataset.logits.name,
        calibrator=entrant.fitted,
        metrics=Sides(shown.before, shown.after),
        against_first=against,
        reliability=report.reliability,
        rough_intervals=report.rough_intervals,
    )
    column = len(totals.names) + totals.names.index("nll")
    rows = totals.rows
    enough = Evidence.from_totals(totals).enough
    means = RowMeans(float(rows.means[column]), rows.influence[column], rows.weight, enough)
    return model, means, report.warnings
