"""Which columns of a file hold the confidence in each answer, and whether it was right."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np

from calibrate.data.readers.csv import blocks, opened
from calibrate.data.readers.registry import FORMATS, TABLES, Address, Request
from calibrate.data.readers.several import Several
from calibrate.data.readers.table import NONE, USUAL, label_key
from calibrate.data.reading import Reading
from calibrate.data.top_labels import TopLabels
from calibrate.errors import InputError
from calibrate.tasks import Task
from calibrate.text import brief, listed

# In any case. Those of the second line could be something else, and give way to the first.
CONFIDENCE = (("confidence", "conf"), ("score", "probability"))
CORRECT = (("correct", "is_correct"), ("accuracy", "right"))
PREDICTED = "pred_label"  # with it, a file holds predictions

Keys = Callable[[Address, Request], list[str] | None]


def pair_among(columns: Sequence[str], name: str) -> tuple[str, str] | None:
    """The columns of confidence and correctness, where these alone can be meant; else None.

    Raises:
        InputError: several columns may be each.
    """
    sure, right = _called(columns, CONFIDENCE), _called(columns, CORRECT)
    if not sure or not right or PREDICTED in columns:
        return None
    labels = any(column.lower() in USUAL for column in columns)
    if labels and sure[0].lower() not in CONFIDENCE[0]:  # scores of classes with such names
        return None
    return _one(sure, name), _one(right, name)


def _called(columns: Sequence[str], names: Sequence[Sequence[str]]) -> list[str]:
    found = ([each for each in columns if each.lower() in some] for some in names)
    return next((some for some in found if some), [])


def _one(columns: Sequence[str], name: str) -> str:
    if len(columns) == 1:
        return columns[0]
    raise InputError(
        f"{name}: {listed(columns)} may each be meant; name both columns, as in "
        f'{name}:CONFIDENCE {name}:CORRECT, with `task="confidence"`'
    )


def paired(
    logits: str, labels: str | None, reading: Reading, keys: Keys
) -> tuple[str, str | None, Reading]:
    """The names of scores and labels, where one file holds confidences and whether answers were
    right, and how to read them; anything else as it is.

    Args:
        logits, labels, reading: as in ``open_dataset``.
        keys: the names of the arrays in a file.

    Raises:
        InputError: the task is confidence, and a table has no such columns.
    """
    address, asked = Address.of(logits), reading.task is Task.confidence
    same = logits, labels, reading
    named = labels is not None or address.key is not None
    if named or reading.task not in (None, Task.confidence) or address.suffix not in FORMATS:
        return same
    try:
        is_table = address.suffix in TABLES and address.path.is_file()
        held = keys(address, Request(NONE)) if is_table else None
    except OSError:  # which is told where the file is opened
        return same
    if held is None or len(held) == 1:
        return same
    found = _asked_for(held, reading, address.file) if asked else pair_among(held, address.file)
    if found is None:
        return same
    names = [None if column is None else f"{address.file}:{column}" for column in found]
    how = replace(reading, task=Task.confidence, label_column=NONE)
    return names[0] or logits, names[1], how


def _asked_for(columns: Sequence[str], reading: Reading, name: str) -> tuple[str, str | None]:
    """The same where it is known that there are such columns; the second may be missing."""
    sure, right = _called(columns, CONFIDENCE), _called(columns, CORRECT)
    if reading.label_column is not None:
        found = label_key(columns, reading.label_column, name)
        right = [] if found is None else [found]
    if not sure:
        raise InputError(
            f"{name}: expected columns such as confidence and correct, found {listed(columns)}; "
            f"name yours as in {name}:CONFIDENCE {name}:CORRECT"
        )
    return _one(sure, name), _one(right, name) if right else None


# Predictions and confidences saved as a CSV, in place of logits.


COLUMNS = ("true_label", "pred_label", "confidence")
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?")
MISSING = ("nan", "na", "none", "null")  # as a program writes it that knows no label


@dataclass(frozen=True)
class Columns:
    """The names of the columns that hold the true label, the prediction and its confidence."""

    true: str = COLUMNS[0]
    predicted: str = COLUMNS[1]
    confidence: str = COLUMNS[2]

    @staticmethod
    def of(names: str | None) -> Columns:
        """From ``"true,predicted,confidence"``; None for the usual names.

        Raises:
            InputError: these are not three names.
        """
        parts = COLUMNS if names is None else tuple(names.split(","))
        if len(parts) != 3 or not all(parts):
            raise InputError(
                f"`columns`: expected three names with commas (true label, predicted label, "
                f"confidence), got {brief(names)}"
            )
        return Columns(*parts)


def holds_predictions(name: str, columns: str | None) -> bool:
    """Whether a file holds predictions, not scores: the one rule by which they are told apart.

    It does if the names of its columns are given, or if pred_label or confidence is one of them
    and none says whether the prediction was right.

    Raises:
        InputError: the file cannot be read.
    """
    several = Several.of(name)
    file = name if several is None else str(several.addresses[0].path)
    if not Path(file).name.lower().endswith((".csv", ".tsv", ".csv.gz", ".tsv.gz")):
        return False
    if several is not None:
        if columns is None and not holds_predictions(file, None):
            return False
        raise InputError(
            f"{several.name}: expected one file of predictions, found "
            f"{len(several.addresses):,}; join them to one"
        )
    if columns is not None:
        return True
    with _reading(name) as (header, _):
        known = any(column in header for column in COLUMNS[1:])
        return known and pair_among(header, name) is None


@contextmanager
def _reading(name: str) -> Iterator[tuple[tuple[str, ...], Iterator[tuple[int, list[str]]]]]:
    """The header of a CSV, and the number of the line and the fields of each row below it."""
    request = Request(file=name, suffix=Address.of(name).suffix)
    mark = "\t" if request.suffix.startswith(".tsv") else ","
    with opened(Path(name), request) as file:
        found = (row for block in blocks(file, name) for row in block.rows(mark, name) if row[1])
        _, header = next(found, (0, []))
        yield tuple(field.strip() for field in header), found


class _Labels:
    """Labels as they are met: numbers where all are numbers, so that 1 is 1.0; else texts.

    Numbers are compared digit by digit, whatever their size.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, Decimal | str] = {}  # by text, of each text met
        self.missing: str | None = None  # where a label looked like none, and how

    def add(self, text: str, where: str, column: str) -> str:
        """A label; the same without space around it."""
        text = text.strip()
        if not text:
            raise InputError(f"{where}: expected a label in column {brief(column)}, found nothing")
        if text not in self.numbers:
            self.numbers[text] = text
            if NUMBER.fullmatch(text):
                with localcontext() as context:
                    context.prec = len(text)
                    self.numbers[text] = Decimal(text)
            if text.lower() in MISSING and self.missing is None:
                self.missing = f"{where}: expected a label, as a number like others, found {text!r}"
        return text

    @property
    def are_numbers(self) -> bool:
        """Whether all are, but for what looks like a missing one."""
        texts = [text for text, value in self.numbers.items() if isinstance(value, str)]
        return len(texts) < len(self.numbers) and all(t.lower() in MISSING for t in texts)

    def different(self, texts: Iterable[str]) -> set[Decimal | str]:
        """The different labels among texts met."""
        return {self.numbers[text] for text in texts} if self.are_numbers else {*texts}


