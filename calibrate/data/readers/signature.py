"""What the first bytes of a file say that it is, whatever its name."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from calibrate.data.readers.csv import is_number
from calibrate.files import reading

HEAD = 1 << 12  # bytes that are looked at
PAGES = ("<!doctype", "<html", "<?xml", "<svg")


@dataclass(frozen=True)
class Signature:
    """A kind of file.

    Attributes:
        words: what it is.
        suffix: under which it would be read, if that is a format that is read at all.
        sure: whether its bytes leave no doubt, as those of a text do.
    """

    words: str
    suffix: str | None = None
    sure: bool = True


STARTS = (
    (b"\x93NUMPY", Signature("numpy array", ".npy")),
    (b"PAR1", Signature("Parquet table", ".parquet")),
    (b"ARROW1", Signature("Arrow table", ".arrow")),
    (b"\x89HDF\r\n\x1a\n", Signature("HDF5 file", ".h5")),
    (b"\x89PNG", Signature("PNG image")),
    (b"\xff\xd8\xff", Signature("JPEG image")),
    (b"GIF8", Signature("GIF image")),
    (b"%PDF", Signature("PDF document")),
    (b"\x7fELF", Signature("ELF program or library")),
    (b"MZ", Signature("Windows program", sure=False)),
    (b"SQLite format 3", Signature("SQLite database")),
    (b"MATLAB 5.0", Signature("MATLAB file")),
    (b"\xfd7zXZ", Signature("xz archive")),
    (b"BZh", Signature("bzip2 archive", sure=False)),
    (b"\x28\xb5\x2f\xfd", Signature("zstd archive")),
    (b"7z\xbc\xaf", Signature("7z archive")),
    (b"Rar!", Signature("rar archive")),
    (b"\xff\xfe", Signature("text in UTF-16", sure=False)),
    (b"\xfe\xff", Signature("text in UTF-16", sure=False)),
)
UNKNOWN = Signature("unknown", sure=False)
EMPTY = Signature("empty file", sure=False)
SPACED = Signature("numbers with spaces between", sure=False)


def signature_of(path: Path, name: str) -> Signature:
    """What a file is by its first bytes; nothing in it is run.

    Raises:
        OSError: it cannot be read.
    """
    with reading(path, name) as file:
        head = file.read(HEAD)
        if head.startswith(b"PK\x03\x04"):
            return _of_zip(file)
    if head.startswith(b"\x1f\x8b"):
        return _of_gzip(path, name)
    return _of(head)


def _of(head: bytes) -> Signature:
    if not head:
        return EMPTY
    for start, found in STARTS:
        if head.startswith(start):
            return found
    if head[128:132] == b"\x00\x00\x00\x00" and head.startswith(b"MATLAB"):
        return Signature("MATLAB file")
    if len(head) > 9 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 32:
        return Signature("safetensors file", ".safetensors")
    if len(head) > 2 and head[0] == 0x80 and 2 <= head[1] <= 5:
        return Signature("pickle", ".pkl")
    if _is_text(head):
        return _of_text(head.decode("utf-8-sig", errors="ignore"))
    return UNKNOWN


def _is_text(head: bytes) -> bool:
    """Whether these bytes, which may end inside a character, are UTF-8 without control bytes."""
    try:
        head[:-3].decode()
    except UnicodeDecodeError:
        return False
    return not any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)


def _of_text(text: str) -> Signature:
    """Of a text that may be cut."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return Signature("blank text", sure=False)
    first = lines[0].strip()
    if first[0] == "{":
        several = len(lines) > 1 and lines[1].lstrip().startswith("{")
        return Signature("JSON", ".jsonl" if several else ".json", sure=False)
    if first[0] == "[" and first[1:2] in ("", "{", "["):
        return Signature("JSON", ".json", sure=False)
    if first.lower().startswith(PAGES):
        return Signature("text in HTML or XML", sure=False)
    if any(mark in first for mark in ",;\t"):
        tabs = "\t" in first and "," not in first and ";" not in first
        return Signature("table in text", ".tsv" if tabs else ".csv", sure=False)
    if len(first.split()) > 1 and all(map(is_number, first.split())):
        return SPACED
    return Signature("text, a line per row", ".txt", sure=False)


def _of_zip(file: BinaryIO) -> Signature:
    """Of a zip archive: by the names in it."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except Exception:  # zipfile raises a dozen kinds for what is damaged
        file.seek(0)
        inside = file.read(HEAD)
        if b".npy" in inside[:1000]:
            return Signature("zip archive of numpy arrays, damaged", ".npz")
        return Signature("zip archive, damaged")
    if any(name == "data.pkl" or name.endswith("/data.pkl") for name in names):
        return Signature("file of torch.save", ".pt")
    if any(name.endswith(".npy") for name in names):
        return Signature("zip archive of numpy arrays", ".npz")
    if "[Content_Types].xml" in names:
        return Signature("office document; save the table as CSV UTF-8")
    return Signature("zip archive")


def _of_gzip(path: Path, name: str) -> Signature:
    """Of a gzip file: by what is packed in it."""
    try:
        with reading(path, name) as file, gzip.GzipFile(fileobj=file) as unpacked:
            inside = _of(unpacked.read(HEAD))
    except (OSError, EOFError, zlib.error):
        return Signature("gzip archive, damaged")
    packed = inside.suffix in (".csv", ".tsv")
    more = "" if packed else "; unpack it first"
    return Signature(
        f"gzip archive of: {inside.words}{more}", f"{inside.suffix}.gz" if packed else None
    )
