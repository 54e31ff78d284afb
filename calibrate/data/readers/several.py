"""Several files that are read as one: named by a pattern, by their folder, or with commas."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from calibrate.arrays import described
from calibrate.data.column import Column, Part
from calibrate.data.decoded import Again, Coder, Spool
from calibrate.data.readers.registry import FORMATS, Address, folder_format
from calibrate.errors import InputError
from calibrate.files import Version, changed
from calibrate.text import brief, cut, listed

MOST = 100_000  # files
MOST_NAME = 120  # characters of a name that is shown often
NUMBER = re.compile("([0-9]+)")
WILD = re.compile(r"[*?\[]")
CALIBRATED = ".calibrated."  # in the names of what `calibrate apply` writes
KINDS = ("logit", "prob", "label", "target", "weight", "group", "cluster", "feature")


def tokens(name: str) -> list[str | int]:
    """``"logits-2.npy"`` -> ``["logits-", 2, ".npy"]``: texts and numbers in turn."""
    return [int(part) if i % 2 else part for i, part in enumerate(NUMBER.split(name))]


def in_natural_order(names: Sequence[str]) -> list[str]:
    """Sorted so that logits-2 comes before logits-10."""
    return sorted(names, key=lambda name: (tokens(name), name))


def varying(names: Sequence[str]) -> list[tuple[str | int, ...]]:
    """What is left of each name without what all have in common; numbers count by their value."""
    split = [tokens(name) for name in names]
    if len({len(each) for each in split}) > 1:
        split = [[name] for name in names]
    columns: list[Sequence[str | int]] = []
    for i, column in enumerate(zip(*split, strict=True)):
        if len(set(column)) > 1:
            texts = [str(each) for each in column]
            start = len(shared_start(texts))
            end = len(shared_start([text[start:][::-1] for text in texts]))
            bare = [text[start : len(text) - end] for text in texts]
            columns.append(column if i % 2 else bare)
    return [tuple(column[i] for column in columns) for i in range(len(names))]


def shared_start(texts: Sequence[str]) -> str:
    """What all texts begin with."""
    low, high = min(texts), max(texts)  # others begin with whatever these two have in common
    return low[: next((i for i, a in enumerate(low) if a != high[i]), len(low))]


@dataclass(frozen=True)
class Several:
    """Files that are read as one array.

    Attributes:
        name: as the user wrote it, cut if it is a long list.
        key: of the array in each file, or None; of a list, the files have their own.
        addresses: of the files, in the order of their rows.
        stem: for the names of what is made of them.
        ordered: whether the user gave their order.
        more: what is to be said of the choice, as the end of a note.
    """

    name: str
    key: str | None
    addresses: tuple[Address, ...]
    stem: str
    ordered: bool = False
    more: str = ""

    @staticmethod
    def of(name: str) -> Several | None:
        """The files that a name means; None where it is that of one file, or of none.

        A file of this very name is meant before anything else.

        Raises:
            InputError: a pattern, a folder or a list of no files, or of files that are no pieces.
        """
        address = Address.of(name)
        is_folder = os.path.isdir(address.path)
        if not name or (os.path.lexists(address.path) and not is_folder):
            return None
        head, mark, key = name.rpartition(":")
        if is_folder and address.key is None:
            return None if folder_format(address.path) else _of_folder(name, name, None)
        if mark and head and key and os.path.isdir(head) and not folder_format(Path(head)):
            return _of_folder(name, head, key)
        is_wild = WILD.search(str(address.path))
        found = _of_pattern(address) if is_wild else None
        if found is None and "," in name:
            found = _of_list(name)
        if found is None and is_wild:
            folder, why = address.path.parent, ""
            if not folder.is_dir() and not WILD.search(str(folder)):
                why = f"; the folder {folder} does not exist"
            elif folder.is_dir() and not os.access(folder, os.R_OK | os.X_OK):
                why = f"; the folder {folder} cannot be read"
            raise InputError(f"{name}: no such file, nor files of this pattern{why}")
        return found

    @property
    def note(self) -> str:
        """Which files, in a line."""
        names = [str(address.path) for address in self.addresses]
        if len({os.path.dirname(name) for name in names}) == 1:
            names = [os.path.basename(name) for name in names]
        if len(names) == 1:
            return f"{self.name}: 1 file, {names[0]}{self.more}"
        order = "the order given" if self.ordered else "natural order"
        return (
            f"{self.name}: {len(names):,} files, {names[0]} to {names[-1]}, in {order}{self.more}"
        )

    def keyed(self, key: str) -> str:
        """The name of the arrays of another key in the same files."""
        if self.ordered:
            return ",".join(f"{address.file}:{key}" for address in self.addresses)
        bare = self.name if self.key is None else self.name.removesuffix(f":{self.key}")
        return f"{bare}:{key}"


def first_address(name: str) -> Address:
    """Of the file of a name; of several files, the first one, which stands for all."""
    several = Several.of(name)
    return Address.of(name) if several is None else several.addresses[0]


def stem_of(name: str) -> str:
    """The path without suffix, from which the names of outputs are made."""
    several = Several.of(name)
    return Address.of(name).stem if several is None else several.stem


def _of_folder(name: str, folder: str, key: str | None) -> Several:
    try:
        names = [each for each in os.listdir(folder) if not each.startswith(".")]
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror or error}") from error
    paths = {each: os.path.join(folder, each) for each in names}
    found = [
        each
        for each, path in paths.items()
        if Address(each, Path(each)).suffix in FORMATS and not os.path.isdir(path)
    ]
    if not found:
        raise InputError(
            f"{folder}: expected a file, or a folder of pieces, found a directory without a file "
            f"ending in {' or '.join(FORMATS)}"
        )
    others = in_natural_order([*set(names) - set(found)])
    more = f"; left out {listed(others)}" if others else ""
    within = "" if os.path.normpath(folder) == "." else folder
    return _checked(name, key, [os.path.join(within, each) for each in found], _stem(folder), more)


def _of_pattern(address: Address) -> Several | None:
    """The files of a pattern; None where there are none."""
    pattern, at = str(address.path), 0
    for mark in re.finditer("/|$", pattern):  # a folder may have a name like a pattern
        head = pattern[: mark.start()]
        if head and os.path.isdir(head):
            at = mark.start()
    found = glob.glob(glob.escape(pattern[:at]) + pattern[at:])
    if not found:
        return None
    wild = WILD.search(pattern, at)
    stem = pattern[: wild.start() if wild else len(pattern)]
    return _checked(address.name, address.key, found, _stem(*os.path.split(stem)))


def _of_list(name: str) -> Several:
    """The files of a list, each of which is there."""
    parts = [part.strip() for part in name.split(",")]
    addresses = []
    for part in parts:
        address = Address.of(part)
        if not part or not os.path.lexists(address.path):
            what = (
                f"the file {part!r} of this list is none"
                if part
                else "a name is empty in this list"
            )
            raise InputError(f"{cut(name)}: no such file, and {what}; a list takes names of files")
        addresses.append(address)
    paths = [str(address.path) for address in addresses]
    shown = name if len(name) <= MOST_NAME else f"{parts[0]},...,{parts[-1]}"
    _check_kind(shown, paths)
    stem = _stem(*os.path.split(shared_start(paths).rstrip("0123456789")))
    return Several(shown, None, tuple(addresses), stem, ordered=True)


def _stem(folder: str, base: str = "") -> str:
    """A name for what is made of files: what theirs begin with; beside their folder otherwise."""
    base = base.rstrip("-_. ")
    if base:
        return os.path.join(folder, base)
    path = os.path.normpath(folder or ".")
    return "pieces" if path == "." else path


def _checked(name: str, key: str | None, paths: list[str], stem: str, more: str = "") -> Several:
    """Files that were found, in natural order, without what `calibrate apply` made of them."""
    made = [path for path in paths if CALIBRATED in os.path.basename(path)]
    if made and len(made) < len(paths):
        paths = [path for path in paths if path not in made]
        more += f"; left out {listed(in_natural_order(made))}, of `calibrate apply`"
    if len(paths) > MOST:
        raise InputError(f"{name}: expected at most {MOST:,} files, found {len(paths):,}")
    paths = in_natural_order(paths)
    _check_kind(name, paths)
    first, *others = ({w for w in KINDS if w in os.path.basename(path).lower()} for path in paths)
    for path, words in zip(paths[1:], others, strict=True):
        if words != first:
            raise InputError(
                f"{name}: {paths[0]} and {path} seem to hold different things, not pieces of one "
                "array; name the pieces by a pattern, as in 'logits-*.npy'"
            )
    end = "" if key is None else f":{key}"
    addresses = tuple(Address(path + end, Path(path), key) for path in paths)
    return Several(name, key, addresses, stem, more=more)


def _check_kind(name: str, paths: Sequence[str]) -> None:
    """Raise InputError where files end in different ways."""
    kinds = Counter(Address(path, Path(path)).suffix for path in paths)
    if len(kinds) > 1:
        found = " and ".join(f"{suffix or 'no suffix'} ({n:,})" for suffix, n in kinds.items())
        known = next((kind for kind, _ in kinds.most_common() if kind in FORMATS), ".npy")
        pattern = os.path.join(os.path.dirname(paths[0]), f"*{known}")
        raise InputError(
            f"{name}: expected files of one suffix, found {found}; name the pieces by a pattern, "
            f"as in '{pattern}'"
        )


# Several files beside several others: the same rows in the same order, or an error.


BOTH = "name the files of both one by one with commas, in the same order, if they are"


def check_paired(first: Column | None, other: Column) -> None:
    """Raise InputError unless it is known that rows of both belong together, file by file.

    Columns in memory or in one file each are not looked at, nor is one on its own.
    """
    if first is None or max(len(first.parts), len(other.parts)) < 2:
        return
    one, two = first.parts, other.parts
    if min(len(one), len(two)) < 2:
        many, single = (first, other) if len(one) > 1 else (other, first)
        if not many.parts[0].ordered:
            raise InputError(
                f"{single.name} is one file, {many.name} are {len(many.parts):,}: which rows "
                f"belong together is not known; expected a file of each, or, where {single.name} "
                f"holds them one after the other, the names in that order with commas, as in "
                f"{','.join(part.name for part in many.parts[:2])}"
            )
        return
    _check_names(first, other)
    rows, others = (sum(part.rows for part in parts) for parts in (one, two))
    each = others // rows if rows and others % rows == 0 else 1  # as of weights of all tokens
    for part, beside in zip(one, two, strict=True):
        if beside.rows != each * part.rows:
            raise InputError(
                f"{beside.name} holds {beside.rows:,} rows but {part.name} holds {part.rows:,}: "
                "they must be the same rows in the same order"
            )


def _check_names(first: Column, other: Column) -> None:
    """Raise InputError unless names differ in the same part, or were paired by hand."""
    one, two = ([part.name for part in column.parts] for column in (first, other))
    keys, others = varying(one), varying(two)
    if len(keys) != len(others):
        lone = [n for n, key in zip(one, keys, strict=True) if key not in others]
        lone += [n for n, key in zip(two, others, strict=True) if key not in keys]
        found = f"; without a partner: {listed(lone)}" if len(lone) < len(keys + others) else ""
        raise InputError(
            f"{other.name} are {len(others):,} files but {first.name} are {len(keys):,}: expected "
            f"one for each{found}"
        )
    ordered = first.parts[0].ordered and other.parts[0].ordered
    if keys == others or (ordered and {*keys} != {*others}):
        return
    name, beside = next((one[i], two[i]) for i in range(len(keys)) if keys[i] != others[i])
    raise InputError(
        f"{beside} comes where {name} does, and their names differ in more than in what the files "
        f"hold: are these the same rows? {BOTH}"
    )


ROW = re.compile(r"\brow ([0-9]+(?:,[0-9]{3})*)")


@contextmanager
def placed(*columns: Column | None) -> Iterator[None]:
    """An InputError about a row of one of the columns says in which file it is, and where."""
    try:
        yield
    except InputError as error:
        message = str(error)
        for column in columns:
            if column is not None and message.startswith(f"{column.name}: "):
                raise InputError(_with_place(message, column)) from error
        raise


def _with_place(message: str, column: Column) -> str:
    found = ROW.search(message, len(column.name))
    if found is None or len(column.parts) < 2 or len(column.shape) > 2:
        return message
    row = int(found[1].replace(",", ""))
    for part in column.parts:
        if row < part.rows:
            return f"{message[: found.end()]} (row {row:,} of {part.name}){message[found.end() :]}"
        row -= part.rows
    return message


# Several files, each opened by its reader, as one column.


BLOCK = 8 << 20  # bytes that are copied at once
ALIKE = ("f", "iu", "b", "U", "S")  # kinds of values that are widened to each other


def open_together(
    several: Several, open_file: Callable[[Address], Column], beside: Column | None
) -> Column:
    """The rows of all files, one after the other.

    Arrays that lie in their files stay there. What has to be decoded is copied, that of all files
    into one temporary file.

    Args:
        several: the files.
        open_file: opens one of them; a picklable value.
        beside: a column whose rows these belong to; where that says of its files which they are,
            it is not said again.

    Raises:
        InputError: a file cannot be read, or they are not pieces of one array.
    """
    columns: list[Column] = []
    spool: Spool | None = None  # of what has to be decoded, and the dtype of its rows
    coder = Coder(several.name)
    parts, said, dtypes = list[Part](), list[str](), list[np.dtype[Any]]()
    seen: dict[tuple[int, int, str | None], str] = {}
    versions: dict[str, Version] = {}
    first, common = None, np.dtype(np.float64)
    for address in several.addresses:
        column = open_file(address)
        name, key = address.name, column.parts[0].key
        version = versions[name] = _version(address)
        same = seen.setdefault((version.device, version.inode, key), name)
        if len(seen) <= len(parts):
            raise InputError(
                f"{name}: is the same file as {same}, its rows would count twice; leave it out"
            )
        first = column if first is None else first
        _check_alike(first, column, address)
        if column.dtype not in dtypes:
            dtypes.append(column.dtype)
        common = _common(first, column, common) if parts else column.dtype
        parts.append(replace(column.parts[0], ordered=several.ordered))
        said.extend(column.notes)
        if column.categories is not None:
            coder.extend(column)
        elif spool is None and column.in_place:
            columns.append(column)
        else:
            if spool is not None and spool.dtype != common:
                columns.append(spool.column())
                spool = None
            spool = spool or Spool(several.name, column.shape[1:], common)
            step = max(1, BLOCK // max(1, common.itemsize * prod(column.shape[1:])))
            for start in range(0, column.shape[0], step):
                spool.add(column.read(start, start + step))
    if first is None:
        raise InputError(f"{several.name}: expected at least one file")
    in_place = spool is None and first.categories is None
    if spool is not None:
        columns.append(spool.column())
    found = Column.concat(columns) if first.categories is None else coder.column()
    read = found.read
    if not in_place:
        read = Again(partial(_again, several, open_file, versions), found).read
    more = f" ({len(said) - 1:,} more like this)" if len(said) > 1 else ""
    notes = [f"{note}{more}" for note in said[:1]]
    if beside is None or not beside.parts or beside.parts[0].ordered is None:
        notes.insert(0, several.note)
    names = sorted({str(each.newbyteorder("=")) for each in dtypes if each.kind in "fiub"})
    if len(names) > 1:
        notes.append(f"{several.name}: pieces of {' and '.join(names)} are read as {common}")
    return replace(
        found,
        name=several.name,
        read=read,
        class_names=first.class_names,
        notes=tuple(notes),
        parts=tuple(parts),
    )


def _again(
    several: Several, open_file: Callable[[Address], Column], versions: dict[str, Version]
) -> Column:
    """Open the files in another process.

    Raises:
        InputError: one is no longer what was opened first.
    """
    for address in several.addresses:
        if not _version(address).is_like(versions[address.name]):
            raise changed(address.name)
    return open_together(several, open_file, None)


def _version(address: Address) -> Version:
    try:
        return Version.of(address.path.stat())
    except OSError as error:
        raise changed(address.name) from error


def _check_alike(first: Column, column: Column, address: Address) -> None:
    """Raise InputError where files call their arrays or classes otherwise, or hold other rows."""
    if column.class_names != first.class_names:
        here, there = (listed(c.class_names or (), "none") for c in (column, first))
        raise InputError(
            f"{column.name}: expected the columns of {first.name}, {there}, in this order, found "
            f"{here}; the pieces of a table have the same header"
        )
    key, usual = column.parts[0].key, first.parts[0].key
    if address.key is None and key != usual:
        here, there = (brief(each) if each else "one without a name" for each in (key, usual))
        raise InputError(
            f"{column.name}: expected the array {there}, as in {first.name}, found {here}; "
            "name the key that is meant, as in FILES:KEY"
        )
    if not column.shape or not column.shape[0]:
        raise InputError(
            f"{column.name}: expected at least one row, found {described(column)}; leave the file "
            "out"
        )
    if column.shape[1:] != first.shape[1:]:
        raise InputError(
            f"{column.name}: expected {_rows(first.shape[1:])}, as in {first.name}, found "
            f"{_rows(column.shape[1:])}: they are not pieces of one array"
        )


def _rows(shape: tuple[int, ...]) -> str:
    if not shape:
        return "one value per row"
    return f"{' x '.join(f'{n:,}' for n in shape)} values per row"


def _common(first: Column, column: Column, before: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype that holds the values of a file and of those before as they are."""
    kinds = next((kinds for kinds in ALIKE if column.dtype.kind in kinds), column.dtype.kind)
    if before.kind in kinds and (first.categories is None) is (column.categories is None):
        common = np.result_type(before, column.dtype)
        if common.kind in kinds:
            return common
    expected, found = ("text" if c.categories is not None else c.dtype for c in (first, column))
    raise InputError(
        f"{column.name}: expected {expected}, as in {first.name}, found {found}; save all pieces "
        "alike"
    )
