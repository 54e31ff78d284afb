"""Shared data and the runner of real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import warm

import calibrate

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "sample_logits"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path, request: pytest.FixtureRequest) -> Run:
    """Run ``python -m calibrate ARGS`` in ``tmp_path``; output as text unless ``text=False``.

    Pictures are blank files, but in tests marked ``draws``.
    """
    draws = request.node.get_closest_marker("draws") is not None

    def runner(*args: object, text: bool = True) -> subprocess.CompletedProcess:
        done = warm.run(list(map(str, args)), tmp_path, draws=draws)
        if text:
            done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
            check_schema(done.stdout)
        return done

    return runner


def fresh(folder: Path, *args: object, **more: Any) -> subprocess.Popen[str]:
    """Start ``python -m calibrate ARGS`` from nothing: for start-up, signals and pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", "calibrate", *map(str, args)],
        cwd=folder, text=True, **{"env": {**os.environ, "PYTHONPATH": str(ROOT)}, **more},
    )  # fmt: skip


def heed_signals() -> None:
    """Whoever runs the tests in the background may have them ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def refused(done: subprocess.CompletedProcess[str], *said: str) -> None:
    """It ended with status 2, printed nothing, and said these words in the one line on stderr."""
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.startswith("calibrate: ")
    assert done.stderr.count("\n") == 1, done.stderr
    for text in said:
        assert text in done.stderr, done.stderr


def contents(folder: Path) -> dict[str, bytes]:
    """All files in a folder and below it."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check_schema(text: str) -> None:
    """Whatever JSON of a result a command prints is as docs/schemas/ says."""
    if text.startswith('{\n "schema": '):
        content = json.loads(text)
        validator(content["schema"]).validate(content)


@cache
def validator(schema: str) -> Any:
    """The schema in docs/schemas/, and no other field than those it names."""
    from jsonschema import Draft202012Validator  # here: most tests need none

    name = schema.removeprefix("calibrate.").replace("/", "-")
    found = json.loads((ROOT / f"docs/schemas/{name}.json").read_text())
    Draft202012Validator.check_schema(found)
    for each in (found, *found["$defs"].values()):
        each["required"], each["additionalProperties"] = list(each["properties"]), False
    return Draft202012Validator(found)


def runs(few: int, many: int) -> pytest.MarkDecorator:
    """A simulation of so many ``runs``: a few always, many in a long run (``pytest -m ''``)."""
    return pytest.mark.parametrize("runs", [few, pytest.param(many, marks=pytest.mark.long)])


def margin(share: float, runs: int) -> float:
    """How far the share found in so many runs may lie from the true one: three standard errors."""
    return 3 * (share * (1 - share) / runs) ** 0.5


def under(workers: int, function: Callable[[], object]) -> object:
    """What a function gives with its passes run on so many threads."""
    with calibrate.running(workers=workers):
        return function()


def gumbel_labels(logits: np.ndarray, temperature: float, rng: np.random.Generator) -> np.ndarray:
    """Labels drawn from softmax(logits / temperature): the true T is known."""
    return (logits / temperature + rng.gumbel(size=logits.shape)).argmax(axis=1)


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray]:
    """400 rows, 7 classes, float32, overconfident by about 2."""
    rng = np.random.default_rng(5)
    logits = rng.normal(scale=3, size=(400, 7)) + rng.normal(size=(400, 1))
    return logits.astype(np.float32), gumbel_labels(logits, 2.0, rng)


@pytest.fixture
def files(tmp_path: Path, data: tuple[np.ndarray, np.ndarray]) -> tuple[Path, Path]:
    """The same on disk, in the folder that processes run in."""
    paths = tmp_path / "z.npy", tmp_path / "y.npy"
    for path, array in zip(paths, data, strict=True):
        np.save(path, array)
    return paths
