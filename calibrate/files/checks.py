"""What can be told of outputs before the work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from calibrate.errors import InputError
from calibrate.files.ledger import current

TEXTS = (".csv", ".html", ".json", ".md", ".txt", ".xml")
LIKE_FILES = (*TEXTS, ".npy", ".npz", ".pdf", ".png", ".svg")


def announce(names: Sequence[str | Path], folder: str | None = None) -> None:
    """Say which files are going to be written: none of them can be opened as an input from now on.

    Args:
        names: of files.
        folder: one that is made if missing; what goes into it needs no folder yet.

    Raises:
        InputError: one of them cannot be written, is an input, or is named twice.
    """
    ledger = current()
    if ledger is not None:
        ledger.writes(names)
    made = None if folder is None or Path(folder).exists() else Path(folder).resolve()
    for name in names:
        if made is None or Path(name).resolve().parent != made:
            check_writable(name)


def check_writable(path: str | Path) -> None:
    """Raise InputError now rather than after the work, if ``path`` cannot be written."""
    if not str(path):
        raise InputError("expected the name of a file to write, got an empty one")
    target = Path(path)
    if target.exists() and not target.is_file():
        if target.is_dir():
            raise InputError(f"{target}: expected a file to write, found a directory")
        return  # a device or a pipe
    folder = target.resolve().parent
    if not folder.is_dir():
        raise InputError(f"{target}: the folder {folder} does not exist; create it first")
    if not os.access(folder, os.W_OK):
        raise InputError(f"{target}: the folder {folder} is not writable")


def check_folder(folder: str) -> None:
    """Raise InputError now if files cannot be written to a folder of this name."""
    path = Path(folder)
    if not folder:
        raise InputError("expected the name of a folder to write, got an empty one")
    if path.is_dir():
        return
    if path.exists():
        raise InputError(f"{folder}: expected a folder to write, found a file")
    if path.suffix.lower() in LIKE_FILES:
        raise InputError(
            f"{folder}: expected the name of a folder to write, found one that ends in "
            f"{path.suffix}, as files do; leave it out"
        )
    check_writable(path)
