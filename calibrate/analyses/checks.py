"""What a report is asked to keep to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, inf, log, log1p
from pathlib import Path

from calibrate.analyses.evaluate import AS_THEY_ARE, evaluate_pair
from calibrate.analyses.relation import UNRELATED, unrelated
from calibrate.blocks.sums import NORMAL_95
from calibrate.calibrators.file import CalibratorFile
from calibrate.calibrators.protocol import Calibrator
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError, check_known
from calibrate.metrics import METRICS, Interval, headline
from calibrate.metrics.settings import Settings
from calibrate.results.checks import Check, CheckKind, Checks, Limit, Outcome
from calibrate.results.json import encode, read_result
from calibrate.results.measurement import Measurement, Metrics
from calibrate.results.report import Report
from calibrate.tasks import Task
from calibrate.text import brief

PERCENT = 100.0


@dataclass(frozen=True)
class Drift:
    """When a temperature has drifted away.

    Attributes:
        alpha: the score test must reject with a p-value below this.
        size: and the rows want a T that is at least this share away from the one in use.

    Raises:
        InputError: one of them is out of range.
    """

    alpha: float = 0.01
    size: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise InputError(f"`alpha`: expected a number between 0 and 1, got {self.alpha}")
        if not 0 <= self.size < inf:
            raise InputError(
                f"`drift_size`: expected a share of T from 0 up, as in 0.05, got {self.size}"
            )


@dataclass(frozen=True)
class Requirements:
    """What is checked beside that the fit converged and that scores and labels belong together.

    Attributes:
        limits: on figures.
        confident: whether a limit fails only where the whole interval is beyond it.
        drift: whether the temperature has drifted; None: that is not asked.

    Raises:
        InputError: a limit is on a figure that nobody knows, or can never be kept or exceeded.
    """

    limits: tuple[Limit, ...] = ()
    confident: bool = False
    drift: Drift | None = None

    def __post_init__(self) -> None:
        for limit in self.limits:
            check_known(f"`{limit.bound}`", [limit.metric], METRICS)
            low, high = METRICS[limit.metric].bounds
            if limit.side == "change":
                low, high = low - high, high - low
            if not low <= limit.value <= high:
                share = limit.value / PERCENT
                likely = high == 1 and 1 < limit.value <= PERCENT
                hint = f"; did you mean {share:g}?" if likely else ""
                reach = f"from {low:g} to {high:g}" if high < inf else f"{low:g} or more"
                raise InputError(
                    f"`{limit.bound}` {limit.name}: {reach} is possible, got {limit.value:g}{hint}"
                )

    @property
    def resampled(self) -> bool:
        """Whether a limit is on a figure whose interval is drawn, which takes its time."""
        return any(METRICS[each.metric].interval is Interval.BOOTSTRAP for each in self.limits)


# Do figures keep to their limits?


def limit_checks(report: Report, limits: Sequence[Limit], *, confident: bool) -> tuple[Check, ...]:
    """A check per limit.

    Args:
        confident: a figure fails only where its whole 95 % interval is beyond the limit; without
            an interval it is undecided.

    Raises:
        InputError: a figure is not measured on these rows, or there is no such group.
    """
    checks = []
    for limit in limits:
        figure = figure_of(report, limit)
        nearest = figure.low if limit.bound == "max" else figure.high
        # an interval need not hold its value: where it does not, neither end fails alone
        kept = (figure.value, nearest) if confident else (figure.value,)
        if figure.value is None:  # an undefined figure keeps to no limit
            outcome = Outcome.failed
        elif confident and nearest is None:
            outcome = Outcome.undecided
        else:
            holds = any(value is not None and limit.holds(value) for value in kept)
            outcome = Outcome.passed if holds else Outcome.failed
        one = Check(
            limit.name, CheckKind.limit, outcome, figure, bound=limit.bound, limit=limit.value
        )
        checks.append(one)
    return tuple(checks)


def figure_of(report: Report, limit: Limit) -> Measurement:
    """The figure that a limit is on.

    Raises:
        InputError: it is not measured on these rows, or there is no such group.
    """
    figures, where = report.metrics, f"`{limit.bound}` {limit.name}"
    if limit.group is not None:
        if report.groups is None:
            raise InputError(f"{where}: no groups are known; give `groups`")
        by_name = {group.name: group.metrics for group in report.groups}
        if limit.group not in by_name:
            check_known(f"{where}: group", [limit.group], by_name)
            raise InputError(f"{where}: there is no group {brief(limit.group)}")
        figures = by_name[limit.group]
    side = {"before": figures.before, "after": figures.after, "change": figures.change}
    found = figures.last if limit.side is None else side[limit.side]
    if found is None:
        raise InputError(
            f"{where}: without a calibrator there is no {limit.side}; give `calibrator`"
        )
    if limit.metric not in found:
        of = "" if limit.group is None else " of groups"
        known = ", ".join(name for name in METRICS if name in found)
        raise InputError(f"{where}: is not measured on these rows; expected one{of}: {known}")
    return found[limit.metric]


# Is the temperature in use still the one that the rows want?


def drift_check(report: Report, drift: Drift) -> Check:
    """Fails where the score test rejects T and the best T of these rows is far from it.

    The distance is that of log T: 5 % are as far up as down. Where no best T exists but the test
    rejects, it is taken to be far.

    Raises:
        InputError: there is no temperature to test, or these rows have chosen it themselves.
    """
    fitted = report.calibrator
    if fitted is None:
        raise InputError("`drift`: expected a calibrator whose T is tested; give `calibrator`")
    if fitted.folds or report.data.in_sample:
        raise InputError(
            "`drift`: these very rows chose T, and cannot speak against it; give rows that it was "
            "not fitted on"
        )
    in_use = fitted.temperature
    if in_use is None:
        raise InputError(
            f"`drift`: expected a calibrator with one temperature, found {fitted.method}"
        )
    test = report.tests.last.temperature if report.tests else None
    best, interval = Measurement(None), None
    if report.sweep is not None:
        interval = report.sweep.interval or (None, None)
        best = Measurement(report.sweep.best, *interval)
    p = None if test is None else test.p_value
    if p is None:
        outcome = Outcome.undecided
    else:
        far = best.value is None or abs(log(best.value / in_use)) >= log1p(drift.size)
        outcome = Outcome.failed if p < drift.alpha and far else Outcome.passed
    return Check(
        "drift",
        CheckKind.drift,
        outcome,
        best,
        limit=in_use,
        p_value=p,
        alpha=drift.alpha,
        tolerance=drift.size,
    )


# Is a figure worse than in an earlier report, by more than chance?


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
                low, high = figure.low, figure.high
                if low is not None and high is not None and low > high:  # somebody edited it
                    raise InputError(
                        f"{path}.metrics.{side}.{metric}: expected an interval from low to high, "
                        f"found {low:g} to {high:g}"
                    )
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


def against_checks(
    report: Report, earlier: Earlier, change: Mapping[str, Measurement] | None
) -> tuple[Check, ...]:
    """A check per headline figure that has a better end.

    Each is tested one-sided for being worse, and Holm's procedure keeps the chance that any fails
    without a reason at 5 %. The standard errors are those of the intervals, towards 0.

    Args:
        change: differences of the same rows, see ``paired_changes``; None: the rows are taken to be
            others, or of another model, and the intervals of both sides are put together.

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
    together = holm_adjusted({name: p for name, p in tested.items() if p is not None})
    checks = []
    for name, difference in differences.items():
        p = together.get(name)
        outcome = Outcome.undecided
        if p is not None:
            outcome = Outcome.failed if p < ALPHA else Outcome.passed
        one = Check(
            f"against.{name}",
            CheckKind.against,
            outcome,
            difference,
            bound="max" if METRICS[name].lower_is_better else "min",
            limit=0.0,
            p_value=p,
            alpha=ALPHA,
            paired=change is not None,
        )
        checks.append(one)
    return tuple(checks)


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

    lower = METRICS[name].lower_is_better
    end = difference.low if lower else difference.high
    if difference.value is None or end is None:
        return None
    worse, reach = difference.value if lower else -difference.value, abs(difference.value - end)
    if worse <= ROUNDING:
        return 1.0
    return float(ndtr(-NORMAL_95 * worse / reach)) if reach > 0 else 0.0


