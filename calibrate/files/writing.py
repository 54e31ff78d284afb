"""Write files whole or not at all; folders of files."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from calibrate.errors import InputError
from calibrate.files.ledger import Ledger, together
from calibrate.files.parts import Part


@contextmanager
def writing(path: str | Path) -> Iterator[BinaryIO]:
    """A binary file that becomes ``path`` when the block ends well, and vanishes otherwise.

    It is written beside its target and renamed; in a ``together`` block, at the end of that. A
    target that exists and is not a regular file (a device, a pipe) is written to directly, never
    replaced.

    Raises:
        InputError: the target cannot be written, or is an input of this run.
    """
    target = Path(path)
    with together() as ledger:
        try:
            if target.is_dir():
                raise InputError(f"{target}: expected a file to write, found a directory")
            if target.exists() and not stat.S_ISREG(target.stat().st_mode):
                with target.open("wb") as file:
                    yield file
                ledger.wrote(str(path))
            else:
                yield from _beside(target, ledger)
        except OSError as error:
            raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error


def _beside(path: Path, ledger: Ledger) -> Iterator[BinaryIO]:
    ledger.writes([path])
    target = path.resolve()  # a link keeps pointing where it points
    if not target.parent.is_dir():
        raise InputError(f"{target}: the folder {target.parent} does not exist; create it first")
    part = Part(target)
    try:
        yield part.file
        part.finish()
        ledger.keep(part, str(path))
    except BaseException:
        part.discard()
        raise


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write ``data`` to ``path``, whole or not at all."""
    with writing(path) as file:
        file.write(data)


def write_folder(
    folder: str | Path, contents: Mapping[Path, bytes], outdated: tuple[Path, ...] = ()
) -> None:
    """Write files to a folder, made if missing: all of them, or none.

    Args:
        contents: by the path of the file, which may be elsewhere.
        outdated: files of an earlier run that are to go.

    Raises:
        InputError: one of them cannot be written.
    """
    with together() as ledger:
        try:
            ledger.make_folder(Path(folder))
        except OSError as error:
            raise InputError(f"{folder}: cannot be made: {error.strerror}") from error
        for path, content in contents.items():
            write_bytes(path, content)
        ledger.outdates(outdated)
