"""All targets of a file, block by block, and what they look like as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from calibrate.analyses.targets.labels import (
    LabelTargets,
    Targets,
    figures_of,
)
from calibrate.analyses.targets.teacher import TeacherTargets
from calibrate.blocks.block import Block
from calibrate.blocks.passes import doing, map_reduce
from calibrate.blocks.sums import EACH, RowSums, Sums
from calibrate.data.dataset import Dataset
from calibrate.metrics.means import means_of
from calibrate.results.targets import (
    SmoothingUsed,
    TargetData,
    TargetFigures,
    TargetPoint,
    TargetReport,
)


class TargetStream:
    """All targets, block by block and in order; after the last block, the sums of their figures.

    A row that is left out gets zeros, which add nothing to a cross-entropy, so that the targets
    stay beside their rows; it has no part in the figures.
    """

    def __init__(self, maker: LabelTargets | TeacherTargets) -> None:
        self.shape = (maker.n_out, maker.n_classes)
        self._maker = maker
        self._sums: RowSums | None = None
        self._made = self._written = 0  # rows that count, and rows of the file, so far

    def __iter__(self) -> Iterator[Targets]:
        self._sums, self._made, self._written = None, 0, 0
        for made in self._maker.blocks():
            self._sums = made.sums if self._sums is None else self._sums + made.sums
            yield from self._placed(made.targets)
        yield from self._zeros(self.shape[0])

    def _placed(self, targets: Targets) -> Iterator[Targets]:
        """The targets of the next rows that count, and zeros for those before and among them."""
        kept, self._made = self._maker.kept, self._made + len(targets)
        if kept is None:
            self._written += len(targets)
            yield targets
            return
        rows = kept[self._made - len(targets) : self._made]
        ends = np.flatnonzero(np.diff(rows) > 1) + 1
        for these, some in zip(np.split(rows, ends), np.split(targets, ends), strict=True):
            yield from self._zeros(int(these[0]))
            self._written += len(some)
            yield some

    def _zeros(self, until: int) -> Iterator[Targets]:
        """Zeros for the rows up to a number that have not been written."""
        while self._written < until:
            rows = min(until - self._written, self._maker.block_rows)
            self._written += rows
            yield np.zeros((rows, self.shape[1]), np.float32)

    @property
    def sums(self) -> RowSums:
        """The sums over all rows, once they have been read."""
        if self._sums is None:
            raise ValueError("the targets have not been read yet")
        return self._sums


@dataclass(frozen=True)
class _SweepSums(Sums):
    """The sums at each temperature."""

    each: tuple[RowSums, ...] = field(metadata=EACH)


@dataclass(frozen=True)
class _SweepStep:
    """The step that makes the targets of a block at each temperature."""

    makers: tuple[TeacherTargets, ...]

    def __call__(self, block: Block) -> _SweepSums:
        return _SweepSums(tuple(maker.make(block).sums for maker in self.makers))


@doing("sweeping temperatures")
def sweep(
    dataset: Dataset, temperatures: Sequence[float], mix: float | None = None
) -> tuple[TargetPoint, ...]:
    """What a student would see at each temperature, in one pass over the file.

    Raises:
        InputError: a temperature or the mix cannot be used.
    """
    makers = tuple(TeacherTargets(dataset, t, mix) for t in temperatures)
    points = []
    for t, sums in zip(temperatures, map_reduce(dataset, _SweepStep(makers)).each, strict=True):
        figures = figures_of(sums, dataset.n_classes, labelled=dataset.labels is not None)
        points.append(TargetPoint(**vars(figures), temperature=t))
    return tuple(points)


def label_report(maker: LabelTargets, stream: TargetStream) -> TargetReport:
    """What a student would see in smoothed labels that have been read to the end."""
    amount = means_of(stream.sums, [(0.0, 1.0)] * len(stream.sums.values))[-1]
    return TargetReport(
        data=TargetData(maker.labels.name, None, maker.n_rows, maker.n_classes),
        smoothing=SmoothingUsed(amount, maker.over),
        temperature=None,
        mix=None,
        true_class="label",
        figures=figures_of(stream.sums, maker.n_classes, labelled=True),
        sweep=None,
    )


def teacher_report(maker: TeacherTargets, stream: TargetStream) -> TargetReport:
    """What a student would see in a teacher's targets that have been read to the end."""
    figures = figures_of(stream.sums, maker.n_classes, labelled=maker.labelled)
    return _of_teacher(maker.dataset, maker.mix, maker.temperature, figures, None)


def sweep_report(
    dataset: Dataset, points: tuple[TargetPoint, ...], mix: float | None = None
) -> TargetReport:
    """What a student would see in a teacher's targets at many temperatures."""
    return _of_teacher(dataset, mix, None, None, points)


def _of_teacher(
    dataset: Dataset,
    mix: float | None,
    temperature: float | None,
    figures: TargetFigures | None,
    points: tuple[TargetPoint, ...] | None,
) -> TargetReport:
    labels = None if dataset.labels is None else dataset.labels_name
    return TargetReport(
        data=TargetData(labels, dataset.logits.name, dataset.n_rows, dataset.n_classes),
        smoothing=None,
        temperature=temperature,
        mix=mix,
        true_class="teacher" if labels is None else "label",
        figures=figures,
        sweep=points,
        warnings=dataset.warnings,
    )
