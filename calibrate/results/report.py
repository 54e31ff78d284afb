"""The Report: plain data, the only input of every renderer and every plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from calibrate.printable import ShortRepr
from calibrate.results.biases import Bias, Classes, GroupFigures
from calibrate.results.corp import CorpReliability
from calibrate.results.display import Displayed, frame
from calibrate.results.made import Made
from calibrate.results.measurement import Figures, Sides
from calibrate.results.settings_used import SettingsUsed
from calibrate.results.tests import Test, Tests
from calibrate.results.verdict import Verdict
from calibrate.tasks import Task

if TYPE_CHECKING:
    import pandas as pd

Interval = tuple[float, float]
Parameters = dict[str, float | tuple[float, ...]]
Intervals = dict[str, Interval | tuple[Interval | None, ...] | None]


@dataclass(frozen=True)
@dataclass(frozen=True, repr=False)
class Reliability(ShortRepr):
    """Confidence against accuracy per bin; empty bins have weight 0 and None.

    ``consistency_low`` and ``consistency_high`` hold the accuracy of 95 % of calibrated models with
    these confidences; empty where that was not looked at. ``rows`` is the effective number of rows:
    the weight times sum w / sum w² of all rows (Kish); empty in older files.
    """

    edges: tuple[float, ...]
    weight: tuple[float, ...]
    confidence: tuple[float | None, ...]
    accuracy: tuple[float | None, ...]
    consistency_low: tuple[float | None, ...] = ()
    consistency_high: tuple[float | None, ...] = ()
    rows: tuple[float, ...] = ()

    @property
    def effective(self) -> tuple[float, ...]:
        """The effective number of rows per bin, or what is nearest to it."""
        return self.rows or self.weight


@dataclass(frozen=True)
class ClassReliability:
    """The probability of one class against how often it is the label, over all rows.

    Attributes:
        index: the number of the class, from 0.
        name: its name, where known.
        rows: the weight of the rows with this label.
        ece: one-vs-rest.
        table: probability against frequency per bin.
        off: whether the rows predicted to be of it are off beyond chance, among all classes; None
            where that was not looked at or they are too few.
    """

    index: int
    name: str | None
    rows: float
    ece: float
    table: Reliability
    off: bool | None = None


@dataclass(frozen=True, repr=False)
class SmoothReliability(ShortRepr):
    """Accuracy as a smooth function of confidence, with its pointwise 95 % band.

    Attributes:
        bandwidth: of the Gaussian kernel.
        confidence: evenly spread points of [0, 1].
        accuracy, low, high: at these; None where there are too few rows.
        density: of the confidences, at these.
    """

    bandwidth: float
    confidence: tuple[float, ...]
    accuracy: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    density: tuple[float, ...]


@dataclass(frozen=True, repr=False)
class RiskCoverage(ShortRepr):
    """The error rate (risk) among the most confident rows that make up a share (coverage)."""

    coverage: tuple[float, ...]
    risk: tuple[float, ...]


@dataclass(frozen=True, repr=False)
class SweepBins(ShortRepr):
    """The confidence bins at each of some temperatures, to four decimals: what a page draws.

    Of yes-no decisions the probability of yes and how often it is yes.

    Attributes:
        edges: ``(b + 1,)``.
        share, confidence, accuracy: a list of ``b`` per temperature; None in empty bins. The
            first is that of all rows.
    """

    edges: tuple[float, ...]
    share: tuple[tuple[float | None, ...], ...]
    confidence: tuple[tuple[float | None, ...], ...]
    accuracy: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, repr=False)
class Sweep(ShortRepr):
    """The NLL and the ECE of these rows over a range of temperatures.

    Attributes:
        temperature, nll, ece: at each point; 1, ``best`` and the temperature in use are among them.
        best: the temperature that minimises the NLL of these rows.
        interval: its 95 % interval, or None.
        mean_confidence: at each point; empty in files of earlier versions.
        positive_ece: at each point, of yes-no decisions; else empty.
        rows: how many were measured; None in files of earlier versions.
        bins: at each point; None in files of earlier versions, and of more than 100 bins.
    """

    temperature: tuple[float, ...]
    nll: tuple[float, ...]
    ece: tuple[float, ...]
    best: float
    interval: Interval | None
    mean_confidence: tuple[float, ...] = ()
    positive_ece: tuple[float, ...] = ()
    rows: int | None = None
    bins: SweepBins | None = None


@dataclass(frozen=True)
class Data:
    """Which rows were measured.

    Attributes:
        in_sample: True where the calibrator was fitted on these very rows, in whatever order; None
            where that is not known.
        shared: the share of these rows that were recognised as rows of the fit, from a sample of
            them; None where nothing is known of the rows of the fit.
        rows: examples that count.
        classes: or labels, of a multi-label model.
        task: what the rows decide.
        fingerprint: a digest of the shape, and of scores and labels of some rows; the same as in
            the file of a calibrator that was fitted on them.
    """

    logits: str
    labels: str
    rows: int
    classes: int
    in_sample: bool | None
    task: Task = Task.multiclass
    shared: float | None = None
    fingerprint: str | None = None


@dataclass(frozen=True)
class Fitted:
    """The calibrator behind ``after``.

    Attributes:
        method: its name.
        parameters: its fitted values.
        intervals: the 95 % interval of each parameter, where known.
        converged: whether its fit reached the optimum; None where unknown.
        evaluations: passes over the data that its fit took; None where unknown.
        label_smoothing: what the fit assumed of its labels, in words; None where nothing.
        folds: the cross-fitted parameters behind ``after``, one per fold; empty where one
            calibrator was used for all rows.
    """

    method: str
    parameters: Parameters
    intervals: Intervals
    converged: bool | None = None
    evaluations: int | None = None
    label_smoothing: str | None = None
    folds: tuple[Parameters, ...] = ()

    @property
    def temperature(self) -> float | None:
        """The temperature, where there is one for all rows."""
        found = self.parameters.get("temperature")
        return found if isinstance(found, float) else None

    @property
    def interval(self) -> Interval | None:
        """Its 95 % interval, where known."""
        return _pair(self.intervals.get("temperature"))

    @property
    def temperatures(self) -> tuple[tuple[float, Interval | None], ...]:
        """Where each label has one of its own: these, with their intervals as far as known."""
        found, intervals = self.parameters.get("temperatures"), self.intervals.get("temperatures")
        if not isinstance(found, tuple):
            return ()
        known = intervals or (None,) * len(found)
        return tuple((t, _pair(i)) for t, i in zip(found, known, strict=True))


def _pair(found: object) -> Interval | None:
    match found:
        case (float(low), float(high)):
            return low, high
    return None


@dataclass(frozen=True)
class Rough:
    """The figures whose interval held the truth less than 93 times in 100 in simulations, or was
    not simulated: of the values before and after, and of the changes.
    """

    value: tuple[str, ...] = ()
    change: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Report(Displayed):
    """Everything that was measured on one set of rows.

    Attributes:
        verdict: what they say, in one word with its sizes.
        relation: do scores and labels belong together at all? A p-value near 0 says yes.
        lean: of yes-no decisions, mean P(yes) - share of yes; of answers, mean confidence - share
            of right ones.
    """

    data: Data
    calibrator: Fitted | None
    metrics: Figures
    reliability: Sides[Reliability]
    verdict: Verdict | None = None
    relation: Test | None = None
    lean: Sides[Bias] | None = None
    tests: Sides[Tests] | None = None
    classes: Sides[Classes] | None = None
    class_reliability: Sides[tuple[ClassReliability, ...]] | None = None
    smooth_reliability: Sides[SmoothReliability] | None = None
    corp_reliability: Sides[CorpReliability] | None = None
    risk_coverage: Sides[RiskCoverage] | None = None
    sweep: Sweep | None = None
    groups: tuple[GroupFigures, ...] | None = None  # the most surely off first
    warnings: tuple[str, ...] = ()
    rough_intervals: Rough = Rough()
    settings: SettingsUsed | None = None
    made: Made | None = None

    schema: ClassVar[str] = "calibrate.report/1"
    command: ClassVar[str] = "calibrate report"

    @property
    def calibrator_is_crossfit(self) -> bool:
        """Whether ``after`` went through one calibrator per fold."""
        return self.calibrator is not None and bool(self.calibrator.folds)

    @property
    def temperature(self) -> float | None:
        """The fitted temperature, where the calibrator is one."""
        return self.calibrator.temperature if self.calibrator else None

    def to_frame(self) -> pd.DataFrame:
        """A row per metric; columns ``before``, ``before_low``, ``before_high``, and the same of
        ``after`` and ``change`` where there is an after. What is not known is NaN.

        Raises:
            ImportError: pandas is not installed.
        """
        m = self.metrics
        return frame([({}, {"before": m.before, "after": m.after, "change": m.change})])
