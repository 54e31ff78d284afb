"""A result as Markdown, for pages and pull requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from calibrate.renderers.parts import (
    Diagram,
    Heading,
    Lines,
    Part,
    ResultFormat,
    Shown,
    Table,
    Warn,
    document,
)
from calibrate.text import printable

if TYPE_CHECKING:
    from calibrate.results.json import Result

INTERVAL = r"\[[-0-9.,e+ ]+\](?![(\[:])"
MARKS = r"[\\`*\[\]|#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|~(?=~)|(?<=~)~"
MOST_UNFOLDED = 30  # of a table that is not folded


def render(result: Result, shown: Shown) -> str:
    """What matters first, warnings, then the rest of its parts and the pictures beside, folded."""
    parts = document(result, replace(shown, all=True))
    first, warnings, sections = list[Part](), list[Part](), list[tuple[str, list[Part]]]()
    for part in parts:
        if isinstance(part, Warn):
            warnings.append(part)
        elif isinstance(part, Heading) and part.level > 1:
            sections.append((part.text, []))
        else:
            (sections[-1][1] if sections else first).append(part)
    blocks = list[str]()
    for part in (*first, *warnings):
        if isinstance(part, Table) and len(part.rows) > MOST_UNFOLDED:
            blocks += _folded(f"{part.title}: {len(part.rows):,} rows", [_block(part)])
        else:
            blocks.append(_block(part))
    for title, inside in sections:
        blocks += _folded(title, map(_block, inside))
    names = [f"![{in_markdown(name)}]({quote(name, errors='replace')})" for name in shown.pictures]
    blocks += _folded("Pictures", names) if names else []
    return "\n\n".join(block for block in blocks if block) + "\n"


def _folded(title: str, inside: Iterable[str]) -> Iterator[str]:
    """Blocks that show when their title is clicked; blank lines around make them Markdown again."""
    yield f"<details>\n<summary>{escape(printable(title))}</summary>"
    yield from inside
    yield "</details>"


def _block(part: Part) -> str:
    return "\n".join(_in_lines(part))


def _in_lines(part: Part) -> Iterator[str]:
    match part:
        case Heading(text, level):
            yield f"{'#' * level} {in_markdown(text)}"
        case Lines((line,)):
            yield in_markdown(line.text)
        case Lines(lines):
            yield from (f"- {in_markdown(line.text)}" for line in lines)
        case Table(title, columns, rows, note):
            yield _piped((title, *columns))
            yield "| --- |" + " ---: |" * len(columns)
            yield from (_piped(cell.text for cell in row) for row in rows)
            yield from ("", in_markdown(note)) if note else ()
        case Warn(text, tone):
            yield f"> **{tone.capitalize()}:** {in_markdown(text)}"
        case Diagram():
            from calibrate.renderers.text_diagram import PLAIN, bars

            yield from ("```text", *bars(part, PLAIN).plain.splitlines(), "```")


def _piped(texts: Iterable[str]) -> str:
    return f"| {' | '.join(map(in_markdown, texts))} |"


def in_markdown(text: str) -> str:
    """Text that Markdown shows as it is, on one line; an underscore inside a word is none of its
    marks, nor is one ``~``, nor an interval. No HTML is left: not every reader knows ``\\<``.
    """
    shown = re.sub(f"({INTERVAL})|{MARKS}", lambda f: f[1] or f"\\{f[0]}", printable(text))
    return re.sub(r"[<>]|&(?=[#\w]+;)", lambda found: escape(found[0]), shown)


FORMAT = ResultFormat(render, ".md")
