"""The document of a Report: its verdict, its metrics, what the tests found, classes and groups."""

from __future__ import annotations

from calibrate.metrics.biases import FEWEST, FEWEST_PARTS
from calibrate.metrics.registry import METRICS
from calibrate.renderers.parts import (
    EVERYTHING,
    Cell,
    Diagram,
    Heading,
    Line,
    Part,
    Shown,
    Table,
    Value,
    document,
    lines,
    warned,
)
from calibrate.renderers.words import (
    bias_in_points,
    measurement,
    number,
    p_of_cell,
    p_value,
    points,
    rows_and_classes,
    scores_of,
    short,
)
from calibrate.results.measurement import Measurement
from calibrate.results.report import Bias, Code, Report, Tests
from calibrate.tasks import Task

SIGNIFICANT = 0.05
FIRST_CLASSES, FIRST_GROUPS = 3, 6  # on the first screen


@document.register
def _(report: Report, shown: Shown = EVERYTHING) -> tuple[Part, ...]:
    headline = f"{report.data.logits}: {rows_and_classes(report)}"
    verdict, fitted = report.verdict, report.calibrator
    bad = (Code.unrelated, Code.not_converged, Code.miscalibrated)
    first, *more = _verdict(report) or (headline,)
    rows = [
        headline if verdict else "",
        _calibrator(report) if fitted and len(fitted.values) > 1 else "",
        _provenance(report),
    ]
    if fitted is not None and fitted.label_smoothing is not None:
        rows.append(f"{fitted.noun} fitted to labels smoothed by {fitted.label_smoothing}")
    parts: list[Part] = [
        Heading(first, tone="warning" if verdict is not None and verdict.code in bad else "notice"),
        *lines(*more, *(Line(text, quiet=True) for text in rows)),
        _first_metrics(report, shown.metrics),
        *([diagram_of(report)] if shown.diagram else []),
        *lines(*_tests(report), _class_line(report)),
    ]
    if not shown.all:
        return (*parts, *_classes(report, first=True), *_groups(report, first=True))
    return (
        *parts,
        Heading("All figures", level=2),
        _all_metrics(report),
        *lines(_calibrator(report), _meaning(report), *_findings(report)),
        *_classes(report, first=False),
        *_groups(report, first=False),
        *warned(report.warnings),
    )


def diagram_of(report: Report) -> Diagram:
    """The bins after calibration, where there is an after."""
    yes = report.data.task.yes_no
    if yes and report.class_reliability is not None and report.class_reliability.last:
        return Diagram(report.class_reliability.last[0].table, yes)
    return Diagram(report.reliability.last)


# The calibrator, and on which rows it was found.


def _calibrator(report: Report) -> str:
    """The calibrator with its intervals: ``T = 2.12 (95 % interval 2.05 to 2.19)``, or ``T of 3
    labels (95 % intervals): 0.9 (0.8 to 1.0), ...``, of many numbers only their range.
    """
    fitted = report.calibrator
    if fitted is None:
        return ""
    text, values = fitted.symbol, fitted.values
    if len(values) > 12:
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


def _scales(report: Report) -> bool:
    """Whether the scores are as sharp as a temperature makes them, or as they are."""
    return report.calibrator is None or report.calibrator.scales


def _provenance(report: Report) -> str:
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
    share = f"about {100 * shared:.0f} %" if shared >= 0.01 else "under 1 %"
    share = "all" if shared > 0.995 else share
    return f"{share} of them were among the rows of the fit, so after is too good"


def _meaning(report: Report) -> str:
    """One sentence on what the calibrator, or the bare overconfidence, says of the model."""
    fitted = report.calibrator
    if fitted is None:
        gap = report.metrics.before["overconfidence"].value or 0.0
        claim = "more" if gap > 0 else "less"
        text = f"The model is on average {abs(gap):.1%} {claim} confident than it is right"
        if report.data.task is Task.top_label:
            return f"{text}."
        return f"{text}; --fit shows what a temperature would do."
    if fitted.converged is False:
        return f"{fitted.symbol}: this is not an optimum, see the warning; do not rely on it."
    if len(fitted.values) > 1:
        change = report.metrics.change["nll"] if report.metrics.change else Measurement(None)
        return f"{fitted.sentence} Together they change the nll by {number(change.value)}."
    return fitted.sentence.replace("logits", scores_of(report))


