"""What every renderer writes with: lines and tables, as text and as Markdown."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH = 1000  # never reached: a table is as wide as its cells, and a log wraps nothing


class TextPage:
    """Lines and tables for terminals and logs, in colour or not."""

    def __init__(self, *, colour: bool) -> None:
        self._out = io.StringIO()
        self._console = Console(
            file=self._out, width=WIDTH, force_terminal=colour, no_color=not colour, highlight=False
        )

    def line(self, text: str = "", style: str = "") -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)

    def table(
        self, title: str, columns: Sequence[str], rows: Iterable[Sequence[str | Text]]
    ) -> None:
        """Columns of figures, to the right, beside the names of the rows."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(Text(title), no_wrap=True)
        for name in columns:
            table.add_column(Text(name), justify="right", no_wrap=True)
        for cells in rows:
            table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))
        self._console.print(table)

    def text(self) -> str:
        """All of it, without blanks at the ends of lines."""
        return "\n".join(line.rstrip() for line in self._out.getvalue().splitlines()) + "\n"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join("\\" + c if c in "\\`*_[]<>|#" else c for c in text)


def markdown_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table of escaped texts: names to the left, figures to the right."""
    head = [f"| {' | '.join([title, *columns])} |", "| --- |" + " ---: |" * len(columns)]
    return head + [f"| {' | '.join(cells)} |" for cells in rows]
