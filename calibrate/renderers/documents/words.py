"""Numbers and findings in words, the same in every format."""

from __future__ import annotations

from collections.abc import Sequence

from calibrate.metrics import METRICS
from calibrate.results.report import Fitted, Measurement, Report, Test, Tests

HEADLINE = ("accuracy", "nll", "brier", "ece", "positive_ece")
MOST_LISTED = 12  # temperatures
IN_SAMPLE = "in-sample: measured on the very rows that the calibrator was fitted on"


def number(value: float | None) -> str:
    """Four decimals, or three significant digits of a huge number."""
    if value is None:
        return "–"
    if abs(value) >= 1e5:
        return f"{value:.3g}"
    return f"{value:.4f}".replace("-0.0000", "0.0000")


def short(value: float) -> str:
    """Three significant digits, without an exponent where it can be helped."""
    return f"{value:#.3g}".rstrip(".") if 1e-3 <= value < 1e4 else f"{value:.3g}"


def measurement(figure: Measurement) -> str:
    """The value, and its interval where there is one."""
    if figure.low is None or figure.high is None:
        return number(figure.value)
    return f"{number(figure.value)} [{number(figure.low)}, {number(figure.high)}]"


ROUGH = (
    "~ a rough interval: in simulations it held the truth less than 90 times in 100, or it was not "
    "simulated."
)


def is_rough(name: str, figure: Measurement, part: str) -> bool:
    """Whether the interval of this ``"value"`` or ``"change"`` deserves a warning."""
    return figure.low is not None and part in METRICS[name].rough


def cells(report: Report, name: str) -> list[str]:
    """A figure before, after and its change, as far as there are these."""
    figures = report.metrics
    sides = [figures.before[name]]
    sides += [figures.after[name]] if figures.after else []
    texts = [measurement(side) + "~" * is_rough(name, side, "value") for side in sides]
    if figures.change:
        change = figures.change[name]
        texts.append(measurement(change) + "~" * is_rough(name, change, "change"))
    return texts


def columns(report: Report) -> list[str]:
    """The titles of ``cells``."""
    return ["before", "after", "change"] if report.metrics.after else ["value"]


def footnote(report: Report, names: Sequence[str]) -> str:
    """What ~ means, where it was used."""
    return ROUGH if any(text.endswith("~") for n in names for text in cells(report, n)) else ""


def listed(report: Report, wanted: Sequence[str] | None) -> list[str]:
    """The figures to show, in the order asked for; all where nothing was asked for."""
    measured = report.metrics.before
    return list(measured) if wanted is None else [name for name in wanted if name in measured]


def rows_and_classes(report: Report) -> str:
    if report.data.task == "top-label":
        return f"{report.data.rows:,} predictions, {report.data.classes:,} labels seen"
    if report.data.task == "binary":
        return f"{report.data.rows:,} rows, binary"
    if report.data.task == "multilabel":
        return f"{report.data.rows:,} rows, {report.data.classes:,} labels (yes or no each)"
    return f"{report.data.rows:,} rows, {report.data.classes:,} classes"


def provenance(report: Report) -> str:
    """On which rows the figures after calibration were measured, in words; may be empty."""
    fitted = report.calibrator
    if fitted is None:
        return ""
    if fitted.folds:
        return (
            f"cross-fitted: each row measured with T from the other {len(fitted.folds) - 1} folds"
        )
    if report.data.in_sample is None:
        return "whether the calibrator was fitted on these rows is not known"
    return IN_SAMPLE if report.data.in_sample else "the calibrator was not fitted on these rows"


def temperature(report: Report) -> str:
    """``T = 2.12 (95 % interval 2.05 to 2.19)``; empty without a temperature."""
    if report.calibrator is None:
        return ""
    if report.temperature is None:
        return _many_temperatures(report.calibrator)
    interval = report.calibrator.intervals.get("temperature")
    text = f"T = {short(report.temperature)}"
    if interval:
        text += f" (95 % interval {short(interval[0])} to {short(interval[1])})"
    if report.calibrator.label_smoothing is not None:
        text += f", fitted to labels smoothed by {report.calibrator.label_smoothing}"
    if report.calibrator.converged is False:
        text += ", NOT CONVERGED"
    return text


def _many_temperatures(fitted: Fitted) -> str:
    """``T of 3 labels: 0.9 (0.8 to 1.0), ...``; only the range where there are many."""
    found = fitted.parameters.get("temperatures")
    if not found:
        return ""
    if len(found) > MOST_LISTED:
        return f"T of {len(found)} labels: {short(min(found))} to {short(max(found))}"
    intervals = fitted.intervals.get("temperatures") or []
    known = [*intervals, *[None] * (len(found) - len(intervals))]
    each = [
        f"{short(t)} ({short(pair[0])} to {short(pair[1])})" if pair else short(t)
        for t, pair in zip(found, known, strict=True)
    ]
    return f"T of {len(found)} labels (95 % intervals): {', '.join(each)}"


