"""calibrate: can I trust these confidences? Post-hoc calibration of saved logits."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from calibrate.results.display import RENDERERS

if TYPE_CHECKING:
    from calibrate.analyses.inspect.inspect import inspect
    from calibrate.analyses.plain_metrics import (
        accuracy,
        augrc,
        aurc,
        auroc,
        brier,
        brier_calibration,
        brier_refinement,
        classwise_ece,
        ece,
        ece_equal_mass,
        ks,
        mce,
        mean_confidence,
        nll,
        nll_calibration,
        overconfidence,
        positive_ece,
        rmsce,
        rmsce_debiased,
        smooth_ece,
        top_5_accuracy,
    )
    from calibrate.api import (
        compare,
        cross_evaluate,
        evaluate,
        evaluate_top_labels,
        fit,
        fit_per_label,
    )
    from calibrate.blocks.passes import running
    from calibrate.calibrators.file import load, save
    from calibrate.calibrators.methods.per_label import PerLabelTemperature
    from calibrate.calibrators.methods.temperature import Temperature
    from calibrate.calibrators.protocol import Fit
    from calibrate.data.dataset import Dataset
    from calibrate.data.readers.answers import read_top_labels
    from calibrate.data.readers.open import open_dataset
    from calibrate.data.reading import Reading
    from calibrate.data.top_labels import TopLabels
    from calibrate.errors import CalibrateError, FitError, InputError
    from calibrate.metrics.settings import Settings
    from calibrate.results.comparison import Comparison
    from calibrate.results.inspection import Inspection
    from calibrate.results.measurement import Measurement
    from calibrate.results.report import Report

# Imported on first use, so that `calibrate --help` starts without numpy.
_HOMES = {
    "analyses.plain_metrics": (
        "accuracy",
        "augrc",
        "aurc",
        "auroc",
        "brier",
        "brier_calibration",
        "brier_refinement",
        "classwise_ece",
        "ece",
        "ece_equal_mass",
        "ks",
        "mce",
        "mean_confidence",
        "nll",
        "nll_calibration",
        "overconfidence",
        "positive_ece",
        "rmsce",
        "rmsce_debiased",
        "smooth_ece",
        "top_5_accuracy",
    ),
    "analyses.inspect.inspect": ("inspect",),
    "api": (
        "compare",
        "cross_evaluate",
        "evaluate",
        "evaluate_top_labels",
        "fit",
        "fit_per_label",
    ),
    "blocks.passes": ("running",),
    "calibrators.file": ("load", "save"),
    "calibrators.methods.per_label": ("PerLabelTemperature",),
    "calibrators.methods.temperature": ("Temperature",),
    "calibrators.protocol": ("Fit",),
    "data.dataset": ("Dataset",),
    "data.reading": ("Reading",),
    "data.readers.open": ("open_dataset",),
    "data.readers.answers": ("read_top_labels",),
    "data.top_labels": ("TopLabels",),
    "errors": ("CalibrateError", "FitError", "InputError"),
    "metrics.settings": ("Settings",),
    "results.comparison": ("Comparison",),
    "results.inspection": ("Inspection",),
    "results.measurement": ("Measurement",),
    "results.report": ("Report",),
}

__all__ = [
    "CalibrateError",
    "Comparison",
    "Dataset",
    "Fit",
    "FitError",
    "InputError",
    "Inspection",
    "Measurement",
    "PerLabelTemperature",
    "Reading",
    "Report",
    "Settings",
    "Temperature",
    "TopLabels",
    "accuracy",
    "augrc",
    "aurc",
    "auroc",
    "brier",
    "brier_calibration",
    "brier_refinement",
    "classwise_ece",
    "compare",
    "cross_evaluate",
    "ece",
    "ece_equal_mass",
    "evaluate",
    "evaluate_top_labels",
    "fit",
    "fit_per_label",
    "inspect",
    "ks",
    "load",
    "mce",
    "mean_confidence",
    "nll",
    "nll_calibration",
    "open_dataset",
    "overconfidence",
    "positive_ece",
    "read_top_labels",
    "rmsce",
    "rmsce_debiased",
    "running",
    "save",
    "smooth_ece",
    "top_5_accuracy",
]


def _text(result: Any) -> str:
    from calibrate.renderers.formats import FORMATS
    from calibrate.renderers.parts import EVERYTHING

    return FORMATS["text"](result, EVERYTHING)


def _html(result: Any) -> str:
    from calibrate.renderers.formats import FORMATS
    from calibrate.renderers.parts import EVERYTHING

    return FORMATS["notebook"](result, EVERYTHING)


RENDERERS.update(text=_text, html=_html)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("calibrate.version").package_version()
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"calibrate.{home}"), name)
    raise AttributeError(f"module 'calibrate' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
