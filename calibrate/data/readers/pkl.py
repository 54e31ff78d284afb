"""Pickles of numpy arrays in tuples, lists and dicts, read without running anything from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from calibrate.arrays import AnyArray
from calibrate.data.readers.contents import arrays_in, chosen, from_numbers, keys_of
from calibrate.data.readers.npy import MOST_AXES, possible
from calibrate.data.readers.restricted import ORDERED, RefusedError, Sealed, Stand, load
from calibrate.errors import InputError
from calibrate.files import reading

WANTED = (
    "numpy arrays in dicts, lists and tuples, as of "
    'pickle.dump({"logits": logits, "labels": labels}, FILE)'
)
PLAIN = re.compile(r"[biu][1248]|f[248]|[US][0-9]{1,9}")  # numbers and text


class Dtype(Sealed):
    """In the place of a ``numpy.dtype``; its state, set once, says the order of bytes."""

    def __init__(self, code: object, _align: object = False, _copy: object = True) -> None:
        if not isinstance(code, str) or not PLAIN.fullmatch(code):
            raise RefusedError(f"found values of dtype {code!r:.60}")
        self._code, self._order = code, ""

    def __setstate__(self, state: object) -> None:
        match state:
            case (int(), str(order), None, None, None, int(), int(), int()) if (
                order in ("<", ">", "|", "=") and not self._order
            ):
                self._order = order
            case _:
                raise RefusedError("damaged: a dtype of an unknown kind")

    @property
    def dtype(self) -> np.dtype[Any]:
        found: np.dtype[Any] = np.dtype(f"{self._order}{self._code}")
        if not found.itemsize:
            raise RefusedError(f"found values of dtype {self._code}, which have no size")
        return found


class Texts(Sealed):
    """Bytes written as text, as protocols 0 to 2 do; each file has as many as it is long."""

    def __init__(self, most: int) -> None:
        self._left = most

    def encoded(self, text: object, encoding: object = "latin1") -> bytes:
        """In the place of ``_codecs.encode``."""
        if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
            raise RefusedError("found a text of an odd encoding")
        self._left -= len(text)
        if self._left < 0:
            raise RefusedError("found more bytes than the file has")
        return text.encode("latin1")


class Array(Sealed):
    """In the place of a ``numpy.ndarray``; its state, set once, gives its values."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self.values: AnyArray | None = None

    def __setstate__(self, state: object) -> None:
        match state:
            case (int(), shape, dtype, fortran, content):
                self.fill(content, dtype, shape, "F" if fortran else "C")
            case _:
                raise RefusedError("damaged: an array of odd parts")

    def fill(
        self, content: object, dtype: object, shape: object, order: object, axes: object = None
    ) -> Array:
        """Take the values as they lie, one after the other, in ``content``."""
        if isinstance(content, list):
            raise RefusedError("found an array of Python objects")
        if isinstance(content, str):  # of Python 2
            content = self._texts.encoded(content)
        if not (isinstance(content, (bytes, bytearray)) and isinstance(dtype, Dtype)):
            raise RefusedError("damaged: an array of odd parts")
        if self.values is not None or not isinstance(shape, tuple) or not possible(shape):
            raise RefusedError("damaged: an array of odd parts")
        kind = dtype.dtype
        if len(shape) > MOST_AXES or len(content) != prod(shape) * kind.itemsize:
            raise RefusedError(f"damaged: {len(content):,} bytes for {kind} of shape {shape!r:.60}")
        values = np.frombuffer(content, kind) if content else np.empty(0, kind)
        if order == "K" and isinstance(axes, tuple):
            self.values = values.reshape(shape).transpose(axes)
        else:
            self.values = values.reshape(shape, order="F" if order == "F" else "C")
        return self


def _stands(size: int) -> dict[str, Sealed]:
    """What stands in the place of which global, for a file of so many bytes."""
    texts, kind = Texts(size), Sealed()

    def reconstruct(made: object, *_: object) -> Array:
        if made is not kind:
            raise RefusedError("damaged: an array of an unknown kind")
        return Array(texts)

    def scalar(dtype: object, content: object) -> Array:
        return Array(texts).fill(content, dtype, (), "C")

    def from_buffer(*parts: object) -> Array:
        if len(parts) not in (4, 5):
            raise RefusedError("damaged: an array of odd parts")
        return Array(texts).fill(*parts)

    stands: dict[str, Sealed] = {
        "collections.OrderedDict": ORDERED,
        "_codecs.encode": Stand(texts.encoded),
        "__builtin__.bytes": Stand(bytes_of_nothing),
        "builtins.bytes": Stand(bytes_of_nothing),
        "numpy.dtype": Stand(Dtype),
        "numpy.ndarray": kind,
        "numpy.memmap": kind,
    }
    for core in ("numpy.core", "numpy._core"):
        stands[f"{core}.multiarray._reconstruct"] = Stand(reconstruct)
        stands[f"{core}.multiarray.scalar"] = Stand(scalar)
        stands[f"{core}.numeric._frombuffer"] = Stand(from_buffer)
    return stands


def bytes_of_nothing() -> bytes:
    """How protocols 0 to 2 write no bytes."""
    return b""


@contextmanager
def _held(path: Path, name: str) -> Iterator[list[tuple[str | None, Array | list[float]]]]:
    with reading(path, name) as file:
        size = path.stat().st_size
        if not size:
            raise InputError(f"{name}: expected a pickle of numpy arrays, found an empty file")
        yield arrays_in(load(file, _stands(size), name, wanted=WANTED), Array, name)


def keys(path: Path) -> list[str] | None:
    """The keys of the arrays in a file; None where it is one array."""
    with _held(path, str(path)) as held:
        return keys_of(held)


def read(path: Path, key: str | None, name: str) -> AnyArray:
    """One array of a file, in memory.

    Raises:
        InputError: it is not a whole pickle, holds more than arrays, or has no such array.
    """
    file_name = name if key is None else name.removesuffix(f":{key}")
    with _held(path, file_name) as held:
        found = chosen(held, key, file_name)
    if isinstance(found, list):
        return from_numbers(found, name)
    if found.values is None:
        raise InputError(f"{name}: damaged: an array without values; save it again")
    return found.values
