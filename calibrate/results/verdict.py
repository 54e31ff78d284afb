"""The verdict: what these rows say of the confidences, in one word with its sizes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Code(str, Enum):
    """What can be said.

    Of a fit: ``overconfident``, ``underconfident``, ``shifted`` where P(yes), or the confidence in
    answers, is off on average and T leaves it so, and ``undecided`` where T may as well be 1. Of
    a report: ``miscalibrated``, ``negligible``, ``calibrated`` (nothing found by rows that would
    show it) and ``too_few_rows`` (nothing found, and little could be). Of both: ``unrelated``
    (nothing shows that scores and labels belong together) and ``not_converged``.
    """

    unrelated = "unrelated"
    not_converged = "not_converged"
    overconfident = "overconfident"
    underconfident = "underconfident"
    shifted = "shifted"
    undecided = "undecided"
    miscalibrated = "miscalibrated"
    negligible = "negligible"
    calibrated = "calibrated"
    too_few_rows = "too_few_rows"


@dataclass(frozen=True)
class Verdict:
    """What these rows say, after calibration where there is a calibrator.

    Attributes:
        code: see ``Code``.
        error: the ECE, or, of yes-no decisions, the positive ECE; None where not measured.
        at_most: the upper end of its 95 % interval; None where there is none.
        p_value: of all tests together, the smallest times their number (Bonferroni); None where
            nothing was tested.
        detectable: the smallest true error that such rows reveal four times in five.
        negligible: below which size an error does not matter.
        found: the tests that reject at 5 % all together: ``consistency``, ``spiegelhalter``,
            ``temperature``, ``classwise``, ``classes``, ``groups``, ``lean``.
    """

    code: Code
    error: float | None = None
    at_most: float | None = None
    p_value: float | None = None
    detectable: float | None = None
    negligible: float = 0.005
    found: tuple[str, ...] = ()
