"""Several models on the same rows, without and with a temperature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from calibrate.results.measurement import Metrics, Sides
from calibrate.results.report import Data, Fitted, Reliability


@dataclass(frozen=True)
class ComparedModel:
    """One of several models.

    Attributes:
        name: of the model.
        logits: its file.
        calibrator: its temperature.
        metrics: its headline figures without (before) and with (after) the temperature.
        against_first: its figures minus those of the first model, paired, without and with the
            temperatures of both; None for the first.
        reliability: its confidence bins.
    """

    name: str
    logits: str
    calibrator: Fitted
    metrics: Sides[Metrics]
    against_first: Sides[Metrics] | None
    reliability: Sides[Reliability]


@dataclass(frozen=True)
class Comparison:
    """Models compared on the same rows.

    Attributes:
        data: the rows of the first; the labels are those of all.
        fitted_on: where the temperatures come from, in words.
        models: in the order given.
        warnings: what the user should know.
    """

    data: Data
    fitted_on: str
    models: tuple[ComparedModel, ...]
    warnings: tuple[str, ...]

    schema: ClassVar[str] = "calibrate.compare/1"
    command: ClassVar[str] = "calibrate compare"
