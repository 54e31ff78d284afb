"""What a student would see in its training targets: columns of figures, a value per row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import log

import numpy as np
import numpy.typing as npt

from calibrate.arrays import AnyArray, Float64, FloatArray, Index, IntArray, described
from calibrate.blocks.block import SMOOTHING_OVER, check_smoothing
from calibrate.blocks.passes import map_blocks, rows_per_block
from calibrate.blocks.softmax import exponentials
from calibrate.blocks.sums import RowSums
from calibrate.data.column import Column, Flat
from calibrate.data.dataset import Dataset
from calibrate.data.reading import check_label
from calibrate.data.scan import check_class_indices, scan_labels
from calibrate.errors import InputError, check_known
from calibrate.metrics.means import means_of, score_interval
from calibrate.results.targets import TargetFigures

Targets = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TargetBlock:
    """A block of targets ``(n, K)`` with the sums of its figures over rows."""

    targets: Targets
    sums: RowSums


def figures_of(sums: RowSums, n_classes: int, *, labelled: bool) -> TargetFigures:
    """The figures from sums over rows; the fifth column, if labels are known, is the agreement."""
    bounds = [(0.0, log(n_classes))] + [(0.0, 1.0)] * (len(sums.values) - 1)
    found = means_of(sums, bounds)
    entropy, true_class, runner_up, rest = found[:4]
    agreement = score_interval(found[4].value or 0.0, sums.rows) if labelled else None
    return TargetFigures(entropy, true_class, runner_up, rest, agreement)


def plogp(p: Float64) -> Float64:
    """``p log p``, and 0 where p is 0."""
    return np.asarray(p * np.log(np.where(p > 0, p, 1.0)))


def class_positions(shape: tuple[int, ...], axis: int, classes: IntArray) -> Index:
    """Where in the flattened array each row's class is; classes lie along ``axis``."""
    if axis == 0:
        return np.asarray(classes * shape[1] + np.arange(shape[1]), dtype=np.intp)
    return np.asarray(np.arange(shape[0]) * shape[1] + classes, dtype=np.intp)


def soft_columns(q: Targets, axis: int, entropy: Float64, labels: IntArray | None) -> list[Float64]:
    """Entropy, true class, runner-up, rest and, with labels, agreement of targets, ``(n,)`` each.

    Args:
        q: with classes along ``axis``.
        entropy: ``(n,)``, known already.
        labels: ``(n,)``, or None: the true class is then the first argmax.
    """
    top = q.argmax(axis=axis)
    flat = q.reshape(-1)
    index = class_positions(q.shape, axis, top if labels is None else labels)
    held = flat[index]
    flat[index] = -1.0  # out of the way while the largest other class is looked for
    runner_up = q.max(axis=axis).astype(np.float64)
    flat[index] = held
    true_class = held.astype(np.float64)
    rest = np.maximum(1.0 - true_class - runner_up, 0.0) if q.shape[axis] > 2 else 0.0 * held
    columns = [entropy, true_class, runner_up, np.asarray(rest, dtype=np.float64)]
    return columns if labels is None else [*columns, (top == labels).astype(np.float64)]


# What labels and amounts of smoothing must look like to become training targets.


def check_amounts(amounts: AnyArray, rows: int, name: str) -> None:
    """Raise InputError unless these are amounts of smoothing, one per row."""
    if amounts.dtype.kind not in "biuf":
        raise InputError(f"{name}: expected amounts as real numbers, found dtype {amounts.dtype}")
    if amounts.shape not in ((rows,), (rows, 1)):
        raise InputError(
            f"{name}: expected {rows:,} amounts of smoothing, one per label, found shape "
            f"{amounts.shape}"
        )
    bad = ~((amounts >= 0) & (amounts < 1)).reshape(-1)  # NaN is neither
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"{name}: expected amounts from 0 up to, not including, 1, found "
            f"{float(amounts.reshape(-1)[row]):g} in row {row} ({int(bad.sum()):,} in all)"
        )


