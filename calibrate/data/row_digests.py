"""Digests of single rows, and samples of them."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from calibrate.arrays import AnyArray, Index
from calibrate.blocks.sums import Sums
from calibrate.errors import InputError

SAMPLE = 1024
COLUMNS = 8  # of each row that are looked at
ALL = 0.95  # share of rows recognised, of both sets, that makes them the same set
NARROW = 3  # columns below which all digits are looked at
SPARE = 4  # rows alike that a sample may well have missed
BEYOND = 2.0  # times as many rows as chance would make alike are known, or none
MOST_ALIKE = 0.3  # share of rows alike above which knowing them says nothing

Digests = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class RowDigests:
    """The smallest digests of the distinct rows of a set, the same in whatever order they come.

    A digest looks at 8 scores, evenly spread, to 11 bits, so that rows saved in another precision
    down to float16 are known again (at all 24 bits where there are fewer than 3), and at the label
    where that is a class.

    Attributes:
        digests: ``(<= 1024,)`` uint64 of 48 bits, ascending.
        whole: whether these are the digests of all rows.
        alike: the share of the rows that have a twin among them, at most, as far as the sample
            tells: so many rows of another set have one by chance.

    Reference: Bar-Yossef, Jayram, Kumar, Sivakumar & Trevisan (2002), Counting distinct elements in
    a data stream (the k smallest hashes).
    """

    digests: tuple[int, ...] = field(repr=False)
    whole: bool
    alike: float

    @property
    def limit(self) -> int:
        """The largest digest up to which all are kept."""
        return 1 << 48 if self.whole else self.digests[-1]

    def seen_in(self, rows: RowDigests) -> Seen:
        """How many of other rows are among these, as far as both samples tell; none where chance
        might make as many alike.
        """
        limit = min(self.limit, rows.limit)
        own = {digest for digest in self.digests if digest <= limit}
        other = {digest for digest in rows.digests if digest <= limit}
        both = len(own & other)
        share = both / len(other) if other else None
        if share is not None and share <= BEYOND * self.alike:
            share = 0.0 if BEYOND * self.alike < 1 else None  # of a handful of rows, nothing
        return Seen(share, both / len(own) if own else 0.0)

    def __str__(self) -> str:
        raw = np.array(self.digests, dtype=">u8").view(np.uint8).reshape(-1, 8)[:, 2:]
        coded = base64.b64encode(raw.tobytes()).decode()
        return f"{'all' if self.whole else 'some'}:{self.alike}:{coded}"

    @staticmethod
    def of_text(text: str) -> RowDigests:
        """From what ``str`` gives.

        Raises:
            InputError: it is something else.
        """
        try:
            kind, share, coded = text.split(":")
            alike = float(share)
            raw = np.frombuffer(base64.b64decode(coded, validate=True), np.uint8).reshape(-1, 6)
        except ValueError as error:
            raise InputError("expected digests of rows, found something else") from error
        if kind not in ("all", "some") or not len(raw) or not 0 <= alike <= 1:
            raise InputError("expected digests of rows, found something else")
        padded = np.pad(raw, ((0, 0), (2, 0))).copy().view(">u8")
        return RowDigests(tuple(padded.ravel().tolist()), kind == "all", alike)


@dataclass(frozen=True)
class Seen:
    """What was recognised.

    Attributes:
        share: of the rows looked at, those that are known; None where none could be compared.
        back: of the known rows, those that were seen.
    """

    share: float | None
    back: float

    @property
    def same(self) -> bool:
        """Whether these are the very rows, and no others."""
        return self.share is not None and self.share >= ALL and self.back >= ALL


def digests_of(rows: AnyArray, labels: AnyArray, offset: int = 0) -> Digests:
    """``(n,)`` digests of 48 bits.

    Args:
        rows: ``(n, K)`` or ``(n,)`` scores.
        labels: ``(n,)`` numbers, or ``(n, K)`` shares, of which the largest is looked at.
        offset: the number of the first class.
    """
    rows = rows.reshape(len(rows), -1)
    classes = labels.argmax(axis=1) if labels.ndim == 2 else labels.astype(np.float64) - offset
    with np.errstate(over="ignore"):
        found = classes.astype(np.float32).view(np.uint32).astype(np.uint64)
    shift = 13 if rows.shape[1] >= NARROW else 0  # to the nearest of 11 significant bits
    spread = np.unique(np.linspace(0, rows.shape[1] - 1, COLUMNS).astype(np.intp))
    for column in rows.T[spread]:
        with np.errstate(over="ignore", under="ignore"):
            bits = column.astype(np.float32).view(np.uint32)
        if shift:
            bits += np.uint32(1 << shift >> 1)
            bits >>= np.uint32(shift)
        found ^= bits
        found *= np.uint64(0x9E3779B97F4A7C15)
        found ^= found >> np.uint64(29)
    found *= np.uint64(0xBF58476D1CE4E5B9)
    digests: Digests = found >> np.uint64(16)
    return digests


@dataclass(frozen=True)
class Smallest(Sums):
    """The smallest distinct digests, one more than are kept, and how many rows have each."""

    digests: Digests
    counts: Index

    @staticmethod
    def of(digests: Digests) -> Smallest:
        few = digests
        if len(digests) > 4 * SAMPLE:  # enough, but where many are alike
            limit = np.partition(digests, 4 * SAMPLE)[4 * SAMPLE]
            few = digests[digests <= limit]
        found, counts = np.unique(few, return_counts=True)
        if len(found) <= SAMPLE and len(few) < len(digests):
            found, counts = np.unique(digests, return_counts=True)
        return Smallest(found[: SAMPLE + 1], counts[: SAMPLE + 1])

    def __add__(self, other: Smallest) -> Smallest:
        both = np.concatenate([self.digests, other.digests])
        found, place = np.unique(both, return_inverse=True)
        counts = np.bincount(place, np.concatenate([self.counts, other.counts])).astype(np.intp)
        return Smallest(found[: SAMPLE + 1], counts[: SAMPLE + 1])

    @property
    def sample(self) -> RowDigests | None:
        """What is kept; None where there are no rows, or many are alike: then it says nothing."""
        digests, counts = self.digests[:SAMPLE], self.counts[:SAMPLE]
        twins, rows = int(counts[counts > 1].sum()), int(counts.sum())
        if not rows or twins > MOST_ALIKE * rows:
            return None
        alike = round((twins + SPARE) / (rows + SPARE), 6)
        return RowDigests(tuple(digests.tolist()), len(self.digests) <= SAMPLE, alike)


NO_ROWS = Smallest(np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.intp))
