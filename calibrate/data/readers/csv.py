"""Decimal numbers in lines of fields -> float64, many at once and to the last bit.

Eight digits are taken together as one integer (Lemire, 2018, "Quickly parsing eight digits"). A
number of up to 19 digits is an integer m and a power of ten, both without error; where m < 2**53
their quotient in float64 is the nearest number (Clinger, 1990, "How to read floating point numbers
accurately"), and where m < 2**64 their quotient in the 64 bits of x86's long double is, unless it
lies in the middle between two numbers. These, exponents, ``nan`` and ``inf`` go through ``float``.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from calibrate.arrays import AnyArray, Float64, Index
from calibrate.errors import InputError
from calibrate.files import check_regular, reading
from calibrate.text import brief

U64 = npt.NDArray[np.uint64]

FIELDS = 1 << 15  # that are worked on at once, so that they stay in the cache
FEW = 100
MOST_ODD = 0.05  # of the fields, above which another way is faster
PADDING = 32  # bytes before the first field: as far back as is read
TENS = 10 ** np.arange(20, dtype=np.uint64)
LONG = np.finfo(np.longdouble).nmant == 63
LONG_TENS = TENS.astype(np.longdouble)
NEWLINE, DOT, MINUS, PLUS = b"\n.-+"
ZEROS = np.uint64(0x3030303030303030)
BYTE, WORD = np.uint64(8), np.uint64(16)
PAIRS = np.uint64(0x000000FF000000FF)
HIGH_PAIRS, LOW_PAIRS = np.uint64(100 + (1_000_000 << 32)), np.uint64(1 + (10_000 << 32))
NINE, TOPS = np.uint64(0x4646464646464646), np.uint64(0x8080808080808080)
KEPT = np.array(
    [(1 << 64) - (1 << 64 - 8 * n) for n in range(9)], np.uint64
)  # of 8 bytes, the last n


@dataclass(frozen=True)
class Cells:
    """Where the fields of some lines are.

    Attributes:
        content: the bytes, after ``PADDING`` others.
        starts, ends: ``(rows, columns)`` places in ``content``.
    """

    content: npt.NDArray[np.uint8]
    starts: Index
    ends: Index

    @staticmethod
    def of(lines: bytes, delimiter: str, n_columns: int) -> Cells | None:
        """None where a line has more or fewer fields, or is blank."""
        end = b"" if lines.endswith(b"\n") else b"\n"
        content = np.frombuffer(b"".join([bytes(PADDING), lines, end]), np.uint8)
        newlines = content == NEWLINE
        ends = np.flatnonzero(newlines | (content == ord(delimiter)))
        if len(ends) % n_columns:
            return None
        last = newlines[ends].reshape(-1, n_columns)
        if not last[:, -1].all() or last[:, :-1].any():
            return None
        starts = np.empty_like(ends)
        starts[:1], starts[1:] = PADDING, ends[:-1] + 1
        if n_columns == 1 and (starts == ends).any():
            return None
        return Cells(content, starts.reshape(-1, n_columns), ends.reshape(-1, n_columns))

    def texts(self, column: int) -> list[str]:
        """The fields of a column."""
        content = self.content.tobytes()
        places = zip(self.starts[:, column].tolist(), self.ends[:, column].tolist(), strict=True)
        return [content[start:end].decode() for start, end in places]

    def numbers(self, columns: tuple[int, ...]) -> Float64 | None:
        """``(rows, len(columns))``; None where a field is no number, or many are odd ones."""
        everything = columns == tuple(range(self.starts.shape[1]))
        wanted = np.array(columns, np.intp)
        found = np.empty((len(self.starts), len(columns)))
        if not found.size:
            return found
        step, odd = max(1, FIELDS // len(columns)), 0
        content = self.content.tobytes()
        for first in range(0, len(found), step):
            rows = slice(first, first + step)
            starts, ends = self.starts[rows], self.ends[rows]
            if not everything:
                starts, ends = starts[:, wanted], ends[:, wanted]
            starts, ends = starts.reshape(-1), ends.reshape(-1)
            values, plain = _plain_decimals(self.content, starts, ends)
            others = np.flatnonzero(~plain)
            odd += len(others)
            if odd > max(FEW, MOST_ODD * found.size):
                return None
            for place in others.tolist():
                text = content[starts[place] : ends[place]].decode()
                if not is_number(text):
                    return None
                values[place] = float(text)
            found[rows] = values.reshape(-1, len(columns))
        return found


def _plain_decimals(
    content: npt.NDArray[np.uint8], starts: Index, ends: Index
) -> tuple[Float64, npt.NDArray[np.bool_]]:
    """The value of each field, and whether it is one: digits, perhaps with a sign and a point."""
    first = content[starts]
    negative = first == MINUS
    starts = starts + (negative | (first == PLUS))
    dots, single = _dots(content, starts, ends)
    whole, decimals = dots - starts, np.maximum(ends - dots - 1, 0)
    words = np.ndarray((len(content) - 7,), "<u8", content, 0, (1,))  # eight bytes from each place
    mantissa, plain = _digits(words, dots, np.minimum(whole, 8))
    plain &= single & (whole <= 8) & (whole + decimals > 0)
    plain &= (decimals <= 19) & ((whole + decimals <= 19) | (mantissa == 0))
    mantissa *= TENS[np.minimum(decimals, 19)]
    for behind in (0, 8, 16):
        some = np.flatnonzero(decimals > behind) if behind else slice(None)
        few = np.minimum(decimals[some] - behind, 8)
        low, ok = _digits(words, ends[some] - behind, few)
        mantissa[some] += low * TENS[behind]
        plain[some] &= ok
    values = mantissa.astype(np.float64) / TENS.astype(np.float64)[np.minimum(decimals, 19)]
    long = plain & (mantissa >= np.uint64(1 << 53))
    if long.any():
        plain &= ~long
        places = np.flatnonzero(long)
        if LONG:
            values[places], plain[places] = _long(mantissa[places], decimals[places])
    return np.negative(values, out=values, where=negative), plain


def _dots(content: AnyArray, starts: Index, ends: Index) -> tuple[Index, npt.NDArray[np.bool_]]:
    """The place of the point in each field, or its end, and whether there is at most one."""
    first = int(starts[0]) if len(starts) else 0
    last = int(ends[-1]) if len(ends) else 0
    found = np.flatnonzero(content[first:last] == DOT) + first
    if len(found) == len(ends) and ((found >= starts) & (found < ends)).all():
        return found, np.ones(len(ends), bool)
    field = np.searchsorted(ends, found)
    inside = found >= starts[field]
    field, found = field[inside], found[inside]
    dots, single = ends.copy(), np.bincount(field, minlength=len(ends)) <= 1
    dots[field] = found
    return dots, single


def _digits(words: U64, ends: Index, n: Index) -> tuple[U64, npt.NDArray[np.bool_]]:
    """The number that the ``n`` digits before a place are, and whether they are digits; n <= 8."""
    kept = KEPT[n]
    found = words[ends - 8]
    found &= kept
    found |= ZEROS & ~kept
    ok = ((found + NINE) | (found - ZEROS)) & TOPS == 0
    found -= ZEROS
    found = found * np.uint64(10) + (found >> BYTE)
    pairs = (found >> WORD) & PAIRS
    found &= PAIRS
    found *= HIGH_PAIRS
    found += pairs * LOW_PAIRS
    found >>= np.uint64(32)
    return found, ok


def _long(mantissa: U64, decimals: Index) -> tuple[Float64, npt.NDArray[np.bool_]]:
    """The values of numbers of up to 64 bits, and whether that is the nearest for sure."""
    quotient: Any = mantissa.astype(np.longdouble) / LONG_TENS[decimals]
    bits = quotient.view(np.uint64)[::2] & np.uint64(0x7FF)
    return quotient.astype(np.float64), bits != np.uint64(0x400)


def is_number(text: str) -> bool:
    """Whether a field is one, as in ``-1.5e3``, ``nan`` and ``-inf``."""
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and "_" not in text


# Lines of fields, as in a .csv: decoded block by block, numbers and texts taken from them.


BLOCK = 4 << 20  # bytes that are decoded at once
MOST_LINE = 64 << 20  # bytes of a line
BETWEEN = "\x1f"  # stands between fields whose quotes were taken off
ODD_TEXT = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"PK\x03\x04", "a zip archive"))
BOM = b"\xef\xbb\xbf"


@contextmanager
def opened(path: Path, name: str) -> Iterator[BinaryIO]:
    """The bytes of a text file, unpacked where its name ends in .gz.

    Raises:
        InputError: whatever is wrong with the file or the archive, in one line.
    """
    try:
        check_regular(path, name)
        with reading(path, name) as file:
            if path.suffix.lower() != ".gz":
                yield file
                return
            with gzip.GzipFile(fileobj=file) as unpacked:
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


@dataclass(frozen=True)
class Lines:
    """Some lines of a file.

    Attributes:
        first: the number of the first, from 1.
        content: UTF-8, with ``\\n`` at the end of each line but perhaps the last.
        size: the bytes that they take in the file.
    """

    first: int
    content: bytes
    size: int

    @cached_property
    def lines(self) -> list[str]:
        """Without their ends."""
        return self.content.decode().removesuffix("\n").split("\n")

    def __len__(self) -> int:
        return self.content.count(b"\n") + (not self.content.endswith(b"\n"))

    def rows(self, delimiter: str) -> list[list[str]]:
        """The fields of each; blank lines have none."""
        return list(self.reader(delimiter))

    def reader(self, delimiter: str) -> Any:  # a type of the module csv that has no name
        """The fields, line by line."""
        return csv.reader(_ended(self.lines), delimiter=delimiter, strict=True)

    def without(self, n: int) -> Lines:
        """All but the first ``n``."""
        return Lines(self.first + n, b"".join(self.content.split(b"\n", n)[n:]), self.size)


def _ended(lines: Sequence[str]) -> Iterator[str]:
    return (line + "\n" for line in lines)


def blocks(file: BinaryIO, name: str) -> Iterator[Lines]:
    """All lines, some at a time; quotes open and close in the same block.

    Raises:
        InputError: this is no text in UTF-8, or a line without end.
    """
    number, rest, more = 1, b"", True
    while more:
        found = file.read(BLOCK)
        more = bool(found)
        if number == 1 and not rest:
            found = _start(found, name)
        content = rest + found
        end = content.rfind(b"\n") + 1 if more else len(content)
        if more and content.count(b'"', 0, end) % 2:
            end = 0  # a quote that closes further on
        rest = content[end:]
        if len(rest) > MOST_LINE:
            raise InputError(
                f"{name}: line {number}: expected a line of numbers, found one of more than "
                f"{MOST_LINE >> 20} MiB, or a quote that never closes"
            )
        if end:
            block = _checked(content[:end], number, name)
            yield block
            number += len(block)


def _start(content: bytes, name: str) -> bytes:
    for start, kind in ODD_TEXT:
        if content.startswith(start):
            raise InputError(f"{name}: expected text in UTF-8, found {kind}; save it as CSV UTF-8")
    return content.removeprefix(BOM)


def _checked(content: bytes, number: int, name: str) -> Lines:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = number + content.count(b"\n", 0, error.start)
        raise InputError(
            f"{name}: line {line}: expected text in UTF-8, found byte "
            f"{content[error.start]:#04x}; save it as CSV UTF-8"
        ) from error
    size = len(content)
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return Lines(number, content, size)


@dataclass(frozen=True)
class Fields:
    """Which fields of each line are wanted.

    Attributes:
        name: of the file.
        columns: what its columns are called.
        delimiter: between fields.
        numbers: the columns that are taken as numbers.
        texts: the column that is taken as text, or None.
        hint: what to do where a column of numbers holds something else.
    """

    name: str
    columns: tuple[str, ...]
    delimiter: str
    numbers: tuple[int, ...]
    texts: int | None
    hint: bool = True

    def of(self, block: Lines) -> tuple[Float64, list[str]]:
        """``(n, len(numbers))`` numbers, and a text per row.

        Raises:
            InputError: a row has more or fewer fields, or something is no number.
        """
        quoted = b'"' in block.content
        cells = Cells.of(block.content, self.delimiter, len(self.columns)) if not quoted else None
        found = None if cells is None else cells.numbers(self.numbers)
        if cells is not None and found is not None:
            return found, [] if self.texts is None else cells.texts(self.texts)
        if quoted:
            rows = self._checked(block)
            texts = [] if self.texts is None else [row[self.texts] for row in rows]
            lines = [BETWEEN.join(row[i] for i in self.numbers) for row in rows]
            numbers = self._parsed(lines, BETWEEN, range(len(self.numbers)), block)
            return numbers, texts
        lines = [line for line in block.lines if line] if "" in block.lines else block.lines
        between = len(self.columns) - 1
        if any(line.count(self.delimiter) != between for line in lines):
            self._checked(block)
        return self._parsed(lines, self.delimiter, self.numbers, block), self._texts(lines)

    def _texts(self, lines: list[str]) -> list[str]:
        """The field of each line that is taken as text, cut off at the nearer end."""
        if self.texts is None:
            return []
        at, behind = self.texts, len(self.columns) - 1 - self.texts
        if at <= behind:
            return [line.split(self.delimiter, at + 1)[at] for line in lines]
        return [line.rsplit(self.delimiter, behind + 1)[-behind - 1] for line in lines]

    def _parsed(
        self, lines: list[str], delimiter: str, columns: Sequence[int], block: Lines
    ) -> Float64:
        if not lines or not columns:
            return np.empty((len(lines), len(columns)))
        try:
            return np.loadtxt(lines, np.float64, None, delimiter, usecols=columns, ndmin=2)
        except ValueError as error:
            self._tell(block)
            raise InputError(f"{self.name}: expected numbers: {error}") from error

    def _checked(self, block: Lines) -> list[list[str]]:
        """The fields of each line, as many in each."""
        try:
            rows = block.rows(self.delimiter)
        except csv.Error as error:
            raise InputError(f"{self.name}: expected a CSV file: {error}") from error
        width = len(self.columns)
        for line, row in enumerate(rows, block.first):
            if row and len(row) != width:
                hint = "; write 0.9, not 0,9, and text with commas in quotes"
                hint = hint if len(row) > width and self.delimiter == "," else ""
                raise InputError(
                    f"{self.name}: line {line}: expected {width} fields, as in the first line, "
                    f"found {len(row)}{hint}"
                )
        return [row for row in rows if row]

    def _tell(self, block: Lines) -> None:
        """Raise InputError for the first field that is no number."""
        for line, row in enumerate(block.rows(self.delimiter), block.first):
            for i in self.numbers if row else ():
                if not is_number(row[i]):
                    raise InputError(
                        f"{self.name}: line {line}, column {brief(self.columns[i])}: expected a "
                        f"number, found {brief(row[i]) if row[i].strip() else 'nothing'}"
                        f"{self._hint(row[i], self.columns[i])}"
                    )

    def _hint(self, text: str, column: str) -> str:
        if is_number(text.replace(",", ".")):
            return "; write 0.9, not 0,9"
        if text.strip().endswith("%") and is_number(text.strip()[:-1]):
            return "; leave out the %, and pass `percent` for confidences from 0 to 100"
        if not self.hint or not text.strip():
            return ""
        return f'; if these are the labels, pass `label_column="{column}"`'
