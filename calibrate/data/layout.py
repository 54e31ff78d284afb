"""What arrays of scores and labels mean: multiclass, binary or multi-label.

Shapes decide, and ``task`` where they do not. Behind this file scores are ``(n, K)``, one row per
decision, or ``(n,)``: the logit of the positive class of a yes-no decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from calibrate.blocks.block import AnyArray, Index, described
from calibrate.errors import InputError, check_known

TASKS = ("multiclass", "binary", "multilabel")


@dataclass(frozen=True)
class Layout:
    """Arrays in the shape that everything else works on.

    Attributes:
        task: one of ``TASKS``.
        logits: ``(n, K)``, or ``(n,)`` for yes-no decisions.
        labels: ``(n,)`` class indices or shares of yes, ``(n, K)`` shares of classes, or None.
        shape: of the scores as they were given.
        kept: the rows that count, or None for all.
    """

    task: str
    logits: AnyArray
    labels: AnyArray | None
    shape: tuple[int, ...]
    kept: Index | None = None

    @property
    def n_columns(self) -> int:
        """The labels of a multi-label model, or the classes."""
        if self.task == "multilabel":
            return self.shape[-1]
        return 2 if self.task == "binary" else self.logits.shape[1]


def layout_of(
    logits: AnyArray,
    labels: AnyArray | None,
    task: str | None,
    ignore_label: int | None,
    logits_name: str,
    labels_name: str,
) -> Layout:
    """Recognise the task, flatten leading axes and find the rows that count.

    Raises:
        InputError: dtypes or shapes do not fit together, or no row is left.
    """
    if task is not None:
        check_known("task", [task], TASKS)
    _check_dtypes(logits, labels, logits_name, labels_name)
    task = task or _task_of(logits)
    _check_scores(logits, labels, task, logits_name, labels_name)
    scores: AnyArray
    if task == "multiclass":
        scores = logits.reshape(-1, logits.shape[-1])
        flat = None if labels is None else _class_labels(logits, labels, logits_name, labels_name)
    else:
        scores = logits.reshape(-1)
        flat = None if labels is None else _yes_no(logits, labels, task, logits_name, labels_name)
    kept = _kept(flat, task, ignore_label, labels_name)
    return Layout(task, scores, flat, logits.shape, kept)


def _task_of(logits: AnyArray) -> str:
    yes_no = logits.ndim <= 1 or (logits.ndim == 2 and logits.shape[1] == 1)
    return "binary" if yes_no else "multiclass"


def _check_dtypes(
    logits: AnyArray, labels: AnyArray | None, logits_name: str, labels_name: str
) -> None:
    if logits.dtype.kind not in "fiu":
        raise InputError(
            f"{logits_name}: expected logits as real numbers, found dtype {logits.dtype}"
        )
    if logits.dtype.kind == "f" and logits.dtype.itemsize > 8:
        raise InputError(
            f"{logits_name}: expected float16, float32 or float64, found {logits.dtype}; "
            "save them as float64"
        )
    if labels is not None and labels.dtype.kind not in "biuf":
        raise InputError(
            f"{labels_name}: expected labels as whole numbers or shares, found dtype {labels.dtype}"
        )


def _check_scores(
    logits: AnyArray, labels: AnyArray | None, task: str, logits_name: str, labels_name: str
) -> None:
    if labels is not None and logits.ndim == 1 and labels.ndim == 2 and labels.shape[1] > 1:
        raise InputError(
            f"{logits_name} holds {described(logits)} and {labels_name} holds "
            f"{described(labels)}: the two files seem to be swapped; give LOGITS, then LABELS"
        )
    if logits.ndim == 0 or (task != "binary" and logits.ndim == 1):
        raise InputError(
            f"{logits_name}: expected logits of shape (rows, classes), found {described(logits)}; "
            "reshape them to two dimensions"
        )
    if 0 in logits.shape[: max(1, logits.ndim - 1)]:
        raise InputError(f"{logits_name}: expected at least one row, found {described(logits)}")
    least = 2 if task == "multiclass" else 1
    if logits.shape[-1] < least:
        what = "two classes" if least == 2 else "one label"
        raise InputError(
            f"{logits_name}: expected at least {what} (columns), found {described(logits)}"
        )


def _class_labels(
    logits: AnyArray, labels: AnyArray, logits_name: str, labels_name: str
) -> AnyArray:
    """``(n,)`` class indices, or ``(n, K)`` shares."""
    lead, classes = logits.shape[:-1], logits.shape[-1]
    if labels.shape in (lead, (*lead, 1)):
        return labels.reshape(-1)
    if labels.shape == logits.shape:
        return labels.reshape(-1, classes)
    if logits.ndim == 2 and labels.ndim and len(labels) != len(logits):
        raise InputError(_other_length(logits, labels, logits_name, labels_name))
    raise InputError(
        f"{labels_name}: expected one class index per row, shape {_shape(lead)}, or one share per "
        f"class, shape {_shape(logits.shape)}, found {described(labels)}"
    )


def _yes_no(
    logits: AnyArray, labels: AnyArray, task: str, logits_name: str, labels_name: str
) -> AnyArray:
    """``(n,)`` of 0 and 1, or shares between."""
    bare = logits.shape[:-1] if task == "binary" and logits.shape[-1:] == (1,) else logits.shape
    if labels.shape in (logits.shape, bare, (*bare, 1)):
        return labels.reshape(-1)
    if labels.ndim and len(labels) != len(logits):
        raise InputError(_other_length(logits, labels, logits_name, labels_name))
    raise InputError(
        f"{labels_name}: expected labels of the shape of the scores, {_shape(bare)}, for the "
        f"task {task}, found {described(labels)}"
    )


def _other_length(logits: AnyArray, labels: AnyArray, logits_name: str, labels_name: str) -> str:
    return (
        f"{labels_name} holds {len(labels):,} labels but {logits_name} holds {len(logits):,} "
        "rows: they must be the same rows in the same order"
    )


def _shape(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _kept(
    labels: AnyArray | None, task: str, ignore_label: int | None, labels_name: str
) -> Index | None:
    """The rows that are neither to be ignored nor, in multi-label data, not annotated."""
    if labels is None:
        return None
    counts = np.ones(len(labels), dtype=bool)
    if task == "multilabel" and labels.dtype.kind == "f":
        counts &= ~np.isnan(labels)
    if ignore_label is not None:
        if labels.ndim > 1:
            raise InputError(
                f"{labels_name}: --ignore-label is for class indices, found shares per class; "
                "leave those rows out of both files"
            )
        counts &= labels != ignore_label
    if counts.all():
        return None
    kept = np.flatnonzero(counts)
    if not len(kept):
        raise InputError(f"{labels_name}: every label is to be left out; at least one must count")
    return kept


def check_offset(label_offset: int, form: Layout, labels_name: str) -> None:
    """Raise InputError where labels that are no numbers of classes were said to be offset."""
    if label_offset and form.labels is not None and form.labels.ndim == 2:
        raise InputError(
            f"{labels_name}: --label-offset is for class indices, found shares per class"
        )


def row_weights(weights: AnyArray, form: Layout) -> AnyArray:
    """Weights given per row, per leading axes or per decision, as one per decision kept."""
    lead = form.shape[:-1] if form.task != "binary" else form.shape
    flat = weights.reshape(-1) if weights.shape in (form.shape, lead) else weights
    per_row = len(form.logits) // max(1, prod(lead))
    if form.task == "multilabel" and weights.shape == lead:
        flat = np.repeat(flat, per_row)
    if form.kept is not None and flat.shape == form.logits.shape[:1]:
        flat = flat[form.kept]
    return flat