# The verdict in words, and what explains it: short lines, the first thing that anybody reads.


PAST = "A temperature draws every confidence towards 50 % and none past it."


def _verdict(report: Report) -> tuple[str, ...]:
    """The verdict, then what explains it."""
    found, fitted = report.verdict, report.calibrator
    of_answers = report.data.task is Task.confidence
    if found is None:
        return ()
    if found.code is Code.unrelated:
        return _unrelated(report)
    if found.code is Code.not_converged:
        t = report.temperature
        if of_answers and t is not None and t > 1:  # it grows for ever
            before = report.metrics.before
            right, said = before["accuracy"].value or 0.0, before["mean_confidence"].value or 0.0
            first = f"NO TEMPERATURE MENDS THIS: right {100 * right:.1f} %, said {100 * said:.1f} %"
            return (f"{first} on average", PAST, *_use(report), *_ranking(report))
        at = f" at {fitted.symbol}" if fitted else ""
        return (f"NO OPTIMUM: the fit stopped{at}; do not rely on it",)
    more = (*_still_off(report), *_ranking(report)) if of_answers else _lean(report)
    after = f" after {fitted.symbol}" if fitted else ""
    yes_no = report.data.task.yes_no
    name, key = ("positive ECE", "positive_ece") if yes_no else ("ECE", "ece")
    error = report.metrics.last.get(key, Measurement(None))
    size = f"{name} {measurement(error, rough=key in report.rough_intervals.value)}"
    match found.code:
        case Code.miscalibrated:
            still = "STILL MISCALIBRATED" if fitted else "MISCALIBRATED"
            told = [f"{still}{after}: {size}", *_reasons(report, found.found)]
        case Code.negligible:
            told = [
                f"NEGLIGIBLY MISCALIBRATED{after}: {size}",
                f"More than chance, but less than {found.negligible:g}, which matters to nobody.",
            ]
        case Code.calibrated:
            told = [f"NO MISCALIBRATION FOUND{after}: {size}"]
        case Code.too_few_rows:
            told = [f"TOO FEW ROWS TO TELL{after}: {size}"]
            if found.detectable is None:
                told.append("Nothing was found, and hardly anything could be.")
            else:
                least = f"{name} below {found.detectable:.2g}"
                told.append(f"Nothing was found, but no {least} could be seen.")
        case _:
            return (*_of_fit(report, found.code), *more)
    if fitted is None:
        return (*told, *more)
    return (*told, *more, f"Before: {_way(report.metrics.before)}.")


def _unrelated(report: Report) -> tuple[str, ...]:
    test = report.relation
    z = test.statistic if test is not None and test.statistic is not None else 0.0
    if z < -3:  # standard errors
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


def _of_fit(report: Report, code: Code) -> tuple[str, ...]:
    """What the fit says of the model, where nothing was tested."""
    fitted = report.calibrator
    if fitted is None:
        return ()
    t, interval = fitted.symbol, fitted.interval
    if interval is not None:
        mark = "~" if _is_rough(report) else ""
        t += f" [{short(interval[0])}, {short(interval[1])}]{mark}"
    match code:
        case Code.overconfident:
            return (f"Overconfident: divide the {scores_of(report)} by {t}",)
        case Code.underconfident:
            return (f"Underconfident: divide the {scores_of(report)} by {t}",)
        case Code.shifted if report.data.task is Task.confidence:
            bias = report.lean.last if report.lean else None
            way = "less" if bias is None or bias.size > 0 else "more"
            return (f"Right {way} often than it says, and {t} cannot mend that",)
        case Code.shifted:
            return (f"The prior is off, and {t} cannot mend that",)
    if interval and interval[0] <= 1 <= interval[1]:
        return (f"No {fitted.method} shown to be needed: {t} may as well be 1",)
    if len(fitted.values) > 1:
        change = (report.metrics.change or {}).get("nll", Measurement(None))
        return (f"Fitted {fitted.method}: the nll changes by {measurement(change)}",)
    return (f"Too few rows to tell: {t}",)


