"""Bins of a reliability diagram, put together with their neighbours where that says more."""

from __future__ import annotations

from collections.abc import Sequence

from calibrate.results.report import Reliability

FEW = 20.0  # effective rows: bins of fewer are faint, and joined where dots are drawn


def joined(table: Reliability, most: int) -> Reliability:
    """At most so many bins; one that stays alone keeps its consistency band."""
    size = -(-len(table.weight) // most)
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

    def alone(values: Sequence[float | None]) -> tuple[float | None, ...]:
        each = [values[span] for span in spans] if values else []
        return tuple(found[0] if len(found) == 1 else None for found in each)

    return Reliability(
        edges=(*(table.edges[span.start] for span in spans), table.edges[-1]),
        weight=weight,
        confidence=mean(table.confidence),
        accuracy=mean(table.accuracy),
        consistency_low=alone(table.consistency_low),
        consistency_high=alone(table.consistency_high),
        rows=tuple(sum(table.effective[span]) for span in spans),
    )


def pooled(table: Reliability) -> list[tuple[float, float, float]]:
    """Effective rows, mean probability and frequency of bins, neighbours joined until they hold
    enough.
    """
    groups: list[list[float]] = [[0.0, 0.0, 0.0]]
    for rows, confidence, accuracy in zip(
        table.effective, table.confidence, table.accuracy, strict=True
    ):
        if groups[-1][0] >= FEW:
            groups.append([0.0, 0.0, 0.0])
        for i, mean in enumerate((1.0, confidence, accuracy)):
            groups[-1][i] += rows * (mean or 0.0)
    if len(groups) > 1 and groups[-1][0] < FEW:
        last = groups.pop()
        groups[-1] = [a + b for a, b in zip(groups[-1], last, strict=True)]
    return [(rows, c / rows, a / rows) for rows, c, a in groups if rows]
