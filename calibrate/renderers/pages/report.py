"""The page of a Report: its document, and a diagram that a temperature moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from calibrate.renderers.pages.page import Page, page_of, plain
from calibrate.renderers.pages.svg import bins_of, joined
from calibrate.renderers.parts import EVERYTHING, Heading, Part, Shown, Table
from calibrate.renderers.plots.style import FEW, OF_YES, wording
from calibrate.renderers.words import number, short
from calibrate.results.measurement import Sides
from calibrate.results.report import Reliability, Report, Sweep, SweepBins
from calibrate.text import shell_word

WIDE, TALL = 1000.0, 150.0  # of the curves


@page_of.register
def _(report: Report, shown: Shown = EVERYTHING) -> Page:
    found = plain(report, shown, "report.html")
    split = next((i for i, p in enumerate(found.parts) if isinstance(p, Heading)), 0)
    first = _with_intervals(found.parts[:split], found.parts[split:])
    own: dict[str, Any] = {"first": first, "few": f"{FEW:g}", "slider": None}
    called = wording(report)
    own |= {"called": called, "words": words_of(report)}
    own["diagrams"] = _diagrams(report)
    data: dict[str, Any] = {}
    if report.sweep is not None and report.sweep.bins is not None:
        own["slider"] = _slider(report, report.sweep)
        data = _moved(report, report.sweep, report.sweep.bins)
        start = _standing(report, report.sweep, report.sweep.bins)
        own["diagrams"] = [{"title": "", "bins": bins_of(start, words_of(report), FEW)}]
    made = (*found.made, *_settings(report))
    return replace(found, parts=found.parts[split:], own=own, data=data, made=made)


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


def words_of(report: Report) -> tuple[str, str, str, str]:
    """What the confidence, the accuracy, and what is off to either side are called."""
    called = wording(report)
    x = "probability" if called is OF_YES else "confidence"
    return x, called.accuracy, called.over, called.under


def _sides(report: Report) -> Sides[Reliability]:
    shown = report.class_reliability
    if report.data.task.yes_no and shown is not None and shown.before:
        return Sides(shown.before[0].table, shown.after[0].table if shown.after else None)
    return report.reliability


def _diagrams(report: Report) -> list[dict[str, Any]]:
    sides, words = _sides(report), words_of(report)
    found = [("as it is" if sides.after is None else "before calibration", sides.before)]
    if sides.after is not None:
        found.append(("after calibration", sides.after))
    return [{"title": name, "bins": bins_of(joined(table), words, FEW)} for name, table in found]


def _standing(report: Report, sweep: Sweep, bins: SweepBins) -> Reliability:
    """The bins where the slider stands at first."""
    i, rows = start_of(report, sweep), sweep.rows or report.data.rows
    low, high = _bands(report, sweep).get(str(i), ((), ()))
    share = tuple(each or 0.0 for each in bins.share[i])
    return Reliability(
        edges=bins.edges,
        weight=share,
        confidence=bins.confidence[i],
        accuracy=bins.accuracy[i],
        consistency_low=low,
        consistency_high=high,
        rows=tuple(rows * each for each in share),
    )


def start_of(report: Report, sweep: Sweep) -> int:
    """Where the slider stands at first: at the temperature in use, else at 1."""
    return nearest(sweep, report.temperature or 1.0)


def nearest(sweep: Sweep, wanted: float) -> int:
    """The number of the point nearest to a temperature, on a logarithmic scale."""
    return min(
        range(len(sweep.temperature)),
        key=lambda i: max(sweep.temperature[i] / wanted, wanted / sweep.temperature[i]),
    )


def _slider(report: Report, sweep: Sweep) -> dict[str, Any]:
    start = start_of(report, sweep)
    marks, crossed = [{"at": nearest(sweep, 1.0), "text": "T = 1", "kind": "one"}], ""
    t, interval = sweep.best, sweep.interval
    between = f" [{short(interval[0])}, {short(interval[1])}]" if interval else ""
    fitted = {"at": nearest(sweep, t), "kind": "best"}
    marks.append({**fitted, "text": f"best for these rows: {short(t)}{between}"})
    in_use = report.temperature
    if in_use is not None and in_use != t:
        marks.append({"at": nearest(sweep, in_use), "text": f"in use: {short(in_use)}"})
        marks[-1]["kind"] = "use"
    if report.calibrator_is_crossfit:
        noun = report.calibrator.noun if report.calibrator else ""
        crossed = (
            f"Above, each row went through the {noun} of the other folds; here, one T is for all."
        )
    some = sweep.rows if sweep.rows and sweep.rows < report.data.rows else None
    return {
        "start": start,
        "last": len(sweep.temperature) - 1,
        "marks": marks,
        "interval": None if interval is None else [_place(sweep, end) for end in interval],
        "nll": _path(sweep.nll, _ceiling(sweep.nll)),
        "ece": _path(_error(report, sweep), max(_error(report, sweep))),
        "error": "positive ECE" if report.data.task.yes_no else "ECE",
        "temperature": short(sweep.temperature[start]),
        "exact": repr(sweep.temperature[start]),
        "values": [each[start] for each in _figures(report, sweep).values()],
        "accuracy": number(report.metrics.before["accuracy"].value),
        "some": "" if some is None else f"{some:,} evenly spread rows of {report.data.rows:,}",
        "crossed": crossed,
        "command": command_of(report),
    }


def command_of(report: Report) -> str:
    """What measures these rows at a temperature, which follows."""
    data = report.data
    names = [data.logits] if data.labels == data.logits else [data.logits, data.labels]
    return " ".join(["calibrate report", *map(shell_word, names), "--temperature"])


def _error(report: Report, sweep: Sweep) -> tuple[float, ...]:
    return sweep.positive_ece if report.data.task.yes_no else sweep.ece


def _figures(report: Report, sweep: Sweep) -> dict[str, list[str]]:
    """As ``calibrate report`` prints them."""
    each = {"error": _error(report, sweep), "nll": sweep.nll, "mean": sweep.mean_confidence}
    return {name: [number(value) for value in values] for name, values in each.items()}


def _moved(report: Report, sweep: Sweep, bins: SweepBins) -> dict[str, Any]:
    """What the script needs to move the diagram."""
    rows = sweep.rows or report.data.rows
    return {
        "t": sweep.temperature,
        "short": [short(t) for t in sweep.temperature],
        "figures": _figures(report, sweep),
        "edges": bins.edges,
        "share": bins.share,
        "confidence": bins.confidence,
        "accuracy": bins.accuracy,
        "few": FEW / max(rows, 1),
        "words": words_of(report),
        "bands": _bands(report, sweep),
    }


def _bands(report: Report, sweep: Sweep) -> dict[str, Any]:
    """Between which accuracies calibrated models lie, where that was looked at."""
    sides, found = _sides(report), dict[str, Any]()
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


def _place(sweep: Sweep, t: float) -> float:
    """Where a temperature is between the points, as a share of the width."""
    last = len(sweep.temperature) - 1
    below = sum(each < t for each in sweep.temperature)
    return round(WIDE * min(below, last) / last, 1)


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


def _ceiling(nll: Sequence[float]) -> float:
    """The NLL soars as T falls: leave out what would flatten the valley."""
    lowest = min(nll)
    return min(max(nll), lowest + 4 * (nll[-1] - lowest) + 0.1)


def _settings(report: Report) -> list[tuple[str, str]]:
    data, used = report.data, report.settings
    found = [("Scores", data.logits), ("Labels", data.labels), ("Rows", f"{data.rows:,}")]
    found.append((data.task.noun.capitalize(), f"{data.classes:,}"))
    if used is not None:
        samples = f"{used.bootstrap:,} bootstrap samples, {used.n_bins} bins"
        found += [("Seed", str(used.seed)), ("Settings", samples)]
    if data.fingerprint is not None:
        found.append(("Digest of the rows", data.fingerprint))
    return found
