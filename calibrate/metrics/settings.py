"""How much to measure."""

from __future__ import annotations

from dataclasses import dataclass

from calibrate.blocks.bins import DEFAULT_BINS
from calibrate.errors import InputError
from calibrate.results.report import SettingsUsed
from calibrate.text import ShortRepr


@dataclass(frozen=True, repr=False)
class Settings(ShortRepr):
    """How much to measure.

    Attributes:
        n_bins: equal-width confidence bins.
        full: every metric and test; else the means over rows and the figures from bins.
        bootstrap: samples behind the intervals of figures that are not means; 0 for none.
        top: how many of the worst classes to list.
        class_names: one per class, or None.
        classes: the numbers of those whose reliability is wanted; None for those that
            are off beyond chance, then the most frequent.
        seed: of the bootstrap and of the consistency resampling.
        negligible: an ECE below this changes no decision that rests on a probability.
        votes: how many votes each soft label is the mean of; None: it is exact.
        only: names of metrics: what beside the means and the figures from bins is measured, and
            ``"temperature"``, whether the best T of the rows is; None for everything.

    Raises:
        InputError: ``votes`` is below 1, or ``negligible`` no number from 0 to 1.
    """

    n_bins: int = DEFAULT_BINS
    full: bool = True
    bootstrap: int = 1000
    top: int = 10
    class_names: tuple[str, ...] | None = None
    classes: tuple[int, ...] | None = None
    seed: int = 0
    negligible: float = 0.005
    votes: int | None = None
    only: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.votes is not None and self.votes < 1:
            raise InputError(f"`votes`: expected at least 1 per label, got {self.votes}")
        if not 0 <= self.negligible < 1:
            raise InputError(
                f"`negligible`: expected an ECE from 0 to below 1, got {self.negligible}"
            )

    def measures(self, name: str) -> bool:
        """Whether a metric that takes its time is measured."""
        return self.full and (self.only is None or name in self.only)

    @property
    def used(self) -> SettingsUsed:
        """What reports say of them."""
        return SettingsUsed(
            self.n_bins,
            self.bootstrap,
            self.seed,
            votes=self.votes,
            class_names=self.class_names,
        )
