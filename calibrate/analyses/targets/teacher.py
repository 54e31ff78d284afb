"""A teacher's softened probabilities as training targets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from calibrate.analyses.targets.labels import (
    TargetBlock,
    Targets,
    check_mix,
    class_positions,
    plogp,
    soft_columns,
)
from calibrate.arrays import Float64, FloatArray, Index, IntArray
from calibrate.blocks.block import Block
from calibrate.blocks.passes import map_blocks
from calibrate.blocks.softmax import FEW_CLASSES, row_dot, scale_rows
from calibrate.blocks.sums import RowSums
from calibrate.calibrators.methods.temperature import check_temperature
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError

CACHED = 1 << 16  # numbers in a piece, 256 KiB of float32
LOG_TINY = np.log(np.finfo(np.float32).tiny)
TINY_BETA = 1e-30  # below this, differences are scaled before they are rounded to float32


@dataclass(frozen=True)
class TeacherTargets:
    """A teacher's probabilities at temperature T, mixed with the hard label where wanted.

    ``q = m softmax(z / T) + (1 - m) [k = y]``. Masked classes (``-inf``) get 0 from the teacher.

    Attributes:
        dataset: the teacher's logits, with labels where they are known.
        temperature: T > 0.
        mix: m, the share of the teacher, in [0, 1]; labels are needed where it is given.

    Raises:
        InputError: the temperature or the mix cannot be used.

    Reference: Hinton, Vinyals & Dean (2015), "Distilling the knowledge in a neural network". They
    add two losses; a cross-entropy is linear in its targets, so mixing these does the same where
    the student is trained at one temperature.
    """

    dataset: Dataset
    temperature: float
    mix: float | None = None

    def __post_init__(self) -> None:
        check_temperature(self.temperature)
        check_mix(self.mix, self.labelled)
        if self.labelled and not self.dataset.hard:
            raise InputError(
                f"{self.dataset.labels_name}: expected one class index per row, found shares of "
                "classes"
            )

    @property
    def labelled(self) -> bool:
        """Whether the labels of the rows are known."""
        return self.dataset.labels is not None

    @property
    def kept(self) -> Index | None:
        """The rows that count; None for all."""
        return self.dataset.selection.numbers

    @property
    def n_out(self) -> int:
        """All rows, those that are left out too."""
        return self.dataset.layout.n_decisions

    @property
    def n_rows(self) -> int:
        return self.dataset.n_rows

    @property
    def n_classes(self) -> int:
        return self.dataset.n_classes

    @property
    def block_rows(self) -> int:
        return self.dataset.block_rows

    def read(self, start: int, stop: int) -> Block:
        return self.dataset.read(start, stop)

    def blocks(self) -> Iterator[TargetBlock]:
        """Yield all targets, block by block and in order."""
        return map_blocks(self, self.make)

    def make(self, rows: Block) -> TargetBlock:
        """The targets of a block, made in pieces that stay in the cache."""
        targets = np.empty(rows.logits.shape, np.float32)
        step = max(1, CACHED // self.n_classes)
        found = [
            self._make_piece(rows, slice(start, start + step), targets)
            for start in range(0, len(targets), step)
        ]
        columns = [np.concatenate(pieces) for pieces in zip(*found, strict=True)]
        return TargetBlock(targets, RowSums.from_columns(columns, rows.weight))

    def _make_piece(self, rows: Block, piece: slice, targets: Targets) -> list[Float64]:
        """Fill some rows of the targets; the figures of these rows."""
        axis = 0 if self.n_classes < FEW_CLASSES else 1  # a short last axis is slow to reduce
        labels = None if rows.labels is None else rows.labels[piece].astype(np.int64, copy=False)
        q, entropy = tempered(rows.logits[piece], 1.0 / self.temperature, axis)
        if self.mix is not None and labels is not None:
            entropy = _mix_in(q, axis, entropy, labels, self.mix)
        columns = soft_columns(q, axis, entropy, labels)
        targets[piece] = q.T if axis == 0 else q
        return columns


def tempered(logits: FloatArray, beta: float, axis: int = 1) -> tuple[Targets, Float64]:
    """``softmax(beta z)`` in float32, a new array, with its entropy ``(n,)`` in nats.

    With ``x = beta (z - max z)`` and p its softmax, the entropy is
    ``log sum_k exp(x_k) - sum_k p_k x_k``.

    Args:
        logits: ``(n, K)``.
        axis: where the classes lie in what is returned: ``(n, K)`` for 1, ``(K, n)`` for 0.
    """
    z = np.ascontiguousarray(logits.T) if axis == 0 else logits
    if beta < TINY_BETA:
        z = z.astype(np.float64)
    with np.errstate(over="ignore", under="ignore"):
        shifted: FloatArray = z - z.max(axis=axis, keepdims=True)
        scale_rows(shifted, beta, axis, out=shifted)
        x = shifted.astype(np.float32, copy=False)
        p = np.exp(x)
        np.maximum(x, LOG_TINY, out=x)  # 0 times -inf would be NaN
        total = p.sum(axis=axis, keepdims=True)
        mean = row_dot(p, x, axis).astype(np.float64)
        p /= total
    sums = total.reshape(-1).astype(np.float64)
    return p, np.log(sums) - mean / sums


def _mix_in(q: Targets, axis: int, entropy: Float64, labels: IntArray, mix: float) -> Float64:
    """Mix the label into the teacher's probabilities, in place; the entropy of the mixture.

    Only the label's own term is not ``m p_k log(m p_k)``, so no further pass is needed.
    """
    flat = q.reshape(-1)
    index = class_positions(q.shape, axis, labels)
    p = flat[index].astype(np.float64)
    own = mix * p + (1.0 - mix)
    q *= np.float32(mix)
    flat[index] = own
    share = float(plogp(np.asarray(mix)))
    others = mix * (-entropy - plogp(p)) + share * (1.0 - p)
    return np.asarray(np.maximum(-(others + plogp(own)), 0.0))
