"""Calibrators: one fitted, frozen dataclass per file."""

from calibrate.calibrators.base import Calibrator, apply_blocks, check_classes
from calibrate.calibrators.cross_fit import FOLDS, CrossFit, cross_fit
from calibrate.calibrators.temperature import Temperature
from calibrate.calibrators.temperature_fit import TemperatureFit, fit_temperature

METHODS = {Temperature.method: Temperature}

__all__ = [
    "FOLDS",
    "METHODS",
    "Calibrator",
    "CrossFit",
    "Temperature",
    "TemperatureFit",
    "apply_blocks",
    "check_classes",
    "cross_fit",
    "fit_temperature",
]
