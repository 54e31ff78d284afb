"""What tests found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Test:
    """A statistic and how often chance alone would give one as extreme; None where undefined.

    ``limit`` is what chance alone stays below 19 times in 20; ``detectable`` the smallest true size
    that rows like these would find four times in five.
    """

    statistic: float | None
    p_value: float | None
    limit: float | None = None
    detectable: float | None = None


@dataclass(frozen=True)
class Tests:
    """Are the confidences calibrated, and is the temperature in use right for these rows?

    Attributes:
        consistency: the ECE against that of calibrated models with the same confidences.
        spiegelhalter: Spiegelhalter's Z of the confidences.
        temperature: the score test of the temperature in use (1 before calibration); of one that
            these rows chose there is none.
        classwise: the classwise ECE against that of calibrated probabilities.
        after_fit: whether these rows chose the temperature in use; the tests allow for it.
    """

    consistency: Test
    spiegelhalter: Test
    temperature: Test
    classwise: Test = Test(None, None)
    after_fit: bool = False
