"""Clusters: rows that belong together, as the tokens of a text or the pixels of an image do."""

from __future__ import annotations

from math import prod

import numpy as np

from calibrate.arrays import AnyArray, Float64, Index, described
from calibrate.data.columns import Column, everything
from calibrate.data.layout import Layout
from calibrate.data.selection import Selection
from calibrate.errors import InputError


def cluster_numbers(clusters: AnyArray, rows: int, where: str) -> Index:
    """The clusters of rows, given as numbers or text, as numbers from 0.

    Raises:
        InputError: there is not one for each row, one is blank, or there is only one in all.
    """
    kinds = "biuUS"
    if clusters.dtype.kind == "f" and np.isfinite(clusters).all():
        kinds += "f" if (clusters == np.floor(clusters)).all() else ""  # as pandas writes them
    if clusters.dtype.kind not in kinds or clusters.ndim != 1 or len(clusters) != rows:
        raise InputError(
            f"{where}: expected {rows:,} clusters, one per row, as whole numbers or text, "
            f"found {described(clusters)}"
        )
    if clusters.dtype.kind in "US":
        blank = np.flatnonzero(np.char.str_len(np.char.strip(clusters)) == 0)
        if len(blank):
            raise InputError(
                f"{where}: expected the name of a cluster for each row, found none for row "
                f"{blank[0]:,} ({len(blank):,} in all); give each a name of its own"
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
    """The clusters of the rows that count, as numbers.

    One is given per decision, per row of leading axes, or per place of the first axis.
    """
    given, first = everything(clusters), layout.shape[0]
    if given.shape == (first,) and prod(layout.lead) != first:
        names = cluster_numbers(given, first, clusters.name)
        given = np.repeat(names, layout.n_decisions // first)
    given = layout.spread(given)
    of_all = cluster_numbers(given, _expected(given, layout), clusters.name)
    numbers = of_all if selection.numbers is None else of_all[selection.numbers]
    counting = numbers if weights is None else numbers[weights > 0]
    if len(np.unique(counting)) < 2:
        raise InputError(
            f"{clusters.name}: expected at least 2 clusters with rows that count, found 1"
        )
    return numbers


def _expected(given: AnyArray, layout: Layout) -> int:
    """How many would have fitted, for the message where there are more or fewer."""
    return layout.n_decisions if given.shape == (layout.n_decisions,) else prod(layout.lead)
