"""What all readers of arrays do: open a file, and choose among the arrays in it, by keys such as
``outputs.logits`` or ``0.1``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from itertools import count
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np

from calibrate.arrays import AnyArray
from calibrate.data.column import Column, in_file
from calibrate.data.file_span import FileSpan, LocalFile
from calibrate.errors import InputError
from calibrate.files import reading
from calibrate.text import brief, cut, listed

T = TypeVar("T")

MOST_AXES = 32  # numpy has no more than 64, and one is added here and there
MOST_DEPTH = 100  # containers inside each other
MOST_VISITED = 1 << 20  # values in them, each as often as it is referred to
MOST_ARRAYS = 100_000
MOST_KEY = 1_000  # characters
MOST_NEAR = 200  # characters of keys, and ten times as many keys, that are compared with another
MOST_UNPACKED = 1 << 30  # bytes of numbers that take up far less in their file
MOST_RATIO = 50  # times as large as in the file: scores shrink by 2 or so
NUMBERS = frozenset((bool, int, float))

Held = Sequence[tuple["str | None", T]]  # the key is None where the file is one array


@contextmanager
def opened(
    path: Path, name: str, magic: bytes, kind: str, saver: str, said: str = ""
) -> Iterator[BinaryIO]:
    """A file that starts as it should; whatever is wrong with it is one line.

    Args:
        path, name: of the file, and what the user calls it.
        magic: its first bytes; none: any.
        kind: of file that is expected, as in "a .npz file".
        saver: what writes such files.
        said: what is called damaged, where that is not the file.

    Raises:
        InputError: it is empty, something else or damaged.
        OSError: it cannot be read.
    """
    with reading(path, name) as file:
        start = file.read(max(8, len(magic)))
        if not start:
            raise InputError(f"{name}: expected {kind}, found an empty file")
        if not start.startswith(magic):
            raise InputError(
                f"{name}: expected {kind}, found something else (it starts with {start!r}); save "
                f"it with {saver}"
            )
        file.seek(0)
        with undamaged(said or name, kind, saver):
            yield file


@contextmanager
def undamaged(name: str, kind: str, saver: str) -> Iterator[None]:
    """Whatever a damaged file makes a reader stumble over, as one line."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:  # libraries and parsers raise a dozen kinds
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the system, not of a library
        raise InputError(
            f"{name}: expected {kind}, found a damaged or truncated one, or one of an unknown kind "
            f"({cut(str(error))}); save it again with {saver}"
        ) from error


def possible(shape: tuple[object, ...]) -> bool:
    """Whether an array can have a shape, without a size that overflows."""
    sizes = [size for size in shape if type(size) is int and 0 <= size < 1 << 48]
    return len(sizes) == len(shape) and prod(size or 1 for size in sizes) < 1 << 60


def array_at(
    file: BinaryIO,
    path: Path,
    name: str,
    start: int,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    *,
    fortran: bool = False,
) -> Column:
    """The column of a plain array in an open file, from a byte on."""
    source = LocalFile.of(file, str(path), name)
    return in_file(FileSpan(source, start, shape, dtype, fortran), name)


def check_unpacked(unpacked: int, packed: int, name: str) -> None:
    """Raise InputError for a few bytes that would fill the disk or the memory."""
    if unpacked > max(MOST_UNPACKED, MOST_RATIO * packed):
        raise InputError(
            f"{name}: expected at most {MOST_UNPACKED >> 30} GiB of numbers packed more than "
            f"{MOST_RATIO} times, found {unpacked / (1 << 30):.1f} GiB in {packed:,} bytes; save "
            "them with numpy.save"
        )


def arrays_in(tree: object, kind: type[T], name: str) -> list[tuple[str | None, T | list[float]]]:
    """The values of a kind, and lists of numbers, in dicts, lists and tuples, by their keys.

    Raises:
        InputError: there is none, or there are too many, or too deep, or by endless keys.
    """
    found: list[tuple[str | None, T | list[float]]] = []
    visited = count()
    for key, value in _leaves(tree, None, kind, 0, visited, name):
        if len(found) == MOST_ARRAYS or (key is not None and len(key) > MOST_KEY):
            raise InputError(
                f"{name}: expected at most {MOST_ARRAYS:,} arrays with keys of at most "
                f"{MOST_KEY:,} characters, found more; save logits and labels alone"
            )
        found.append((key, value))
    if not found:
        raise InputError(f"{name}: expected an array, found none in it; save logits and labels")
    return found


def _leaves(
    tree: object, key: str | None, kind: type[T], depth: int, visited: Iterator[int], name: str
) -> Iterator[tuple[str | None, T | list[float]]]:
    if next(visited) > MOST_VISITED or depth > MOST_DEPTH:
        raise InputError(
            f"{name}: expected arrays, found containers inside each other without end; save "
            "logits and labels alone"
        )
    if isinstance(tree, kind):
        yield key, tree
    elif isinstance(tree, (dict, list, tuple)):
        if tree and isinstance(tree, list) and NUMBERS.issuperset(map(type, tree)):
            yield key, tree
            return
        head = "" if key is None else f"{key[: MOST_KEY + 1]}."
        for inner, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            name_of = inner if isinstance(inner, str) else brief(inner)
            yield from _leaves(value, head + name_of, kind, depth + 1, visited, name)


def from_numbers(values: list[float], name: str) -> AnyArray:
    """A list of numbers as an array."""
    found = np.array(values, dtype=np.float64 if float in map(type, values) else None)
    if found.dtype == object:
        raise InputError(f"{name}: expected numbers of at most 64 bits, found larger ones")
    return found


def keys_of(held: Held[T]) -> list[str] | None:
    """The keys; None where the file is one array."""
    keys = [key for key, _ in held if key is not None]
    return keys if len(keys) == len(held) else None


def chosen(held: Held[T], key: str | None, name: str) -> T:
    """The one value of a key in a file called ``name``.

    Raises:
        InputError: there is none, or there are several.
    """
    found = [value for each, value in held if each == key]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{name}: holds {len(found)} arrays {brief(key)}; save it again with one")
    keys = keys_of(held)
    if keys is None:
        raise InputError(f"{name}: is one array, without keys; leave out :{brief(key)[1:-1]}")
    raise InputError(
        f"{name}: no array {brief(key)}; it holds {listed(nearest_first(str(key), keys))}"
    )


def nearest_first(wanted: str, names: Iterable[str]) -> list[str]:
    """Names without repetition, those most like another one first."""
    every = list(dict.fromkeys(names))
    short = [each for each in every[: 10 * MOST_NEAR] if len(each) <= MOST_NEAR]
    near = get_close_matches(wanted[:MOST_NEAR], short, n=12, cutoff=0.5)
    return list(dict.fromkeys([*near, *every]))
