"""Where the marks of a reliability diagram stand, before the script moves them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from calibrate.renderers.bins import FEW, joined
from calibrate.results.report import Reliability

MOST_BARS = 100  # bins that are drawn
LEFT, TOP, SIDE, LOW = 44.0, 10.0, 340.0, 64.0  # as in page.js


def bars_of(table: Reliability, words: Sequence[str]) -> list[dict[str, Any]]:
    """Each bin of a table: where it is, what it holds, and what is said of it.

    ``base`` and ``gap`` are the tops of the bar and of what it is off by, ``share`` is the height
    of its bar in the histogram; ``band``: between which heights calibrated models lie.

    Args:
        words: what the confidence and the accuracy are called, and what is off to either side.
    """
    table = joined(table, MOST_BARS)
    total, most = sum(table.weight) or 1.0, max(table.weight) or 1.0
    found = []
    for i, weight in enumerate(table.weight):
        low, high = table.edges[i], table.edges[i + 1]
        confidence, accuracy = table.confidence[i], table.accuracy[i]
        empty = confidence is None or accuracy is None
        c, a = (confidence or 0.0), (accuracy or 0.0)
        label = f"{words[0]} {low:.3f} to {high:.3f}: no rows"  # as in page.js
        if not empty:
            label = (
                f"{words[0]} {low:.3f} to {high:.3f}: {100 * weight / total:.2f} % of the rows, "
                f"mean {words[0]} {c:.4f}, {words[1]} {a:.4f}, {words[2] if c > a else words[3]} "
                f"by {abs(c - a):.4f}"
            )
        ends = (
            (table.consistency_low[i], table.consistency_high[i]) if table.consistency_low else ()
        )
        bar = {
            "x": round(LEFT + low * SIDE, 2),
            "width": round((high - low) * SIDE, 2),
            "base": _y(min(c, a)),
            "height": round(min(c, a) * SIDE, 2),
            "gap": _y(max(c, a)),
            "gap_height": round(abs(c - a) * SIDE, 2),
            "accuracy": _y(a),
            "confidence": _y(c),
            "share": round(LOW * weight / most, 2),
            "band": [_y(end) for end in ends if end is not None],
            "over": c > a,
            "few": not empty and table.effective[i] < FEW,
            "empty": empty,
            "label": label,
        }
        found.append(bar)
    return found


def _y(value: float) -> float:
    return round(TOP + (1 - value) * SIDE, 2)


def at(confidence: float, accuracy: float) -> dict[str, float]:
    """Where a point of the diagram stands."""
    return {"x": round(LEFT + confidence * SIDE, 2), "y": _y(accuracy)}
