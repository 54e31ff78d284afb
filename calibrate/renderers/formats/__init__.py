"""The formats: how a result is written; one file per format, with a row in FORMATS."""

from collections.abc import Callable

from calibrate.renderers.formats import github, json, junit, markdown, notebook, text
from calibrate.renderers.pages import page
from calibrate.renderers.parts import Shown
from calibrate.results.json import Result

FORMATS: dict[str, Callable[[Result, Shown], str]] = {
    "text": text.render,
    "json": json.render,
    "markdown": markdown.render,
    "html": page.render,
    "notebook": notebook.render,  # a piece of a page
    "junit": junit.render,
    "github": github.render,  # its annotations; the summary beside them is Markdown
}

__all__ = ["FORMATS"]
