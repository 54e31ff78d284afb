"""A file under way, beside the one that it is to become."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from calibrate.errors import InputError

try:
    import fcntl
except ImportError:  # as on Windows
    fcntl = None  # type: ignore[assignment]  # a module, or none

PREFIX, SUFFIX = ".calibrate-", ".part"


class PartFile:
    """What is written, under a name of its own in the folder of its target, until it is whole.

    It is locked for as long as its process lives, by whatever way that ends: so what a killed
    process left behind is told from what another one is writing, and removed by the next that
    writes to the folder. Where there are no such locks, nothing is removed.
    """

    def __init__(self, target: Path) -> None:
        """Begin; raises OSError where the folder cannot be written to."""
        self.target = target
        with suppress(OSError), os.scandir(target.parent) as entries:
            for entry in entries:
                name = entry.name.startswith(PREFIX) and entry.name.endswith(SUFFIX)
                if name and entry.is_file(follow_symlinks=False):
                    with suppress(OSError), open(entry.path, "rb") as left:
                        if _lock(left.fileno(), wait=False):  # its process is gone
                            os.unlink(entry.path)
        while True:
            self._handle, self.path = tempfile.mkstemp(SUFFIX, PREFIX, target.parent)
            _lock(self._handle, wait=True)
            if os.fstat(self._handle).st_nlink:
                break
            os.close(self._handle)  # taken for a leftover before it was locked
        self.file: BinaryIO = os.fdopen(os.dup(self._handle), "wb")

    def finish(self) -> None:
        """Close the file; raises OSError where it does not fit on the disk."""
        self.file.close()

    def place(self) -> None:
        """Take the name of the target, and the permissions of what had it, or of a new file."""
        try:
            mode = stat.S_IMODE(self.target.stat().st_mode)
        except OSError:
            mask = os.umask(0)
            os.umask(mask)
            mode = 0o666 & ~mask
        os.chmod(self.path, mode)
        os.replace(self.path, self.target)
        os.close(self._handle)

    def discard(self) -> None:
        """Vanish."""
        for vanish in (
            self.file.close,
            lambda: os.unlink(self.path),
            lambda: os.close(self._handle),
        ):
            with suppress(OSError):
                vanish()


def _lock(handle: int, *, wait: bool) -> bool:
    """Lock a file for this process and those forked from it; False where another has it, or there
    are no locks.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


# What a run reads and writes: no file is both, and what is written appears at the end.


@dataclass(frozen=True)
class Version:
    """What tells one state of a file from another; times in ns."""

    device: int
    inode: int
    size: int
    modified: int

    @staticmethod
    def of(found: os.stat_result) -> Version:
        return Version(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)

    def is_like(self, other: Version) -> bool:
        """Whether a file is what it was, here or on another machine, where devices have other
        numbers.
        """
        return (self.inode, self.size, self.modified) == (other.inode, other.size, other.modified)


@dataclass(frozen=True)
class Placed:
    """A file that was written.

    Attributes:
        name: as its writer called it.
        replaced: whether there was one before.
    """

    name: str
    replaced: bool


