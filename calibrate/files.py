"""Write files whole or not at all; folders of files; JSON files."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from calibrate.errors import InputError
from calibrate.inputs import read_text


@contextmanager
def writing(path: str | Path) -> Iterator[BinaryIO]:
    """A binary file that becomes ``path`` when the block ends well, and vanishes otherwise.

    It is written beside its target and renamed. A target that exists and is not a regular
    file (a device, a pipe) is written to directly, never replaced.

    Raises:
        InputError: the target cannot be written.
    """
    target = Path(path)
    try:
        if target.is_dir():
            raise InputError(f"{target}: expected a file to write, found a directory")
        if target.exists() and not stat.S_ISREG(target.stat().st_mode):
            with target.open("wb") as file:
                yield file
        else:
            yield from _beside(target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error


def _beside(target: Path) -> Iterator[BinaryIO]:
    target = target.resolve()  # a link keeps pointing where it points
    if not target.parent.is_dir():
        raise InputError(f"{target}: the folder {target.parent} does not exist; create it first")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".calibrate-", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        os.chmod(name, _usual_mode(target))
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _usual_mode(target: Path) -> int:
    """The permissions of the file being replaced, or those that a new file gets here."""
    with suppress(OSError):
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write ``data`` to ``path``, whole or not at all."""
    with writing(path) as file:
        file.write(data)


def write_json(path: str | Path, content: dict[str, Any]) -> None:
    """Write an object as indented JSON with full precision, whole or not at all."""
    write_bytes(path, json_text(content).encode())


def json_text(content: dict[str, Any]) -> str:
    """Indented JSON with full precision."""
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def read_json(path: str | Path, what: str, command: str) -> dict[str, Any]:
    """The object in a JSON file.

    Args:
        what: the kind of file, for messages, as in ``calibrator file``.
        command: what writes such a file.

    Raises:
        InputError: there is no such file, or it does not hold a JSON object.
    """
    if not str(path):
        raise InputError(f"expected the name of a {what}, got an empty one")
    try:
        content = json.loads(read_text(path))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such {what}; `{command}` writes one") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except InputError:
        raise
    except (ValueError, RecursionError) as error:  # not UTF-8, or not JSON
        raise InputError(
            f"{path}: expected a {what} in JSON, found something else or a truncated file; "
            f"write it again with `{command}`"
        ) from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a {what}, found a JSON {type(content).__name__}")
    return content


def write_folder(folder: str, contents: dict[str, bytes]) -> list[str]:
    """Write files to a folder, made if missing, each whole or not at all; returns their names."""
    path = Path(folder)
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}") from error
    for name, content in contents.items():
        write_bytes(path / name, content)
    return [str(path / name) for name in contents]


def check_distinct(outputs: Iterable[str | None], inputs: Iterable[str | None]) -> None:
    """Raise InputError if an output would replace an input or another output."""
    taken = {str(Path(name).resolve()) for name in inputs if name}
    for name in outputs:
        if name and Path(name).resolve().is_char_device():
            continue
        if name and str(Path(name).resolve()) in taken:
            raise InputError(f"{name}: is an input or another output; choose another name")
        if name:
            taken.add(str(Path(name).resolve()))


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


def check_folder(folder: str, names: Sequence[str]) -> None:
    """Raise InputError now if files of these names cannot be written to the folder."""
    path = Path(folder)
    if not folder:
        raise InputError("expected the name of a folder for the report, got an empty one")
    if path.exists():
        if not path.is_dir():
            raise InputError(f"{folder}: expected a folder for the report, found a file")
        for name in names:
            check_writable(path / name)
    else:
        check_writable(path)
