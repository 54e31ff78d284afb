"""Why no temperature is best, in the words of what the rows decide."""

from __future__ import annotations

from dataclasses import dataclass

from calibrate.tasks import Task


@dataclass(frozen=True)
class Reasons:
    """What to say of rows without a best temperature.

    Attributes:
        separated: the NLL falls as T goes to 0.
        astray: it falls as T grows.
        flat: T changes nothing.
    """

    separated: str
    astray: str
    flat: str


OF_SCORES = Reasons(
    separated="the logits separate the labels: every row's label has the largest score, so the NLL "
    "falls for ever as T goes to 0 and no finite T is best",
    astray="the scores do not point to the labels: the NLL falls for ever as T grows and no finite "
    "T is best; are the rows of logits and labels in the same order?",
    flat="every row gives all its classes the same score, so no temperature changes anything",
)
OF_ANSWERS = Reasons(
    separated="every answer said with more than 50 % was right and every one with less was wrong, "
    "so the NLL falls for ever as T goes to 0 and no finite T is best",
    astray="right and wrong answers are told apart no better than by 50 % for each: the NLL falls "
    "for ever as T grows and no finite T is best",
    flat="every confidence is 50 %, which no temperature moves",
)


def reasons(task: Task) -> Reasons:
    """Those of rows that decide this."""
    return OF_ANSWERS if task is Task.confidence else OF_SCORES
