"""Several files, each opened by its reader, as one column."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from calibrate.data.columns import Column, FileColumn, Opened
from calibrate.data.joined import Joined, decoded_again, opened_again
from calibrate.data.pieces import Files, Piece
from calibrate.data.readers.address import Address
from calibrate.data.readers.several.files import Several
from calibrate.errors import InputError
from calibrate.printable import brief, listed


def open_together(
    several: Several, open_file: Callable[[Address], FileColumn], beside: Column | None
) -> FileColumn:
    """The rows of all files, one after the other.

    Args:
        several: the files.
        open_file: opens one of them.
        beside: a column whose rows these belong to; where that says of its files which they are,
            it is not said again.

    Raises:
        InputError: a file cannot be read, or they are not pieces of one array.
    """
    joined, first, said = Joined(several.name), None, list[str]()
    for address in several.addresses:
        column = open_file(address)
        first = column if first is None else first
        _check_alike(first, column, address)
        path = str(address.path.absolute())
        joined.add(Piece(address.name, path, column.opened), column.array, column.key)
        said.extend(column.notes)
    if first is None:
        raise InputError(f"{several.name}: expected at least one file")
    pieces = joined.pieces
    opened: Callable[[], Opened] = partial(decoded_again, several.name, pieces)
    if joined.in_place:
        opened = partial(opened_again, pieces, joined.row, joined.dtype.str)
    known = isinstance(beside, FileColumn) and beside.files is not None
    found = FileColumn(
        opened,
        several.name,
        first.class_names,
        (*(() if known else (several.note,)), *_briefly(said), *joined.notes),
        Files(tuple(p.name for p in pieces), tuple(p.rows for p in pieces), several.ordered),
        first.key,
    )
    return found.holding(joined.array())


def _check_alike(first: FileColumn, column: FileColumn, address: Address) -> None:
    """Raise InputError where files call their arrays or classes otherwise."""
    if column.class_names != first.class_names:
        here, there = (listed(c.class_names or (), "none") for c in (column, first))
        raise InputError(
            f"{column.name}: expected the columns of {first.name}, {there}, in this order, found "
            f"{here}; the pieces of a table have the same header"
        )
    if address.key is None and column.key != first.key:
        here, there = (brief(c.key) if c.key else "one without a name" for c in (column, first))
        raise InputError(
            f"{column.name}: expected the array {there}, as in {first.name}, found {here}; "
            "name the key that is meant, as in FILES:KEY"
        )


def _briefly(notes: list[str]) -> tuple[str, ...]:
    """How files were read: what is said of the first, and of how many others."""
    more = f" ({len(notes) - 1:,} more like this)" if len(notes) > 1 else ""
    return tuple(f"{note}{more}" for note in notes[:1])