def verdict(report: Report) -> str:
    """One sentence on what the temperature, or the bare overconfidence, says of the model."""
    if report.calibrator is not None and report.temperature is None:
        change = report.metrics.change["nll"] if report.metrics.change else Measurement(None)
        nll = number(change.value)
        return f"Each label has a T of its own; together they change the nll by {nll}."
    if report.temperature is None or report.calibrator is None:
        return _without_calibrator(report)
    t = report.temperature
    interval = report.calibrator.intervals.get("temperature")
    head = f"T = {short(t)}: "
    if report.calibrator.converged is False:
        return head + "this is not an optimum, see the warning; do not rely on it."
    if interval and interval[0] <= 1 <= interval[1]:
        return (
            head + "its interval includes 1: the rows it was fitted on do not show that the model "
            "needs a temperature."
        )
    if abs(t - 1) < 0.005:
        return head + "as good as 1, which changes nothing."
    if t > 1:
        return (
            head + f"the model is overconfident; its logits were about {_times(t)} as sharp as the "
            "labels support."
        )
    return (
        head
        + f"the model is underconfident; its logits were only {_percent(t)} as sharp as the labels "
        "support (label smoothing often does this)."
    )


def _percent(t: float) -> str:
    return f"{t:.0%}" if t >= 0.01 else f"{short(100 * t)}%"


def _times(t: float) -> str:
    if 1.9 <= t <= 2.15:
        return "twice"
    return f"{short(t)} times"


def _without_calibrator(report: Report) -> str:
    gap = report.metrics.before["overconfidence"].value or 0.0
    claim = "more" if gap > 0 else "less"
    text = f"The model is on average {abs(gap):.1%} {claim} confident than it is right"
    if report.data.task == "top-label":
        return f"{text}."
    return f"{text}; --fit shows what a temperature would do."


CLASS_COLUMNS = ("rows", "accuracy", "mean_confidence", "overconfidence", "one-vs-rest ECE")


def worst_classes(report: Report) -> tuple[str, list[list[str]]]:
    """A title and the rows of a table; after calibration, where there is one, else before."""
    if report.classes is None:
        return "", []
    after = report.classes.after
    title = "worst classes" + (", after" if after is not None else "")
    return title, [
        [
            str(c.index) if c.name is None else c.name,
            f"{c.rows:,.6g}",
            *map(number, (c.accuracy, c.mean_confidence, c.overconfidence, c.ece)),
        ]
        for c in (report.classes.before if after is None else after)
    ]


GROUP_FIGURES = ("accuracy", "overconfidence", "nll", "ece", "positive_ece")


def group_columns(report: Report) -> list[str]:
    return ["rows", *(name for name in GROUP_FIGURES if name in report.metrics.before)]


def worst_groups(report: Report) -> tuple[str, list[list[str]]]:
    """A title and the rows of a table; after calibration, where there is one, else before."""
    rows = []
    for group in report.groups or ():
        figures = group.metrics.after or group.metrics.before
        few = " (few)" if group.few else ""
        cells = [measurement(figures[name]) for name in group_columns(report)[1:]]
        rows.append([group.name, f"{group.rows:,}{few}", *cells])
    what = "labels" if report.data.task == "multilabel" else "groups"
    return what + (", after" if report.metrics.after else ""), rows


def p_value(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def test_sentences(report: Report) -> list[str]:
    """A sentence per test; those after calibration, where there is one, else before."""
    if report.tests is None:
        return []
    after = report.tests.after
    tests = report.tests.before if after is None else after
    found = [_consistency(tests, report), _spiegelhalter(tests), _temperature(tests, report)]
    if after:
        return [f"After calibration: {sentence}" for sentence in found if sentence]
    return [sentence[0].upper() + sentence[1:] for sentence in found if sentence]


def _consistency(tests: Tests, report: Report) -> str:
    test = tests.consistency
    if test.statistic is None or test.p_value is None:
        return ""
    p = p_value(max(test.p_value, 0.001))
    yes_no = report.data.task in ("binary", "multilabel")
    what, them = ("a positive ECE", "probabilities") if yes_no else ("an ECE", "confidences")
    if test.p_value < 0.05:
        return (
            f"{what} of {number(test.statistic)} is more than chance: calibrated models with these "
            f"{them} rarely show as much ({p})."
        )
    return (
        f"{what} of {number(test.statistic)} is no more than chance would show in a calibrated "
        f"model with these {them} ({p}). The true one may be 0, the end of its range: the "
        "intervals of the errors then start at 0 and hold the truth more often than they say."
    )


def _spiegelhalter(tests: Tests) -> str:
    test = tests.spiegelhalter
    if test.statistic is None or test.p_value is None:
        return ""
    agrees = "do not agree" if test.p_value < 0.05 else "agree"
    return (
        f"Spiegelhalter's Z = {test.statistic:.2f} ({p_value(test.p_value)}): the confidences "
        f"{agrees} with how often the model is right."
    )


def _temperature(tests: Tests, report: Report) -> str:
    test: Test = tests.temperature
    if test.statistic is None or test.p_value is None:
        return ""
    named = "T = 1" if report.temperature is None else f"T = {short(report.temperature)}"
    if report.calibrator is not None and report.temperature is None:
        named = "these temperatures, taken together,"
    score = f"(score test, z = {test.statistic:.2f}, {p_value(test.p_value)})"
    if test.p_value >= 0.05:
        suit = "suit" if named.endswith(",") else "suits"
        return f"{named} {suit} these rows {score}."
    way = "larger" if test.statistic > 0 else "smaller"
    return f"these rows want a {way} T than {named} {score}."
