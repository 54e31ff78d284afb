"""calibrate compare through real processes on real files."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import SAMPLES, margin, runs

import calibrate
from calibrate import Settings

MNIST = SAMPLES / "mnist"
PLAIN = Settings(full=False, bootstrap=0)


def test_hard_against_smoothed(run, tmp_path):
    done = run(
        "compare", MNIST / "hard_test.npy", MNIST / "smooth_test.npy", MNIST / "labels_test.npy",
        "--name", "hard", "--name", "smoothed", "--val-logits", MNIST / "hard_val.npy",
        "--val-logits", MNIST / "smooth_val.npy", "--val-labels", MNIST / "labels_val.npy",
        "--format", "json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    folder = tmp_path / "compare"
    assert {path.name for path in folder.iterdir()} == {
        "compare.html",
        "compare.json",
        "compare.md",
        "reliability.png",
    }
    assert json.loads((folder / "compare.json").read_text()) == got
    assert got["schema"] == "calibrate.compare/1"
    y, y_val = (np.load(MNIST / f"labels_{part}.npy") for part in ("test", "val"))
    for model, name in zip(got["models"], ("hard", "smooth"), strict=True):
        z, z_val = (np.load(MNIST / f"{name}_{part}.npy") for part in ("test", "val"))
        fit = calibrate.fit(z_val, y_val)
        assert model["calibrator"]["parameters"]["temperature"] == fit.temperature
        want = calibrate.evaluate(z, y, fit, settings=PLAIN).metrics
        for side in ("before", "after"):
            for metric in ("accuracy", "nll", "ece"):
                alone = getattr(want, side)[metric]
                assert model["metrics"][side][metric]["value"] == pytest.approx(
                    alone.value, rel=1e-12
                )
                assert model["metrics"][side][metric]["high"] == pytest.approx(alone.high)
    first, second = got["models"]
    assert first["against_first"] is None
    for side in ("before", "after"):
        for metric, change in second["against_first"][side].items():
            difference = (
                second["metrics"][side][metric]["value"] - first["metrics"][side][metric]["value"]
            )
            assert change["value"] == pytest.approx(difference, abs=1e-12), metric
    # Mueller, Kornblith & Hinton (2019): smoothing at 0.1 over-smooths here, and wins with T
    assert second["calibrator"]["parameters"]["temperature"] < 1
    assert second["against_first"]["after"]["nll"]["high"] < 0


def test_differences_are_paired():
    """The interval is that of the mean of the differences of rows."""
    rng = np.random.default_rng(0)
    z = rng.normal(scale=3, size=(800, 5))
    y = (z / 2 + rng.gumbel(size=z.shape)).argmax(1)
    other = z + rng.normal(scale=0.3, size=z.shape)
    found = calibrate.compare({"a": (z, y), "b": (other, y)})

    def nll(logits):
        shifted = logits - logits.max(1, keepdims=True)
        return np.log(np.exp(shifted).sum(1)) - shifted[np.arange(800), y]

    difference = nll(other) - nll(z)
    change = found.models[1].against_first.before["nll"]
    assert change.value == pytest.approx(difference.mean(), rel=1e-9)
    error = difference.std(ddof=1) / np.sqrt(800)
    # Student's interval, moved a little by skewness
    assert (change.high - change.low) / 2 == pytest.approx(1.963 * error, rel=0.01)
    both = found.models[1].metrics.before["nll"]
    assert change.high - change.low < 0.5 * (both.high - both.low)


def noisy(count: int, seed: int, gap: float = 0.0):
    """Models that are as good as each other, but for the last, whose scores are noisier."""
    rng = np.random.default_rng(seed)
    z = rng.normal(scale=2, size=(400, 4))
    y = (z + rng.gumbel(size=z.shape)).argmax(1)
    spread = [0.5] * (count - 1) + [0.5 + gap]
    return [calibrate.Dataset.of(z + rng.normal(scale=s, size=z.shape), y) for s in spread]


@runs(4, 16)
def test_equal_models_are_seldom_told_apart_however_many(runs):
    names, apart, first = tuple("abcdef"), [], []
    for seed in range(runs):
        found = calibrate.compare(zip(names, noisy(6, seed), strict=True))
        apart.append(any(pair.apart for pair in found.pairs))
        first.append(any(m.against_first.last["nll"].high < 0 for m in found.models[1:]))
        assert len(found.pairs) == 15
    # of 15 single comparisons 30 % and more
    assert max(np.mean(apart), np.mean(first)) <= 0.05 + margin(0.05, runs)


def test_a_worse_model_is_told_from_the_others():
    found = calibrate.compare(zip("abc", noisy(3, 0, gap=1.5), strict=True))
    assert found.best.name in "ab"
    assert found.not_worse == (("b",) if found.best.name == "a" else ("a",))
    assert {p.second for p in found.pairs if p.apart} == {"c"}


def test_cross_fitted_by_default():
    rng = np.random.default_rng(0)
    z = rng.normal(scale=3, size=(500, 4))
    y = (z / 2 + rng.gumbel(size=z.shape)).argmax(1)
    dataset = calibrate.Dataset.of(z, y)
    found = calibrate.compare({"a": dataset, "b": dataset})
    assert found.fitted_on == "cross-fitted on 5 folds of these rows"
    assert all(len(model.calibrator.folds) == 5 for model in found.models)
    alone = calibrate.cross_evaluate(z, y, settings=PLAIN).metrics.after
    assert found.models[0].metrics.after["nll"] == alone["nll"]
    same = found.models[1].against_first
    for side in (same.before, same.after):
        figure = side["nll"]
        assert (figure.value, figure.low, figure.high) == pytest.approx((0, 0, 0), abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("z.npy", "at least two files"),
        ("z.npy y.npy --name a --name b", "--name: expected 1"),
        ("z.npy other.npy y.npy", "holds 400 labels but other.npy holds 399 rows"),
        ("z.npy wide.npy y.npy", "expected the same rows and classes as in z.npy (400 x 7)"),
        ("z.npy y.npy --val-logits z.npy", "--val-labels"),
        ("z.npy z.npy y.npy --val-logits z.npy --val-labels y.npy", "expected 2, one for each"),
        ("z.npy y.npy -o z.npy", "expected a folder"),
        ("z.npy none.npy y.npy", "none.npy: no such file"),
    ],
)
def test_wrong_comparisons(run, files, tmp_path, arguments, said):
    z = np.load(files[0])
    np.save(tmp_path / "other.npy", z[:-1])
    np.save(tmp_path / "wide.npy", np.concatenate([z, z], axis=1))
    before = set(tmp_path.iterdir())
    done = run("compare", *arguments.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) - done.stderr.startswith("multiclass:") <= 2
    assert set(tmp_path.iterdir()) == before
