"""What label smoothing does to a representation: how tight the classes lie, and what is left of
the differences between wrong classes (Müller, Kornblith & Hinton 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.analyses.clusters.sums import MASKED, ClusterModel, ClusterSums
from calibrate.analyses.clusters.template_plane import Float64, TemplatePlane
from calibrate.blocks.passes import map_blocks
from calibrate.errors import InputError
from calibrate.metrics.class_table import check_classes_shown
from calibrate.metrics.intervals.resampled import interval
from calibrate.results.report import Measurement

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


@dataclass(frozen=True)
class ClusterClass:
    """One of the three classes: its number from 0, its name where known, and its rows."""

    index: int
    name: str | None
    rows: int


@dataclass(frozen=True)
class Clusters:
    """One model's rows of three classes in the plane of their templates.

    With m_c the mean of the points p_i of class c, over the three classes:

    - ``within`` = sqrt(mean_c mean_{i in c} |p_i - m_c|²), each class counting alike;
    - ``between`` = the mean of the three distances |m_c - m_d|;
    - ``within_over_between``: their ratio, free of scale: the smaller, the tighter the clusters.

    With S_i the logits of row i other than its label's (masked ones left out), over all rows of
    all classes:

    - ``wrong_spread`` = mean_i std(S_i), the standard deviation with divisor |S_i|;
    - ``label_gap`` = mean_i (z_i,label - mean(S_i));
    - ``wrong_spread_over_gap``: their ratio, free of scale; undefined unless the gap is positive.

    Nothing changes when a constant is added to all logits of a row. Changing only logits outside
    the three classes moves no point of the logit plane.

    Reference: Müller, Kornblith & Hinton (2019), "When does label smoothing help?"; the plane is
    theirs, the ratios are ours.

    Attributes:
        name, logits: the title and the file.
        features, weights: files, or None where the plane is that of the logits.
        figures: the six above, by name.
        change: each figure minus that of the first model on the same rows; None for the first.
        means, templates: of each class, coordinates in the plane.
        points: per class ``(m, 2)``, at most 2 000 evenly spread rows, to be drawn.
    """

    name: str
    logits: str
    features: str | None
    weights: str | None
    figures: dict[str, Measurement]
    change: dict[str, Measurement] | None
    means: tuple[tuple[float, float], ...]
    templates: tuple[tuple[float, float], ...]
    points: tuple[Float64, ...]


@dataclass(frozen=True)
class ClusterReport:
    """Models side by side on the same rows.

    Attributes:
        labels: the file; ``rows`` and ``n_classes`` count all rows and classes of the data.
        classes: the three.
        models: in the order given.
        bootstrap, seed: the samples behind the intervals.
    """

    labels: str
    rows: int
    n_classes: int
    classes: tuple[ClusterClass, ...]
    models: tuple[Clusters, ...]
    bootstrap: int
    seed: int
    warnings: tuple[str, ...] = ()


def measure_clusters(
    models: Sequence[ClusterModel],
    classes: Sequence[int],
    *,
    class_names: Sequence[str] | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
    workers: int | None = None,
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
    for model in models[1:]:
        _check_alike(model, models[0])
    planes = [model.plane(classes) for model in models]
    found, warnings = [], list(dict.fromkeys(w for m in models for w in m.dataset.warnings))
    for model, plane in zip(models, planes, strict=True):
        of_model = ClusterSums.of(model, plane, classes, workers)
        rows = [len(points) for points in of_model.points]
        _check_rows(rows, classes, class_names, first.labels_name)
        if of_model.masked:
            warnings.append(
                f"{model.dataset.logits_name}: {of_model.masked:,} finite logits of {MASKED:g} or "
                "less (or the lowest of their dtype) are taken as masked classes"
            )
        found.append(of_model)
    samples = _samples([each.sums for each in found], bootstrap, seed, workers)
    results = []
    for i, (model, plane) in enumerate(zip(models, planes, strict=True)):
        base = None if i == 0 else (found[0], samples[0])
        results.append(_clusters(model, plane, found[i], samples[i], base))
    names = [None if class_names is None else class_names[k] for k in classes]
    return ClusterReport(
        labels=first.labels_name,
        rows=first.n_rows,
        n_classes=first.n_classes,
        classes=tuple(map(ClusterClass, map(int, classes), names, rows)),
        models=tuple(results),
        bootstrap=bootstrap,
        seed=seed,
        warnings=tuple(warnings),
    )


def _check_classes(classes: Sequence[int], n_classes: int) -> None:
    if len(classes) != 3 or len(set(classes)) != 3:
        raise InputError(
            f"classes: expected three different classes, got {len(classes)}: "
            f"{', '.join(map(str, classes))}; three templates span the plane"
        )
    check_classes_shown(classes, n_classes)


def _check_alike(model: ClusterModel, first: ClusterModel) -> None:
    a, b = first.dataset, model.dataset
    if (a.n_rows, a.n_classes) != (b.n_rows, b.n_classes):
        raise InputError(
            f"{b.logits_name} holds {b.n_rows:,} rows of {b.n_classes:,} classes but "
            f"{a.logits_name} holds {a.n_rows:,} rows of {a.n_classes:,}: "
            "models are compared on the same rows and classes"
        )


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
class _Draws:
    """Bootstrap samples by number, drawn in fixed groups: the seed decides, not the threads."""

    n_rows: int
    n_cells: int
    seed: int
    block_rows: int = PER_DRAW

    def read(self, start: int, stop: int) -> Float64:
        rng = np.random.default_rng([self.seed, start])
        return rng.poisson(1.0, size=(stop - start, self.n_cells)).astype(np.float64)


def _samples(
    sums: Sequence[Float64], samples: int, seed: int, workers: int | None
) -> list[Float64]:
    """Per model the figures of bootstrap samples, ``(samples, 6)``; each cell occurs Poisson(1)
    times in a sample, in all models alike.
    """
    if not samples:
        return [np.empty((0, len(FIGURES))) for _ in sums]

    def step(counts: Float64) -> list[Float64]:
        with np.errstate(all="ignore"):
            return [_figures(counts @ each.T)[0] for each in sums]

    draws = _Draws(samples, sums[0].shape[1], seed)
    parts = list(map_blocks(draws, step, workers))
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
        logits=model.dataset.logits_name,
        features=None if model.features is None else model.features_name,
        weights=None if model.features is None else model.weights_name,
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
