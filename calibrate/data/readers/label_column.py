"""Which columns of a table hold the labels, and which the scores."""

from __future__ import annotations

from collections.abc import Container, Iterable
from difflib import get_close_matches

from calibrate.errors import InputError
from calibrate.text import brief, listed

USUAL = ("label", "labels", "target", "true_label", "y")  # in any case
NONE = "none"  # what is asked for where all columns are scores


def label_key(columns: Iterable[str], asked: str | None, name: str) -> str | None:
    """The column of the labels: the one asked for, else the one of a usual name, else None.

    Raises:
        InputError: there is no such column, or there are several.
    """
    columns = tuple(columns)
    if asked is None:
        found = [each for each in columns if each.lower() in USUAL]
        if len(found) > 1:
            raise InputError(
                f"{name}: {listed(found)} may each hold the labels; choose one with `label_column`"
            )
        return found[0] if found else None
    found = [each for each in columns if each == asked]
    found = found or [each for each in columns if each.lower() == asked.lower()]
    if len(found) == 1:
        return found[0]
    if asked.lower() == NONE:
        return None
    raise InputError(f"{name}: no column {brief(asked)}{nearest(asked, columns)}")


def score_columns(
    columns: Iterable[str], labels: str | None, left_out: Container[str]
) -> tuple[str, ...]:
    """All columns but that of the labels and those to be left out."""
    return tuple(each for each in columns if each != labels and each not in left_out)


def nearest(name: str, names: Iterable[str]) -> str:
    """The nearest of some names, and all of them, as the end of a message."""
    names = tuple(names)
    near = get_close_matches(name.lower(), [each.lower() for each in names], n=1)
    meant = next((each for each in names if near and each.lower() == near[0]), None)
    hint = "" if meant is None else f"; did you mean {brief(meant)}?"
    return f"; it holds {listed(names)}{hint}"
