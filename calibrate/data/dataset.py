"""Rows by range, from memory or from disk, never the whole array at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from calibrate.blocks import block as door
from calibrate.blocks.block import AnyArray, Block, FloatArray, Index, Smoothing
from calibrate.blocks.passes import map_reduce, rows_per_block
from calibrate.data.layout import check_offset, layout_of, row_weights
from calibrate.data.score_checks import RawRows, in_the_file, inspect, raise_if_bad
from calibrate.errors import check_known

SMALL = 1 << 19  # up to so many scores are computed in float64, whatever their dtype


@dataclass(frozen=True)
class Dataset:
    """Validated rows, readable by range as ``Block``; made by ``Dataset.open``.

    A row is one decision: one of K classes, or yes or no about one label.

    Attributes:
        logits, labels: whole arrays, often memory-mapped, in the file's dtype and the shape that
            ``forms.py`` gives them.
        kept: the rows of these that count, or None for all.
        weights, folds: per row that counts, or None.
        entries: where in the scores of the file each row is, where rows were copied out of them.
        task: ``"multiclass"``, ``"binary"`` or ``"multilabel"``.
        shape: of the scores as they were given.
        hard: whether every label is one class.
        scores: what the values are; probabilities are turned into logits block by block.
        factor: what the logits are multiplied with, a power of two.
        magnitude: the largest ``|logit|``; inf where classes are masked or unknown.
        smoothing: what softens the labels, or None.
        left_out: the fold whose rows weigh 0, or None.
        warnings: what the user should know about the values.
        on_rows: called with the number of rows at each read, for progress.
    """

    logits: AnyArray
    labels: AnyArray | None
    kept: Index | None = None
    task: str = "multiclass"
    shape: tuple[int, ...] = ()
    hard: bool = True
    scores: str = "logits"
    factor: float = 1.0
    label_offset: int = 0
    weights: npt.NDArray[np.float64] | None = None
    folds: npt.NDArray[np.int16] | None = None
    entries: Index | None = None
    smoothing: Smoothing | None = None
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
        task: str | None = None,
        weights: AnyArray | None = None,
        scores: str | None = None,
        label_offset: int = 0,
        ignore_label: int | None = None,
        logits_name: str = "logits",
        labels_name: str = "labels",
        weights_name: str = "weights",
        workers: int | None = None,
        on_rows: Callable[[int], None] | None = None,
    ) -> Dataset:
        """Validate arrays, in one pass over them, and make them a Dataset.

        Args:
            logits: ``(..., K)`` real, float16 to float64 or integers; ``(n,)`` or ``(n, 1)`` of a
                binary model; ``(..., L)`` of a multi-label one.
            labels: class indices ``(...)``, shares of classes ``(..., K)`` that sum to 1, or, of
                yes-no decisions, 0 and 1 or shares between; None where none are needed.
            task: ``"multiclass"``, ``"binary"`` or ``"multilabel"``; None: by the shape, never
                multi-label.
            weights: ``(n,)`` non-negative row weights.
            scores: ``"logits"``, ``"probabilities"``, ``"log-probabilities"``; None means
                logits, refused where they look like probabilities.
            label_offset: the number of the first class, 0 or 1 as a rule.
            ignore_label: the label of rows to leave out.

        Raises:
            InputError: anything that cannot be used, with the place in the data.
        """
        if scores is not None:
            check_known("scores", [scores], door.SCORES)
        logits = np.asarray(logits)
        labels = None if labels is None else np.asarray(labels)
        form = layout_of(logits, labels, task, ignore_label, logits_name, labels_name)
        check_offset(label_offset, form, labels_name)
        raw = RawRows(form.logits, form.labels, form.kept, scores, label_offset, on_rows)
        if weights is not None:
            given = row_weights(np.asarray(weights), form)
            weights = door.check_weights(given, raw.n_rows, weights_name)
        per_row = form.n_columns if form.task == "multilabel" else 1
        found = in_the_file(map_reduce(raw, inspect, workers), form.kept, per_row)
        warnings = raise_if_bad(found, raw.read(0, 1), form.n_columns, logits_name, labels_name)
        return Dataset(
            form.logits,
            form.labels,
            kept=form.kept,
            task=form.task,
            shape=form.shape,
            hard=found.labels.hard,
            scores=scores or "logits",
            label_offset=label_offset,
            weights=weights,
            magnitude=np.inf if scores == "probabilities" else found.magnitude,
            warnings=warnings,
            logits_name=logits_name,
            labels_name=labels_name,
            on_rows=on_rows,
        )

    @property
    def n_rows(self) -> int:
        return len(self.logits) if self.kept is None else len(self.kept)

    @property
    def n_classes(self) -> int:
        """2 for yes-no decisions."""
        return int(self.logits.shape[1]) if self.logits.ndim == 2 else 2

    @property
    def n_columns(self) -> int:
        """The classes, or the labels of a multi-label model."""
        return self.n_labels if self.task == "multilabel" else self.n_classes

    @property
    def n_examples(self) -> int:
        """The rows that count; of a multi-label model, those that have some annotated label."""
        if self.task != "multilabel":
            return self.n_rows
        if self.kept is None and self.entries is None:
            return len(self.logits) // self.n_labels
        examples = self.entry_numbers() // self.n_labels
        return 1 + int(np.count_nonzero(examples[1:] != examples[:-1]))

    def entry_numbers(self, which: slice = slice(None)) -> Index:
        """Where in the flattened scores of the file the rows that count are."""
        if self.entries is not None:
            return self.entries[which]
        if self.kept is not None:
            return self.kept[which]
        return np.arange(*which.indices(self.n_rows))

    @property
    def n_labels(self) -> int:
        """The labels of a multi-label model; 1 otherwise."""
        return int(self.shape[-1]) if self.task == "multilabel" else 1

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision of the logits that ``read`` gives."""
        return door.working_dtype(self.logits.dtype)

    @property
    def block_rows(self) -> int:
        """Whole examples of a multi-label model, as far as all their labels count."""
        rows = rows_per_block(self.n_classes)
        return max(1, rows // self.n_labels) * self.n_labels

    def read(self, start: int, stop: int) -> Block:
        """Rows ``start`` to ``stop`` (exclusive) as logits with their labels and weights."""
        if self.on_rows:
            self.on_rows(stop - start)
        which = slice(start, stop)
        folds = None if self.folds is None else self.folds[which]
        entries = self.entry_numbers(which) if self.task == "multilabel" else None
        return Block(
            logits=self._two_sided(self._logits(self._numbers(which))),
            labels=self._labels(self._numbers(which)),
            weights=self._weights(start, stop, folds),
            folds=folds,
            columns=None if entries is None else entries % self.n_labels,
            clusters=None if entries is None else entries // self.n_labels,
            smoothing=self.smoothing,
            start=start,
        )

    def _numbers(self, which: slice) -> slice | Index:
        """Where in the arrays the chosen ones of the rows that count are."""
        return which if self.kept is None else self.kept[which]

    def _logits(self, rows: slice | Index) -> FloatArray:
        logits = door.as_logits(self.logits[rows], self.scores)
        if self.factor != 1.0:
            with np.errstate(over="ignore", under="ignore"):
                logits = np.ldexp(logits, int(np.log2(self.factor)))
                np.minimum(logits, np.finfo(logits.dtype).max, out=logits)
        return logits

    @staticmethod
    def _two_sided(logits: FloatArray) -> FloatArray:
        """``[0, z]`` for the logit z of yes: softmax of it is the sigmoid."""
        if logits.ndim == 2:
            return logits
        both = np.zeros((len(logits), 2), dtype=logits.dtype)
        both[:, 1] = logits
        return both

    def _labels(self, rows: slice | Index) -> door.Labels | None:
        if self.labels is None:
            return None
        raw = self.labels[rows]
        if raw.ndim == 2 and self.hard:
            return np.asarray(raw.argmax(axis=1), dtype=np.int64)
        if raw.ndim == 2:
            shares = raw.astype(np.float64)
            shares /= shares.sum(axis=1, keepdims=True)
            return shares
        if self.hard:
            return np.asarray(raw.astype(np.int64) - self.label_offset)
        yes = raw.astype(np.float64) - self.label_offset
        return np.stack([1 - yes, yes], axis=1)

    def _weights(
        self, start: int, stop: int, folds: npt.NDArray[np.int16] | None
    ) -> npt.NDArray[np.float64] | None:
        weights = None if self.weights is None else self.weights[start:stop]
        if folds is None or self.left_out is None:
            return weights
        kept: npt.NDArray[np.float64] = (folds != self.left_out).astype(np.float64)
        return kept if weights is None else kept * weights

    def sample(self, rows: int) -> Dataset:
        """About ``rows`` evenly spread rows, copied, as a Dataset of their own."""
        few = self.take(np.arange(0, self.n_rows, max(1, self.n_rows // rows)))
        assert few.kept is not None
        return replace(
            few,
            logits=few._logits(few.kept),
            labels=None if few.labels is None else few.labels[few.kept],
            kept=None,
            entries=few.entry_numbers(),
            scores="logits",
            factor=1.0,
        )

    def take(self, rows: Index) -> Dataset:
        """The rows of these numbers as a Dataset of their own."""
        return replace(
            self,
            kept=rows if self.kept is None else self.kept[rows],
            weights=None if self.weights is None else self.weights[rows],
            folds=None if self.folds is None else self.folds[rows],
            entries=None if self.entries is None else self.entries[rows],
            on_rows=None,
        )

    def precise(self) -> Dataset:
        """The same rows as float64 logits where they are so few that this costs nothing."""
        if self.n_rows * self.n_classes > SMALL:
            return self
        rows = self._numbers(slice(None))
        exact = door.as_logits(self.logits[rows], self.scores).astype(np.float64)
        labels = None if self.labels is None else self.labels[rows]
        entries = self.entry_numbers()
        return replace(
            self, logits=exact, labels=labels, kept=None, entries=entries, scores="logits"
        )

    def smoothed(self, smoothing: Smoothing) -> Dataset:
        """The same rows with softened labels."""
        return replace(self, smoothing=smoothing)

    def rescaled(self, factor: float) -> Dataset:
        """The same rows with all logits multiplied by ``factor``, a power of two."""
        return replace(self, factor=factor, magnitude=self.magnitude * factor, on_rows=None)

    def with_folds(self, n_folds: int, seed: int) -> Dataset:
        """Deal the rows into ``n_folds`` folds: each run of ``n_folds`` rows, in random order."""
        together = self.task == "multilabel"  # the labels of one example stay together
        examples = int(self.entry_numbers()[-1]) // self.n_labels + 1 if together else self.n_rows
        groups = -(-examples // n_folds)
        folds = np.tile(np.arange(n_folds, dtype=np.int16), (groups, 1))
        np.random.default_rng(seed).permuted(folds, axis=1, out=folds)
        dealt = folds.reshape(-1)[:examples]
        if together:
            dealt = dealt[self.entry_numbers() // self.n_labels]
        return replace(self, folds=dealt)

    def without_fold(self, fold: int) -> Dataset:
        """The same rows, those of ``fold`` weighing nothing."""
        return replace(self, left_out=fold)


Source = Dataset  # its former name, which works until 1.0
