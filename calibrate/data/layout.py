"""What arrays of scores and labels mean: multiclass, binary or multi-label.

Shapes decide, and ``Reading.task`` where they do not. Behind this file scores are ``(n, K)``, one
row per decision, or ``(n,)``: the logit of the positive class of a yes-no decision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from calibrate.arrays import AnyArray, Index, Values, described
from calibrate.data.column import Column, Flat, as_column
from calibrate.data.labels import Classes, numbered, right_or_wrong
from calibrate.data.reading import Reading
from calibrate.errors import InputError
from calibrate.tasks import Task


@dataclass(frozen=True)
class Layout:
    """Which decisions the scores hold.

    Attributes:
        task: what each decision is about.
        shape: of the scores as they were given.
        shares: whether the labels are a share for each class.
    """

    task: Task
    shape: tuple[int, ...]
    shares: bool = False

    @property
    def lead(self) -> tuple[int, ...]:
        """The axes of the rows: all but that of the classes or labels."""
        return self.shape if self.task.one_score else self.shape[:-1]

    @property
    def width(self) -> int | None:
        """The scores of one decision; None where that is one number."""
        return self.shape[-1] if self.task is Task.multiclass else None

    @property
    def n_decisions(self) -> int:
        return prod(self.shape) // (self.width or 1)

    @property
    def n_classes(self) -> int:
        """2 for yes-no decisions."""
        return self.width or 2

    @property
    def n_labels(self) -> int:
        """The labels of a multi-label model; 1 otherwise."""
        return self.shape[-1] if self.task is Task.multilabel else 1

    @property
    def n_columns(self) -> int:
        """The classes, or the labels of a multi-label model."""
        return self.n_labels if self.task is Task.multilabel else self.n_classes

    def spread(self, values: AnyArray) -> AnyArray:
        """Values per row, per leading axes or per decision, as one per decision.

        As they are where they fit none of these.
        """
        flat = values.reshape(-1) if values.shape in (self.shape, self.lead) else values
        if self.task is Task.multilabel and flat.shape == (prod(self.lead),):
            flat = np.repeat(flat, self.n_labels)
        return flat

    def counting(self, values: AnyArray, selection: Selection) -> AnyArray:
        """The same, of the decisions that count only."""
        flat = self.spread(values)
        fits = flat.shape == (self.n_decisions,) and selection.numbers is not None
        return flat[selection.numbers] if fits else flat


def layout_of(
    logits: Column, labels: Column | None, reading: Reading
) -> tuple[Layout, Index | None]:
    """Recognise the task, and find the decisions that count; None for all.

    Raises:
        InputError: dtypes or shapes do not fit together, or no row is left.
    """
    _check_dtypes(logits, labels)
    task = Task(reading.task or _task_of(logits))
    _check_scores(logits, labels, task)
    layout = Layout(task, logits.shape)
    if labels is None:
        return layout, None
    if task is Task.multiclass:
        layout = Layout(task, logits.shape, _are_shares(logits, labels))
    else:
        _check_yes_no(logits, labels, task)
    if reading.label_offset and layout.shares:
        raise InputError(
            f"{labels.name}: `label_offset` is for class indices, found shares per class"
        )
    return layout, _kept(labels, layout, reading.ignore_label)


def numbered_labels(
    logits: Column, labels: Values | Column | None, reading: Reading
) -> tuple[Column | None, tuple[str, ...] | None, tuple[str, ...]]:
    """Labels as numbers, the names of the classes, if known, and how files and labels were read.

    Raises:
        InputError: labels are text that is no class.
    """
    task, shape = Task(reading.task or _task_of(logits)), logits.shape
    n = shape[-1] if shape and not task.one_score else 2
    classes = Classes.of(n, logits.class_names, reading, named=task is not Task.multilabel)
    found, names, notes = None, classes.names, logits.notes
    if labels is not None:
        given = as_column(labels, "labels")
        if task is Task.confidence:
            given = right_or_wrong(given)
        found, names, more = numbered(given, classes, reading)
        notes += (*given.notes, *more)
    fits = names is not None and len(names) == n
    return found, names if fits else None, notes


def _task_of(logits: Column) -> Task:
    yes_no = len(logits.shape) <= 1 or (len(logits.shape) == 2 and logits.shape[1] == 1)
    return Task.binary if yes_no else Task.multiclass


def _check_dtypes(logits: Column, labels: Column | None) -> None:
    if logits.dtype.kind not in "fiu":
        bare = logits.dtype == np.dtype("V2")
        hint = ", as numpy.save makes of bfloat16; save .astype(numpy.float32)" if bare else ""
        raise InputError(
            f"{logits.name}: expected logits as real numbers, found dtype {logits.dtype}{hint}"
        )
    if logits.dtype.kind == "f" and logits.dtype.itemsize > 8:
        raise InputError(
            f"{logits.name}: expected float16, float32 or float64, found {logits.dtype}; "
            "save them as float64"
        )
    if labels is not None and labels.dtype.kind not in "biuf":
        raise InputError(
            f"{labels.name}: expected labels as whole numbers or shares, found dtype {labels.dtype}"
        )


def _check_scores(logits: Column, labels: Column | None, task: Task) -> None:
    shape = logits.shape
    if labels is not None and len(shape) == 1 and len(labels.shape) == 2 and labels.shape[1] > 1:
        raise InputError(
            f"{logits.name} holds {described(logits)} and {labels.name} holds "
            f"{described(labels)}: the two files seem to be swapped; give `logits`, then `labels`"
        )
    if not shape or (not task.one_score and len(shape) == 1):
        raise InputError(
            f"{logits.name}: expected logits of shape (rows, classes), found {described(logits)}; "
            "reshape them to two dimensions"
        )
    if 0 in shape[: max(1, len(shape) - 1)]:
        raise InputError(f"{logits.name}: expected at least one row, found {described(logits)}")
    least = 2 if task is Task.multiclass else 1
    if shape[-1] < least:
        what = "two classes" if least == 2 else "one label"
        raise InputError(
            f"{logits.name}: expected at least {what} (columns), found {described(logits)}"
        )


def _are_shares(logits: Column, labels: Column) -> bool:
    """Whether these are shares of classes ``(..., K)`` rather than class indices ``(...)``."""
    lead = logits.shape[:-1]
    if labels.shape in (lead, (*lead, 1)):
        return False
    if labels.shape == logits.shape:
        return True
    if len(logits.shape) == 2:
        _check_same_length(logits, labels)
    raise InputError(
        f"{labels.name}: expected one class index per row, shape {_shape(lead)}, or one share per "
        f"class, shape {_shape(logits.shape)}, found {described(labels)}"
    )


def _check_yes_no(logits: Column, labels: Column, task: Task) -> None:
    """Raise InputError unless there is a label, 0 and 1 or a share between, for each score."""
    bare = logits.shape
    if task.one_score and bare[-1:] == (1,):
        bare = bare[:-1]
    if labels.shape in (logits.shape, bare, (*bare, 1)):
        return
    _check_same_length(logits, labels)
    raise InputError(
        f"{labels.name}: expected labels of the shape of the scores, {_shape(bare)}, for the "
        f"task {task}, found {described(labels)}"
    )


def _check_same_length(logits: Column, labels: Column) -> None:
    if labels.shape and labels.shape[0] != logits.shape[0]:
        more, hint = labels.shape[0] - logits.shape[0], ""
        if abs(more) == 1 and any(mark in labels.name.lower() for mark in (".csv", ".tsv")):
            taken = "a label" if more == 1 else "a header"
            hint = f"; the first line of {labels.name} was taken for {taken}"
        raise InputError(
            f"{labels.name} holds {labels.shape[0]:,} labels but {logits.name} holds "
            f"{logits.shape[0]:,} rows: they must be the same rows in the same order{hint}"
        )


def _shape(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def flat_labels(labels: Column | None, layout: Layout) -> Flat | None:
    """The labels, ``(n,)`` or ``(n, K)`` shares, of all decisions."""
    if labels is None:
        return None
    return Flat(labels, layout.width if layout.shares else None)


def _kept(labels: Column, layout: Layout, ignore_label: int | None) -> Index | None:
    """The decisions that are neither to be ignored nor, in multi-label data, not annotated."""
    unknown = layout.task is Task.multilabel and labels.dtype.kind == "f"  # NaN, by convention
    if ignore_label is None and not unknown:
        return None
    if ignore_label is not None and layout.shares:
        raise InputError(
            f"{labels.name}: `ignore_label` is for class indices, found shares per class; "
            "leave those rows out of both files"
        )
    found = Flat(labels, None).read(slice(0, layout.n_decisions))
    counts = ~np.isnan(found) if unknown else np.ones(len(found), dtype=bool)
    if ignore_label is not None:
        counts &= found != ignore_label
    if counts.all():
        return None
    kept = np.flatnonzero(counts)
    if not len(kept):
        raise InputError(f"{labels.name}: every label is to be left out; at least one must count")
    return kept


# Which decisions of a file count, and where they are.


@dataclass(frozen=True)
class Selection:
    """Decisions that count, in ascending order.

    Attributes:
        n_rows: how many.
        numbers: ``(n_rows,)`` their numbers in the file; None: all, from 0.
        places: ``(n_rows,)`` where in the columns they are; None: these hold them and no others.
    """

    n_rows: int
    numbers: Index | None = None
    places: Index | None = None

    @staticmethod
    def of(n_decisions: int, kept: Index | None) -> Selection:
        """Those ``kept`` of the decisions of a file; None: all."""
        return Selection(n_decisions if kept is None else len(kept), kept, kept)

    def in_file(self, which: slice) -> Index:
        """The numbers in the file of some of these."""
        if self.numbers is None:
            return np.arange(*which.indices(self.n_rows))
        return self.numbers[which]

    def in_columns(self, which: slice) -> slice | Index:
        """Where in the columns some of these are."""
        return which if self.places is None else self.places[which]

    def take(self, rows: Index) -> Selection:
        """Some of these, by ascending number among them."""
        numbers, places = (
            rows if held is None else held[rows] for held in (self.numbers, self.places)
        )
        return Selection(len(rows), numbers, places)

    def copied(self) -> Selection:
        """The same for columns into which these, and no others, were copied."""
        return replace(self, places=None)
