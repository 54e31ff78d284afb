"""The formats: how a result is written; one file per format, with a row in FORMATS."""

from collections.abc import Callable

from calibrate.renderers.document import Shown
from calibrate.renderers.formats import github, html, json, junit, markdown, text
from calibrate.results.json import Result

FORMATS: dict[str, Callable[[Result, Shown], str]] = {
    "text": text.render,
    "json": json.render,
    "markdown": markdown.render,
    "junit": junit.render,
    "html": html.render,  # a piece for notebooks
    "github": github.render,  # its annotations; the summary beside them is Markdown
}

__all__ = ["FORMATS"]