class Ledger:
    """Every file that is read and written in a ``together`` block.

    Whoever opens a file with ``reading`` or ``writing`` is in it: there is no list of inputs to
    keep, and none to forget. Files are told apart by device and inode, so that an output under
    another name of an input, or under a hard link, is found too. Devices and pipes do not count.
    """

    def __init__(self) -> None:
        self._inputs: dict[Hashable, str] = {}
        self._versions: dict[Path, tuple[Version, str]] = {}
        self._outputs: dict[Hashable, str] = {}
        self._parts: list[tuple[PartFile, str]] = []
        self._outdated: list[Path] = []
        self._folders: list[Path] = []
        self._placed: list[Placed] = []

    def reads(self, path: Path, name: str, found: os.stat_result) -> None:
        """A file was opened to be read.

        Raises:
            InputError: it is an output, or no longer what was opened under this name before.
        """
        if not stat.S_ISREG(found.st_mode):
            return
        key = (found.st_dev, found.st_ino)
        if key in self._outputs:
            raise _taken(self._outputs[key])
        self._inputs[key] = name
        version = Version.of(found)
        if self._versions.setdefault(path.absolute(), (version, name))[0] != version:
            raise changed(name)

    def writes(self, names: Iterable[str | Path]) -> None:
        """Files are going to be written, each once.

        Raises:
            InputError: one of them is an input, or two of them are one.
        """
        keys = [(key, str(name)) for name in names if (key := _key(Path(name))) is not None]
        seen = set(self._inputs)
        for key, name in keys:
            if key in seen:
                raise _taken(name)
            seen.add(key)
        self._outputs.update(keys)

    def check_inputs(self) -> None:
        """Raise InputError if an input is no longer what was opened."""
        for path, (version, name) in self._versions.items():
            try:
                same = Version.of(path.stat()) == version
            except OSError:
                same = False
            if not same:
                raise changed(name)

    def keep(self, part: PartFile, name: str) -> None:
        """Put a finished part in place at the end."""
        if any(other.target == part.target for other, _ in self._parts):
            raise _taken(name)
        self._parts.append((part, name))

    def wrote(self, name: str) -> None:
        """A device or a pipe was written to."""
        self._placed.append(Placed(name, replaced=False))

    def make_folder(self, path: Path) -> None:
        """Make a folder if there is none; it vanishes if nothing is put in place."""
        if not path.is_dir():
            path.mkdir()
            self._folders.append(path)

    def outdates(self, paths: Iterable[Path]) -> None:
        """Remove files of an earlier run when those of this one are put in place."""
        paths = list(paths)
        self.writes(paths)
        self._outdated.extend(paths)

    def put_in_place(self) -> tuple[list[Placed], list[str]]:
        """Give all files their names; what was written, and what was removed.

        Each appears whole. All of them do, unless the process is killed, or the disk fails,
        between one name and the next.
        """
        while self._parts:
            part, name = self._parts[0]
            replaced = part.target.exists()
            try:
                part.place()
            except OSError as error:
                raise InputError(f"{name}: cannot be written: {error.strerror or error}") from error
            self._parts.pop(0)
            self._placed.append(Placed(name, replaced))
        removed = []
        for path in self._outdated:
            with suppress(OSError):
                path.unlink()
                removed.append(str(path))
        placed = self._placed
        self._placed, self._outdated, self._folders = [], [], []
        return placed, removed

    def discard(self) -> None:
        """Leave everything as it was."""
        for part, _ in self._parts:
            part.discard()
        for path in reversed(self._folders):
            with suppress(OSError):
                path.rmdir()  # only if it is empty
        self._parts, self._outdated, self._folders = [], [], []


def changed(name: str) -> InputError:
    """What is said of a file that is not what it was."""
    return InputError(f"{name}: changed while it was read; run again")


def _taken(name: str) -> InputError:
    return InputError(f"{name}: is an input or another output; choose another name")


def _key(path: Path) -> Hashable | None:
    """The same for all names of a file; None for a device, a pipe or a folder."""
    try:
        found = path.stat()
    except OSError:
        return str(path.resolve())
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


_ledger: ContextVar[Ledger] = ContextVar("calibrate_ledger")


def current() -> Ledger | None:
    """The ledger of the ``together`` block around, if there is one."""
    return _ledger.get(None)


@contextmanager
def together() -> Iterator[Ledger]:
    """Files written in this block are put in place when it ends well, none of them otherwise.

    A block inside another is part of it.
    """
    around = current()
    if around is not None:
        yield around
        return
    ledger = Ledger()
    token = _ledger.set(ledger)
    try:
        yield ledger
        ledger.put_in_place()
    except BaseException:
        ledger.discard()
        raise
    finally:
        _ledger.reset(token)
