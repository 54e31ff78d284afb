"""Softmax arithmetic on one block of rows: the kernels that everything else adds up.

Exponentials are taken in the precision of the logits, in reused buffers; sums over rows
are float64. Blocks of few classes are laid out class by class, because reductions over a
short last axis are slow.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from calibrate.arrays import Float64, FloatArray
from calibrate.blocks.block import Block
from calibrate.blocks.sums import row_products

FEW_CLASSES = 64  # below this, classes go first
SAFE_EXPONENT = 30.0  # exp(±30)² times any number of classes stays normal in float32

SAFE_FACTOR = 1e6  # its cube times exp(30) stays finite in float32

_buffers = threading.local()


def _buffer(name: str, shape: tuple[int, int], dtype: np.dtype[Any]) -> FloatArray:
    """An uninitialised array of ``shape`` that this thread reuses from block to block."""
    held: dict[str, FloatArray] = _buffers.__dict__
    key = name + dtype.char
    size = shape[0] * shape[1]
    if key not in held or held[key].size < size:
        held[key] = np.empty(size, dtype)
    return held[key][:size].reshape(shape)


def row_dot(a: FloatArray, b: FloatArray, axis: int) -> FloatArray:
    """sum over classes of a·b, per row."""
    if axis == 0:
        sums: FloatArray = np.einsum("kn,kn->n", a, b)
    else:
        sums = row_products(a, b)
    return sums


@dataclass(frozen=True)
class Exponentials:
    """``e = exp(beta (z - shift))`` with ``z = shift + unit·x``; classes along ``axis``.

    ``e`` and, as a rule, ``x`` live in this thread's buffers.
    """

    e: FloatArray
    x: FloatArray
    unit: float | Float64
    shift: Float64 | float
    axis: int


def exponentials(logits: FloatArray, beta: float | Float64, magnitude: float) -> Exponentials:
    """The exponentials of one block, for any finite or masked logits.

    ``beta`` is one factor, or one per row. The shift is the row's maximum; where
    ``beta·magnitude`` is small none is needed and it is 0. Differences that would underflow are
    cut at the logarithm of the smallest normal number, so that masked classes and values near
    -3.4e38 weigh nothing instead of becoming NaN.
    """
    n, n_classes = logits.shape
    axis = 0 if n_classes < FEW_CLASSES else 1
    z = logits.T if axis == 0 else logits
    unshifted = magnitude <= SAFE_EXPONENT / float(np.max(beta))
    e = _buffer("exponential", z.shape, logits.dtype)
    if unshifted and axis == 1 and magnitude <= SAFE_FACTOR:
        scale_rows(z, beta, axis, out=e)
        np.exp(e, out=e)
        return Exponentials(e, z, 1.0, 0.0, axis)
    x = _buffer("scaled", z.shape, logits.dtype)
    shift: Float64 | float = 0.0
    with np.errstate(over="ignore", under="ignore"):
        if unshifted:
            scale_rows(z, beta, axis, out=x)
        else:
            if axis == 0:
                x[...] = z
                z = x
            top = z.max(axis=axis, keepdims=True)
            np.subtract(z, top, out=x)
            scale_rows(x, beta, axis, out=x)
            np.maximum(x, np.log(np.finfo(x.dtype).tiny), out=x)
            shift = np.asarray(top.reshape(n), dtype=np.float64)
        np.exp(x, out=e)
    return Exponentials(e, x, 1.0 / beta, shift, axis)


def scale_rows(x: FloatArray, beta: float | Float64, axis: int, out: FloatArray) -> None:
    """``beta·x`` into ``out``; in two steps where a factor does not fit the dtype of ``x``."""
    factor = np.asarray(beta) if np.ndim(beta) == 0 else np.expand_dims(beta, axis)
    limits = np.finfo(x.dtype)
    if limits.tiny <= np.min(factor) and np.max(factor) <= limits.max:
        np.multiply(x, factor.astype(x.dtype), out=out)
        return
    with np.errstate(over="ignore", under="ignore"):
        half = np.clip(np.sqrt(factor), limits.tiny, limits.max).astype(x.dtype)
        np.multiply(x, half, out=out)
        np.multiply(out, half, out=out)


def target_scores(logits: FloatArray, block: Block) -> Float64:
    """The target score of each row, float64 ``(n,)``: what the NLL is linear in.

    ``z[label]`` of a hard label, ``sum_k q_k z_k`` of a soft one; with label smoothing, the same
    of the smoothed shares.
    """
    n, n_classes = logits.shape
    labels = block.target
    if labels.ndim == 1:
        flat = np.arange(n) * n_classes + labels
        target: Float64 = logits.reshape(-1).take(flat).astype(np.float64)
    else:
        with np.errstate(invalid="ignore"):  # a share of 0 of a masked class
            target = np.where(labels > 0, labels * logits, 0.0).sum(axis=1)
    if block.smoothing is None:
        return target
    each, every = block.smoothing.factors(n_classes)
    smoothed: Float64 = each * target + every * logits.sum(axis=1, dtype=np.float64)
    return smoothed


def log_softmax(logits: FloatArray, beta: float | Float64 = 1.0) -> FloatArray:
    """log p with p = softmax(beta z), in the precision of the logits; masked classes give -inf.

    ``log p_k = beta (z_k - max z) - log sum_j exp(beta (z_j - max z))``; ``(n, K)``, a new array.
    """
    with np.errstate(over="ignore", under="ignore"):
        shifted = _shifted(logits, beta)
        total = np.exp(shifted).sum(axis=1, keepdims=True, dtype=np.float64)
        shifted -= np.log(total).astype(shifted.dtype)
    return shifted


def softmax(logits: FloatArray, beta: float | Float64 = 1.0) -> FloatArray:
    """p_k = exp(beta z_k) / sum_j exp(beta z_j); shape ``(n, K)``, a new array."""
    with np.errstate(over="ignore", under="ignore"):
        p = _shifted(logits, beta)
        np.exp(p, out=p)
        p /= p.sum(axis=1, keepdims=True)
    return p


def _shifted(logits: FloatArray, beta: float | Float64) -> FloatArray:
    """``beta (z - max z)``: shifting first keeps the order exactly and cannot overflow."""
    shifted: FloatArray = logits - logits.max(axis=1, keepdims=True)
    if np.ndim(beta) or beta != 1.0:
        scale_rows(shifted, beta, 1, out=shifted)
    return shifted
