"""Arrays of other libraries, by what they can do: none of these libraries is imported."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from typing import Any

import numpy as np

from calibrate.arrays import AnyArray
from calibrate.errors import InputError
from calibrate.text import brief

MOST_FILLED = 1 << 30  # bytes that texts take once each is as long as the longest


def as_array(values: object, name: str) -> AnyArray:
    """What numpy, pandas, polars, pyarrow, torch or JAX hold, or a list, without a copy if it can.

    Args:
        values: an array or tensor on the CPU, a frame with a column per class, a series, a column
            of lists, or nested lists; anything with ``__array__`` or ``__dlpack__``.
        name: what it is called in messages.

    Raises:
        InputError: it lies on another device, or its rows are of different lengths.
    """
    if isinstance(values, np.ndarray):
        return _rectangular(values, name)
    found = _table(_plain_tensor(values, name), name)
    try:
        if hasattr(found, "__array__") or not hasattr(found, "__dlpack__"):
            array = np.asarray(found)
        else:
            array = np.from_dlpack(found)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        raise InputError(
            f"{name}: expected numbers in rows of the same length, on the CPU, found "
            f"{type(values).__name__}: {brief(str(error))}"
        ) from error
    return _rectangular(array, name)


def column_names(values: object) -> tuple[str, ...] | None:
    """What the columns of a frame are called; None where they have no names, or numbers."""
    found = getattr(values, "column_names", None)  # of pyarrow
    if found is None:
        found = getattr(values, "columns", None)
    if found is None or callable(found):
        return None
    names = tuple(found)
    return names if names and all(isinstance(each, str) for each in names) else None


def _plain_tensor(values: Any, name: str) -> Any:
    """A tensor of torch as one that numpy takes; anything else as it is."""
    if not hasattr(values, "detach"):
        return values
    device = getattr(getattr(values, "device", None), "type", "cpu")
    if device != "cpu":
        raise InputError(f"{name}: expected a tensor on the CPU, found it on {device}; pass .cpu()")
    found = values.detach()
    return found.float() if str(found.dtype) == "torch.bfloat16" else found


def _table(values: Any, name: str) -> Any:
    """The columns of a table of pyarrow side by side; anything else as it is."""
    if not (hasattr(values, "column_names") and hasattr(values, "itercolumns")):
        return values
    columns = [as_array(each, name) for each in values.itercolumns()]
    return columns[0] if len(columns) == 1 else np.column_stack(columns)


def _rectangular(values: AnyArray, name: str) -> AnyArray:
    """Python values in an array as numbers or as text, lists of them as rows of one."""
    if values.dtype.name == "bfloat16":  # of ml_dtypes, which JAX uses
        return values.astype(np.float32)
    if values.dtype.kind == "T":
        return _text(values.tolist(), values.shape, name)
    if values.dtype.kind != "O" or not values.size:
        return values
    held = values.reshape(-1).tolist()
    if not values.shape:
        raise InputError(f"{name}: expected an array, found {type(held[0]).__name__}")
    if isinstance(held[0], Sized) and not isinstance(held[0], (str, bytes)):
        rows = [np.asarray(each) for each in held]
        odd = next((i for i, row in enumerate(rows) if row.shape != rows[0].shape), None)
        if odd is not None:
            raise InputError(
                f"{name}: expected rows of {len(held[0])} numbers, as in row 0, found "
                f"{brief(held[odd])} in row {odd:,}"
            )
        return np.stack(rows).reshape(*values.shape, *rows[0].shape)
    texts = [isinstance(each, str) for each in held]
    if all(texts):
        return _text(held, values.shape, name)
    if not any(texts):
        try:
            return values.astype(np.float64)
        except (TypeError, ValueError):
            return values
    place = texts.index(sum(texts) < len(texts) / 2)  # what is there less often
    where = ", column ".join(f"{i:,}" for i in np.unravel_index(place, values.shape))
    raise InputError(
        f"{name}: expected numbers or text throughout, found {brief(held[place])} in row {where}"
    )


def _text(texts: list[str], shape: tuple[int, ...], name: str) -> AnyArray:
    check_short(texts, len(texts), name)
    return np.array(texts, np.str_).reshape(shape)


def check_short(different: Sequence[str], n: int, name: str) -> None:
    """Raise InputError where ``n`` texts cannot each take up as much as the longest."""
    longest = max(different, key=len, default="")
    if 4 * len(longest) * n > MOST_FILLED:
        raise InputError(
            f"{name}: expected short texts, found one of {len(longest):,} characters among "
            f"{n:,}, which would take more than {MOST_FILLED >> 30} GiB: {brief(longest)}"
        )
