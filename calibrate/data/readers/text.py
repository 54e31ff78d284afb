"""The .txt format: labels, groups or clusters, one per line; and names of classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from calibrate.data.column import Column, in_memory
from calibrate.data.foreign import check_short
from calibrate.data.readers.registry import Format, Request
from calibrate.errors import InputError
from calibrate.files import read_text

FORMATS = (Format((".txt",), words="text, a line per row", numbers=False),)

MOST_LINES = 256 << 20  # bytes of a file of one line per row


def keys(_: Path, __: Request) -> None:
    """A .txt holds one array, without a name."""


def open(path: Path, _: str | None, request: Request) -> Column:
    """The lines of a .txt, as text.

    Raises:
        InputError: the file cannot be read, or a line is too long for an array.
    """
    texts = read_names(str(path), MOST_LINES)
    check_short(texts, len(texts), request.file)
    return in_memory(np.array(texts, dtype=np.str_), request.file)


def read_names(name: str, most: int | None = None) -> tuple[str, ...]:
    """The lines of a text file, one name per line.

    Raises:
        InputError: there is no such text file.
    """
    try:
        text = read_text(name) if most is None else read_text(name, most)
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: expected a text file of names in UTF-8") from error
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error
    return tuple(text.splitlines())
