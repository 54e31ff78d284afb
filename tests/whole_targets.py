"""Training targets of whole arrays, by the streams that the command writes."""

from __future__ import annotations

from typing import Any

import numpy as np

from calibrate.analyses.targets.labels import LabelTargets, Targets
from calibrate.analyses.targets.stream import TargetStream
from calibrate.analyses.targets.teacher import TeacherTargets
from calibrate.data.column import as_column
from calibrate.data.dataset import Dataset
from calibrate.data.reading import Reading


def smoothed_targets(labels: Any, n_classes: int, *, smoothing: Any = 0.1, **more: Any) -> Targets:
    """Smoothed labels, ``(n, K)``, one amount of smoothing or one per row."""
    amount = smoothing if np.ndim(smoothing) == 0 else np.asarray(smoothing)
    maker = LabelTargets(as_column(labels, "labels"), n_classes, amount, **more)
    return np.concatenate(list(TargetStream(maker)))


def teacher_targets(
    logits: Any, labels: Any = None, *, temperature: float, mix: float | None = None, **more: Any
) -> Targets:
    """A softened teacher, ``(n, K)``; ``more`` are fields of ``Reading``."""
    dataset = Dataset.of(logits, labels, reading=Reading(**more))
    return np.concatenate(list(TargetStream(TeacherTargets(dataset, temperature, mix))))
