"""A reliability diagram in characters: a bar per bin, as long as its accuracy."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from calibrate.renderers.bins import FEW, joined
from calibrate.renderers.parts import Diagram

LENGTH = 30  # characters from an accuracy of 0 to one of 1
MOST_LINES = 15  # bins that are drawn; more are put together


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


def bars(diagram: Diagram, pen: Pen) -> Text:
    """At most 17 lines of at most 60 characters, the most confident first; empty bins are not
    drawn. What is missing to the confidence is red, what is more than it blue.
    """
    table, marked = joined(diagram.bins, MOST_LINES), False
    x, y = ("P(yes)", "share of yes") if diagram.yes else ("confidence", "accuracy")
    out = Text()
    out.append(f"{x:<11}{'rows':>9}  {f'{y}, 0 to 1':<{LENGTH}}{'gap':>7}\n", "bold")
    for i in reversed(range(len(table.weight))):
        confidence, accuracy, rows = table.confidence[i], table.accuracy[i], table.effective[i]
        if confidence is None or accuracy is None:
            continue
        low, high = None, None
        if table.consistency_low:
            low, high = table.consistency_low[i], table.consistency_high[i]
        beyond = low is not None and high is not None and not low <= accuracy <= high
        marked, faint = marked or beyond, "dim" if rows < FEW else ""
        count = f"{rows:,.0f}" if rows < 1e6 else f"{rows:.3g}"
        out.append(f"{table.edges[i]:.2f} - {table.edges[i + 1]:.2f}{count:>9} {pen.rule}", faint)
        _bar(out, confidence, accuracy, pen)
        gap = f"{100 * (confidence - accuracy):+.1f}".replace("-0.0", "+0.0")
        out.append(f"{pen.rule}{gap:>6}{'*' if beyond else ''}\n", faint)
    over, under = ("too high", "too low") if diagram.yes else ("too sure", "not sure enough")
    note = ", * beyond chance" if marked else ""
    out.append(f"{pen.missing} {over}, {pen.more} {under}; gap in points{note}", "dim")
    return out


def _bar(out: Text, confidence: float, accuracy: float, pen: Pen) -> None:
    """One bar: what is right, then what is missing or more."""
    right, sure = accuracy * LENGTH, confidence * LENGTH
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
