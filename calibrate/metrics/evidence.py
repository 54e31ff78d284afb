"""How much these rows can tell at all."""

from __future__ import annotations

from dataclasses import dataclass, replace

from calibrate.blocks.sums import effective
from calibrate.metrics.means import effective_rows
from calibrate.metrics.registry import METRICS, Interval
from calibrate.metrics.totals import Totals
from calibrate.results.measurement import Figures, Metrics
from calibrate.results.report import Rough

ENOUGH = 5.0  # effective rows that are right, and that are wrong, for any interval
AMPLE = 20.0  # ... for one that simulations confirm
AMPLE_ROWS = 100.0
AMPLE_PARTS = 30.0
EVEN_PARTS = 300.0  # parts of uneven weight that tell as much as so many even ones will do
EVEN = 0.6  # ... or as this share of them


@dataclass(frozen=True)
class Evidence:
    """What the rows amount to.

    Attributes:
        rows: their effective number, see ``effective_rows``.
        units: the effective number of independent parts, up to 1 024.
        even: whether their weights are about even, or they are many.
        right, wrong: effective rows whose prediction was right or wrong.
    """

    rows: float
    units: float
    even: bool
    right: float
    wrong: float

    @staticmethod
    def from_totals(totals: Totals) -> Evidence:
        rows = effective_rows(totals)
        accuracy = float(totals.rows.means[0])
        units = effective(totals.rows.weight)
        even = units >= min(EVEN_PARTS, EVEN * totals.rows.n_parts)
        return Evidence(rows, units, even, rows * accuracy, rows * (1 - accuracy))

    @property
    def enough(self) -> bool:
        """Whether any interval of a figure that rests on errors can be given."""
        return min(self.right, self.wrong) >= ENOUGH and self.units >= 3

    @property
    def ample(self) -> bool:
        """Whether the intervals hold as often as they say."""
        few = min(self.right, self.wrong) < AMPLE
        return not few and self.many

    @property
    def many(self) -> bool:
        """Whether the spread between parts tells what chance does."""
        return self.rows >= AMPLE_ROWS and self.units >= AMPLE_PARTS and self.even

    def limited(self, figures: Figures) -> Figures:
        """The figures without the intervals that so little cannot carry."""
        if self.enough:
            return figures

        def keeps(name: str) -> bool:  # the latter asks for no label, so for no errors
            return METRICS[name].interval is Interval.SHARE or name == "mean_confidence"

        def bare(side: Metrics | None) -> Metrics | None:
            if side is None:
                return None
            return {
                name: m if keeps(name) else replace(m, low=None, high=None)
                for name, m in side.items()
            }

        return Figures(bare(figures.before) or {}, bare(figures.after), bare(figures.change))

    def rough(self, figures: Figures) -> Rough:
        """The intervals that are rough: of so little nearly all."""
        if self.ample:
            return Rough()

        def names(side: Metrics | None) -> tuple[str, ...]:
            return tuple(
                name
                for name, m in (side or {}).items()
                if m.low is not None and METRICS[name].interval is not Interval.SHARE
            )

        return Rough(names(figures.before), names(figures.change))

    def words(self, totals: Totals) -> tuple[str, ...]:
        """What the user should know of it."""
        said = []
        count = totals.rows.rows
        if not totals.alone and self.units >= 3 and self.rows < 0.9 * count:
            units = totals.rows.n_parts
            many = "at least " if units >= 1024 else ""
            said.append(
                f"rows belong together: {count:,} rows in {many}{units:,} clusters tell as much as "
                f"{self.rows:,.0f} independent ones"
            )
        elif totals.alone and self.rows < 0.5 * count:
            said.append(
                f"the weights are uneven: {count:,} rows tell as much as {self.rows:,.0f} of equal "
                "weight"
            )
        fewer, what = min((self.right, "right"), (self.wrong, "wrong"))
        if self.units < 3:
            of = "rows" if totals.alone else "clusters"
            said.append(f"too few {of} for an interval: they tell as much as {self.units:.1f}")
        elif not self.enough:
            said.append(
                f"too few errors for an interval: of {self.rows:,.0f} effective rows {fewer:.0f} "
                f"are {what}, expected at least {ENOUGH:.0f}"
            )
        return tuple(said)
