"""A 4 GiB file of logits: time per pass against `cat`, and peak anonymous memory.

    python tests/benchmarks/large_file.py [--folder /tmp/large] [--classes 1000] [--gib 4]

Anonymous memory (RssAnon of /proc/PID/status, sampled every 20 ms): the file is read block by
block and never mapped. Linux only; needs room for twice the file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PASSES = {  # over the whole file, besides what the fit itself reports
    "fit": 2,  # the inspection at the door and the evaluation
    "apply": 2,  # the inspection and the pass that writes
    "report": None,  # as a whole: it also fits the five folds
    "report --fit": None,
}


def make(folder: Path, classes: int, gib: float) -> None:
    rows = int(gib * 2**30 / 4 / classes)
    rng = np.random.default_rng(0)
    block = rng.normal(scale=3, size=(20_000, classes)).astype(np.float32)
    logits = np.lib.format.open_memmap(folder / "z.npy", "w+", np.float32, (rows, classes))
    labels = np.empty(rows, np.int32)
    for start in range(0, rows, len(block)):
        part = logits[start : start + len(block)]
        part[:] = block[: len(part)] + np.float32(start % 7)
        noise = rng.gumbel(size=part.shape).astype(np.float32)
        labels[start : start + len(part)] = (part / 2 + noise).argmax(1)
    logits.flush()
    np.save(folder / "y.npy", labels)


def anonymous(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("RssAnon")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


def run(*command: str) -> tuple[float, float, str]:
    """Wall seconds, peak anonymous MiB and stdout of a command."""
    with tempfile.TemporaryFile("w+") as out:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, anonymous(process.pid))
            time.sleep(0.02)
        seconds = time.perf_counter() - start
        if process.returncode:
            raise SystemExit(f"{command} failed")
        out.seek(0)
        return seconds, peak, out.read()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", default="/tmp/large")
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--gib", type=float, default=4)
    options = parser.parse_args()
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "z.npy").exists():
        make(folder, options.classes, options.gib)
    z, y, c = (str(folder / name) for name in ("z.npy", "y.npy", "c.json"))
    calibrate = [sys.executable, "-m", "calibrate"]
    commands = {
        "fit": [*calibrate, "fit", z, y, "-o", c, "--format", "json"],
        "apply": [*calibrate, "apply", z, "-c", c, "-o", str(folder / "p.npy")],
        "report": [*calibrate, "report", z, y, "-c", c, "-o", str(folder / "report")],
        "report --fit": [*calibrate, "report", z, y, "--fit", "-o", str(folder / "report")],
    }
    _cat(z)
    cat = float(np.median([_cat(z) for _ in range(5)]))
    print(f"cat {z} > /dev/null: {cat:.2f} s\n")
    print("| command | wall | passes | wall per pass / cat | peak anonymous memory |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, command in commands.items():
        seconds, peak, out = run(*command)
        passes = PASSES[name]
        if name == "fit" and passes:
            passes += json.loads(out)["calibrator"]["evaluations"]
        each = f"{seconds / passes / cat:.1f}" if passes else ""
        print(f"| {name} | {seconds:.1f} s | {passes or ''} | {each} | {peak:.0f} MiB |")


def _cat(path: str) -> float:
    start = time.perf_counter()
    with open("/dev/null", "wb") as null:
        subprocess.run(["cat", path], stdout=null, check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
