"""The document of Checks."""

from __future__ import annotations

from calibrate.renderers.parts import (
    EVERYTHING,
    Cell,
    Heading,
    Line,
    Part,
    Shown,
    Table,
    Value,
    Warn,
    document,
    lines,
    warned,
)
from calibrate.renderers.words import (
    p_of_cell,
    p_value,
    rows_and_classes,
    short,
    short_measurement,
)
from calibrate.results.checks import Check, CheckKind, Checks, Outcome
from calibrate.results.measurement import Measurement

BETTER = {Outcome.passed: True, Outcome.failed: False, Outcome.undecided: None}
CHECK_TITLES = {"drift": "drift of T", "converged": "fit", "relation": "scores and labels"}


@document.register
def _(found: Checks, shown: Shown = EVERYTHING) -> tuple[Part, ...]:
    failed, undecided = (
        len(found.with_outcome(Outcome.failed)),
        len(found.with_outcome(Outcome.undecided)),
    )
    count = f"{len(found.checks)} check{'s' * (len(found.checks) != 1)}"
    some = f", {undecided} could not be judged" if undecided else ""
    if failed:
        verdict = f"FAILED: {failed} of {count}{some}"
    else:
        passed = f"{len(found.with_outcome(Outcome.passed))} of " if some else ""
        verdict = f"PASSED: {passed}{count}{some}"
    rows = f"{found.data.logits}: {rows_and_classes(found)}"
    about = (rows, _calibrator(found), _against(found))
    notes = (
        "a limit fails only where the whole 95 % interval is beyond it" if found.confident else "",
        "--warn-only: what failed fails no build" if found.warn_only and not found.passed else "",
    )
    parts: tuple[Part, ...] = (
        Heading(verdict, tone="notice" if found.passed else "error"),
        *lines(*(Line(text, quiet=True) for text in about)),
        _checks(found),
        *lines(*(Line(text, quiet=True) for text in notes)),
    )
    if not shown.all:
        return parts
    return (
        *parts,
        Heading("All figures", level=2),
        _metrics(found),
        *(Warn(reason(check, found), "error") for check in found.with_outcome(Outcome.failed)),
        *warned(found.warnings),
    )


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
    rows: list[list[Value]] = []
    for check in found.checks:
        p = [] if not tested else [p_of_cell(check.p_value) if check.p_value is not None else ""]
        rows.append([_title(check), _value(check, found), _limit(check), *p])
        rows[-1].append(Cell(check.outcome.value, BETTER[check.outcome]))
    columns = ["value", "limit", *(["p"] if tested else []), "verdict"]
    return Table.of("check", columns, rows)


def _title(check: Check) -> str:
    """What is checked, in a few words."""
    if check.kind is CheckKind.against:
        return f"{check.name.partition('.')[2]}, now - then"
    return check.name if check.kind is CheckKind.limit else CHECK_TITLES[check.kind.value]


def _value(check: Check, found: Checks) -> Cell:
    """The figure with its interval, or what stands in its place."""
    failed = check.outcome is Outcome.failed
    match check.kind:
        case CheckKind.converged:
            return Cell("no optimum" if failed else "converged")
        case CheckKind.relation:
            return Cell("nothing shows it" if failed else "belong together")
        case CheckKind.drift:
            return Cell(f"T = {short_measurement(check.measured)}", figure=check.measured)
    side, point, name = check.name.rpartition(".")
    intervals = found.rough_intervals
    rough = name in (intervals.change if point and side == "change" else intervals.value)
    return Cell.of(check.measured, rough and check.kind is CheckKind.limit)


def _limit(check: Check) -> str:
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
    figure, failed = _value(check, found).text, check.outcome is Outcome.failed
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
            return f"{_title(check)} is {figure}: {told}{p}"
    if check.measured.value is None:
        return f"{check.name} is undefined on these rows; the limit is {_limit(check)}"
    where = {Outcome.failed: "beyond the limit", Outcome.passed: "within the limit"}
    told = where.get(check.outcome, "without an interval to judge it by; the limit is")
    return f"{check.name} is {figure}, {told} {_limit(check)}"


def _metrics(found: Checks) -> Table:
    """All figures, whether there was a limit on them or not."""
    m = found.metrics
    sides = {"before" if m.after else "value": m.before}
    if m.after:
        sides |= {"after": m.after} | ({"change": m.change} if m.change is not None else {})
    rows: list[list[Value]] = [
        [name, *(side.get(name, Measurement(None)) for side in sides.values())] for name in m.before
    ]
    return Table.of("metric", list(sides), rows)
