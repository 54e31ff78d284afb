"""Write files whole or not at all; folders of files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from calibrate.errors import InputError
from calibrate.files.ledger import PartFile, current, together
from calibrate.files.reading import parsed, read_text


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
            check_writable(target)
            if target.exists() and not target.is_file():  # a device or a pipe
                with target.open("wb") as file:
                    yield file
                ledger.wrote(str(path))
                return
            ledger.writes([path])
            part = PartFile(target.resolve())  # a link keeps pointing where it points
            try:
                yield part.file
                part.finish()
                ledger.keep(part, str(path))
            except BaseException:
                part.discard()
                raise
        except OSError as error:
            raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error


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


# What can be told of outputs before the work.


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


# JSON files.


def write_json(path: str | Path, content: dict[str, Any]) -> None:
    """Write an object as indented JSON with full precision, whole or not at all."""
    write_bytes(path, json_text(content).encode())


def json_text(content: dict[str, Any]) -> str:
    """Indented JSON with full precision; a list of nothing but numbers stands on one line."""
    return _indented(content, "\n") + "\n"


def _indented(value: Any, newline: str) -> str:
    inner = f"{newline} "
    if isinstance(value, dict) and value:
        items = (f"{json.dumps(str(k))}: {_indented(v, inner)}" for k, v in value.items())
        return f"{{{inner}{f',{inner}'.join(items)}{newline}}}"
    if isinstance(value, list) and any(isinstance(each, (dict, list, str)) for each in value):
        return f"[{inner}{f',{inner}'.join(_indented(v, inner) for v in value)}{newline}]"
    return json.dumps(value, allow_nan=False)


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
        content = parsed(read_text(path))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such {what}; `{command}` writes one") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except InputError:  # a ValueError too
        raise
    except (ValueError, RecursionError) as error:  # not UTF-8, or not JSON
        where = "" if isinstance(error, (UnicodeDecodeError, RecursionError)) else f" ({error})"
        if isinstance(error, json.JSONDecodeError):
            where = f" (line {error.lineno}, column {error.colno}: {error.msg})"
        raise InputError(
            f"{path}: expected a {what} in JSON, found something else or a truncated file"
            f"{where}; write it again with `{command}`"
        ) from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a {what}, found a JSON {type(content).__name__}")
    return content
