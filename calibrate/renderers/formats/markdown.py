"""A result as Markdown, for pages and pull requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

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
            yield f"![{escaped(name)}]({quote(name)})"


def _table(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(map(escaped, (table.title, *table.columns)))} |"
    yield "| --- |" + " ---: |" * len(table.columns)
    for name, *figures in table.rows:
        yield f"| {' | '.join((escaped(name.text), *(each.text for each in figures)))} |"
    if table.note:
        yield from ("", escaped(table.note))


def escaped(text: str) -> str:
    """Text that Markdown shows as it is; an underscore inside a word is none of its marks."""
    return re.sub(r"[\\`*\[\]<>|#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\\g<0>", text)
