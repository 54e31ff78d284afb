"""The file formats, as the modules of this folder declare them, and addresses of arrays in files.

A module that reads a format needs nothing but itself:

- ``FORMATS = (Format((".x",), words="table of x"),)``: literals only, since this is read from the
  text of the module: most of them import numpy and more, which ``calibrate --help`` does not need;
- ``keys(path, request)``: the names of the arrays in a file; None where it holds one without;
- ``open(path, key, request)``: the ``Column`` of one of them; key is None where ``keys`` gave None.
"""

from __future__ import annotations

import ast
import os
import pkgutil
import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from calibrate.errors import InputError
from calibrate.text import cut

FOLDER = "calibrate.data.readers"


@dataclass(frozen=True)
class Format:
    """How files of some suffixes are read.

    Attributes:
        suffixes: of the files, such as ``.csv.gz``; of folders that have none a word and ``/``.
        words: what such a file is, for messages and help, as in "numpy array".
        magic: its first bytes, where these leave no doubt.
        extra: of the package, which brings what the module imports; None where nothing is needed.
        table: whether it holds scores and labels side by side.
        marks: names of files by which a folder is known to be of this format.
        numbers: whether it can hold scores; else text only.
        module: that reads them.
    """

    suffixes: tuple[str, ...]
    words: str = ""
    magic: bytes = b""
    extra: str | None = None
    table: bool = False
    marks: tuple[str, ...] = ()
    numbers: bool = True
    module: str = ""


@dataclass(frozen=True)
class Request:
    """What is wanted of a file.

    Attributes:
        label_column: which column of a table holds the labels; ``"none"``: none does; None: by its
            name.
        text: whether a single column is wanted as text.
        leave_out: columns that are no scores; ``"none"``: all others are.
        file: the name of the file as the user wrote it, for messages.
        suffix: that it is read under, whatever its own is.
    """

    label_column: str | None = None
    text: bool = False
    leave_out: tuple[str, ...] = ()
    file: str = ""
    suffix: str = ""


def _declared() -> list[Format]:
    """The formats of all modules, those that need no extra first, tables after other arrays."""
    found = []
    for module in pkgutil.iter_modules([os.path.dirname(__file__)]):
        source = b"" if module.ispkg else pkgutil.get_data(FOLDER, f"{module.name}.py") or b""
        literals = re.search(r"^FORMATS = \((.*?)\)$", source.decode(), re.MULTILINE | re.DOTALL)
        for call in ast.walk(ast.parse(f"[{literals[1] if literals else ''}]")):
            if isinstance(call, ast.Call):
                parts = {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}
                found.append(Format(ast.literal_eval(call.args[0]), module=module.name, **parts))
    return sorted(found, key=lambda each: (not each.numbers, each.extra is not None, each.table))


FORMATS = {suffix: each for each in _declared() for suffix in each.suffixes}
TABLES = tuple(suffix for suffix, kind in FORMATS.items() if kind.table)
ARRAYS = tuple(suffix for suffix, kind in FORMATS.items() if kind.numbers)
FOLDERS = {mark: kind.suffixes[-1] for kind in FORMATS.values() for mark in kind.marks}


def folder_format(path: Path) -> str | None:
    """Return the key in ``FORMATS`` of a folder that is read as one file; None for any other."""
    held = (kind for mark, kind in FOLDERS.items() if (path / mark).is_file())
    usual = path.suffix.lower() if path.suffix.lower() in FOLDERS.values() else None
    return next(held, usual)


def reader(suffix: str, name: str) -> ModuleType:
    """Return the module that reads files of a suffix; ``name`` is that of the file.

    Raises:
        InputError: what it needs is not installed.
    """
    kind = FORMATS[suffix]
    try:
        return import_module(f"{FOLDER}.{kind.module}")
    except ImportError as error:
        if kind.extra is None:
            raise
        raise InputError(
            f"{name}: files of this format ({suffix}) need the extra {kind.extra!r}: "
            f"pip install 'calibrate-cli[{kind.extra}]' ({cut(str(error))})"
        ) from error


# ``file.npz:key``: the name of an array as users write it.


@dataclass(frozen=True)
class Address:
    """A file, and the key of an array in it where one was given.

    Attributes:
        name: as the user wrote it.
        path: of the file.
        key: of the array, or None.
    """

    name: str
    path: Path
    key: str | None = None

    @staticmethod
    def of(name: str) -> Address:
        """Split ``path:key`` where the path ends like a file that can be read."""
        if not os.path.exists(name):  # a name of any length
            for suffix in FORMATS:
                head, mark, key = name.rpartition(f"{suffix}:")
                if mark:
                    return Address(name, Path(head + suffix), key)
            head, mark, key = name.rpartition(":")
            if mark and Path(head).is_dir():
                return Address(name, Path(head), key)
        return Address(name, Path(name))

    @property
    def file(self) -> str:
        """The name of the file as the user wrote it."""
        return self.name if self.key is None else self.name.removesuffix(f":{self.key}")

    @property
    def suffix(self) -> str:
        """In small letters, as in ``.npy`` and ``.csv.gz``; of a folder, that of its format."""
        if self.path.is_dir():
            return folder_format(self.path) or self.path.suffix.lower()
        both = "".join(self.path.suffixes[-2:]).lower()
        return both if both in FORMATS else self.path.suffix.lower()

    @property
    def stem(self) -> str:
        """The path without the suffix of a known format."""
        path = str(self.path)
        known = self.suffix in FORMATS and path.lower().endswith(self.suffix)
        return path[: -len(self.suffix)] if known else path
