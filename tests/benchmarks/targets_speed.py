"""How fast are targets written? Megabytes of output a second, and peak anonymous memory.

    python tests/benchmarks/targets_speed.py [--folder /tmp/targets] [--rows 50000] [--runs 5]

Each command is a process of its own, timed whole, in turn A B C A B C ...; medians are printed as
Markdown rows. The second rate is what remains beyond start-up, the time of the same command on 10
rows. Memory is RssAnon of /proc/PID/status, sampled every 10 ms, beside that of a process that only
imports what the command imports. Linux only.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import numpy as np

FEW = 10
IMPORTS = "import calibrate.cli.app, calibrate.renderers.formats, time; time.sleep(1)"


def make(folder: Path, rows: int, classes: int) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=3, size=(rows, classes)).astype(np.float32)
    np.save(folder / "z.npy", logits)
    np.save(folder / "y.npy", (logits + 2 * rng.gumbel(size=logits.shape)).argmax(axis=1))
    np.save(folder / "eps.npy", rng.uniform(0, 0.3, rows))


def anonymous(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("RssAnon")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


def run(*command: str) -> tuple[float, float]:
    """Wall seconds and peak anonymous MiB of a command."""
    start, peak = time.perf_counter(), 0.0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, anonymous(process.pid))
        time.sleep(0.01)
    if process.returncode:
        raise SystemExit(f"{command} failed")
    return time.perf_counter() - start, peak


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", default="/tmp/targets")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--classes", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    make(folder, options.rows, options.classes)
    few = folder / "few"
    few.mkdir(exist_ok=True)
    make(few, FEW, options.classes)
    outputs = {"a file": str(folder / "targets.npy"), "/dev/null": os.devnull}
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    for _ in range(options.runs):
        for name, where in product(commands(folder, options.classes), outputs):
            command = commands(folder, options.classes)[name]
            start, _ = run(*commands(few, options.classes)[name], "-o", outputs[where])
            wall, peak = run(*command, "-o", outputs[where])
            found.setdefault((name, where), []).append((wall, start, peak))
    _, imports = run(sys.executable, "-c", IMPORTS)
    megabytes = options.rows * options.classes * 4 / 1e6
    print(
        f"Python {platform.python_version()}, numpy {np.__version__}, {os.cpu_count()} cores, "
        f"{platform.machine()}; {options.rows:,} x {options.classes:,}, {megabytes:.0f} MB; "
        f"imports alone: {imports:.0f} MiB\n"
    )
    print("| targets | to | wall | MB/s | start-up | MB/s beyond it | peak beyond imports |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for (name, where), runs in found.items():
        wall, start, _ = np.median(runs, axis=0)
        beyond = max(peak for _, _, peak in runs) - imports
        print(
            f"| {name} | {where} | {wall:.2f} s | {megabytes / wall:.0f} | {start:.2f} s "
            f"| {megabytes / (wall - start):.0f} | {beyond:.0f} MiB |"
        )


def commands(folder: Path, classes: int) -> dict[str, list[str]]:
    z, y, eps = (str(folder / name) for name in ("z.npy", "y.npy", "eps.npy"))
    start = [sys.executable, "-m", "calibrate", "targets"]
    labels = [*start, "labels", y, "--n-classes", str(classes)]
    teacher = [*start, "teacher", z]
    return {
        "--smoothing 0.1": [*labels, "--smoothing", "0.1"],
        "--smoothing eps.npy": [*labels, "--smoothing", eps],
        "--smoothing 0:0.2 --difficulty": [
            *start, "labels", y, "--smoothing", "0:0.2", "--difficulty", z,
        ],
        "--temperature 4": [*teacher, "--temperature", "4"],
        "--temperature 4 --mix 0.9": [
            *teacher, "--temperature", "4", "--mix", "0.9", "--labels", y,
        ],
        "--entropy 3": [*teacher, "--entropy", "3"],
    }  # fmt: skip


if __name__ == "__main__":
    main()
