"""What each row of a block predicted, and how it fared."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calibrate.arrays import Float64, FloatArray, Index, Labels
from calibrate.blocks.block import Block
from calibrate.blocks.softmax import Exponentials, exponentials, row_dot, target_scores
from calibrate.blocks.sums import row_products


@dataclass(frozen=True)
class TopScores:
    """What the order of a row's scores says: the same for any temperature.

    Attributes:
        prediction: the first class of the largest score, ``(n,)``.
        score: the largest score, ``(n,)``.
        correct: the share of the label at the first of the largest scores: 1 or 0 if it is hard.
        top_5: the share of the label among the five largest scores; all of it where K <= 5.
    """

    prediction: Index
    score: Float64
    correct: Float64
    top_5: Float64


def predicted(scores: FloatArray, block: Block) -> TopScores:
    """``top_scores``; of answers given beforehand the prediction is that they are right."""
    if block.said is None:
        return top_scores(scores, block.target)
    n = len(scores)
    return TopScores(np.ones(n, np.intp), scores[:, 1].astype(np.float64), block.yes, np.ones(n))


def top_scores(scores: FloatArray, labels: Labels) -> TopScores:
    """Compare the scores of each row with that of its label."""
    rows, prediction = np.arange(len(scores)), scores.argmax(axis=1)
    hard = labels.ndim == 1
    top_5 = np.ones(len(scores))
    if scores.shape[1] > 5:
        top_5 = _in_top_5(scores, labels) if hard else _share_in_top_5(scores, labels)
    return TopScores(
        prediction=prediction,
        score=scores[rows, prediction].astype(np.float64),
        correct=(prediction == labels).astype(np.float64) if hard else labels[rows, prediction],
        top_5=top_5,
    )


def _share_in_top_5(scores: FloatArray, shares: Labels) -> Float64:
    """The shares of the five largest scores; of equal scores, the smaller class goes first."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :5]
    return np.asarray(np.take_along_axis(shares, order, axis=1).sum(axis=1), dtype=np.float64)


def _in_top_5(scores: FloatArray, labels: Labels) -> Float64:
    """Fewer than five classes go before the label's; of equal scores, the smaller class does."""
    own = scores[np.arange(len(scores)), labels]
    ahead = np.count_nonzero(scores > own[:, None], axis=1)
    close = np.flatnonzero(ahead < 5)
    tied = scores[close] == own[close, None]
    tied &= np.arange(scores.shape[1]) < labels[close, None]
    ahead[close] += np.count_nonzero(tied, axis=1)
    return np.asarray(ahead < 5, dtype=np.float64)


@dataclass(frozen=True)
class Predictions:
    """What each row of a block predicted and how it fared; float64 ``(n,)`` each.

    Attributes:
        confidence: ``max_k p_k``, of the first argmax; of answers given beforehand, as it was
            said or as it is after calibration.
        correct: the share q of the label at the prediction: 1 or 0 where it is hard.
        nll: ``-sum_k q_k log p_k``, from log-softmax.
        brier: ``sum_k (p_k - q_k)²``, between 0 and 2; of answers given beforehand ``(confidence -
            correct)²``.
        top_5: the share of the label among the five largest scores.
        slope: the derivative of the NLL in log(1/T), ``beta (E_p[score] - E_q[score])``.
        tilt: the derivative of the confidence in log(1/T).
        prediction: the class.
        best_nll: the NLL through a temperature cross-fitted on these rows; 0 where there is none.
        probabilities: ``(n, K)``, in a buffer of this thread that the next block overwrites; None
            unless asked for.
    """

    confidence: Float64
    correct: Float64
    nll: Float64
    brier: Float64
    top_5: Float64
    slope: Float64
    tilt: Float64
    prediction: Index
    best_nll: Float64 | float = 0.0
    probabilities: FloatArray | None = None


def predictions(
    scores: FloatArray,
    beta: float | Float64,
    magnitude: float,
    first: TopScores,
    block: Block,
    *,
    keep: bool = False,
) -> Predictions:
    """The predictions of ``softmax(beta·scores)`` against the labels of ``block``.

    ``beta`` is one factor, or one per row; ``first`` what is ``predicted`` of ``scores``;
    ``magnitude`` bounds ``|scores|`` (inf if unknown); ``keep`` asks for the probabilities.
    """
    k = exponentials(scores, beta, magnitude)
    total = k.e.sum(axis=k.axis).astype(np.float64)
    target = beta * (target_scores(scores, block) - k.shift)
    slope = beta * k.unit * row_dot(k.x, k.e, k.axis) / total - target
    with np.errstate(over="ignore", under="ignore"):
        hit, square = _label_terms(k, target, total, block.target)
        top = beta * (first.score - k.shift)
        confidence = np.exp(top) / total
        tilt = confidence * (top - slope - target)
        sum_of_squares = row_dot(k.e, k.e, k.axis) / (total * total)
    if keep:
        np.divide(k.e, np.expand_dims(total, k.axis).astype(k.e.dtype), out=k.e)
    found = Predictions(
        confidence=np.minimum(confidence, 1.0),
        correct=first.correct,
        nll=np.log(total) - target,
        brier=np.maximum(sum_of_squares - 2 * hit + square, 0.0),
        top_5=first.top_5,
        slope=slope,
        tilt=tilt,
        prediction=first.prediction,
        probabilities=(k.e if k.axis else k.e.T) if keep else None,
    )
    if block.said is None:
        return found
    as_said = scores is block.logits and bool(np.all(beta == 1.0))
    sure = block.said if as_said else found.confidence
    return replace(found, confidence=sure, brier=np.square(sure - found.correct))


def _label_terms(
    k: Exponentials, target: Float64, total: Float64, labels: Labels
) -> tuple[Float64, Float64 | float]:
    """``sum_k p_k q_k`` and ``sum_k q_k²`` of each row."""
    if labels.ndim == 1:
        return np.exp(target) / total, 1.0
    e = k.e if k.axis else k.e.T
    hit = row_products(labels, e.astype(np.float64)) / total
    return hit, row_products(labels, labels)
