"""Several models on the same rows, without and with a temperature."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from calibrate.results.display import Displayed, frame
from calibrate.results.measurement import Measurement, Metrics, Sides
from calibrate.results.report import Data, Fitted, Reliability, Rough

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ComparedModel:
    """One of several models.

    Attributes:
        name: of the model.
        logits: its file.
        calibrator: its temperature.
        metrics: its headline figures without (before) and with (after) the temperature.
        against_first: its figures minus those of the first model, paired, without and with the
            temperatures of both; None for the first. The intervals of a figure hold together, for
            all models.
        reliability: its confidence bins.
        rough_intervals: as in a report; those of ``change`` are of the differences too.
    """

    name: str
    logits: str
    calibrator: Fitted
    metrics: Sides[Metrics]
    against_first: Sides[Metrics] | None
    reliability: Sides[Reliability]
    rough_intervals: Rough = field(default_factory=Rough)


@dataclass(frozen=True)
class Pair:
    """Two models: the NLL with T of the second minus that of the first."""

    first: str
    second: str
    nll: Measurement

    @property
    def apart(self) -> bool:
        """Whether the difference is beyond chance, all pairs looked at together."""
        low, high = self.nll.low, self.nll.high
        return low is not None and high is not None and (low > 0 or high < 0)


@dataclass(frozen=True, repr=False)
class Comparison(Displayed):
    """Models compared on the same rows.

    Attributes:
        data: the rows of the first; the labels are those of all.
        fitted_on: where the temperatures come from, in words.
        models: in the order given.
        warnings: what the user should know.
        pairs: each two models.
    """

    data: Data
    fitted_on: str
    models: tuple[ComparedModel, ...]
    warnings: tuple[str, ...]
    pairs: tuple[Pair, ...] = ()

    @property
    def best(self) -> ComparedModel:
        """The model of least NLL with T on these rows."""
        return min(self.models, key=_nll)

    @property
    def not_worse(self) -> tuple[str, ...]:
        """The other models that these rows do not tell from the best."""
        best = self.best.name
        return tuple(
            pair.second if pair.first == best else pair.first
            for pair in self.pairs
            if best in (pair.first, pair.second) and not pair.apart
        )

    schema: ClassVar[str] = "calibrate.compare/1"
    command: ClassVar[str] = "calibrate compare"

    def to_frame(self) -> pd.DataFrame:
        """A row per ``model`` and ``metric``, without (``before``) and with its temperature
        (``after``), and minus that of the first model (``before_minus_first``,
        ``after_minus_first``), each with its low and high. What is not known is NaN.

        Raises:
            ImportError: pandas is not installed.
        """
        return frame(({"model": model.name}, _sides(model)) for model in self.models)


def _sides(model: ComparedModel) -> dict[str, Metrics | None]:
    found, against = model.metrics, model.against_first or Sides[Metrics]({}, {})
    return {
        "before": found.before,
        "after": found.after,
        "before_minus_first": against.before,
        "after_minus_first": against.after,
    }


def _nll(model: ComparedModel) -> float:
    value = model.metrics.last["nll"].value
    return float("inf") if value is None else value
