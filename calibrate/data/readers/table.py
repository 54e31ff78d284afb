"""The .csv and .tsv formats: a column of scores per class, with or without one of labels."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calibrate.arrays import AnyArray, Float64, Index
from calibrate.data.columns import Opened
from calibrate.data.file_array import FileArray
from calibrate.data.readers.csv import Fields, Lines, blocks, is_number, opened
from calibrate.data.readers.label_column import NONE, label_key, nearest, score_columns
from calibrate.data.readers.registry import About, Asked
from calibrate.data.spool import CodedArray, Coder, Spool
from calibrate.errors import InputError
from calibrate.text import brief, listed

PREDICTIONS = ("pred_label", "confidence")  # columns of a file that holds no scores
UNNAMED = ("", "Unnamed: 0", "unnamed: 0")  # the row names that pandas and R write
FEW = 8  # rows of which whole numbers say little


@dataclass(frozen=True)
class Head:
    """What the first line says.

    Attributes:
        names: of the columns; numbers from 1 where there is no header.
        titled: whether there is a header.
        delimiter: between fields.
        skipped: lines before the first row.
    """

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

    def place(self, column: str) -> int:
        return self.names.index(column)

    def labels(self, asked: Asked, name: str) -> str | None:
        """The column of the labels, if there is one."""
        held = self.columns if self.titled or asked.label_column else ()
        return label_key(held, asked.label_column, name)

    def scores(self, asked: Asked, name: str) -> tuple[str, ...]:
        """The columns of the scores."""
        if self.titled and {*PREDICTIONS} <= {*self.columns}:
            raise InputError(
                f"{name}: expected a column of scores per class, found predictions and "
                "confidences, which `calibrate report` alone reads"
            )
        labels = self.labels(asked, name)
        found = score_columns(self.columns, labels, asked.leave_out)
        if not found:
            raise InputError(
                f"{name}: expected a column of scores per class, found {listed(self.names)}"
            )
        return found


def head_of(path: Path, name: str) -> Head:
    """The header of a file, or what stands in its place.

    Raises:
        InputError: the file is empty, or a column is there twice.
    """
    with opened(path, name) as file:
        first = next(blocks(file, name), Lines(1, b"", 0))
    blank = next((i for i, line in enumerate(first.lines) if line.strip()), None)
    if blank is None:
        raise InputError(f"{name}: expected a table, found an empty file")
    delimiter = _delimiter(path, first.lines[blank])
    reader = first.without(blank).reader(delimiter)
    try:
        top = next(reader)
        skipped = blank + reader.line_num
        second: list[str] = next((row for row in reader if row), [])
    except csv.Error as error:
        raise InputError(f"{name}: expected a CSV file: {error}") from error
    fields = [field.strip() for field in top]
    fields[0] = fields[0].removeprefix("#").strip()  # as numpy.savetxt writes a header
    titled = _titled(fields, second)
    names = tuple(fields) if titled else tuple(str(i + 1) for i in range(len(fields)))
    twice, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise InputError(
            f"{name}: {times} columns are named {brief(twice)}; name each of them otherwise"
        )
    return Head(names, titled, delimiter, skipped if titled else 0)


def _delimiter(path: Path, line: str) -> str:
    """A comma, or what stands in its place."""
    if ".tsv" in path.suffixes or ".TSV" in path.suffixes:
        return "\t"
    return next((mark for mark in ",;\t" if mark in line), ",")


def _titled(fields: list[str], second: list[str]) -> bool:
    """Whether the first line is a header: not all of it are numbers.

    The numbers 0, 1, 2, ..., as pandas calls columns without a name, are a header too; of two
    columns or one, which could be a row of such numbers, only above a row of other kind.
    """
    if not all(map(is_number, fields)):
        return True
    if fields != [str(i) for i in range(len(fields))]:
        return False
    return len(fields) > 2 or not all(text.strip().lstrip("-").isdecimal() for text in second)


def keys(path: Path, asked: Asked) -> list[str] | None:
    """``logits``: all scores; ``labels``, if there are any; and each column.

    A file of one column holds that alone.
    """
    head = head_of(path, str(path))
    if len(head.columns) == 1:
        return [*head.columns] if head.titled else None
    labels = head.labels(asked, str(path))
    held = ["logits", *([] if labels is None else ["labels"]), *head.columns]
    return list(dict.fromkeys(held))


def about(path: Path, key: str | None, asked: Asked, name: str) -> About:
    """What the columns of the scores are called, and how the file was read."""
    head = head_of(path, name)
    if key != "logits" or "logits" in head.columns:
        return About()
    notes = []
    if head.unnamed:
        notes.append(f"{name}: the first column, which has no name, was left out as row names")
    return About(head.scores(asked, name) if head.titled else None, tuple(notes))


_beside: dict[Hashable, CodedArray] = {}  # labels of the file that was read last, not yet asked for


def read(path: Path, key: str | None, name: str, asked: Asked) -> Opened:
    """All scores, ``(n, K)``, or one column, ``(n,)``, as numbers or as text.

    Raises:
        InputError: the file is no table, or has no such column.
    """
    file_name = name.removesuffix(f":{key}")
    head = head_of(path, file_name)
    labels = head.labels(asked, file_name)
    version = path.stat()
    this = (path, version.st_size, version.st_mtime_ns, labels)
    if key == "logits" and key not in head.columns:
        scores = head.scores(asked, file_name)
        guess = WholeColumns.of(labels, asked)
        numbers, texts = _scanned(path, file_name, head, scores, labels, guess)
        _beside.clear()
        if labels is not None:
            _beside[this] = texts
        return numbers
    column = labels if key == "labels" and key not in head.columns else key or head.columns[0]
    if column not in head.columns:
        raise InputError(f"{file_name}: no column {brief(key)}{nearest(key or '', head.columns)}")
    if not asked.text:
        return _scanned(path, file_name, head, column, None)[0]
    if column == labels and this in _beside:
        return _beside.pop(this)
    return _scanned(path, file_name, head, (), column)[1]


def _scanned(
    path: Path,
    name: str,
    head: Head,
    numbers: tuple[str, ...] | str,
    texts: str | None,
    guess: WholeColumns | None = None,
) -> tuple[AnyArray | FileArray, CodedArray]:
    """Columns of all rows as numbers, ``(n, len(numbers))`` or, of one, ``(n,)``; one as text."""
    several = (numbers,) if isinstance(numbers, str) else numbers
    places = tuple(map(head.place, several))
    text = None if texts is None else head.place(texts)
    fields = Fields(name, head.names, head.delimiter, places, text, hint=guess is not None)
    coder, spool, left, size = Coder(name), None, head.skipped, path.stat().st_size
    with opened(path, name) as file:
        for block in blocks(file, name):
            values, found = fields.of(block.without(left) if left else block)
            left = max(0, left - len(block))
            if spool is None:
                expected = size * max(1, len(values)) // max(1, block.size)
                shape = () if isinstance(numbers, str) else (len(numbers),)
                spool = Spool(name, shape, np.dtype(np.float64), expected)
            spool.add(values[:, 0] if isinstance(numbers, str) else values)
            coder.add(found)
            if guess is not None:
                guess.add(values)
    if spool is None or not (spool.n_rows or coder.n_rows):
        raise InputError(f"{name}: expected at least one row below the header, found none")
    if guess is not None:
        guess.check(several, name)
    return spool.array(), coder.array()


class WholeColumns:
    """Columns of whole numbers among scores that are not: labels, perhaps."""

    def __init__(self, *, labelled: bool) -> None:
        """Begin; ``labelled``: whether the labels are known."""
        self._labelled, self._rows = labelled, 0
        self._places: Index = np.empty(0, np.intp)
        self._low = self._high = np.empty(0)

    @staticmethod
    def of(labels: str | None, asked: Asked) -> WholeColumns | None:
        """None where it was said that all columns are scores."""
        said = (asked.label_column, *asked.leave_out) if labels is None else asked.leave_out
        return None if NONE in said else WholeColumns(labelled=labels is not None)

    def add(self, values: Float64) -> None:
        """Look at ``(n, K)`` values."""
        if not len(values):
            return
        if not self._rows:
            self._places = np.arange(values.shape[1])
            self._low, self._high = values[0], values[0]
        self._rows += len(values)
        if not len(self._places):
            return
        seen = values if len(self._places) == values.shape[1] else values[:, self._places]
        whole = (seen == np.floor(seen)).all(axis=0)
        self._low = np.minimum(self._low, seen.min(axis=0))[whole]
        self._high = np.maximum(self._high, seen.max(axis=0))[whole]
        self._places = self._places[whole]

    @property
    def open(self) -> bool:
        """Whether more rows can change what is found."""
        return len(self._places) > 0

    def check(self, columns: Sequence[str], name: str) -> None:
        """Raise InputError where a column looks like labels of the others, or like none of them."""
        n_columns = len(columns)
        if self._rows < FEW or n_columns < 2 or len(self._places) in (0, n_columns):
            return
        one = len(self._places) == 1 and not self._labelled
        if one and 0 <= self._low[0] < self._high[0] < n_columns:
            column = columns[int(self._places[0])]
            raise InputError(
                f"{name}: column {brief(column)} holds whole numbers from {self._low[0]:.0f} to "
                f"{self._high[0]:.0f} only, as labels do, among scores that are not whole; pass "
                f'`label_column="{column}"` if these are the labels, `label_column="{NONE}"` if '
                "they are scores"
            )
        beyond = (self._low < self._high) & ((self._low < 0) | (self._high > 1))
        if beyond.any() and np.isfinite(self._low[beyond]).all():
            i = int(beyond.argmax())
            column = columns[int(self._places[i])]
            raise InputError(
                f"{name}: column {brief(column)} holds whole numbers from {self._low[i]:.0f} to "
                f"{self._high[i]:.0f} only, among scores that are not whole; pass "
                f'`leave_out="{column}"` if it is not the score of a class, `leave_out="{NONE}"` '
                "if it is"
            )
