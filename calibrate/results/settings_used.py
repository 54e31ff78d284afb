"""With which settings something was measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SettingsUsed:
    """What a measurement can be repeated with.

    Attributes:
        n_bins: equal-width confidence bins.
        bootstrap: samples behind the intervals of figures that are not means; 0 for none.
        seed: of folds, bootstrap and consistency resampling.
        level: how often an interval holds the truth.
        votes: how many votes each soft label is the mean of; None: it is exact.
        class_names: one per class; None where none were given.
    """

    n_bins: int
    bootstrap: int
    seed: int
    level: float = 0.95
    votes: int | None = None
    class_names: tuple[str, ...] | None = None
