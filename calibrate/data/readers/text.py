"""Text files: the lines of a .txt, the columns of a .csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calibrate.arrays import AnyArray
from calibrate.errors import InputError
from calibrate.files import check_regular, read_text, reading
from calibrate.printable import brief, listed

MOST_LINES = 256 << 20  # bytes of a .txt of one line per row
MOST_FILLED = 1 << 30  # bytes that texts take once each is as long as the longest


@dataclass(frozen=True)
class CsvRows:
    """The rows of a CSV below its header; each has as many fields.

    Attributes:
        name: of the file.
        header: the names of the columns.
    """

    name: str
    header: tuple[str, ...]
    _lines: Any  # a reader of the module csv, whose type has no name

    def column(self, name: str) -> int:
        """The place of a column.

        Raises:
            InputError: there is none of that name, or several.
        """
        found = self.header.count(name)
        if not found:
            raise InputError(
                f"{self.name}: no column {brief(name)}; it holds {listed(self.header)}"
            )
        if found > 1:
            raise InputError(
                f"{self.name}: {found} columns are named {brief(name)}; name each of them otherwise"
            )
        return self.header.index(name)

    def __iter__(self) -> Iterator[tuple[int, Sequence[str]]]:
        """The number of the line and the fields of each row; blank lines are none."""
        for fields in self._lines:
            line: int = self._lines.line_num
            if len(fields) > len(self.header):
                raise InputError(
                    f"{self.name}: line {line}: expected {len(self.header)} fields, as in the "
                    f"header, found {len(fields)}; write 0.9, not 0,9, and text with commas in "
                    "quotes"
                )
            if 0 < len(fields) < len(self.header):
                raise InputError(
                    f"{self.name}: line {line}: expected {len(self.header)} fields, as in the "
                    f"header, found {len(fields)}"
                )
            if fields:
                yield line, fields


@contextmanager
def reading_csv(name: str, path: Path | None = None) -> Iterator[CsvRows]:
    """The rows of a CSV with a header; what is wrong with the file is said in one line."""
    try:
        check_regular(path or Path(name), name)
        with reading(path or name, name) as file:
            text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
            lines = csv.reader(text, strict=True)
            header = next((fields for fields in lines if fields), [])
            yield CsvRows(name, tuple(header), lines)
            text.detach()  # it would close the file
    except InputError:
        raise
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
        return list(rows.header)


def read(path: Path, key: str | None, name: str) -> AnyArray:
    """The lines of a .txt, or a column of a .csv, as text.

    Raises:
        InputError: the file cannot be read, or has no such column.
    """
    if key is None:
        return _filled(read_names(str(path), MOST_LINES), name)
    with reading_csv(name.removesuffix(f":{key}"), path) as rows:
        column = rows.column(key)
        return _filled([fields[column] for _, fields in rows], name)


def _filled(texts: Sequence[str], name: str) -> AnyArray:
    """An array of texts, in which each takes up as much as the longest."""
    longest = max(map(len, texts), default=0)
    if 4 * longest * len(texts) > MOST_FILLED:
        long = next(text for text in texts if len(text) == longest)
        raise InputError(
            f"{name}: expected short texts, found one of {longest:,} characters among "
            f"{len(texts):,}, which would take more than {MOST_FILLED >> 30} GiB: {brief(long)}"
        )
    return np.array(texts, dtype=np.str_)


def read_names(name: str, most: int | None = None) -> tuple[str, ...]:
    """The lines of a text file, one name per line.

    Raises:
        InputError: there is no such text file.
    """
    try:
        text = read_text(name) if most is None else read_text(name, most)
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: expected a text file of names in UTF-8") from error
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error
    return tuple(text.splitlines())
