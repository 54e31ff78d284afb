"""Several models on the same rows, without and with a temperature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from calibrate.results.display import Displayed, frame
from calibrate.results.json import NOT_EMPTY
from calibrate.results.measurement import Measurement, Metrics, Sides
from calibrate.results.report import Data, Fitted, Provenance, Reliability, Rough

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ComparedModel:
    """One of several models.

    Attributes:
        name: of the model; of one of several runs of a model ``A, run 1``.
        logits: its file.
        calibrator: its temperature.
        metrics: its headline figures without (before) and with (after) the temperature.
        against_first: its figures minus those of the first model, paired, without and with the
            temperatures of both; None for the first. The intervals of a figure hold together, for
            all models.
        reliability: its confidence bins.
        rough_intervals: as in a report; those of ``change`` are of the differences too.
        run_of: the model that it is one of several runs of; None where it is the only one.
    """

    name: str
    logits: str
    calibrator: Fitted
    metrics: Sides[Metrics]
    against_first: Sides[Metrics] | None
    reliability: Sides[Reliability]
    rough_intervals: Rough = field(default_factory=Rough)
    run_of: str | None = None


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


@dataclass(frozen=True)
class Spread(Measurement):
    """The mean of a figure over runs, the 95 % interval of that mean, and the deviation of runs.

    Attributes:
        sd: the standard deviation over the runs; None of a single one.
    """

    sd: float | None = None


@dataclass(frozen=True)
class ModelRuns:
    """A model over its runs.

    Attributes:
        name: of the model.
        runs: how many.
        metrics: its figures without and with the temperature, which is fitted to each run.
        against_first: its means minus those of the first model; None for the first. The intervals
            are of runs, on the same rows, and those of a figure hold together for all models.
    """

    name: str
    runs: int
    metrics: Sides[dict[str, Spread]]
    against_first: Sides[Metrics] | None


class Ranked(Protocol):
    """A model with a name and figures."""

    @property
    def name(self) -> str: ...
    @property
    def metrics(self) -> Sides[Any]: ...


M = TypeVar("M", bound=Ranked)


def best_of(models: Sequence[M]) -> M:
    """The model of least NLL with T."""

    def nll(model: M) -> float:
        value = model.metrics.last["nll"].value
        return float("inf") if value is None else float(value)

    return min(models, key=nll)


def not_told_from(name: str, pairs: Sequence[Pair]) -> tuple[str, ...]:
    """The models that are not apart from this one."""
    return tuple(
        pair.second if pair.first == name else pair.first
        for pair in pairs
        if name in (pair.first, pair.second) and not pair.apart
    )


@dataclass(frozen=True)
class OverRuns:
    """Models over their runs; of a single one there is no spread.

    Attributes:
        models: in the order given.
        pairs: each two models, by their mean NLL with T; the intervals hold together.
    """

    models: tuple[ModelRuns, ...] = field(metadata=NOT_EMPTY)
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, repr=False)
class Comparison(Displayed):
    """Models compared on the same rows.

    Attributes:
        data: the rows of the first; the labels are those of all.
        fitted_on: where the temperatures come from, in words.
        models: in the order given, each run on its own.
        warnings: what the user should know.
        pairs: each two of these.
        over_runs: the same models over their runs; None where each has one.
    """

    data: Data
    fitted_on: str
    models: tuple[ComparedModel, ...] = field(metadata=NOT_EMPTY)
    warnings: tuple[str, ...]
    pairs: tuple[Pair, ...] = ()
    over_runs: OverRuns | None = None
    made: Provenance | None = None

    @property
    def best(self) -> ComparedModel:
        """The model of least NLL with T on these rows."""
        return best_of(self.models)

    @property
    def not_worse(self) -> tuple[str, ...]:
        """The other models that these rows do not tell from the best."""
        return not_told_from(self.best.name, self.pairs)

    schema: ClassVar[str] = "calibrate.compare/1"
    command: ClassVar[str] = "calibrate compare"

    def to_frame(self) -> pd.DataFrame:
        """A row per ``model`` and ``metric``, without (``before``) and with its temperature
        (``after``), and minus that of the first model (``before_minus_first``,
        ``after_minus_first``), each with its low and high. What is not known is NaN.

        Raises:
            ImportError: pandas is not installed.
        """
        parts: list[tuple[dict[str, str], dict[str, Metrics | None]]] = []
        for model in self.models:
            found, against = model.metrics, model.against_first or Sides[Metrics]({}, {})
            sides = {
                "before": found.before,
                "after": found.after,
                "before_minus_first": against.before,
                "after_minus_first": against.after,
            }
            parts.append(({"model": model.name}, sides))
        return frame(parts)
