"""Files of ``torch.save``: read by range without torch, and without running anything from them.

A zip of ``data.pkl``, a pickle of the containers and of what tensors are made of, and of one member
per storage, which is not compressed.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.lib.stride_tricks import as_strided

from calibrate.data.column import Column, in_memory
from calibrate.data.file_span import BFLOAT16, widened
from calibrate.data.readers.arrays import ENCRYPTED, stored_at, zipped
from calibrate.data.readers.contents import (
    MOST_AXES,
    array_at,
    arrays_in,
    chosen,
    from_numbers,
    keys_of,
    opened,
    possible,
)
from calibrate.data.readers.pickles import Record, RefusedError, load, ordered
from calibrate.data.readers.registry import Format, Request
from calibrate.errors import InputError

FORMATS = (Format((".pt", ".pth", ".bin"), words="file of torch.save"),)
KIND, SAVER = "a file of torch.save", "torch.save"
WANTED = (
    "tensors in dicts, lists and tuples, as of "
    'torch.save({"logits": logits, "labels": labels}, PATH)'
)
LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9"  # how files of torch before 1.6 start
ORDERS: dict[bytes, Literal["<", ">"]] = {b"little": "<", b"big": ">"}


@dataclass(frozen=True, eq=False)
class Kind(Record):
    """A type of storages, or of tensors in one without a type of its own (None)."""

    dtype: np.dtype[Any] | None


@dataclass(frozen=True, eq=False)
class Storage(Record):
    """A member of the archive.

    Attributes:
        key: its name in ``data/``.
        dtype: None where its tensors say it.
        size: in values; in bytes where dtype is None.
    """

    key: str
    dtype: np.dtype[Any] | None
    size: int


@dataclass(frozen=True, eq=False)
class Tensor(Record):
    """A view of a storage.

    Attributes:
        dtype: of its values, in little-endian order.
        offset: of its first value, in values.
        strides: in values.
    """

    storage: Storage
    dtype: np.dtype[Any]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def room(self) -> int:
        """The values that the storage has room for."""
        return self.storage.size // (1 if self.storage.dtype is not None else self.dtype.itemsize)

    @property
    def span(self) -> int:
        """The values of the storage from its first to its last, of one that is not empty."""
        return 1 + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))


def _storage(identity: object) -> Storage:
    match identity:
        case ("storage", Kind(dtype), str(key), _, int(size)) if possible((size,)):
            return Storage(key, dtype, size)
    raise RefusedError("damaged: a storage of an unknown kind")


def _tensor_of_kind(
    storage: object,
    offset: object,
    shape: object,
    strides: object,
    _grad: object,
    _hooks: object,
    kind: object = None,
    metadata: object = None,
) -> Tensor:
    """In the place of ``torch._utils._rebuild_tensor_v3``."""
    if not (isinstance(storage, Storage) and isinstance(shape, tuple) and possible((offset,))):
        raise RefusedError("damaged: a tensor of odd parts")
    dtype = kind.dtype if isinstance(kind, Kind) else storage.dtype
    if dtype is None or not isinstance(strides, tuple) or not len(shape) == len(strides):
        raise RefusedError("damaged: a tensor of odd parts")
    if not possible(shape) or not all(possible((each,)) for each in strides):
        raise RefusedError("damaged: a tensor of an impossible shape")
    if len(shape) > MOST_AXES:
        raise RefusedError(f"found a tensor of {len(shape)} axes")
    if metadata:
        raise RefusedError("found a negated or conjugated view")
    tensor = Tensor(storage, dtype, int(str(offset)), shape, strides)
    if prod(shape) and tensor.offset + tensor.span > tensor.room:
        raise RefusedError(
            f"damaged: a tensor reaches beyond its storage of {tensor.room:,} values"
        )
    return tensor


def _tensor(
    storage: object,
    offset: object,
    shape: object,
    strides: object,
    grad: object,
    hooks: object,
    metadata: object = None,
) -> Tensor:
    """In the place of ``torch._utils._rebuild_tensor_v2``."""
    return _tensor_of_kind(storage, offset, shape, strides, grad, hooks, None, metadata)


def _parameter(tensor: object, *_: object) -> Tensor:
    """In the place of ``torch._utils._rebuild_parameter``: the tensor."""
    if not isinstance(tensor, Tensor):
        raise RefusedError("damaged: a parameter without a tensor")
    return tensor


STORAGES: dict[str, np.dtype[Any]] = {
    "Double": np.dtype("<f8"),
    "Float": np.dtype("<f4"),
    "Half": np.dtype("<f2"),
    "BFloat16": BFLOAT16,
    "Long": np.dtype("<i8"),
    "Int": np.dtype("<i4"),
    "Short": np.dtype("<i2"),
    "Char": np.dtype("i1"),
    "Byte": np.dtype("u1"),
    "Bool": np.dtype("?"),
}
ALLOWED: dict[str, object] = {
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_of_kind,
    "torch._utils._rebuild_parameter": _parameter,
    "collections.OrderedDict": ordered,
    "torch.storage.UntypedStorage": Kind(None),
    **{f"torch.{name}Storage": Kind(dtype) for name, dtype in STORAGES.items()},
    **{f"torch.uint{bits}": Kind(np.dtype(f"<u{bits // 8}")) for bits in (16, 32, 64)},
}


@dataclass(frozen=True)
class Archive:
    """A file of torch.save; ``prefix`` is that of the names of its members."""

    members: zipfile.ZipFile
    file: BinaryIO
    prefix: str
    name: str

    def find(self, member: str, name: str) -> tuple[int, int]:
        """Where a member starts and ends in the file."""
        try:
            info = self.members.getinfo(self.prefix + member)
        except KeyError as error:
            raise InputError(f"{name}: damaged: no {member} in it; save it again") from error
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & ENCRYPTED:
            raise InputError(f"{name}: expected it as it was saved, found {member} compressed")
        self.members.open(info).close()  # which compares its own header with the list of all
        return stored_at(self.members, self.file, info, name)

    def content(self, member: str) -> bytes:
        start, end = self.find(member, self.name)
        self.file.seek(start)
        return self.file.read(end - start)

    def tensors(self) -> list[tuple[str | None, Tensor | list[float]]]:
        pickled = io.BytesIO(self.content("data.pkl"))
        tree = load(pickled, ALLOWED, self.name, wanted=WANTED, stored=_storage)
        return arrays_in(tree, Tensor, self.name)

    def order(self) -> Literal["<", ">"]:
        """The order of bytes: little-endian where it is not said."""
        if f"{self.prefix}byteorder" not in self.members.namelist():
            return "<"
        found = self.content("byteorder")
        if found not in ORDERS:
            raise InputError(f"{self.name}: damaged: of an unknown order of bytes; save it again")
        return ORDERS[found]

    def values(self, tensor: Tensor, path: Path, name: str) -> Column:
        """The values of a tensor, read by range where they lie side by side."""
        shape, strides = tensor.shape, tensor.strides
        dtype = tensor.dtype.newbyteorder(self.order())
        start, end = self.find(f"data/{tensor.storage.key}", name)
        if not prod(shape):
            return in_memory(widened(np.empty(shape, dtype)), name)
        if prod(shape) > tensor.room:
            raise InputError(
                f"{name}: found an expanded tensor, {prod(shape):,} values made of "
                f"{tensor.room:,}; save its .clone()"
            )
        start += tensor.offset * dtype.itemsize
        missing = start + tensor.span * dtype.itemsize - end
        if missing > 0:
            raise InputError(
                f"{name}: truncated or damaged: its storage lacks {missing:,} bytes; save it again"
            )
        if _side_by_side(shape, strides):
            return array_at(self.file, path, name, start, shape, dtype)
        if _side_by_side(shape[::-1], strides[::-1]):
            return array_at(self.file, path, name, start, shape, dtype, fortran=True)
        self.file.seek(start)
        held = np.frombuffer(self.file.read(tensor.span * dtype.itemsize), dtype)
        in_bytes = [dtype.itemsize * each for each in strides]
        return in_memory(widened(as_strided(held, shape, in_bytes, writeable=False)), name)


def _side_by_side(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether values lie one after the other, the last axis first."""
    step = 1
    for n, stride in zip(reversed(shape), reversed(strides), strict=True):
        if n != 1 and stride != step:
            return False
        step *= n
    return True


