"""What label smoothing does to a representation: how tight the classes lie, and what is left of
the differences between wrong classes (Müller, Kornblith & Hinton 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.analyses.clusters.sums import MASKED, ClusterModel, ClusterSums
from calibrate.analyses.clusters.template_plane import TemplatePlane
from calibrate.analyses.compare import check_same_rows
from calibrate.arrays import Float64
from calibrate.blocks.passes import map_blocks
from calibrate.blocks.scheduler import doing
from calibrate.blocks.sums import product
from calibrate.data.class_names import check_classes
from calibrate.errors import InputError
from calibrate.metrics.intervals.bootstrap import Generators, interval
from calibrate.printable import listed
from calibrate.results.clusters import ClusterClass, ClusterData, ClusterReport, Clusters
from calibrate.results.measurement import Measurement

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
    first = models[0].dataset
    _check_classes(classes, first.n_classes)
    check_same_rows([model.dataset for model in models])
    planes = [model.plane(classes) for model in models]
    found, warnings = _summed(models, planes, classes, class_names)
    samples = _samples([each.sums for each in found], bootstrap, seed)
    results = []
    for i, (model, plane) in enumerate(zip(models, planes, strict=True)):
        base = None if i == 0 else (found[0], samples[0])
        results.append(_clusters(model, plane, found[i], samples[i], base))
    names = [None if class_names is None else class_names[k] for k in classes]
    rows = [len(points) for points in found[0].points]
    return ClusterReport(
        data=ClusterData(first.labels_name, first.n_rows, first.n_classes),
        classes=tuple(map(ClusterClass, map(int, classes), names, rows)),
        models=tuple(results),
        bootstrap=bootstrap,
        seed=seed,
        warnings=tuple(warnings),
    )


def _summed(
    models: Sequence[ClusterModel],
    planes: Sequence[TemplatePlane],
    classes: Sequence[int],
    class_names: Sequence[str] | None,
) -> tuple[list[ClusterSums], list[str]]:
    """What the rows of each model add up to, and warnings."""
    found, warnings = [], list(dict.fromkeys(w for m in models for w in m.dataset.warnings))
    for model, plane in zip(models, planes, strict=True):
        dataset = model.dataset
        if not dataset.hard or dataset.task.yes_no:
            raise InputError(
                f"{dataset.labels_name}: expected one class index per row, shape (rows,)"
            )
        of_model = ClusterSums.of(model, plane, classes)
        rows = [len(points) for points in of_model.points]
        _check_rows(rows, classes, class_names, dataset.labels_name)
        if of_model.masked:
            warnings.append(
                f"{dataset.logits.name}: {of_model.masked:,} finite logits of {MASKED:g} or "
                "less (or the lowest of their dtype) are taken as masked classes"
            )
        found.append(of_model)
    return found, warnings


def _check_classes(classes: Sequence[int], n_classes: int) -> None:
    if len(classes) != 3 or len(set(classes)) != 3:
        raise InputError(
            f"`classes`: expected three different classes, got {len(classes)}: "
            f"{listed(classes)}; three templates span the plane"
        )
    check_classes(classes, n_classes)


def _check_rows(
    rows: Sequence[int], classes: Sequence[int], names: Sequence[str] | None, where: str
) -> None:
    for k, count in zip(classes, rows, strict=True):
        if not count:
            name = f" ({names[k]})" if names else ""
            raise InputError(
                f"{where}: expected rows of each of the three classes, found none of class "
                f"{k}{name}; choose classes that have rows"
            )


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
class _Resample:
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
    parts = list(map_blocks(draws, _Resample(tuple(sums))))
    return [np.concatenate(of_model) for of_model in zip(*parts, strict=True)]


def _clusters(
    model: ClusterModel,
    plane: TemplatePlane,
    found: ClusterSums,
    samples: Float64,
    base: tuple[ClusterSums, Float64] | None,
) -> Clusters:
    """The results of one model; ``base`` holds sums and samples of the one to compare with."""
    values, means = _figures(found.sums.sum(axis=1))
    change = None
    if base is not None:
        with np.errstate(invalid="ignore"):  # inf - inf: undefined on both sides
            differences = values - _figures(base[0].sums.sum(axis=1))[0], samples - base[1]
        change = _measured(*differences, lowest=-np.inf)
    return Clusters(
        name=model.name,
        logits=model.dataset.logits.name,
        features=None if model.features is None else model.features.name,
        weights=None if model.weights is None else model.weights.name,
        figures=_measured(values, samples, lowest=0.0),
        change=change,
        means=_pairs(means),
        templates=_pairs(plane.templates),
        points=found.drawn(),
    )


def _measured(values: Float64, samples: Float64, lowest: float) -> dict[str, Measurement]:
    """Each figure with its basic bootstrap interval; ``label_gap`` may be negative."""
    found = {}
    for name, value, of_figure in zip(FIGURES, values.tolist(), samples.T, strict=True):
        bounds = (-np.inf if name == "label_gap" else lowest, np.inf)
        found[name] = interval(value, value, of_figure, bounds)
    return found


def _pairs(points: Float64) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in points)
