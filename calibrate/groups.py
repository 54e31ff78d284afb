"""The headline figures of each group of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from calibrate.batch import AnyArray, Index
from calibrate.calibrators import Calibrator
from calibrate.errors import InputError
from calibrate.evaluation import evaluate_source
from calibrate.figures import Settings
from calibrate.report import Figures, GroupFigures, Report
from calibrate.source import Source

HEADLINE = ("accuracy", "mean_confidence", "overconfidence", "nll", "brier", "ece", "positive_ece")
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
    groups: AnyArray, measure: Callable[[Index], Report | None]
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


def groups_of_source(
    source: Source,
    groups: AnyArray | None,
    calibrators: Sequence[Calibrator],
    settings: Settings,
) -> tuple[GroupFigures, ...] | None:
    """The groups asked for; of a multi-label model, its labels are the groups."""
    if source.entries is not None and groups is None and settings.full:
        labels = source.entries % source.n_labels
        names = settings.class_names
        groups = labels if names is None else np.array(names)[labels]
    elif groups is not None:
        groups = _of_kept(np.asarray(groups), source)
    if groups is None:
        return None
    plain = replace(settings, class_names=None, classes=None, full=False, bootstrap=0)

    def measure(rows: Index) -> Report | None:
        part = source.take(rows)
        if part.weights is not None and not part.weights.any():
            return None
        return evaluate_source(part, calibrators, settings=plain)

    return group_figures(check_groups(groups, source.n_rows, "groups"), measure)


def _of_kept(groups: AnyArray, source: Source) -> AnyArray:
    """One group per row that counts, from one per example or per decision."""
    if source.shape[:-1] == groups.shape and source.task == "multilabel":
        groups = np.repeat(groups, source.n_labels)
    groups = groups.reshape(-1) if groups.shape in (source.shape, source.shape[:-1]) else groups
    check_groups(groups, len(source.logits), "groups")
    return groups if source.kept is None else groups[source.kept]
