"""calibrate: can I trust these confidences? Post-hoc calibration of saved logits."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from calibrate.results.display import RENDERERS

# Imported on first use, so that `calibrate --help` starts without numpy. The metrics come beside
# these, as functions. After a change: python tests/update_stub.py
HOMES = {
    "analyses.inspect.inspect": ("inspect",),
    "api": ("compare", "cross_evaluate", "evaluate", "evaluate_top_labels", "fit", "fit_per_label"),
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
    for home, names in HOMES.items():
        if name in names:
            return getattr(import_module(f"calibrate.{home}"), name)
    if name == "__all__":
        from calibrate.metrics import METRICS

        return sorted({*METRICS, *(each for names in HOMES.values() for each in names)})
    if not name.startswith("_"):
        from calibrate.analyses.plain_metrics import METRICS, plain

        if name in METRICS:
            return plain(name)
    raise AttributeError(f"module 'calibrate' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __getattr__("__all__")
