"""Groups of rows that are measured on their own."""

from __future__ import annotations

from math import prod

import numpy as np

from calibrate.arrays import AnyArray, Values, described
from calibrate.data.dataset import Dataset
from calibrate.data.foreign import as_array
from calibrate.errors import InputError

MOST = 1_000


def check_groups(groups: AnyArray, rows: int, where: str) -> AnyArray:
    """Raise InputError unless there is one group, a whole number or text, for each row."""
    if groups.ndim != 1 or groups.dtype.kind not in "biuUS":
        raise InputError(
            f"{where}: expected one group per row as whole numbers or text, "
            f"found {described(groups)}"
        )
    if len(groups) != rows:
        raise InputError(f"{where}: expected {rows:,} groups, one per row, found {len(groups):,}")
    different = len(np.unique(groups))
    if different > MOST:
        raise InputError(f"{where}: expected at most {MOST:,} groups, found {different:,}")
    return groups


def groups_of(groups: Values, dataset: Dataset, where: str) -> AnyArray:
    """The group of each row that counts, from one per row, per leading axes or per decision.

    Raises:
        InputError: there are more or fewer groups, or they are no groups.
    """
    layout = dataset.layout
    flat = layout.spread(as_array(groups, where))
    if flat.shape != (layout.n_decisions,):
        check_groups(flat, prod(layout.lead), where)
    checked = check_groups(flat, layout.n_decisions, where)
    numbers = dataset.selection.numbers
    return checked if numbers is None else checked[numbers]


# Votes behind soft labels.


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