def read_top_labels(name: str, columns: Columns | None = None) -> TopLabels:
    """The rows of a CSV with a header.

    Raises:
        InputError: the file cannot be read, lacks a column, or a confidence is not in [0, 1].
    """
    columns = columns or Columns()
    labels, confidence = _Labels(), array("d")
    texts, numbers = array("b"), array("b")  # whether the labels of a row are the same as such
    seen: tuple[set[str], set[str]] = (set(), set())
    with _reading(name) as (header, rows):
        true, predicted, sure = _places(header, columns, name)
        for line, fields in rows:
            where = f"{name}: line {line}"
            if len(fields) != len(header):
                hint = "; write 0.9, not 0,9, and text with commas in quotes"
                raise InputError(
                    f"{where}: expected {len(header)} fields, as in the header, found "
                    f"{len(fields)}{hint if len(fields) > len(header) else ''}"
                )
            one = labels.add(fields[true], where, columns.true)
            two = labels.add(fields[predicted], where, columns.predicted)
            text = fields[sure]
            value = float(text) if NUMBER.fullmatch(text.strip()) else np.nan
            if not 0 <= value <= 1 + 1e-6:
                raise InputError(
                    f"{where}: expected a confidence between 0 and 1, found {brief(text)}"
                )
            confidence.append(min(value, 1.0))
            texts.append(one == two)
            numbers.append(labels.numbers[one] == labels.numbers[two])
            seen[0].add(one)
            seen[1].add(two)
    if not confidence:
        raise InputError(f"{name}: expected at least one row below the header, found none")
    if labels.are_numbers and labels.missing is not None:
        raise InputError(labels.missing)
    correct = np.array(numbers if labels.are_numbers else texts, dtype=np.float64)
    warnings: tuple[str, ...] = ()
    if not labels.different(seen[0]) & labels.different(seen[1]):  # no label is ever predicted
        warnings = (
            f"no value of {columns.true} occurs in {columns.predicted} (such as "
            f"{brief(min(seen[0]))} and {brief(min(seen[1]))}): are they labels of the same kind?",
        )
    n_classes = len(labels.different(labels.numbers))
    return TopLabels(
        correct, np.array(confidence), n_classes=n_classes, name=name, warnings=warnings
    )


def _places(header: Sequence[str], columns: Columns, name: str) -> tuple[int, int, int]:
    wanted = (columns.true, columns.predicted, columns.confidence)
    missing = [column for column in wanted if column not in header]
    if missing:
        raise InputError(
            f"{name}: expected the columns {listed(wanted)}; {listed(missing)} missing, "
            f"found {listed(header, none='no header')}; name yours with "
            "`columns=TRUE,PREDICTED,CONFIDENCE`"
        )
    for column in wanted:
        if header.count(column) > 1:
            raise InputError(
                f"{name}: {header.count(column)} columns are named {brief(column)}; name each of "
                "them otherwise"
            )
    return header.index(wanted[0]), header.index(wanted[1]), header.index(wanted[2])
