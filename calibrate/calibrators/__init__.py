"""Calibrators: one fitted, frozen dataclass per file."""

from collections.abc import Callable

from calibrate.calibrators.cross_fit import FOLDS, CrossFit, cross_fit
from calibrate.calibrators.methods.per_label import (
    PerLabelFit,
    PerLabelTemperature,
    check_no_smoothing,
    fit_per_label,
)
from calibrate.calibrators.methods.temperature import Temperature
from calibrate.calibrators.protocol import Calibrator, apply_blocks, check_classes
from calibrate.calibrators.solve.one_number import TemperatureFit, fit_temperature

METHODS: dict[str, Callable[..., Temperature | PerLabelTemperature]] = {
    Temperature.method: Temperature,
    PerLabelTemperature.method: PerLabelTemperature,
}
Fit = TemperatureFit | PerLabelFit

__all__ = [
    "FOLDS",
    "METHODS",
    "Calibrator",
    "CrossFit",
    "Fit",
    "PerLabelFit",
    "PerLabelTemperature",
    "Temperature",
    "TemperatureFit",
    "apply_blocks",
    "check_classes",
    "check_no_smoothing",
    "cross_fit",
    "fit_per_label",
    "fit_temperature",
]
