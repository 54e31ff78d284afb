"""A result as a piece of HTML, for notebooks; not a page."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from calibrate.renderers.parts import Heading, Lines, ResultFormat, Shown, Table, Warn, document
from calibrate.text import printable

if TYPE_CHECKING:
    from calibrate.results.json import Result

STYLE = {True: ' style="color: green"', False: ' style="color: firebrick"', None: ""}


def render(result: Result, shown: Shown) -> str:
    """Its parts, one after the other; every text is escaped."""
    found = ["<div>"]
    for part in document(result, replace(shown, all=True)):
        match part:
            case Heading(text):
                found.append(f"<p><b>{_in_html(text)}</b></p>")
            case Lines(lines):
                found.append(f"<p>{'<br>'.join(_in_html(line.text) for line in lines)}</p>")
            case Warn(text):
                found.append(f"<p><b>Warning:</b> {_in_html(text)}</p>")
            case Table(title, columns, rows, note):
                heads = "".join(f"<th>{_in_html(text)}</th>" for text in (title, *columns))
                found.append(f"<table><thead><tr>{heads}</tr></thead><tbody>")
                for name, *cells in rows:
                    row = "".join(f"<td{STYLE[c.better]}>{_in_html(c.text)}</td>" for c in cells)
                    found.append(f"<tr><th>{_in_html(name.text)}</th>{row}</tr>")
                found.append("</tbody></table>")
                found += [f"<p>{_in_html(note)}</p>"] if note else []
    return "\n".join([*found, "</div>\n"])


def _in_html(text: str) -> str:
    """What shows as it is, on one line."""
    return escape(printable(text))


FORMAT = ResultFormat(render, offered=False)
