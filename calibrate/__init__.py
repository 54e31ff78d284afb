"""calibrate: can I trust these confidences? Post-hoc calibration of saved logits."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calibrate.api import (
        cross_evaluate,
        evaluate,
        evaluate_top_labels,
        fit,
        fit_per_label,
    )
    from calibrate.calibrators import (
        PerLabelFit,
        PerLabelTemperature,
        Temperature,
        TemperatureFit,
    )
    from calibrate.calibrators.file import load, save
    from calibrate.data.dataset import Dataset, Source
    from calibrate.data.readers import open_source, read_top_labels
    from calibrate.data.top_labels import TopLabels
    from calibrate.errors import CalibrateError, FitError, InputError
    from calibrate.metrics.measure import Settings
    from calibrate.results.report import Measurement, Report

__all__ = [
    "CalibrateError",
    "Dataset",
    "FitError",
    "InputError",
    "Measurement",
    "PerLabelFit",
    "PerLabelTemperature",
    "Report",
    "Settings",
    "Source",
    "Temperature",
    "TemperatureFit",
    "TopLabels",
    "cross_evaluate",
    "evaluate",
    "evaluate_top_labels",
    "fit",
    "fit_per_label",
    "load",
    "open_source",
    "read_top_labels",
    "save",
]

# Imported on first use, so that `calibrate --help` starts without numpy.
_HOMES = {
    "calibrators.file": ("load", "save"),
    "calibrators": ("PerLabelFit", "PerLabelTemperature", "Temperature", "TemperatureFit"),
    "errors": ("CalibrateError", "FitError", "InputError"),
    "metrics.measure": ("Settings",),
    "api": ("cross_evaluate", "evaluate", "evaluate_top_labels", "fit", "fit_per_label"),
    "data.readers": ("open_source", "read_top_labels"),
    "results.report": ("Measurement", "Report"),
    "data.dataset": ("Dataset", "Source"),
    "data.top_labels": ("TopLabels",),
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("calibrate.version").package_version()
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"calibrate.{home}"), name)
    raise AttributeError(f"module 'calibrate' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
