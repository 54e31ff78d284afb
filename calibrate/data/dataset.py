"""Checked rows by range, from memory or from disk, never the whole array at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from calibrate.arrays import AnyArray, Float64, FloatArray, Index, Labels, Values
from calibrate.blocks.block import Block, Smoothing
from calibrate.blocks.passes import map_reduce, rows_per_block
from calibrate.blocks.scores import NO_ZEROS, Zeros, as_logits, two_sided, working_dtype
from calibrate.data.column import Column, Flat, as_column, in_memory
from calibrate.data.confidences import like_percent, said_in, shares_of
from calibrate.data.labels import as_labels
from calibrate.data.layout import Layout, Selection, flat_labels, layout_of, numbered_labels
from calibrate.data.reading import Reading
from calibrate.data.row_digests import RowDigests
from calibrate.data.scan import RawRows, ScanStep, raise_if_bad
from calibrate.data.units import Folds, clusters_of, deal, weights_of
from calibrate.tasks import Task
from calibrate.text import Summarised, cut

SMALL = 1 << 19  # up to so many scores are computed in float64, whatever their dtype


@dataclass(frozen=True, repr=False)
class Dataset(Summarised):
    """Checked rows, readable by range as ``Block``; made by ``Dataset.of``.

    A row is one decision: one of K classes, or yes or no about one label. A dataset over files
    pickles as their address.

    Attributes:
        logits, labels: as they are in the file.
        layout: what they mean.
        selection: the rows of these that count.
        reading: how they are to be read.
        hard: whether every label is one class.
        magnitude: the largest ``|logit|``; inf where classes are masked or unknown.
        weights, folds: per row that counts, or None.
        clusters: ``(n_rows,)`` the unit of each row that counts, where said; None: see ``units``.
        factor: what the logits are multiplied with, a power of two.
        smoothing: what softens the labels, or None.
        left_out: the fold whose rows weigh 0, or None.
        zeros, class_names: what probabilities of 0 are read as; names of the columns, if known.
        warnings, notes: what the user should know about the values, and how they were understood.
    """

    logits: Column
    labels: Column | None
    layout: Layout
    selection: Selection
    reading: Reading
    hard: bool = True
    magnitude: float = np.inf
    weights: Float64 | None = None
    folds: Folds | None = None
    clusters: Index | None = None
    factor: float = 1.0
    smoothing: Smoothing | None = None
    left_out: int | None = None
    zeros: Zeros = NO_ZEROS
    digests: RowDigests | None = None
    warnings: tuple[str, ...] = ()
    class_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()

    @staticmethod
    def of(
        logits: Values | Column,
        labels: Values | Column | None = None,
        *,
        weights: Values | Column | None = None,
        clusters: Values | Column | None = None,
        reading: Reading | None = None,
    ) -> Dataset:
        """Validate arrays, in one pass over them, and make them a Dataset.

        Args:
            logits: ``(..., K)`` real, float16 to float64 or integers; ``(n,)`` or ``(n, 1)`` of a
                binary model; ``(..., L)`` of a multi-label one.
            labels: class indices or names ``(...)``, shares of classes ``(..., K)`` that sum to
                1, or, of yes-no decisions, 0 and 1 or shares between; None where none are needed.
            weights: ``(n,)`` non-negative row weights.
            clusters: ``(n,)`` numbers or text: rows of the same belong together; None: ``units``.
            reading: how to read them; None: as they seem to be.

        Raises:
            InputError: anything that cannot be used, with the place in the data.
        """
        reading, given = reading or Reading(), as_column(logits, "logits")
        z = said_in(given, reading)
        y, names, notes = numbered_labels(z, labels, reading)
        layout, kept = layout_of(z, y, reading)
        selection = Selection.of(layout.n_decisions, kept)
        checked = units = None
        if weights is not None:
            checked = weights_of(as_column(weights, "weights"), layout, selection)
        if clusters is not None:
            units = clusters_of(as_column(clusters, "clusters"), layout, selection, checked)
        raw = RawRows(Flat(z, layout.width), flat_labels(y, layout), selection)
        found = map_reduce(raw, ScanStep(reading)).in_file(selection, layout.n_labels)
        zeros = raise_if_bad(found, raw, layout, reading, given.dtype)
        percents = like_percent(found.scores.lowest, found.scores.high, layout.task, reading)
        return Dataset(
            z,
            y,
            layout,
            selection,
            reading,
            hard=found.labels.hard,
            magnitude=np.inf if reading.scores == "probabilities" else found.scores.magnitude,
            weights=checked,
            clusters=units,
            zeros=zeros,
            digests=found.digests.sample,
            warnings=(*zeros.warnings, *percents),
            class_names=names,
            notes=(*notes, *zeros.notes),
        )

    def _summary(self) -> dict[str, str]:
        several = self.task is Task.multilabel  # each row is about one of its labels
        noun = "decisions" if several else "rows"
        found = {"rows": f"{cut(self.logits.name)}: {self.n_rows:,} {noun}"}
        if several:
            found["decided"] = f"{self.layout.n_labels:,} labels"
        elif not self.task.one_score:
            found["classes"] = f"{self.n_classes:,} classes"
        found["task"] = str(self.task)
        kind = "hard labels" if self.hard else "soft labels"
        found["labels"] = "no labels" if self.labels is None else kind
        if self.weights is not None:
            found["weights"] = "weighted"
        if self.clusters is not None:
            found["clusters"] = "clustered"
        if self.smoothing is not None:
            found["label smoothing"] = f"label smoothing {self.smoothing}"
        return found

    @property
    def n_rows(self) -> int:
        return self.selection.n_rows

    @property
    def n_classes(self) -> int:
        """2 for yes-no decisions."""
        return self.layout.n_classes

    @property
    def task(self) -> Task:
        return self.layout.task

    @property
    def scores(self) -> str:
        """What the values are; probabilities are turned into logits block by block."""
        return self.reading.scores or "logits"

    @property
    def labels_name(self) -> str:
        return self.labels.name if self.labels else ""

    @property
    def n_examples(self) -> int:
        """The rows that count; of multi-label models, those with some annotated label."""
        n_labels = self.layout.n_labels
        return self.n_rows if n_labels == 1 else len(np.unique(self.numbers // n_labels))

    def units(self, which: slice) -> Index | None:
        """Which unit some of the rows belong to; None where each is on its own."""
        if self.clusters is not None:
            return self.clusters[which]
        each = self.layout.n_decisions // self.layout.shape[0]
        return None if each == 1 else self.selection.in_file(which) // each

    @property
    def alone(self) -> bool:
        """Whether each row is a unit of its own."""
        return self.n_units == self.n_rows

    @cached_property
    def n_units(self) -> int:
        """The units that count, independent of each other: as many as rows if these are."""
        units = self.units(slice(None))
        return self.n_rows if units is None else len(np.unique(units))

    @property
    def numbers(self) -> Index:
        """Where in the flattened scores the rows that count are."""
        return self.selection.in_file(slice(None))

    @property
    def columns(self) -> Index:
        """Which label of a multi-label model each row is about; 0 otherwise."""
        return self.numbers % self.layout.n_labels

    @property
    def weight(self) -> Float64:
        """The row weights; ones where there are none."""
        return np.ones(self.n_rows) if self.weights is None else self.weights

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision of the logits that ``read`` gives."""
        return working_dtype(self.logits.dtype)

    @property
    def block_rows(self) -> int:
        """Whole examples of a multi-label model, as far as all their labels count."""
        n_labels = self.layout.n_labels
        return max(1, rows_per_block(self.n_classes) // n_labels) * n_labels

    def read(self, start: int, stop: int) -> Block:
        """Rows ``start`` to ``stop`` (exclusive) as logits with their labels and weights."""
        which = slice(start, stop)
        rows = self.selection.in_columns(which)
        raw = self._flat[0].read(rows)
        folds = None if self.folds is None else self.folds[which]
        several = self.task is Task.multilabel
        columns = self.selection.in_file(which) % self.layout.n_labels if several else None
        return Block(
            logits=two_sided(self._logits(raw)),
            labels=self._labels(rows),
            weights=self._weights(which, folds),
            folds=folds,
            columns=columns,
            units=self.units(which),
            smoothing=self.smoothing,
            said=shares_of(raw, self.reading),
            start=start,
        )

    @cached_property
    def _flat(self) -> tuple[Flat, Flat | None]:
        """Scores and labels with one row per decision."""
        return Flat(self.logits, self.layout.width), flat_labels(self.labels, self.layout)

    def _logits(self, raw: AnyArray) -> FloatArray:
        logits = as_logits(raw, self.scores, self.zeros)
        if self.factor != 1.0:
            with np.errstate(over="ignore", under="ignore"):
                logits = np.ldexp(logits, int(np.log2(self.factor)))
                np.minimum(logits, np.finfo(logits.dtype).max, out=logits)
        return logits

    def _labels(self, rows: slice | Index) -> Labels | None:
        flat = self._flat[1]
        if flat is None:
            return None
        return as_labels(flat.read(rows), self.reading.label_offset, hard=self.hard)

    def _weights(self, which: slice, folds: Folds | None) -> Float64 | None:
        weights = None if self.weights is None else self.weights[which]
        if folds is None or self.left_out is None:
            return weights
        kept: Float64 = (folds != self.left_out).astype(np.float64)
        return kept if weights is None else kept * weights

    def sample(self, rows: int) -> Dataset:
        """About ``rows`` evenly spread rows, copied, as a Dataset of their own."""
        few = self.take(np.arange(0, self.n_rows, max(1, self.n_rows // rows)))
        logits = few._logits(few._flat[0].read(few.selection.in_columns(slice(0, few.n_rows))))
        return few._copied(logits, factor=1.0)

    def precise(self) -> Dataset:
        """The same rows as float64 logits where they are so few that this costs nothing."""
        if self.n_rows * self.n_classes > SMALL or self.reading.of_answers:
            return self  # the latter are precise, and to be seen as they were said
        raw = self._flat[0].read(self.selection.in_columns(slice(0, self.n_rows)))
        exact = as_logits(raw, self.scores, self.zeros).astype(np.float64)
        return self._copied(exact, factor=self.factor)

    def _copied(self, logits: FloatArray, factor: float) -> Dataset:
        """The same rows, these copied out of the file as logits."""
        labels = self.labels
        if labels is not None and self._flat[1] is not None:
            rows = self.selection.in_columns(slice(0, self.n_rows))
            labels = in_memory(self._flat[1].read(rows), labels.name)
        return replace(
            self,
            logits=in_memory(logits, self.logits.name),
            labels=labels,
            selection=self.selection.copied(),
            reading=replace(self.reading, scores="logits", percent=False),
            factor=factor,
        )

    def take(self, rows: Index) -> Dataset:
        """The rows of these ascending numbers as a Dataset of their own."""
        return replace(
            self,
            selection=self.selection.take(rows),
            weights=None if self.weights is None else self.weights[rows],
            folds=None if self.folds is None else self.folds[rows],
            clusters=None if self.clusters is None else self.clusters[rows],
        )

    def smoothed(self, smoothing: Smoothing) -> Dataset:
        """The same rows with softened labels."""
        return replace(self, smoothing=smoothing)

    def rescaled(self, factor: float) -> Dataset:
        """The same rows with all logits multiplied by ``factor``, a power of two."""
        return replace(self, factor=factor, magnitude=self.magnitude * factor)

    def with_folds(self, n_folds: int, seed: int) -> Dataset:
        """Deal the units into ``n_folds`` folds: each run of ``n_folds``, in random order."""
        return replace(self, folds=deal(self.units(slice(None)), self.n_units, n_folds, seed))

    def without_fold(self, fold: int) -> Dataset:
        """The same rows, those of ``fold`` weighing nothing."""
        return replace(self, left_out=fold)
