"""Sums over rows, from which cluster figures and their bootstrap samples are computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.analyses.clusters.template_plane import TemplatePlane, templates_of
from calibrate.arrays import AnyArray, Float64, described
from calibrate.blocks.block import Block
from calibrate.blocks.passes import map_blocks, rows_per_block
from calibrate.data.columns import Column
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError

MAX_CELLS = 4096
MOST_DRAWN = 2_000  # points of a class
MASKED = -1e8  # no network's logit: a finite stand-in for -inf
FARTHEST = 1e30  # of a coordinate: squares and drawings stay finite


@dataclass(frozen=True)
class ClusterModel:
    """One model to look at: its logits and, where these are known, its features and last layer.

    Attributes:
        name: the title of its panel.
        dataset: its logits with the labels.
        features: ``(n, d)`` of the layer before the last, or None to look at the logits.
        weights: ``(K, d)`` or ``(d, K)`` of the last layer; given with the features.
        weights_axis: along which the classes lie in the weights; None where the shape tells.
    """

    name: str
    dataset: Dataset
    features: Column | None = None
    weights: Column | None = None
    weights_axis: int | None = None

    def plane(self, classes: Sequence[int]) -> TemplatePlane:
        """The plane through the templates of three classes.

        Raises:
            InputError: features and weights do not fit, or there is no such plane.
        """
        if self.features is None or self.weights is None:
            return TemplatePlane.of_logits()
        n, shape = self.dataset.n_rows, self.features.shape
        if self.features.dtype.kind not in "fiu" or len(shape) != 2 or shape[0] != n:
            raise InputError(
                f"{self.features.name}: expected features as real numbers of shape ({n}, d), "
                f"a row for each of {self.dataset.logits.name}, found {described(self.features)}"
            )
        where, k = self.weights.name, self.dataset.n_classes
        weights = self.weights.read(0, (self.weights.shape or (0,))[0])
        templates = templates_of(weights, classes, k, shape[1], self.weights_axis, where)
        return TemplatePlane.through(templates, where)


@dataclass(frozen=True)
class _Rows:
    """Logits and features of the same rows, by range."""

    dataset: Dataset
    features: Column | None

    @property
    def n_rows(self) -> int:
        return self.dataset.n_rows

    @property
    def block_rows(self) -> int:
        width = 0 if self.features is None else self.features.shape[1]
        return rows_per_block(max(self.dataset.n_classes, width))

    def read(self, start: int, stop: int) -> tuple[Block, AnyArray | None]:
        features = None if self.features is None else self.features.read(start, stop)
        return self.dataset.read(start, stop), features


@dataclass(frozen=True)
class ClusterSums:
    """What the rows of a block, or of all blocks, add up to.

    Attributes:
        sums: ``(15, cells)``: of the points of each class their number and the sums of x, y and
            x² + y²; of all rows their number and the sums of wrong-class spreads and of gaps.
        points: per class ``(m, 2)`` float32.
        masked: how many finite logits were taken as masked.
    """

    sums: Float64
    points: tuple[AnyArray, ...]
    masked: int

    @staticmethod
    def of(model: ClusterModel, plane: TemplatePlane, classes: Sequence[int]) -> ClusterSums:
        """One pass over the rows of a model.

        Raises:
            InputError: a class is masked where a point is wanted, or features are not finite.
        """
        raw = model.dataset.logits.dtype
        lowest = float(np.finfo(raw).min) if raw.kind == "f" else -np.inf
        step = _Step(model, plane, tuple(classes), max(MASKED, lowest))
        sums: Float64 | float = 0.0
        points: list[tuple[AnyArray, ...]] = []
        masked = 0
        for part in map_blocks(_Rows(model.dataset, model.features), step):
            sums = sums + part.sums
            points.append(part.points)
            masked += part.masked
        joined = tuple(np.concatenate(of_class) for of_class in zip(*points, strict=True))
        return ClusterSums(np.asarray(sums), joined, masked)

    def drawn(self) -> tuple[AnyArray, ...]:
        """At most 2 000 points of each class, evenly spread over its rows."""
        return tuple(
            each[np.arange(min(len(each), MOST_DRAWN)) * len(each) // min(len(each), MOST_DRAWN)]
            for each in self.points
        )


@dataclass(frozen=True)
class _Step:
    """How to look at a block of one model."""

    model: ClusterModel
    plane: TemplatePlane
    classes: tuple[int, ...]
    floor: float

    def __call__(self, block: tuple[Block, AnyArray | None]) -> ClusterSums:
        rows, features = block
        labels = rows.target
        z = rows.logits.astype(np.float64)
        masked = z <= self.floor
        cell, n_cells = cell_of(rows.start + np.arange(len(z)), self.model.dataset.n_rows)
        which = np.full(len(z), -1)
        for i, k in enumerate(self.classes):
            which[labels == k] = i
        inside = np.flatnonzero(which >= 0)
        points = self._points(rows.start, z, masked, features, inside)
        x, y = points.T
        sums = []
        for i in range(3):
            own = which[inside] == i
            for values in (own, own * x, own * y, own * (x * x + y * y)):
                sums.append(np.bincount(cell[inside], values, n_cells))
        for values in _wrong_spreads(z, masked, labels):
            sums.append(np.bincount(cell, values, n_cells))
        shown = tuple(points[which[inside] == i].astype(np.float32) for i in range(3))
        finite = int(np.count_nonzero(masked) - np.count_nonzero(np.isneginf(z)))
        return ClusterSums(np.stack(sums), shown, finite)

    def _points(
        self, start: int, z: Float64, masked: AnyArray, features: AnyArray | None, rows: AnyArray
    ) -> Float64:
        if features is None:
            columns = list(self.classes)
            hidden = masked[rows][:, columns]
            if hidden.any():
                row, column = np.unravel_index(int(hidden.argmax()), hidden.shape)
                raise InputError(
                    f"{self.model.dataset.logits.name}: class {columns[int(column)]} is masked in "
                    f"row {start + rows[row]}, which belongs to one of the three classes; "
                    "choose classes that no such row masks, or leave those rows out"
                )
            found = self.plane.project(z[rows][:, columns])
            where = self.model.dataset.logits.name
        else:
            where = self.model.features.name if self.model.features else ""
            bad = ~np.isfinite(features)
            if bad.any():
                row, column = np.unravel_index(int(bad.argmax()), bad.shape)
                raise InputError(
                    f"{where}: expected finite features, found {features[row, column]} at row "
                    f"{start + row}, column {column}"
                )
            found = self.plane.project(features[rows].astype(np.float64))
        far = np.abs(found).max(axis=1) > FARTHEST
        if far.any():
            raise InputError(
                f"{where}: row {start + rows[int(far.argmax())]} lies more than {FARTHEST:g} from "
                "the templates; expected values that can be drawn"
            )
        return found


def _wrong_spreads(z: Float64, masked: AnyArray, labels: AnyArray) -> tuple[Float64, ...]:
    """1, the standard deviation of the wrong-class logits and the label's lead over their mean.

    All 0 in rows whose label is masked, or with fewer than two wrong classes left.
    """
    rows = np.arange(len(z))
    wrong = ~masked
    wrong[rows, labels] = False
    count = wrong.sum(axis=1)
    usable = (count >= 2) & ~masked[rows, labels]
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.where(wrong, z, 0.0).sum(axis=1) / np.maximum(count, 1)
        off = np.where(wrong, z - mean[:, None], 0.0)
        spread = np.sqrt(np.square(off).sum(axis=1) / np.maximum(count, 1))
        gap = z[rows, labels] - mean
    return usable.astype(np.float64), np.where(usable, spread, 0.0), np.where(usable, gap, 0.0)


def cell_of(rows: AnyArray, n_rows: int) -> tuple[AnyArray, int]:
    """The bootstrap cell of each row, and how many there are.

    Up to 4 096 rows, each is its own. More are dealt out by a hash of their number (SplitMix64,
    Steele et al. 2014), which is the same for all models and any cut into blocks: cells of
    randomly chosen rows are resampled in place of rows.
    """
    if n_rows <= MAX_CELLS:
        return rows, n_rows
    x = (rows.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((x ^ (x >> np.uint64(31))) % np.uint64(MAX_CELLS)).astype(np.int64), MAX_CELLS
