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
from calibrate.data.readers.csv import opened
from calibrate.data.readers.registry import Address
from calibrate.data.spool import check_short
from calibrate.errors import InputError
from calibrate.files import read_text
from calibrate.text import brief, listed

MOST_LINES = 256 << 20  # bytes of a .txt of one line per row


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
def reading_csv(name: str) -> Iterator[CsvRows]:
    """The rows of a CSV with a header; what is wrong with the file is said in one line."""
    try:
        with opened(Path(name), name) as file:
            text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
            mark = "\t" if Address.of(name).suffix.startswith(".tsv") else ","
            lines = csv.reader(text, delimiter=mark, strict=True)
            header = next((fields for fields in lines if fields), [])
            yield CsvRows(name, tuple(field.strip() for field in header), lines)
            text.detach()  # it would close the file
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{name}: expected a CSV file in UTF-8: {error}") from error


def keys(_: Path) -> None:
    """A .txt holds one array, without a name."""


def read(path: Path, _: str | None, name: str) -> AnyArray:
    """The lines of a .txt, as text.

    Raises:
        InputError: the file cannot be read, or a line is too long for an array.
    """
    texts = read_names(str(path), MOST_LINES)
    check_short(texts, len(texts), name)
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
