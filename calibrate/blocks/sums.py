"""What a pass adds up: frozen dataclasses whose fields add up one by one; and products of arrays
that are the same to the last bit on any number of cores.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from calibrate.arrays import AnyArray, Float64

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True)
class Sums:
    """States of a pass: ``a + b`` adds each field of a to that of b.

    A field that adds up otherwise says so in its metadata: ``field(metadata=LEAST)``.
    """

    def __add__(self, other: Self) -> Self:
        return type(self)(
            **{
                field.name: field.metadata.get("merge", add)(
                    getattr(self, field.name), getattr(other, field.name)
                )
                for field in fields(self)
            }
        )


SAME = {"merge": lambda state, _: state}  # equal in all states
LEAST = {"merge": min}
GREATEST = {"merge": max}
# tuples of states; other tuples are strung together
EACH = {"merge": lambda a, b: tuple(x + y for x, y in zip(a, b, strict=True))}


def product(a: AnyArray, b: AnyArray) -> Float64:
    """Return ``a @ b`` of vectors and matrices, added up in one order, without a BLAS.

    A BLAS wakes threads for vectors of more than some 10 000 numbers, and splits sums between as
    many as there are: ``@``, ``np.dot`` and ``np.vecdot`` give other last digits on another number
    of cores. ``np.einsum`` never calls one.
    """
    if a.ndim == 1:
        return np.asarray(np.einsum("n,n...->...", a, b), dtype=np.float64)
    if b.ndim == 1:
        return np.asarray(np.einsum("mn,n->m", a, b), dtype=np.float64)
    return np.asarray(np.einsum("mn,kn->mk", a, np.ascontiguousarray(b.T)), dtype=np.float64)


PIECE = 4096  # classes that are added up in the precision of the scores


def row_products(a: AnyArray, b: AnyArray) -> Float64:
    """Return the sum of ``a·b`` over the last axis of ``(n, K)`` arrays, without a BLAS."""
    sums = np.zeros(len(a))
    for start in range(0, a.shape[1], PIECE):
        piece = slice(start, start + PIECE)
        sums += np.einsum("nk,nk->n", a[:, piece], b[:, piece])
    return sums
