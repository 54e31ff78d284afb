"""Text files: the lines of a .txt, the columns of a .csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from calibrate.arrays import AnyArray
from calibrate.errors import InputError
from calibrate.files import read_bytes, reading


@contextmanager
def reading_csv(name: str, path: Path | None = None) -> Iterator[csv.DictReader[str]]:
    """The rows of a CSV with a header; what is wrong with the file is said in one line."""
    try:
        with reading(path or name, name) as file:
            text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
            yield csv.DictReader(text)
            text.detach()  # it would close the file
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{name}: expected a CSV file in UTF-8: {error}") from error
    except FileNotFoundError as error:
        raise InputError(f"{name}: no such file") from error
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error


def keys(path: Path) -> list[str] | None:
    """The columns of a .csv; a .txt has none."""
    if path.suffix.lower() != ".csv":
        return None
    with reading_csv(str(path)) as rows:
        return list(rows.fieldnames or ())


def read(path: Path, key: str | None, name: str) -> AnyArray:
    """The lines of a .txt, or a column of a .csv, as text.

    Raises:
        InputError: the file cannot be read, or has no such column.
    """
    if key is None:
        return np.array(read_names(str(path)), dtype=np.str_)
    name = name.removesuffix(f":{key}")
    with reading_csv(name, path) as rows:
        if key not in (rows.fieldnames or ()):
            held = ", ".join(rows.fieldnames or ()) or "none"
            raise InputError(f"{name}: no column {key!r}; it holds {held}")
        return np.array([row[key] or "" for row in rows], dtype=np.str_)


def read_names(name: str) -> tuple[str, ...]:
    """The lines of a text file, one name per line.

    Raises:
        InputError: there is no such text file.
    """
    try:
        return tuple(read_bytes(name, name).decode("utf-8").splitlines())
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: expected a text file of names in UTF-8") from error
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error
