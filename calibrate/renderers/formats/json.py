"""A result as JSON, the canonical form."""

from __future__ import annotations

from calibrate.renderers.parts import Shown
from calibrate.results.json import Result, to_json


def render(result: Result, _: Shown) -> str:
    """All of it with full precision, whatever is shown."""
    return to_json(result)
