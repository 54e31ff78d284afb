"""What mypy --strict knows of the functions of single metrics: read by it in .ci/run, never run.

Where it does not find the mistake that a line is said to hold, it says so, and .ci/run fails.
"""

import numpy as np

import calibrate

p, y = np.eye(2), np.arange(2)
a: float = calibrate.ece(p, y, n_bins=10, scores="probabilities")
b: float = calibrate.nll(p, y, weights=y, task="multiclass")
calibrate.nll(p, y, n_bins=3)  # type: ignore[call-arg]  # it has no bins
c: str = calibrate.ks(p, y)  # type: ignore[assignment]  # it gives a float
