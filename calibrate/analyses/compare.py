"""Several models on the same rows, without and with a temperature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from calibrate.analyses.candidates import Candidate
from calibrate.analyses.evaluate import AS_THEY_ARE, data_of, evaluate_pair, report_of, totals_of
from calibrate.errors import InputError
from calibrate.metrics.differences import RowMeans, all_pairs, dunn, over_runs
from calibrate.metrics.evidence import Evidence
from calibrate.metrics.registry import METRICS, headline
from calibrate.metrics.settings import Settings
from calibrate.results.comparison import ComparedModel, Comparison
from calibrate.results.measurement import Metrics, Sides


def compare_candidates(
    candidates: Sequence[Candidate],
    settings: Settings | None = None,
    *,
    metrics: Sequence[str] = (),
) -> Comparison:
    """Measure models on the same rows, without and with a temperature each.

    Args:
        candidates: with the same labels; what is found over runs of a model is in ``over_runs``.
        settings: bins and seed; only figures that need no bootstrap are measured.
        metrics: to be measured beside the headline figures.

    Raises:
        InputError: a run is given twice, or a metric takes more than a comparison.
    """
    settings = replace(settings or Settings(), full=False, bootstrap=0)
    measured = metrics_of_comparison(metrics)
    first, many = candidates[0], len(candidates) - 1
    models, means, notes = list[ComparedModel](), list[RowMeans](), list[tuple[str, ...]]()
    for each in candidates:
        data = data_of(each.test, each.in_sample)
        totals = totals_of(each.test, (AS_THEY_ARE, each.through), None, settings)
        report = report_of(totals, data, each.fitted, settings, ())
        shown = report.metrics.only(measured)
        models.append(
            ComparedModel(
                name=each.label,
                logits=each.test.logits.name,
                calibrator=each.fitted,
                metrics=Sides(shown.before, shown.after),
                against_first=None
                if each is first
                else _differences(first, each, measured, settings, many),
                reliability=report.reliability,
                rough_intervals=report.rough_intervals,
                run_of=None if each.run is None else each.name,
            )
        )
        column = len(totals.names) + totals.names.index("nll")
        rows, enough = totals.rows, Evidence.from_totals(totals).enough
        nll = RowMeans(float(rows.means[column]), rows.influence[column], rows.weight, enough)
        means.append(nll)
        notes.append(report.warnings)
    _check_runs(models)
    warnings = [f"{each.label}: {said}" for each in candidates for said in each.every_warning]
    return Comparison(
        data_of(first.test, first.in_sample),
        first.source,
        tuple(models),
        (*notes[0], *warnings),
        all_pairs([each.label for each in candidates], means, settings.seed),
        over_runs(models),
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


def _differences(
    first: Candidate, other: Candidate, names: tuple[str, ...], settings: Settings, many: int
) -> Sides[Metrics]:
    """The figures of a model minus those of the first, without and with their temperatures, whose
    intervals hold together for ``many`` models.
    """
    wider = dunn(many) / dunn(1)
    found = []
    for ours, theirs in ((AS_THEY_ARE, AS_THEY_ARE), (first.through, other.through)):
        paired = evaluate_pair(first.test, ours, other.test, theirs, settings)
        found.append({n: paired[n].stretched(wider) for n in names if n in paired})
    return Sides(*found)


def _check_runs(models: Sequence[ComparedModel]) -> None:
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
