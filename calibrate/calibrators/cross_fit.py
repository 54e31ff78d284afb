"""Cross-fitting as a calibrator like any other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Generic

import numpy as np

from calibrate.arrays import Float64, FloatArray
from calibrate.blocks.block import Block
from calibrate.calibrators.protocol import C, Calibrator, Fit, Method, Scores, Shape, parameters_of
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError
from calibrate.results.report import Fitted, Intervals


@dataclass(frozen=True)
class PerFold:
    """Each row through the calibrator of its fold, which was fitted on the other folds.

    Attributes:
        parts: one calibrator per fold.
    """

    parts: tuple[Calibrator, ...]

    method: ClassVar[str] = "per-fold"
    noun: ClassVar[str] = "the fits"
    scales: ClassVar[bool] = False

    @property
    def fits(self) -> Shape:
        return self.parts[0].fits

    def scores(self, block: Block) -> Scores:
        """The scores of each row from the part of its fold.

        Raises:
            ValueError: the rows were not dealt out to folds.
        """
        if block.folds is None:
            raise ValueError("these rows have no folds")
        found = [part.scores(block) for part in self.parts]
        factors = np.stack([np.broadcast_to(each.factor, len(block)) for each in found])
        rows = np.arange(len(block))
        factor: Float64 = factors[block.folds, rows]
        values: FloatArray = found[0].values
        if any(each.values is not values for each in found):
            values = np.stack([each.values for each in found])[block.folds, rows]
        return Scores(values, factor)

    def symbol(self) -> str:
        return f"{self.parts[0].noun} of {len(self.parts)} folds"

    def sentence(self, _: Intervals, /) -> str:
        return "Each row goes through the calibrator of the other folds."


# Cross-fitting: a calibrator for each fold, from all the other folds.


FOLDS = 5


@dataclass(frozen=True)
class CrossFit(Generic[C]):
    """Calibrators that have not seen the rows that they are used on.

    Attributes:
        dataset: the rows, dealt out to folds.
        whole: the fit on all rows.
        parts: the fit on all rows but those of each fold.
    """

    dataset: Dataset
    whole: Fit[C]
    parts: tuple[Fit[C], ...]

    @property
    def calibrator(self) -> PerFold:
        """What measures each row through the fit that has not seen it."""
        return PerFold(tuple(part.calibrator for part in self.parts))

    @property
    def converged(self) -> bool:
        """Whether every fold has an optimum."""
        return all(part.converged for part in self.parts)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Those of the whole fit and of the folds."""
        return self.whole.warnings + tuple(
            f"fold {fold + 1} of {len(self.parts)}: {warning}"
            for fold, part in enumerate(self.parts)
            for warning in part.warnings
        )

    def describe(self) -> Fitted:
        """What a report says of it: the fit on all rows, and the parameters of the folds."""
        folds = tuple(parameters_of(part.calibrator) for part in self.parts)
        return replace(self.whole.describe(), folds=folds)


def cross_fit(dataset: Dataset, method: Method[C], folds: int, seed: int) -> CrossFit[C]:
    """Fit on all rows, then without each fold, starting from there.

    Raises:
        InputError: there are fewer rows than folds that weigh anything, or those are in one fold.
    """
    weighing = weighing_units(dataset)
    if not 2 <= folds <= weighing:
        what = "rows" if dataset.alone else "clusters"
        some = "" if weighing == dataset.n_units else " whose weight is not 0"
        raise InputError(
            f"{dataset.logits.name}: expected at least {folds} {what}{some} for {folds} folds "
            f"(and at least 2 folds), found {weighing}"
        )
    dealt = dataset.with_folds(folds, seed)
    if dealt.folds is not None and len(np.unique(dealt.folds[dealt.weight > 0])) < 2:
        raise InputError(
            f"{dataset.logits.name}: all rows whose weight is not 0 were dealt to one of {folds} "
            "folds; try another seed"
        )
    whole = method.fit(dataset, None)
    start = whole.calibrator if whole.converged else None
    parts = [method.fit(dealt.without_fold(fold), start) for fold in range(folds)]
    return CrossFit(dealt, whole, tuple(parts))


def weighing_units(dataset: Dataset) -> int:
    """The units, independent of each other, of which some row weighs anything."""
    if dataset.weights is None:
        return dataset.n_units
    units = dataset.units(slice(None))
    weighs = dataset.weights > 0
    return int(weighs.sum()) if units is None else len(np.unique(units[weighs]))
