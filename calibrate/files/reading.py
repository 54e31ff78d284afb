"""The one door through which files are read: bounded, and never waited for in vain."""

from __future__ import annotations

import json
import os
import select
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from calibrate.errors import InputError
from calibrate.files.ledger import Version, changed, current
from calibrate.text import brief

MOST_TEXT = 32 << 20  # bytes of a file that is read at once: JSON, names of classes
PATIENCE = 5.0  # seconds for someone to open the other end of a pipe

KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def check_regular(path: Path, name: str) -> None:
    """Raise InputError unless a path is that of a regular file: arrays are read by place.

    Raises:
        OSError: there is no such file.
    """
    mode = path.stat().st_mode
    for is_kind, kind in KINDS:
        if is_kind(mode):
            raise InputError(
                f"{name}: expected a regular file, found {kind}; save what it gives to a file first"
            )


@contextmanager
def reading(path: str | Path, name: str) -> Iterator[BinaryIO]:
    """A file to read, as one version of itself; ``name`` is what the user called it.

    What cannot be told: a change within the same tick of the file system's clock (4 ms or less)
    as the change before it, and one through a mapping whose writer had already touched the page.

    Raises:
        OSError: it cannot be opened or read.
        InputError: it changed in the meantime, or it is an output of this run.
    """
    # a pipe is not waited for here until somebody opens its other end
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    with open(handle, "rb") as file:
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


def read_text(path: str | Path, most: int = MOST_TEXT) -> str:
    """The text of a file in UTF-8, without its byte order mark; a pipe will do.

    Raises:
        InputError: it is larger than ``most`` bytes, or a pipe that nobody writes to.
        OSError: it cannot be read.
        UnicodeDecodeError: it is not UTF-8.
    """
    with reading(path, str(path)) as file:
        handle, head = file.fileno(), b""
        if stat.S_ISFIFO(os.fstat(handle).st_mode):
            head = _first_of_pipe(handle, str(path))
        content = head + file.read(most + 1)
    if len(content) > most:
        raise InputError(
            f"{path}: expected at most {most >> 20:,} MiB of text, found more; is this the right "
            "file?"
        )
    return content.decode("utf-8-sig")


def parsed(text: str | bytes) -> Any:
    """Return the content of a JSON text.

    Raises:
        ValueError: it is no JSON, or an object has a key twice, of which only one could count.
        RecursionError: it is nested without end.
    """
    return json.loads(text, object_pairs_hook=once)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of these keys and values: the ``object_pairs_hook`` of the module json.

    Raises:
        ValueError: a key is there twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {brief(twice)} is there twice")
    return found


def _first_of_pipe(handle: int, name: str) -> bytes:
    """What a pipe gives first, once somebody writes to it; waited for from then on."""
    waiting = select.poll()
    waiting.register(handle, select.POLLIN)
    written = waiting.poll(PATIENCE * 1000)
    try:
        head = os.read(handle, 1)
    except BlockingIOError:  # somebody has it open, and takes their time
        head, written = b"", [(handle, 0)]
    os.set_blocking(handle, True)
    if not written and not head:
        raise InputError(f"{name}: a pipe that nobody writes to; save to a file first")
    return head


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
