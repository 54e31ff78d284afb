"""Clusters of three classes: known geometry, brute force, invariances, the bootstrap."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from calibrate.analyses.clusters import (
    FIGURES,
    ClusterModel,
    TemplatePlane,
    cell_of,
    measure_clusters,
    templates_of,
)
from calibrate.blocks.passes import running
from calibrate.data.column import in_memory
from calibrate.data.dataset import Dataset
from calibrate.data.reading import Reading
from calibrate.errors import InputError
from calibrate.renderers.plots.clusters import clusters_figure
from calibrate.results.clusters import ClusterReport, Clusters

CLASSES = (4, 1, 2)
AS_LOGITS = Reading(scores="logits")
RATIOS = ("within_over_between", "wrong_spread_over_gap")


def made(n: int = 300, k: int = 6, seed: int = 3, sharp: float = 4.0) -> tuple[np.ndarray, ...]:
    """Logits that lean to their labels, one class wide and one far off: nothing symmetric."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(k, n, p=np.arange(1, k + 1) / (k * (k + 1) / 2))
    logits = rng.normal(size=(n, k)) * (1 + labels[:, None] / 3)
    logits[np.arange(n), labels] += sharp + labels
    return logits, labels


def model(logits: np.ndarray, labels: np.ndarray, **layers: np.ndarray) -> ClusterModel:
    columns = {name: in_memory(array, name) for name, array in layers.items()}
    return ClusterModel("m", Dataset.of(logits, labels, reading=AS_LOGITS), **columns)


def measured(logits: np.ndarray, labels: np.ndarray, **more: object) -> Clusters:
    options = {"bootstrap": 0, **more}
    return measure_clusters([model(logits, labels)], CLASSES, **options).models[0]


def values(found: Clusters) -> dict[str, float | None]:
    return {name: figure.value for name, figure in found.figures.items()}


def brute(logits: np.ndarray, labels: np.ndarray, floor: float = -1e8) -> dict[str, float]:
    """The six figures row by row, from the distances among the three logits themselves: the plane
    is what is orthogonal to (1, 1, 1).
    """
    points = {c: [] for c in CLASSES}
    spreads, gaps = [], []
    for z, y in zip(logits, labels, strict=True):
        if y in points:
            three = np.array([z[c] for c in CLASSES])
            points[y].append(three - three.mean())
        wrong = [z[j] for j in range(len(z)) if j != y and z[j] > floor]
        spreads.append(np.std(wrong))
        gaps.append(z[y] - np.mean(wrong))
    means = {c: np.mean(p, axis=0) for c, p in points.items()}
    squares = [np.mean([np.sum((p - means[c]) ** 2) for p in points[c]]) for c in CLASSES]
    within = np.sqrt(np.mean(squares))
    sides = [np.linalg.norm(means[a] - means[b]) for a, b in combinations(CLASSES, 2)]
    between, spread, gap = np.mean(sides), np.mean(spreads), np.mean(gaps)
    return dict(
        zip(FIGURES, (within, between, within / between, spread, gap, spread / gap), strict=True)
    )