def check_mix(mix: float | None, labelled: bool) -> None:
    """Raise InputError unless the share of the teacher is in [0, 1], and labels fill the rest."""
    if mix is None:
        return
    if not 0 <= mix <= 1:
        raise InputError(f"`mix`: expected the share of the teacher, from 0 to 1, got {mix:g}")
    if not labelled:
        raise InputError("`mix`: expected labels to mix the teacher with, found none")


# Smoothed labels as training targets.


@dataclass(frozen=True)
class SmoothedLabels:
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
        """The rows that count; None for all.

        Raises:
            InputError: their labels are not class indices, one per row, from the offset up.
        """
        name, shape = self.labels.name, self.labels.shape
        if self.n_classes < 2:
            raise InputError(f"`n_classes`: expected at least 2, got {self.n_classes}")
        dtype = self.labels.dtype
        if dtype.kind not in "biuf":
            raise InputError(f"{name}: expected labels as whole numbers, found dtype {dtype}")
        if len(shape) != 1 and not (len(shape) == 2 and shape[1] == 1):
            raise InputError(
                f"{name}: expected one class index per row, shape (rows,), found "
                f"{described(self.labels)}; are these the logits of a `teacher`?"
            )
        if not shape[0]:
            raise InputError(f"{name}: expected at least one label, found none")
        raw = Flat(self.labels, None).read(slice(0, shape[0]))
        ignored = self.ignore_label
        kept = np.arange(len(raw)) if ignored is None else np.flatnonzero(raw != ignored)
        if not len(kept):
            raise InputError(f"{name}: every label is to be left out; at least one must count")
        found = scan_labels(raw[kept]).moved(kept, 1)
        check_class_indices(found, self.n_classes, self.label_offset, name)
        return None if len(kept) == len(raw) else kept

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

    def read(self, start: int, stop: int) -> SmoothedLabels:
        """Rows ``start`` to ``stop`` (exclusive), with their amounts."""
        rows = slice(start, stop) if self.kept is None else self.kept[start:stop]
        raw = Flat(self.labels, None).read(rows)
        labels: IntArray = raw.astype(np.int64) - self.label_offset
        if self.difficulty is not None and self.hardest is not None:
            p = _label_probabilities(self.difficulty.read(start, stop).logits, labels)
            return SmoothedLabels(labels, self.amount + (self.hardest - self.amount) * (1.0 - p))
        if isinstance(self.amount, np.ndarray):
            return SmoothedLabels(labels, self.amount[rows].reshape(-1).astype(np.float64))
        return SmoothedLabels(labels, np.full(len(labels), float(self.amount)))

    def blocks(self) -> Iterator[TargetBlock]:
        """Yield all targets, block by block and in order."""
        return map_blocks(self, self.make)

    def make(self, rows: SmoothedLabels) -> TargetBlock:
        """The targets of a block. The last column of the sums is the amount."""
        n, n_classes, eps = len(rows.labels), self.n_classes, rows.amounts
        off = eps / (n_classes if self.over == "all" else n_classes - 1)
        on = 1.0 - eps + off if self.over == "all" else 1.0 - eps
        targets = np.empty((n, n_classes), np.float32)
        targets[:] = off.astype(np.float32)[:, None]
        targets.reshape(-1)[class_positions(targets.shape, 1, rows.labels)] = on
        entropy = -(plogp(on) + (n_classes - 1) * plogp(off))
        agreement = (on > off) | ((on == off) & (rows.labels == 0))  # a tie goes to the first class
        columns = [entropy, on, off, (n_classes - 2) * off, agreement.astype(np.float64), eps]
        return TargetBlock(targets, RowSums.from_columns(columns, np.ones(n)))


def _label_probabilities(logits: FloatArray, labels: IntArray) -> Float64:
    """``softmax(z)[label]``, ``(n,)``."""
    k = exponentials(logits, 1.0, np.inf)
    total = k.e.sum(axis=k.axis).astype(np.float64)
    with np.errstate(under="ignore"):
        own = logits.reshape(-1)[class_positions(logits.shape, 1, labels)]
        p = np.exp(own.astype(np.float64) - k.shift) / total
    return np.asarray(np.minimum(p, 1.0))
