"""A comparison as .csv: a line per figure, with full precision."""

from __future__ import annotations

import csv
import io

from calibrate.renderers.tables.entries import Entry, entries
from calibrate.results.comparison import Comparison

COLUMNS = ["model", "run", "runs", "minus", "side", "metric", "value", "low", "high", "sd", "rough"]


def render(found: Comparison) -> str:
    """The lines, after RFC 4180; what is not known is empty."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(map(_line, entries(found)))
    return out.getvalue()


def _line(entry: Entry) -> list[object]:
    figure = entry.figure
    return [
        entry.model,
        entry.run,
        entry.runs,
        entry.minus,
        entry.side,
        entry.metric,
        figure.value,
        figure.low,
        figure.high,
        entry.sd,
        "yes" if entry.rough else None,
    ]
