"""Cross-fitting: a temperature for each fold, from all the other folds."""

from __future__ import annotations

from dataclasses import dataclass

from calibrate.calibrators.temperature import Temperature
from calibrate.calibrators.temperature_fit import TemperatureFit, fit_temperature
from calibrate.errors import InputError
from calibrate.source import Source

FOLDS = 5


@dataclass(frozen=True)
class CrossFit:
    """Temperatures that have not seen the rows that they are used on.

    Attributes:
        source: the rows, dealt out to folds.
        whole: the fit on all rows.
        parts: the fit on all rows but those of each fold.
    """

    source: Source
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


def cross_fit(source: Source, folds: int, seed: int, workers: int | None) -> CrossFit:
    """Fit on all rows, then without each fold, starting from there.

    Raises:
        InputError: there are fewer rows than folds.
    """
    if not 2 <= folds <= source.n_rows:
        raise InputError(
            f"{source.logits_name}: expected at least {folds} rows for {folds} folds "
            f"(and at least 2 folds), found {source.n_rows}"
        )
    whole = fit_temperature(source, workers=workers)
    start = whole.temperature if whole.converged else None
    dealt = source.with_folds(folds, seed)
    parts = [
        fit_temperature(dealt.without_fold(fold), workers=workers, start=start)
        for fold in range(folds)
    ]
    return CrossFit(dealt, whole, tuple(parts))
