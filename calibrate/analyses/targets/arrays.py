"""Targets of whole arrays, for use from Python."""

from __future__ import annotations

import numpy as np

from calibrate.analyses.targets.entropy import temperature_for_entropy
from calibrate.analyses.targets.label_targets import LabelTargets
from calibrate.analyses.targets.statistics import Targets
from calibrate.analyses.targets.stream import TargetStream
from calibrate.analyses.targets.teacher_targets import TeacherTargets
from calibrate.arrays import AnyArray
from calibrate.data.columns import as_column
from calibrate.data.dataset import Dataset
from calibrate.data.reading import Reading
from calibrate.errors import InputError


def smoothed_targets(
    labels: AnyArray,
    n_classes: int,
    *,
    smoothing: float | AnyArray = 0.1,
    over: str = "all",
    label_offset: int = 0,
    ignore_label: int | None = None,
) -> Targets:
    """Smoothed labels, ``(n, K)`` float32, each row summing to 1.

    ``over="all"``: ``q_k = eps / K + (1 - eps) [k = y]``; ``over="others"``: ``q_y = 1 - eps``, and
    ``q_k = eps / (K - 1)`` elsewhere.

    Args:
        labels: ``(n,)`` class indices.
        n_classes: K, at least 2.
        smoothing: eps in [0, 1), one number or one per row.
        label_offset: the number of the first class.
        ignore_label: the label of rows whose targets shall be all 0.

    Raises:
        InputError: labels or amounts cannot be used.

    Reference: Szegedy et al. (2016), "Rethinking the Inception architecture for computer vision".
    """
    amount = np.asarray(smoothing)
    maker = LabelTargets(
        as_column(labels, "labels"),
        n_classes,
        amount if amount.ndim else float(amount),
        over=over,
        label_offset=label_offset,
        ignore_label=ignore_label,
    )
    return np.concatenate(list(TargetStream(maker)))


def teacher_targets(
    logits: AnyArray,
    labels: AnyArray | None = None,
    *,
    temperature: float | None = None,
    entropy: float | None = None,
    mix: float | None = None,
    scores: str | None = None,
    label_offset: int = 0,
    ignore_label: int | None = None,
) -> Targets:
    """``m softmax(z / T) + (1 - m) [k = y]``, a teacher softened, ``(n, K)`` float32.

    Args:
        logits: ``(n, K)`` of the teacher; ``-inf`` masks a class.
        labels: ``(n,)`` class indices, needed for ``mix`` only.
        temperature: T > 0; or
        entropy: the mean entropy in nats that T shall give the softmax.
        mix: m in [0, 1], the share of the teacher; None for all of it.
        scores: what the logits are, as in ``Reading``.
        label_offset: the number of the first class.
        ignore_label: the label of rows whose targets shall be all 0.

    Raises:
        InputError: an array or a setting cannot be used, or no T gives that entropy.

    Reference: Hinton, Vinyals & Dean (2015), "Distilling the knowledge in a neural network".
    """
    if (temperature is None) == (entropy is None):
        raise InputError("expected either `temperature` or `entropy`, got both or none")
    reading = Reading(scores=scores, label_offset=label_offset, ignore_label=ignore_label)
    dataset = Dataset.of(logits, labels, reading=reading)
    if temperature is None:
        temperature = temperature_for_entropy(dataset, float(entropy or 0.0))
    maker = TeacherTargets(dataset, temperature, mix)
    return np.concatenate(list(TargetStream(maker)))
