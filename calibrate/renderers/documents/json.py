"""Report -> JSON, the canonical form."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from calibrate.renderers.documents.words import is_rough
from calibrate.results.report import Report
from calibrate.version import package_version

SCHEMA = "calibrate.report/1"


def to_dict(report: Report) -> dict[str, Any]:
    """The report as plain dictionaries, lists and numbers; what is undefined is None."""
    content = {"schema": SCHEMA, "version": package_version(), **asdict(report)}
    content["rough_intervals"] = {
        part: [name for name, figure in (side or {}).items() if is_rough(name, figure, part)]
        for part, side in (("value", report.metrics.before), ("change", report.metrics.change))
    }
    if report.calibrator and not report.calibrator.folds:
        del content["calibrator"]["folds"]
    return content


def render_json(report: Report) -> str:
    """The report as indented JSON with full precision."""
    return json.dumps(to_dict(report), indent=1, allow_nan=False) + "\n"
