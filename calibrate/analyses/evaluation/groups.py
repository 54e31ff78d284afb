"""The headline figures of each group of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod

import numpy as np

from calibrate.analyses.evaluation.evaluate import evaluate_dataset
from calibrate.blocks.block import AnyArray, Index
from calibrate.calibrators import Calibrator
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError
from calibrate.metrics.measure import Settings
from calibrate.results.report import Figures, GroupFigures, Report

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
    groups: AnyArray,
    measure: Callable[[Index], Report | None],
    names: Sequence[str] | None = None,
) -> tuple[GroupFigures, ...]:
    """Measure each group on its own; the one of largest ECE (after, if there is an after) first.

    Args:
        groups: ``(n,)`` the group of each row.
        measure: the report on the rows of these numbers; None where none of them counts.
        names: of groups that are numbers from 0.
    """
    found = []
    order = np.argsort(groups, kind="stable")
    labels, starts = np.unique(groups[order], return_index=True)
    for group, rows in zip(labels, np.split(order, starts[1:]), strict=True):
        report = measure(rows)
        if report is None:
            continue
        text = group.decode(errors="replace") if isinstance(group, bytes) else str(group)
        text = text if names is None else names[int(group)]
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


def groups_of_dataset(
    dataset: Dataset,
    groups: AnyArray | None,
    calibrators: Sequence[Calibrator],
    settings: Settings,
) -> tuple[GroupFigures, ...] | None:
    """The groups asked for; of a multi-label model, its labels are the groups."""
    of_labels = dataset.task == "multilabel" and groups is None and settings.full
    if of_labels:
        groups = dataset.entry_numbers() % dataset.n_labels
    elif groups is not None:
        groups = _of_kept(flat_groups(np.asarray(groups), dataset, "groups"), dataset)
    if groups is None:
        return None
    plain = replace(settings, class_names=None, classes=None, full=False, bootstrap=0)

    def measure(rows: Index) -> Report | None:
        part = dataset.take(rows)
        if part.weights is not None and not part.weights.any():
            return None
        return evaluate_dataset(part, calibrators, settings=plain)

    return group_figures(groups, measure, settings.class_names if of_labels else None)


def flat_groups(groups: AnyArray, dataset: Dataset, where: str) -> AnyArray:
    """One group per row of the file, or per decision, in one dimension.

    Raises:
        InputError: there are more or fewer groups, or they are no groups.
    """
    lead = dataset.shape if dataset.task == "binary" else dataset.shape[:-1]
    flat = groups.reshape(-1) if groups.shape in (dataset.shape, lead) else groups
    return check_groups(flat, len(dataset.logits) if flat.size > prod(lead) else prod(lead), where)


def _of_kept(groups: AnyArray, dataset: Dataset) -> AnyArray:
    """The group of each row that counts."""
    if len(groups) < len(dataset.logits):
        groups = np.repeat(groups, dataset.n_labels)
    return groups if dataset.kept is None else groups[dataset.kept]
