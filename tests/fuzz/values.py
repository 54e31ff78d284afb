"""Odd values, texts and bytes, and valid contents turned into odd ones."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

Rng = np.random.Generator

NUMBERS = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 255.0, -100.0, 1e-3, 1e3, 1e16, 9007199254740993.0),
    *(5e-324, 1e-310, 1e-200, 1e-100, 1e-45, 1e-40, 1e38, -3.4e38, 1e99, 1e98, 1e97, 1e307),
    *(-1.7976931348623157e308, np.nan, np.inf, -np.inf),
)
FACTORS = (0.0, 5e-324, 1e-310, 1e-200, 1e-100, 1e-30, 1e-6, 1e6, 1e30, 1e60, 1e97, 1e307, -1.0)
DTYPES = (
    *("f2", "f4", "f8", ">f4", ">f8", "i1", "u1", "i2", "i4", "i8", "u8", ">i4", "bool"),
    *("c8", "U3", "S2", "M8[s]", "m8[s]", "V4", "g"),
)
TEXTS = (
    *("", " ", "0", "1", "1.0", "01", "-1", "0,9", "0.9_5", "1_0", "1e400", "0x1", "½", "٣"),
    *("9007199254740993", "9" * 400, "x" * 300, "a,b", '"', '"open', "a\nb", "a\tb", "\x00"),
    *("\x1b[31mred\x1b[0m", "\u202etxt.exe", "\ufeff", "\r", "\x07", "<script>alert(1)</script>"),
    *("[x](http://x)", "| a | b |", "# h", "**b**", "`c`", "=1+1", "../x", "é" * 40, "𝔘"),
)
JSONS: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2, 10**400, -(10**400), 2**63, 1e-310, 1e300, 1e308, 0.5),
    *("", "temperature", "x" * 2000, "\x1b[2J", "<b>", "\ud800", [], [1, 2], [[]], {}, {"a": 1}),
    float("nan"),
    float("inf"),
)


def pick(rng: Rng, choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def some(rng: Rng, chance: float) -> bool:
    return bool(rng.random() < chance)


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def npz(rng: Rng, **arrays: np.ndarray) -> bytes:
    """A .npz, now and then with a member, a name or a compression that numpy would not write."""
    buffer = io.BytesIO()
    kinds = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    kind = pick(rng, kinds[: 2 if some(rng, 0.8) else 4])
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name, array in arrays.items():
            archive.writestr(f"{name}.npy", npy(array))
        if some(rng, 0.1):
            archive.writestr(pick(rng, ("a/", "logits", "x.npy", *TEXTS[1:8])), b"not an array")
    return buffer.getvalue()


def odd_array(rng: Rng, array: np.ndarray) -> np.ndarray:
    """Other values, another dtype or another shape."""
    kind = int(rng.integers(11))
    with np.errstate(all="ignore"):
        if kind <= 1 and array.size:
            array = array.astype(np.float64) if some(rng, 0.8) else array.copy()
            flat = array.reshape(-1)
            for _ in range(1 + int(rng.integers(3))):
                value = pick(rng, NUMBERS)
                if array.dtype.kind == "f" or np.isfinite(value):
                    flat[int(rng.integers(flat.size))] = value if array.dtype.kind == "f" else 7
        elif kind <= 6:
            array = array.astype(np.float64) * pick(rng, FACTORS)
        elif kind == 7:
            array = np.full(array.shape, pick(rng, NUMBERS))
        elif kind == 8:
            array = odd_dtype(rng, array)
        else:
            array = odd_shape(rng, array)
    return array


def odd_dtype(rng: Rng, array: np.ndarray) -> np.ndarray:
    dtype = pick(rng, DTYPES)
    try:
        return array.astype(dtype)
    except (ValueError, TypeError):
        return np.zeros(array.shape, dtype)


def odd_shape(rng: Rng, array: np.ndarray) -> np.ndarray:
    """Fewer rows, more axes, none at all."""
    shapes: tuple[Callable[[], np.ndarray], ...] = (
        lambda: array[: int(rng.integers(4))],
        lambda: array[..., :1],
        lambda: array[None],
        lambda: array[..., None],
        lambda: array.reshape(-1),
        lambda: array.T,
        lambda: np.asarray(array.reshape(-1)[:1].sum()),
        lambda: array.reshape(array.shape + (1,) * 40),
        lambda: np.concatenate([array, array[:1]]),
        lambda: array[..., :0],
    )
    return pick(rng, shapes)()


def odd_bytes(rng: Rng, content: bytes) -> bytes:
    """Bytes changed, left out, doubled or cut off; as a rule near the start, where headers are."""
    found = bytearray(content)
    for _ in range(1 + int(rng.integers(3))):
        end = max(1, min(len(found), 160 if some(rng, 0.7) else len(found)))
        at, length = int(rng.integers(end)), 1 + int(rng.integers(8))
        match int(rng.integers(5)):
            case 0:
                found[at : at + 1] = bytes([int(rng.integers(256))])
            case 1:
                del found[at : at + length]
            case 2:
                found[at:at] = found[at : at + length]
            case 3:
                found[at : at + length] = pick(rng, (b"\x00", b"\xff", b"9" * 6, b"-", b"\n", b","))
            case _:
                del found[int(rng.integers(len(found) + 1)) :]
    return bytes(found)


def odd_text(rng: Rng, content: str, separators: str = ",\n") -> bytes:
    """A token replaced, left out or doubled; a byte order mark; or other bytes."""
    kind = int(rng.integers(5))
    if kind == 0:
        return odd_bytes(rng, content.encode())
    if kind == 1:
        return pick(rng, ("utf-16", "utf-8-sig", "latin-1")) and content.encode("utf-8-sig")
    places = [i for i, mark in enumerate(content) if mark in separators]
    if len(places) < 2:
        return pick(rng, TEXTS).encode()
    at = int(rng.integers(len(places) - 1))
    start, end = places[at] + 1, places[at + 1]
    new = pick(rng, TEXTS) if kind < 4 else pick(rng, ("", content[start:end] * 2))
    return (content[:start] + new + content[end:]).encode(errors="surrogatepass")


def odd_json(rng: Rng, value: Any) -> Any:
    """The same with one place of it changed, left out or added."""
    if isinstance(value, dict) and value and some(rng, 0.85):
        key = pick(rng, sorted(value))
        match int(rng.integers(6)):
            case 0:
                return {k: v for k, v in value.items() if k != key}
            case 1:
                return {**value, pick(rng, TEXTS): pick(rng, JSONS)}
            case _:
                return {**value, key: odd_json(rng, value[key])}
    return pick(rng, JSONS)


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()
