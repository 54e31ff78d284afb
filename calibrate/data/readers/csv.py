"""The .csv and .tsv formats: a column of scores per class, with or without one of labels."""

from __future__ import annotations

import csv
import gzip
import io
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np

from calibrate.arrays import AnyArray, Float64
from calibrate.data.column import Column
from calibrate.data.decoded import decoded, decoded_texts
from calibrate.data.readers.contents import check_unpacked
from calibrate.data.readers.registry import Format, Request
from calibrate.data.readers.table import (
    WholeColumns,
    check_once,
    label_key,
    nearest,
    score_columns,
)
from calibrate.errors import InputError
from calibrate.files import check_regular, reading
from calibrate.text import brief, listed

FORMATS = (Format((".csv", ".csv.gz", ".tsv", ".tsv.gz"), words="table in text", table=True),)

PREDICTIONS = ("pred_label", "confidence")  # columns of a file that holds no scores
UNNAMED = ("", "Unnamed: 0", "unnamed: 0")  # the row names that pandas and R write
BLOCK = 1 << 20  # bytes that are decoded at once
MOST_LINE = 16 << 20  # bytes of a line
MOST_COLUMNS = 1 << 20
BETWEEN = "\x1f"  # stands between fields whose quotes were taken off
ODD_TEXT = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"PK\x03\x04", "a zip archive"))
BOM = b"\xef\xbb\xbf"


def is_number(text: str) -> bool:
    """Whether a field is one, as in ``-1.5e3``, ``nan`` and ``-inf``."""
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and "_" not in text


# The lines of a text file, some at a time.


@contextmanager
def opened(path: Path, request: Request) -> Iterator[BinaryIO]:
    """The bytes of a text file, unpacked where it is a .gz.

    Raises:
        InputError: whatever is wrong with the file or the archive, in one line.
    """
    name = request.file
    try:
        check_regular(path, name)
        with reading(path, name) as file:
            if not request.suffix.endswith(".gz"):
                yield file
                return
            with _Unpacked(file, name) as unpacked:
                yield io.BufferedReader(unpacked)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{name}: expected a gzip file, found something else or a truncated one ({error}); "
            "pack it again"
        ) from error
    except FileNotFoundError as error:
        raise InputError(f"{name}: no such file") from error
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error


