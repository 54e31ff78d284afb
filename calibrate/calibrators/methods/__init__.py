"""Methods: one per file, with a row in METHODS."""

from typing import Any

from calibrate.calibrators.methods import per_label, temperature
from calibrate.calibrators.protocol import Method

METHODS: dict[str, Method[Any]] = {m.name: m for m in (temperature.METHOD, per_label.METHOD)}

__all__ = ["METHODS"]
