"""The plane through the templates of three classes, after Müller, Kornblith & Hinton (2019)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from calibrate.analyses.candidates import Candidate, check_counts, check_same_rows, default_names
from calibrate.arrays import AnyArray, Float64, described
from calibrate.blocks.block import Block, hashed
from calibrate.blocks.passes import doing, map_blocks, map_reduce, rows_per_block
from calibrate.blocks.sums import Sums, product
from calibrate.data.column import Column
from calibrate.data.dataset import Dataset
from calibrate.data.labels import check_classes
from calibrate.data.readers.open import open_column, open_dataset
from calibrate.data.reading import Reading
from calibrate.errors import InputError
from calibrate.metrics.bootstrap import Generators, interval
from calibrate.results.clusters import ClusterClass, ClusterData, ClusterReport, Clusters
from calibrate.results.measurement import Measurement
from calibrate.text import listed

# templates whose triangle is thinner than this lie on a line, as far as float32 can say
FLAT = 1e-6


@dataclass(frozen=True)
class TemplatePlane:
    """Where the three templates of a model span a plane.

    A point x of the space of the templates has the coordinates ``(x - origin) @ basis``. The first
    axis points from the first template to the second; the third lies on the positive side of the
    second axis: planes of different models are turned alike.

    Attributes:
        origin: ``(d,)`` the mean of the templates.
        basis: ``(d, 2)`` with orthonormal columns, from ``(t_b - t_a, t_c - t_a)``.
        templates: ``(3, 2)`` their coordinates.
    """

    origin: Float64
    basis: Float64
    templates: Float64

    @staticmethod
    def through(templates: Float64, where: str) -> TemplatePlane:
        """The plane through three points ``(3, d)``, with the basis of Gram and Schmidt.

        Raises:
            InputError: they are not finite, or lie on a line.
        """
        if not np.isfinite(templates).all():
            raise InputError(f"{where}: expected finite weights, found NaN or infinity")
        sides = templates[1:] - templates[0]
        first, second = sides / (np.abs(sides).max() or 1.0)
        length = np.sqrt(product(first, first))
        first = first / (length or 1.0)
        along = product(first, second)
        rest = second - along * first
        rest = rest - product(first, rest) * first  # once more, for thin triangles
        height = np.sqrt(product(rest, rest))
        basis = np.stack([first, rest / (height or 1.0)], axis=1)
        widths = np.linalg.svd(np.array([[length, 0.0], [along, height]]), compute_uv=False)
        if widths[1] <= FLAT * widths[0]:
            raise InputError(
                f"{where}: expected three templates that span a plane, found them on a line; "
                "choose other classes"
            )
        origin = templates.mean(axis=0)
        return TemplatePlane(origin, basis, product(templates - origin, basis))

    @staticmethod
    def of_logits() -> TemplatePlane:
        """The plane of three logits, whose templates are the unit vectors e_a, e_b, e_c.

        They form an equilateral triangle with sides sqrt(2). The plane is orthogonal to (1, 1, 1):
        what is added to all logits of a row does not move its point.
        """
        return TemplatePlane.through(np.eye(3), "logits")

    def project(self, x: Float64) -> Float64:
        """The coordinates ``(n, 2)`` of points ``(n, d)``."""
        return product(x - self.origin, self.basis)


def templates_of(
    weights: AnyArray,
    classes: Sequence[int],
    n_classes: int,
    width: int,
    axis: int | None,
    where: str,
) -> Float64:
    """The rows of a last layer's weights that belong to three classes, ``(3, d)``.

    Args:
        weights: ``(K, d)`` or ``(d, K)``.
        width: d, of the features.
        axis: along which the classes lie; None where the shape tells.

    Raises:
        InputError: the shape does not fit, or fits both ways.
    """
    by_row, by_column = (n_classes, width), (width, n_classes)
    shapes = {0: [by_row], 1: [by_column], None: [by_row, by_column]}[axis]
    if weights.dtype.kind not in "fiu" or weights.shape not in shapes:
        wanted = " or ".join(map(str, dict.fromkeys(shapes)))
        raise InputError(
            f"{where}: expected the weights of {n_classes} classes for {width} features as real "
            f"numbers of shape {wanted}, found {described(weights)}"
        )
    if axis is None and n_classes == width:
        raise InputError(
            f"{where}: expected weights whose shape tells classes from features, found "
            f"{weights.shape}; pass `weights_axis=0` if each row is a class, "
            "`weights_axis=1` if each column is"
        )
    chosen = np.asarray(classes)
    rows = weights[chosen] if weights.shape == by_row and axis != 1 else weights[:, chosen].T
    return np.asarray(rows, dtype=np.float64)


# Sums over rows, from which cluster figures and their bootstrap samples are computed.


MAX_CELLS = 4096
MOST_DRAWN = 2_000  # points of a class
MASKED = -1e8  # no network's logit: a finite stand-in for -inf
FARTHEST = 1e30  # of a coordinate: squares and drawings stay finite


@dataclass(frozen=True)
class ClusterModel(Candidate):
    """A model to look at, with its features and last layer where these are known.

    Attributes:
        features: ``(n, d)`` of the layer before the last, or None to look at the logits.
        weights: ``(K, d)`` or ``(d, K)`` of the last layer; given with the features.
        weights_axis: along which the classes lie in the weights; None where the shape tells.
    """

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
        n, shape = self.test.n_rows, self.features.shape
        if self.features.dtype.kind not in "fiu" or len(shape) != 2 or shape[0] != n:
            raise InputError(
                f"{self.features.name}: expected features as real numbers of shape ({n}, d), "
                f"a row for each of {self.test.logits.name}, found {described(self.features)}"
            )
        where, k = self.weights.name, self.test.n_classes
        weights = self.weights.read(0, (self.weights.shape or (0,))[0])
        templates = templates_of(weights, classes, k, shape[1], self.weights_axis, where)
        return TemplatePlane.through(templates, where)


@dataclass(frozen=True)
class _LogitsWithFeatures:
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
class ClusterSums(Sums):
    """What the rows of a block, or of all blocks, add up to.

    Attributes:
        sums: ``(15, cells)``: of the points of each class their number and the sums of x, y and
            x² + y²; of all rows their number and the sums of wrong-class spreads and of gaps.
        masked: how many finite logits were taken as masked.
        points: of each block, per class ``(m, 2)`` float32.
    """

    sums: Float64
    masked: int
    points: tuple[tuple[AnyArray, ...], ...]

    @cached_property
    def of_class(self) -> tuple[AnyArray, ...]:
        """The points of each class."""
        return tuple(np.concatenate(blocks) for blocks in zip(*self.points, strict=True))


@dataclass(frozen=True)
class _ClusterStep:
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
        cell, n_cells = cell_of(rows.start + np.arange(len(z)), self.model.test.n_rows)
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
        return ClusterSums(np.stack(sums), finite, (shown,))

    def _points(
        self, start: int, z: Float64, masked: AnyArray, features: AnyArray | None, rows: AnyArray
    ) -> Float64:
        if features is None:
            columns = list(self.classes)
            hidden = masked[rows][:, columns]
            if hidden.any():
                row, column = np.unravel_index(int(hidden.argmax()), hidden.shape)
                raise InputError(
                    f"{self.model.test.logits.name}: class {columns[int(column)]} is masked in "
                    f"row {start + rows[row]}, which belongs to one of the three classes; "
                    "choose classes that no such row masks, or leave those rows out"
                )
            found = self.plane.project(z[rows][:, columns])
            where = self.model.test.logits.name
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

    Up to 4 096 rows, each is its own. More are dealt out by a hash of their number, which is the
    same for all models and any cut into blocks: cells of randomly chosen rows are resampled in
    place of rows.
    """
    if n_rows <= MAX_CELLS:
        return rows, n_rows
    numbers = (rows.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    return (hashed(numbers) % np.uint64(MAX_CELLS)).astype(np.int64), MAX_CELLS


# What label smoothing does to a representation: how tight the classes lie, and what is left of
# the differences between wrong classes (Müller, Kornblith & Hinton 2019).


FIGURES = (
    "within",
    "between",
    "within_over_between",
    "wrong_spread",
    "label_gap",
    "wrong_spread_over_gap",
)
PER_DRAW = 100  # samples computed at once
PAIRS = ((0, 1), (0, 2), (1, 2))


@doing("measuring")
def measure_clusters(
    models: Sequence[ClusterModel],
    classes: Sequence[int],
    *,
    class_names: Sequence[str] | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
) -> ClusterReport:
    """Compare models on the rows of three classes.

    Args:
        models: one or more, with the same labels.
        classes: three numbers from 0.
        class_names: one per class of the data, or None.
        bootstrap: samples behind the 95 % intervals; 0 for none. Rows of all models are drawn
            together, which makes ``change`` a paired comparison.

    Raises:
        InputError: classes, shapes or values that cannot be used.
    """
    first = models[0].test
    if len(classes) != 3 or len(set(classes)) != 3:
        raise InputError(
            f"`classes`: expected three different classes, got {len(classes)}: "
            f"{listed(classes)}; three templates span the plane"
        )
    check_classes(classes, first.n_classes)
    check_same_rows([model.test for model in models])
    planes = [model.plane(classes) for model in models]
    names = [None if class_names is None else class_names[k] for k in classes]
    warnings = list(dict.fromkeys(w for m in models for w in m.test.warnings))
    found = []
    for model, plane in zip(models, planes, strict=True):
        rows, raw = model.test, model.test.logits.dtype
        if not rows.hard or rows.task.yes_no:
            raise InputError(f"{rows.labels_name}: expected one class index per row, shape (rows,)")
        lowest = float(np.finfo(raw).min) if raw.kind == "f" else -np.inf
        step = _ClusterStep(model, plane, tuple(classes), max(MASKED, lowest))
        of_model = map_reduce(_LogitsWithFeatures(rows, model.features), step)
        for k, name, points in zip(classes, names, of_model.of_class, strict=True):
            if not len(points):
                called = f" ({name})" if name else ""
                raise InputError(
                    f"{rows.labels_name}: expected rows of each of the three classes, found none "
                    f"of class {k}{called}; choose classes that have rows"
                )
        if of_model.masked:
            warnings.append(
                f"{rows.logits.name}: {of_model.masked:,} finite logits of {MASKED:g} or "
                "less (or the lowest of their dtype) are taken as masked classes"
            )
        found.append(of_model)
    samples = _samples([each.sums for each in found], bootstrap, seed)
    figures = [_figures(each.sums.sum(axis=1)) for each in found]
    results = []
    for i, model in enumerate(models):
        values, means = figures[i]
        change = None
        if i:
            with np.errstate(invalid="ignore"):  # inf - inf: undefined on both sides
                differences = values - figures[0][0], samples[i] - samples[0]
            change = _measured(*differences, lowest=-np.inf)
        results.append(
            Clusters(
                name=model.name,
                logits=model.test.logits.name,
                features=None if model.features is None else model.features.name,
                weights=None if model.weights is None else model.weights.name,
                figures=_measured(values, samples[i], lowest=0.0),
                change=change,
                means=_pairs(means),
                templates=_pairs(planes[i].templates),
                points=tuple(_evenly(points) for points in found[i].of_class),
            )
        )
    rows_of_class = [len(points) for points in found[0].of_class]
    return ClusterReport(
        data=ClusterData(first.labels_name, first.n_rows, first.n_classes),
        classes=tuple(map(ClusterClass, map(int, classes), names, rows_of_class)),
        models=tuple(results),
        bootstrap=bootstrap,
        seed=seed,
        warnings=tuple(warnings),
    )


def _evenly(points: AnyArray) -> AnyArray:
    """At most 2 000 of the points, evenly spread over the rows."""
    count = min(len(points), MOST_DRAWN)
    return points[np.arange(count) * len(points) // count]


def _figures(sums: Float64) -> tuple[Float64, Float64]:
    """Sums ``(..., 15)`` -> figures ``(..., 6)`` and class means ``(..., 3, 2)``; NaN or inf where
    undefined.
    """
    of_class = sums[..., :12].reshape(*sums.shape[:-1], 3, 4)
    rows, spread, gap = np.moveaxis(sums[..., 12:], -1, 0)
    with np.errstate(all="ignore"):
        means = of_class[..., 1:3] / of_class[..., :1]
        square = of_class[..., 3] / of_class[..., 0] - np.square(means).sum(axis=-1)
        within = np.sqrt(np.maximum(square, 0.0).mean(axis=-1))
        sides = [means[..., i, :] - means[..., j, :] for i, j in PAIRS]
        between = np.mean([np.hypot(side[..., 0], side[..., 1]) for side in sides], axis=0)
        relative = np.where(gap > 0, spread / gap, np.nan)
        six = (within, between, within / between, spread / rows, gap / rows, relative)
    return np.stack(six, axis=-1), means


@dataclass(frozen=True)
class _ResampleCells:
    """The step that computes the figures of bootstrap samples of each model: each cell occurs
    Poisson(1) times in a sample, in all models alike.
    """

    sums: tuple[Float64, ...]

    def __call__(self, draw: tuple[np.random.Generator, int]) -> list[Float64]:
        rng, samples = draw
        counts = rng.poisson(1.0, size=(samples, self.sums[0].shape[1])).astype(np.float64)
        with np.errstate(all="ignore"):
            return [_figures(product(counts, each.T))[0] for each in self.sums]


@doing("bootstrap", "samples")
def _samples(sums: Sequence[Float64], samples: int, seed: int) -> list[Float64]:
    """Per model the figures of bootstrap samples, ``(samples, 6)``."""
    if not samples:
        return [np.empty((0, len(FIGURES))) for _ in sums]
    draws = Generators(samples, PER_DRAW, (seed,))
    parts = list(map_blocks(draws, _ResampleCells(tuple(sums))))
    return [np.concatenate(of_model) for of_model in zip(*parts, strict=True)]


def _measured(values: Float64, samples: Float64, lowest: float) -> dict[str, Measurement]:
    """Each figure with its basic bootstrap interval; ``label_gap`` may be negative."""
    found = {}
    for name, value, of_figure in zip(FIGURES, values.tolist(), samples.T, strict=True):
        bounds = (-np.inf if name == "label_gap" else lowest, np.inf)
        found[name] = interval(value, value, of_figure, bounds)
    return found


def _pairs(points: Float64) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in points)


# Files of several models on the same rows -> ClusterModels.


def open_models(
    files: Sequence[str],
    features: Sequence[str] = (),
    last_layer: Sequence[str] = (),
    titles: Sequence[str] = (),
    *,
    weights_axis: int | None = None,
    reading: Reading | None = None,
) -> list[ClusterModel]:
    """Open models by the names of their files.

    Args:
        files: the logits of each model and, last, the labels of all.
        features, last_layer, titles: one per model, in order, or none.

    Raises:
        InputError: anything about the files, their number or their values.
    """
    if bool(features) != bool(last_layer):
        given, missing = ("features", "last_layer") if features else ("last_layer", "features")
        raise InputError(
            f"`{given}` without `{missing}`: expected both, the features of each model and the "
            "weights of its last layer, or neither to look at the logits"
        )
    check_counts(files, features=features, last_layer=last_layer, name=titles)
    *logits, labels = files
    names = titles or default_names(logits)
    models = []
    for i, of_model in enumerate(logits):
        model = ClusterModel(names[i], open_dataset(of_model, labels, reading=reading))
        if features:
            beside = model.test.logits
            model = replace(
                model,
                features=open_column(features[i], "features", beside=beside),
                weights=open_column(last_layer[i], "weights"),
                weights_axis=weights_axis,
            )
        models.append(model)
    return models
