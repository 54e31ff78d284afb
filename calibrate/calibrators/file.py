"""Calibrator <-> calibrator.json."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from calibrate.calibrators.methods import METHODS
from calibrate.calibrators.protocol import Calibrator, Fit, fitted_of, parameters_of
from calibrate.data.known_rows import KnownRows
from calibrate.data.row_digests import RowDigests
from calibrate.errors import CalibrateError, InputError, check_known
from calibrate.files import peek, write_json
from calibrate.results.json import decode, encode, read_result
from calibrate.results.report import Fitted, Intervals
from calibrate.text import Summarised, brief
from calibrate.version import package_version


@dataclass(frozen=True)
class AboutFit:
    """What a calibrator file says of the fit; None where it is not known.

    Attributes:
        rows, nll: fitted on, and the mean NLL at the optimum.
        version: of the package.
        intervals: of each parameter.
        converged: whether the optimum was reached.
        fingerprint, digests: of the rows, by which these are recognised.
        label_smoothing: what the fit assumed of its labels, in words.
    """

    rows: int | None = None
    nll: float | None = None
    version: str | None = None
    intervals: Intervals = field(default_factory=dict)
    converged: bool | None = None
    fingerprint: str | None = None
    digests: RowDigests | None = None
    label_smoothing: str | None = None


NOTHING_KNOWN = AboutFit()


@dataclass(frozen=True, repr=False)
class CalibratorFile(Summarised):
    """The content of a calibrator file: a method, its parameters, and what they fit."""

    method: str
    parameters: dict[str, Any]
    classes: int | None = None
    labels: int | None = None
    fitted: AboutFit = NOTHING_KNOWN

    schema: ClassVar[str] = "calibrate.calibrator/1"
    command: ClassVar[str] = "calibrate fit"

    def _summary(self) -> dict[str, str]:
        about = self.fitted
        found = {"calibrator": self.describe().in_words}
        if about.rows is not None:
            found["fitted on"] = f"{about.rows:,} rows"
        if about.converged is False:
            found["optimum"] = "not converged"
        return found

    def build(self, where: str = "calibrator") -> Calibrator:
        """The calibrator itself.

        Raises:
            InputError: there is no such method, or the parameters are not its own.
        """
        check_known(f"{where}.method", [self.method], METHODS)
        content = {**self.parameters, "fits": {"classes": self.classes, "labels": self.labels}}
        kind = METHODS[self.method].calibrator
        calibrator: Calibrator = decode(kind, content, f"{where}.parameters")
        return calibrator

    @property
    def known(self) -> KnownRows:
        """The rows of the fit, as far as the file knows them."""
        return KnownRows(self.fitted.fingerprint, self.fitted.digests)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What whoever uses it should know each time."""
        if self.fitted.converged is not False:
            return ()
        return ("the fit of this calibrator did not converge: do not rely on it",)

    def describe(self) -> Fitted:
        """What a report says of it."""
        return fitted_of(
            self.build(),
            self.fitted.intervals,
            converged=self.fitted.converged,
            label_smoothing=self.fitted.label_smoothing,
        )


def file_of(fitted: Fit[Any] | Calibrator) -> CalibratorFile:
    """The content of the file of a fit, or of a bare calibrator."""
    about = AboutFit(version=package_version())
    if isinstance(fitted, Fit):
        about = AboutFit(
            fitted.n_rows,
            fitted.nll,
            package_version(),
            fitted.intervals,
            fitted.converged,
            fitted.known.fingerprint,
            fitted.known.digests,
            None if fitted.smoothing is None else str(fitted.smoothing),
        )
    calibrator: Calibrator = fitted.calibrator if isinstance(fitted, Fit) else fitted
    fits, parameters = calibrator.fits, parameters_of(calibrator)
    return CalibratorFile(calibrator.method, parameters, fits.classes, fits.labels, about)


def save(fitted: Fit[Any] | Calibrator, path: str | Path) -> None:
    """Write a fit, or a bare calibrator, to a JSON file.

    Args:
        fitted: what ``fit`` returned, or a calibrator.
        path: the file, replaced whole.
    """
    write_json(path, {"schema": CalibratorFile.schema, **encode(file_of(fitted))})


def load(path: str | Path) -> Calibrator:
    """The calibrator that ``save`` wrote.

    Raises:
        InputError: the file is missing, is not such a file, or holds unusable parameters.
    """
    return read_calibrator_file(path).build()


def read_calibrator_file(path: str | Path) -> CalibratorFile:
    """The calibrator in a file, with what the file says of its fit."""
    found = read_result(CalibratorFile, path)
    for what, least, value in (("classes", 2, found.classes), ("labels", 1, found.labels)):
        if value is not None and value < least:
            raise InputError(f"{path}: expected at least {least} {what}, found {brief(value)}")
    found.build(str(path))
    return found


def symbol_held(path: str | Path) -> str:
    """Return the symbol of the calibrator that a file holds before it is replaced, as in
    ``T = 2.74``; empty where it holds none.
    """
    try:
        held: CalibratorFile = decode(CalibratorFile, json.loads(peek(path)), str(path))
        return held.build().symbol()
    except (CalibrateError, ValueError, TypeError, RecursionError):  # it may be anything
        return ""
