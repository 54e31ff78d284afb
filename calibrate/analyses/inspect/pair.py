"""Which arrays would be scores, which their labels, and what they would be taken for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from math import prod
from pathlib import Path

from calibrate.analyses.inspect.look import LABELS, SCORES, Look
from calibrate.data.layout import layout_of, numbered_labels
from calibrate.data.readers.table import USUAL
from calibrate.data.reading import Reading
from calibrate.data.scan import MOST_SCORE, SUM_TOLERANCE
from calibrate.errors import InputError
from calibrate.results.inspection import ArrayFound, ArrayKind, Taken
from calibrate.tasks import Task

LABEL_WORDS = {*USUAL, "targets", "true", "truth", "gt"}
SCORE_WORDS = {"logits", "logit", "scores", "probs", "probabilities", "outputs", "preds"}
OTHER_WORDS = {"features", "embeddings", "weight", "weights", "bias", "ids", "index"}
AS_SCORES = (
    *SCORES,
    ArrayKind.whole,
    ArrayKind.classes,
    ArrayKind.yes_no,
    ArrayKind.one_hot,
)  # odd, but possible
SOFT = (ArrayKind.probabilities, ArrayKind.chances)

Pair = tuple[Look, Look | None]


def pairs_of(looks: Sequence[Look]) -> list[Pair]:
    """Scores with the labels that fit them, as in ``((val, its labels), (test, its labels))``.

    Scores without labels come last, each alone. Labels that fit several are those of all.
    """
    sure = [each for each in looks if _may_be_labels(each) and each.found.kind not in SCORES]
    found: list[Pair] = []
    alone: list[Pair] = []
    named = {each.file for each in looks if _called_scores(each) and _may_be_scores(each)}
    for each in looks:
        if not _may_be_scores(each) or (each.file in named and not _called_scores(each)):
            continue
        used = [labels for _, labels in found if labels is not None]
        best = _nearest(each, sure, used)
        if best is None and each.found.kind not in SOFT:
            best = _nearest(each, [label for label in looks if _may_be_labels(label)], used)
        (alone if best is None else found).append((each, best))
    taken = [labels for _, labels in found]
    return [*found, *(pair for pair in alone if pair[0] not in taken)]


def _nearest(scores: Look, labels: Sequence[Look], used: Sequence[Look]) -> Look | None:
    fitting = [each for each in labels if each is not scores and fits(scores.found, each.found)]
    return max(fitting, key=lambda each: _nearness(scores, each, used), default=None)


def _words(look: Look) -> set[str]:
    """The words in the key, or in the name of the file, in small letters."""
    key = look.found.key if look.found.key is not None else Path(look.file).stem
    return {*re.split(r"[^a-z0-9]+", key.lower())}


def _called_scores(look: Look) -> bool:
    return bool(SCORE_WORDS & _words(look))


def _called_labels(look: Look) -> bool:
    return bool(LABEL_WORDS & _words(look)) and not _called_scores(look)


def _may_be_scores(look: Look) -> bool:
    if _called_labels(look) or OTHER_WORDS & _words(look) or not look.found.shape:
        return False
    return look.found.kind in (AS_SCORES if _called_scores(look) else SCORES)


def _may_be_labels(look: Look) -> bool:
    kinds = (*LABELS, *SOFT, ArrayKind.whole)
    return look.found.kind in kinds and not _called_scores(look)


def fits(scores: ArrayFound, labels: ArrayFound) -> bool:
    """Whether there is a label, or a share for each class, for each row."""
    z, y = scores.shape or (), labels.shape or ()
    return y in (z, z[:-1], (*z[:-1], 1), (*z, 1))


def _nearness(scores: Look, labels: Look, used: Sequence[Look]) -> tuple[bool | float, ...]:
    """How surely labels are those of scores, by what counts most."""
    return (
        scores.file == labels.file,
        _called_labels(labels),
        labels.found.kind in LABELS,
        labels not in used,
        SequenceMatcher(None, scores.name[-200:], labels.name[-200:]).ratio(),
    )


def _shares(labels: ArrayFound) -> bool:
    """Whether the rows of labels are a share for each class."""
    return labels.sum_error is not None and labels.sum_error <= SUM_TOLERANCE


def reading_of(scores: ArrayFound, labels: ArrayFound | None) -> Reading:
    """How a pair must be read, as far as it is not what the commands do by themselves."""
    shape = scores.shape or ()
    single = len(shape) == 1 or shape[-1] == 1
    same = labels is not None and labels.shape == shape and not single
    many = same and labels is not None and not _shares(labels)
    inside = scores.kind in (
        ArrayKind.probabilities,
        ArrayKind.chances,
        ArrayKind.yes_no,
        ArrayKind.one_hot,
    )
    sums = scores.kind in (ArrayKind.probabilities, ArrayKind.one_hot)
    probabilities = inside if single or many else sums
    offset, ignored = 0, None
    if labels is not None and not (same or single) and labels.kind is not ArrayKind.names:
        offset, ignored = _numbering(labels, shape[-1])
    return Reading(
        task="multilabel" if many else None,
        scores="probabilities" if probabilities else None,
        label_offset=offset,
        ignore_label=ignored,
    )


def _numbering(labels: ArrayFound, n_classes: int) -> tuple[int, int | None]:
    """The number of the first class, and the label of rows that are to be left out."""
    if labels.low is None or labels.high is None or labels.labels is None:
        return 0, None
    least = [int(float(each.value)) for each in labels.labels.least]
    ignored = None
    if len(least) > 1 and least[0] < 0:
        ignored, least = least[0], least[1:]
    lowest = least[0] if least else 0
    if lowest < 0:
        return 0, None  # two different ones
    return int(lowest >= 1 and labels.high == n_classes), ignored


def taken_of(pair: Pair) -> tuple[Taken, Reading]:
    """What scores, with labels or without, would be taken for: by the rules of the commands."""
    scores, labels = pair
    found = scores.found
    reading = reading_of(found, None if labels is None else labels.found)
    values = reading.scores or "logits"
    shape = found.shape or (0,)
    taken = Taken(
        scores.name,
        None if labels is None else labels.name,
        str(_task(shape, reading)),
        prod(shape[:-1]) if len(shape) > 1 else shape[0],
        shape[-1] if len(shape) > 1 else 1,
        values,
        notes=_notes(found, None if labels is None else labels.found, reading),
    )
    if labels is not None:
        taken = replace(taken, labels_are=_labels_are(taken.task, labels.found))
    problem = _problem(found, values)
    if problem is None:
        problem, notes = _joined(scores, labels, reading)
        taken = replace(taken, notes=(*taken.notes, *notes))
    return replace(taken, problem=problem), reading


def _task(shape: tuple[int, ...], reading: Reading) -> Task:
    if reading.task is not None:
        return Task(reading.task)
    single = len(shape) < 2 or (len(shape) == 2 and shape[1] == 1)
    return Task.binary if single else Task.multiclass


def _labels_are(task: str, labels: ArrayFound) -> str:
    """What labels are, in the words of the commands."""
    soft = labels.kind in SOFT
    if task == Task.multiclass:
        return "soft, shares of classes" if soft else "one class each"
    return "soft, shares of yes" if soft else "0 and 1"


def _notes(found: ArrayFound, labels: ArrayFound | None, reading: Reading) -> tuple[str, ...]:
    notes = []
    if found.kind is ArrayKind.log_probabilities:
        notes.append("these are log-probabilities, which do as logits")
    if found.kind is ArrayKind.chances and reading.scores is None:
        notes.append("the values lie in [0, 1] but rows do not sum to 1: are these the logits?")
    if reading.ignore_label is not None and labels is not None and labels.labels is not None:
        rows = labels.labels.least[0].rows
        notes.append(f"{rows:,} rows with the label {reading.ignore_label} are left out")
    return tuple(notes)


def _problem(found: ArrayFound, what: str) -> str | None:
    """Why scores would be refused for their values."""
    for value, share in (("NaN", found.nan), ("+inf", found.infinite)):
        if share:
            return f"expected finite {what}, found {value} ({percent(share)} of the values)"
    if what == "logits" and (found.high or 0.0) >= MOST_SCORE:
        return f"expected logits of at most {MOST_SCORE:g}, found larger ones"
    return None


def percent(share: float) -> str:
    """``0.3 %``"""
    return f"{100 * share:.2g} %"


def _joined(
    scores: Look, labels: Look | None, reading: Reading
) -> tuple[str | None, tuple[str, ...]]:
    """Why a pair would be refused, by the very checks of the commands, and how it was read."""
    y = None if labels is None else labels.column
    many = reading.task == "multilabel"  # whose shapes are known to be the same
    try:
        numbers, _, notes = numbered_labels(scores.column, y, reading)
        if not many:
            layout_of(scores.column, numbers, replace(reading, ignore_label=None))
    except InputError as error:
        return str(error), ()
    said = (*scores.column.notes, *(() if y is None else y.notes))  # of their files already
    notes = tuple(each for each in notes if each not in said)
    if labels is None:
        return None, notes
    return _out_of_range(scores.found, labels.found, reading), notes


def _out_of_range(scores: ArrayFound, labels: ArrayFound, reading: Reading) -> str | None:
    """Why labels would be refused for their values."""
    shape = scores.shape or ()
    yes_no = len(shape) < 2 or shape[-1] == 1 or reading.task == "multilabel"
    if labels.kind is ArrayKind.names:
        return None
    unknown = labels.nan if reading.task != "multilabel" else 0.0  # NaN: not annotated
    if unknown or labels.infinite or labels.masked:
        return "expected labels, found NaN or infinite ones among them"
    if labels.low is None or labels.high is None:
        return None
    low = 0.0 if reading.ignore_label is not None else labels.low
    if yes_no:
        if low >= 0 and labels.high <= 1:
            return None
        what, last = "0 and 1", 1
    elif labels.shape == shape:
        return None
    else:
        what, last = "class numbers", shape[-1] - 1 + reading.label_offset
        if labels.kind in SCORES:
            return "expected whole class numbers, found fractions among them"
    if low < reading.label_offset or labels.high > last:
        first = "" if yes_no else f" from {reading.label_offset} to {last}"
        return f"expected labels of {what}{first}, found {labels.low:.6g} to {labels.high:.6g}"
    return None
