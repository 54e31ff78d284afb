"""What is in files: their arrays, what these look like, and what would be made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from calibrate.results.display import Displayed


class ArrayKind(str, Enum):
    """What the values of an array look like."""

    logits = "logits"
    probabilities = "probabilities"  # rows from 0 up that sum to 1; soft labels are such, too
    log_probabilities = "log-probabilities"
    chances = "values in [0, 1]"  # whose rows do not sum to 1, as of yes-no models
    confidences = "confidences"  # in answers or predictions, by their name
    classes = "class numbers"
    yes_no = "yes-no labels"
    one_hot = "one-hot labels"
    names = "text"
    whole = "whole numbers"
    nothing = "no values"
    number = "one number"
    other = "no real numbers"
    unread = "not read"


@dataclass(frozen=True)
class Count:
    """How many rows have a value, as text."""

    value: str
    rows: int


@dataclass(frozen=True)
class Counts:
    """The different values of labels.

    Attributes:
        different: how many; None: too many to be counted.
        most: those that most rows have, in order.
        least: of numbers, the two smallest.
    """

    different: int | None
    most: tuple[Count, ...] = ()
    least: tuple[Count, ...] = ()


@dataclass(frozen=True)
class ArrayFound:
    """An array of a file.

    Attributes:
        key: its name in the file; None where it has none.
        shape, dtype: None where they could not be read.
        kind: what its values look like.
        low, high: the smallest and largest finite value, up to 1e300; None where there is none.
        nan, infinite, masked: the share of its values that are NaN, +inf and -inf.
        sum_error: how far a row is from summing to 1 at most; None where values are not in [0, 1].
        labels: its different values, where they may be labels.
        problem: why it could not be read, or None.
    """

    key: str | None
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    kind: ArrayKind = ArrayKind.unread
    low: float | None = None
    high: float | None = None
    nan: float = 0.0
    infinite: float = 0.0
    masked: float = 0.0
    sum_error: float | None = None
    labels: Counts | None = None
    problem: str | None = None


@dataclass(frozen=True)
class FileFound:
    """A file.

    Attributes:
        name: as the user wrote it.
        format: what it is, in words; None: nothing could be told.
        size: in bytes; None of a folder.
        arrays: of those that were looked at, what was found.
        more: how many others there are.
        others: keys or columns that are no arrays of scores or labels.
        class_names: what the columns of the scores are called, where the file says it.
        facts: what a file of ours says, by what it is about.
        suffix: under which the file is read, where its own is another one.
        problem: what is wrong with the file, or None.
        notes: how it was read, where that could be otherwise.
    """

    name: str
    format: str | None
    size: int | None = None
    arrays: tuple[ArrayFound, ...] = ()
    more: int = 0
    others: tuple[str, ...] = ()
    class_names: tuple[str, ...] | None = None
    facts: dict[str, str] = field(default_factory=dict)
    suffix: str | None = None
    problem: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taken:
    """Scores, and labels where there are some, as the commands would take them.

    Attributes:
        scores, labels: ``file`` or ``file:key``; labels is None where there are none.
        task: ``multiclass``, ``binary``, ``multilabel``, ``top-label`` or ``confidence``.
        rows, columns: how many there are, and the classes or labels of each.
        values: what the scores are: ``logits``, ``probabilities``, ...
        labels_are: as in "one class each".
        problem: why they would be refused, or None.
        notes: what else should be known.
    """

    scores: str
    labels: str | None
    task: str
    rows: int
    columns: int
    values: str
    labels_are: str | None = None
    problem: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Inspection(Displayed):
    """What is in files.

    Attributes:
        files: each of them, in order.
        taken: what they would be taken for, first the likeliest.
        commands: what to run next; words in capital letters stand for names of files.
        advice: why there is no command, or what it needs.
    """

    files: tuple[FileFound, ...]
    taken: tuple[Taken, ...] = ()
    commands: tuple[str, ...] = ()
    advice: str | None = None

    schema: ClassVar[str] = "calibrate.inspect/1"
    command: ClassVar[str] = "calibrate inspect"