class _Unpacked(gzip.GzipFile):
    """A gzip file, as long as it does not unpack to far more than numbers do."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        super().__init__(fileobj=file)
        self._called, self._packed = name, os.fstat(file.fileno()).st_size

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        check_unpacked(self.tell(), self._packed, self._called)
        return found


@dataclass(frozen=True)
class CsvLines:
    """Some lines of a file.

    Attributes:
        first: the number of the first, from 1.
        text: with ``\\n`` at the end of each line but perhaps the last.
        size: the bytes that they take in the file.
    """

    first: int
    text: str
    size: int

    @cached_property
    def lines(self) -> list[str]:
        """Without their ends."""
        return self.text.removesuffix("\n").split("\n")

    def rows(self, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
        """The number of the last line of each row, and its fields; blank lines have none.

        Raises:
            InputError: quotes are not as in a CSV file, or a row has too many fields.
        """
        if any(line.count(delimiter) > MOST_COLUMNS for line in self.lines):
            raise InputError(
                f"{name}: expected at most {MOST_COLUMNS:,} columns, found more: is this the right "
                "file?"
            )
        found = csv.reader((f"{line}\n" for line in self.lines), delimiter=delimiter, strict=True)
        try:
            for fields in found:
                yield self.first + found.line_num - 1, fields
        except csv.Error as error:
            raise InputError(f"{name}: expected a CSV file: {error}") from error

    def without(self, n: int) -> CsvLines:
        """All but the first ``n``."""
        return CsvLines(self.first + n, "".join(self.text.split("\n", n)[n:]), self.size)


def blocks(file: BinaryIO, name: str) -> Iterator[CsvLines]:
    """All lines, some at a time; quotes open and close in the same block.

    Raises:
        InputError: this is no text in UTF-8, or a line without end.
    """
    number, rest, more = 1, b"", True
    while more:
        found = file.read(BLOCK)
        more = bool(found)
        if number == 1 and not rest:
            for start, kind in ODD_TEXT:
                if found.startswith(start):
                    raise InputError(
                        f"{name}: expected text in UTF-8, found {kind}; save it as CSV UTF-8"
                    )
            found = found.removeprefix(BOM)
        content = rest + found
        end = content.rfind(b"\n") + 1 if more else len(content)
        if more and content.count(b'"', 0, end) % 2:
            end = 0  # a quote that closes further on
        rest = content[end:]
        if len(rest) > MOST_LINE:
            raise InputError(
                f"{name}: line {number}: expected a line of at most {MOST_LINE >> 20} MiB, found a "
                "longer one, or a quote that never closes"
            )
        if end:
            block = _lines(content[:end], number, name)
            yield block
            number += block.text.count("\n")


def _lines(content: bytes, number: int, name: str) -> CsvLines:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = number + content.count(b"\n", 0, error.start)
        raise InputError(
            f"{name}: line {line}: expected text in UTF-8, found byte "
            f"{content[error.start]:#04x}; save it as CSV UTF-8"
        ) from error
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return CsvLines(number, text, len(content))


# A table of such lines.


def keys(path: Path, request: Request) -> list[str] | None:
    """``logits``: all scores; ``labels``, if there are any; and each column.

    A file of one column holds that alone.
    """
    table = _table(path, request)
    if len(table.columns) == 1:
        return [*table.columns] if table.titled else None
    labels = [] if table.labels is None else ["labels"]
    return list(dict.fromkeys(["logits", *labels, *table.columns]))


def open(path: Path, key: str | None, request: Request) -> Column:
    """All scores, ``(n, K)``, or one column, ``(n,)``, as numbers or as text.

    Raises:
        InputError: the file is no table, or has no such column.
    """
    table, name = _table(path, request), request.file
    labels = table.labels
    if key == "logits" and key not in table.columns:
        guess = WholeColumns(labels, request)
        column = table.numbers(table.scores, guess)
        if table.unnamed:
            note = f"{name}: the first column, which has no name, was left out as row names"
            column = replace(column, notes=(note,))
        column = replace(column, class_names=table.scores if table.titled else None)
    else:
        wanted = key or table.columns[0]
        if key == "labels" and key not in table.columns and labels is not None:
            wanted = labels
        if wanted not in table.columns:
            raise InputError(f"{name}: no column {brief(key)}{nearest(wanted, table.columns)}")
        column = table.texts(wanted) if request.text else table.numbers(wanted)
    if not column.shape[0]:
        raise InputError(f"{name}: expected at least one row below the header, found none")
    return column


@dataclass(frozen=True)
class CsvTable:
    """A file, with what its first line says.

    Attributes:
        path, request: of the file.
        names: of the columns; numbers from 1 where there is no header.
        titled: whether there is a header.
        delimiter: between fields.
        skipped: lines before the first row.
    """

    path: Path
    request: Request
    names: tuple[str, ...]
    titled: bool
    delimiter: str
    skipped: int

    @property
    def unnamed(self) -> bool:
        """Whether the first column holds the row names of pandas or R."""
        return self.titled and len(self.names) > 1 and self.names[0] in UNNAMED

    @property
    def columns(self) -> tuple[str, ...]:
        return self.names[1:] if self.unnamed else self.names

    @property
    def labels(self) -> str | None:
        """The column of the labels, if there is one."""
        asked = self.request.label_column
        return label_key(self.columns if self.titled or asked else (), asked, self.request.file)

    @property
    def scores(self) -> tuple[str, ...]:
        """The columns of the scores."""
        if self.titled and {*PREDICTIONS} <= {*self.columns}:
            raise InputError(
                f"{self.request.file}: expected a column of scores per class, found predictions "
                "and confidences, which `calibrate report` alone reads"
            )
        found = score_columns(self.columns, self.labels, self.request.leave_out)
        if not found:
            raise InputError(
                f"{self.request.file}: expected a column of scores per class, found "
                f"{listed(self.names)}"
            )
        return found

    def numbers(self, columns: str | tuple[str, ...], guess: WholeColumns | None = None) -> Column:
        """Columns side by side, ``(n, len(columns))``, or a single one, ``(n,)``."""
        several = (columns,) if isinstance(columns, str) else columns
        shape = () if isinstance(columns, str) else (len(columns),)
        places = tuple(map(self.names.index, several))
        hint = guess is not None and not guess.settled
        with opened(self.path, self.request) as file:
            rows = self._below(file)
            first = next(rows, CsvLines(1, "", 0))
            values = self.numbers_in(first, places, hint=hint)
            expected = self.path.stat().st_size * len(values) // max(1, first.size)
            found = chain([values], (self.numbers_in(each, places, hint=hint) for each in rows))
            looked = found if guess is None else map(guess.add, found)
            shaped: Iterator[AnyArray] = (each.reshape(len(each), *shape) for each in looked)
            column = decoded(self.request.file, shaped, shape, np.dtype(np.float64), expected)
        if guess is not None:
            guess.check(several, self.request.file)
        return column

    def texts(self, column: str) -> Column:
        """A column as text, ``(n,)``."""
        place = self.names.index(column)
        with opened(self.path, self.request) as file:
            found = (self.texts_in(block, place) for block in self._below(file))
            return decoded_texts(self.request.file, found)

    def _below(self, file: BinaryIO) -> Iterator[CsvLines]:
        """The lines below the header."""
        left = self.skipped
        for block in blocks(file, self.request.file):
            yield block.without(left) if left else block
            left = max(0, left - len(block.lines))

    def numbers_in(self, block: CsvLines, places: Sequence[int], *, hint: bool = False) -> Float64:
        """``(n, len(places))``, the nearest float64, as Python's ``float`` has them.

        Raises:
            InputError: a row has more or fewer fields, or something is no number.
        """
        delimiter, columns = self.delimiter, places
        if '"' in block.text:
            rows = self._fields(block)
            lines = [BETWEEN.join(row[i] for i in places) for row in rows]
            delimiter, columns = BETWEEN, range(len(places))
        else:
            lines = self._plain(block)
        if not lines:
            return np.empty((0, len(places)))
        every = len(columns) == len(self.names)
        try:
            return np.loadtxt(
                lines, np.float64, None, delimiter, usecols=None if every else columns, ndmin=2
            )
        except ValueError as error:
            self._tell(block, places, hint=hint)
            raise InputError(f"{self.request.file}: expected numbers: {error}") from error

    def texts_in(self, block: CsvLines, place: int) -> list[str]:
        """The field of each line in a column.

        Raises:
            InputError: a row has more or fewer fields.
        """
        if '"' in block.text:
            return [row[place] for row in self._fields(block)]
        lines, behind = self._plain(block), len(self.names) - 1 - place
        if place <= behind:  # cut off at the nearer end
            return [line.split(self.delimiter, place + 1)[place] for line in lines]
        return [line.rsplit(self.delimiter, behind + 1)[-behind - 1] for line in lines]

    def _plain(self, block: CsvLines) -> list[str]:
        """The lines without quotes that are not blank, with as many fields in each."""
        lines = [line for line in block.lines if line] if "" in block.lines else block.lines
        between = len(self.names) - 1
        if any(line.count(self.delimiter) != between for line in lines):
            self._fields(block)
        return lines

    def _fields(self, block: CsvLines) -> list[list[str]]:
        """The fields of each row, as many in each."""
        width, rows = len(self.names), []
        for line, row in block.rows(self.delimiter, self.request.file):
            if row and len(row) != width:
                hint = "; write 0.9, not 0,9, and text with commas in quotes"
                hint = hint if len(row) > width and self.delimiter == "," else ""
                raise InputError(
                    f"{self.request.file}: line {line}: expected {width} fields, as in the first "
                    f"line, found {len(row)}{hint}"
                )
            if row:
                rows.append(row)
        return rows

    def _tell(self, block: CsvLines, places: Sequence[int], *, hint: bool) -> None:
        """Raise InputError for the first field that is no number."""
        for line, row in block.rows(self.delimiter, self.request.file):
            for i in places if row else ():
                text, column = row[i].strip(), self.names[i]
                if is_number(row[i]):
                    continue
                todo = f'; if these are the labels, pass `label_column="{column}"`'
                todo = todo if hint and text else ""
                if text.endswith("%") and is_number(text[:-1]):
                    todo = "; leave out the %, and pass `percent` for confidences from 0 to 100"
                elif is_number(text.replace(",", ".")):
                    todo = "; write 0.9, not 0,9"
                raise InputError(
                    f"{self.request.file}: line {line}, column {brief(column)}: expected a "
                    f"number, found {brief(row[i]) if text else 'nothing'}{todo}"
                )


def _table(path: Path, request: Request) -> CsvTable:
    """A file with its header, or what stands in its place.

    Raises:
        InputError: the file is empty, or a column is there twice.
    """
    name = request.file
    with opened(path, request) as file:
        first = next(blocks(file, name), CsvLines(1, "", 0))
    blank = next((i for i, line in enumerate(first.lines) if line.strip()), None)
    if blank is None:
        raise InputError(f"{name}: expected a table, found an empty file")
    line = first.lines[blank]
    delimiter = next((mark for mark in ",;\t" if mark in line), ",")
    if request.suffix.startswith(".tsv"):
        delimiter = "\t"
    rows = first.without(blank).rows(delimiter, name)
    last, top = next(rows)
    second: list[str] = next((row for _, row in rows if row), [])
    fields = [field.strip() for field in top]
    fields[0] = fields[0].removeprefix("#").strip()  # as numpy.savetxt writes a header
    titled = not all(map(is_number, fields))
    if fields == [str(i) for i in range(len(fields))]:  # as pandas calls columns without a name
        # of two columns or one, that could be a row, too
        whole = all(text.strip().lstrip("-").isdecimal() for text in second)
        titled = len(fields) > 2 or not whole
    names = tuple(fields) if titled else tuple(str(i + 1) for i in range(len(fields)))
    check_once(names, name)
    return CsvTable(path, request, names, titled, delimiter, last if titled else 0)
