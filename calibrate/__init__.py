"""calibrate: can I trust these confidences? Post-hoc calibration of saved logits."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calibrate.calibrator_file import load, save
    from calibrate.calibrators import (
        PerLabelFit,
        PerLabelTemperature,
        Temperature,
        TemperatureFit,
    )
    from calibrate.errors import CalibrateError, FitError, InputError
    from calibrate.figures import Settings
    from calibrate.library import (
        cross_evaluate,
        evaluate,
        evaluate_top_labels,
        fit,
        fit_per_label,
    )
    from calibrate.readers import open_source, read_top_labels
    from calibrate.report import Measurement, Report
    from calibrate.source import Source
    from calibrate.top_labels import TopLabels

__all__ = [
    "CalibrateError",
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
    "calibrator_file": ("load", "save"),
    "calibrators": ("PerLabelFit", "PerLabelTemperature", "Temperature", "TemperatureFit"),
    "errors": ("CalibrateError", "FitError", "InputError"),
    "figures": ("Settings",),
    "library": ("cross_evaluate", "evaluate", "evaluate_top_labels", "fit", "fit_per_label"),
    "readers": ("open_source", "read_top_labels"),
    "report": ("Measurement", "Report"),
    "source": ("Source",),
    "top_labels": ("TopLabels",),
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
