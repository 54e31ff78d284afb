"""The page of a Report: its document, and a diagram that a temperature moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from calibrate.renderers.bins import FEW
from calibrate.renderers.pages.page import Page
from calibrate.renderers.pages.svg import bars_of
from calibrate.renderers.parts import Heading, Part, Table
from calibrate.renderers.plots.reliability import shown_bins
from calibrate.renderers.plots.style import OF_YES, wording
from calibrate.renderers.plots.temperature import nll_ceiling
from calibrate.renderers.words import number, short
from calibrate.results.report import Reliability, Report, Sweep, SweepBins
from calibrate.text import shell_word

WIDE, TALL = 1000.0, 150.0  # of the curves


def completed(page: Page, report: Report) -> Page:
    """The page with a diagram, which a slider moves where the sweep has its bins."""
    split = next((i for i, p in enumerate(page.parts) if isinstance(p, Heading)), 0)
    first = _with_intervals(page.parts[:split], page.parts[split:])
    sides, sweep, called = shown_bins(report), report.sweep, wording(report)
    x = "probability" if called is OF_YES else "confidence"
    words = (x, called.accuracy, called.over, called.under)
    own: dict[str, Any] = {"first": first, "few": f"{FEW:g}", "called": called}
    data: dict[str, Any] = {}
    if sweep is not None and sweep.bins is not None:
        own["slider"], bars, data = _slider(report, sweep, sweep.bins, words)
        own["diagrams"] = [{"title": "", "bins": bars}]
    else:
        shown = [("as it is" if sides.after is None else "before calibration", sides.before)]
        if sides.after is not None:
            shown.append(("after calibration", sides.after))
        diagrams = [{"title": title, "bins": bars_of(table, words)} for title, table in shown]
        own |= {"slider": None, "diagrams": diagrams}
    rows, used = report.data, report.settings
    made = [*page.made, ("Scores", rows.logits), ("Labels", rows.labels)]
    made += [("Rows", f"{rows.rows:,}"), (rows.task.noun.capitalize(), f"{rows.classes:,}")]
    if used is not None:
        samples = f"{used.bootstrap:,} bootstrap samples, {used.n_bins} bins"
        made += [("Seed", str(used.seed)), ("Settings", samples)]
    if rows.fingerprint is not None:
        made.append(("Digest of the rows", rows.fingerprint))
    parts = page.parts[split:]
    return replace(page, template="report.html", parts=parts, own=own, data=data, made=tuple(made))


def _with_intervals(first: Sequence[Part], rest: Sequence[Part]) -> list[Part]:
    """The headline figures as the table of all figures has them, with every interval."""
    tables = [part for part in rest if isinstance(part, Table) and part.title == "metric"]
    every = {row[0].text: row for table in tables for row in table.rows}

    def full(part: Part) -> Part:
        if not isinstance(part, Table) or not every or part.title != "metric":
            return part
        rows = tuple(every[row[0].text] for row in part.rows if row[0].text in every)
        return replace(tables[0], rows=rows, note="")

    return [full(part) for part in first]


def _slider(
    report: Report, sweep: Sweep, bins: SweepBins, words: Sequence[str]
) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """What the template shows of a slider over temperatures, the bars where it stands at first,
    and what the script needs to move them.
    """
    data, in_use, interval = report.data, report.temperature, sweep.interval
    error = sweep.positive_ece if data.task.yes_no else sweep.ece
    each = {"error": error, "nll": sweep.nll, "mean": sweep.mean_confidence}
    figures = {name: [number(value) for value in values] for name, values in each.items()}
    between = f" [{short(interval[0])}, {short(interval[1])}]" if interval else ""
    best = f"best for these rows: {short(sweep.best)}{between}"
    wanted = [("T = 1", 1.0, "one"), (best, sweep.best, "best")]
    if in_use is not None and in_use != sweep.best:
        wanted.append((f"in use: {short(in_use)}", in_use, "use"))
    marks = [{"text": text, "at": _nearest(sweep, t), "kind": kind} for text, t, kind in wanted]
    start, last = _nearest(sweep, in_use or 1.0), len(sweep.temperature) - 1
    some, rows = "", sweep.rows or data.rows
    if rows < data.rows:
        some = f"{rows:,} evenly spread rows of {data.rows:,}"
    names = [data.logits] if data.labels == data.logits else [data.logits, data.labels]
    crossed, bands = "", _bands(report, sweep)
    if report.calibrator_is_crossfit and report.calibrator is not None:
        crossed = f"Above, each row went through the {report.calibrator.noun} of the other folds; "
        crossed += "here, one T is for all."
    slider = {
        "start": start,
        "last": last,
        "marks": marks,
        "interval": interval
        and [
            round(WIDE * min(sum(t < end for t in sweep.temperature), last) / last, 1)
            for end in interval
        ],
        "nll": _path(sweep.nll, nll_ceiling(sweep.nll)),
        "ece": _path(error, max(error)),
        "error": "positive ECE" if data.task.yes_no else "ECE",
        "temperature": short(sweep.temperature[start]),
        "exact": repr(sweep.temperature[start]),
        "values": [values[start] for values in figures.values()],
        "accuracy": number(report.metrics.before["accuracy"].value),
        "some": some,
        "crossed": crossed,
        "command": " ".join(["calibrate report", *map(shell_word, names), "--temperature"]),
    }
    low, high = bands.get(str(start), ((), ()))
    share = tuple(each or 0.0 for each in bins.share[start])
    standing = Reliability(
        edges=bins.edges,
        weight=share,
        confidence=bins.confidence[start],
        accuracy=bins.accuracy[start],
        consistency_low=low,
        consistency_high=high,
        rows=tuple(rows * each for each in share),
    )
    moved = {
        "t": sweep.temperature,
        "short": [short(t) for t in sweep.temperature],
        "figures": figures,
        "edges": bins.edges,
        "share": bins.share,
        "confidence": bins.confidence,
        "accuracy": bins.accuracy,
        "few": FEW / max(rows, 1),
        "words": words,
        "bands": bands,
    }
    return slider, bars_of(standing, words), moved


def _nearest(sweep: Sweep, wanted: float) -> int:
    """The number of the point nearest to a temperature, on a logarithmic scale."""
    apart = [max(t / wanted, wanted / t) for t in sweep.temperature]
    return apart.index(min(apart))


def _bands(report: Report, sweep: Sweep) -> dict[str, Any]:
    """Between which accuracies calibrated models lie, where that was looked at."""
    sides, found = shown_bins(report), dict[str, Any]()
    if sweep.rows is not None and sweep.rows < report.data.rows:
        return found
    shown = [(1.0, sides.before)]
    if sides.after is not None and report.temperature and not report.calibrator_is_crossfit:
        shown.append((report.temperature, sides.after))
    for t, table in shown:
        if table.consistency_low and t in sweep.temperature:
            ends = (table.consistency_low, table.consistency_high)
            found[str(sweep.temperature.index(t))] = ends
    return found


def _path(values: Sequence[float], ceiling: float) -> str:
    low = min(values)
    high = max(ceiling, low + 1e-12)
    heights = ((value - low) / (high - low) for value in values)
    points = (
        f"{WIDE * i / (len(values) - 1):.1f},{TALL - 8 - (TALL - 16) * height:.1f}"
        for i, height in enumerate(heights)
        if height <= 1.1  # what is above leaves the picture
    )
    return " ".join(points)
