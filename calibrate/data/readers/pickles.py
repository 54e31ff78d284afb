"""Pickles of numpy arrays in tuples, lists and dicts, read without running anything from them.

An Unpickler calls what a pickle names. Here a name stands for what an allow-list puts in its
place, or the pickle is refused; the steps that set attributes or make objects of other classes
take only records of ours.
"""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from calibrate.arrays import AnyArray
from calibrate.data.column import Column, in_memory
from calibrate.data.readers.contents import (
    MOST_AXES,
    arrays_in,
    chosen,
    from_numbers,
    keys_of,
    opened,
    possible,
)
from calibrate.data.readers.registry import Format, Request
from calibrate.errors import InputError
from calibrate.text import cut

FORMATS = (Format((".pkl", ".pickle"), words="pickle"),)
WANTED = (
    "numpy arrays in dicts, lists and tuples, as of "
    'pickle.dump({"logits": logits, "labels": labels}, FILE)'
)
MOST_STEPS = 1 << 20  # of a pickle; an array takes about 30, whatever its size
PLAIN = re.compile(r"[biu][1248]|f[248]|[US][0-9]{1,9}")  # numbers and text


class RefusedError(Exception):
    """What a pickle must not hold, in words that go behind the name of the file."""


class Record:
    """An object of ours that a pickle may give a state; it can alter nothing else."""

    def take(self, _: object) -> None:
        """Take the state that a pickle gives it."""
        raise RefusedError("it sets attributes of what has none")


class _Ordered(dict[object, object], Record):
    """In the place of an ``OrderedDict``, whose attributes are left out."""

    def take(self, _: object) -> None:
        """Leave them out."""


def ordered() -> Record:
    """In the place of ``collections.OrderedDict``."""
    return _Ordered()


class _Unpickler(pickle._Unpickler):
    """The Unpickler that is written in Python, whose steps can be chosen one by one.

    Left out are the steps that make objects of any class, or look up extensions: no step
    but those of ``allowed`` functions runs anything.
    """

    stack: list[Any]
    append: Callable[[object], None]
    read: Callable[[int], bytes]
    pop_mark: Callable[[], list[Any]]

    def __init__(
        self,
        file: BinaryIO,
        allowed: Mapping[str, object],
        stored: Callable[[object], object] | None,
    ) -> None:
        here = file.tell()
        self._size = file.seek(0, os.SEEK_END)
        file.seek(here)
        super().__init__(file, encoding="latin1")
        # a file makes room for all that is asked of it
        self._file_read = lambda size: file.read(min(size, self._size))
        self._allowed, self._stored, self._left = allowed, stored, MOST_STEPS

    def find_class(self, module: str, name: str) -> object:
        found = self._allowed.get(f"{module}.{name}")
        if found is None:
            raise RefusedError(f"found {cut(f'{module}.{name}')}, which is neither read nor run")
        return found

    def persistent_load(self, pid: object) -> object:
        if self._stored is None:
            raise RefusedError("it refers to what is stored elsewhere")
        return self._stored(pid)

    def __getitem__(self, code: int) -> Callable[[_Unpickler], None]:
        """What a step does."""
        self._left -= 1
        if self._left < 0:
            raise RefusedError(f"found more than {MOST_STEPS:,} values")
        if code not in STEPS:
            raise RefusedError(f"damaged, or found a step that is not taken, {bytes([code])!r}")
        return STEPS[code]

    @property
    def dispatch(self) -> _Unpickler:  # type: ignore[override]  # where load looks for each step
        return self

    def build(self) -> None:
        state = self.stack.pop()
        if not isinstance(self.stack[-1], Record):
            raise RefusedError("it sets attributes of what has none")
        self.stack[-1].take(state)

    def buffer(self) -> None:
        """Bytes that can be written to, whose room would be made before they are read."""
        size = int.from_bytes(self.read(8), "little")
        if size > self._size:
            raise RefusedError("found more bytes than the file has")
        self.append(self.read(size))

    def extension(self) -> None:
        raise RefusedError("found an extension of pickle, which is neither read nor run")

    def set_item(self) -> None:
        self._set(self.stack[-3:-2], [self.stack.pop(-2), self.stack.pop()])

    def set_items(self) -> None:
        items = self.pop_mark()
        self._set(self.stack[-1:], items)

    def new_dict(self) -> None:
        items = self.pop_mark()
        self.append({})
        self._set(self.stack[-1:], items)

    def new_set(self) -> None:
        """A set is passed over: an empty one stands in its place, so that nothing is hashed."""
        self.append(frozenset())

    def new_frozen_set(self) -> None:
        self.pop_mark()
        self.new_set()

    def add_items(self) -> None:
        self.pop_mark()
        if self.stack[-1] != frozenset():
            raise RefusedError("damaged: items of what is no set")

    def _set(self, held: list[object], items: list[object]) -> None:
        """Keys are plain: the hash of tuples inside each other goes as deep in C."""
        for key, value in zip(items[::2], items[1::2], strict=True):
            inner = key if isinstance(key, tuple) else (key,)
            if any(type(each) not in (str, bytes, int, float, bool, type(None)) for each in inner):
                raise RefusedError("found a dict whose keys are not plain")
            if not isinstance(held[0], dict):
                raise RefusedError("damaged: items of what is no dict")
            held[0][key] = value