def distances(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


def test_points_of_a_turned_plane_come_back():
    rng = np.random.default_rng(0)
    n, d, k = 120, 17, 6
    turned, _ = np.linalg.qr(rng.normal(size=(d, d)))
    flat = rng.normal(size=(n, 2)) * [3.0, 0.5] + [1.0, -2.0]
    triangle = np.array([[0.3, -1.0], [2.2, 0.4], [-0.7, 1.9]])
    height = rng.normal(size=d - 2)
    features = np.c_[flat, rng.normal(size=(n, d - 2))] @ turned  # off the plane by anything
    weights = rng.normal(size=(k, d))
    weights[list(CLASSES)] = np.c_[triangle, np.tile(height, (3, 1))] @ turned
    labels = np.array(CLASSES)[np.arange(n) % 3]
    logits = rng.normal(size=(n, k))
    one = model(logits, labels, features=features, weights=weights)
    found = measure_clusters([one], CLASSES, bootstrap=0).models[0]
    order = np.concatenate([np.flatnonzero(labels == c) for c in CLASSES])
    got = np.concatenate([*found.points, found.templates])
    want = np.concatenate([flat[order], triangle])
    np.testing.assert_allclose(distances(got), distances(want), atol=1e-5)
    templates = np.array(found.templates)
    np.testing.assert_allclose(templates.mean(axis=0), 0, atol=1e-12)
    assert templates[1, 0] > templates[0, 0]  # planes are turned alike
    assert templates[1, 1] == pytest.approx(templates[0, 1])
    assert templates[2, 1] > templates[0, 1]
    within = np.sqrt(np.mean([flat[labels == c].var(axis=0).sum() for c in CLASSES]))
    assert values(found)["within"] == pytest.approx(within, rel=1e-12)


def test_the_templates_of_logits_are_an_equilateral_triangle():
    plane = TemplatePlane.of_logits()
    sides = distances(plane.templates)[np.triu_indices(3, 1)]
    np.testing.assert_allclose(sides, np.sqrt(2), rtol=1e-14)
    np.testing.assert_allclose(plane.basis.T @ plane.basis, np.eye(2), atol=1e-15)
    np.testing.assert_allclose(plane.basis.sum(axis=0), 0, atol=1e-15)


def test_brute_force():
    logits, labels = made()
    assert values(measured(logits, labels)) == pytest.approx(brute(logits, labels), rel=1e-12)


def test_masked_classes_are_left_out_of_the_wrong_class_spread():
    logits, labels = made()
    want = brute(np.where((np.arange(6) == 3) & (labels[:, None] != 3), -np.inf, logits), labels)
    masked = (np.arange(6) == 3) & (labels[:, None] != 3)
    for mask in (-np.inf, np.finfo(np.float32).min, -1e9):
        dataset = Dataset.of(np.where(masked, mask, logits), labels, reading=AS_LOGITS)
        report = measure_clusters([ClusterModel("m", dataset)], CLASSES, bootstrap=0)
        assert values(report.models[0]) == pytest.approx(want, rel=1e-12)
        assert bool(report.warnings) == np.isfinite(mask)
    assert f"{masked.sum():,} finite logits" in report.warnings[0]


def test_the_lowest_float16_is_a_mask():
    logits, labels = made()
    z = logits.astype(np.float16)
    z[(labels != 3), 3] = np.finfo(np.float16).min
    want = brute(z.astype(float), labels, floor=-65504.0)
    assert values(measured(z, labels)) == pytest.approx(want, rel=1e-12)


def test_rows_of_one_wrong_class_do_not_count():
    logits, labels = made()
    z = logits.copy()
    few = np.flatnonzero(~np.isin(labels, CLASSES))[:5]
    others = np.arange(6) != labels[few, None]
    others[:, 4] = False
    z[few] = np.where(others, -np.inf, z[few])
    rest = np.delete(np.arange(len(labels)), few)
    want = brute(logits[rest], labels[rest])
    got = values(measured(z, labels))
    assert got == pytest.approx(want, rel=1e-12)


def test_a_label_without_a_lead_has_no_relative_spread():
    logits, labels = made(sharp=-40.0)
    found = values(measured(logits, labels))
    assert found["label_gap"] < 0
    assert found["wrong_spread_over_gap"] is None


@pytest.mark.parametrize("n", [900, 9000])
def test_intervals_are_those_of_resampled_rows(n):
    logits, labels = made(n)
    got = measured(logits, labels, bootstrap=2000, seed=1)
    rng = np.random.default_rng(0)
    plane = TemplatePlane.of_logits()
    points = plane.project(logits[:, list(CLASSES)])
    wrong = np.ones_like(logits, dtype=bool)
    wrong[np.arange(n), labels] = False
    spread = logits[wrong].reshape(n, -1).std(axis=1)
    tight, mean = [], []
    for _ in range(400):
        rows = rng.integers(0, n, n)
        own = [points[rows][labels[rows] == c] for c in CLASSES]
        means = [p.mean(axis=0) for p in own]
        within = np.sqrt(np.mean([p.var(axis=0).sum() for p in own]))
        sides = [np.linalg.norm(a - b) for a, b in combinations(means, 2)]
        tight.append(within / np.mean(sides))
        mean.append(spread[rows].mean())
    for name, samples in (("within_over_between", tight), ("wrong_spread", mean)):
        figure = got.figures[name]
        low, high = np.quantile(samples, [0.025, 0.975])
        assert figure.low < figure.value < figure.high
        assert figure.high - figure.low == pytest.approx(high - low, rel=0.2)


def test_the_seed_decides_and_the_workers_do_not():
    logits, labels = made(120_000)

    def run(**more: object) -> ClusterReport:
        models = [model(logits, labels), model(0.5 * logits, labels)]
        return measure_clusters(models, CLASSES, **{"bootstrap": 300, "seed": 7, **more})

    def figures(report: ClusterReport) -> list:
        return [(m.figures, m.change) for m in report.models]

    with running(workers=1):
        first = figures(run())
    with running(workers=3):
        assert figures(run()) == first
    assert figures(run(seed=8)) != first
    none = run(bootstrap=0).models[0]
    assert all(figure.low is None and figure.high is None for figure in none.figures.values())
    assert values(none) == {name: figure.value for name, figure in first[0][0].items()}


def test_change_is_paired():
    logits, labels = made()
    noisy = logits + np.random.default_rng(2).normal(size=logits.shape) * 0.1
    report = measure_clusters([model(z, labels) for z in (logits, logits, noisy)], CLASSES)
    first, same, other = report.models
    assert first.change is None
    assert all(c.value == c.low == c.high == 0 for c in same.change.values())
    for name in FIGURES:
        change, figure = other.change[name], other.figures[name]
        assert change.value == pytest.approx(figure.value - first.figures[name].value)
        assert change.high - change.low < 0.6 * (figure.high - figure.low)


def test_few_points_are_drawn_but_all_are_counted():
    logits, labels = made(30_000)
    report = measure_clusters([model(logits, labels)], CLASSES, bootstrap=0)
    found = report.models[0]
    plane = TemplatePlane.of_logits()
    for points, of_class in zip(found.points, report.classes, strict=True):
        own = plane.project(logits[labels == of_class.index][:, list(CLASSES)])
        assert of_class.rows == len(own) > 2000
        assert len(points) == 2000
        np.testing.assert_allclose(points, own[np.arange(2000) * len(own) // 2000], rtol=1e-5)
    assert values(found) == pytest.approx(brute(logits, labels), rel=1e-10)
    assert "6,000 of" in clusters_figure(report).get_suptitle()


def test_cells_are_rows_or_evenly_dealt():
    rows = np.arange(4096)
    assert np.array_equal(cell_of(rows, 4096)[0], rows)
    cell, n_cells = cell_of(np.arange(400_000), 400_000)
    counts = np.bincount(cell, minlength=n_cells)
    assert len(counts) == n_cells == 4096
    assert counts.var() == pytest.approx(counts.mean(), rel=0.15)  # as of a Poisson distribution
    assert np.array_equal(cell[100:200], cell_of(np.arange(100, 200), 400_000)[0])


def test_weights_either_way_round():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(6, 9))
    want = weights[list(CLASSES)]
    for given, axis in ((weights, None), (weights, 0), (weights.T, None), (weights.T, 1)):
        assert np.array_equal(templates_of(given, CLASSES, 6, 9, axis, "w"), want)
    square = rng.normal(size=(6, 6))
    assert np.array_equal(templates_of(square, CLASSES, 6, 6, 0, "w"), square[list(CLASSES)])
    assert np.array_equal(templates_of(square, CLASSES, 6, 6, 1, "w"), square.T[list(CLASSES)])
    with pytest.raises(InputError, match=r"w: .*\(6, 6\); pass `weights_axis=0`"):
        templates_of(square, CLASSES, 6, 6, None, "w")
    with pytest.raises(InputError, match=r"shape \(9, 6\), found float64 of shape \(6, 9\)"):
        templates_of(weights, CLASSES, 6, 9, 1, "w")


@pytest.mark.parametrize(
    "templates",
    [
        [[0.0, 1, 2], [1, 2, 3], [3, 4, 5]],  # evenly along a line
        [[1.0, 1, 2], [1, 1, 2], [3, 4, 5]],  # two alike
        [[0.0], [1.0], [3.0]],  # one feature
        [[1.0, 2, 3]] * 3,
    ],
)
def test_templates_on_a_line(templates):
    with pytest.raises(InputError, match=r"w\.npy: expected three templates that span a plane"):
        TemplatePlane.through(np.array(templates), "w.npy")


def test_a_panel_per_model_with_the_same_limits():
    logits, labels = made()
    models = [
        ClusterModel(name, Dataset.of(z, labels, reading=AS_LOGITS))
        for name, z in (("$a$", logits), ("b", logits / 30))
    ]
    report = measure_clusters(
        models, CLASSES, class_names=["u", "v", "w", "x", "a$b$", "z"], bootstrap=50
    )
    for units, alike in (("relative", True), ("absolute", False)):
        figure = clusters_figure(report, units)
        axes = figure.axes
        assert [ax.get_title() for ax in axes] == ["$a$", "b"]
        assert axes[0].get_xlim() == axes[1].get_xlim()
        assert axes[0].get_ylim() == axes[1].get_ylim()
        inside = [np.concatenate([line.get_xydata() for line in ax.lines[:3]]) for ax in axes]
        assert np.allclose(*inside, atol=1e-4) == alike
        for xy in inside:
            assert (xy.min(axis=0) > [axes[0].get_xlim()[0], axes[0].get_ylim()[0]]).all()
            assert (xy.max(axis=0) < [axes[0].get_xlim()[1], axes[0].get_ylim()[1]]).all()
        assert all("within / between: " in ax.get_xlabel() for ax in axes)
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
        assert legend == [r"a\$b\$", "v", "w", "templates"]
