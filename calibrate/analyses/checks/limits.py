"""Do figures keep to their limits?"""

from __future__ import annotations

from collections.abc import Sequence

from calibrate.errors import InputError, check_known
from calibrate.metrics import METRICS
from calibrate.printable import brief
from calibrate.results.checks import Check, Kind, Outcome
from calibrate.results.limit import Limit
from calibrate.results.measurement import Figures, Measurement
from calibrate.results.report import Report


def limit_checks(report: Report, limits: Sequence[Limit], *, confident: bool) -> tuple[Check, ...]:
    """A check per limit.

    Args:
        confident: a figure fails only where its whole 95 % interval is beyond the limit; without
            an interval it is undecided.

    Raises:
        InputError: a figure is not measured on these rows, or there is no such group.
    """
    return tuple(_check(limit, figure_of(report, limit), confident) for limit in limits)


def _check(limit: Limit, figure: Measurement, confident: bool) -> Check:
    return Check(
        limit.name,
        Kind.limit,
        _outcome(limit, figure, confident),
        figure,
        bound=limit.bound,
        limit=limit.value,
    )


def _outcome(limit: Limit, figure: Measurement, confident: bool) -> Outcome:
    """An undefined figure keeps to no limit."""
    if figure.value is None:
        return Outcome.failed
    if not confident:
        return Outcome.passed if limit.holds(figure.value) else Outcome.failed
    nearest = figure.low if limit.bound == "max" else figure.high
    if nearest is None:
        return Outcome.undecided
    # an interval need not hold its value: where it does not, neither end may be beyond alone
    return Outcome.passed if limit.holds(nearest) or limit.holds(figure.value) else Outcome.failed


def figure_of(report: Report, limit: Limit) -> Measurement:
    """The figure that a limit is on.

    Raises:
        InputError: it is not measured on these rows, or there is no such group.
    """
    figures, where = report.metrics, f"`{limit.bound}` {limit.name}"
    if limit.group is not None:
        figures = _of_group(report, limit.group, where)
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


def _of_group(report: Report, name: str, where: str) -> Figures:
    if report.groups is None:
        raise InputError(f"{where}: no groups are known; give `groups`")
    by_name = {group.name: group.metrics for group in report.groups}
    if name not in by_name:
        check_known(f"{where}: group", [name], by_name)
        raise InputError(f"{where}: there is no group {brief(name)}")
    return by_name[name]
