"""A BLAS splits long sums between its threads: no result may depend on how many there are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

# Soft labels, weights and clusters of 12 000 rows: vectors long enough for threads, of every kind.
REPORT = """
import numpy as np, calibrate
from calibrate.results.json import to_json
rng = np.random.default_rng(0)
z, w, u = rng.normal(size=(12_000, 3)) * 2, rng.exponential(size=12_000), np.arange(12_000) // 5
q = rng.dirichlet(np.ones(3), 12_000)
settings = calibrate.Settings(bootstrap=20)
rows = calibrate.Dataset.of(z, q, weights=w, clusters=u)
print(to_json(calibrate.evaluate(rows, calibrator=calibrate.Temperature(2.0), settings=settings)))
"""
FIT = """
import os, atexit, sys
atexit.register(lambda: print(len(os.listdir("/proc/self/task"))))
sys.argv = ["calibrate", "fit", "z.npy", "y.npy", "--workers", "1", "--format", "json"]
from calibrate.__main__ import main
main()
"""


def run(code: str, threads: int, folder: Path | None = None) -> str:
    env = {**os.environ, "OPENBLAS_NUM_THREADS": str(threads)}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=env,
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_a_report_has_the_same_bits_with_one_thread_and_with_four():
    one, four = (run(REPORT, threads) for threads in (1, 4))
    assert '"ece"' in one
    assert one == four


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no threads can be counted here")
def test_the_command_has_no_threads_of_a_blas(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "z.npy", rng.normal(size=(300, 3)))
    np.save(tmp_path / "y.npy", rng.integers(0, 3, 300))
    assert run(FIT, 4, tmp_path).splitlines()[-1] == "1"
