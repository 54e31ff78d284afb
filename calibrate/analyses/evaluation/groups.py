"""The headline figures of each group of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from calibrate.analyses.evaluation.evaluate import evaluate_dataset
from calibrate.arrays import AnyArray, Index
from calibrate.calibrators.protocol import Calibrator
from calibrate.data.dataset import Dataset
from calibrate.data.groups import groups_of
from calibrate.metrics.metric import headline
from calibrate.metrics.settings import Settings
from calibrate.results.report import GroupFigures, Report
from calibrate.tasks import Task

FEW = 50


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
        metrics = report.metrics.of(headline())
        found.append(GroupFigures(text, len(rows), len(rows) < FEW, metrics))
    return tuple(sorted(found, key=_badness, reverse=True))


def _badness(group: GroupFigures) -> float:
    return group.metrics.last["ece"].value or 0.0


def groups_of_dataset(
    dataset: Dataset,
    groups: AnyArray | None,
    calibrator: Calibrator | None,
    settings: Settings,
) -> tuple[GroupFigures, ...] | None:
    """The groups asked for; of a multi-label model, its labels are the groups."""
    of_labels = dataset.task is Task.multilabel and groups is None and settings.full
    if groups is None and not of_labels:
        return None
    of_rows = (
        dataset.columns if groups is None else groups_of(np.asarray(groups), dataset, "groups")
    )
    plain = replace(settings, class_names=None, classes=None, full=False, bootstrap=0)

    def measure(rows: Index) -> Report | None:
        part = dataset.take(rows)
        return evaluate_dataset(part, calibrator, settings=plain) if part.weight.any() else None

    return group_figures(of_rows, measure, settings.class_names if of_labels else None)
