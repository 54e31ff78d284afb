"""Which columns of a file hold the confidence in each answer, and whether it was right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from calibrate.data.readers.address import Address
from calibrate.data.readers.formats import FORMATS, TABLES, Asked
from calibrate.data.readers.label_column import NONE, USUAL, label_key
from calibrate.data.reading import Reading
from calibrate.errors import InputError
from calibrate.printable import listed
from calibrate.tasks import Task

# In any case. Those of the second line could be something else, and give way to the first.
CONFIDENCE = (("confidence", "conf"), ("score", "probability"))
CORRECT = (("correct", "is_correct"), ("accuracy", "right"))
PREDICTED = "pred_label"  # with it, a file holds predictions

Keys = Callable[[Address, Asked], list[str] | None]


def pair_among(columns: Sequence[str], name: str) -> tuple[str, str] | None:
    """The columns of confidence and correctness, where these alone can be meant; else None.

    Raises:
        InputError: several columns may be each.
    """
    sure, right = _called(columns, CONFIDENCE), _called(columns, CORRECT)
    if not sure or not right or PREDICTED in columns:
        return None
    labels = any(column.lower() in USUAL for column in columns)
    if labels and sure[0].lower() not in CONFIDENCE[0]:  # scores of classes with such names
        return None
    return _one(sure, name), _one(right, name)


def _called(columns: Sequence[str], names: Sequence[Sequence[str]]) -> list[str]:
    found = ([each for each in columns if each.lower() in some] for some in names)
    return next((some for some in found if some), [])


def _one(columns: Sequence[str], name: str) -> str:
    if len(columns) == 1:
        return columns[0]
    raise InputError(
        f"{name}: {listed(columns)} may each be meant; name both columns, as in "
        f'{name}:CONFIDENCE {name}:CORRECT, with `task="confidence"`'
    )


def paired(
    logits: str, labels: str | None, reading: Reading, keys: Keys
) -> tuple[str, str | None, Reading]:
    """The names of scores and labels, where one file holds confidences and whether answers were
    right, and how to read them; anything else as it is.

    Args:
        logits, labels, reading: as in ``open_dataset``.
        keys: the names of the arrays in a file.

    Raises:
        InputError: the task is confidence, and a table has no such columns.
    """
    address, asked = Address.of(logits), reading.task is Task.confidence
    same = logits, labels, reading
    named = labels is not None or address.key is not None
    if named or reading.task not in (None, Task.confidence) or address.suffix not in FORMATS:
        return same
    try:
        is_table = address.suffix in TABLES and address.path.is_file()
        held = keys(address, Asked(NONE)) if is_table else None
    except OSError:  # which is told where the file is opened
        return same
    if held is None or len(held) == 1:
        return same
    found = _asked_for(held, reading, address.file) if asked else pair_among(held, address.file)
    if found is None:
        return same
    names = [None if column is None else f"{address.file}:{column}" for column in found]
    how = replace(reading, task=Task.confidence, label_column=NONE)
    return names[0] or logits, names[1], how


def _asked_for(columns: Sequence[str], reading: Reading, name: str) -> tuple[str, str | None]:
    """The same where it is known that there are such columns; the second may be missing."""
    sure, right = _called(columns, CONFIDENCE), _called(columns, CORRECT)
    if reading.label_column is not None:
        found = label_key(columns, reading.label_column, name)
        right = [] if found is None else [found]
    if not sure:
        raise InputError(
            f"{name}: expected columns such as confidence and correct, found {listed(columns)}; "
            f"name yours as in {name}:CONFIDENCE {name}:CORRECT"
        )
    return _one(sure, name), _one(right, name) if right else None
