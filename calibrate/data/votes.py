"""Votes behind soft labels."""

from __future__ import annotations

import numpy as np

from calibrate.data.dataset import Dataset
from calibrate.errors import InputError

ROWS = 2_000  # looked at
SLACK = 0.02  # of a vote: shares of float16 are not exact


def check_votes(dataset: Dataset, votes: int | None) -> None:
    """Raise InputError where labels cannot be means of so many votes."""
    if votes is None:
        return
    name = dataset.labels_name
    if dataset.hard:
        raise InputError(f"{name}: `votes` is for shares of votes; here each label is one class")
    few = dataset.sample(ROWS)
    counted = np.asarray(few.read(0, few.n_rows).target, dtype=np.float64) * votes
    off = np.abs(counted - np.rint(counted)).max(axis=1)
    if off.max() > SLACK:
        share = counted[off.argmax()][np.abs(counted - np.rint(counted))[off.argmax()].argmax()]
        raise InputError(
            f"{name}: expected shares that are multiples of 1/{votes}, as of {votes} votes, found "
            f"{share / votes:.4g}; leave `votes` out where shares are exact"
        )
