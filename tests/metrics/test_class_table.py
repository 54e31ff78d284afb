from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import binom

import calibrate
from calibrate import Settings
from calibrate.blocks import passes
from calibrate.blocks.bins import equal_width_edges
from calibrate.blocks.block import Block
from calibrate.metrics.classes import ClassTable
from calibrate.metrics.gaps import ClasswiseChance, mean_deviation
from calibrate.metrics.registry import METRICS


def slow_eces(p, labels, w, n_bins=15):
    """One class and one bin at a time."""
    eces = []
    for k in range(p.shape[1]):
        total, low = 0.0, 0.0
        for high in np.linspace(0, 1, n_bins + 1)[1:]:
            inside = (p[:, k] > low) & (p[:, k] <= high) if low else p[:, k] <= high
            total += abs((w * ((labels == k) - p[:, k]))[inside].sum())
            low = high
        eces.append(total / w.sum())
    return np.array(eces)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_bins", [1, 15])
def test_against_the_definition(data, weighted, n_bins):
    logits, labels = data
    w = np.random.default_rng(0).random(400) + 0.5 if weighted else np.ones(400)
    settings = Settings(n_bins=n_bins, bootstrap=0, top=3)
    report = calibrate.evaluate(
        logits,
        labels,
        calibrate.Temperature(1.9),
        weights=w if weighted else None,
        settings=settings,
    )
    for t, figures, classes in (
        (1.0, report.metrics.before, report.classes.before),
        (1.9, report.metrics.after, report.classes.after),
    ):
        p = softmax(logits.astype(float) / t, axis=1)
        eces = slow_eces(p, labels, w, n_bins)
        assert figures["classwise_ece"].value == pytest.approx(eces.mean(), abs=1e-12)
        assert len(classes.listed) == 3
        for c in classes.listed:
            own = p.argmax(1) == c.index
            assert c.ece == pytest.approx(eces[c.index], abs=1e-12)
            assert c.rows == pytest.approx(w[own].sum())
            correct = p.argmax(1) == labels
            assert c.accuracy == pytest.approx(np.average(correct[own], weights=w[own]))
            assert c.mean_confidence == pytest.approx(np.average(p.max(1)[own], weights=w[own]))
            assert c.bias.size == pytest.approx(c.mean_confidence - c.accuracy, abs=1e-12)


def test_classes_without_rows_count_but_are_not_listed():
    logits = np.random.default_rng(0).normal(size=(90, 5))
    logits[:, 4] = -9  # never predicted
    labels = np.arange(90) % 3
    report = calibrate.evaluate(logits, labels, settings=Settings(bootstrap=0))
    eces = slow_eces(softmax(logits, axis=1), labels, np.ones(90))
    assert report.metrics.before["classwise_ece"].value == pytest.approx(eces.mean(), abs=1e-12)
    assert {c.index for c in report.classes.before.listed} == {0, 1, 2, 3}


def test_a_probability_on_an_edge_belongs_to_the_bin_below():
    """p = 1/4 of each class, and 1/4 the end of the first bin of four."""
    logits = np.concatenate([np.zeros((40, 4)), np.random.default_rng(0).normal(size=(40, 4))])
    labels = np.arange(80) % 3
    report = calibrate.evaluate(logits, labels, settings=Settings(n_bins=4, bootstrap=0))
    eces = slow_eces(softmax(logits, axis=1), labels, np.ones(80), n_bins=4)
    assert report.metrics.before["classwise_ece"].value == pytest.approx(eces.mean(), abs=1e-12)


