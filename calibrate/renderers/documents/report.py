"""What a report finds, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from calibrate.metrics.biases import FEWEST, FEWEST_PARTS
from calibrate.metrics.registry import METRICS
from calibrate.renderers.parts import (
    EVERYTHING,
    Cell,
    Diagram,
    Heading,
    Line,
    Lines,
    Part,
    Shown,
    Table,
    Tone,
    document,
    warned,
)
from calibrate.renderers.words import (
    ROUGH,
    bias_in_points,
    measurement,
    number,
    p_value,
    points,
    rows_and_classes,
    scores_of,
    short,
)
from calibrate.results.measurement import Measurement
from calibrate.results.report import Bias, ClassFigures, Code, Report, Test, Tests, Verdict
from calibrate.tasks import Task

MOST_LISTED = 12  # numbers of a calibrator


def headline(report: Report) -> str:
    """``test.npy: 2,000 rows, 10 classes``"""
    return f"{report.data.logits}: {rows_and_classes(report)}"


def provenance(report: Report) -> str:
    """On which rows the figures after calibration were measured, in words; may be empty."""
    fitted, shared = report.calibrator, report.data.shared
    if fitted is None:
        return ""
    if fitted.folds:
        return f"each row measured with {fitted.noun} from the other {len(fitted.folds) - 1} folds"
    if report.data.in_sample:
        return "the very rows of the fit, so after is too good"
    if shared is None:
        return "whether these were rows of the fit is not known"
    if shared == 0:
        return "none was recognised as a row of the fit"
    if shared > 0.995:
        return "all of them were among the rows of the fit, so after is too good"
    share = f"about {100 * shared:.0f} %" if shared >= 0.01 else "under 1 %"
    return f"{share} of them were among the rows of the fit, so after is too good"


def smoothed(report: Report) -> str:
    """What the fit assumed of its labels, in words; may be empty."""
    fitted = report.calibrator
    if fitted is None or fitted.label_smoothing is None:
        return ""
    return f"{fitted.noun} fitted to labels smoothed by {fitted.label_smoothing}"


def calibrator(report: Report) -> str:
    """The calibrator with its intervals: ``T = 2.12 (95 % interval 2.05 to 2.19)``, or ``T of 3
    labels (95 % intervals): 0.9 (0.8 to 1.0), ...``, of many numbers only their range.
    """
    fitted = report.calibrator
    if fitted is None:
        return ""
    text, values = fitted.symbol, fitted.values
    if len(values) > MOST_LISTED:
        low, high = min(value for value, _ in values), max(value for value, _ in values)
        return f"{text}: {short(low)} to {short(high)}"
    if len(values) > 1:
        each = [
            f"{short(value)} ({short(pair[0])} to {short(pair[1])})" if pair else short(value)
            for value, pair in values
        ]
        known = " (95 % intervals)" if any(pair for _, pair in values) else ""
        return f"{text}{known}: {', '.join(each)}"
    for _, pair in values:
        if pair:
            rough = "rough " if _is_rough(report) else ""
            text += f" ({rough}95 % interval {short(pair[0])} to {short(pair[1])})"
    return text + (", NOT CONVERGED" if fitted.converged is False else "")


def _is_rough(report: Report) -> bool:
    """Whether the interval of a parameter is."""
    parameters = report.calibrator.parameters if report.calibrator else ()
    return any(name in report.rough_intervals.value for name in parameters)


def meaning(report: Report) -> str:
    """One sentence on what the calibrator, or the bare overconfidence, says of the model."""
    fitted = report.calibrator
    if fitted is None:
        return _without_calibrator(report)
    if fitted.converged is False:
        return f"{fitted.symbol}: this is not an optimum, see the warning; do not rely on it."
    if len(fitted.values) > 1:
        change = report.metrics.change["nll"] if report.metrics.change else Measurement(None)
        return f"{fitted.sentence} Together they change the nll by {number(change.value)}."
    return fitted.sentence.replace("logits", scores_of(report))


def _without_calibrator(report: Report) -> str:
    gap = report.metrics.before["overconfidence"].value or 0.0
    claim = "more" if gap > 0 else "less"
    text = f"The model is on average {abs(gap):.1%} {claim} confident than it is right"
    if report.data.task is Task.top_label:
        return f"{text}."
    return f"{text}; --fit shows what a temperature would do."


# What a verdict says of answers that were right or wrong, and how sure they were.


ALPHA = 0.05
PAST = "A temperature draws every confidence towards 50 % and none past it."


def no_temperature(report: Report) -> tuple[str, ...]:
    """Of a fit without an optimum: T grows for ever, and what is left; empty of any other."""
    t = report.temperature
    if t is None or t <= 1 or report.calibrator is None:
        return ()
    before = report.metrics.before
    right, said = before["accuracy"].value or 0.0, before["mean_confidence"].value or 0.0
    first = f"NO TEMPERATURE MENDS THIS: right {100 * right:.1f} %, said {100 * said:.1f} %"
    return (f"{first} on average", PAST, *_use(report))


def still_off(report: Report) -> tuple[str, ...]:
    """That the confidence is off on average after calibration, where it is, and what to do."""
    bias = None if report.lean is None else report.lean.after
    verdict = report.verdict
    if bias is None or verdict is None or not bias.off or abs(bias.size) < verdict.negligible:
        return ()
    way = "less" if bias.size > 0 else "more"
    with_ = "With T" if report.calibrator is None else f"With {report.calibrator.noun}"
    first = f"{with_} the answers are right {way} often than said, by {bias_in_points(bias)}."
    if "temperature" in verdict.found or not _scales(report):
        return (first,)
    return (first, PAST, *_use(report))


def _use(report: Report) -> tuple[str, ...]:
    return () if _unordered(report) else ("Rank answers by it; do not take it for a probability.",)


def ranking(report: Report) -> tuple[str, ...]:
    """That the confidence says nothing of which answers are right, where nothing shows it to."""
    test = report.relation
    if test is None or test.p_value is None or not _unordered(report):
        return ()
    if 1 - test.p_value < ALPHA / 2:
        return ("RIGHT ANSWERS HAVE THE LOWER CONFIDENCE: are these the rows of one file?",)
    p = p_value(test.p_value)
    return (f"Nothing shows that right answers have more confidence than wrong ones ({p}).",)


def _unordered(report: Report) -> bool:
    """Whether nothing shows that the confidence is higher where answers are right."""
    p = None if report.relation is None else report.relation.p_value
    return p is None or p >= ALPHA


def shifted(report: Report, used: str) -> str:
    """The verdict on a fit that leaves the confidence off on average; ``used`` names T."""
    bias = report.lean.last if report.lean else None
    way = "less" if bias is None or bias.size > 0 else "more"
    return f"Right {way} often than it says, and {used} cannot mend that"


# What the tests of a report found, in sentences: each says how large, beside how sure.


NEGLIGIBLE = 0.005  # an ECE of half a point changes no decision that rests on a probability
NOTHING, LARGEST = 1e-9, 0.99  # ECEs


def findings(report: Report) -> list[str]:
    """A sentence per test; those after calibration, where there is one, else before."""
    if report.tests is None:
        return []
    tests = report.tests.last
    each = (
        _consistency(tests, report),
        _classwise(tests),
        _spiegelhalter(tests),
        _sharpness(tests, report),
    )
    found = [sentence for sentence in each if sentence]
    if report.tests.after is None:
        return [sentence[0].upper() + sentence[1:] for sentence in found]
    found = [f"After calibration: {sentence}" for sentence in found]
    if tests.after_fit:
        found.append(_after_fit(report))
    return found


def _consistency(tests: Tests, report: Report) -> str:
    test = tests.consistency
    if test.statistic is None or test.p_value is None:
        return ""
    p = p_value(max(test.p_value, 0.001))
    what = "positive ECE" if report.data.task.yes_no else "ECE"
    article = "a" if report.data.task.yes_no else "an"
    size = f"{article} {what} of {number(test.statistic)}"
    if test.p_value < ALPHA:
        small = f", and negligible: below {NEGLIGIBLE:g}"
        return f"{size} is more than chance ({p}){small if test.statistic < NEGLIGIBLE else ''}."
    told = f"{size} is not told from chance ({p})"
    if test.limit is None or test.detectable is None:
        return f"{told}."
    if test.limit < NOTHING:  # shares that are the probabilities themselves
        return ""
    if test.detectable > LARGEST:
        return f"{told}, which shows up to {number(test.limit)} on such rows: they can reveal none."
    return (
        f"{told}, which shows up to {number(test.limit)} on such rows; they reveal a true one "
        f"of {number(test.detectable)} four times in five."
    )


def _classwise(tests: Tests) -> str:
    test = tests.classwise
    if test.statistic is None or test.p_value is None:
        return ""
    told = "is more than chance" if test.p_value < ALPHA else "is not told from chance"
    return f"over all classes a classwise ECE of {number(test.statistic)} {told} (" + (
        f"{p_value(test.p_value)})."
    )


def _spiegelhalter(tests: Tests) -> str:
    test = tests.spiegelhalter
    if test.statistic is None or test.p_value is None:
        return ""
    told = "contradict" if test.p_value < ALPHA else "do not contradict"
    return (
        f"Spiegelhalter's Z = {test.statistic:.2f} ({p_value(test.p_value)}): the labels {told} "
        "the confidences."
    )


def _after_fit(report: Report) -> str:
    fitted = report.calibrator
    if fitted is None or fitted.interval is None:  # by which the tests allow for the choice
        noun = fitted.noun if fitted else "the calibrator"
        return f"{noun} was chosen on these very rows, which the tests do not allow for."
    t = fitted.noun
    return f"{t} was chosen on these very rows: the tests allow for that, and none is left of {t}."


def _scales(report: Report) -> bool:
    """Whether the scores are as sharp as a temperature makes them, or as they are."""
    return report.calibrator is None or report.calibrator.scales


def _sharpness(tests: Tests, report: Report) -> str:
    """Whether multiplying all scores would help: of a temperature, whether another would."""
    test: Test = tests.temperature
    if test.statistic is None or test.p_value is None:
        return ""
    fitted = report.calibrator
    score = f"(score test, z = {test.statistic:.2f}, {p_value(test.p_value)})"
    if fitted is not None and not fitted.scales:
        if test.p_value >= ALPHA:
            return f"these rows do not speak against how sharp the scores are {score}."
        return f"these rows want {'less' if test.statistic > 0 else 'more'} sharp scores {score}."
    named = "T = 1" if fitted is None else fitted.symbol
    if test.p_value >= ALPHA:
        return f"these rows do not speak against {named} {score}."
    way = "larger" if test.statistic > 0 else "smaller"
    near = f", near {short(report.sweep.best)}" if report.sweep else ""
    return f"these rows want a {way} T than {named}{near} {score}."


# The verdict in words, and what explains it: short lines, the first thing that anybody reads.


AWAY = -3.0  # standard errors
TESTS = {
    "consistency": "ECE",
    "spiegelhalter": "Z",
    "temperature": "T",
    "classwise": "classwise ECE",
    "classes": "classes",
    "groups": "groups",
    "lean": "mean P(yes)",
}


def verdict_lines(report: Report) -> tuple[str, ...]:
    """The verdict, then what explains it."""
    if report.verdict is None:
        return ()
    found, more = report.verdict, _lean(report)
    if report.data.task is Task.confidence:
        more = (*still_off(report), *ranking(report))
    match found.code:
        case Code.unrelated:
            return _unrelated(report)
        case Code.not_converged:
            stuck = no_temperature(report)
            if report.data.task is Task.confidence and stuck:
                return (*stuck, *ranking(report))
            at = f" at {report.calibrator.symbol}" if report.calibrator else ""
            return (f"NO OPTIMUM: the fit stopped{at}; do not rely on it",)
        case Code.miscalibrated | Code.negligible | Code.calibrated | Code.too_few_rows:
            return (*_of_report(report, found), *more, *_before(report))
    return (*_of_fit(report, found), *more)


def _unrelated(report: Report) -> tuple[str, ...]:
    test = report.relation
    z = test.statistic if test is not None and test.statistic is not None else 0.0
    if z < AWAY:
        return (
            "THESE SCORES POINT AWAY FROM THESE LABELS: the label has the lower ones",
            "Is another class the first one (--label-offset)?",
            "Are these distances, of which the smallest is the best?",
        )
    p = "" if test is None or test.p_value is None else f" ({p_value(test.p_value)})"
    return (
        f"NOTHING SHOWS THAT THESE SCORES BELONG TO THESE LABELS{p}",
        "Are the rows of both in the same order, and of the same data?",
        "No figure below means anything before that is settled.",
    )


def _of_fit(report: Report, found: Verdict) -> tuple[str, ...]:
    fitted = report.calibrator
    if fitted is None:
        return ()
    t, interval = fitted.symbol, fitted.interval
    if interval is not None:
        mark = "~" if _is_rough(report) else ""
        t += f" [{short(interval[0])}, {short(interval[1])}]{mark}"
    match found.code:
        case Code.overconfident:
            return (f"Overconfident: divide the {scores_of(report)} by {t}",)
        case Code.underconfident:
            return (f"Underconfident: divide the {scores_of(report)} by {t}",)
        case Code.shifted if report.data.task is Task.confidence:
            return (shifted(report, t),)
        case Code.shifted:
            return (f"The prior is off, and {t} cannot mend that",)
    if interval and interval[0] <= 1 <= interval[1]:
        return (f"No {fitted.method} shown to be needed: {t} may as well be 1",)
    if len(fitted.values) > 1:
        change = (report.metrics.change or {}).get("nll", Measurement(None))
        return (f"Fitted {fitted.method}: the nll changes by {measurement(change)}",)
    return (f"Too few rows to tell: {t}",)


def _of_report(report: Report, found: Verdict) -> tuple[str, ...]:
    after = f" after {report.calibrator.symbol}" if report.calibrator else ""
    name = "positive ECE" if report.data.task.yes_no else "ECE"
    error = f"{name} {_error(report)}"
    match found.code:
        case Code.miscalibrated:
            still = "STILL MISCALIBRATED" if report.calibrator else "MISCALIBRATED"
            lines = [f"{still}{after}: {error}", *_reasons(report, found)]
        case Code.negligible:
            lines = [
                f"NEGLIGIBLY MISCALIBRATED{after}: {error}",
                f"More than chance, but less than {found.negligible:g}, which matters to nobody.",
            ]
        case Code.calibrated:
            lines = [f"NO MISCALIBRATION FOUND{after}: {error}"]
        case _:
            lines = [f"TOO FEW ROWS TO TELL{after}: {error}", *_blind(found, name)]
    return tuple(lines)


def _error(report: Report) -> str:
    name = "positive_ece" if report.data.task.yes_no else "ece"
    found = report.metrics.last.get(name, Measurement(None))
    rough = name in report.rough_intervals.value and found.low is not None
    return measurement(found) + ("~" if rough else "")


def _blind(found: Verdict, name: str) -> tuple[str, ...]:
    if found.detectable is None:
        return ("Nothing was found, and hardly anything could be.",)
    return (f"Nothing was found, but no {name} below {found.detectable:.2g} could be seen.",)


def _reasons(report: Report, found: Verdict) -> tuple[str, ...]:
    """Why, and what to do, as far as the tests tell."""
    if report.calibrator is None:
        gap = report.metrics.last["overconfidence"].value or 0.0
        way = "overconfident" if gap > 0 else "underconfident"
        size = f"On average {way} by {points(abs(gap))}"
        if report.sweep is None:
            return (f"{size}.",)
        return (f"{size}.", f"The best T for these rows is {short(report.sweep.best)} (--fit).")
    scales = report.calibrator.scales
    if "temperature" in found.found and report.sweep is not None and scales:
        return (f"These rows want another T, near {short(report.sweep.best)}.",)
    for tests, what in ((("classwise", "classes"), "class"), (("groups",), "group")):
        if {*tests} & {*found.found}:
            mend = ", which one T cannot mend" if scales else ""
            return (f"What is left differs by {what}{mend}.",)
    if "lean" in found.found:
        return ()
    if not scales:
        return ("What is left does not differ by class or group: look at the pictures.",)
    return ("What is left is no matter of one T: look at the pictures.",)


def _before(report: Report) -> tuple[str, ...]:
    if report.calibrator is None:
        return ()
    gap = report.metrics.before["overconfidence"].value or 0.0
    way = "overconfident" if gap > 0 else "underconfident"
    return (f"Before: {way} by {points(abs(gap))}.",)


def _lean(report: Report) -> tuple[str, ...]:
    """That P(yes) is off on average, where it is, and that no temperature can mend it."""
    bias = None if report.lean is None else report.lean.last
    negligible = report.verdict.negligible if report.verdict else 0.0
    if bias is None or not bias.off or abs(bias.size) < negligible:
        return ()
    way = "high" if bias.size > 0 else "low"
    first = f"P(yes) is too {way} by {bias_in_points(bias)} on average: a shifted prior,"
    cause = "such as class weights in training leave"
    return (first, f"{cause}, which no temperature can move." if _scales(report) else f"{cause}.")


def tests_lines(report: Report) -> tuple[str, ...]:
    """Which tests are within chance and which beyond it, all of them together at 5 %."""
    if report.verdict is None or report.tests is None or report.verdict.code is Code.unrelated:
        return ()
    last, found = report.tests.last, report.verdict.found
    each = {
        "consistency": last.consistency.p_value,
        "classwise": last.classwise.p_value,
        "spiegelhalter": last.spiegelhalter.p_value,
        "temperature": last.temperature.p_value,
    }
    if report.lean is not None:
        each["lean"] = report.lean.last.p_value
    called = TESTS if _scales(report) else {**TESTS, "temperature": "sharpness"}
    if report.data.task is Task.confidence:
        called = {**called, "lean": "mean confidence"}
    known = {name: p for name, p in each.items() if p is not None}
    lines = []
    for what, those in (
        ("Beyond chance", [n for n in known if n in found]),
        ("Within chance", [n for n in known if n not in found]),
    ):
        if those:
            named = ", ".join(f"{called[n]} {_short_p(known[n])}" for n in those)
            lines.append(f"{what}: {named}")
    return tuple(lines)


def _short_p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


# The document of a Report.


FEW = 3  # classes on the first screen
MOST_GROUPS = 6
CLASS_COLUMNS = ("rows", "accuracy", "overconfidence", "p", "one-vs-rest ECE")


@document.register
def _(report: Report, shown: Shown = EVERYTHING) -> tuple[Part, ...]:
    first = (
        *_verdict(report),
        _first_metrics(report, shown),
        *((_diagram(report),) if shown.diagram else ()),
        *_lines([*tests_lines(report), _class_line(report)]),
    )
    if not shown.all:
        return *first, *_few_classes(report), *_groups(report, MOST_GROUPS)
    rest = (*_rest(report), *_classes(report), *_groups(report))
    return *first, *rest, *warned(report.warnings)


def _verdict(report: Report) -> tuple[Part, ...]:
    """What these rows say, then what they are."""
    first, *more = verdict_lines(report) or (headline(report),)
    rows = (
        headline(report) if report.verdict else "",
        calibrator(report) if report.calibrator and len(report.calibrator.values) > 1 else "",
        provenance(report),
        smoothed(report),
    )
    return Heading(first, tone=_tone(report)), Lines.of(
        *more, *(Line(text, quiet=True) for text in rows)
    )


def _tone(report: Report) -> Tone:
    """How much somebody should mind what the verdict says."""
    bad = (Code.unrelated, Code.not_converged, Code.miscalibrated)
    return "warning" if report.verdict is not None and report.verdict.code in bad else "notice"


def _diagram(report: Report) -> Diagram:
    """The bins after calibration, where there is an after."""
    yes = report.data.task.yes_no
    if yes and report.class_reliability is not None and report.class_reliability.last:
        return Diagram(report.class_reliability.last[0].table, yes)
    return Diagram(report.reliability.last)


def _lines(lines: Sequence[str]) -> tuple[Lines, ...]:
    found = Lines.of(*lines)
    return (found,) if found.lines else ()


def _rest(report: Report) -> tuple[Part, ...]:
    """What the first screen has no room for."""
    about = (calibrator(report), meaning(report), *findings(report))
    return Heading("All figures", level=2), _metrics(report), *_lines(about)


def _first_metrics(report: Report, shown: Shown) -> Table:
    """The figures that were asked for, else those that everybody looks at; the change in words."""
    measured, rough = report.metrics.before, report.rough_intervals
    error = "positive_ece" if report.data.task.yes_no else "ece"
    wanted = shown.metrics or ("nll", "brier", error, "accuracy")
    names = [name for name in wanted if name in measured]
    if report.metrics.after is None or report.metrics.change is None:
        rows = [[Cell(name), _cell(name, measured[name], rough.value)] for name in names]
        return _noted(["value"], rows)
    rows = []
    for name in names:
        row = [Cell(name), Cell(number(measured[name].value))]
        if name in report.metrics.after and name in report.metrics.change:
            after, change = report.metrics.after[name], report.metrics.change[name]
            better = None if _means_nothing(report) else _better(name, change)
            word = {True: "better", False: "worse", None: ""}[better]
            moved = _cell(name, change, rough.change, better)
            same = change.value == change.low == change.high == 0
            row += [Cell(number(after.value)), Cell("unchanged") if same else moved]
            row += [Cell(word, better)]
        rows.append(row + [Cell("")] * (5 - len(row)))
    return _noted(["before", "after", "change", ""], rows)


def _metrics(report: Report) -> Table:
    """All figures, with all intervals."""
    columns = ["before", "after", "change"] if report.metrics.after else ["value"]
    return _noted(columns, [_row(report, name) for name in report.metrics.before])


def _noted(columns: Sequence[str], rows: Sequence[list[Cell]]) -> Table:
    rough = any(cell.text.endswith("~") for row in rows for cell in row)
    return Table.of("metric", columns, rows, ROUGH if rough else "")


def _cell(
    name: str, figure: Measurement, rough: tuple[str, ...], better: bool | None = None
) -> Cell:
    mark = "~" if name in rough and figure.low is not None else ""
    return Cell(measurement(figure) + mark, better)


def _row(report: Report, name: str) -> list[Cell]:
    """The name of a figure, its values as far as there are these, and its change."""
    figures, rough = report.metrics, report.rough_intervals
    row = [Cell(name), _cell(name, figures.before[name], rough.value)]
    if figures.after is None or figures.change is None:
        return row
    if name not in figures.after:
        return [*row, Cell(""), Cell("")]
    better = _better(name, figures.change[name])
    row.append(_cell(name, figures.after[name], rough.value))
    return [*row, _cell(name, figures.change[name], rough.change, better)]


def _better(name: str, change: Measurement) -> bool | None:
    """Whether a figure became better beyond chance; None where these rows do not tell."""
    lower = METRICS[name].lower_is_better
    if lower is None or change.low is None or change.high is None:
        return None
    if not (change.high < 0 or change.low > 0):
        return None
    return (change.high < 0) == lower


def _after(report: Report) -> str:
    return ", after" if report.metrics.after else ""


def _means_nothing(report: Report) -> bool:
    return report.verdict is not None and report.verdict.code is Code.unrelated


def _class_line(report: Report) -> str:
    """How many classes are off beyond chance."""
    if not report.classes or _means_nothing(report):
        return ""
    found = report.classes.last
    if not found.tested:
        return f"No class has {FEWEST} rows by prediction, the fewest that are tested"
    what = f"{found.off:,}" if found.off else "none"
    return f"Classes off beyond chance (by prediction, {FEWEST}+ rows): {what} of {found.tested:,}"


def _few_classes(report: Report) -> tuple[Table, ...]:
    """Those that are most surely off beyond chance."""
    if not report.classes or _means_nothing(report):
        return ()
    off = [c for c in report.classes.last.listed if c.bias.off]
    rows: list[list[str | Cell]] = [
        [_name(c), f"{c.rows:,.6g}", number(c.accuracy), *_bias(c.bias)] for c in off[:FEW]
    ]
    return (Table.of(_of_classes(report), CLASS_COLUMNS[:-1], rows),) if rows else ()


def _classes(report: Report) -> tuple[Table, ...]:
    """The classes by their predictions, after calibration where there is one."""
    if not report.classes or not report.classes.last.listed:
        return ()
    classes = report.classes.last
    rows: list[list[str | Cell]] = [
        [_name(c), f"{c.rows:,.6g}", number(c.accuracy), *_bias(c.bias), number(c.ece)]
        for c in classes.listed
    ]
    note = _many(classes.tested, classes.off, "classes")
    return (Table.of(_of_classes(report), CLASS_COLUMNS, rows, note),)


def _of_classes(report: Report) -> str:
    return f"predicted class{_after(report)}"


def _name(found: ClassFigures) -> str:
    return str(found.index) if found.name is None else found.name


def _bias(bias: Bias) -> tuple[Cell, Cell]:
    """The overconfidence with its interval, and its p-value, marked where it is beyond chance."""
    size = Cell(measurement(Measurement(bias.size, bias.low, bias.high)))
    if bias.p_value is None:
        return size, Cell("few")
    mark = "*" if bias.off else ""
    return size, Cell(p_value(bias.p_value).removeprefix("p ").removeprefix("= ") + mark)


def _many(tested: int, off: int, what: str) -> str:
    """What was looked at, and how many of it are off: ``*`` beside a p-value marks them."""
    if not tested:
        return (
            f"{what} of fewer than {FEWEST} effective rows or {FEWEST_PARTS} units are not tested"
        )
    of = f"{tested:,} {what} with {FEWEST}+ rows"
    if not off:
        return f"none of {of} is off beyond chance (5 % false discoveries)"
    return f"* off beyond chance: {off:,} of {of} (5 % false discoveries)"


def _groups(report: Report, most: int | None = None) -> tuple[Table, ...]:
    """The groups, after calibration where there is one; the most surely off, or all."""
    if not report.groups:
        return ()
    shown = report.groups[0].metrics.before
    names = [name for name in shown if name != "overconfidence" and most is None]
    rows: list[list[str | Cell]] = []
    for group in report.groups[:most]:
        cells = [measurement(group.metrics.last[name]) for name in names]
        rows.append([Cell(group.name), Cell(f"{group.rows:,}"), *_bias(group.bias), *cells])
    labels = report.data.task is Task.multilabel
    what = "labels" if labels else "groups"
    tested = [group.bias for group in report.groups if group.bias.p_value is not None]
    note = _many(len(tested), sum(bias.off for bias in tested), what)
    lean = "P(yes) too high by" if report.data.task.yes_no else "overconfidence"
    title = f"{what}{_after(report)}"
    return (Table.of(title, ["rows", lean, "p", *names], rows, note),)
