"""Slow, plain, float64 implementations to check against: written from the definitions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.special import logsumexp, softmax


def exact_temperature(
    logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Newton's method on the mean NLL in beta = 1/T, in float64, to 1e-13."""
    z = logits.astype(np.float64)
    w = np.ones(len(z)) if weights is None else weights
    t = z[np.arange(len(z)), labels]
    log_beta = 0.0
    for _ in range(200):
        p = softmax(np.exp(log_beta) * z, axis=1)
        mean = (p * z).sum(axis=1)
        gradient = (w * (mean - t)).sum()
        curvature = (w * ((p * z * z).sum(axis=1) - mean**2)).sum()
        step = np.clip(-gradient / curvature / np.exp(log_beta), -0.5, 0.5)
        log_beta += step
        if abs(step) < 1e-13:
            return float(np.exp(-log_beta))
    raise AssertionError("the reference did not converge")


def exact_figures(
    logits: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray | None = None,
    n_bins: int = 15,
) -> dict[str, float]:
    """Every figure by the written-out formula, row by row and bin by bin."""
    z = logits.astype(np.float64)
    n = len(z)
    w = np.ones(n) if weights is None else weights
    share = w / w.sum()
    log_p = z - logsumexp(z, axis=1, keepdims=True)
    p = np.exp(log_p)
    one_hot = np.zeros_like(p)
    one_hot[np.arange(n), labels] = 1
    confidence, correct = p.max(axis=1), (p.argmax(axis=1) == labels).astype(float)
    gaps, weight = [], []
    edges = np.linspace(0, 1, n_bins + 1)
    for low, high in pairwise(edges):
        inside = (confidence > low) & (confidence <= high)
        if w[inside].sum() > 0:
            weight.append(share[inside].sum())
            gaps.append(np.average((correct - confidence)[inside], weights=w[inside]))
    size, weight = np.abs(gaps), np.array(weight)
    return {
        "accuracy": share @ correct,
        "mean_confidence": share @ confidence,
        "overconfidence": share @ (confidence - correct),
        "nll": -(share @ log_p[np.arange(n), labels]),
        "brier": share @ ((p - one_hot) ** 2).sum(axis=1),
        "ece": weight @ size,
        "mce": size.max(),
        "rmsce": np.sqrt(weight @ size**2),
    }
