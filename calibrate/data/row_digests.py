"""A sample of digests of rows, by which they are known again in any order."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibrate.arrays import AnyArray, Index, Labels
from calibrate.blocks.passes import map_reduce, rows_per_block
from calibrate.blocks.sums import Sums
from calibrate.data.columns import Flat
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError
from calibrate.tasks import Task

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

    digests: tuple[int, ...]
    whole: bool
    alike: float

    @staticmethod
    def of(dataset: Dataset) -> RowDigests | None:
        """Of the rows that count; None where many are alike, so that knowing them says nothing."""
        found = map_reduce(_Rows(dataset), _Smallest.of)
        digests, counts = found.digests[:SAMPLE], found.counts[:SAMPLE]
        twins, rows = int(counts[counts > 1].sum()), int(counts.sum())
        if twins > MOST_ALIKE * rows:
            return None
        alike = round((twins + SPARE) / (rows + SPARE), 6)
        return RowDigests(tuple(digests.tolist()), len(found.digests) <= SAMPLE, alike)

    def seen_in(self, dataset: Dataset) -> Seen:
        """How many rows of a dataset are among these, as far as the sample tells; none where chance
        might make as many alike.
        """
        own = np.array(self.digests, dtype=np.uint64)
        limit = np.uint64((1 << 48) - 1) if self.whole else own[-1]
        found = map_reduce(_Rows(dataset), _Recognise(own, limit))
        share = found.known / found.compared if found.compared else None
        if share is not None and share <= BEYOND * self.alike:
            share = 0.0
        return Seen(share, len(np.unique(found.which)) / len(own))

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


@dataclass(frozen=True)
class _Rows:
    """The digests of the examples of a dataset, by range."""

    dataset: Dataset

    @property
    def n_rows(self) -> int:
        return self.dataset.n_examples

    @property
    def block_rows(self) -> int:
        return rows_per_block(self.dataset.layout.n_columns)

    def read(self, start: int, stop: int) -> Digests:
        """``(n,)`` digests of 48 bits."""
        dataset, n_columns = self.dataset, self.dataset.layout.n_columns
        numbers: slice | Index = slice(start, stop)
        if dataset.selection.places is not None:
            numbers = np.unique(dataset.selection.places // dataset.layout.n_labels)[start:stop]
        width = None if dataset.task is Task.binary else n_columns
        labels = dataset.hard_labels(numbers) if dataset.layout.n_labels == 1 else None
        return digests_of(Flat(dataset.logits, width).read(numbers), labels)


def digests_of(rows: AnyArray, labels: Labels | None = None) -> Digests:
    """``(n,)`` digests of 48 bits of ``(n, K)`` scores, with the ``(n,)`` classes where known."""
    rows = rows.reshape(len(rows), -1)
    found = np.zeros(len(rows), dtype=np.uint64)
    if labels is not None:
        found += labels.astype(np.uint64) + np.uint64(1)
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
class _Smallest(Sums):
    """The smallest distinct digests, one more than are kept, and how many rows have each."""

    digests: Digests
    counts: Index

    @staticmethod
    def of(digests: Digests) -> _Smallest:
        few = digests
        if len(digests) > 4 * SAMPLE:  # enough, but where many are alike
            limit = np.partition(digests, 4 * SAMPLE)[4 * SAMPLE]
            few = digests[digests <= limit]
        found, counts = np.unique(few, return_counts=True)
        if len(found) <= SAMPLE and len(few) < len(digests):
            found, counts = np.unique(digests, return_counts=True)
        return _Smallest(found[: SAMPLE + 1], counts[: SAMPLE + 1])

    def __add__(self, other: _Smallest) -> _Smallest:
        both = np.concatenate([self.digests, other.digests])
        found, place = np.unique(both, return_inverse=True)
        counts = np.bincount(place, np.concatenate([self.counts, other.counts])).astype(np.intp)
        return _Smallest(found[: SAMPLE + 1], counts[: SAMPLE + 1])


@dataclass(frozen=True)
class _Recognised(Sums):
    compared: int
    known: int
    which: Digests

    def __add__(self, other: _Recognised) -> _Recognised:
        both = np.union1d(self.which, other.which)
        return _Recognised(self.compared + other.compared, self.known + other.known, both)


@dataclass(frozen=True)
class _Recognise:
    """The step that looks rows up among known ones, up to the largest of the sample."""

    own: Digests
    limit: np.uint64

    def __call__(self, digests: Digests) -> _Recognised:
        compared = digests[digests <= self.limit]
        known = compared[np.isin(compared, self.own)]
        return _Recognised(len(compared), len(known), np.unique(known))
