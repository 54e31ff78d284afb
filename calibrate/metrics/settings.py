"""How much to measure."""

from __future__ import annotations

from dataclasses import dataclass

from calibrate.blocks.bins import DEFAULT_BINS


@dataclass(frozen=True)
class Settings:
    """How much to measure.

    Attributes:
        n_bins: equal-width confidence bins.
        full: every metric and test; else the means over rows and the figures from bins.
        bootstrap: samples behind the intervals of figures that are not means; 0 for none.
        top: how many of the worst classes to list.
        class_names: one per class, or None.
        classes: the numbers of those whose reliability is wanted; None for the most frequent.
        seed: of the bootstrap and of the consistency resampling.
    """

    n_bins: int = DEFAULT_BINS
    full: bool = True
    bootstrap: int = 1000
    top: int = 10
    class_names: tuple[str, ...] | None = None
    classes: tuple[int, ...] | None = None
    seed: int = 0
