"""The NLL and the ECE over a range of temperatures."""

from __future__ import annotations

import numpy as np

from calibrate.blocks.bins import equal_width_edges
from calibrate.blocks.ordered import Ordered
from calibrate.blocks.predictions import predicted, predictions
from calibrate.calibrators.methods.temperature import Temperature
from calibrate.calibrators.protocol import Fit
from calibrate.data.dataset import Dataset
from calibrate.metrics.definitions.binned import ece
from calibrate.results.report import Sweep

POINTS = 33
ROWS = 20_000  # more do not show in a picture
SCORES = 1 << 22
REACH = 4.0  # how far beyond the temperatures of interest the range goes, as a factor


def temperature_sweep(
    dataset: Dataset, fit: Fit[Temperature], in_use: float | None, n_bins: int
) -> Sweep | None:
    """Measure evenly spread rows at temperatures around 1, the best and the one in use.

    None where the rows have no best temperature. The range is even on a logarithmic scale.
    """
    if not fit.converged:
        return None
    marked = [1.0, fit.temperature, in_use or 1.0]
    low, high = min(marked) / REACH, max(marked) * REACH
    few = dataset.sample(max(1, min(ROWS, SCORES // dataset.n_classes)))
    temperatures = np.geomspace(low, high, POINTS)
    block = few.read(0, few.n_rows)
    shared, edges = predicted(block.logits, block), equal_width_edges(n_bins)
    weight = block.weight
    if not weight.any():
        return None
    nll, error = [], []
    for t in temperatures:
        rows = predictions(block.logits, 1.0 / t, few.magnitude, shared, block)
        nll.append(float(np.average(rows.nll, weights=weight)))
        ordered = Ordered.of(rows.confidence, rows.correct, weight)
        error.append(float(ece(ordered.binned(edges))))
    return Sweep(
        tuple(temperatures.tolist()), tuple(nll), tuple(error), fit.temperature, fit.interval
    )
