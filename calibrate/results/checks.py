"""A limit set on a figure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from math import isfinite
from typing import ClassVar

from calibrate.errors import InputError, check_known
from calibrate.results.display import Displayed
from calibrate.results.measurement import Figures, Measurement
from calibrate.results.report import Data, Fitted, Rough, SettingsUsed
from calibrate.text import brief

BOUNDS = ("max", "min")
SIDES = ("before", "after", "change")
GRAMMAR = (
    "NAME=NUMBER, as in ece=0.03, with before., after. or change. in front, as in change.nll=0, "
    "or a group behind, as in ece@group:night=0.05"
)
NAME = re.compile(r"(?:(?P<side>\w+)\.)?(?P<metric>[\w-]+)(?:@group:(?P<group>.+))?", re.DOTALL)


@dataclass(frozen=True)
class Limit:
    """What a figure may be at most, or must be at least.

    Attributes:
        bound: ``max`` or ``min``.
        metric: the name of the figure.
        value: the limit itself.
        side: ``before``, ``after`` or ``change``; None: after calibration where there is a
            calibrator, else as the rows are.
        group: of rows; None for all rows.
    """

    bound: str
    metric: str
    value: float
    side: str | None = None
    group: str | None = None

    @staticmethod
    def of_text(bound: str, text: str) -> Limit:
        """The limit that a text such as ``ece@group:night=0.05`` names.

        Raises:
            InputError: it names none; the message shows how one is written.
        """
        where = f"`{bound}`"
        name, equals, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = float("nan")
        if not equals or not isfinite(value):
            raise InputError(f"{where}: expected {GRAMMAR}; got {brief(text)}")
        return Limit.of_name(bound, name.strip(), value, where)

    @staticmethod
    def of_name(bound: str, name: str, value: float, where: str) -> Limit:
        """The limit on a figure of this name, as in ``change.nll``; ``where`` starts messages.

        Raises:
            InputError: this is no name of a figure.
        """
        found = NAME.fullmatch(name)
        if found is None:
            raise InputError(f"{where}: expected {GRAMMAR}; got {brief(name)}")
        if found["side"] is not None:
            check_known(f"{where} {brief(name)}, before the point", [found["side"]], SIDES)
        metric = found["metric"].lower().replace("-", "_")
        return Limit(bound, metric, float(value), found["side"], found["group"])

    @property
    def name(self) -> str:
        """As it is written, as in ``change.nll@group:night``."""
        side = "" if self.side is None else f"{self.side}."
        group = "" if self.group is None else f"@group:{self.group}"
        return f"{side}{self.metric}{group}"

    def holds(self, value: float) -> bool:
        """Whether a value keeps to it; one that equals it does."""
        return value <= self.value if self.bound == "max" else value >= self.value


# Checks of a calibration, for builds that should fail when it is off.


class CheckKind(str, Enum):
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
    kind: CheckKind
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

    def with_outcome(self, outcome: Outcome) -> tuple[Check, ...]:
        """The checks that came out so."""
        return tuple(check for check in self.checks if check.outcome is outcome)

    @property
    def passed(self) -> bool:
        """Whether none failed."""
        return not self.with_outcome(Outcome.failed)
