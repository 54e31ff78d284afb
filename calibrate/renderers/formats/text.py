"""A result as text for terminals and logs."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from calibrate.renderers.parts import Diagram, Heading, Lines, Part, Shown, Table, document
from calibrate.renderers.text_diagram import FINE, PLAIN, bars
from calibrate.results.json import Result
from calibrate.text import printable

WIDTH = 1000  # never reached: a table is as wide as its cells, and a log wraps nothing
STYLES = {True: "green", False: "red", None: ""}


def render(result: Result, shown: Shown) -> str:
    """Its parts with blank lines between; warnings and pictures are left to others."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=WIDTH,
        force_terminal=shown.colour,
        no_color=not shown.colour,
        highlight=False,
    )
    last: Part | None = None
    for part in document(result, shown):
        if isinstance(part, (Heading, Lines, Table, Diagram)):
            if last is not None and not (isinstance(last, Heading) and isinstance(part, Lines)):
                _line(console)
            _part(console, part, shown)
            last = part
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _part(console: Console, part: Heading | Lines | Table | Diagram, shown: Shown) -> None:
    if isinstance(part, Heading):
        _line(console, part.text, "bold")
    elif isinstance(part, Lines):
        for line in part.lines:
            _line(console, line.text, "dim" if line.quiet else "")
    elif isinstance(part, Diagram):
        console.print(bars(part, FINE if shown.fine else PLAIN), soft_wrap=True)
    else:
        console.print(_table(part))
        if part.note:
            _line(console, part.note, "dim")


def _line(console: Console, text: str = "", style: str = "") -> None:
    console.print(_shown(text, style), soft_wrap=True)


def _table(part: Table) -> RichTable:
    table = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(_shown(part.title), no_wrap=True)
    for name in part.columns:
        table.add_column(_shown(name), justify="right", no_wrap=True)
    for cells in part.rows:
        table.add_row(*(_shown(cell.text, STYLES[cell.better]) for cell in cells))
    return table


def _shown(text: str, style: str = "") -> Text:
    """A text of a part: the only ones that reach the terminal, so escaped here."""
    return Text(printable(text), style=style)
