"""The .parquet, .arrow and .feather formats, and folders of saved datasets: typed columns."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from calibrate.data.columns import Opened
from calibrate.data.readers.arrow import parquet, saved_dataset, stream
from calibrate.data.readers.arrow.typed_columns import Table, values_of
from calibrate.data.readers.registry import About, Asked


def opened(path: Path, name: str) -> AbstractContextManager[Table]:
    """The columns of a file or folder.

    Raises:
        InputError: it is damaged, or something else.
    """
    if path.is_dir():
        return saved_dataset.opened(path, name)
    if path.suffix.lower() == ".parquet":
        return parquet.opened(path, name)
    return stream.opened(path, name)


def keys(path: Path, asked: Asked) -> list[str]:
    """``logits`` and ``labels``, as far as they are there, and each column."""
    with opened(path, str(path)) as table:
        return table.head.keys(asked)


def about(path: Path, key: str | None, asked: Asked, name: str) -> About:
    """What the classes are called, and how the file was read."""
    with opened(path, name) as table:
        return table.head.about(key, asked)


def read(path: Path, key: str | None, name: str, asked: Asked) -> Opened:
    """All scores, ``(n, K)``, or one column, ``(n,)`` or ``(n, K)``.

    Raises:
        InputError: the file is damaged, or has no such column of numbers or texts.
    """
    with opened(path, name.removesuffix(f":{key}")) as table:
        return values_of(table, key, asked)
