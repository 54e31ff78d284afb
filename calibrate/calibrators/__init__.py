"""Calibrators: one fitted, frozen dataclass per file."""

from calibrate.calibrators.base import Calibrator, apply_blocks, check_classes
from calibrate.calibrators.temperature import Temperature
from calibrate.calibrators.temperature_fit import TemperatureFit, fit_temperature

METHODS = {Temperature.method: Temperature}

__all__ = [
    "METHODS",
    "Calibrator",
    "Temperature",
    "TemperatureFit",
    "apply_blocks",
    "check_classes",
    "fit_temperature",
]
