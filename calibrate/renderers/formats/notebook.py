"""A result as a piece of HTML, for notebooks; not a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html import escape

from calibrate.renderers.parts import Heading, Lines, Part, Shown, Table, Warn, document
from calibrate.results.json import Result
from calibrate.text import printable

STYLE = {True: ' style="color: green"', False: ' style="color: firebrick"', None: ""}


def render(result: Result, shown: Shown) -> str:
    """Its parts, one after the other; every text is escaped."""
    lines = (line for part in document(result, replace(shown, all=True)) for line in _lines(part))
    return "<div>\n" + "\n".join(lines) + "\n</div>\n"


def _lines(part: Part) -> Iterator[str]:
    match part:
        case Heading(text):
            yield f"<p><b>{_escaped(text)}</b></p>"
        case Lines(lines):
            yield f"<p>{'<br>'.join(_escaped(line.text) for line in lines)}</p>"
        case Table():
            yield from _table(part)
        case Warn(text):
            yield f"<p><b>Warning:</b> {_escaped(text)}</p>"


def _table(table: Table) -> Iterator[str]:
    heads = "".join(f"<th>{_escaped(text)}</th>" for text in (table.title, *table.columns))
    yield f"<table><thead><tr>{heads}</tr></thead><tbody>"
    for name, *figures in table.rows:
        cells = "".join(f"<td{STYLE[each.better]}>{_escaped(each.text)}</td>" for each in figures)
        yield f"<tr><th>{_escaped(name.text)}</th>{cells}</tr>"
    yield "</tbody></table>"
    if table.note:
        yield f"<p>{_escaped(table.note)}</p>"


def _escaped(text: str) -> str:
    """What shows as it is, on one line."""
    return escape(printable(text))
