"""Row weights."""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from calibrate.arrays import AnyArray, Float64, Index, described
from calibrate.data.column import Column, everything
from calibrate.data.layout import Layout, Selection
from calibrate.errors import InputError

FAR = 100  # weights whose largest is beyond 2^±100 are brought to scale


def check_weights(weights: AnyArray, rows: int, name: str) -> Float64:
    """Row weights as float64: one per row, finite, non-negative, not all zero.

    Only their ratios matter: where squares and sums of them would overflow or vanish, they are
    divided by a power of two, which changes no ratio. What is then below 2^-500 weighs nothing.
    """
    if weights.dtype.kind not in "biuf" or weights.shape != (rows,):
        raise InputError(
            f"{name}: expected {rows:,} weights as real numbers, found {described(weights)}"
        )
    values = weights.astype(np.float64)
    bad = ~((values >= 0) & (values < np.inf))
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"{name}: expected finite weights from 0, "
            f"found {values[row]:g} in row {row} ({int(bad.sum()):,} in all)"
        )
    if not values.any():
        raise InputError(f"{name}: every weight is 0; at least one row must count")
    exponent = int(np.frexp(values.max())[1])
    if abs(exponent) > FAR:
        values = np.ldexp(values, -exponent)
    values[values < np.ldexp(values.max(), -5 * FAR)] = 0.0
    return values


def weights_of(weights: Column, layout: Layout, selection: Selection) -> Float64:
    """Checked weights of the rows that count."""
    given = layout.counting(everything(weights), selection)
    return check_weights(given, selection.n_rows, weights.name)


# Clusters: rows that belong together, as the tokens of a text or the pixels of an image do.


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


# Dealing rows out to folds for cross-fitting.


Folds = npt.NDArray[np.int16]


def deal(units: Index | None, n_units: int, n_folds: int, seed: int) -> Folds:
    """The fold of each row: each run of ``n_folds`` units is dealt out in random order.

    Rows of a unit stay together; None for rows that are each a unit.
    """
    folds = np.tile(np.arange(n_folds, dtype=np.int16), (-(-n_units // n_folds), 1))
    np.random.default_rng(seed).permuted(folds, axis=1, out=folds)
    dealt = folds.reshape(-1)[:n_units]
    return dealt if units is None else dealt[np.unique(units, return_inverse=True)[1]]
