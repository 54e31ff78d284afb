"""The headline figures of each group of rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from calibrate.batch import AnyArray
from calibrate.errors import InputError
from calibrate.report import Figures, GroupFigures, Report

HEADLINE = ("accuracy", "mean_confidence", "overconfidence", "nll", "brier", "ece", "smooth_ece")
FEW = 50
MOST = 1_000


def check_groups(groups: AnyArray, rows: int, where: str) -> AnyArray:
    """Raise InputError unless there is one group, a whole number or text, for each row."""
    if groups.ndim != 1 or groups.dtype.kind not in "biuUS":
        raise InputError(
            f"{where}: expected one group per row as whole numbers or text, "
            f"found {groups.dtype} of shape {groups.shape}"
        )
    if len(groups) != rows:
        raise InputError(f"{where}: expected {rows:,} groups, one per row, found {len(groups):,}")
    different = len(np.unique(groups))
    if different > MOST:
        raise InputError(f"{where}: expected at most {MOST:,} groups, found {different:,}")
    return groups


def group_figures(
    groups: AnyArray, measure: Callable[[npt.NDArray[np.intp]], Report | None]
) -> tuple[GroupFigures, ...]:
    """Measure each group on its own; the one of largest ECE (after, if there is an after) first.

    Args:
        groups: ``(n,)`` the group of each row.
        measure: the report on the rows of these numbers; None where none of them counts.
    """
    found = []
    for name in np.unique(groups):
        rows = np.flatnonzero(groups == name)
        report = measure(rows)
        if report is None:
            continue
        text = name.decode(errors="replace") if isinstance(name, bytes) else str(name)
        found.append(GroupFigures(text, len(rows), len(rows) < FEW, _headline(report.metrics)))
    return tuple(sorted(found, key=_badness, reverse=True))


def _headline(figures: Figures) -> Figures:
    sides = [
        None if side is None else {name: side[name] for name in HEADLINE if name in side}
        for side in (figures.before, figures.after, figures.change)
    ]
    return Figures(sides[0] or {}, sides[1], sides[2])


def _badness(group: GroupFigures) -> float:
    return (group.metrics.after or group.metrics.before)["ece"].value or 0.0
