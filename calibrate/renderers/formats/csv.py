"""The tables of a result as .csv, for other programs: figures with full precision."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING

from calibrate.renderers.parts import ResultFormat, Shown, Table, document

if TYPE_CHECKING:
    from calibrate.results.json import Result


def render(result: Result, shown: Shown) -> str:
    """A line per row of a table, after RFC 4180, and an empty one between tables.

    A column of figures is three: ``before``, ``before_low`` and ``before_high``; that named
    ``value`` is ``value``, ``low`` and ``high``. What is not known is empty.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    parts = document(result, replace(shown, all=True, exact=True))
    for number, table in enumerate(part for part in parts if isinstance(part, Table)):
        if number:
            writer.writerow([])
        figures = [any(row[i].figure for row in table.rows) for i in range(1 + len(table.columns))]
        heads = [table.title]
        for name, measured in zip(table.columns, figures[1:], strict=True):
            ends = ("low", "high") if name == "value" else (f"{name}_low", f"{name}_high")
            heads += [name, *(ends if measured else ())]
        writer.writerow(heads)
        for row in table.rows:
            values: list[object] = []
            for cell, measured in zip(row, figures, strict=True):
                if cell.figure is not None:
                    values += [cell.figure.value, cell.figure.low, cell.figure.high]
                else:
                    values += [cell.text, *((None, None) if measured else ())]
            writer.writerow(values)
    return out.getvalue()


FORMAT = ResultFormat(render, ".csv", offered=False)  # names are as they are: not for a terminal
