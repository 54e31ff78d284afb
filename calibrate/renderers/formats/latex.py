"""The tables of a result as LaTeX, with the package booktabs, as the terminal shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from calibrate.renderers.parts import ResultFormat, Shown, Table, document

if TYPE_CHECKING:
    from calibrate.results.json import Result

ESCAPES = {
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


def render(result: Result, shown: Shown) -> str:
    """Its tables, each a ``tabular`` with the intervals in a line of their own."""
    data = getattr(result, "data", None)
    about = result.command if data is None else f"{data.labels}: {data.rows} rows"
    lines = [
        f"% {_one_line(about)}",
        r"% \usepackage{booktabs} and, for names with accents, \usepackage[T1]{fontenc}",
    ]
    for part in document(result, shown):
        if isinstance(part, Table):
            lines += ["", *_tabular(part)]
    return "\n".join(lines) + "\n"


def _tabular(table: Table) -> Iterator[str]:
    yield rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}"
    yield r"\toprule"
    yield _tabular_row([in_latex(table.title), *map(in_latex, table.columns)])
    yield r"\midrule"
    for name, *cells in table.rows:
        values, intervals = [in_latex(name.text)], [""]
        for cell in cells:  # ``0.9 [0.8, 1.0]~``: the interval in small letters, beneath
            value, bracket, rest = cell.text.partition(" [")
            low_high, _, mark = rest.partition("]")
            small = rf"{{\scriptsize [{_number_in_latex(low_high)}]{in_latex(mark)}}}"
            values.append(_number_in_latex(value))
            intervals.append(small if bracket else "")
        yield _tabular_row(values)
        if any(intervals):
            yield _tabular_row(intervals)
    yield r"\bottomrule"
    yield r"\end{tabular}"
    if table.note:
        yield rf"\par\smallskip{{\footnotesize {in_latex(table.note)}}}"


def _tabular_row(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _number_in_latex(text: str) -> str:
    """With minus signs as such."""
    return re.sub(r"(?<!\w)-(?=\d)", "$-$", in_latex(text))


def in_latex(text: str) -> str:
    """Text that LaTeX shows as it is, in one line."""
    text = "".join(ESCAPES.get(letter, letter) for letter in _one_line(text))
    return re.sub("-(?=-)", "-{}", text)  # two would be drawn as one dash


def _one_line(text: str) -> str:
    """Without ends of lines and other letters that cannot be shown."""
    return "".join(c if c.isprintable() else " " for c in text)


FORMAT = ResultFormat(render, ".tex", "tables with booktabs")
