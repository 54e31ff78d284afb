"""Figures that are means over rows: each function gives the value of every row."""

from __future__ import annotations

from calibrate.metrics.metric import row_metric
from calibrate.softmax import Float64, Outcomes


@row_metric(lower_is_better=False)
def accuracy(rows: Outcomes) -> Float64:
    """The share of rows whose first argmax is the label. In [0, 1]."""
    return rows.correct


@row_metric(lower_is_better=None)
def mean_confidence(rows: Outcomes) -> Float64:
    """The mean of ``max_k p_k``. In [1/K, 1]."""
    return rows.confidence


@row_metric(lower_is_better=None)
def overconfidence(rows: Outcomes) -> Float64:
    """``mean_confidence - accuracy``. In [-1, 1]; positive: the model claims too much."""
    return rows.confidence - rows.correct


@row_metric(lower_is_better=True, reference="Good (1952), Rational decisions")
def nll(rows: Outcomes) -> Float64:
    """``-log p_label``, natural logarithm. From 0 up, in nats."""
    return rows.nll


@row_metric(
    lower_is_better=True,
    reference="Brier (1950), Verification of forecasts expressed in terms of probability",
)
def brier(rows: Outcomes) -> Float64:
    """``sum_k (p_k - [k = label])²``, over all classes. In [0, 2]."""
    return rows.brier
