"""Which columns of a table hold the labels, and which the scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from difflib import get_close_matches

import numpy as np

from calibrate.arrays import AnyArray, Index
from calibrate.data.readers.registry import Request
from calibrate.errors import InputError
from calibrate.text import brief, listed

USUAL = ("label", "labels", "target", "true_label", "y")  # names of labels, in any case
SCORES = ("logits", "probabilities", "probs", "scores")  # of a column of lists
NONE = "none"  # what is asked for where all columns are scores
FEW = 8  # rows of which whole numbers say little


def label_key(columns: Iterable[str], asked: str | None, name: str) -> str | None:
    """The column of the labels: the one asked for, else the one of a usual name, else None.

    Raises:
        InputError: there is no such column, or there are several.
    """
    columns = tuple(columns)
    if asked is None:
        found = [each for each in columns if each.lower() in USUAL]
        if len(found) > 1:
            raise InputError(
                f"{name}: {listed(found)} may each hold the labels; choose one with `label_column`"
            )
        return found[0] if found else None
    found = [each for each in columns if each == asked]
    found = found or [each for each in columns if each.lower() == asked.lower()]
    if len(found) == 1:
        return found[0]
    if asked.lower() == NONE:
        return None
    raise InputError(f"{name}: no column {brief(asked)}{nearest(asked, columns)}")


def score_columns(
    columns: Iterable[str], labels: str | None, left_out: Container[str]
) -> tuple[str, ...]:
    """All columns but that of the labels and those to be left out."""
    return tuple(each for each in columns if each != labels and each not in left_out)


def check_once(columns: Iterable[str], name: str) -> None:
    """Raise InputError where two columns have the same name."""
    twice, times = Counter(columns or [""]).most_common(1)[0]
    if times > 1:
        raise InputError(
            f"{name}: {times} columns are named {brief(twice)}; name each of them otherwise"
        )


def nearest(name: str, names: Iterable[str]) -> str:
    """The nearest of some names, and all of them, as the end of a message."""
    names = tuple(names)
    near = get_close_matches(name.lower(), [each.lower() for each in names], n=1)
    meant = next((each for each in names if near and each.lower() == near[0]), None)
    hint = "" if meant is None else f"; did you mean {brief(meant)}?"
    return f"; it holds {listed(names)}{hint}"


class WholeColumns:
    """Columns of whole numbers among scores that are not: labels, perhaps."""

    def __init__(self, labels: str | None, request: Request) -> None:
        """Begin; ``labels`` is their column, where it is known."""
        self._labelled, self._rows = labels is not None, 0
        self._places: Index = np.empty(0, np.intp)
        self._low = self._high = np.empty(0)
        # whether it was said that all columns are scores
        said = request.leave_out if self._labelled else (request.label_column, *request.leave_out)
        self.settled = NONE in said

    def add(self, values: AnyArray) -> AnyArray:
        """Look at ``(n, K)`` values, and return them."""
        if not len(values) or self.settled:
            return values
        if not self._rows:
            self._places = np.arange(values.shape[1])
            self._low, self._high = values[0], values[0]
        self._rows += len(values)
        if len(self._places):
            seen = values if len(self._places) == values.shape[1] else values[:, self._places]
            whole = (seen == np.floor(seen)).all(axis=0)
            self._low = np.minimum(self._low, seen.min(axis=0))[whole]
            self._high = np.maximum(self._high, seen.max(axis=0))[whole]
            self._places = self._places[whole]
        return values

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
