"""What is in files: any files, also damaged ones; which arrays are scores and which labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from math import prod
from pathlib import Path

from calibrate.analyses.inspect.files import InspectedFile, seen
from calibrate.analyses.inspect.look import LABELS, SCORES, Look
from calibrate.blocks.passes import doing
from calibrate.data.dataset import Dataset
from calibrate.data.readers.table import USUAL
from calibrate.data.reading import Reading
from calibrate.data.scan import SUM_TOLERANCE
from calibrate.errors import InputError
from calibrate.results.inspection import ArrayFound, ArrayKind, Inspection, Taken
from calibrate.tasks import Task
from calibrate.text import shell_word

MOST_ALONE = 4  # arrays without labels among which one may be the scores
WEIGHTS = "No labels fit any of these arrays: are they the weights of a model?"
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


@doing("inspecting")
def inspect(path: str | Path, *more: str | Path) -> Inspection:
    """Say what is in files: their arrays, what these look like, and which command takes them.

    Nothing from a file is run. A damaged file is no error: its problem is in the result.

    Args:
        path: a file, or ``file:key`` for one array of it.
        more: others; the result says which arrays of all fit together.

    Raises:
        InputError: nothing could be told of any of them.
    """
    every = [seen(str(each)) for each in (path, *more)]
    if all(each.file.format is None for each in every):
        raise InputError(f"{every[0].file.name}: {every[0].file.problem}")
    looks = {(look.file, look.found.key): look for each in every for look in each.looks}
    found, commands = _taken([*looks.values()])
    taken = (*(one for each in every for one in each.taken), *found)
    commands = [*(one for each in every for one in each.commands), *commands]
    files = tuple(each.file for each in every)
    return Inspection(files, taken, tuple(commands), _advice(every, taken, commands))


def _taken(looks: Sequence[Look]) -> tuple[list[Taken], list[str]]:
    """What arrays would be taken for, and the commands for that."""
    pairs = pairs_of(looks)
    if len(looks) == 2 and not any(labels for _, labels in pairs):
        pairs = _as_given(looks) or pairs
    found = [(pair, *taken_of(pair)) for pair in pairs]
    usable = [(pair, reading) for pair, taken, reading in found if taken.problem is None]
    whole = [(pair, reading) for pair, reading in usable if pair[1] is not None]
    alone = usable if len(usable) <= MOST_ALONE else []
    commands = [_command("fit", *each) for each in (whole or alone)[:1]]
    if len(whole) > 1:
        commands.append(_second(*whole[:2]))
    return [taken for _, taken, _ in found], commands


def _as_given(looks: Sequence[Look]) -> list[ScoresAndLabels]:
    """Two arrays that do not fit though they should: so that it is said why they do not."""
    for scores, labels in (looks, looks[::-1]):
        kind = labels.found.kind
        if scores.found.kind in SCORES and (kind in (*LABELS, *SOFT) or kind is ArrayKind.whole):
            return [(scores, labels)]
    first, second = looks
    odd = first.found.kind is ArrayKind.whole or (first.found.low or 0.0) < 0
    return [(first, second)] if odd and fits(first.found, second.found) else []


def _second(first: tuple[ScoresAndLabels, Reading], second: tuple[ScoresAndLabels, Reading]) -> str:
    """The command for a second pair: other rows, or another model on the same ones."""
    (one, labels), reading = first
    (two, others), _ = second
    if labels is not None and labels is others and first[1] == second[1]:
        return _command("compare", (one, labels), reading, two)
    return f"{_command('report', *second)} -c calibrator.json"


def _command(verb: str, pair: ScoresAndLabels, reading: Reading, second: Look | None = None) -> str:
    """``calibrate fit LOGITS LABELS`` and the options that are needed."""
    scores, labels = pair
    words = ["calibrate", verb, shell_word(scores.name)]
    words += [] if second is None else [shell_word(second.name)]
    if labels is None:
        words.append("LABELS")
    elif labels.file != scores.file or labels.found.key != "labels" or second is not None:
        words.append(shell_word(labels.name))
    options = {
        "--scores": reading.scores,
        "--task": reading.task,
        "--label-offset": reading.label_offset or None,
        "--ignore-label": reading.ignore_label,
    }
    return " ".join([*words, *(f"{name} {value}" for name, value in options.items() if value)])


def _advice(
    every: Sequence[InspectedFile], taken: Sequence[Taken], commands: Sequence[str]
) -> str | None:
    """What is missing, where something is."""
    if any(" LABELS" in command for command in commands):
        return "LABELS stands for a file with the class of each row."
    broken = [each for each in every if any(array.problem for array in each.file.arrays)]
    if any(each.file.others for each in broken):
        return "Every column but that of the labels must hold numbers: leave the others out."
    if len(taken) > MOST_ALONE and not commands:
        return WEIGHTS
    if taken or broken or commands or any(each.file.problem for each in every):
        return None
    looks = [look for each in every for look in each.looks]
    if len(looks) > MOST_ALONE:
        return WEIGHTS
    kinds = {look.found.kind for look in looks}
    if ArrayKind.names in kinds and len(looks) == 1:
        counts, rows = looks[0].found.labels, (looks[0].found.shape or (0,))[0]
        different = None if counts is None else counts.different
        if different is None or 2 * different > rows:  # they do not come back, as labels do
            return f"Names of classes, perhaps: --class-names {shell_word(looks[0].name)}"
    if kinds & {*LABELS, ArrayKind.whole}:
        return "Labels, perhaps: name the file of the scores, too, and before this one."
    return None if any(each.file.facts for each in every) else "Here are neither scores nor labels."


# Which arrays would be scores, which their labels, and what they would be taken for.


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
