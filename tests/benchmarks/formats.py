"""Every file format against .npy: MB of scores per CPU second, and peak anonymous memory.

    python tests/benchmarks/formats.py [--rows 20000] [--classes 1000] [--folder /tmp/formats]
    python tests/benchmarks/formats.py --fit --rows 268435

Each file is opened and read once from its first row to its last in a process of its own, of which
the CPU time is taken (`time.process_time`, without imports), in turn, three times; the least
counts. Of text, MB are those of the file. `--fit` times whole `calibrate fit` processes instead.
Linux only (RssAnon).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from saved import pt, safetensors

TEXT = (".csv", ".jsonl")
BLOCK = 1 << 20  # scores that are read at once


def _arrow(z: np.ndarray, y: np.ndarray):
    import pyarrow as pa

    values = pa.FixedSizeListArray.from_arrays(pa.array(z.ravel()), z.shape[1])
    return pa.table({"logits": values, "label": y})


def write_jsonl(path: Path, z: np.ndarray, y: np.ndarray) -> None:
    with path.open("w") as file:
        for row, label in zip(z, y, strict=True):
            numbers = [float(f"{value:.9g}") for value in row]
            file.write(json.dumps({"logits": numbers, "label": int(label)}) + "\n")


def write_parquet(path: Path, z: np.ndarray, y: np.ndarray) -> None:
    import pyarrow.parquet as pq

    pq.write_table(_arrow(z, y), path)


def write_arrow(path: Path, z: np.ndarray, y: np.ndarray) -> None:
    import pyarrow as pa

    table = _arrow(z, y)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=4096)


def write_feather(path: Path, z: np.ndarray, y: np.ndarray) -> None:
    from pyarrow import feather

    feather.write_feather(_arrow(z, y), path)  # one batch in 64 Ki rows, packed with lz4


def write_h5(path: Path, z: np.ndarray, y: np.ndarray) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        file["logits"], file["labels"] = z, y


def write_zarr(path: Path, z: np.ndarray, y: np.ndarray) -> None:
    import zarr

    group = zarr.open_group(path, mode="w")
    for name, values in (("logits", z), ("labels", y)):
        chunks = (4096, *values.shape[1:])
        group.create_array(name, shape=values.shape, dtype=values.dtype, chunks=chunks)[:] = values


def write_csv(path: Path, z: np.ndarray, y: np.ndarray) -> None:
    header = ",".join([*(f"c{i}" for i in range(z.shape[1])), "label"])
    with path.open("w") as file:
        file.write(header + "\n")
        for start in range(0, len(z), 1000):
            rows = slice(start, start + 1000)
            np.savetxt(file, np.c_[z[rows], y[rows]], ["%.9g"] * z.shape[1] + ["%d"], ",")


WRITE: dict[str, Callable[[Path, np.ndarray, np.ndarray], object]] = {
    "npy": lambda path, z, _: np.save(path, z),
    "npz": lambda path, z, y: np.savez(path, logits=z, labels=y),
    "pt": lambda path, z, _: path.write_bytes(pt(logits=z)),
    "safetensors": lambda path, z, _: path.write_bytes(safetensors(logits=z)),
    "pkl": lambda path, z, _: path.write_bytes(__import__("pickle").dumps(z)),
    "csv": write_csv,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
    "arrow": write_arrow,
    "feather": write_feather,
    "h5": write_h5,
    "zarr": write_zarr,
}


def child(path: str) -> None:
    """Read a file once, and print the CPU seconds and the peak of anonymous memory."""
    from calibrate.data.readers.open import open_column
    from calibrate.data.readers.registry import FORMATS

    import_module(f"calibrate.data.readers.{FORMATS[Path(path).suffix].module}")
    start = time.process_time()
    column = open_column(path, "logits")
    rows, peak, total = max(1, BLOCK // column.shape[1]), 0.0, 0.0
    for first in range(0, column.shape[0], rows):
        total += float(column.read(first, first + rows)[0, 0])
        peak = max(peak, _anonymous())
    print(json.dumps([time.process_time() - start, peak, total]))


def _anonymous() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


def measured(path: Path) -> tuple[float, float]:
    command = [sys.executable, __file__, "--child", str(path)]
    seconds, peak, _ = json.loads(subprocess.check_output(command))
    return seconds, peak


def fitted(path: Path, labels: Path) -> tuple[float, float]:
    command = [sys.executable, "-m", "calibrate", "fit", str(path), str(labels), "-q", "-o"]
    start = time.perf_counter()
    subprocess.run([*command, str(path.with_suffix(".out.json"))], check=True, capture_output=True)
    return time.perf_counter() - start, 0.0


def made(rows: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """float32 scores, and labels of a model that is twice as sure as it should be."""
    rng = np.random.default_rng(0)
    z, y = np.empty((rows, classes), np.float32), np.empty(rows, np.int64)
    for start in range(0, rows, 10_000):
        part = z[start : start + 10_000]
        part[:] = rng.standard_normal(part.shape, np.float32) * 3
        noise = -np.log(rng.standard_exponential(part.shape, np.float32) + np.float32(1e-30))
        y[start : start + len(part)] = (part / 2 + noise).argmax(1)
    return z, y


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/formats"))
    parser.add_argument("--formats", default=",".join(WRITE))
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--child")
    given = parser.parse_args()
    if given.child:
        child(given.child)
        return
    given.folder.mkdir(exist_ok=True)
    z, y = made(given.rows, given.classes)
    np.save(given.folder / "y.npy", y)
    paths = {name: given.folder / f"z.{name}" for name in given.formats.split(",")}
    for name, path in paths.items():
        WRITE[name](path, z, y)
    least: dict[str, tuple[float, float]] = {}
    for _ in range(3):
        for name, path in paths.items():
            found = fitted(path, given.folder / "y.npy") if given.fit else measured(path)
            least[name] = min(found, least.get(name, found))
    for name, (seconds, peak) in least.items():
        size = paths[name].stat().st_size if f".{name}" in TEXT else z.nbytes
        ratio = least["npy"][0] / seconds
        print(f"{name:12} {seconds:7.3f} s  {size / seconds / 1e6:7.0f} MB/s  "
              f"{ratio:6.3f} of .npy  {peak:5.0f} MiB")  # fmt: skip


if __name__ == "__main__":
    main()
