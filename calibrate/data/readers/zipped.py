"""Zip archives of arrays: opened, and their stored members found in the file."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from calibrate.errors import InputError
from calibrate.files import reading
from calibrate.text import cut

ENCRYPTED = 1  # a flag of a member
LOCAL_HEADER = 30  # bytes before the name of a member


@contextmanager
def opened(path: Path, name: str, kind: str) -> Iterator[tuple[zipfile.ZipFile, BinaryIO]]:
    """The archive, and the file that it is in; ``kind`` is what was expected, as in ".npz file"."""
    with reading(path, name) as file:
        if not path.stat().st_size:
            raise InputError(f"{name}: expected a {kind}, found an empty file")
        try:
            archive = zipfile.ZipFile(file)
        except OSError:
            raise
        except zipfile.BadZipFile as error:
            raise InputError(
                f"{name}: expected a {kind}, found something else or a truncated file"
            ) from error
        except Exception as error:  # as of struct, for sizes that cannot be
            raise InputError(
                f"{name}: a damaged {kind} ({cut(str(error))}); save it again"
            ) from error
        with archive:
            yield archive, file


@contextmanager
def undamaged(name: str, saver: str) -> Iterator[None]:
    """Whatever a damaged, encrypted or oddly compressed archive makes a reader stumble over."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:  # the decompressors and zipfile raise a dozen kinds
        raise InputError(
            f"{name}: damaged or of an unknown kind ({cut(str(error))}); save it again with {saver}"
        ) from error


def stored_at(
    archive: zipfile.ZipFile, file: BinaryIO, info: zipfile.ZipInfo, name: str
) -> tuple[int, int]:
    """Where the content of a member that is not compressed starts and ends in the file.

    Raises:
        InputError: it reaches into the next member, or past the last.
    """
    file.seek(info.header_offset + LOCAL_HEADER - 4)
    start = info.header_offset + LOCAL_HEADER + sum(struct.unpack("<HH", file.read(4)))
    others = (each.header_offset for each in archive.infolist())
    most = min((each for each in others if each > info.header_offset), default=archive.start_dir)
    if start + info.file_size > most:
        raise InputError(
            f"{name}: damaged: {info.file_size:,} bytes are promised where the archive has room "
            f"for {max(0, most - start):,}; copy or save it again"
        )
    return start, start + info.file_size
