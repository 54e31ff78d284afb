"""All targets of a file, block by block, and what they look like as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from calibrate.analyses.targets.label_targets import LabelTargets
from calibrate.analyses.targets.statistics import (
    Made,
    TargetPoint,
    TargetReport,
    Targets,
    amount_of,
    figures_of,
)
from calibrate.analyses.targets.teacher_targets import TeacherTargets
from calibrate.blocks.block import Block
from calibrate.blocks.passes import map_blocks, map_reduce
from calibrate.blocks.row_sums import RowSums
from calibrate.data.dataset import Dataset


class Maker(Protocol):
    """What makes targets: it reads rows by range, and makes targets of them."""

    @property
    def n_rows(self) -> int: ...

    @property
    def n_classes(self) -> int: ...

    @property
    def block_rows(self) -> int: ...

    def read(self, start: int, stop: int) -> Any: ...

    def make(self, rows: Any) -> Made: ...


class TargetStream:
    """All targets, block by block and in order; after the last block, the sums of their figures."""

    def __init__(self, maker: Maker, workers: int | None = None) -> None:
        self.shape = (maker.n_rows, maker.n_classes)
        self._maker, self._workers = maker, workers
        self._sums: RowSums | None = None

    def __iter__(self) -> Iterator[Targets]:
        self._sums = None
        for made in map_blocks(self._maker, self._maker.make, self._workers):
            self._sums = made.sums if self._sums is None else self._sums + made.sums
            yield made.targets

    @property
    def sums(self) -> RowSums:
        """The sums over all rows, once they have been read."""
        if self._sums is None:
            raise ValueError("the targets have not been read yet")
        return self._sums


@dataclass(frozen=True)
class _SweepSums:
    """The sums at each temperature."""

    each: tuple[RowSums, ...]

    def __add__(self, other: _SweepSums) -> _SweepSums:
        return _SweepSums(tuple(a + b for a, b in zip(self.each, other.each, strict=True)))


def sweep(
    dataset: Dataset,
    temperatures: Sequence[float],
    mix: float | None = None,
    workers: int | None = None,
) -> tuple[TargetPoint, ...]:
    """What a student would see at each temperature, in one pass over the file.

    Raises:
        InputError: a temperature or the mix cannot be used.
    """
    makers = [TeacherTargets(dataset, t, mix) for t in temperatures]

    def step(block: Block) -> _SweepSums:
        return _SweepSums(tuple(maker.make(block).sums for maker in makers))

    found = map_reduce(dataset, step, workers)
    return tuple(
        TargetPoint(t, figures_of(sums, dataset.n_classes, labelled=dataset.labels is not None))
        for t, sums in zip(temperatures, found.each, strict=True)
    )


def label_report(maker: LabelTargets, stream: TargetStream) -> TargetReport:
    """What a student would see in smoothed labels that have been read to the end."""
    figures = figures_of(stream.sums, maker.n_classes, labelled=True)
    return TargetReport(
        labels=maker.name,
        teacher=None,
        rows=maker.n_rows,
        classes=maker.n_classes,
        points=(TargetPoint(None, figures),),
        smoothing=amount_of(stream.sums),
        smoothing_over=maker.over,
    )


def teacher_report(
    dataset: Dataset,
    points: tuple[TargetPoint, ...],
    mix: float | None = None,
    *,
    is_sweep: bool = False,
) -> TargetReport:
    """What a student would see in a teacher's targets, at one temperature or at many."""
    return TargetReport(
        labels=None if dataset.labels is None else dataset.labels_name,
        teacher=dataset.logits_name,
        rows=dataset.n_rows,
        classes=dataset.n_classes,
        points=points,
        is_sweep=is_sweep,
        mix=mix,
        warnings=dataset.warnings,
    )


def teacher_point(maker: TeacherTargets, stream: TargetStream) -> TargetPoint:
    """The figures of a teacher's targets that have been read to the end."""
    figures = figures_of(stream.sums, maker.n_classes, labelled=maker.labelled)
    return TargetPoint(maker.temperature, figures)
