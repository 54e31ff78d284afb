"""Scores as they were saved -> logits, in the precision that is worked in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from calibrate.arrays import AnyArray, FloatArray

SCORES = ("logits", "probabilities", "log-probabilities")


@dataclass(frozen=True)
class Zeros:
    """Probabilities of 0, of which the logarithm is taken all the same.

    They are read as a quarter of the smallest positive one, and as 2**-54 at most (2**-26 of
    float16, which has none below 2**-24): less than any other, and too little to be seen in a sum.

    Attributes:
        read_as: what they are read as.
        short: how far from 1 a P(yes) that was rounded to 1 is: a quarter of the last digit.
        labels: how many labels have a probability of 0.
    """

    read_as: float = 2.0**-54
    short: float = 2.0**-55
    labels: int = 0

    @staticmethod
    def reading(least: float, dtype: np.dtype[Any], labels: int) -> Zeros:
        """Where ``least`` is the smallest positive probability of all rows, saved as ``dtype``."""
        fine = 2.0**-24 if dtype == np.float16 else 2.0**-52
        digit = float(np.finfo(dtype if dtype.kind == "f" else working_dtype(dtype)).epsneg)
        return Zeros(max(min(least, fine) / 4, SMALLEST), digit / 4, labels)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of it."""
        if not self.labels:
            return ()
        return (f"labels with probability 0, read as {self.read_as:.2g}: {self.labels:,}",)

    @property
    def notes(self) -> tuple[str, ...]:
        """How they are read, where that could be otherwise."""
        return ()


NO_ZEROS = Zeros()
SMALLEST = 5e-324


def as_logits(raw: AnyArray, scores: str, zeros: Zeros = NO_ZEROS) -> FloatArray:
    """Raw scores as C-ordered native float32 or float64 logits (float16 goes up to float32).

    Probabilities become their logarithms; of yes-no decisions, ``(n,)``, the logit is
    ``log p - log(1 - p)``.
    """
    dtype = working_dtype(raw.dtype)
    if raw.ndim == 1 and scores != "logits":
        return _yes_no_logits(raw.astype(dtype), scores, zeros)
    if scores != "probabilities":
        return np.ascontiguousarray(raw, dtype=dtype)
    return np.ascontiguousarray(_log(raw.astype(dtype), zeros.read_as))


def _yes_no_logits(scores: FloatArray, kind: str, zeros: Zeros) -> FloatArray:
    if kind != "log-probabilities":
        return _log(scores, zeros.read_as) - _log(1 - scores, zeros.short)
    with np.errstate(under="ignore"):
        least = scores.dtype.type(np.log(zeros.read_as))
        logit: FloatArray = np.maximum(scores, least) - _log(-np.expm1(scores), zeros.short)
    return logit


def _log(p: FloatArray, zero: float) -> FloatArray:
    """log p, and log ``zero`` where that is less."""
    with np.errstate(divide="ignore"):
        logs: FloatArray = np.maximum(np.log(p), p.dtype.type(np.log(zero)))
    return logs


def two_sided(logits: FloatArray) -> FloatArray:
    """``[0, z]`` for the logit z of yes: softmax of it is the sigmoid. Others as they are."""
    if logits.ndim == 2:
        return logits
    both = np.zeros((len(logits), 2), dtype=logits.dtype)
    both[:, 1] = logits
    return both


def working_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """float64 for 8-byte scores and wide integers, float32 for everything smaller."""
    wide = dtype.itemsize >= (8 if dtype.kind == "f" else 4)
    return np.dtype(np.float64 if wide else np.float32)
