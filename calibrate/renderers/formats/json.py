"""A result as JSON, the canonical form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calibrate.renderers.parts import ResultFormat, Shown

if TYPE_CHECKING:
    from calibrate.results.json import Result


def render(result: Result, _: Shown) -> str:
    """All of it with full precision, whatever is shown."""
    from calibrate.results.json import to_json

    return to_json(result)


FORMAT = ResultFormat(render, ".json")
