"""Pickles read without running anything from them.

The standard Unpickler runs what a pickle names: so here a name stands for what we put in its place,
or the pickle is refused. What it makes of these are plain containers and ``Sealed`` records of
ours, which no step of a pickle can alter; and a first look at all steps, before any is taken,
bounds what they take up.
"""

from __future__ import annotations

import os
import pickle
import pickletools
from collections.abc import Callable, Mapping
from typing import BinaryIO

from calibrate.data.readers.contents import MOST_DEPTH
from calibrate.errors import InputError
from calibrate.text import cut

MOST_STEPS = 1 << 20  # of a pickle; an array takes about 30, whatever its size
MARK = -1  # stands for a mark among depths
PUTS = ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE")
GETS = ("GET", "BINGET", "LONG_BINGET")


class RefusedError(Exception):
    """What a pickle must not hold, in words that go behind the name of the file."""


class Sealed:
    """What nothing in a pickle can alter: the step BUILD would set attributes otherwise."""

    def __setstate__(self, _: object) -> None:
        raise RefusedError("it sets attributes of what has none")


class Stand(Sealed):
    """What is called in the place of a function or class that a pickle names; no class itself."""

    def __init__(self, call: Callable[..., object]) -> None:
        self._call = call

    def __call__(self, *arguments: object) -> object:
        return self._call(*arguments)


class Ordered(dict[object, object]):
    """In the place of an ``OrderedDict``, whose attributes are left out."""

    def __setstate__(self, _: object) -> None:
        """Leave them out."""


ORDERED = Stand(lambda: Ordered())


class _Within:
    """A file of which no more is asked than it has: a reader makes room for all that is asked."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.tell, self.readline = file, file.tell, file.readline
        here = file.tell()
        self._end = file.seek(0, os.SEEK_END)
        file.seek(here)

    def read(self, size: int) -> bytes:
        return self._file.read(max(0, min(size, self._end - self._file.tell())))


class _Unpickler(pickle.Unpickler):
    def __init__(
        self, file: _Within, stands: Mapping[str, Sealed], stored: Callable[[object], Sealed]
    ) -> None:
        super().__init__(file, encoding="latin1")
        self._stands, self._stored = stands, stored

    def find_class(self, module: str, name: str) -> Sealed:
        found = self._stands.get(f"{module}.{name}")
        if found is None:
            raise RefusedError(f"found {cut(f'{module}.{name}')}, which is neither read nor run")
        return found

    def persistent_load(self, identity: object) -> Sealed:
        return self._stored(identity)


def nothing_stored(_: object) -> Sealed:
    """For pickles that refer to nothing outside them."""
    raise RefusedError("it refers to what is stored elsewhere")


def load(
    file: BinaryIO,
    stands: Mapping[str, Sealed],
    name: str,
    *,
    wanted: str,
    stored: Callable[[object], Sealed] = nothing_stored,
) -> object:
    """The content of the pickle that fills a file from where it is.

    Args:
        stands: by the whole name of a global, what stands in its place.
        wanted: what is to be saved, and how, for messages.
        stored: gives what a persistent id refers to.

    Raises:
        InputError: it holds anything else, or is damaged.
    """
    start = file.tell()
    try:
        _check_steps(_Within(file))
        file.seek(start)
        return _Unpickler(_Within(file), stands, stored).load()
    except (InputError, OSError, MemoryError):
        raise
    except RefusedError as error:
        raise InputError(f"{name}: {error}; expected {wanted}") from error
    except Exception as error:  # an Unpickler raises whatever odd steps make it stumble over
        raise InputError(
            f"{name}: damaged or of an unknown kind ({cut(str(error))}); expected {wanted}"
        ) from error


def _check_steps(file: _Within) -> None:
    """Raise RefusedError where it would fill the memory or the stack, or run an extension."""
    depths = _Depths()
    every = pickletools.genops(file)  # type: ignore[arg-type]  # it reads and tells
    for number, (step, argument, _) in enumerate(every):
        if number == MOST_STEPS:
            raise RefusedError(f"found more than {MOST_STEPS:,} values")
        if step.name.startswith("EXT"):  # looked up by number, in part without find_class
            raise RefusedError("found an extension of pickle, which is neither read nor run")
        if step.name in PUTS and isinstance(argument, int) and not 0 <= argument <= number:
            raise RefusedError("found a place in its memory that is out of range")
        depths.take(step, argument)
    if file.read(1):
        raise RefusedError("found more behind the first pickle")


class _Depths:
    """How deep the values on the stack of an Unpickler are: hashing a tuple goes as deep in C."""

    def __init__(self) -> None:
        self._stack: list[int] = []
        self._memo: dict[object, int] = {}

    def take(self, step: pickletools.OpcodeInfo, argument: object) -> None:
        before, after = step.stack_before, step.stack_after
        if step.name in PUTS:
            self._memo[len(self._memo) if argument is None else argument] = self._stack[-1]
            return
        if step.name in GETS:
            self._stack.append(self._memo[argument])
            return
        if pickletools.markobject in after:
            self._stack.append(MARK)
            return
        n_before, taken = len(before), []
        marked = pickletools.markobject in before
        if marked or (step.name == "POP" and self._stack[-1] == MARK):
            while (depth := self._stack.pop()) != MARK:
                taken.append(depth)
            n_before = before.index(pickletools.markobject) if marked else 0
        for _ in range(n_before):
            taken.append(self._stack.pop())
        kept = len(before) > 1 and n_before and before[:1] == after  # as a list that grows
        outer = taken.pop() if kept else 0
        depth = max(outer, 1 + max(taken, default=-1))
        if depth > MOST_DEPTH:
            raise RefusedError(f"found more than {MOST_DEPTH} values inside each other")
        self._stack += [depth] * len(after)
