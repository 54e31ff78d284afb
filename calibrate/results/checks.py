"""Checks of a calibration, for builds that should fail when it is off."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from calibrate.results.display import Displayed
from calibrate.results.measurement import Figures, Measurement
from calibrate.results.report import Data, Fitted, Rough
from calibrate.results.settings_used import SettingsUsed


class Kind(str, Enum):
    """What is checked.

    ``limit``: a figure against a limit; ``against``: a figure against that of an earlier report;
    ``drift``: the temperature in use against the one that these rows want; ``converged``: whether
    the fit reached its optimum; ``relation``: whether scores and labels belong together.
    """

    limit = "limit"
    against = "against"
    drift = "drift"
    converged = "converged"
    relation = "relation"


class Outcome(str, Enum):
    """``undecided``: these rows cannot tell; such a check does not fail."""

    passed = "passed"
    failed = "failed"
    undecided = "undecided"


NOTHING = Measurement(None)


@dataclass(frozen=True)
class Check:
    """One thing that was checked.

    Attributes:
        name: as in ``ece``, ``change.nll``, ``ece@group:night``, ``against.nll`` or ``drift``.
        measured: the figure. Of ``against`` the difference, now - then; of ``drift`` the
            temperature that these rows want; without a value for ``converged`` and ``relation``.
        bound: ``max`` where the figure may be at most the limit, ``min`` where it must be at
            least that; None where the limit is neither.
        limit: None where there is none; of ``drift`` the temperature in use.
        p_value: how often chance alone would give as much; of ``against`` of all figures together
            (Holm); None where nothing was tested.
        alpha: below which p-value it fails (of ``relation``: holds); None where none is looked at.
        tolerance: of ``drift`` the share of the limit that the figure may be off by.
        paired: of ``against`` whether the differences are those of the very same rows.
    """

    name: str
    kind: Kind
    outcome: Outcome
    measured: Measurement = NOTHING
    bound: str | None = None
    limit: float | None = None
    p_value: float | None = None
    alpha: float | None = None
    tolerance: float | None = None
    paired: bool | None = None


@dataclass(frozen=True, repr=False)
class Checks(Displayed):
    """Everything that was checked on one set of rows.

    Attributes:
        data, calibrator, metrics, rough_intervals, settings: of the report that they are about.
        checks: in the order in which they were asked for.
        confident: whether limits are judged on the 95 % interval, all of which must be beyond.
        warn_only: whether failed checks are only told.
        against: the name of the earlier report; None for none.
    """

    data: Data
    calibrator: Fitted | None
    metrics: Figures
    checks: tuple[Check, ...]
    confident: bool = False
    warn_only: bool = False
    against: str | None = None
    warnings: tuple[str, ...] = ()
    rough_intervals: Rough = field(default_factory=Rough)
    settings: SettingsUsed | None = None

    schema: ClassVar[str] = "calibrate.check/1"
    command: ClassVar[str] = "calibrate check"

    def of(self, outcome: Outcome) -> tuple[Check, ...]:
        """The checks that came out so."""
        return tuple(check for check in self.checks if check.outcome is outcome)

    @property
    def passed(self) -> bool:
        """Whether none failed."""
        return not self.of(Outcome.failed)
