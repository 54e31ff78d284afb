"""Names given by the user -> arrays -> Dataset."""

from __future__ import annotations

import csv
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from calibrate.blocks.block import AnyArray
from calibrate.data.dataset import Dataset
from calibrate.data.readers.npy import read_npy
from calibrate.data.readers.npz import keys, read_npz
from calibrate.errors import InputError

SUFFIXES = (".npy", ".npz")


def open_source(
    logits: str,
    labels: str | None = None,
    *,
    weights: str | None = None,
    needs_labels: bool = True,
    scores: str | None = None,
    task: str | None = None,
    label_offset: int = 0,
    ignore_label: int | None = None,
    workers: int | None = None,
    on_rows: Callable[[int], None] | None = None,
) -> Dataset:
    """Open files by name and validate them.

    Args:
        logits: ``file.npy``, ``file.npz`` or ``file.npz:key``.
        labels: the same, or None where the .npz of the logits holds labels too.
        weights: the same; row weights, or None.
        needs_labels: whether to open labels at all.

    Raises:
        InputError: anything about the files or their values.
    """
    path, _ = _split(logits)
    values = read_array(logits, "logits")
    label_values: AnyArray | None = None
    if needs_labels:
        labels = labels if labels is not None else _labels_beside(path, logits)
        label_values = read_array(labels, "labels")
    return Dataset.open(
        values,
        label_values,
        weights=read_weights(weights),
        scores=scores,
        task=task,
        label_offset=label_offset,
        ignore_label=ignore_label,
        logits_name=logits,
        labels_name=labels or "",
        weights_name=weights or "",
        workers=workers,
        on_rows=on_rows,
    )


def read_array(name: str, role: str) -> AnyArray:
    """The array named by the user; ``role`` ("logits", "labels") is the key looked for."""
    path, key = _split(name)
    if not name or key == "":
        raise InputError(f"{name}: expected the name of a file of {role}, got an empty name or key")
    try:
        if path.is_dir():
            raise InputError(f"{name}: expected a file of {role}, found a directory")
        if not path.exists():
            raise InputError(f"{name}: no such file{nearest_file(path)}")
        if path.suffix == ".npy":
            return read_npy(path)
        if path.suffix == ".npz":
            return read_npz(path, key or _default_key(path, role))
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error
    raise InputError(
        f"{name}: expected a file of {role} ending in {' or '.join(SUFFIXES)}, "
        f"found {path.suffix or 'no suffix'!r}; save it with numpy.save"
    )


def nearest_file(path: Path) -> str:
    """The file beside that was meant, perhaps, as the end of a message."""
    if not path.parent.is_dir():
        return f"; the folder {path.parent} does not exist"
    beside = [each.name for each in path.parent.iterdir()]
    near = get_close_matches(path.name, beside, n=1)
    return f"; did you mean {path.parent / near[0]}?" if near else ""


def _split(name: str) -> tuple[Path, str | None]:
    """``file.npz:key`` -> path and key."""
    head, mark, key = name.rpartition(".npz:")
    if mark and not Path(name).exists():
        return Path(head + ".npz"), key
    return Path(name), None


def _default_key(path: Path, role: str) -> str:
    held = keys(path)
    if role in held:
        return role
    if len(held) == 1:
        return held[0]
    raise InputError(
        f"{path}: no array {role!r}; it holds {', '.join(held) or 'none'}; name one as {path}:KEY"
    )


def _labels_beside(path: Path, name: str) -> str:
    if path.suffix == ".npz" and path.is_file() and "labels" in keys(path):
        return f"{path}:labels"
    what = f" in {path}" if path.suffix == ".npz" else ""
    raise InputError(f"{name}: LABELS is missing and no array 'labels' was found{what}")


def read_names(name: str) -> tuple[str, ...]:
    """The lines of a text file, one name per line.

    Raises:
        InputError: there is no such text file.
    """
    try:
        return tuple(Path(name).read_text(encoding="utf-8").splitlines())
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: expected a text file of names in UTF-8") from error
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error


def read_weights(name: str | None) -> AnyArray | None:
    """The row weights in a file, if there is one."""
    return None if name is None else read_array(name, "weights")


def read_groups(name: str) -> AnyArray:
    """The group of each row: an array file, the lines of a ``.txt``, or ``file.csv:column``.

    Raises:
        InputError: the file cannot be read, or has no such column.
    """
    head, mark, column = name.rpartition(".csv:")
    if mark:
        return np.array(_column(head + ".csv", column), dtype=np.str_)
    if name.endswith(".txt"):
        return np.array(read_names(name), dtype=np.str_)
    return read_array(name, "groups")


def _column(name: str, column: str) -> list[str]:
    try:
        with open(name, encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if column not in (rows.fieldnames or ()):
                held = ", ".join(rows.fieldnames or ()) or "none"
                raise InputError(f"{name}: no column {column!r}; it holds {held}")
            return [row[column] or "" for row in rows]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{name}: expected a CSV file in UTF-8: {error}") from error
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error
