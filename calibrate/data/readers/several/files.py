"""Several files named as one: by a pattern, by their folder, or one by one with commas."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd
from pathlib import Path

from calibrate.data.readers.address import Address
from calibrate.data.readers.formats import FORMATS, folder_format
from calibrate.data.readers.several.natural import in_natural_order, shared_start, tokens, varying
from calibrate.errors import InputError
from calibrate.printable import cut, listed

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
