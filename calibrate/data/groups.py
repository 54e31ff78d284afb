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
