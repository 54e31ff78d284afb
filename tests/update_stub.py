"""Write the names of ``import calibrate``, for type checkers and editors, into __init__.pyi.

python tests/update_stub.py
"""

from __future__ import annotations

from inspect import signature
from pathlib import Path

import calibrate
from calibrate.metrics import METRICS

FILE = Path(calibrate.__file__).with_suffix(".pyi")


def stub() -> str:
    """The public names with their types: those of the table, then a function per metric."""
    shapes = "from calibrate.analyses.plain_metrics import BinnedMetric, PlainMetric"
    imports = [
        f"from calibrate.{home} import {name} as {name}"
        for home, names in calibrate.HOMES.items()
        for name in names
    ]
    lines = [*sorted([*imports, shapes]), ""]
    for name in sorted(METRICS):
        binned = "n_bins" in signature(getattr(calibrate, name)).parameters
        lines.append(f"{name}: {'BinnedMetric' if binned else 'PlainMetric'}")
    return "\n".join([*lines, "", "__version__: str", ""])


if __name__ == "__main__":
    FILE.write_text(stub(), encoding="utf-8")
