"""Cross-fitting: a temperature for each fold, from all the other folds."""

from __future__ import annotations

from dataclasses import dataclass

from calibrate.calibrators.methods.temperature import Temperature
from calibrate.calibrators.solve.one_number import TemperatureFit, fit_temperature
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError

FOLDS = 5


@dataclass(frozen=True)
class CrossFit:
    """Temperatures that have not seen the rows that they are used on.

    Attributes:
        dataset: the rows, dealt out to folds.
        whole: the fit on all rows.
        parts: the fit on all rows but those of each fold.
    """

    dataset: Dataset
    whole: TemperatureFit
    parts: tuple[TemperatureFit, ...]

    @property
    def calibrators(self) -> tuple[Temperature, ...]:
        """One per fold."""
        return tuple(part.calibrator for part in self.parts)

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


def cross_fit(dataset: Dataset, folds: int, seed: int, workers: int | None) -> CrossFit:
    """Fit on all rows, then without each fold, starting from there.

    Raises:
        InputError: there are fewer rows than folds.
    """
    if not 2 <= folds <= dataset.n_rows:
        raise InputError(
            f"{dataset.logits_name}: expected at least {folds} rows for {folds} folds "
            f"(and at least 2 folds), found {dataset.n_rows}"
        )
    whole = fit_temperature(dataset, workers=workers)
    start = whole.temperature if whole.converged else None
    dealt = dataset.with_folds(folds, seed)
    parts = [
        fit_temperature(dealt.without_fold(fold), workers=workers, start=start)
        for fold in range(folds)
    ]
    return CrossFit(dealt, whole, tuple(parts))
