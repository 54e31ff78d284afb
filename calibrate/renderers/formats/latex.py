"""A comparison as LaTeX: tables of the package booktabs, as the terminal shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from calibrate.renderers.parts import Table, document
from calibrate.results.comparison import Comparison

MARKS = {
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    **{mark: f"{{{mark}}}" for mark in "[]*"},  # after the end of a line they belong to that
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "`": r"\textasciigrave{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\char34{}",
    "–": r"\textendash{}",
    "±": r"$\pm$",
}


def render(found: Comparison) -> str:
    """Its tables, each a ``tabular`` with the intervals in a line of their own."""
    tables = (part for part in document(found) if isinstance(part, Table))
    lines = [
        f"% {_one_line(found.data.labels)}: {found.data.rows} rows",
        r"% \usepackage{booktabs} and, for names with accents, \usepackage[T1]{fontenc}",
    ]
    for table in tables:
        lines += ["", *_tabular(table)]
    return "\n".join(lines) + "\n"


def _tabular(table: Table) -> Iterator[str]:
    yield rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}"
    yield r"\toprule"
    yield _row([escaped(table.title), *map(escaped, table.columns)])
    yield r"\midrule"
    for name, *cells in table.rows:
        parts = [_parts(cell.text) for cell in cells]
        yield _row([escaped(name.text), *(value for value, _ in parts)])
        if any(interval for _, interval in parts):
            yield _row(["", *(interval for _, interval in parts)])
    yield r"\bottomrule"
    yield r"\end{tabular}"
    if table.note:
        yield rf"\par\smallskip{{\footnotesize {escaped(table.note)}}}"


def _row(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _parts(text: str) -> tuple[str, str]:
    """``0.9 [0.8, 1.0]~`` -> the value, and its interval in small letters; minus signs as such."""
    value, bracket, rest = text.partition(" [")
    if not bracket:
        return _number(value), ""
    low_high, _, mark = rest.partition("]")
    return _number(value), rf"{{\scriptsize [{_number(low_high)}]{escaped(mark)}}}"


def _number(text: str) -> str:
    return re.sub(r"(?<!\w)-(?=\d)", "$-$", escaped(text))


def escaped(text: str) -> str:
    """Text that LaTeX shows as it is, in one line."""
    text = "".join(MARKS.get(letter, letter) for letter in _one_line(text))
    return re.sub("-(?=-)", "-{}", text)  # two would be drawn as one dash


def _one_line(text: str) -> str:
    """Without ends of lines and other letters that cannot be shown."""
    return "".join(c if c.isprintable() else " " for c in text)
