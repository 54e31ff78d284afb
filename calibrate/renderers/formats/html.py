"""A result as a page: one HTML file that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calibrate.renderers.parts import ResultFormat, Shown

if TYPE_CHECKING:
    from calibrate.results.json import Result


def render(result: Result, shown: Shown) -> str:
    """The whole page.

    Raises:
        InputError: jinja2 is not installed.
    """
    from calibrate.renderers.pages.page import rendered

    return rendered(result, shown)


FORMAT = ResultFormat(render, ".html")
