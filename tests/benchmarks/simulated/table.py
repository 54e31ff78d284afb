"""The scores of the cells as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from .runs import SIDES, TESTS, Key, T
from .scores import Coverage, Rejections, Score

KEY_FIGURES = ("accuracy", "nll", "brier", "ece")
KEYS: tuple[Key, ...] = (T, *((side, name) for name in KEY_FIGURES for side in SIDES))
NONE = "–"
MANY_MISSING = 0.01

INTRODUCTION = """\
The share of runs whose 95 % interval holds the truth, in %. ~: the intervals are marked rough. \
**Bold**: unmarked, and outside 93 to 98 % by more than the chance of so many runs; where the \
truth is 0, more than 98 % is no fault. *(12)*: in 12 % of the runs there is no interval. \
–: there is none at all."""


def tables(scores: Sequence[Score]) -> str:
    """All of them."""
    parts = [INTRODUCTION, key_figures(scores), "### All figures over all cells"]
    parts += [all_figures(scores), "### Misses: every unmarked interval that fails"]
    parts += [failures(scores), "### Tests: rejections at 5 % where the null holds, in %"]
    return "\n\n".join([*parts, rejections(scores)]) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], names: int = 1) -> str:
    rule = ["---"] * names + ["---:"] * (len(head) - names)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def _title(key: Key) -> str:
    return " ".join(part for part in reversed(key) if part)


def _percent(share: float) -> str:
    return NONE if np.isnan(share) else f"{100 * share:.1f}"


def _entry(plain: Coverage | None, rough: Coverage | None) -> str:
    """Of unmarked intervals, then of marked ones."""
    found = []
    for coverage, mark in ((plain, ""), (rough, "~")):
        if coverage is None:
            continue
        text = NONE
        if coverage.given:
            text = f"{_percent(coverage.share)}{mark}"
            if coverage.fails and not mark:
                text = f"**{text}**"
            missing = coverage.missing / (coverage.given + coverage.missing)
            if missing > MANY_MISSING:
                text += f" *({100 * missing:.0f})*"
        found.append(text)
    return " / ".join(found)


def key_figures(scores: Sequence[Score]) -> str:
    """A row per cell."""
    head = ["cell", "n", "K", "accuracy", "runs", *map(_title, KEYS)]
    rows = [
        [
            score.cell.name,
            f"{score.cell.n:,}",
            f"{score.cell.classes:,}",
            _percent(score.accuracy),
            str(score.runs),
            *(_entry(score.plain.get(key), score.rough.get(key)) for key in KEYS),
        ]
        for score in scores
    ]
    return _table(head, rows)


def _keys(scores: Sequence[Score]) -> list[Key]:
    """Of all figures, one after the other with its sides."""
    found = {key: None for score in scores for key in (*score.plain, *score.rough)}
    names = list(dict.fromkeys(name for _, name in found))
    return [(side, name) for name in names for side in ("", *SIDES) if (side, name) in found]


def all_figures(scores: Sequence[Score]) -> str:
    """A row per figure and side: the least and the middle coverage over the cells."""
    head = ["figure", "marked", "cells", "least", "in", "truth below", "above", "median"]
    head += ["most", "in", "cells that fail", "no interval"]
    rows = []
    for key in _keys(scores):
        for mark in ("", "~"):
            of_cells = [(s.rough if mark else s.plain, s.cell.name) for s in scores]
            found = [(each[key], cell) for each, cell in of_cells if key in each]
            if found:
                rows.append([_title(key), mark, *_summary(found)])
    return _table(head, rows, 2)


def _summary(found: list[tuple[Coverage, str]]) -> list[str]:
    total = sum(each.given + each.missing for each, _ in found)
    missing = sum(each.missing for each, _ in found) / total
    some = sorted((each for each in found if each[0].given), key=lambda each: each[0].share)
    if not some:
        return ["0", *[NONE] * 8, _percent(missing)]
    (least, worst), (most, best) = some[0], some[-1]
    return [
        str(len(some)),
        _percent(least.share),
        worst,
        _percent(least.below / least.given),
        _percent(least.above / least.given),
        _percent(float(np.median([each.share for each, _ in some]))),
        _percent(most.share),
        best,
        str(sum(each.fails for each, _ in some)),
        _percent(missing),
    ]


def failures(scores: Sequence[Score]) -> str:
    """A row per unmarked interval that fails, the worst first."""
    found = [
        (score.cell.name, key, coverage)
        for score in scores
        for key, coverage in score.plain.items()
        if coverage.fails
    ]
    found.sort(key=lambda each: each[2].share)
    head = ["cell", "figure", "truth", "coverage", "truth below", "above", "no interval"]
    rows = [
        [
            cell,
            _title(key),
            f"{each.truth:.3g}",
            _percent(each.share),
            _percent(each.below / each.given),
            _percent(each.above / each.given),
            _percent(each.missing / (each.given + each.missing)),
        ]
        for cell, key, each in found
    ]
    return _table(head, rows, 2)


def _rejected(test: Rejections | None) -> str:
    if test is None:
        return ""
    text = f"**{_percent(test.share)}**" if test.fails else _percent(test.share)
    missing = test.missing / (test.given + test.missing)
    return f"{text} *({100 * missing:.0f})*" if missing > MANY_MISSING else text


def rejections(scores: Sequence[Score]) -> str:
    """A row per cell in which some null holds."""
    keys = [(side, test) for test in TESTS for side in SIDES[:2]]
    rows = [
        [score.cell.name, score.cell.way, *(_rejected(score.tests.get(key)) for key in keys)]
        for score in scores
        if score.tests
    ]
    return _table(["cell", "after is", *map(_title, keys)], rows, 2)
