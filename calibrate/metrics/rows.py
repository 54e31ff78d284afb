"""Figures that are means over rows: each function gives the value of every row."""

from __future__ import annotations

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.predictions import Predictions
from calibrate.metrics.registry import Interval, Over, metric


@metric(Over.ROWS, Interval.SHARE, lower_is_better=False, headline=True)
def accuracy(rows: Predictions) -> Float64:
    """The share of rows whose first argmax is the label. In [0, 1]."""
    return rows.correct


@metric(Over.ROWS, Interval.SHARE, lower_is_better=False, only_for="more than 5 classes")
def top_5_accuracy(rows: Predictions) -> Float64:
    """The share of rows whose label is among the five largest scores. In [0, 1]; for K > 5.

    Of equal scores the first counts as larger.
    """
    return rows.top_5


@metric(Over.ROWS, Interval.NORMAL, lower_is_better=None)
def mean_confidence(rows: Predictions) -> Float64:
    """The mean of ``max_k p_k``. In [1/K, 1]."""
    return rows.confidence


@metric(Over.ROWS, Interval.NORMAL, lower_is_better=None, bounds=(-1.0, 1.0), headline=True)
def overconfidence(rows: Predictions) -> Float64:
    """``mean_confidence - accuracy``. In [-1, 1]; positive: the model claims too much."""
    return rows.confidence - rows.correct


@metric(
    Over.ROWS,
    Interval.NORMAL,
    lower_is_better=True,
    bounds=(0.0, np.inf),
    reference="Good (1952), Rational decisions",
    headline=True,
)
def nll(rows: Predictions) -> Float64:
    """``-log p_label``, natural logarithm. From 0 up, in nats."""
    return rows.nll


@metric(
    Over.ROWS,
    Interval.NORMAL,
    lower_is_better=True,
    bounds=(-np.inf, np.inf),
    without=("value",),
    only_for="rows that T can be fitted to, also without any of 5 folds",
    cross_fits=True,
    reference="Berta et al. (2025), Rethinking early stopping: refine, then calibrate",
)
def nll_calibration(rows: Predictions) -> Float64:
    """The part of the NLL that one temperature would recover, in nats.

    ``nll - nll through a temperature cross-fitted on these rows``: the best temperature, but none
    that has seen the row that it is used on. About 0, or below, where there is nothing to recover.
    """
    return rows.nll - rows.best_nll


@metric(
    Over.ROWS,
    Interval.NORMAL,
    lower_is_better=True,
    bounds=(0.0, 2.0),
    reference="Brier (1950), Verification of forecasts expressed in terms of probability",
    headline=True,
)
def brier(rows: Predictions) -> Float64:
    """``sum_k (p_k - [k = label])²``, over all classes. In [0, 2]."""
    return rows.brier
