"""A limit set on a figure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite

from calibrate.errors import InputError, check_known
from calibrate.printable import brief

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
