"""A reliability diagram in characters: a bar per bin, as long as its accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from calibrate.renderers.parts import Diagram
from calibrate.results.report import Reliability

LENGTH = 30  # characters from an accuracy of 0 to one of 1
MOST_BINS = 15  # that are drawn; more are put together
FAINT = 20  # rows: bins of fewer say little


@dataclass(frozen=True)
class Pen:
    """What bars are drawn with.

    Attributes:
        right: as far as the accuracy reaches.
        ends: an eighth of ``right`` to seven; empty where there are no such characters.
        missing: from the accuracy up to the confidence, of an overconfident bin.
        more: from the confidence up to the accuracy, of an underconfident one.
        rule: where 0 and 1 are.
    """

    right: str
    ends: str
    missing: str
    more: str
    rule: str


PLAIN = Pen("#", "", "-", "+", "|")
FINE = Pen("█", "▏▎▍▌▋▊▉", "░", "▓", "│")


@dataclass(frozen=True)
class Bin:
    """Rows of like confidence; ``beyond`` chance, as far as that was looked at."""

    low: float
    high: float
    rows: float
    confidence: float
    accuracy: float
    beyond: bool

    @property
    def gap(self) -> float:
        """How much too sure, in points."""
        return 100 * (self.confidence - self.accuracy)


def bars(diagram: Diagram, pen: Pen) -> Text:
    """At most 17 lines of at most 60 characters, the most confident first; empty bins are not
    drawn. What is missing to the confidence is red, what is more than it blue.
    """
    drawn = list(_bins(diagram.bins))[::-1]
    x, y = ("P(yes)", "share of yes") if diagram.yes else ("confidence", "accuracy")
    out = Text()
    out.append(f"{x:<11}{'rows':>9}  {f'{y}, 0 to 1':<{LENGTH}}{'gap':>7}\n", "bold")
    for each in drawn:
        faint = "dim" if each.rows < FAINT else ""
        out.append(f"{each.low:.2f} - {each.high:.2f}{_count(each.rows):>9} {pen.rule}", faint)
        _bar(out, each, pen)
        mark = "*" if each.beyond else ""
        out.append(f"{pen.rule}{f'{each.gap:+.1f}'.replace('-0.0', '+0.0'):>6}{mark}\n", faint)
    over, under = ("too high", "too low") if diagram.yes else ("too sure", "not sure enough")
    beyond = ", * beyond chance" if any(each.beyond for each in drawn) else ""
    out.append(f"{pen.missing} {over}, {pen.more} {under}; gap in points{beyond}", "dim")
    return out


def _bar(out: Text, each: Bin, pen: Pen) -> None:
    """One bar: what is right, then what is missing or more."""
    right, sure = each.accuracy * LENGTH, each.confidence * LENGTH
    if right >= sure:
        reached, length = round(sure), round(right)
        out.append(pen.right * reached)
        out.append(pen.more * (length - reached), "blue")
    else:
        reached = int(right) if pen.ends else round(right)
        out.append(pen.right * reached)
        eighth = int(8 * (right - reached)) if pen.ends else 0
        end = pen.ends[eighth - 1] if eighth else ""
        out.append(end)
        length = max(round(sure), reached + len(end))
        out.append(pen.missing * (length - reached - len(end)), "red")
    out.append(" " * (LENGTH - length))


def _count(rows: float) -> str:
    return f"{rows:,.0f}" if rows < 1e6 else f"{rows:.3g}"


def _bins(found: Reliability) -> Iterator[Bin]:
    """Those with rows; neighbours put together where there are too many."""
    effective, step = found.effective, -(-len(found.weight) // MOST_BINS)
    for start in range(0, len(found.weight), step):
        those = range(start, min(start + step, len(found.weight)))
        weights = [found.weight[i] for i in those]
        if sum(weights) > 0:
            yield Bin(
                found.edges[start],
                found.edges[those[-1] + 1],
                sum(effective[i] for i in those),
                _mean([found.confidence[i] for i in those], weights),
                _mean([found.accuracy[i] for i in those], weights),
                len(those) == 1 and _beyond(found, start),
            )


def _mean(values: Sequence[float | None], weights: Sequence[float]) -> float:
    """Of bins that have rows."""
    pairs = [(v, w) for v, w in zip(values, weights, strict=True) if v is not None]
    return sum(v * w for v, w in pairs) / sum(w for _, w in pairs)


def _beyond(found: Reliability, i: int) -> bool:
    """Whether the accuracy is where 95 % of calibrated models would not have it."""
    if not found.consistency_low:
        return False
    low, accuracy, high = found.consistency_low[i], found.accuracy[i], found.consistency_high[i]
    if low is None or accuracy is None or high is None:
        return False
    return not low <= accuracy <= high
