"""A file of arrays: each of them opened, and looked at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from calibrate.analyses.inspection.kinds import with_values
from calibrate.analyses.inspection.values import REAL, TEXT, Tally, Values, readable, values_of
from calibrate.blocks.passes import map_reduce
from calibrate.data.coded import CodedArray
from calibrate.data.columns import ArrayColumn, Column, FileColumn
from calibrate.data.readers.address import Address
from calibrate.data.readers.formats import TABLES
from calibrate.data.readers.open import keys_held, open_as
from calibrate.data.readers.pairs import pair_among
from calibrate.errors import InputError
from calibrate.results.inspection import ArrayFound, FileFound, Kind

MOST_ARRAYS = 50  # of a file that are looked at
ROLES = ("logits", "labels")


@dataclass(frozen=True)
class Look:
    """An array that was opened.

    Attributes:
        file, key: where it is; the key is None where there is none, or none is needed.
        column: itself.
        found: what it looks like.
    """

    file: str
    key: str | None
    column: Column
    found: ArrayFound

    @property
    def name(self) -> str:
        """As it is named on a command line."""
        return self.file if self.key is None else f"{self.file}:{self.key}"


def looks_of(file: FileFound, address: Address) -> tuple[FileFound, list[Look]]:
    """The arrays of a file that is read under ``address.suffix``; what is wrong is in the result.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        held = keys_held(address)
    except InputError as error:
        return replace(file, problem=_without(str(error), address)), []
    wanted, others = _chosen(held, address)
    looks, arrays = [], []
    class_names, notes = file.class_names, file.notes
    for key in wanted[:MOST_ARRAYS]:
        found, column = _looked(key, address)
        arrays.append(found)
        if column is not None:
            plain = address.key is None and (key in ROLES or len(wanted) == 1)
            looks.append(Look(address.file, None if plain else key, column, found))
            class_names = class_names or column.class_names
            notes += tuple(_without(note, address) for note in column.notes)
    return replace(
        file,
        arrays=tuple(arrays),
        more=max(0, len(wanted) - MOST_ARRAYS),
        others=others,
        class_names=class_names,
        notes=notes,
    ), looks


def _chosen(held: list[str] | None, address: Address) -> tuple[list[str | None], tuple[str, ...]]:
    """The keys that are looked at, and the others: most columns of a table are in its scores."""
    if address.key is not None:
        return [address.key], ()
    if held is None:
        return [None], ()
    names = list(dict.fromkeys(held))
    others = tuple(name for name in names if name not in ROLES)
    if address.suffix not in TABLES:
        return [*(role for role in ROLES if role in names), *others], ()
    pair = pair_in(names)
    if pair:
        return [*pair], tuple(name for name in names if name not in (*pair, *ROLES))
    roles: list[str | None] = [role for role in ROLES if role in names]
    return (roles, others) if roles else ([*others], ())


def pair_in(names: Sequence[str]) -> list[str]:
    """The columns of the confidence in answers, and of whether they were right; else nothing."""
    try:
        return list(pair_among([name for name in names if name not in ROLES], "") or ())
    except InputError:  # several may be meant
        return []


def is_pair(keys: Sequence[str | None]) -> bool:
    """Whether two keys are those of a pair."""
    names = [key for key in keys if key is not None]
    return bool(names) and pair_in(names) == names


def _looked(key: str | None, address: Address) -> tuple[ArrayFound, Column | None]:
    """One array, and the column itself where it could be read."""
    try:
        column = _opened(key, address)
        return look_at(ArrayFound(key, column.shape, dtype_of(column)), column), column
    except InputError as error:
        message = str(error).removeprefix(f"{address.file}:{key}: ")
        return ArrayFound(key, problem=_without(message, address)), None
    except MemoryError:
        return ArrayFound(key, problem="takes more memory than there is"), None


def _opened(key: str | None, address: Address) -> Column:
    """Labels as text, as the commands read them; other columns of a table as what they are."""
    if key in ROLES or address.suffix not in TABLES:
        return open_as(address, key, text=key != "logits")
    try:
        return open_as(address, key, text=False)
    except InputError:
        return open_as(address, key, text=True)


def look_at(found: ArrayFound, column: Column) -> ArrayFound:
    """An array with what its values look like, where they can be looked at."""
    kind = column.dtype.kind
    coded = column.coded if isinstance(column, FileColumn) else None
    if coded is not None:
        return with_values(found, coded, _coded_values(coded))
    if kind not in REAL + TEXT or (column.dtype.itemsize > 8 and kind == "f"):
        return replace(found, kind=Kind.other)
    if not column.shape:
        return replace(found, kind=Kind.number)
    if 0 in column.shape:
        return replace(found, kind=Kind.nothing)
    if not readable(column):
        return replace(found, problem="each of its rows is too large to be looked at")
    return with_values(found, column, values_of(column))


@dataclass(frozen=True)
class _Codes:
    """The codes of texts, by range."""

    coded: CodedArray
    block_rows: int = 1 << 20

    @property
    def n_rows(self) -> int:
        return self.coded.shape[0]

    def read(self, start: int, stop: int) -> _Counted:
        codes = np.asarray(self.coded.codes[start:stop]).astype(np.intp)
        return _Counted(np.bincount(codes, minlength=len(self.coded.values)))


class _Counted:
    """How many rows have each code."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows = rows

    def __add__(self, other: _Counted) -> _Counted:
        return _Counted(self.rows + other.rows)


def _itself(counted: _Counted) -> _Counted:
    return counted


def _coded_values(coded: CodedArray) -> Values:
    n = coded.shape[0]
    if not n:
        return Values()
    rows = map_reduce(_Codes(coded), _itself).rows
    return Values(n, tally=Tally(dict(zip(coded.values.tolist(), rows.tolist(), strict=True))))


def dtype_of(column: Column) -> str:
    """In words where numpy's are for programmers."""
    dtype = column.dtype
    if dtype.names is not None:
        return f"fields {', '.join(dtype.names)}"
    return "text" if dtype.kind in TEXT else str(dtype)


def _without(message: str, address: Address) -> str:
    """A message about a file without its name, under which it is shown."""
    for name in (address.name, address.file, str(address.path), str(Path(address.file).absolute())):
        message = message.removeprefix(f"{name}: ")
    return message


def of_array(file: str, key: str, values: np.ndarray) -> Look:
    """An array that was made of a file."""
    column = ArrayColumn(values, f"{file}:{key}")
    found = ArrayFound(key, values.shape, str(values.dtype))
    return Look(file, key, column, look_at(found, column))
