"""What the CORP reliability diagram shows."""

from __future__ import annotations

from dataclasses import dataclass

from calibrate.printable import ShortRepr


@dataclass(frozen=True, repr=False)
class CorpReliability(ShortRepr):
    """Accuracy as the isotonic regression of correctness on confidence, and its Brier score.

    Of yes-no decisions, how often it is yes against the probability of yes. The Brier score of the
    confidence is ``miscalibration - discrimination + uncertainty``.

    Attributes:
        confidence: at most 200 of the confidences seen, ascending.
        accuracy: at these; straight lines between them.
        consistency_low, consistency_high: where 95 % of calibrated models with these confidences
            are, at each of them.
        edges, share: evenly spread over [0, 1], and the share of rows between them.
        miscalibration: what the isotonic regression takes off the score.
        discrimination: what it gains over one confidence for all rows.
        uncertainty: the score of that one confidence, the accuracy itself.
    """

    confidence: tuple[float, ...]
    accuracy: tuple[float, ...]
    consistency_low: tuple[float, ...]
    consistency_high: tuple[float, ...]
    edges: tuple[float, ...]
    share: tuple[float, ...]
    miscalibration: float
    discrimination: float
    uncertainty: float
