"""The one door through which files are read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from calibrate.files.ledger import Version, changed, current


@contextmanager
def reading(path: str | Path, name: str) -> Iterator[BinaryIO]:
    """A file to read, as one version of itself; ``name`` is what the user called it.

    What cannot be told: a change within the same tick of the file system's clock (4 ms or less)
    as the change before it, and one through a mapping whose writer had already touched the page.

    Raises:
        OSError: it cannot be opened or read.
        InputError: it changed in the meantime, or it is an output of this run.
    """
    with Path(path).open("rb") as file:
        version = version_of(file.fileno())
        ledger = current()
        if ledger is not None:
            ledger.reads(Path(path), name, os.fstat(file.fileno()))
        try:
            yield file
        except Exception as error:  # what a torn file looks like is not worth a word
            check_version(file.fileno(), version, name, error)
            raise
        check_version(file.fileno(), version, name)


def read_bytes(path: str | Path, name: str) -> bytes:
    """All of a file; raises as ``reading`` does."""
    with reading(path, name) as file:
        return file.read()


def version_of(handle: int) -> Version | None:
    """The version of an open file; None for a device or a pipe, which have none."""
    found = os.fstat(handle)
    return Version.of(found) if stat.S_ISREG(found.st_mode) else None


def check_version(
    handle: int, version: Version | None, name: str, cause: Exception | None = None
) -> None:
    """Raise InputError if an open file is no longer of this version."""
    if version_of(handle) != version:
        raise changed(name) from cause


def peek(path: str | Path) -> bytes:
    """What stands where something is to be written: no input, and empty if it cannot be read."""
    with suppress(OSError):
        if Path(path).is_file():
            return Path(path).read_bytes()
    return b""
