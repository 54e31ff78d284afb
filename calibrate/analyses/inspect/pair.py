"""Which arrays would be scores, which their labels, and what they would be taken for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from math import prod
from pathlib import Path

from calibrate.analyses.inspect.look import LABELS, SCORES, Look
from calibrate.data.dataset import Dataset
from calibrate.data.labels import SUM_TOLERANCE
from calibrate.data.readers.table import USUAL
from calibrate.data.reading import Reading
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

ScoresAndLabels = tuple[Look, Look | None]


def pairs_of(looks: Sequence[Look]) -> list[ScoresAndLabels]:
    """Scores with the labels that fit them, as in ``((val, its labels), (test, its labels))``.

    Scores without labels come last, each alone. Labels that fit several are those of all.
    """
    sure = [each for each in looks if _may_be_labels(each) and each.found.kind not in SCORES]
    found: list[ScoresAndLabels] = []
    alone: list[ScoresAndLabels] = []
    named = {each.file for each in looks if _called_scores(each) and _may_be_scores(each)}
    for each in looks:
        if not _may_be_scores(each) or (each.file in named and not _called_scores(each)):
            continue
        used = [labels for _, labels in found if labels is not None]
        best = None
        for labels in (sure, [label for label in looks if _may_be_labels(label)]):
            fitting = [one for one in labels if one is not each and fits(each.found, one.found)]
            if best is None and (labels is sure or each.found.kind not in SOFT):
                best = max(fitting, key=lambda one: _nearness(each, one, used), default=None)
        (alone if best is None else found).append((each, best))
    taken = [labels for _, labels in found]
    return [*found, *(pair for pair in alone if pair[0] not in taken)]


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


def reading_for(scores: ArrayFound, labels: ArrayFound | None) -> Reading:
    """How a pair must be read, as far as it is not what the commands do by themselves."""
    shape = scores.shape or ()
    single = len(shape) == 1 or shape[-1] == 1
    same = labels is not None and labels.shape == shape and not single
    error = None if labels is None else labels.sum_error
    many = same and not (error is not None and error <= SUM_TOLERANCE)
    inside = scores.kind in (*SOFT, ArrayKind.yes_no, ArrayKind.one_hot)
    sums = scores.kind in (ArrayKind.probabilities, ArrayKind.one_hot)
    offset, ignored = 0, None
    if labels is not None and labels.labels is not None and not (same or single):
        least = [int(float(each.value)) for each in labels.labels.least]
        if len(least) > 1 and least[0] < 0:
            ignored, least = least[0], least[1:]
        if least and least[0] < 0:  # two different ones
            ignored = None
        elif least:
            offset = int(least[0] >= 1 and labels.high == shape[-1])
    return Reading(
        task="multilabel" if many else None,
        scores="probabilities" if (inside if single or many else sums) else None,
        label_offset=offset,
        ignore_label=ignored,
    )


def taken_of(pair: ScoresAndLabels) -> tuple[Taken, Reading]:
    """What scores, with labels or without, are taken for: by opening them as the commands do."""
    scores, labels = pair
    found, about = scores.found, None if labels is None else labels.found
    reading = reading_for(found, about)
    shape = found.shape or (0,)
    notes, problem = list[str](), None
    if found.kind is ArrayKind.log_probabilities:
        notes.append("these are log-probabilities, which do as logits")
    if found.kind is ArrayKind.chances and reading.scores is None:
        notes.append("the values lie in [0, 1] but rows do not sum to 1: are these the logits?")
    if reading.ignore_label is not None and about is not None and about.labels is not None:
        rows = about.labels.least[0].rows
        notes.append(f"{rows:,} rows with the label {reading.ignore_label} are left out")
    columns = [each.column for each in pair if each is not None]
    try:
        dataset = Dataset.of(*columns, reading=reading)
    except InputError as error:
        problem = str(error)
    else:
        said = [note for column in columns for note in column.notes]  # of their files already
        notes += [note for note in dataset.notes if note not in said]
    single = len(shape) < 2 or (len(shape) == 2 and shape[1] == 1)
    task = reading.task or (Task.binary if single else Task.multiclass)
    labels_are = None
    if about is not None:
        kinds = ("soft, shares of yes", "0 and 1")
        if task == Task.multiclass:
            kinds = ("soft, shares of classes", "one class each")
        labels_are = kinds[0] if about.kind in SOFT else kinds[1]
    return Taken(
        scores.name,
        None if labels is None else labels.name,
        str(task),
        prod(shape[:-1]) if len(shape) > 1 else shape[0],
        shape[-1] if len(shape) > 1 else 1,
        reading.scores or "logits",
        labels_are,
        problem,
        tuple(notes),
    ), reading