LEFT_OUT = (pickle.NEWOBJ, pickle.NEWOBJ_EX, pickle.NEXT_BUFFER)
STEPS: dict[int, Callable[[Any], None]] = {
    **{
        code: step
        for code, step in pickle._Unpickler.dispatch.items()
        if bytes([code]) not in LEFT_OUT
    },
    pickle.BUILD[0]: _Unpickler.build,
    pickle.BYTEARRAY8[0]: _Unpickler.buffer,
    pickle.SETITEM[0]: _Unpickler.set_item,
    pickle.SETITEMS[0]: _Unpickler.set_items,
    pickle.DICT[0]: _Unpickler.new_dict,
    pickle.EMPTY_SET[0]: _Unpickler.new_set,
    pickle.FROZENSET[0]: _Unpickler.new_frozen_set,
    pickle.ADDITEMS[0]: _Unpickler.add_items,
    **{code[0]: _Unpickler.extension for code in (pickle.EXT1, pickle.EXT2, pickle.EXT4)},
}


def load(
    file: BinaryIO,
    allowed: Mapping[str, object],
    name: str,
    *,
    wanted: str,
    stored: Callable[[object], object] | None = None,
) -> object:
    """The content of the pickle that fills a file from where it is.

    Args:
        allowed: by the whole name of a global, what stands in its place: functions of ours, and
            what is no function.
        wanted: what is to be saved, and how, for messages.
        stored: gives what a persistent id refers to; None: nothing does.

    Raises:
        InputError: it holds anything else, or is damaged.
    """
    try:
        found = _Unpickler(file, allowed, stored).load()
        if file.read(1):
            raise RefusedError("found more behind the first pickle")
    except (InputError, OSError, MemoryError):
        raise
    except RefusedError as error:
        raise InputError(f"{name}: {error}; expected {wanted}") from error
    except Exception as error:  # an Unpickler raises whatever odd steps make it stumble over
        raise InputError(
            f"{name}: damaged or of an unknown kind ({cut(str(error))}); expected {wanted}"
        ) from error
    return found


# What stands in the place of what numpy has pickled.


class _Dtype(Record):
    """In the place of a ``numpy.dtype``; its state, set once, says the order of bytes."""

    def __init__(self, code: object, _align: object = False, _copy: object = True) -> None:
        if not isinstance(code, str) or not PLAIN.fullmatch(code) or not np.dtype(code).itemsize:
            raise RefusedError(f"found values of dtype {code!r:.60}")
        self.dtype, self._set = np.dtype(code), False

    def take(self, state: object) -> None:
        match state:
            case (int(), ("<" | ">" | "|" | "=") as order, None, None, None, int(), int(), int()):
                if self._set:
                    raise RefusedError("damaged: a dtype of an unknown kind")
                self.dtype, self._set = self.dtype.newbyteorder(order), True
            case _:
                raise RefusedError("damaged: a dtype of an unknown kind")


