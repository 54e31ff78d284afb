"""Several files beside several others: the same rows in the same order, or an error."""

from __future__ import annotations

from calibrate.data.columns import Column, FileColumn
from calibrate.data.pieces import Files
from calibrate.data.readers.several.natural import varying
from calibrate.errors import InputError
from calibrate.printable import listed

BOTH = "name the files of both one by one with commas, in the same order, if they are"


def check_paired(first: Column | None, other: Column) -> None:
    """Raise InputError unless it is known that rows of both belong together, file by file.

    Columns in memory or in one file each are not looked at, nor is one on its own.
    """
    if first is None:
        return
    one, two = _several(first), _several(other)
    if one is None or two is None:
        files = one or two
        if files is not None and not files.ordered:
            many, single = (first, other) if two is None else (other, first)
            raise InputError(
                f"{single.name} is one file, {many.name} are {len(files.names):,}: which rows "
                f"belong together is not known; expected a file of each, or, where {single.name} "
                f"holds them one after the other, the names in that order with commas, as in "
                f"{','.join(files.names[:2])}"
            )
        return
    _check_names(first.name, one, other.name, two)
    each = sum(two.rows) // sum(one.rows)  # rows for each, as of weights of all tokens of a text
    each = each if each * sum(one.rows) == sum(two.rows) else 1
    for name, n, beside, m in zip(one.names, one.rows, two.names, two.rows, strict=True):
        if m != each * n:
            raise InputError(
                f"{beside} holds {m:,} rows but {name} holds {n:,}: they must be the same rows in "
                "the same order"
            )


def _several(column: Column) -> Files | None:
    """The files of a column, if it is made of several."""
    files = column.files if isinstance(column, FileColumn) else None
    return files if files is not None and len(files.names) > 1 else None


def _check_names(first: str, one: Files, other: str, two: Files) -> None:
    """Raise InputError unless names differ in the same part, or were paired by hand."""
    keys, others = varying(one.names), varying(two.names)
    if len(keys) != len(others):
        lone = [n for n, key in zip(one.names, keys, strict=True) if key not in others]
        lone += [n for n, key in zip(two.names, others, strict=True) if key not in keys]
        found = f"; without a partner: {listed(lone)}" if len(lone) < len(keys + others) else ""
        raise InputError(
            f"{other} are {len(others):,} files but {first} are {len(keys):,}: expected one for "
            f"each{found}"
        )
    if keys == others or (one.ordered and two.ordered and {*keys} != {*others}):
        return
    name, beside = next(
        (one.names[i], two.names[i]) for i in range(len(keys)) if keys[i] != others[i]
    )
    raise InputError(
        f"{beside} comes where {name} does, and their names differ in more than in what the files "
        f"hold: are these the same rows? {BOTH}"
    )
