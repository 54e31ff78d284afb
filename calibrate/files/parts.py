"""A file under way, beside the one that it is to become."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

PREFIX, SUFFIX = ".calibrate-", ".part"


class Part:
    """What is written, under a name of its own in the folder of its target, until it is whole.

    It is locked for as long as its process lives, by whatever way that ends: so what a killed
    process left behind is told from what another one is writing, and removed by the next that
    writes to the folder. Where there are no such locks, nothing is removed.
    """

    def __init__(self, target: Path) -> None:
        """Begin; raises OSError where the folder cannot be written to."""
        self.target = target
        remove_leftovers(target.parent)
        self._lock, self.path = _begun(target.parent)
        self.file: BinaryIO = os.fdopen(os.dup(self._lock), "wb")

    def finish(self) -> None:
        """Everything has been written; raises OSError where it does not fit on the disk."""
        self.file.close()

    def place(self) -> None:
        """Take the name of the target, and the permissions of what had it."""
        os.chmod(self.path, _usual_mode(self.target))
        os.replace(self.path, self.target)
        os.close(self._lock)

    def discard(self) -> None:
        """Vanish."""
        with suppress(OSError):
            self.file.close()
        with suppress(OSError):
            os.unlink(self.path)
        with suppress(OSError):
            os.close(self._lock)


def _begun(folder: Path) -> tuple[int, str]:
    """A new file, open and locked, and its name."""
    while True:
        handle, name = tempfile.mkstemp(dir=folder, prefix=PREFIX, suffix=SUFFIX)
        _lock(handle, wait=True)
        if os.fstat(handle).st_nlink:
            return handle, name
        os.close(handle)  # taken for a leftover before it was locked


def remove_leftovers(folder: Path) -> None:
    """Remove the parts in a folder whose process is gone."""
    with suppress(OSError), os.scandir(folder) as entries:
        names = [e.path for e in entries if e.name.startswith(PREFIX) and e.name.endswith(SUFFIX)]
        for name in names:
            with suppress(OSError):
                _remove_if_left(name)


def _remove_if_left(name: str) -> None:
    if not stat.S_ISREG(os.lstat(name).st_mode):
        return  # none of ours
    handle = os.open(name, os.O_RDONLY)
    try:
        if _lock(handle, wait=False):
            os.unlink(name)
    finally:
        os.close(handle)


def _lock(handle: int, *, wait: bool) -> bool:
    """Whether a file was locked for this process; not where another has it, or there are no locks.

    Processes forked from this one share the lock.
    """
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _usual_mode(target: Path) -> int:
    """The permissions of the file being replaced, or those that a new file gets here."""
    with suppress(OSError):
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