@contextmanager
def _opened(path: Path, name: str, said: str = "") -> Iterator[Archive]:
    with opened(path, name, b"", KIND, SAVER) as file:
        head = file.read(len(LEGACY))
    if head == LEGACY:
        raise InputError(
            f"{name}: of the legacy format of torch; torch.load it once, and save it again with "
            "torch.save"
        )
    with zipped(path, name, KIND, SAVER, said) as (members, file):
        ends = [each for each in members.namelist() if each.endswith("data.pkl")]
        found = [each for each in ends if each == "data.pkl" or each.endswith("/data.pkl")]
        if len(found) != 1:
            raise InputError(
                f"{name}: expected {KIND}, found another zip archive (of {len(found)} data.pkl)"
            )
        yield Archive(members, file, found[0].removesuffix("data.pkl"), name)


def keys(path: Path, request: Request) -> list[str] | None:
    """The keys of the tensors in a file; None where it is one tensor."""
    with _opened(path, request.file) as archive:
        return keys_of(archive.tensors())


def open(path: Path, key: str | None, request: Request) -> Column:
    """One tensor of a file, read by range unless it is a view with gaps.

    Raises:
        InputError: it is not a whole file of torch.save, holds more than tensors, or has no such
            tensor.
    """
    name = request.file if key is None else f"{request.file}:{key}"
    with _opened(path, request.file, name) as archive:
        found = chosen(archive.tensors(), key, request.file)
        if isinstance(found, list):
            return in_memory(from_numbers(found, name), name)
        return archive.values(found, path, name)
