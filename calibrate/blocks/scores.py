"""Scores as they were saved -> logits, in the precision that is worked in."""

from __future__ import annotations

from typing import Any

import numpy as np

from calibrate.arrays import AnyArray, FloatArray

SCORES = ("logits", "probabilities", "log-probabilities")


def as_logits(raw: AnyArray, scores: str) -> FloatArray:
    """Raw scores as C-ordered native float32 or float64 logits (float16 goes up to float32).

    Probabilities become their logarithms; those below the smallest positive normal number
    of their dtype (an underflowed softmax) are read as that number. Of yes-no decisions, ``(n,)``,
    the logit is ``log p - log(1 - p)``.
    """
    dtype = working_dtype(raw.dtype)
    if raw.ndim == 1 and scores != "logits":
        return _yes_no_logits(raw.astype(dtype), scores, smallest_probability(raw.dtype))
    if scores != "probabilities":
        return np.ascontiguousarray(raw, dtype=dtype)
    positive = np.maximum(raw.astype(dtype), dtype.type(smallest_probability(raw.dtype)))
    return np.ascontiguousarray(np.log(positive))


def _yes_no_logits(scores: FloatArray, kind: str, smallest: float) -> FloatArray:
    with np.errstate(divide="ignore", under="ignore"):
        p = np.exp(scores) if kind == "log-probabilities" else scores
        no = -np.expm1(scores) if kind == "log-probabilities" else 1 - p
        log_p = np.log(np.maximum(p, scores.dtype.type(smallest)))
        logit: FloatArray = log_p - np.log(np.maximum(no, scores.dtype.type(smallest)))
    return logit


def two_sided(logits: FloatArray) -> FloatArray:
    """``[0, z]`` for the logit z of yes: softmax of it is the sigmoid. Others as they are."""
    if logits.ndim == 2:
        return logits
    both = np.zeros((len(logits), 2), dtype=logits.dtype)
    both[:, 1] = logits
    return both


def smallest_probability(dtype: np.dtype[Any]) -> float:
    """What a probability of 0 is read as: the smallest normal number of its dtype."""
    return float(np.finfo(dtype if dtype.kind == "f" else working_dtype(dtype)).tiny)


def working_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """float64 for 8-byte scores and wide integers, float32 for everything smaller."""
    wide = dtype.itemsize >= (8 if dtype.kind == "f" else 4)
    return np.dtype(np.float64 if wide else np.float32)