def _way(metrics: dict[str, Measurement]) -> str:
    """``overconfident by 6.0 points``"""
    gap = metrics["overconfidence"].value or 0.0
    return f"{'overconfident' if gap > 0 else 'underconfident'} by {points(abs(gap))}"


def _reasons(report: Report, rejected: tuple[str, ...]) -> tuple[str, ...]:
    """Why, and what to do, as far as the tests tell."""
    best = None if report.sweep is None else short(report.sweep.best)
    if report.calibrator is None:
        size = f"On average {_way(report.metrics.last)}."
        return (size,) if best is None else (size, f"The best T for these rows is {best} (--fit).")
    scales = report.calibrator.scales
    if "temperature" in rejected and best is not None and scales:
        return (f"These rows want another T, near {best}.",)
    for tests, what in ((("classwise", "classes"), "class"), (("groups",), "group")):
        if {*tests} & {*rejected}:
            mend = ", which one T cannot mend" if scales else ""
            return (f"What is left differs by {what}{mend}.",)
    if "lean" in rejected:
        return ()
    if not scales:
        return ("What is left does not differ by class or group: look at the pictures.",)
    return ("What is left is no matter of one T: look at the pictures.",)


def _matters(report: Report, bias: Bias | None) -> bool:
    """Whether the mean is off beyond chance, and by more than the verdict neglects."""
    least = report.verdict.negligible if report.verdict else 0.0
    return bias is not None and bias.off and abs(bias.size) >= least


def _lean(report: Report) -> tuple[str, ...]:
    """That P(yes) is off on average, where it is, and that no temperature can mend it."""
    bias = None if report.lean is None else report.lean.last
    if bias is None or not _matters(report, bias):
        return ()
    way = "high" if bias.size > 0 else "low"
    first = f"P(yes) is too {way} by {bias_in_points(bias)} on average: a shifted prior,"
    cause = "such as class weights in training leave"
    return (first, f"{cause}, which no temperature can move." if _scales(report) else f"{cause}.")


# What a verdict says of answers that were right or wrong, and how sure they were.


def _still_off(report: Report) -> tuple[str, ...]:
    """That the confidence is off on average after calibration, where it is, and what to do."""
    bias = None if report.lean is None else report.lean.after
    if bias is None or report.verdict is None or not _matters(report, bias):
        return ()
    way = "less" if bias.size > 0 else "more"
    noun = "T" if report.calibrator is None else report.calibrator.noun
    first = f"With {noun} the answers are right {way} often than said, by {bias_in_points(bias)}."
    if "temperature" in report.verdict.found or not _scales(report):
        return (first,)
    return (first, PAST, *_use(report))


def _unordered(report: Report) -> bool:
    """Whether nothing shows that the confidence is higher where answers are right."""
    p = None if report.relation is None else report.relation.p_value
    return p is None or p >= SIGNIFICANT


def _use(report: Report) -> tuple[str, ...]:
    return () if _unordered(report) else ("Rank answers by it; do not take it for a probability.",)


def _ranking(report: Report) -> tuple[str, ...]:
    """That the confidence says nothing of which answers are right, where nothing shows it to."""
    p = None if report.relation is None else report.relation.p_value
    if p is None or p < SIGNIFICANT:
        return ()
    if 1 - p < SIGNIFICANT / 2:
        return ("RIGHT ANSWERS HAVE THE LOWER CONFIDENCE: are these the rows of one file?",)
    return (
        f"Nothing shows that right answers have more confidence than wrong ones ({p_value(p)}).",
    )


# What the tests found: in two lines on the first screen, and in a sentence each, which says how
# large beside how sure.


def _tests(report: Report) -> list[str]:
    """Which tests are within chance and which beyond it, all of them together at 5 %."""
    if report.verdict is None or report.tests is None or report.verdict.code is Code.unrelated:
        return []
    tests, of_answers = report.tests.last, report.data.task is Task.confidence
    each = [
        ("consistency", "ECE", tests.consistency.p_value),
        ("classwise", "classwise ECE", tests.classwise.p_value),
        ("spiegelhalter", "Z", tests.spiegelhalter.p_value),
        ("temperature", "T" if _scales(report) else "sharpness", tests.temperature.p_value),
    ]
    if report.lean is not None:
        lean = "mean confidence" if of_answers else "mean P(yes)"
        each.append(("lean", lean, report.lean.last.p_value))
    found = []
    for what, beyond in (("Beyond chance", True), ("Within chance", False)):
        named = [
            f"{called} {'p < 0.001' if p < 0.001 else f'p = {p:.2g}'}"
            for name, called, p in each
            if p is not None and (name in report.verdict.found) == beyond
        ]
        found += [f"{what}: {', '.join(named)}"] if named else []
    return found


