"""Folders of the format Zarr, versions 2 and 3: decoded once, a few rows of chunks at a time.

Codecs trust what a chunk says of itself. Here each chunk is looked at before it is unpacked.
"""

from __future__ import annotations

import bz2
import lzma
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numcodecs.abc import Codec as Compressor
from zarr.abc.codec import BytesBytesCodec, Codec
from zarr.codecs import ShardingCodec
from zarr.storage import LocalStore

from calibrate.data.column import Column, in_memory
from calibrate.data.decoded import decoded, decoded_texts
from calibrate.data.readers.contents import (
    MOST_ARRAYS,
    MOST_AXES,
    MOST_DEPTH,
    MOST_RATIO,
    check_unpacked,
    chosen,
    keys_of,
    undamaged,
)
from calibrate.data.readers.registry import Format, Request
from calibrate.errors import InputError
from calibrate.files import Version, changed, check_regular, parsed, read_text, reading
from calibrate.text import brief

FORMATS = (
    Format(
        (".zarr",),
        words="Zarr folder",
        extra="zarr",
        marks=("zarr.json", ".zgroup", ".zarray"),
    ),
)

AT_ONCE = 16 << 20  # bytes of rows that are decoded at once
MOST_AT_ONCE = 128 << 20  # the same, where so many are packed together
MOST_CHUNK = 1 << 30  # bytes that are packed together
MOST_TEXT = 64 << 20  # bytes of texts that are packed together, or ``MOST_RATIO`` times their size
META = {2: ".zarray", 3: "zarr.json"}
PACKED = frozenset(("blosc", "bz2", "gzip", "lz4", "lzma", "zlib", "zstd"))
CODECS = {  # that give back numbers or texts and run nothing else
    2: PACKED | {"shuffle", "delta", "bitround", "fletcher32", "crc32", "adler32", "vlen-utf8"},
    3: PACKED | {"bytes", "crc32c", "sharding_indexed", "transpose", "vlen-utf8"},
}
NUMBERS = frozenset(
    ("bool", *(f"{sign}int{8 << i}" for sign in ("", "u") for i in range(4)), "float16", "float32")
) | {"float64"}
TEXTS = ("string", "fixed_length_utf32", "null_terminated_bytes")


def keys(path: Path, request: Request) -> list[str] | None:
    """The paths of the arrays in a store; None where it is one array."""
    return keys_of(_arrays(path, request.file))


def open(path: Path, key: str | None, request: Request) -> Column:
    """One array of a store, decoded once.

    Raises:
        InputError: it is no whole store, or has no such array of plain numbers or texts.
    """
    key = None if key is None else key.strip("/")
    version = chosen(_arrays(path, request.file), key, request.file)
    folder, name = path / (key or ""), request.file if key is None else f"{request.file}:{key}"
    with undamaged(name, "a folder of the format Zarr", "zarr, as numbers"):
        is_text = _check(_object(folder / META[version], f"{name}, {META[version]}"), version, name)
        files = dict(_versions(folder, name))
        store = LocalStore(folder, read_only=True)
        array = zarr.open_array(store=store, mode="r", zarr_format=2 if version == 2 else 3)
        _check_sizes(array, is_text, sum(each.size for each in files.values()), name)
        metadata: Any = array.metadata
        itemsize = None if is_text else array.dtype.itemsize
        if version == 3:
            metadata = replace(metadata, codecs=tuple(_guarded(metadata.codecs, itemsize)))
        elif metadata.compressor is not None:
            most = None if itemsize is None else prod(array.chunks) * itemsize
            metadata = replace(metadata, compressor=_Compressor(metadata.compressor, most))
        array = zarr.Array(zarr.AsyncArray(metadata, array.store_path))
        if is_text:
            column = decoded_texts(name, _texts(array))
        elif not array.shape:
            column = in_memory(np.asarray(array[...]), name)
        else:
            blocks = (np.asarray(array[start:stop]) for start, stop in _ranges(array))
            column = decoded(name, blocks, array.shape[1:], array.dtype, array.shape[0])
    if any(Version.of(each.stat()) != seen for each, seen in files.items()):
        raise changed(name)
    return column


# What is there.


def _arrays(path: Path, name: str) -> list[tuple[str | None, int]]:
    """The version of the format of each array in a folder, by its path in it."""
    if not path.is_dir():
        raise InputError(f"{name}: expected a folder of the format Zarr, found a file")
    found: list[tuple[str | None, int]] = []
    left = [(path, "")]
    while left:
        folder, head = left.pop()
        version = next((v for v, mark in META.items() if (folder / mark).is_file()), None)
        if version == 3:
            about = _object(folder / META[3], f"{name}/{head}{META[3]}")
            version = 3 if about.get("node_type") == "array" else None
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


