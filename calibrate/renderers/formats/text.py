"""A result as text for terminals and logs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from calibrate.renderers.parts import (
    Diagram,
    Heading,
    Lines,
    Part,
    ResultFormat,
    Shown,
    Table,
    document,
)
from calibrate.text import printable

if TYPE_CHECKING:
    from rich.text import Text

    from calibrate.results.json import Result

WIDTH = 1000  # never reached: a table is as wide as its cells, and a log wraps nothing
STYLES = {True: "green", False: "red", None: ""}


def render(result: Result, shown: Shown) -> str:
    """Its parts with blank lines between; warnings and pictures are left to others."""
    from rich.console import Console
    from rich.table import Table as RichTable

    from calibrate.renderers.text_diagram import FINE, PLAIN, bars

    out = io.StringIO()
    console = Console(
        file=out,
        width=WIDTH,
        force_terminal=shown.colour,
        no_color=not shown.colour,
        highlight=False,
    )

    def write(text: str = "", style: str = "") -> None:
        console.print(_in_terminal(text, style), soft_wrap=True)

    last: Part | None = None
    for part in document(result, shown):
        if not isinstance(part, (Heading, Lines, Table, Diagram)):
            continue
        if last is not None and not (isinstance(last, Heading) and isinstance(part, Lines)):
            write()
        last = part
        match part:
            case Heading(text):
                write(text, "bold")
            case Lines(lines):
                for line in lines:
                    write(line.text, "dim" if line.quiet else "")
            case Diagram():
                console.print(bars(part, FINE if shown.fine else PLAIN), soft_wrap=True)
            case Table(title, columns, rows, note):
                table = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0))
                table.add_column(_in_terminal(title), no_wrap=True)
                for name in columns:
                    table.add_column(_in_terminal(name), justify="right", no_wrap=True)
                for cells in rows:
                    table.add_row(*(_in_terminal(c.text, STYLES[c.better]) for c in cells))
                console.print(table)
                if note:
                    write(note, "dim")
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _in_terminal(text: str, style: str = "") -> Text:
    """A text of a part: the only ones that reach the terminal, so escaped here."""
    from rich.text import Text

    return Text(printable(text), style=style)


FORMAT = ResultFormat(render, ".txt")
