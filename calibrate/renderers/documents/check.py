"""The document of Checks."""

from __future__ import annotations

from calibrate.renderers.parts import (
    EVERYTHING,
    Cell,
    Heading,
    Line,
    Lines,
    Part,
    Shown,
    Table,
    Warn,
    document,
    warned,
)
from calibrate.renderers.words import (
    ROUGH,
    measurement,
    number,
    p_value,
    rows_and_classes,
    short,
)
from calibrate.results.checks import Check, CheckKind, Checks, Outcome
from calibrate.results.measurement import Measurement

CONFIDENT = "a limit fails only where the whole 95 % interval is beyond it"
WARN_ONLY = "--warn-only: what failed fails no build"
BETTER = {Outcome.passed: True, Outcome.failed: False, Outcome.undecided: None}
TITLES = {"drift": "drift of T", "converged": "fit", "relation": "scores and labels"}


@document.register
def _(found: Checks, shown: Shown = EVERYTHING) -> tuple[Part, ...]:
    about = (headline(found), _calibrator(found), _against(found))
    notes = (
        CONFIDENT if found.confident else "",
        WARN_ONLY if found.warn_only and not found.passed else "",
    )
    parts: tuple[Part, ...] = (
        Heading(verdict(found), tone="notice" if found.passed else "error"),
        Lines.of(*(Line(text, quiet=True) for text in about)),
        _checks(found),
        *_lines(*(Line(text, quiet=True) for text in notes if text)),
    )
    if not shown.all:
        return parts
    failed = (Warn(reason(check, found), "error") for check in found.with_outcome(Outcome.failed))
    return (
        *parts,
        Heading("All figures", level=2),
        measured(found),
        *failed,
        *warned(found.warnings),
    )


def _lines(*lines: Line) -> tuple[Lines, ...]:
    return (Lines(lines),) if lines else ()


def verdict(found: Checks) -> str:
    """``FAILED: 2 of 6 checks``"""
    failed, unknown = (
        len(found.with_outcome(Outcome.failed)),
        len(found.with_outcome(Outcome.undecided)),
    )
    some = f", {unknown} could not be judged" if unknown else ""
    if failed:
        return f"FAILED: {failed} of {_many(len(found.checks))}{some}"
    held = f"{len(found.with_outcome(Outcome.passed))} of " if some else ""
    return f"PASSED: {held}{_many(len(found.checks))}{some}"


def _many(n: int) -> str:
    return f"{n} check{'s' * (n != 1)}"


def headline(found: Checks) -> str:
    """The rows, by name and size."""
    return f"{found.data.logits}: {rows_and_classes(found)}"


def _calibrator(found: Checks) -> str:
    fitted = found.calibrator
    if fitted is None:
        return "as they are, through no calibrator"
    through = f"through {fitted.symbol}"
    return f"{through}, from the other {len(fitted.folds) - 1} folds" if fitted.folds else through


def _against(found: Checks) -> str:
    pairs = [check.paired for check in found.checks if check.kind is CheckKind.against]
    if found.against is None or not pairs:
        return ""
    how = "the same rows, paired" if all(pairs) else "taken for other rows: not paired"
    return f"against {found.against}: {how}"


def _checks(found: Checks) -> Table:
    tested = any(check.p_value is not None for check in found.checks)
    rows = [
        [
            Cell(title(check)),
            Cell(value(check, found)),
            Cell(limit(check)),
            *([Cell(_p(check))] if tested else []),
            Cell(check.outcome.value, BETTER[check.outcome]),
        ]
        for check in found.checks
    ]
    rough = any(cells[1].text.endswith("~") for cells in rows)
    return Table.of(
        "check",
        ["value", "limit", *(["p"] if tested else []), "verdict"],
        rows,
        ROUGH if rough else "",
    )


def _p(check: Check) -> str:
    return (
        ""
        if check.p_value is None
        else p_value(check.p_value).removeprefix("p ").removeprefix("= ")
    )


def title(check: Check) -> str:
    """What is checked, in a few words."""
    if check.kind is CheckKind.against:
        return f"{check.name.partition('.')[2]}, now - then"
    return check.name if check.kind is CheckKind.limit else TITLES[check.kind.value]


def value(check: Check, found: Checks) -> str:
    """The figure with its interval, or what stands in its place."""
    failed = check.outcome is Outcome.failed
    match check.kind:
        case CheckKind.converged:
            return "no optimum" if failed else "converged"
        case CheckKind.relation:
            return "nothing shows it" if failed else "belong together"
        case CheckKind.drift:
            return f"T = {_short(check.measured)}"
    return measurement(check.measured) + ("~" if _rough(check, found) else "")


def _short(figure: Measurement) -> str:
    if figure.value is None:
        return "–"
    if figure.low is None or figure.high is None:
        return short(figure.value)
    return f"{short(figure.value)} [{short(figure.low)}, {short(figure.high)}]"


def _rough(check: Check, found: Checks) -> bool:
    """Whether the interval is one of those that hold the truth less often than they say."""
    if check.measured.low is None or check.kind is not CheckKind.limit:
        return False
    side, point, name = check.name.rpartition(".")
    rough = found.rough_intervals
    return name in (rough.change if point and side == "change" else rough.value)


def limit(check: Check) -> str:
    """What the figure may be."""
    match check.kind:
        case CheckKind.drift if check.limit is not None and check.tolerance is not None:
            return f"{short(check.limit)} ± {100 * check.tolerance:g} %"
        case CheckKind.against:
            return "no worse"
        case CheckKind.relation if check.alpha is not None:
            return f"p < {check.alpha:g}"
        case CheckKind.limit if check.limit is not None:
            return f"{'<=' if check.bound == 'max' else '>='} {check.limit:.10g}"
    return ""


def reason(check: Check, found: Checks) -> str:
    """Why a check failed, or what it found, in a sentence with its figures."""
    figure, failed = value(check, found), check.outcome is Outcome.failed
    p = f" ({p_value(check.p_value)})" if check.p_value is not None else ""
    match check.kind:
        case CheckKind.converged:
            return f"the fit {'did not converge: do not rely on it' if failed else 'converged'}"
        case CheckKind.relation:
            told = "nothing shows that they belong together" if failed else "they belong together"
            return f"scores and labels: {told}{p}"
        case CheckKind.drift:
            return f"these rows want {figure}, in use is {short(check.limit or 1.0)}{p}"
        case CheckKind.against:
            told = "worse beyond chance" if failed else "not shown to be worse"
            return f"{title(check)} is {figure}: {told}{p}"
    if check.measured.value is None:
        return f"{check.name} is undefined on these rows; the limit is {limit(check)}"
    where = {Outcome.failed: "beyond the limit", Outcome.passed: "within the limit"}
    told = where.get(check.outcome, "without an interval to judge it by; the limit is")
    return f"{check.name} is {figure}, {told} {limit(check)}"


def measured(found: Checks) -> Table:
    """All figures, whether there was a limit on them or not."""
    m = found.metrics
    sides = (
        {"before": m.before, "after": m.after, "change": m.change}
        if m.after
        else {"value": m.before}
    )
    columns = [name for name, side in sides.items() if side is not None]
    rows = [
        [name, *(_figure(side.get(name)) for side in sides.values() if side is not None)]
        for name in m.before
    ]
    return Table.of("metric", columns, rows)


def _figure(figure: Measurement | None) -> str:
    return number(None) if figure is None else measurement(figure)
