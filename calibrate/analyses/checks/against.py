"""Is a figure worse than in an earlier report, by more than chance?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot
from pathlib import Path

from calibrate.analyses.evaluation.evaluate import evaluate_pair
from calibrate.analyses.evaluation.one_pass import AS_THEY_ARE
from calibrate.blocks.student import NORMAL_95
from calibrate.calibrators.file import CalibratorFile
from calibrate.calibrators.protocol import Calibrator
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError
from calibrate.metrics import METRICS, headline
from calibrate.metrics.settings import Settings
from calibrate.results.checks import Check, Kind, Outcome
from calibrate.results.json import encode, read_result
from calibrate.results.measurement import Measurement, Metrics
from calibrate.results.report import Fitted, Report
from calibrate.tasks import Task

ALPHA = 0.05  # of all figures together
SAME = 1e-6  # as which figures of the same rows come out again
ROUNDING = 1e-9  # as much worse as the same rows may come out again
UNCHANGED = Measurement(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Earlier:
    """A report from before, and the name of its file."""

    name: str
    report: Report

    @staticmethod
    def read(name: str) -> Earlier:
        """From ``report.json``, or the folder that holds one.

        Raises:
            InputError: there is none, it is something else, or a place in it does not fit.
        """
        path = Path(name, "report.json") if Path(name).is_dir() else Path(name)
        report = read_result(Report, path)
        for side in ("before", "after", "change"):
            for metric, figure in (getattr(report.metrics, side) or {}).items():
                _check_order(figure, f"{path}.metrics.{side}.{metric}")
        if report.calibrator is not None and report.metrics.after is None:
            raise InputError(f"{path}.metrics.after: expected figures, as there is a calibrator")
        return Earlier(str(path), report)

    @property
    def figures(self) -> Metrics:
        """Its last ones: after calibration, where there is an after."""
        return self.report.metrics.last

    def check_alike(self, report: Report) -> None:
        """Raise InputError where figures cannot be compared."""
        then, now = self.report, report
        kinds = [f"{r.data.task} of {r.data.classes:,} {r.data.task.noun}" for r in (then, now)]
        if then.data.task is Task.top_label or now.data.task is Task.top_label:
            kinds = [str(r.data.task) for r in (then, now)]
        if kinds[0] != kinds[1]:
            raise InputError(f"{self.name}: is about {kinds[0]}, these rows are {kinds[1]}")
        if then.settings and now.settings and then.settings.n_bins != now.settings.n_bins:
            raise InputError(
                f"{self.name}: was measured in {then.settings.n_bins} bins; "
                f'`n_bins="{then.settings.n_bins}"` does so now'
            )


def _check_order(figure: Measurement, where: str) -> None:
    """An interval has its ends in order: else somebody has edited it."""
    if figure.low is not None and figure.high is not None and figure.low > figure.high:
        raise InputError(
            f"{where}: expected an interval from low to high, found {figure.low:g} to "
            f"{figure.high:g}"
        )


def against_checks(
    report: Report, earlier: Earlier, change: Mapping[str, Measurement] | None
) -> tuple[Check, ...]:
    """A check per headline figure that has a better end.

    Each is tested one-sided for being worse, and Holm's procedure keeps the chance that any fails
    without a reason at 5 %. The standard errors are those of the intervals, towards 0.

    Args:
        change: differences of the same rows, see ``paired``; None: the rows are taken to be others,
            or of another model, and the intervals of both sides are put together.

    Reference: Holm (1979), A simple sequentially rejective multiple test procedure; Zou & Donner
    (2008), Construction of confidence limits about effect measures.
    """
    earlier.check_alike(report)
    now, then = report.metrics.last, earlier.figures
    names = [n for n in headline() if METRICS[n].lower_is_better is not None]
    differences = {
        name: change[name] if change is not None else _difference(now[name], then[name])
        for name in names
        if name in now and name in then and (change is None or name in change)
    }
    if not differences:
        raise InputError(f"{earlier.name}: holds no figure that is measured on these rows")
    tested = {name: _p_value(name, each) for name, each in differences.items()}
    together = holm({name: p for name, p in tested.items() if p is not None})
    return tuple(
        Check(
            f"against.{name}",
            Kind.against,
            _outcome(together.get(name)),
            differences[name],
            bound="max" if METRICS[name].lower_is_better else "min",
            limit=0.0,
            p_value=together.get(name),
            alpha=ALPHA,
            paired=change is not None,
        )
        for name in differences
    )


def _outcome(p: float | None) -> Outcome:
    if p is None:
        return Outcome.undecided
    return Outcome.failed if p < ALPHA else Outcome.passed


def _difference(now: Measurement, then: Measurement) -> Measurement:
    """Now - then, of independent rows: the intervals of both add up by squares."""
    if now.value is None or then.value is None:
        return Measurement(None)
    difference = now.value - then.value
    if now.low is None or now.high is None or then.low is None or then.high is None:
        return Measurement(difference)
    return Measurement(
        difference,
        difference - hypot(now.value - now.low, then.high - then.value),
        difference + hypot(now.high - now.value, then.value - then.low),
    )


def _p_value(name: str, difference: Measurement) -> float | None:
    """How often chance alone would make a figure look so much worse; None where that is unknown."""
    from scipy.special import ndtr

    end = difference.low if METRICS[name].lower_is_better else difference.high
    if difference.value is None or end is None:
        return None
    worse = difference.value if METRICS[name].lower_is_better else -difference.value
    reach = abs(difference.value - end)
    if worse <= ROUNDING:
        return 1.0
    return float(ndtr(-NORMAL_95 * worse / reach)) if reach > 0 else 0.0


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p-values: below alpha where Holm's procedure rejects at alpha."""
    adjusted, largest, left = dict[str, float](), 0.0, len(p_values)
    for name in sorted(p_values, key=lambda name: p_values[name]):
        largest = max(largest, min(1.0, left * p_values[name]))
        adjusted[name], left = largest, left - 1
    return adjusted


