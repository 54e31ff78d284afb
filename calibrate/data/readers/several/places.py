"""Rows of an array in several files, as messages name them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from calibrate.data.columns import Column, FileColumn
from calibrate.errors import InputError

ROW = re.compile(r"\brow ([0-9]+(?:,[0-9]{3})*)")


@contextmanager
def placed(*columns: Column | None) -> Iterator[None]:
    """An InputError about a row of one of the columns says in which file it is, and where."""
    try:
        yield
    except InputError as error:
        message = str(error)
        for column in columns:
            if isinstance(column, FileColumn) and message.startswith(f"{column.name}: "):
                raise InputError(_with_place(message, column)) from error
        raise


def _with_place(message: str, column: FileColumn) -> str:
    found = ROW.search(message, len(column.name))
    if found is None or column.files is None or len(column.shape) > 2:
        return message
    place = column.files.place(int(found[1].replace(",", "")))
    if place is None:
        return message
    name, row = place
    return f"{message[: found.end()]} (row {row:,} of {name}){message[found.end() :]}"
