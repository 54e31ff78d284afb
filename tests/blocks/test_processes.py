"""Steps, datasets and calibrators travel to other processes and give the same bits there."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SAMPLES

import calibrate
from calibrate.analyses.clusters import measure_clusters, open_models
from calibrate.analyses.targets.entropy import temperature_for_entropy
from calibrate.analyses.targets.labels import LabelTargets
from calibrate.analyses.targets.stream import TargetStream, sweep
from calibrate.analyses.thresholds.choose import decision_blocks, find_thresholds
from calibrate.blocks import passes
from calibrate.calibrators.apply import apply_blocks
from calibrate.calibrators.cross_fit import PerFold
from calibrate.data.readers.open import open_column
from calibrate.results.thresholds import Goal

MNIST, DIGITS = SAMPLES / "mnist", SAMPLES / "digits"
MULTILABEL = calibrate.Reading(task="multilabel")
QUICK = calibrate.Settings(bootstrap=100)


@dataclass
class Processes:
    """A third scheduler: each span of rows in another process, which was not forked from here."""

    pool: ProcessPoolExecutor
    spans: int = 0

    def map(self, task: Callable[[range], Any], spans: Sequence[range]) -> Iterator[Any]:
        self.spans += len(spans)
        return self.pool.map(task, spans)


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield Processes(pool)


def hard() -> calibrate.Dataset:
    return calibrate.open_dataset(f"{MNIST}/hard_test.npy", f"{MNIST}/labels_test.npy")


def digits() -> calibrate.Dataset:
    return calibrate.open_dataset(
        f"{DIGITS}/test_logits.npy", f"{DIGITS}/test_labels.npy", reading=MULTILABEL
    )


def all_of(blocks: Iterator[np.ndarray]) -> bytes:
    return np.concatenate(list(blocks)).tobytes()


def of_thresholds() -> tuple[object, bytes]:
    found = find_thresholds(digits(), Goal.of_text("f1"))
    return found, all_of(decision_blocks(digits(), found, calibrate.Temperature(1.0)))


def of_clusters() -> object:
    files = [f"{MNIST}/hard_test.npy", f"{MNIST}/smooth_test.npy", f"{MNIST}/labels_test.npy"]
    report = measure_clusters(open_models(files), (3, 5, 8), bootstrap=100)
    return report, [points.tobytes() for model in report.models for points in model.points]


def of_targets() -> object:
    maker = LabelTargets(open_column(f"{MNIST}/labels_test.npy", "labels"), 10, 0.1)
    t = temperature_for_entropy(hard(), 1.0)
    return all_of(TargetStream(maker)), sweep(hard(), [1.0, t], 0.5), t


PASSES: dict[str, Callable[[], object]] = {
    "fit": lambda: calibrate.fit(hard()),
    "fit per label": lambda: calibrate.fit_per_label(digits()),
    "evaluate": lambda: calibrate.evaluate(hard(), settings=QUICK),
    "cross-evaluate": lambda: calibrate.cross_evaluate(digits(), settings=QUICK),
    "apply": lambda: all_of(apply_blocks(calibrate.Temperature(2.0), hard())),
    "compare": lambda: calibrate.compare({"a": hard(), "b": hard()}),
    "thresholds": of_thresholds,
    "clusters": of_clusters,
    "targets": of_targets,
}


@pytest.mark.parametrize("name", PASSES)
def test_other_processes_give_the_same_bits(name, processes, monkeypatch):
    monkeypatch.setattr(passes, "BLOCK_ELEMENTS", 1 << 12)  # here: it cuts the spans
    here, before = PASSES[name](), processes.spans
    with calibrate.running(processes):
        there = PASSES[name]()
    assert processes.spans > before + 3
    assert there == here


@pytest.mark.parametrize("kind", ["npy", "npz stored", "npz compressed"])
def test_a_dataset_over_files_travels_as_its_address(kind, tmp_path):
    z = np.random.default_rng(0).normal(size=(20_000, 10)).astype(np.float32)
    y = np.arange(20_000) % 10
    if kind == "npy":
        np.save(tmp_path / "z.npy", z)
        np.save(tmp_path / "y.npy", y)
        names = f"{tmp_path}/z.npy", f"{tmp_path}/y.npy"
    else:
        write = np.savez if kind == "npz stored" else np.savez_compressed
        write(tmp_path / "a.npz", logits=z, labels=y)
        names = f"{tmp_path}/a.npz", None
    dataset = calibrate.open_dataset(*names)
    sent = pickle.dumps(dataset)
    assert len(sent) < 12_000  # of 800 KB; most of it the digests of 1,024 rows
    again = pickle.loads(sent).read(100, 200)
    np.testing.assert_array_equal(again.logits, z[100:200])
    np.testing.assert_array_equal(again.labels, y[100:200])


def test_a_relative_name_is_found_from_another_folder(tmp_path: Path, monkeypatch):
    np.save(tmp_path / "z.npy", np.eye(3) * 5)
    monkeypatch.chdir(tmp_path)
    column = open_column("z.npy", "logits")
    sent = pickle.dumps(column)
    monkeypatch.chdir("/")
    assert pickle.loads(sent).shape == (3, 3)
    assert pickle.loads(sent).name == "z.npy"


@pytest.mark.parametrize(
    "calibrator",
    [
        calibrate.Temperature(1.7),
        calibrate.PerLabelTemperature((0.5, 2.5)),
        PerFold((calibrate.Temperature(1.5), calibrate.Temperature(2.5))),
    ],
)
def test_calibrators_are_plain_values(calibrator):
    assert pickle.loads(pickle.dumps(calibrator)) == calibrator
    assert hash(calibrator) == hash(pickle.loads(pickle.dumps(calibrator)))
