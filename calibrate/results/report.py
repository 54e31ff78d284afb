"""How a result was made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from calibrate.results.display import Displayed, frame
from calibrate.results.measurement import Figures, Sides
from calibrate.tasks import Task
from calibrate.text import ShortRepr

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Provenance:
    """What made a result, so that it can be made again.

    Attributes:
        command: as it was given, without what only says where and how results are written.
        versions: of calibrate, Python and numpy.
    """

    command: str
    versions: dict[str, str]


# With which settings something was measured.


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


# What tests found.


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


# The verdict: what these rows say of the confidences, in one word with its sizes.


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


# What the CORP reliability diagram shows.


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


# Classes and groups of rows, looked at one by one.


@dataclass(frozen=True)
class Bias:
    """By how much the mean confidence of some rows is off, and how sure that is.

    Attributes:
        rows: the effective number of rows.
        size: mean confidence - accuracy.
        low, high: its 95 % interval, looked at on its own; None for too few rows.
        p_value: how often chance would give as much; None for too few rows.
        off: whether it is beyond chance among all that were looked at (Benjamini & Hochberg 1995,
            a false discovery rate of 5 %).
    """

    rows: float
    size: float
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    off: bool = False

    @property
    def sure(self) -> float:
        """At least how far off, at 97.5 %; below 0 where it may be nothing."""
        if self.low is None or self.high is None:
            return -1.0
        return max(self.low, -self.high)


@dataclass(frozen=True)
class ClassFigures:
    """The rows that are predicted to be of one class: are they as often as they claim?

    Attributes:
        index: the number of the class, from 0.
        name: its name, where known.
        rows: the weight of the rows predicted to be of it.
        accuracy, mean_confidence: over these rows.
        bias: their difference.
        ece: the one-vs-rest ECE of the probability of this class, over all rows; None where only
            predictions are known.
    """

    index: int
    name: str | None
    rows: float
    accuracy: float
    mean_confidence: float
    bias: Bias
    ece: float | None


@dataclass(frozen=True)
class EveryClass:
    """The same of all classes, in the order of their numbers: an array for each figure.

    Attributes:
        rows, accuracy, mean_confidence, ece: as in ``ClassFigures``; accuracy and confidence are
            None where no row is predicted to be of the class.
        low, high, p_value, off: as in ``Bias``.
    """

    rows: tuple[float, ...]
    accuracy: tuple[float | None, ...]
    mean_confidence: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    p_value: tuple[float | None, ...]
    off: tuple[bool, ...]
    ece: tuple[float, ...]


@dataclass(frozen=True, repr=False)
class ClassFindings(ShortRepr):
    """Classes looked at one by one.

    Attributes:
        listed: those to be shown, the most surely off first.
        tested: how many had the rows to be tested.
        off: how many of these are off beyond chance.
        fewest: rows below which a class is not tested.
        p_value: of all tested classes together (Simes 1986); below 5 % where one is off.
        every: all of them; None in files of earlier versions.
    """

    listed: tuple[ClassFigures, ...]
    tested: int
    off: int
    fewest: int
    p_value: float | None = None
    every: EveryClass | None = None


@dataclass(frozen=True)
class GroupFigures:
    """The headline figures of one group of rows.

    Attributes:
        name: of the group.
        rows: how many.
        few: whether they are too few to be tested (below 50).
        bias: of its confidence, after calibration where there is an after.
        metrics: before, after and change.
    """

    name: str
    rows: int
    few: bool
    bias: Bias
    metrics: Figures


# The Report: plain data, the only input of every renderer and every plot.


Ends = tuple[float, float]
Parameters = dict[str, float | tuple[float, ...]]
Intervals = dict[str, Ends | tuple[Ends | None, ...] | None]


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
    interval: Ends | None
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
        noun: what the parameters are called in a sentence: ``T``.
        symbol: how the calibrator is named in a line: ``T = 2.74``.
        sentence: what it does to the confidences.
        scales: whether it multiplies logits, so that the score test of T is a test of it.
    """

    method: str
    parameters: Parameters
    intervals: Intervals
    converged: bool | None = None
    evaluations: int | None = None
    label_smoothing: str | None = None
    folds: tuple[Parameters, ...] = ()
    noun: str = "the calibrator"
    symbol: str = ""
    sentence: str = ""
    scales: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "symbol", self.symbol or self.method)

    @property
    def temperature(self) -> float | None:
        """The temperature, where it is all that the calibrator does."""
        found = self.parameters.get("temperature")
        return found if isinstance(found, float) and len(self.parameters) == 1 else None

    @property
    def interval(self) -> Ends | None:
        """Its 95 % interval, where known."""
        return self.values[0][1] if self.temperature is not None else None

    @property
    def values(self) -> tuple[tuple[float, Ends | None], ...]:
        """The numbers of all parameters, with their 95 % intervals as far as known."""
        found: list[tuple[float, Ends | None]] = []
        for name, value in self.parameters.items():
            interval = self.intervals.get(name)
            if isinstance(value, float):
                found.append((value, _pair(interval)))
            else:
                pairs = interval or (None,) * len(value)
                found += [(v, _pair(p)) for v, p in zip(value, pairs, strict=True)]
        return tuple(found)

    @property
    def in_words(self) -> str:
        """``temperature: T = 2.12 [2.05, 2.19]``, or of many values their range."""
        if len(self.values) > 1:
            low, high = min(v for v, _ in self.values), max(v for v, _ in self.values)
            return f"{self.method}: {self.symbol} from {low:.3g} to {high:.3g}"
        known = [pair for _, pair in self.values if pair is not None]
        interval = "".join(f" [{low:.3g}, {high:.3g}]" for low, high in known)
        return f"{self.method}: {self.symbol}{interval}"


def _pair(found: object) -> Ends | None:
    match found:
        case (float(low), float(high)):
            return low, high
    return None


@dataclass(frozen=True)
class Rough:
    """The figures whose interval may hold the truth less than 93 times in 100, as it rests on few
    rows: of the values before and after, and of the changes.
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
    classes: Sides[ClassFindings] | None = None
    class_reliability: Sides[tuple[ClassReliability, ...]] | None = None
    smooth_reliability: Sides[SmoothReliability] | None = None
    corp_reliability: Sides[CorpReliability] | None = None
    risk_coverage: Sides[RiskCoverage] | None = None
    sweep: Sweep | None = None
    groups: tuple[GroupFigures, ...] | None = None  # the most surely off first
    warnings: tuple[str, ...] = ()
    rough_intervals: Rough = Rough()
    settings: SettingsUsed | None = None
    made: Provenance | None = None

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
