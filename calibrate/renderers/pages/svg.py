"""Where the marks of a reliability diagram stand, before the script moves them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calibrate.results.report import Reliability

MOST_BINS = 100  # drawn
LEFT, TOP, SIDE, LOW = 44.0, 10.0, 340.0, 64.0  # as in page.js


@dataclass(frozen=True)
class Bin:
    """One bin: where it is, what it holds, and what is said of it.

    Attributes:
        x, width: of its bar.
        base, gap, gap_height, height: the tops and heights of the bar and of what it is off by.
        accuracy, confidence: where these lines are.
        share: the height of its bar in the histogram.
        band: between which heights calibrated models lie; None where not known.
        over: whether it is overconfident; few: whether it holds fewer than 20 rows.
    """

    x: float
    width: float
    base: float
    height: float
    gap: float
    gap_height: float
    accuracy: float
    confidence: float
    share: float
    band: tuple[float, float] | None
    over: bool
    few: bool
    empty: bool
    label: str


def joined(table: Reliability) -> Reliability:
    """The table, its neighbouring bins joined where there are more than a page can show."""
    size = -(-len(table.weight) // MOST_BINS)
    if size == 1:
        return table
    spans = [slice(i, i + size) for i in range(0, len(table.weight), size)]
    weight = tuple(sum(table.weight[span]) for span in spans)

    def mean(values: Sequence[float | None]) -> tuple[float | None, ...]:
        sums = (
            sum(w * (v or 0.0) for w, v in zip(table.weight[s], values[s], strict=True))
            for s in spans
        )
        return tuple(a / w if w > 0 else None for a, w in zip(sums, weight, strict=True))

    return Reliability(
        edges=(*(table.edges[span.start] for span in spans), table.edges[-1]),
        weight=weight,
        confidence=mean(table.confidence),
        accuracy=mean(table.accuracy),
        rows=tuple(sum(table.effective[span]) for span in spans),
    )


def bins_of(table: Reliability, words: Sequence[str], few: float) -> list[Bin]:
    """The bins of a table; ``words``: what the confidence and the accuracy are called."""
    total, most = sum(table.weight) or 1.0, max(table.weight) or 1.0
    found = []
    for i, weight in enumerate(table.weight):
        low, high = table.edges[i], table.edges[i + 1]
        confidence, accuracy = table.confidence[i], table.accuracy[i]
        empty = confidence is None or accuracy is None
        c, a = (confidence or 0.0), (accuracy or 0.0)
        found.append(
            Bin(
                x=round(LEFT + low * SIDE, 2),
                width=round((high - low) * SIDE, 2),
                base=_y(min(c, a)),
                height=round(min(c, a) * SIDE, 2),
                gap=_y(max(c, a)),
                gap_height=round(abs(c - a) * SIDE, 2),
                accuracy=_y(a),
                confidence=_y(c),
                share=round(LOW * weight / most, 2),
                band=_band(table, i),
                over=c > a,
                few=not empty and table.effective[i] < few,
                empty=empty,
                label=_said(low, high, None if empty else (weight / total, c, a), words),
            )
        )
    return found


def _y(value: float) -> float:
    return round(TOP + (1 - value) * SIDE, 2)


def _band(table: Reliability, i: int) -> tuple[float, float] | None:
    if not table.consistency_low or not table.consistency_high:
        return None
    low, high = table.consistency_low[i], table.consistency_high[i]
    return None if low is None or high is None else (_y(low), _y(high))


def _said(
    low: float, high: float, held: tuple[float, float, float] | None, words: Sequence[str]
) -> str:
    """As in page.js."""
    where = f"{words[0]} {low:.3f} to {high:.3f}"
    if held is None:
        return f"{where}: no rows"
    share, c, a = held
    return (
        f"{where}: {100 * share:.2f} % of the rows, mean {words[0]} {c:.4f}, "
        f"{words[1]} {a:.4f}, {words[2] if c > a else words[3]} by {abs(c - a):.4f}"
    )


def at(confidence: float, accuracy: float) -> dict[str, float]:
    """Where a point of the diagram stands."""
    return {"x": round(LEFT + confidence * SIDE, 2), "y": _y(accuracy)}