def paired(
    report: Report, earlier: Earlier, dataset: Dataset | None, calibrator: Calibrator | None
) -> dict[str, Measurement] | None:
    """Differences from an earlier report on the very same rows, seen through its calibrator then
    and through ``calibrator`` now; None where the rows are not recognised.

    Rows are recognised by their fingerprint, and by figures that come out as they were.

    Args:
        dataset: the rows; None where only predictions are known.

    Raises:
        InputError: the earlier report is about something else, or its calibrator is none.
    """
    earlier.check_alike(report)
    then = earlier.report
    known = then.data.fingerprint
    if known is None or known != report.data.fingerprint or _folds(then) or _folds(report):
        return None
    if dataset is None:
        names = [n for n, f in report.metrics.last.items() if _alike(f, earlier.figures.get(n), 0)]
        return dict.fromkeys(names, UNCHANGED) if len(names) == len(report.metrics.last) else None
    its = _built(then.calibrator, earlier.name)
    try:
        its.fits.check(dataset)
    except InputError as error:
        raise InputError(f"{earlier.name}.calibrator: does not fit these rows: {error}") from error
    n_bins = then.settings.n_bins if then.settings else Settings().n_bins
    plain = Settings(n_bins=n_bins, full=False, bootstrap=0)
    found = evaluate_pair(dataset, its, dataset, calibrator or AS_THEY_ARE, plain)
    now, was = report.metrics.last, earlier.figures
    again = all(
        _alike(now[name], was[name], change.value)
        for name, change in found.items()
        if name in now and name in was
    )
    return found if again else None


def _folds(report: Report) -> bool:
    return report.calibrator is not None and bool(report.calibrator.folds)


def _alike(now: Measurement, then: Measurement | None, change: float | None) -> bool:
    """Whether a figure is what it was, but for a change."""
    if then is None or now.value is None or then.value is None or change is None:
        return then is not None and now.value == then.value
    return abs(now.value - then.value - change) <= SAME * max(1.0, abs(then.value))


def _built(fitted: Fitted | None, name: str) -> Calibrator:
    """The calibrator of an earlier report, made again from its parameters."""
    if fitted is None:
        return AS_THEY_ARE
    content = {key: encode(value) for key, value in fitted.parameters.items()}
    return CalibratorFile(fitted.method, content).build(f"{name}.calibrator")