def _object(path: Path, name: str) -> dict[str, Any]:
    check_regular(path, name)
    try:
        found = parsed(read_text(path))
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{name}: expected JSON, found something else or a truncated file; copy it again"
        ) from error
    return found if isinstance(found, dict) else {}


def _versions(folder: Path, name: str) -> Iterator[tuple[Path, Version]]:
    """The files of an array, each opened once: they are inputs of this run."""
    for path in folder.rglob("*"):
        if not path.is_dir():
            called = f"{name}/{path.relative_to(folder)}"
            check_regular(path, called)
            with reading(path, called):
                yield path, Version.of(path.stat())


def _check(about: dict[str, Any], version: int, name: str) -> bool:
    """Whether an array is one of texts; raise InputError for what is neither texts nor numbers, or
    would need code that is not known.
    """
    if version == 2:
        steps = [about.get("compressor"), *(about.get("filters") or [])]
        codecs = {str(step["id"]) for step in steps if step is not None}
        kind = about["dtype"]
        code = kind[1:2] if isinstance(kind, str) else ""
        number = code in ("b", "i", "u", "f")
        text = code in ("U", "S") or (kind == "|O" and "vlen-utf8" in codecs)
    else:
        codecs, kind = set(_names(about["codecs"])), about["data_type"]
        number = isinstance(kind, str) and kind in NUMBERS
        text = (kind.get("name") if isinstance(kind, dict) else kind) in TEXTS
    unknown = sorted(codecs - CODECS[version])
    if unknown:
        raise InputError(
            f"{name}: packed with {brief(unknown[0])}, which is neither read nor run; save it with "
            "zstd, blosc, gzip or without compression"
        )
    if not (number or (text and len(about["shape"]) == 1)):
        found = "texts of more than one axis" if text else brief(kind)
        raise InputError(f"{name}: expected numbers, found {found}; save it with zarr, as numbers")
    return text


def _names(codecs: Iterable[Any], *, packed: bool = True) -> Iterator[str]:
    """The names of codecs, and of those inside of shards; the index of a shard is not packed."""
    for codec in codecs:
        yield codec["name"] if packed or codec["name"] not in PACKED else "a packed index"
        inner = codec.get("configuration") or {}
        yield from _names(inner.get("codecs") or [])
        yield from _names(inner.get("index_codecs") or [], packed=False)


def _check_sizes(array: Any, is_text: bool, packed: int, name: str) -> None:
    """Raise InputError for more axes, or larger chunks, than anybody has, and for lost chunks."""
    if len(array.shape) > MOST_AXES:
        raise InputError(f"{name}: expected at most {MOST_AXES} axes, found {len(array.shape)}")
    size = prod(array.shards or array.chunks) * array.dtype.itemsize
    if size > MOST_CHUNK:
        raise InputError(
            f"{name}: expected chunks of at most {MOST_CHUNK >> 30} GiB, found one of "
            f"{size / (1 << 30):.1f} GiB; save it with smaller chunks"
        )
    check_unpacked(prod(array.shape) * array.dtype.itemsize, packed, name)
    lost = array.nchunks - array.nchunks_initialized
    if lost > 0 and array.dtype.kind == "f" and not is_text:
        raise InputError(
            f"{name}: {lost:,} of its {array.nchunks:,} chunks are not there, and stand for one "
            "value; copy it again, or save it with write_empty_chunks"
        )


def _texts(array: Any) -> Iterator[list[str]]:
    for start, stop in _ranges(array):
        found = np.asarray(array[start:stop])
        if found.dtype.kind == "S":
            found = np.char.decode(found, "utf-8")
        yield [str(each) for each in found.tolist()]


