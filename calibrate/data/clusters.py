"""Clusters: rows that belong together, as the tokens of a text or the pixels of an image do."""

from __future__ import annotations

import numpy as np

from calibrate.arrays import AnyArray, Float64, Index, described
from calibrate.data.columns import Column, everything
from calibrate.data.layout import Layout
from calibrate.data.selection import Selection
from calibrate.errors import InputError


def cluster_numbers(clusters: AnyArray, rows: int, where: str) -> Index:
    """The clusters of rows, given as numbers or text, as numbers from 0.

    Raises:
        InputError: there is not one for each row, or there is only one in all.
    """
    if clusters.dtype.kind not in "biuUS" or clusters.ndim != 1 or len(clusters) != rows:
        raise InputError(
            f"{where}: expected {rows:,} clusters, one per row, as whole numbers or text, "
            f"found {described(clusters)}"
        )
    names, numbers = np.unique(clusters, return_inverse=True)
    if len(names) < 2:
        raise InputError(
            f"{where}: expected at least 2 clusters, found 1: rows that all belong together tell "
            "nothing about chance"
        )
    return numbers.astype(np.intp)


def clusters_of(
    clusters: Column, layout: Layout, selection: Selection, weights: Float64 | None
) -> Index:
    """The clusters of the rows that count, as numbers."""
    given = layout.counting(everything(clusters), selection)
    numbers = cluster_numbers(given, selection.n_rows, clusters.name)
    if weights is not None and len(np.unique(numbers[weights > 0])) < 2:
        raise InputError(
            f"{clusters.name}: expected at least 2 clusters with rows that weigh more "
            "than 0, found 1"
        )
    return numbers
