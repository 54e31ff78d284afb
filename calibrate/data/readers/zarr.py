"""Folders of the format Zarr, versions 2 and 3: decoded once, a few rows of chunks at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import zarr
from zarr.core.buffer import Buffer, default_buffer_prototype
from zarr.storage import MemoryStore

from calibrate.data.columns import Opened
from calibrate.data.readers.contents import MOST_ARRAYS, MOST_DEPTH, check_unpacked, chosen, keys_of
from calibrate.data.readers.npy import MOST_AXES, possible
from calibrate.data.spool import CodedArray, Coder, Spool
from calibrate.errors import InputError
from calibrate.files import check_regular, read_text, reading
from calibrate.text import brief, cut

SAVER = "zarr, as numbers"
AT_ONCE = 16 << 20  # bytes of rows that are decoded at once
MOST_AT_ONCE = 128 << 20  # the same, where so many are packed together
MOST_CHUNK = 1 << 30  # bytes that are packed together
META = {2: ".zarray", 3: "zarr.json"}
PACKED = frozenset(("blosc", "bz2", "gzip", "lz4", "lzma", "zlib", "zstd"))
CODECS = {  # that give back numbers or texts and run nothing else
    2: PACKED | {"shuffle", "delta", "bitround", "fletcher32", "crc32", "adler32", "vlen-utf8"},
    3: PACKED | {"bytes", "crc32c", "sharding_indexed", "transpose", "vlen-utf8"},
}
NUMBERS = frozenset(
    ("bool", *(f"{sign}int{8 << i}" for sign in ("", "u") for i in range(4)), "float16", "float32")
) | {"float64"}


@dataclass(frozen=True)
class Meta:
    """What the file of an array says of it.

    Attributes:
        version: of the format.
        shape, chunks: of the array, and of what is packed together.
        kind: its dtype, as the file names it.
        codecs: all that a chunk goes through.
    """

    version: int
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    kind: object
    codecs: tuple[str, ...]

    @staticmethod
    def of(content: dict[str, Any], version: int) -> Meta:
        if version == 2:
            steps = [content.get("compressor"), *(content.get("filters") or [])]
            names = [str(step["id"]) for step in steps if step is not None]
            chunks, kind = content["chunks"], content["dtype"]
        else:
            names = list(_names(content["codecs"]))
            if content["chunk_grid"]["name"] != "regular" or content.get("storage_transformers"):
                raise ValueError("chunks of various sizes")
            chunks = content["chunk_grid"]["configuration"]["chunk_shape"]
            kind = content["data_type"]
        shape = tuple(content["shape"])
        if not possible(shape) or not possible((*chunks,)) or len(chunks) != len(shape):
            raise ValueError(f"an impossible shape {shape} in chunks of {chunks}")
        return Meta(version, shape, tuple(chunks), kind, tuple(names))

    @property
    def text(self) -> bool:
        """Whether it holds texts."""
        if self.version == 2:
            fixed = isinstance(self.kind, str) and self.kind[1:2] in ("U", "S")
            return fixed or (self.kind == "|O" and "vlen-utf8" in self.codecs)
        kind = self.kind.get("name") if isinstance(self.kind, dict) else self.kind
        return kind in ("string", "fixed_length_utf32", "null_terminated_bytes")

    @property
    def number(self) -> bool:
        if self.version == 3:
            return isinstance(self.kind, str) and self.kind in NUMBERS
        return isinstance(self.kind, str) and self.kind[1:2] in ("b", "i", "u", "f")

    @property
    def itemsize(self) -> int:
        """At least the bytes of a value."""
        if self.version == 2 and isinstance(self.kind, str) and self.kind[2:].isdecimal():
            return max(1, int(self.kind[2:]) * (4 if self.kind[1] == "U" else 1))
        return np.dtype(str(self.kind)).itemsize if self.number else 8


def _names(codecs: list[Any]) -> Iterator[str]:
    for codec in codecs:
        yield str(codec["name"])
        inner = codec.get("configuration") or {}
        for more in ("codecs", "index_codecs"):
            yield from _names(inner.get(more) or [])


@dataclass
class Files(MutableMapping[str, Buffer]):
    """The files of a store, by their keys, each read as one version of itself.

    Attributes:
        root: the folder.
        name: as the user calls it.
        missing: keys that were asked for and are not there.
    """

    root: Path
    name: str
    missing: set[str] = field(default_factory=set)

    def __getitem__(self, key: str) -> Buffer:
        path = self.root / key
        if not path.is_file():
            self.missing.add(key)
            raise KeyError(key)
        with reading(path, f"{self.name}/{key}") as file:
            found: Buffer = default_buffer_prototype().buffer.from_bytes(file.read())
            return found

    def __contains__(self, key: object) -> bool:
        return (self.root / str(key)).is_file()

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __setitem__(self, key: str, value: Buffer) -> NoReturn:
        raise TypeError("files of others are not written to")

    def __delitem__(self, key: str) -> NoReturn:
        raise TypeError("files of others are not removed")


def keys(path: Path) -> list[str] | None:
    """The paths of the arrays in a store; None where it is one array."""
    return keys_of(_arrays(path, str(path)))


def read(path: Path, key: str | None, name: str) -> Opened:
    """One array of a store, decoded once.

    Raises:
        InputError: it is no whole store, or has no such array of plain numbers or texts.
    """
    file_name = name.removesuffix(f":{key}")
    key = None if key is None else key.strip("/")
    version = chosen(_arrays(path, file_name), key, file_name)
    meta = _meta(path / (key or "") / META[version], version, name)
    files = Files(path / (key or ""), file_name if key is None else f"{file_name}/{key}")
    _check(meta, name)
    packed = sum(each.stat().st_size for each in files.root.rglob("*") if each.is_file())
    check_unpacked(prod(meta.shape) * meta.itemsize, packed, name)
    try:
        store = MemoryStore(files, read_only=True)
        array = zarr.open_array(store=store, mode="r", zarr_format=2 if version == 2 else 3)
        found = _texts(array, name) if meta.text else _numbers(array, name)
    except (InputError, MemoryError):
        raise
    except Exception as error:  # zarr and its codecs raise a dozen kinds
        raise InputError(
            f"{name}: damaged, truncated or of an unknown kind ({cut(str(error))}); save it again "
            f"with {SAVER}"
        ) from error
    lost = sorted(files.missing - {*META.values(), ".zattrs", ".zgroup", ".zmetadata"})
    if lost and meta.number and np.dtype(found.dtype).kind == "f":
        raise InputError(
            f"{name}: {len(lost):,} of its chunks are not there, such as {lost[0]}, and stand for "
            "one value; copy it again, or save it with write_empty_chunks"
        )
    return found


def _arrays(path: Path, name: str) -> list[tuple[str | None, int]]:
    """The version of the format of each array in a folder, by its path in it."""
    if not path.is_dir():
        raise InputError(f"{name}: expected a folder of the format Zarr, found a file")
    found: list[tuple[str | None, int]] = []
    left = [(path, "")]
    while left:
        folder, head = left.pop()
        version = next((v for v, mark in META.items() if (folder / mark).is_file()), None)
        if version == 3 and not _is_array(folder / META[3], f"{name}/{head}{META[3]}"):
            version = None
        if version is not None:
            found.append((head.removesuffix("/") or None, version))
            continue
        with os.scandir(folder) as entries:
            inner = sorted(each.name for each in entries if each.is_dir(follow_symlinks=False))
        left += [(folder / each, f"{head}{each}/") for each in inner]
        if len(left) + len(found) > MOST_ARRAYS or head.count("/") > MOST_DEPTH:
            raise InputError(f"{name}: expected at most {MOST_ARRAYS:,} arrays, found more")
    if not found:
        marks = " or ".join(META.values())
        raise InputError(f"{name}: expected an array of the format Zarr, found no {marks} in it")
    return sorted(found, key=lambda each: each[0] or "")


def _is_array(path: Path, name: str) -> bool:
    return bool(_object(path, name).get("node_type") == "array")


def _meta(path: Path, version: int, name: str) -> Meta:
    content = _object(path, f"{name}, {path.name}")
    try:
        return Meta.of(content, version)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{name}: its {path.name} is damaged ({cut(str(error))}); save it again with {SAVER}"
        ) from error


def _object(path: Path, name: str) -> dict[str, Any]:
    check_regular(path, name)
    try:
        found = json.loads(read_text(path))
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{name}: expected JSON, found something else or a truncated file; copy it again"
        ) from error
    return found if isinstance(found, dict) else {}


def _check(meta: Meta, name: str) -> None:
    """Raise InputError for what is no plain array, or would need code that is not known."""
    unknown = sorted({*meta.codecs} - CODECS[meta.version])
    if unknown:
        raise InputError(
            f"{name}: packed with {brief(unknown[0])}, which is neither read nor run; save it with "
            "zstd, blosc, gzip or without compression"
        )
    if not (meta.number or (meta.text and len(meta.shape) == 1)):
        kind = "texts of more than one axis" if meta.text else brief(meta.kind)
        raise InputError(f"{name}: expected numbers, found {kind}; save it with {SAVER}")
    if len(meta.shape) > MOST_AXES:
        raise InputError(f"{name}: expected at most {MOST_AXES} axes, found {len(meta.shape)}")
    size = prod(meta.chunks) * meta.itemsize
    if size > MOST_CHUNK:
        raise InputError(
            f"{name}: expected chunks of at most {MOST_CHUNK >> 30} GiB, found one of "
            f"{size / (1 << 30):.1f} GiB; save it with smaller chunks"
        )


def _numbers(array: Any, name: str) -> Opened:
    shape, dtype = array.shape, array.dtype
    if not shape:
        return np.asarray(array[...])
    spool = Spool(name, shape[1:], dtype, shape[0])
    for start, stop in _ranges(array):
        spool.add(array[start:stop])
    return spool.array()


def _texts(array: Any, name: str) -> CodedArray:
    coder = Coder(name)
    for start, stop in _ranges(array):
        found = np.asarray(array[start:stop])
        if found.dtype.kind == "S":
            found = np.char.decode(found, "utf-8")
        coder.add([str(each) for each in found.tolist()])
    return coder.array()


def _ranges(array: Any) -> Iterator[tuple[int, int]]:
    """Rows to decode at once: whole chunks, as far as these are not too many."""
    n_rows, packed = array.shape[0], array.shards or array.chunks
    each = max(1, prod(array.shape[1:]) * max(8, array.dtype.itemsize))
    step = max(1, AT_ONCE // (each * packed[0])) * packed[0]
    if step * each > MOST_AT_ONCE:
        step = max(1, MOST_AT_ONCE // each)
    for start in range(0, n_rows, step):
        yield start, min(n_rows, start + step)
