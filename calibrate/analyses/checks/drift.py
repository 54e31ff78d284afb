"""Is the temperature in use still the one that the rows want?"""

from __future__ import annotations

from math import log, log1p

from calibrate.analyses.checks.asked import Drift
from calibrate.errors import InputError
from calibrate.results.checks import Check, Kind, Outcome
from calibrate.results.measurement import Measurement
from calibrate.results.report import Report


def drift_check(report: Report, drift: Drift) -> Check:
    """Fails where the score test rejects T and the best T of these rows is far from it.

    The distance is that of log T: 5 % are as far up as down. Where no best T exists but the test
    rejects, it is taken to be far.

    Raises:
        InputError: there is no temperature to test, or these rows have chosen it themselves.
    """
    in_use = _in_use(report)
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
        Kind.drift,
        outcome,
        best,
        limit=in_use,
        p_value=p,
        alpha=drift.alpha,
        tolerance=drift.size,
    )


def _in_use(report: Report) -> float:
    fitted = report.calibrator
    if fitted is None:
        raise InputError("`drift`: expected a calibrator whose T is tested; give `calibrator`")
    if fitted.folds or report.data.in_sample:
        raise InputError(
            "`drift`: these very rows chose T, and cannot speak against it; give rows that it was "
            "not fitted on"
        )
    if fitted.temperature is None:
        raise InputError(
            f"`drift`: expected a calibrator with one temperature, found {fitted.method}"
        )
    return fitted.temperature