def holm_adjusted(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p-values: below alpha where Holm's procedure rejects at alpha."""
    adjusted, largest, left = dict[str, float](), 0.0, len(p_values)
    for name in sorted(p_values, key=lambda name: p_values[name]):
        largest = max(largest, min(1.0, left * p_values[name]))
        adjusted[name], left = largest, left - 1
    return adjusted


def paired_changes(
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
    folded = any(each.calibrator and each.calibrator.folds for each in (then, report))
    if known is None or known != report.data.fingerprint or folded:
        return None
    if dataset is None:
        names = [n for n, f in report.metrics.last.items() if _alike(f, earlier.figures.get(n), 0)]
        return dict.fromkeys(names, UNCHANGED) if len(names) == len(report.metrics.last) else None
    its: Calibrator = AS_THEY_ARE
    if then.calibrator is not None:
        content = {key: encode(value) for key, value in then.calibrator.parameters.items()}
        file = CalibratorFile(then.calibrator.method, content)
        its = file.build(f"{earlier.name}.calibrator")
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


def _alike(now: Measurement, then: Measurement | None, change: float | None) -> bool:
    """Whether a figure is what it was, but for a change."""
    if then is None or now.value is None or then.value is None or change is None:
        return then is not None and now.value == then.value
    return abs(now.value - then.value - change) <= SAME * max(1.0, abs(then.value))


# Report + what is asked of it -> Checks.


def judge(
    report: Report,
    asked: Requirements,
    earlier: Earlier | None = None,
    change: Mapping[str, Measurement] | None = None,
) -> Checks:
    """Check a report.

    Beside what is asked for it is always checked that the fit converged, where that is known, and
    that scores and labels belong together, where that was looked at.

    Args:
        report: of rows as they are, or through a calibrator.
        asked: limits on its figures, and whether T has drifted.
        earlier: a report that no figure may be worse than beyond chance.
        change: the differences from it on the same rows, see ``paired_changes``.

    Raises:
        InputError: a figure is not measured on these rows, a group is not known, there is no T
            that could have drifted, or the earlier report is about something else.
    """
    checks = [*limit_checks(report, asked.limits, confident=asked.confident)]
    if earlier is not None:
        checks += against_checks(report, earlier, change)
    if asked.drift is not None:
        checks.append(drift_check(report, asked.drift))
    fitted, related = report.calibrator, report.relation
    if fitted is not None and fitted.converged is not None:
        outcome = Outcome.passed if fitted.converged else Outcome.failed
        checks.append(Check("converged", CheckKind.converged, outcome))
    answers = report.data.task is Task.confidence  # which may be right whatever their confidence
    if related is not None and related.p_value is not None and not answers:
        outcome = Outcome.failed if unrelated(related) else Outcome.passed
        one = Check(
            "relation", CheckKind.relation, outcome, p_value=related.p_value, alpha=UNRELATED
        )
        checks.append(one)
    warnings = [
        f"{check.name}: could not be judged on these rows"
        for check in checks
        if check.outcome is Outcome.undecided
    ]
    if earlier is not None and earlier.report.data.in_sample:
        warnings.append(
            f"{earlier.name}: was measured on the very rows of its fit, which flatters it"
        )
    if report.data.in_sample:
        warnings.append(
            "these are the very rows of the fit: figures after calibration are too good"
        )
    elif report.data.shared and asked.drift is not None:
        warnings.append(
            f"{report.data.shared:.0%} of these rows are of the fit, which hides a drift"
        )
    return Checks(
        report.data,
        report.calibrator,
        report.metrics,
        tuple(checks),
        confident=asked.confident,
        against=None if earlier is None else earlier.name,
        warnings=(*report.warnings, *warnings),
        rough_intervals=report.rough_intervals,
        settings=report.settings,
    )
