"""Values of which few are different, such as text labels: the number of each in a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from calibrate.arrays import AnyArray, Index
from calibrate.data.file_array import FileArray
from calibrate.data.spool import Spool
from calibrate.errors import InputError
from calibrate.printable import brief

MOST_DIFFERENT = 1 << 20
BLOCK = 1 << 20  # rows that are copied at once
MOST_FILLED = 1 << 30  # bytes that texts take once each is as long as the longest


class CodedArray:
    """``(n,)`` values as their codes.

    Attributes:
        codes: ``(n,)`` places in ``values``.
        values: the different values.
    """

    def __init__(self, codes: AnyArray | FileArray, values: AnyArray) -> None:
        self.codes, self.values = codes, values

    @property
    def shape(self) -> tuple[int, ...]:
        return self.codes.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    def __getitem__(self, rows: slice) -> AnyArray:
        found: AnyArray = self.values[self.codes[rows]]
        return found

    def take(self, rows: Index) -> AnyArray:
        """The rows of these ascending numbers."""
        found: AnyArray = self.values[self.codes.take(rows)]
        return found


class Coder:
    """Texts as they are met -> codes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._codes: dict[str, int] = {}
        self._spool = Spool(name, (), np.dtype(np.int32))

    @property
    def n_rows(self) -> int:
        return self._spool.n_rows

    def add(self, texts: Sequence[str]) -> None:
        """Append texts, without the space around them.

        Raises:
            InputError: they are too many different ones.
        """
        self._spool.add(self._coded(texts))

    def extend(self, array: CodedArray) -> None:
        """Append texts of another list.

        Raises:
            InputError: they are too many different ones.
        """
        codes = self._coded(array.values.tolist())
        for start in range(0, array.shape[0], BLOCK):
            self._spool.add(codes[array.codes[start : start + BLOCK]])

    def _coded(self, texts: Sequence[str]) -> AnyArray:
        """The code of each text."""
        known = self._codes
        found = [known.setdefault(text.strip(), len(known)) for text in texts]
        if len(known) > MOST_DIFFERENT:
            raise InputError(
                f"{self._name}: expected labels, found more than {MOST_DIFFERENT:,} different ones "
                f"in one column, such as {brief(texts[-1])}; save them as numbers with numpy.save"
            )
        return np.array(found, np.int32)

    def array(self) -> CodedArray:
        """All of them."""
        return CodedArray(self._spool.array(), np.array([*self._codes] or [""], np.str_))


def check_short(different: Sequence[str], n: int, name: str) -> None:
    """Raise InputError where ``n`` texts cannot each take up as much as the longest."""
    longest = max(different, key=len, default="")
    if 4 * len(longest) * n > MOST_FILLED:
        raise InputError(
            f"{name}: expected short texts, found one of {len(longest):,} characters among "
            f"{n:,}, which would take more than {MOST_FILLED >> 30} GiB: {brief(longest)}"
        )
