"""Names and numbers of classes, as users give them."""

from __future__ import annotations

from collections.abc import Sequence

from calibrate.errors import InputError, check_known


def class_numbers(chosen: str | None, names: Sequence[str] | None) -> tuple[int, ...] | None:
    """The numbers of classes given by name or number, with commas; None for None.

    Raises:
        InputError: a name is not among ``names``, or a number is none.
    """
    if chosen is None:
        return None
    found = []
    for each in chosen.split(","):
        if names is not None and each in names:
            found.append(list(names).index(each))
        elif each.strip().isdecimal():
            found.append(int(each))
        else:
            check_known("`classes`", [each], names or ("numbers from 0",))
    return tuple(found)


def check_class_names(names: Sequence[str] | None, n_classes: int, where: str) -> None:
    """Raise InputError unless there is one name per class, or none at all."""
    if names is not None and len(names) != n_classes:
        raise InputError(f"{where}: expected {n_classes} names, one per class, found {len(names)}")


def check_classes(classes: Sequence[int] | None, n_classes: int) -> None:
    """Raise InputError for the number of a class that does not exist."""
    for number in classes or ():
        if not 0 <= number < n_classes:
            raise InputError(f"`classes`: expected numbers from 0 to {n_classes - 1}, got {number}")
