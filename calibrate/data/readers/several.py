"""Names with numbers in them: in natural order, and which part of them varies."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, takewhile
from math import gcd
from pathlib import Path

from calibrate.data.columns import Column, FileColumn, Opened
from calibrate.data.pieces import Files, Joined, Piece, decoded_again, opened_again
from calibrate.data.readers.registry import FORMATS, Address, folder_format
from calibrate.errors import InputError
from calibrate.text import brief, cut, listed

NUMBER = re.compile("([0-9]+)")

Tokens = list["str | int"]


def tokens(name: str) -> Tokens:
    """``"logits-2.npy"`` -> ``["logits-", 2, ".npy"]``: texts and numbers in turn."""
    return [int(part) if i % 2 else part for i, part in enumerate(NUMBER.split(name))]


def in_natural_order(names: Sequence[str]) -> list[str]:
    """Sorted so that logits-2 comes before logits-10."""
    return sorted(names, key=lambda name: (tokens(name), name))


def varying(names: Sequence[str]) -> list[tuple[str | int, ...]]:
    """What is left of each name without what all have in common; numbers count by their value."""
    split = [tokens(name) for name in names]
    if len({len(each) for each in split}) > 1:
        return [(text,) for text in _bare(names)]
    columns: list[Sequence[str | int]] = []
    for column in zip(*split, strict=True):
        if len(set(column)) > 1:
            texts = [each for each in column if isinstance(each, str)]
            columns.append(_bare(texts) if texts else column)
    return [tuple(column[i] for column in columns) for i in range(len(names))]


def shared_start(texts: Sequence[str]) -> str:
    """What all texts begin with."""
    low, high = min(texts), max(texts)  # others begin with whatever these two have in common
    same = takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False))
    return low[: len(list(same))]


def _bare(texts: Sequence[str]) -> list[str]:
    """Texts without their common beginning and end."""
    start = len(shared_start(texts))
    rest = [text[start:] for text in texts]
    end = len(shared_start([text[::-1] for text in rest]))
    return [text[: len(text) - end] for text in rest]


# Several files named as one: by a pattern, by their folder, or one by one with commas.


MOST = 100_000  # files
MOST_NAME = 120  # characters of a name that is shown often
WILD = re.compile(r"[*?\[]")
CALIBRATED = ".calibrated."  # in the names of what `calibrate apply` writes
OF_TOTAL = re.compile("[-_.]of[-_.]")  # as in logits-00001-of-00004
KINDS = ("logit", "prob", "label", "target", "weight", "group", "cluster", "feature")


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
        found = _of_pattern(address) if WILD.search(str(address.path)) else None
        if found is None and "," in name:
            found = _of_list(name)
        if found is None and WILD.search(str(address.path)):
            raise InputError(f"{name}: no such file, nor files of this pattern{_why(address.path)}")
        return found

    @property
    def note(self) -> str:
        """Which files, in a line."""
        names = _short([str(address.path) for address in self.addresses])
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
    suffixes = {each: Address(each, Path(each)).suffix for each in names}
    files = [each for each in names if os.path.isfile(os.path.join(folder, each))]
    files += [each for each in names if not os.path.exists(os.path.join(folder, each))]
    found = [each for each in files if suffixes[each] in FORMATS]
    if not found:
        raise InputError(
            f"{folder}: expected a file, or a folder of pieces, found a directory without a file "
            f"ending in {' or '.join(FORMATS)}"
        )
    others = in_natural_order([*set(names) - set(found)])
    more = f"; left out {listed(others)}" if others else ""
    within = "" if os.path.normpath(folder) == "." else folder
    paths = [os.path.join(within, each) for each in found]
    return _checked(name, key, paths, _beside(folder), more)


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
    return _checked(address.name, address.key, found, _trimmed(stem))


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
    common = shared_start([str(address.path) for address in addresses])
    shown = name
    if len(name) > MOST_NAME:
        shown = f"{parts[0]},...,{parts[-1]}"
    _check_kind(shown, [str(address.path) for address in addresses])
    stem = _trimmed(common.rstrip("0123456789"))
    return Several(shown, None, tuple(addresses), stem, ordered=True)


def _checked(name: str, key: str | None, paths: list[str], stem: str, more: str = "") -> Several:
    """Files that were found, in natural order, without what `calibrate apply` made of them."""
    made = [path for path in paths if CALIBRATED in os.path.basename(path)]
    if len(made) < len(paths):
        paths = [path for path in paths if path not in made]
        more += f"; left out {listed(in_natural_order(made))}, of `calibrate apply`" if made else ""
    if len(paths) > MOST:
        raise InputError(f"{name}: expected at most {MOST:,} files, found {len(paths):,}")
    paths = in_natural_order(paths)
    _check_kind(name, paths)
    _check_words(name, paths)
    end = "" if key is None else f":{key}"
    addresses = tuple(Address(path + end, Path(path), key) for path in paths)
    return Several(name, key, addresses, stem, more=_missing(paths) + more)


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


def _check_words(name: str, paths: Sequence[str]) -> None:
    """Raise InputError where names say that files hold different things."""
    first = None
    for path in paths:
        base = os.path.basename(path).lower()
        words = {word for word in KINDS if word in base}
        if first is None:
            first = words
        if words != first:
            raise InputError(
                f"{name}: {paths[0]} and {path} seem to hold different things, not pieces of one "
                "array; name the pieces by a pattern, as in 'logits-*.npy'"
            )


def _missing(paths: Sequence[str]) -> str:
    """Numbers that a series leaves out, as the end of a note."""
    keys = varying(paths) if len(paths) > 1 else []
    numbers = [key[0] for key in keys if len(key) == 1 and isinstance(key[0], int)]
    if not numbers or len(numbers) != len(paths):
        return ""
    step = gcd(*(after - before for before, after in pairwise(numbers)))
    n_missing = (numbers[-1] - numbers[0]) // step + 1 - len(numbers) if step else 0
    if 0 < n_missing <= len(numbers):
        held = {*numbers}
        missing = [n for n in range(numbers[0], numbers[-1], step) if n not in held]
        return f"; none is numbered {listed(missing)}"
    split = tokens(paths[0])
    for i in range(1, len(split) - 2, 2):
        total = split[i + 2]
        if OF_TOTAL.fullmatch(str(split[i + 1])) and isinstance(total, int):
            return f"; their names speak of {total:,}" if len(paths) < total else ""
    return ""


def _trimmed(stem: str) -> str:
    """The beginning that names have in common, as the name of a file."""
    head, base = os.path.split(stem)
    base = base.rstrip("-_. ")
    return os.path.join(head, base) if base else _beside(head)


def _beside(folder: str) -> str:
    """A name beside a folder; in the working folder, one for all."""
    path = os.path.normpath(folder or ".")
    return "pieces" if path == "." else path


def _short(names: Sequence[str]) -> list[str]:
    """Names without their folder, where that is the same."""
    same = len({os.path.dirname(name) for name in names}) == 1
    return [os.path.basename(name) if same else name for name in names]


def _why(pattern: Path) -> str:
    """What keeps a pattern from matching, if that can be told."""
    folder = pattern.parent
    if WILD.search(str(folder)) and not folder.is_dir():
        return ""
    if not folder.is_dir():
        return f"; the folder {folder} does not exist"
    return "" if os.access(folder, os.R_OK | os.X_OK) else f"; the folder {folder} cannot be read"


# Several files beside several others: the same rows in the same order, or an error.


BOTH = "name the files of both one by one with commas, in the same order, if they are"


def check_paired(first: Column | None, other: Column) -> None:
    """Raise InputError unless it is known that rows of both belong together, file by file.

    Columns in memory or in one file each are not looked at, nor is one on its own.
    """
    if first is None:
        return
    one, two = _several(first), _several(other)
    if one is None or two is None:
        files = one or two
        if files is not None and not files.ordered:
            many, single = (first, other) if two is None else (other, first)
            raise InputError(
                f"{single.name} is one file, {many.name} are {len(files.names):,}: which rows "
                f"belong together is not known; expected a file of each, or, where {single.name} "
                f"holds them one after the other, the names in that order with commas, as in "
                f"{','.join(files.names[:2])}"
            )
        return
    _check_names(first.name, one, other.name, two)
    each = sum(two.rows) // sum(one.rows)  # rows for each, as of weights of all tokens of a text
    each = each if each * sum(one.rows) == sum(two.rows) else 1
    for name, n, beside, m in zip(one.names, one.rows, two.names, two.rows, strict=True):
        if m != each * n:
            raise InputError(
                f"{beside} holds {m:,} rows but {name} holds {n:,}: they must be the same rows in "
                "the same order"
            )


def _several(column: Column) -> Files | None:
    """The files of a column, if it is made of several."""
    files = column.files if isinstance(column, FileColumn) else None
    return files if files is not None and len(files.names) > 1 else None


def _check_names(first: str, one: Files, other: str, two: Files) -> None:
    """Raise InputError unless names differ in the same part, or were paired by hand."""
    keys, others = varying(one.names), varying(two.names)
    if len(keys) != len(others):
        lone = [n for n, key in zip(one.names, keys, strict=True) if key not in others]
        lone += [n for n, key in zip(two.names, others, strict=True) if key not in keys]
        found = f"; without a partner: {listed(lone)}" if len(lone) < len(keys + others) else ""
        raise InputError(
            f"{other} are {len(others):,} files but {first} are {len(keys):,}: expected one for "
            f"each{found}"
        )
    if keys == others or (one.ordered and two.ordered and {*keys} != {*others}):
        return
    name, beside = next(
        (one.names[i], two.names[i]) for i in range(len(keys)) if keys[i] != others[i]
    )
    raise InputError(
        f"{beside} comes where {name} does, and their names differ in more than in what the files "
        f"hold: are these the same rows? {BOTH}"
    )


# Rows of an array in several files, as messages name them.


ROW = re.compile(r"\brow ([0-9]+(?:,[0-9]{3})*)")


@contextmanager
def placed(*columns: Column | None) -> Iterator[None]:
    """An InputError about a row of one of the columns says in which file it is, and where."""
    try:
        yield
    except InputError as error:
        message = str(error)
        for column in columns:
            if isinstance(column, FileColumn) and message.startswith(f"{column.name}: "):
                raise InputError(_with_place(message, column)) from error
        raise


def _with_place(message: str, column: FileColumn) -> str:
    found = ROW.search(message, len(column.name))
    if found is None or column.files is None or len(column.shape) > 2:
        return message
    place = column.files.place(int(found[1].replace(",", "")))
    if place is None:
        return message
    name, row = place
    return f"{message[: found.end()]} (row {row:,} of {name}){message[found.end() :]}"


# Several files, each opened by its reader, as one column.


def open_together(
    several: Several, open_file: Callable[[Address], FileColumn], beside: Column | None
) -> FileColumn:
    """The rows of all files, one after the other.

    Args:
        several: the files.
        open_file: opens one of them.
        beside: a column whose rows these belong to; where that says of its files which they are,
            it is not said again.

    Raises:
        InputError: a file cannot be read, or they are not pieces of one array.
    """
    joined, first, said = Joined(several.name), None, list[str]()
    for address in several.addresses:
        column = open_file(address)
        first = column if first is None else first
        _check_alike(first, column, address)
        path = str(address.path.absolute())
        joined.add(Piece(address.name, path, column.opened), column.array, column.key)
        said.extend(column.notes)
    if first is None:
        raise InputError(f"{several.name}: expected at least one file")
    pieces = joined.pieces
    opened: Callable[[], Opened] = partial(decoded_again, several.name, pieces)
    if joined.in_place:
        opened = partial(opened_again, pieces, joined.row, joined.dtype.str)
    known = isinstance(beside, FileColumn) and beside.files is not None
    found = FileColumn(
        opened,
        several.name,
        first.class_names,
        (*(() if known else (several.note,)), *_briefly(said), *joined.notes),
        Files(tuple(p.name for p in pieces), tuple(p.rows for p in pieces), several.ordered),
        first.key,
    )
    return found.holding(joined.array())


def _check_alike(first: FileColumn, column: FileColumn, address: Address) -> None:
    """Raise InputError where files call their arrays or classes otherwise."""
    if column.class_names != first.class_names:
        here, there = (listed(c.class_names or (), "none") for c in (column, first))
        raise InputError(
            f"{column.name}: expected the columns of {first.name}, {there}, in this order, found "
            f"{here}; the pieces of a table have the same header"
        )
    if address.key is None and column.key != first.key:
        here, there = (brief(c.key) if c.key else "one without a name" for c in (column, first))
        raise InputError(
            f"{column.name}: expected the array {there}, as in {first.name}, found {here}; "
            "name the key that is meant, as in FILES:KEY"
        )


def _briefly(notes: list[str]) -> tuple[str, ...]:
    """How files were read: what is said of the first, and of how many others."""
    more = f" ({len(notes) - 1:,} more like this)" if len(notes) > 1 else ""
    return tuple(f"{note}{more}" for note in notes[:1])
