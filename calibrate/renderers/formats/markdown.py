"""A result as Markdown, for pages and pull requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from html import escape
from urllib.parse import quote

from calibrate.printable import printable
from calibrate.renderers.document import (
    Heading,
    Lines,
    Part,
    Picture,
    Shown,
    Table,
    Warn,
    document,
)
from calibrate.results.json import Result

INTERVAL = r"\[[-0-9.,e+ ]+\](?![(\[:])"
MARKS = r"[\\`*\[\]|#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|~(?=~)|(?<=~)~"


def render(result: Result, shown: Shown) -> str:
    """All of its parts, then the pictures beside."""
    parts = (*document(result, replace(shown, all=True)), *map(Picture, shown.pictures))
    blocks = ("\n".join(_lines(part)) for part in parts)
    return "\n\n".join(block for block in blocks if block) + "\n"


def _lines(part: Part) -> Iterator[str]:
    match part:
        case Heading(text, level):
            yield f"{'#' * level} {escaped(text)}"
        case Lines((line,)):
            yield escaped(line.text)
        case Lines(lines):
            yield from (f"- {escaped(line.text)}" for line in lines)
        case Table():
            yield from _table(part)
        case Warn(text):
            yield f"> **Warning:** {escaped(text)}"
        case Picture(name):
            yield f"![{escaped(name)}]({quote(name, errors='replace')})"


def _table(table: Table) -> Iterator[str]:
    yield _row((table.title, *table.columns))
    yield "| --- |" + " ---: |" * len(table.columns)
    yield from (_row(cell.text for cell in row) for row in table.rows)
    if table.note:
        yield from ("", escaped(table.note))


def _row(texts: Iterable[str]) -> str:
    return f"| {' | '.join(map(escaped, texts))} |"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line; an underscore inside a word is none of its
    marks, nor is one ``~``, nor an interval. No HTML is left: not every reader knows ``\\<``.
    """
    shown = re.sub(f"({INTERVAL})|{MARKS}", lambda f: f[1] or f"\\{f[0]}", printable(text))
    return re.sub(r"[<>]|&(?=[#\w]+;)", lambda found: escape(found[0]), shown)
