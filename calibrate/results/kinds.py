"""All kinds of results, and reading one of whatever kind."""

from __future__ import annotations

from pathlib import Path

from calibrate.errors import InputError
from calibrate.files import read_json
from calibrate.results.checks import Checks
from calibrate.results.clusters import ClusterReport
from calibrate.results.comparison import Comparison
from calibrate.results.inspection import Inspection
from calibrate.results.json import Result, decode
from calibrate.results.report import Report
from calibrate.results.targets import TargetReport
from calibrate.results.thresholds import Thresholds
from calibrate.text import brief

KINDS: tuple[type[Result], ...] = (
    *(Report, Checks, Comparison, Thresholds, TargetReport, ClusterReport, Inspection),
)


def read_any(path: str | Path) -> Result:
    """The result in a JSON file.

    Raises:
        InputError: the file is missing, holds no result, or a place in it does not fit.
    """
    known = {kind.schema: kind for kind in KINDS}
    content = read_json(path, "result", "calibrate report")
    schema = content.get("schema")
    if not isinstance(schema, str) or schema not in known:
        raise InputError(
            f"{path}: expected a result (schema {', '.join(known)}), found "
            + (f"schema {brief(schema)}" if "schema" in content else "no schema")
        )
    found: Result = decode(known[schema], content, str(path))
    return found
