"""What a row is asked: one of K classes, or yes or no."""

from __future__ import annotations

from enum import Enum


class Task(str, Enum):
    """What the scores of a row decide.

    ``multiclass``: one of K classes; ``binary``: yes or no; ``multilabel``: yes or no for each of
    L labels; ``confidence``: whether an answer is right, of which only the confidence in it is
    known; ``top-label``: not known, only the prediction and its confidence are.
    """

    multiclass = "multiclass"
    binary = "binary"
    multilabel = "multilabel"
    confidence = "confidence"
    top_label = "top-label"

    def __str__(self) -> str:
        return self.value

    @property
    def yes_no(self) -> bool:
        """Whether each decision is a yes or a no."""
        return self in (Task.binary, Task.multilabel)

    @property
    def one_score(self) -> bool:
        """Whether a row is one number: how sure a yes is, or an answer."""
        return self in (Task.binary, Task.confidence)

    @property
    def noun(self) -> str:
        """What the columns of the scores are."""
        return "labels" if self is Task.multilabel else "classes"


TASKS = tuple(task.value for task in Task if task is not Task.top_label)  # those of scores
