"""The models that are looked at side by side, each with its rows and its calibrator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from calibrate.analyses.evaluate import AS_THEY_ARE
from calibrate.analyses.relation import relation, unrelated
from calibrate.calibrators.cross_fit import FOLDS, cross_fit
from calibrate.calibrators.methods.temperature import METHOD, fit_temperature
from calibrate.calibrators.protocol import Calibrator, fitted_of
from calibrate.data.dataset import Dataset
from calibrate.data.known_rows import KnownRows
from calibrate.data.readers.several import stem_of
from calibrate.errors import InputError
from calibrate.results.report import Fitted
from calibrate.text import listed

UNFITTED = fitted_of(AS_THEY_ARE)


@dataclass(frozen=True)
class Candidate:
    """A model, or one run of it.

    Attributes:
        name: of the model.
        test: the rows that it is measured on.
        through: the calibrator that these are seen through.
        fitted: what a report says of that calibrator.
        source: where it comes from, in words.
        warnings: about the calibrator.
        in_sample: True where the calibrator was fitted on these very rows; None: not known.
        run: the number of the run, from 1; None where the model has only one.
    """

    name: str
    test: Dataset
    through: Calibrator = AS_THEY_ARE
    fitted: Fitted = UNFITTED
    source: str = "uncalibrated"
    warnings: tuple[str, ...] = ()
    in_sample: bool | None = None
    run: int | None = None

    @property
    def label(self) -> str:
        """The name, with the number of the run."""
        return self.name if self.run is None else f"{self.name}, run {self.run}"

    @property
    def every_warning(self) -> tuple[str, ...]:
        """About rows and calibrator, and that scores and labels may not belong together."""
        found, name = relation(self.test), self.test.logits.name
        if not unrelated(found):
            return (*self.test.warnings, *self.warnings)
        unlike = (
            f"nothing shows that {name} belongs to these labels "
            f"(p = {found.p_value:.3f}): are the rows of both in the same order?"
        )
        return (*self.test.warnings, *self.warnings, unlike)

    def cross_fitted(self, seed: int) -> Candidate:
        """The same, each row seen through a temperature that other rows chose."""
        crossed = cross_fit(self.test, METHOD, FOLDS, seed)
        return replace(
            self,
            test=crossed.dataset,
            through=crossed.calibrator,
            fitted=crossed.describe(),
            source=f"cross-fitted on {FOLDS} folds of these rows",
            warnings=crossed.warnings,
        )

    def fitted_on(self, validation: Dataset) -> Candidate:
        """The same, seen through the temperature of other rows.

        Raises:
            InputError: those are of other classes.
        """
        test = self.test
        kinds = [(rows.task, rows.layout.n_columns) for rows in (test, validation)]
        if kinds[0] != kinds[1]:
            raise InputError(
                f"{validation.logits.name}: expected {test.layout.n_columns} classes, as in "
                f"{test.logits.name}, found {validation.layout.n_columns}"
            )
        fit = fit_temperature(validation)
        return replace(
            self,
            through=fit.calibrator,
            fitted=fit.describe(),
            source="fitted on other rows",
            warnings=fit.warnings,
        )

    def calibrated(
        self, through: Calibrator, fitted: Fitted, known: KnownRows, warnings: tuple[str, ...]
    ) -> Candidate:
        """The same, seen through a calibrator that was given for it.

        Raises:
            InputError: it does not fit the rows.
        """
        through.fits.check(self.test)
        in_sample, shared = known.recognise(self.test)
        if in_sample:
            warnings = (*warnings, f"its {fitted.method} was fitted on these very rows")
        elif shared:
            seen = f"{shared:.1%} of these rows were among those of the fit of its {fitted.method}"
            warnings = (*warnings, seen)
        return replace(
            self,
            through=through,
            fitted=fitted,
            source="as given",
            warnings=warnings,
            in_sample=in_sample,
        )


def candidates_of(models: Sequence[tuple[str, Dataset]]) -> list[Candidate]:
    """Models by name, not calibrated yet; one that is given more than once gets numbered runs.

    Raises:
        InputError: the rows are not the same ones, or a run is called like another model.
    """
    many, seen, found = Counter(name for name, _ in models), Counter[str](), list[Candidate]()
    for name, rows in models:
        seen[name] += 1
        found.append(Candidate(name, rows, run=seen[name] if many[name] > 1 else None))
    twice = [label for label, count in Counter(c.label for c in found).items() if count > 1]
    if twice:
        raise InputError(f"`name`: {twice[0]!r} is what a run of another model is called")
    check_same_rows([rows for _, rows in models])
    return found


def check_same_rows(datasets: Sequence[Dataset]) -> None:
    """Raise InputError unless all hold as many rows of as many classes as the first."""
    first = datasets[0]
    wanted = (first.task, first.n_rows, first.layout.n_columns)
    for other in datasets[1:]:
        if (other.task, other.n_rows, other.layout.n_columns) != wanted:
            raise InputError(
                f"{other.logits.name}: expected the same rows and classes as in "
                f"{first.logits.name} ({first.n_rows:,} x {first.layout.n_columns:,}), found "
                f"{other.n_rows:,} x {other.layout.n_columns:,}"
            )


# Files of several models.


def check_counts(files: Sequence[str], **each: Sequence[str]) -> None:
    """Raise InputError unless there are logits and labels, and as many of the rest, or none."""
    if len(files) < 2:
        raise InputError(
            f"expected LOGITS [LOGITS ...] LABELS, at least two files, got {len(files)}: "
            f"{listed(files)}; give the labels last"
        )
    models = len(files) - 1
    for name, found in each.items():
        if found and len(found) != models:
            raise InputError(
                f"`{name}`: expected {models}, one for each file of logits, in order, "
                f"got {len(found)}: {listed(found)}"
            )


def default_names(files: Sequence[str]) -> list[str]:
    """File names without folder and suffix, or in full where that does not tell them apart."""
    stems = [Path(stem_of(name)).name for name in files]
    return stems if len(set(stems)) == len(stems) else list(files)
