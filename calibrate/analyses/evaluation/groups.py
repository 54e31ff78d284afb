"""The headline figures of each group of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from calibrate.analyses.evaluation.evaluate import evaluate_group
from calibrate.arrays import AnyArray, Index, Values
from calibrate.calibrators.protocol import Calibrator
from calibrate.data.dataset import Dataset
from calibrate.data.groups import groups_of
from calibrate.metrics.biases import discovered
from calibrate.metrics.metric import headline
from calibrate.metrics.settings import Settings
from calibrate.results.biases import Bias, GroupFigures
from calibrate.results.measurement import Figures
from calibrate.tasks import Task

Measured = tuple[Figures, Bias]


def group_figures(
    groups: AnyArray,
    measure: Callable[[Index], Measured | None],
    names: Sequence[str] | None = None,
) -> tuple[GroupFigures, ...]:
    """Measure each group on its own; the one whose confidence is most surely off first.

    Args:
        groups: ``(n,)`` the group of each row.
        measure: the figures of the rows of these numbers, and how far their confidence is off;
            None where none of them counts.
        names: of groups that are numbers from 0.
    """
    found = []
    order = np.argsort(groups, kind="stable")
    labels, starts = np.unique(groups[order], return_index=True)
    for group, rows in zip(labels, np.split(order, starts[1:]), strict=True):
        measured = measure(rows)
        if measured is None:
            continue
        text = group.decode(errors="replace") if isinstance(group, bytes) else str(group)
        text = text if names is None else names[int(group)]
        figures, bias = measured
        few = bias.p_value is None
        found.append(GroupFigures(text, len(rows), few, bias, figures.of(headline())))
    biases = discovered([each.bias for each in found])
    looked_at = [replace(each, bias=bias) for each, bias in zip(found, biases, strict=True)]
    return tuple(sorted(looked_at, key=lambda group: -group.bias.sure))


def groups_of_dataset(
    dataset: Dataset,
    groups: Values | None,
    calibrator: Calibrator | None,
    settings: Settings,
) -> tuple[GroupFigures, ...] | None:
    """The groups asked for; of a multi-label model, its labels are the groups."""
    of_labels = dataset.task is Task.multilabel and groups is None and settings.full
    if groups is None and not of_labels:
        return None
    of_rows = dataset.columns if groups is None else groups_of(groups, dataset, "groups")
    plain = replace(settings, class_names=None, classes=None, full=False, bootstrap=0)

    def measure(rows: Index) -> Measured | None:
        part = dataset.take(rows)
        return evaluate_group(part, calibrator, plain) if part.weight.any() else None

    return group_figures(of_rows, measure, settings.class_names if of_labels else None)
