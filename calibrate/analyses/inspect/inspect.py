"""What is in files: any files, also damaged ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from calibrate.analyses.inspect.files import InspectedFile, seen
from calibrate.analyses.inspect.look import LABELS, SCORES, Look
from calibrate.analyses.inspect.pair import SOFT, ScoresAndLabels, fits, pairs_of, taken_of
from calibrate.blocks.passes import doing
from calibrate.data.reading import Reading
from calibrate.errors import InputError
from calibrate.results.inspection import ArrayKind, Inspection, Taken
from calibrate.text import shell_word

MOST_ALONE = 4  # arrays without labels among which one may be the scores
WEIGHTS = "No labels fit any of these arrays: are they the weights of a model?"


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
    if ArrayKind.names in kinds and len(looks) == 1 and not _come_back(looks[0]):
        return f"Names of classes, perhaps: --class-names {shell_word(looks[0].name)}"
    if kinds & {*LABELS, ArrayKind.whole}:
        return "Labels, perhaps: name the file of the scores, too, and before this one."
    return None if any(each.file.facts for each in every) else "Here are neither scores nor labels."


def _come_back(look: Look) -> bool:
    """Whether there are fewer different values than rows by far."""
    counts, shape = look.found.labels, look.found.shape
    different = None if counts is None else counts.different
    return different is not None and bool(shape) and 2 * different <= (shape or (0,))[0]