def _ranges(array: Any) -> Iterator[tuple[int, int]]:
    """Rows to decode at once: whole chunks, as far as these are not too many."""
    n_rows, packed = array.shape[0], array.shards or array.chunks
    each = max(1, prod(array.shape[1:]) * max(8, array.dtype.itemsize))
    step = max(1, AT_ONCE // (each * packed[0])) * packed[0]
    if step * each > MOST_AT_ONCE:
        step = max(1, MOST_AT_ONCE // each)
    for start in range(0, n_rows, step):
        yield start, min(n_rows, start + step)


# Chunks, which may lie.


def _guarded(codecs: Iterable[Codec], itemsize: int | None) -> Iterator[Codec]:
    """Codecs of version 3 that look at each chunk first, also inside of shards."""
    for codec in codecs:
        if isinstance(codec, ShardingCodec):
            yield replace(codec, codecs=tuple(_guarded(codec.codecs, itemsize)))
        else:
            packs = isinstance(codec, BytesBytesCodec) and codec.to_dict()["name"] in PACKED
            yield _Guarded(codec, itemsize) if packs else codec


@dataclass(frozen=True)
class _Guarded(BytesBytesCodec):
    """A codec of version 3.

    Attributes:
        codec: that unpacks.
        itemsize: bytes of each number; None of texts.
    """

    codec: Any
    itemsize: int | None
    is_fixed_size = False

    async def _decode_single(self, chunk_bytes: Any, chunk_spec: Any) -> Any:
        most = None if self.itemsize is None else self.itemsize * prod(chunk_spec.shape)
        found = unpacked(self.codec.to_dict()["name"], chunk_bytes.to_bytes(), most)
        if found is not None:
            return chunk_spec.prototype.buffer.from_bytes(found)
        return await self.codec._decode_single(chunk_bytes, chunk_spec)

    def compute_encoded_size(self, size: int, _: Any) -> int:
        return size


class _Compressor(Compressor):  # type: ignore[misc]  # numcodecs has no types
    """A codec of version 2."""

    codec_id = "calibrate"  # which is stored nowhere

    def __init__(self, codec: Any, most: int | None) -> None:
        self._codec, self._most = codec, most

    def encode(self, _: Any) -> Any:
        raise TypeError("files of others are not written to")

    def decode(self, buf: Any, out: Any = None) -> Any:
        found = unpacked(self._codec.codec_id, bytes(buf), self._most)
        return self._codec.decode(buf, out) if found is None else found


def unpacked(codec: str, chunk: bytes, most: int | None) -> bytes | None:
    """A chunk of a codec that says nothing of its size, unpacked; None of one whose size is right.

    Args:
        codec: by its name.
        chunk: as it is packed.
        most: bytes that it may unpack to, without a checksum or so; None of texts.

    Raises:
        ValueError: its header lies, or it unpacks to more.
    """
    most = max(MOST_TEXT, MOST_RATIO * len(chunk)) if most is None else most + most // 8 + 1024
    found, size = None, 0
    if codec == "blosc":
        size, _, held = struct.unpack_from("<III", chunk, 4)
        if held != len(chunk):
            raise ValueError(f"a chunk of {len(chunk):,} bytes that says it has {held:,}")
    elif codec == "lz4":
        (size,) = struct.unpack_from("<I", chunk)
    elif codec == "zstd":
        size = _zstd_size(chunk)
    else:
        found = b""
        while chunk and len(found) <= most:
            if codec == "bz2":
                stream: Any = bz2.BZ2Decompressor()
            else:
                stream = lzma.LZMADecompressor() if codec == "lzma" else zlib.decompressobj(47)
            found += stream.decompress(chunk, most + 1 - len(found))
            if len(found) <= most and not stream.eof:
                raise ValueError("a chunk that ends too soon")
            chunk = stream.unused_data
        size = len(found)
    if size > most:
        raise ValueError(f"a chunk that unpacks to more than {most:,} bytes")
    return found


def _zstd_size(chunk: bytes) -> int:
    """The bytes that frames of zstd unpack to, at most where they do not say it (RFC 8878)."""
    size = at = 0
    while at < len(chunk):
        magic, flags = struct.unpack_from("<IB", chunk, at)
        if magic & 0xFFFFFFF0 == 0x184D2A50:  # to be skipped
            at += 8 + struct.unpack_from("<I", chunk, at + 4)[0]
            continue
        if magic != 0xFD2FB528:
            raise ValueError("a chunk that is not of zstd")
        single = flags >> 5 & 1
        at += 6 - single + (0, 1, 2, 4)[flags & 3]
        wide = (single, 2, 4, 8)[flags >> 6]
        said = int.from_bytes(chunk[at : at + wide], "little") + 256 * (wide == 2)
        at, blocks, last = at + wide, 0, False
        while not last:
            (head,) = struct.unpack("<I", chunk[at : at + 3] + b"\0")
            last, kind, length = bool(head & 1), head >> 1 & 3, head >> 3
            blocks += min(length, 1 << 17) if kind < 2 else 1 << 17
            at += 3 + (1 if kind == 1 else length)
        size += said if wide else blocks
        at += 4 * (flags >> 2 & 1)
    return size