class _PickledArray(Record):
    """In the place of a ``numpy.ndarray``; its state, set once, gives its values."""

    def __init__(self, encoded: Callable[[object], bytes]) -> None:
        self._encoded = encoded
        self.values: AnyArray | None = None

    def take(self, state: object) -> None:
        match state:
            case (int(), shape, dtype, fortran, content):
                self.fill(content, dtype, shape, "F" if fortran else "C")
            case _:
                raise RefusedError("damaged: an array of odd parts")

    def fill(
        self, content: object, dtype: object, shape: object, order: object, axes: object = None
    ) -> _PickledArray:
        """Take the values as they lie, one after the other, in ``content``."""
        if isinstance(content, list):
            raise RefusedError("found an array of Python objects")
        if isinstance(content, str):  # of Python 2
            content = self._encoded(content)
        if not (isinstance(content, bytes) and isinstance(dtype, _Dtype)):
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


def allowed_in(size: int) -> dict[str, object]:
    """What stands in the place of which global, for a file of so many bytes."""
    left, array_class = [size], object()

    def encoded(text: object, encoding: object = "latin1") -> bytes:
        """Bytes written as text, as protocols 0 to 2 do; a file has as many as it is long."""
        if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
            raise RefusedError("found a text of an odd encoding")
        left[0] -= len(text)
        if left[0] < 0:
            raise RefusedError("found more bytes than the file has")
        return text.encode("latin1")

    def reconstruct(made: object, *_: object) -> _PickledArray:
        if made is not array_class:
            raise RefusedError("damaged: an array of an unknown kind")
        return _PickledArray(encoded)

    def scalar(dtype: object, content: object) -> _PickledArray:
        return _PickledArray(encoded).fill(content, dtype, (), "C")

    def from_buffer(*parts: object) -> _PickledArray:
        if len(parts) not in (4, 5):
            raise RefusedError("damaged: an array of odd parts")
        return _PickledArray(encoded).fill(*parts)

    def dtype(*parts: object) -> _Dtype:
        return _Dtype(*parts)

    def no_bytes() -> bytes:  # as protocols 0 to 2 write them
        return b""

    functions: dict[str, object] = {
        "collections.OrderedDict": ordered,
        "_codecs.encode": encoded,
        "__builtin__.bytes": no_bytes,
        "builtins.bytes": no_bytes,
        "numpy.dtype": dtype,
        "numpy.ndarray": array_class,
        "numpy.memmap": array_class,
    }
    for core in ("numpy.core", "numpy._core"):
        functions[f"{core}.multiarray._reconstruct"] = reconstruct
        functions[f"{core}.multiarray.scalar"] = scalar
        functions[f"{core}.numeric._frombuffer"] = from_buffer
    return functions


@contextmanager
def _held(path: Path, name: str) -> Iterator[list[tuple[str | None, _PickledArray | list[float]]]]:
    with opened(path, name, b"", "a pickle of numpy arrays", "pickle.dump") as file:
        allowed = allowed_in(path.stat().st_size)
        yield arrays_in(load(file, allowed, name, wanted=WANTED), _PickledArray, name)


def keys(path: Path, request: Request) -> list[str] | None:
    """The keys of the arrays in a file; None where it is one array."""
    with _held(path, request.file) as held:
        return keys_of(held)


def open(path: Path, key: str | None, request: Request) -> Column:
    """One array of a file, in memory.

    Raises:
        InputError: it is not a whole pickle, holds more than arrays, or has no such array.
    """
    name = request.file if key is None else f"{request.file}:{key}"
    with _held(path, request.file) as held:
        found = chosen(held, key, request.file)
    if isinstance(found, list):
        return in_memory(from_numbers(found, name), name)
    if found.values is None:
        raise InputError(f"{name}: damaged: an array without values; save it again")
    return in_memory(found.values, name)