def test_the_curves_of_classes():
    """Each bin by hand, and the band of its accuracy between quantiles of ``scipy.stats.binom``,
    which are whole numbers: those here are not, and less than one row below.
    """
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=2, size=(660, 12))
    labels = rng.permuted(np.repeat(np.arange(12), np.arange(12) * 10))  # none of class 0
    logits[np.arange(660), labels] += 2
    settings = Settings(n_bins=10, bootstrap=0, classes=tuple(range(11, 2, -1)))
    report = calibrate.evaluate(logits, labels, settings=settings)
    p, shown = softmax(logits, axis=1), report.class_reliability.before
    assert [each.index for each in shown] == [11, 10, 9, 8, 7, 6, 5, 4, 3]
    for each in shown:
        assert each.rows == 10 * each.index
        own, yes = p[:, each.index], labels == each.index
        for b in range(10):
            inside = np.ceil(own * 10) == b + 1
            n = inside.sum()
            assert each.table.weight[b] == n
            if not n:
                assert each.table.accuracy[b] is None
                assert each.table.consistency_low[b] is None
                continue
            assert each.table.accuracy[b] == pytest.approx(yes[inside].mean(), abs=1e-12)
            mean = own[inside].mean()
            assert each.table.confidence[b] == pytest.approx(mean, abs=1e-12)
            low, high = binom.ppf([0.025, 0.975], n, mean)
            assert max(low - 1, 0) <= each.table.consistency_low[b] * n + 1e-6
            assert each.table.consistency_low[b] * n <= low + 1e-6
            assert max(high - 1, 0) <= each.table.consistency_high[b] * n + 1e-6
            assert each.table.consistency_high[b] * n <= high + 1e-6


def test_blocks_change_nothing(data, monkeypatch):
    settings = Settings(bootstrap=0)
    want = calibrate.evaluate(*data, settings=settings).metrics.before["classwise_ece"]
    monkeypatch.setattr(passes, "BLOCK_ELEMENTS", 50)
    got = calibrate.evaluate(*data, settings=settings).metrics.before["classwise_ece"]
    assert got.value == pytest.approx(want.value, rel=1e-12)


def test_names_must_fit_the_classes(data):
    with pytest.raises(calibrate.InputError, match="expected 7 names, one per class, found 2"):
        calibrate.evaluate(*data, settings=Settings(class_names=("a", "b")))


def test_what_chance_adds_to_a_cell_is_the_mean_deviation_of_a_binomial():
    rows = np.array([1.0, 2.0, 3.0, 7.0, 40.0, 500.0, 5.0, 5.0])
    p = np.array([0.3, 0.5, 0.9, 0.2, 0.07, 0.631, 0.0, 1.0])
    for n, share, got in zip(rows, p, mean_deviation(rows, p), strict=True):
        counts = np.arange(n + 1)
        expected = np.sum(binom.pmf(counts, n, share) * np.abs(counts - n * share))
        assert got == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_deviation_of_a_calibrated_classwise_ece_is_that_of_draws():
    """Labels drawn from the probabilities themselves, 300 times: their mean and their spread."""
    rng, edges = np.random.default_rng(0), equal_width_edges(15)
    logits = rng.normal(scale=1.5, size=(250, 4))
    p = softmax(logits, axis=1)
    drawn, chances = [], []
    for _ in range(300):
        labels = (rng.random((250, 1)) > p.cumsum(1)[:, :-1]).sum(1)
        block = Block(logits, labels)
        chances.append(ClasswiseChance.from_table(ClassTable.from_probabilities(p, block, edges)))
        drawn.append(slow_eces(p, labels, np.ones(250)).mean())
    assert chances[0].mean == pytest.approx(np.mean(drawn), rel=0.02)
    # cells of a row exclude each other, so that draws spread a little less than cells would alone
    assert 0.75 * chances[0].deviation < np.std(drawn) < 1.1 * chances[0].deviation


def test_figures_after_calibration_stay_within_their_range(data):
    """Figures near an end of their range, before and after: no interval leaves it."""
    report = calibrate.evaluate(*data, calibrate.Temperature(2.0), settings=Settings(bootstrap=100))
    for side in (report.metrics.before, report.metrics.after):
        for name, figure in side.items():
            low, high = METRICS[name].bounds
            if figure.low is not None:
                assert low <= figure.low <= figure.high <= high, name


def test_single_precision_of_clustered_rows_adds_up_precisely():
    """Rows of a cluster are picked out of a block one by one: 65 536 of them, in float32."""
    rng = np.random.default_rng(2)
    z = (3 * rng.normal(size=(65_536, 2))).astype(np.float32)
    labels = (rng.random(len(z)) < 1 / (1 + np.exp((z[:, 0] - z[:, 1]) / 2))).astype(int)
    edges, clusters = equal_width_edges(15), np.arange(len(z)) // 7

    def column(dtype: type) -> np.ndarray:
        block = Block(z.astype(dtype), labels, units=clusters)
        p = np.asfortranarray(softmax(z.astype(float), axis=1)).astype(dtype)
        return ClassTable.from_probabilities(p, block, edges).column

    np.testing.assert_allclose(column(np.float32), column(np.float64), rtol=1e-8)
