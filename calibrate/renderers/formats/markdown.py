"""A result as Markdown, for pages and pull requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from html import escape
from urllib.parse import quote

from calibrate.renderers.parts import (
    Diagram,
    Heading,
    Lines,
    Part,
    Picture,
    Shown,
    Table,
    Warn,
    document,
)
from calibrate.renderers.text_diagram import PLAIN, bars
from calibrate.results.json import Result
from calibrate.text import printable

INTERVAL = r"\[[-0-9.,e+ ]+\](?![(\[:])"
MARKS = r"[\\`*\[\]|#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|~(?=~)|(?<=~)~"
MOST_ROWS = 30  # of a table that is not folded


def render(result: Result, shown: Shown) -> str:
    """What matters first, warnings, then the rest of its parts and the pictures beside, folded."""
    parts = document(result, replace(shown, all=True))
    warnings = [part for part in parts if isinstance(part, Warn)]
    first, *sections = _sections([part for part in parts if not isinstance(part, Warn)])
    blocks = [_block(part) for part in (*first, *warnings)]
    for heading, *inside in sections:
        if isinstance(heading, Heading):
            blocks += _folded(heading.text, [_lines(part) for part in inside])
    if shown.pictures:
        blocks += _folded("Pictures", [_lines(Picture(name)) for name in shown.pictures])
    return "\n\n".join(block for block in blocks if block) + "\n"


def _sections(parts: Sequence[Part]) -> list[list[Part]]:
    """What comes before the first heading further down, and each such heading with its parts."""
    found: list[list[Part]] = [[]]
    for part in parts:
        if isinstance(part, Heading) and part.level > 1:
            found.append([])
        found[-1].append(part)
    return found


def _block(part: Part) -> str:
    """A part that is looked at first; a table that is longer than a screen is folded."""
    if isinstance(part, Table) and len(part.rows) > MOST_ROWS:
        title = f"{part.title}: {len(part.rows):,} rows"
        return "\n\n".join(_folded(title, [_lines(part)]))
    return "\n".join(_lines(part))


def _folded(title: str, inside: Iterable[Iterable[str]]) -> Iterator[str]:
    """Blocks that show when their title is clicked; blank lines around make them Markdown again."""
    yield f"<details>\n<summary>{escape(printable(title))}</summary>"
    yield from ("\n".join(lines) for lines in inside)
    yield "</details>"


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
        case Warn(text, tone):
            yield f"> **{tone.capitalize()}:** {escaped(text)}"
        case Diagram():
            yield from ("```text", *bars(part, PLAIN).plain.splitlines(), "```")
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
