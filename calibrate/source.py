"""Rows by range, from memory or from disk, never the whole array at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from calibrate import batch as door
from calibrate.batch import AnyArray, Batch, FloatArray
from calibrate.blocks import map_reduce, rows_per_block
from calibrate.errors import InputError
from calibrate.inspection import Findings, RawBlock, inspect, raise_if_bad

SMALL = 1 << 19  # up to so many scores are computed in float64, whatever their dtype
FINGERPRINT_ROWS = 64


@dataclass(frozen=True)
class _RawRows:
    """The rows as they stand in the file, for the inspection at the door."""

    logits: AnyArray
    labels: AnyArray | None
    scores: str | None
    label_offset: int
    on_rows: Callable[[int], None] | None

    @property
    def n_rows(self) -> int:
        return len(self.logits)

    @property
    def block_rows(self) -> int:
        return rows_per_block(self.logits.shape[1])

    def read(self, start: int, stop: int) -> RawBlock:
        if self.on_rows:
            self.on_rows(stop - start)
        labels = None if self.labels is None else self.labels[start:stop]
        return RawBlock(start, self.logits[start:stop], labels, self.scores, self.label_offset)


@dataclass(frozen=True)
class Source:
    """Validated rows, readable by range as ``Batch``; made by ``Source.open``.

    Attributes:
        logits, labels, weights, folds: whole arrays, often memory-mapped, in the file's dtype.
        scores: what the values are; probabilities are turned into logits block by block.
        factor: what the logits are multiplied with, a power of two.
        magnitude: the largest ``|logit|``; inf where classes are masked or unknown.
        left_out: the fold whose rows weigh 0, or None.
        warnings: what the user should know about the values.
        on_rows: called with the number of rows at each read, for progress.
    """

    logits: AnyArray
    labels: AnyArray | None
    scores: str = "logits"
    factor: float = 1.0
    label_offset: int = 0
    weights: npt.NDArray[np.float64] | None = None
    folds: npt.NDArray[np.int16] | None = None
    left_out: int | None = None
    magnitude: float = np.inf
    warnings: tuple[str, ...] = ()
    logits_name: str = "logits"
    labels_name: str = "labels"
    on_rows: Callable[[int], None] | None = field(default=None, compare=False)

    @staticmethod
    def open(
        logits: AnyArray,
        labels: AnyArray | None = None,
        *,
        weights: AnyArray | None = None,
        scores: str | None = None,
        label_offset: int = 0,
        logits_name: str = "logits",
        labels_name: str = "labels",
        weights_name: str = "weights",
        workers: int | None = None,
        on_rows: Callable[[int], None] | None = None,
    ) -> Source:
        """Validate arrays, in one pass over them, and make them a Source.

        Args:
            logits: ``(n, K)`` real; float16 to float64 or integers.
            labels: ``(n,)`` class indices, or None where none are needed.
            weights: ``(n,)`` non-negative row weights.
            scores: ``"logits"``, ``"probabilities"``, ``"log-probabilities"``; None means
                logits, refused where every row is non-negative and sums to 1.
            label_offset: the number of the first class, 0 or 1 as a rule.

        Raises:
            InputError: anything that cannot be used, with the place in the data.
        """
        if scores is not None and scores not in door.SCORES:
            raise InputError(f"scores: expected one of {', '.join(door.SCORES)}; got {scores!r}")
        logits = np.asarray(logits)
        labels = None if labels is None else np.asarray(labels)
        door.check_shapes(logits, labels, logits_name, labels_name)
        rows, classes = logits.shape
        if weights is not None:
            weights = door.check_weights(np.asarray(weights), rows, weights_name)
        raw = _RawRows(logits, labels, scores, label_offset, on_rows)
        found = map_reduce(raw, inspect, workers)
        warnings = raise_if_bad(
            found, classes, scores, logits.dtype, label_offset, logits_name, labels_name
        )
        return Source(
            logits,
            labels,
            scores=scores or "logits",
            label_offset=label_offset,
            weights=weights,
            magnitude=_magnitude(found, scores),
            warnings=warnings,
            logits_name=logits_name,
            labels_name=labels_name,
            on_rows=on_rows,
        )

    @property
    def n_rows(self) -> int:
        return len(self.logits)

    @property
    def n_classes(self) -> int:
        return int(self.logits.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision of the logits that ``read`` gives."""
        return door.working_dtype(self.logits.dtype)

    @property
    def block_rows(self) -> int:
        return rows_per_block(self.n_classes)

    def read(self, start: int, stop: int) -> Batch:
        """Rows ``start`` to ``stop`` (exclusive) as logits with their labels and weights."""
        if self.on_rows:
            self.on_rows(stop - start)
        labels = self.labels
        folds = None if self.folds is None else self.folds[start:stop]
        return Batch(
            logits=self._logits(slice(start, stop)),
            labels=None
            if labels is None
            else door.as_labels(labels[start:stop], self.label_offset),
            weights=self._weights(start, stop, folds),
            folds=folds,
            start=start,
        )

    def _logits(self, rows: slice) -> FloatArray:
        logits = door.as_logits(self.logits[rows], self.scores)
        if self.factor != 1.0:
            with np.errstate(over="ignore", under="ignore"):
                logits = np.ldexp(logits, int(np.log2(self.factor)))
                np.minimum(logits, np.finfo(logits.dtype).max, out=logits)
        return logits

    def _weights(
        self, start: int, stop: int, folds: npt.NDArray[np.int16] | None
    ) -> npt.NDArray[np.float64] | None:
        weights = None if self.weights is None else self.weights[start:stop]
        if folds is None or self.left_out is None:
            return weights
        kept: npt.NDArray[np.float64] = (folds != self.left_out).astype(np.float64)
        if weights is not None:
            kept *= weights
        return kept

    def sample(self, rows: int) -> Source:
        """About ``rows`` evenly spread rows, copied, as a Source of their own."""
        every = slice(None, None, max(1, self.n_rows // rows))
        folds = None if self.folds is None else self.folds[every]
        return replace(
            self,
            logits=self._logits(every),
            labels=None if self.labels is None else self.labels[every],
            weights=None if self.weights is None else self.weights[every],
            folds=folds,
            scores="logits",
            factor=1.0,
            on_rows=None,
        )

    def take(self, rows: npt.NDArray[np.intp]) -> Source:
        """The rows of these numbers, copied, as a Source of their own."""
        return replace(
            self,
            logits=self.logits[rows],
            labels=None if self.labels is None else self.labels[rows],
            weights=None if self.weights is None else self.weights[rows],
            folds=None if self.folds is None else self.folds[rows],
            on_rows=None,
        )

    def fingerprint(self) -> str:
        """A digest of the shape, some scores and all labels of some rows: the same rows again?"""
        few = self.sample(FINGERPRINT_ROWS)
        digest = hashlib.sha256(repr((self.n_rows, self.n_classes)).encode())
        corner = few.logits[:FINGERPRINT_ROWS, :FINGERPRINT_ROWS]
        digest.update(np.ascontiguousarray(corner, dtype=np.float64).tobytes())
        if few.labels is not None:
            labels = door.as_labels(few.labels[:FINGERPRINT_ROWS], self.label_offset)
            digest.update(labels.tobytes())
        return digest.hexdigest()[:32]

    def precise(self) -> Source:
        """The same rows as float64 logits where they are so few that this costs nothing."""
        if self.n_rows * self.n_classes > SMALL:
            return self
        exact = door.as_logits(self.logits, self.scores).astype(np.float64)
        return replace(self, logits=exact, scores="logits")

    def rescaled(self, factor: float) -> Source:
        """The same rows with all logits multiplied by ``factor``, a power of two."""
        return replace(self, factor=factor, magnitude=self.magnitude * factor, on_rows=None)

    def with_folds(self, n_folds: int, seed: int) -> Source:
        """Deal the rows into ``n_folds`` folds: each run of ``n_folds`` rows, in random order."""
        groups = -(-self.n_rows // n_folds)
        folds = np.tile(np.arange(n_folds, dtype=np.int16), (groups, 1))
        np.random.default_rng(seed).permuted(folds, axis=1, out=folds)
        return replace(self, folds=folds.reshape(-1)[: self.n_rows])

    def without_fold(self, fold: int) -> Source:
        """The same rows, those of ``fold`` weighing nothing."""
        return replace(self, left_out=fold)


def _magnitude(found: Findings, scores: str | None) -> float:
    if scores == "probabilities":
        return np.inf
    return max(abs(found.low), abs(found.high))