def _findings(report: Report) -> list[str]:
    """A sentence per test; those after calibration, where there is one, else before."""
    if report.tests is None:
        return []
    tests, fitted = report.tests.last, report.calibrator
    found = [_consistency(report, tests)]
    classwise, z, score = tests.classwise, tests.spiegelhalter, tests.temperature
    if classwise.statistic is not None and classwise.p_value is not None:
        size = number(classwise.statistic)
        told = "more than chance" if classwise.p_value < SIGNIFICANT else "not told from chance"
        p = p_value(classwise.p_value)
        found.append(f"over all classes a classwise ECE of {size} is {told} ({p}).")
    if z.statistic is not None and z.p_value is not None:
        told = "contradict" if z.p_value < SIGNIFICANT else "do not contradict"
        size = f"{z.statistic:.2f} ({p_value(z.p_value)})"
        found.append(f"Spiegelhalter's Z = {size}: the labels {told} the confidences.")
    if score.statistic is not None and score.p_value is not None:
        size = f"(score test, z = {score.statistic:.2f}, {p_value(score.p_value)})"
        way = ("larger", "less") if score.statistic > 0 else ("smaller", "more")
        near = f", near {short(report.sweep.best)}" if report.sweep else ""
        if _scales(report):
            named = "T = 1" if fitted is None else fitted.symbol
            wanted = f"a {way[0]} T than {named}{near}"
        else:
            named, wanted = "how sharp the scores are", f"{way[1]} sharp scores"
        significant = score.p_value < SIGNIFICANT
        told = f"want {wanted}" if significant else f"do not speak against {named}"
        found.append(f"these rows {told} {size}.")
    found = [sentence for sentence in found if sentence]
    if report.tests.after is None:
        return [sentence[0].upper() + sentence[1:] for sentence in found]
    found = [f"After calibration: {sentence}" for sentence in found]
    if tests.after_fit:
        noun = fitted.noun if fitted else "the calibrator"
        chosen = f"{noun} was chosen on these very rows"
        if fitted is None or fitted.interval is None:  # by which the tests allow for the choice
            found.append(f"{chosen}, which the tests do not allow for.")
        else:
            found.append(f"{chosen}: the tests allow for that, and none is left of {noun}.")
    return found


def _consistency(report: Report, tests: Tests) -> str:
    """Whether the ECE is more than chance, and how small a true one these rows would reveal."""
    test = tests.consistency
    if test.statistic is None or test.p_value is None:
        return ""
    what = "a positive ECE" if report.data.task.yes_no else "an ECE"
    size, p = f"{what} of {number(test.statistic)}", p_value(max(test.p_value, 0.001))
    if test.p_value < SIGNIFICANT:
        small = ", and negligible: below 0.005" if test.statistic < 0.005 else ""
        return f"{size} is more than chance ({p}){small}."
    told = f"{size} is not told from chance ({p})"
    if test.limit is None or test.detectable is None:
        return f"{told}."
    if test.limit < 1e-9:  # shares that are the probabilities themselves
        return ""
    told += f", which shows up to {number(test.limit)} on such rows"
    if test.detectable > 0.99:
        return f"{told}: they can reveal none."
    true = number(test.detectable)
    return f"{told}; they reveal a true one of {true} four times in five."


# The tables: metrics, classes and groups.


