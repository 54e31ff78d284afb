"""What every calibrator and every fit can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, asdict, dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from calibrate.arrays import Float64, FloatArray
from calibrate.blocks.block import Block, Smoothing
from calibrate.data.dataset import Dataset
from calibrate.data.known_rows import KnownRows
from calibrate.errors import InputError
from calibrate.results.report import Ends, Fitted, Intervals, Parameters
from calibrate.tasks import Task
from calibrate.text import Summarised


@dataclass(frozen=True)
class Shape:
    """The number of classes, and of labels of a multi-label model; None fits any."""

    classes: int | None = None
    labels: int | None = None

    @staticmethod
    def fitted_on(dataset: Dataset) -> Shape:
        """What a calibrator fitted on these rows fits."""
        multilabel = dataset.task is Task.multilabel
        return Shape(dataset.n_classes, dataset.layout.n_labels if multilabel else None)

    def check(self, dataset: Dataset) -> None:
        """Raise InputError where these rows have another number of classes or labels."""
        for wanted, found, what, hint in (
            (self.classes, dataset.n_classes, "classes", ""),
            (self.labels, dataset.layout.n_labels, "labels", '; is `task="multilabel"` missing?'),
        ):
            if wanted not in (None, found):
                raise InputError(
                    f"{dataset.logits.name}: expected {wanted} {what}, as the calibrator was "
                    f"fitted on, found {found}{hint}"
                )


ANY_SHAPE = Shape()


@dataclass(frozen=True)
class Scores:
    """Calibrated log-probabilities, up to a constant per row: ``factor * values``.

    Attributes:
        values: ``(n, K)``, perhaps the logits themselves; the prediction is their first argmax.
        factor: positive, one for all rows or one per row.
    """

    values: FloatArray
    factor: float | Float64 = 1.0


class Calibrator(Protocol):
    """A fitted map from logits to calibrated probabilities.

    A frozen dataclass: its fields are its parameters, and ``fits``.
    """

    method: ClassVar[str]
    noun: ClassVar[str]  # what its parameters are called in a sentence: ``T``
    scales: ClassVar[
        bool
    ]  # whether it multiplies logits, so that a score test in log(1/T) is of it
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def fits(self) -> Shape: ...

    def scores(self, block: Block) -> Scores: ...

    def symbol(self) -> str:
        """How it is named in a line: ``T = 2.74``."""

    def sentence(self, intervals: Intervals, /) -> str:
        """What it does to the confidences, given the 95 % intervals of its parameters."""


C = TypeVar("C", bound=Calibrator)


def parameters_of(calibrator: Calibrator) -> Parameters:
    """The fitted values by name, as they stand in files and reports."""
    found = asdict(calibrator)
    found.pop("fits", None)
    return dict(found)


def fitted_of(
    calibrator: Calibrator,
    intervals: Intervals | None = None,
    *,
    converged: bool | None = None,
    evaluations: int | None = None,
    label_smoothing: str | None = None,
) -> Fitted:
    """What reports and files say of a calibrator."""
    parameters = parameters_of(calibrator)
    known = {name: (intervals or {}).get(name) for name in parameters}
    return Fitted(
        calibrator.method,
        parameters,
        known,
        converged,
        evaluations,
        label_smoothing,
        noun=calibrator.noun,
        symbol=calibrator.symbol(),
        sentence=calibrator.sentence(known),
        scales=calibrator.scales,
    )


@dataclass(frozen=True, repr=False)
class Fit(Summarised, Generic[C]):
    """A fitted calibrator, and how sure it is.

    Attributes:
        calibrator: with the fitted parameters.
        intervals: the 95 % interval of each parameter, None where undefined.
        nll: the mean NLL at the optimum, nats per row.
        converged: whether the optimum was reached; False also where there is none.
        passes: over the whole data.
        n_rows: the rows fitted on.
        known: by which they are recognised.
        smoothing: the label smoothing that the fit assumed, or None.
        warnings: what the user should know, in words.
    """

    calibrator: C
    intervals: Intervals
    nll: float
    converged: bool
    passes: int
    n_rows: int
    known: KnownRows
    smoothing: Smoothing | None = None
    warnings: tuple[str, ...] = ()

    def _summary(self) -> dict[str, str]:
        found = {
            "calibrator": self.describe().in_words,
            "fitted on": f"{self.n_rows:,} rows",
            "optimum": "converged" if self.converged else "not converged",
        }
        if self.smoothing is not None:
            found["label smoothing"] = f"label smoothing {self.smoothing}"
        if self.warnings:
            found["warnings"] = f"warnings: {len(self.warnings)}"
        return found

    @property
    def temperature(self) -> float:
        """The fitted temperature.

        Raises:
            AttributeError: the calibrator has none, or several.
        """
        found = parameters_of(self.calibrator).get("temperature")
        if not isinstance(found, float):
            raise AttributeError(f"a {self.calibrator.method} calibrator has no one temperature")
        return found

    @property
    def interval(self) -> Ends | None:
        """The 95 % interval of the temperature, from the sandwich variance; None if undefined."""
        return self.describe().interval

    def describe(self) -> Fitted:
        """What reports and files say of it."""
        return fitted_of(
            self.calibrator,
            self.intervals,
            converged=self.converged,
            evaluations=self.passes,
            label_smoothing=None if self.smoothing is None else str(self.smoothing),
        )


@dataclass(frozen=True)
class Method(Generic[C]):
    """A way to calibrate: how its calibrator is fitted.

    Attributes:
        calibrator: what it fits.
        tasks: that it is for.
        fit: from labelled rows; a calibrator near the optimum may be given as a start.
    """

    calibrator: type[C]
    tasks: tuple[Task, ...]
    fit: Callable[[Dataset, C | None], Fit[C]]

    @property
    def name(self) -> str:
        return self.calibrator.method
