"""What is read: files of a bounded size, which are never waited for in vain."""

from __future__ import annotations

import os
import select
import stat
from pathlib import Path

from calibrate.errors import InputError

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


def read_text(path: str | Path, most: int = MOST_TEXT) -> str:
    """The text of a file in UTF-8, without its byte order mark; a pipe will do.

    Raises:
        InputError: it is larger than ``most`` bytes, or a pipe that nobody writes to.
        OSError: it cannot be read.
        UnicodeDecodeError: it is not UTF-8.
    """
    # without waiting for someone to open the other end of a pipe
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(handle, "rb") as file:
        head = b""
        if stat.S_ISFIFO(os.fstat(handle).st_mode):
            head = _first_of_pipe(handle, str(path))
        content = head + file.read(most + 1)
    if len(content) > most:
        raise InputError(
            f"{path}: expected at most {most >> 20:,} MiB of text, found more; is this the right "
            "file?"
        )
    return content.decode("utf-8-sig")


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
