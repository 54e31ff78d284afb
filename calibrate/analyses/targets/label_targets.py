"""Smoothed labels as training targets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from calibrate.analyses.targets.inputs import check_amounts, check_labels
from calibrate.analyses.targets.statistics import Made, entries, smoothed_columns
from calibrate.arrays import AnyArray, Float64, FloatArray, Index, IntArray
from calibrate.blocks.block import SMOOTHING_OVER, check_smoothing
from calibrate.blocks.passes import rows_per_block
from calibrate.blocks.row_sums import RowSums
from calibrate.blocks.softmax import exponentials
from calibrate.data.columns import Column, Flat
from calibrate.data.dataset import Dataset
from calibrate.data.reading import check_label
from calibrate.errors import InputError, check_known


@dataclass(frozen=True)
class LabelRows:
    """A block of labels ``(n,)`` with the amount of smoothing of each, ``(n,)`` in [0, 1)."""

    labels: IntArray
    amounts: Float64


@dataclass(frozen=True)
class LabelTargets:
    """Smoothed labels: the label keeps most of the mass, the classes share ``eps``.

    ``over="all"``: ``q_k = eps / K + (1 - eps) [k = y]``, eps spread over every class, as in
    PyTorch's ``CrossEntropyLoss(label_smoothing=eps)``. ``over="others"``: ``q_y = 1 - eps`` and
    ``q_k = eps / (K - 1)`` for the other classes.

    Attributes:
        labels: ``(n,)`` or ``(n, 1)`` class indices, whole numbers of any dtype.
        n_classes: K, at least 2.
        amount: eps, one number or ``(n,)``, each in [0, 1).
        hardest: the amount at p = 0 where amounts follow the difficulty, else None.
        difficulty: logits of these rows with their labels; then
            ``eps_i = amount + (hardest - amount) (1 - p_i)`` with p_i the softmax of the label.
        over: ``"all"`` or ``"others"``.
        label_offset: the number of the first class.
        amounts_name: for messages.
        ignore_label: the label of rows that are left out; the difficulty leaves out the same.

    Raises:
        InputError: labels, amounts or the number of classes cannot be used.

    Reference: Szegedy, Vanhoucke, Ioffe, Shlens & Wojna (2016), "Rethinking the Inception
    architecture for computer vision", section 7 (``all``).
    """

    labels: Column
    n_classes: int
    amount: float | AnyArray
    hardest: float | None = None
    difficulty: Dataset | None = None
    over: str = "all"
    label_offset: int = 0
    amounts_name: str = "smoothing"
    ignore_label: int | None = None

    def __post_init__(self) -> None:
        check_known("`over`", [self.over], SMOOTHING_OVER)
        check_label("label_offset", self.label_offset)
        _ = self.kept  # now, where errors are expected
        if isinstance(self.amount, np.ndarray):
            check_amounts(self.amount, self.n_out, self.amounts_name)
        else:
            check_smoothing(self.amount, "smoothing")
        if (self.hardest is None) != (self.difficulty is None):
            raise InputError("smoothing: expected a range of amounts with difficulty logits")
        if self.difficulty is not None and self.hardest is not None:
            check_smoothing(self.hardest, "smoothing")
            found = (self.difficulty.n_rows, self.difficulty.n_classes)
            if found != (self.n_rows, self.n_classes):
                raise InputError(
                    f"{self.difficulty.logits.name}: expected difficulty logits of shape "
                    f"({self.n_rows}, {self.n_classes}), found {found}"
                )

    @cached_property
    def kept(self) -> Index | None:
        """The rows that count; None for all."""
        return check_labels(self.labels, self.n_classes, self.label_offset, self.ignore_label)

    @property
    def n_out(self) -> int:
        """All rows, those that are left out too."""
        return self.labels.shape[0]

    @property
    def n_rows(self) -> int:
        return self.n_out if self.kept is None else len(self.kept)

    @property
    def block_rows(self) -> int:
        return rows_per_block(self.n_classes)

    def read(self, start: int, stop: int) -> LabelRows:
        """Rows ``start`` to ``stop`` (exclusive), with their amounts."""
        rows = slice(start, stop) if self.kept is None else self.kept[start:stop]
        raw = Flat(self.labels, None).read(rows)
        labels: IntArray = raw.astype(np.int64) - self.label_offset
        if self.difficulty is not None and self.hardest is not None:
            p = _label_probabilities(self.difficulty.read(start, stop).logits, labels)
            return LabelRows(labels, self.amount + (self.hardest - self.amount) * (1.0 - p))
        if isinstance(self.amount, np.ndarray):
            return LabelRows(labels, self.amount[rows].reshape(-1).astype(np.float64))
        return LabelRows(labels, np.full(len(labels), float(self.amount)))

    def make(self, rows: LabelRows) -> Made:
        """The targets of a block. The last column of the sums is the amount."""
        n, n_classes, eps = len(rows.labels), self.n_classes, rows.amounts
        off = eps / (n_classes if self.over == "all" else n_classes - 1)
        on = 1.0 - eps + off if self.over == "all" else 1.0 - eps
        targets = np.empty((n, n_classes), np.float32)
        targets[:] = off.astype(np.float32)[:, None]
        targets.reshape(-1)[entries(targets.shape, 1, rows.labels)] = on
        columns = smoothed_columns(on, off, rows.labels, n_classes)
        return Made(targets, RowSums.of([*columns, eps], np.ones(n)))


def _label_probabilities(logits: FloatArray, labels: IntArray) -> Float64:
    """``softmax(z)[label]``, ``(n,)``."""
    k = exponentials(logits, 1.0, np.inf)
    total = k.e.sum(axis=k.axis).astype(np.float64)
    with np.errstate(under="ignore"):
        own = logits.reshape(-1)[entries(logits.shape, 1, labels)]
        p = np.exp(own.astype(np.float64) - k.shift) / total
    return np.asarray(np.minimum(p, 1.0))