def _first_metrics(report: Report, wanted: tuple[str, ...] | None) -> Table:
    """The figures that were asked for, else those that everybody looks at; the change in words."""
    m, rough = report.metrics, report.rough_intervals
    error = "positive_ece" if report.data.task.yes_no else "ece"
    wanted = wanted or ("nll", "brier", error, "accuracy")
    names = [name for name in wanted if name in m.before]
    if m.after is None or m.change is None:
        return Table.of(
            "metric",
            ["value"],
            [[name, Cell.of(m.before[name], name in rough.value)] for name in names],
        )
    rows: list[list[Value]] = []
    for name in names:
        rows.append([name, number(m.before[name].value), "", "", ""])
        if name in m.after and name in m.change:
            change = m.change[name]
            better = None if _means_nothing(report) else _better(name, change)
            word = {True: "better", False: "worse", None: ""}[better]
            moved = Cell.of(change, name in rough.change, better)
            same = change.value == change.low == change.high == 0
            rows[-1][2:] = [
                number(m.after[name].value),
                "unchanged" if same else moved,
                Cell(word, better),
            ]
    return Table.of("metric", ["before", "after", "change", ""], rows)


def _all_metrics(report: Report) -> Table:
    """All figures, with all intervals."""
    m, rough = report.metrics, report.rough_intervals
    rows: list[list[Value]] = []
    for name, before in m.before.items():
        rows.append([name, Cell.of(before, name in rough.value)])
        if m.after is None or m.change is None:
            continue
        if name not in m.after:
            rows[-1] += ["", ""]
            continue
        after, change = m.after[name], m.change[name]
        rows[-1].append(Cell.of(after, name in rough.value))
        rows[-1].append(Cell.of(change, name in rough.change, _better(name, change)))
    return Table.of("metric", ["before", "after", "change"] if m.after else ["value"], rows)


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


def _classes(report: Report, *, first: bool) -> tuple[Table, ...]:
    """The classes by their predictions; on the ``first`` screen those most surely off."""
    if not report.classes or (first and _means_nothing(report)):
        return ()
    found = report.classes.last
    listed = [c for c in found.listed if c.bias.off][:FIRST_CLASSES] if first else found.listed
    rows: list[list[Value]] = [
        [
            str(c.index) if c.name is None else c.name,
            f"{c.rows:,.6g}",
            number(c.accuracy),
            *_bias(c.bias),
            *([] if first else [number(c.ece)]),
        ]
        for c in listed
    ]
    columns = ["rows", "accuracy", "overconfidence", "p", *([] if first else ["one-vs-rest ECE"])]
    note = "" if first else _tested(found.tested, found.off, "classes")
    return (Table.of(f"predicted class{_after(report)}", columns, rows, note),) if rows else ()


def _groups(report: Report, *, first: bool) -> tuple[Table, ...]:
    """The groups, or labels, the most surely off first; on the ``first`` screen only some."""
    if not report.groups:
        return ()
    shown = report.groups[0].metrics.before
    names = [] if first else [name for name in shown if name != "overconfidence"]
    rows: list[list[Value]] = []
    for group in report.groups[: FIRST_GROUPS if first else None]:
        cells = [Cell.of(group.metrics.last[name]) for name in names]
        rows.append([group.name, f"{group.rows:,}", *_bias(group.bias), *cells])
    what = "labels" if report.data.task is Task.multilabel else "groups"
    tested = [group.bias for group in report.groups if group.bias.p_value is not None]
    note = _tested(len(tested), sum(bias.off for bias in tested), what)
    lean = "P(yes) too high by" if report.data.task.yes_no else "overconfidence"
    return (Table.of(f"{what}{_after(report)}", ["rows", lean, "p", *names], rows, note),)


def _bias(bias: Bias) -> tuple[Cell, Cell]:
    """The overconfidence with its interval, and its p-value, marked where it is beyond chance."""
    size = Cell.of(Measurement(bias.size, bias.low, bias.high))
    if bias.p_value is None:
        return size, Cell("few")
    return size, Cell(p_of_cell(bias.p_value) + ("*" if bias.off else ""))


def _tested(tested: int, off: int, what: str) -> str:
    """What was looked at, and how many of it are off: ``*`` beside a p-value marks them."""
    if not tested:
        return (
            f"{what} of fewer than {FEWEST} effective rows or {FEWEST_PARTS} units are not tested"
        )
    of = f"{tested:,} {what} with {FEWEST}+ rows"
    if not off:
        return f"none of {of} is off beyond chance (5 % false discoveries)"
    return f"* off beyond chance: {off:,} of {of} (5 % false discoveries)"
