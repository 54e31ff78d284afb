"""How arrays of scores and labels are to be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import signature
from typing import TypedDict

from calibrate.blocks.scores import SCORES
from calibrate.errors import InputError, check_known
from calibrate.tasks import TASKS, Task
from calibrate.text import ShortRepr, brief

MOST_LABEL = 1 << 53  # up to here floating numbers are whole ones


class ReadingOptions(TypedDict, total=False):
    """The fields of ``Reading`` as keyword arguments."""

    task: str | None
    scores: str | None
    label_offset: int
    ignore_label: int | None
    label_column: str | None
    class_names: Sequence[str] | None
    percent: bool
    leave_out: Sequence[str]


@dataclass(frozen=True, repr=False)
class Reading(ShortRepr):
    """How arrays of scores and labels are to be read.

    Attributes:
        task: ``"multiclass"``, ``"binary"``, ``"multilabel"`` or ``"confidence"``, that of answers
            that were right or wrong; None: by the shape, one of the first two.
        scores: ``"logits"``, ``"probabilities"``, ``"log-probabilities"``; None: logits, refused
            where they look like probabilities; of the task confidence probabilities.
        label_offset: the number of the first class, 0 or 1 as a rule.
        ignore_label: the label of rows to leave out.
        label_column: the column of a table that holds the labels; ``"none"``: none does; None: the
            one called label, target, true_label or y.
        class_names: one per class, to which labels given as text are matched; None: those that the
            columns of the scores have, else the labels in order.
        leave_out: columns of a table that are no scores of classes; ``"none"``: all others are.
        percent: whether these are confidences from 0 to 100; their task is confidence.

    Raises:
        InputError: a task or a kind of scores that nobody knows, a label that is none, or percent
            of something else.
    """

    task: str | None = None
    scores: str | None = None
    label_offset: int = 0
    ignore_label: int | None = None
    label_column: str | None = None
    class_names: Sequence[str] | None = None
    percent: bool = False
    leave_out: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.percent and self.task is None:
            object.__setattr__(self, "task", Task.confidence)
        if self.task is not None:
            check_known("task", [self.task], TASKS)
            object.__setattr__(self, "task", Task(self.task))
        if self.scores is not None:
            check_known("scores", [self.scores], SCORES)
        elif self.task is Task.confidence:
            object.__setattr__(self, "scores", "probabilities")
        if self.percent and (self.task, self.scores) != (Task.confidence, "probabilities"):
            raise InputError(
                "`percent`: is for confidences of answers from 0 to 100, got "
                f'`task="{self.task}"` and `scores="{self.scores}"`'
            )
        check_label("label_offset", self.label_offset)
        if self.ignore_label is not None:
            check_label("ignore_label", self.ignore_label)

    @property
    def of_answers(self) -> bool:
        """Whether the scores are confidences in answers, from 0 to 1 or to 100."""
        return self.task is Task.confidence and self.scores == "probabilities"


def reading_of(function: Callable[..., object], options: ReadingOptions) -> Reading:
    """Return the ``Reading`` that the keyword arguments of a function ask for.

    Args:
        function: takes ``**reading``; its own arguments are suggested, too.
        options: what it was given.

    Raises:
        TypeError: there is no such argument; in the words of Python, with the nearest one.
        InputError: as of ``Reading``.
    """
    fields = ReadingOptions.__annotations__
    for name in options:
        if name not in fields:
            near = get_close_matches(name, [*signature(function).parameters, *fields], n=1)
            hint = f". Did you mean {near[0]!r}?" if near else ""
            raise TypeError(
                f"{function.__name__}() got an unexpected keyword argument {name!r}{hint}"
            )
    return Reading(**options)


def check_label(argument: str, label: int) -> None:
    """Raise InputError for a number beyond those that labels of any dtype can be."""
    if abs(label) > MOST_LABEL:
        raise InputError(
            f"`{argument}`: expected a label from {-MOST_LABEL:,} to {MOST_LABEL:,}, "
            f"got {brief(label)}"
        )
