"""Decimal numbers in lines of fields -> float64, many at once and to the last bit.

Eight digits are taken together as one integer (Lemire, 2018, "Quickly parsing eight digits"). A
number of up to 19 digits is an integer m and a power of ten, both without error; where m < 2**53
their quotient in float64 is the nearest number (Clinger, 1990, "How to read floating point numbers
accurately"), and where m < 2**64 their quotient in the 64 bits of x86's long double is, unless it
lies in the middle between two numbers. These, exponents, ``nan`` and ``inf`` go through ``float``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from calibrate.arrays import AnyArray, Float64, Index

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
