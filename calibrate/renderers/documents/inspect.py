"""The document of Inspection."""

from __future__ import annotations

from collections.abc import Sequence

from calibrate.renderers.parts import EVERYTHING, Heading, Line, Lines, Part, Shown, Table, document
from calibrate.results.inspection import ArrayFound, ArrayKind, FileFound, Inspection, Taken
from calibrate.tasks import Task
from calibrate.text import UNPRINTABLE, listed, printable

WIDTH = 80  # characters of a line
MOST_KEY = 24  # of the name of an array
MOST_ARRAYS = 6  # of a file that are listed
MOST_FILES = 3  # that are described one by one
MOST_LISTED = 8  # files that are listed
MOST_COUNTED = 2  # arrays of a file whose values are listed
MOST_TAKEN = 2  # pairs of scores and labels
MOST_VALUES = 5  # values of labels
PLAIN = (
    ArrayKind.nothing,
    ArrayKind.number,
    ArrayKind.other,
    ArrayKind.unread,
)  # which are no guess


@document.register
def _(found: Inspection, shown: Shown = EVERYTHING) -> tuple[Part, ...]:
    if len(found.files) > MOST_FILES and not shown.all:
        return (*_listed(found.files), *_next(found, shown.all))
    most = max(2, MOST_ARRAYS // len(found.files))
    parts: list[Part] = []
    for file in found.files:
        parts += _of_file(file, None if shown.all else most)
    return (*parts, *_next(found, shown.all))


def _listed(files: Sequence[FileFound]) -> list[Part]:
    """Many files, a line for each."""
    rows = []
    for file in files[:MOST_LISTED]:
        first = file.arrays[0] if len(file.arrays) == 1 else None
        what = f"{len(file.arrays)} arrays" if file.arrays else _short(file.format or "", 24)
        shape, looks = (what, "") if first is None else (_shape(first), _looks(first))
        rows.append([_short(file.name, 36), shape, "not readable" if file.problem else looks])
    parts: list[Part] = [
        Heading(f"{len(files):,} files"),
        Table.of("file", ["", "looks like"], rows),
    ]
    problems = [f"{_short(file.name, 36)}: {file.problem}" for file in files if file.problem]
    lines = [line for each in problems[:2] for line in wrapped(each, 2)]
    if len(files) > MOST_LISTED:
        lines.append(f"and {len(files) - MOST_LISTED:,} more; --all says more of each")
    return [*parts, Lines.of(*lines)] if lines else parts


def _of_file(file: FileFound, most: int | None) -> list[Part]:
    """What a file is, its arrays, and what else is to be said of it."""
    parts: list[Part] = [Heading(f"{_short(file.name, 50)}: {_what(file)}")]
    lines = [*wrapped(f"problem: {file.problem}")] if file.problem else []
    for name, text in file.facts.items():
        lines += wrapped(f"{name}: {text}")
    if len(file.arrays) == 1:
        only = file.arrays[0]
        lines += wrapped(_sentence(only)) if only.shape is not None else []
    elif any(each.shape is not None for each in file.arrays):
        parts += [Lines.of(*lines)] if lines else []
        parts.append(_table(file, most))
        lines = []
    lines += _lines(file, most)
    return [*parts, Lines.of(*lines)] if lines else parts


def _sentence(found: ArrayFound) -> str:
    """``1,500 x 10 float32, from -9.5 to 12.25: looks like logits``"""
    name = "" if found.key is None else f"{_short(found.key, MOST_KEY)}: "
    values = "" if found.low is None else f", from {_range(found)}"
    looks = _looks(found)
    looks = looks if found.problem or found.kind in PLAIN else f"looks like {looks}"
    dtype = {"text": "texts"}.get(found.dtype or "", _short(found.dtype or "", 40))
    return f"{name}{_shape(found)} {dtype}{values}: {looks}"


def _what(file: FileFound) -> str:
    """``numpy array, 58.7 KiB``"""
    return ", ".join(
        [file.format or "not read", *([] if file.size is None else [_size(file.size)])]
    )


def _size(size: int) -> str:
    units = ("bytes", "KiB", "MiB", "GiB", "TiB")
    power = 0
    while size >= 1000 * 1024**power and power < len(units) - 1:
        power += 1
    return f"{size:,} bytes" if not power else f"{size / 1024**power:.3g} {units[power]}"


def _table(file: FileFound, most: int | None) -> Table:
    """A line per array."""
    cells = [
        [
            _short(each.key or "(one array)", MOST_KEY),
            _shape(each),
            _short(each.dtype or "", 12),
            _range(each),
            _looks(each),
        ]
        for each in file.arrays[:most]
    ]
    return Table.of("array", ["shape", "dtype", "range", "looks like"], cells)


def _shape(found: ArrayFound) -> str:
    if found.shape is None:
        return ""
    return " x ".join(f"{size:,}" for size in found.shape) or "1 value"


def _range(found: ArrayFound) -> str:
    if found.low is None or found.high is None:
        return ""
    return f"{_number(found.low)} to {_number(found.high)}"


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value)}"
    return f"{value:.4g}"


def _looks(found: ArrayFound) -> str:
    if found.problem:
        return "not readable"
    return "text labels" if found.kind is ArrayKind.names and _few(found) else found.kind.value


def _few(found: ArrayFound) -> bool:
    """Whether texts come back, as labels do."""
    rows = found.shape[0] if found.shape else 0
    return (
        found.labels is not None
        and found.labels.different is not None
        and (2 * found.labels.different <= rows)
    )


def _lines(file: FileFound, most: int | None) -> list[str]:
    """What a table has no room for."""
    lines: list[str] = []
    counted = [each for each in file.arrays[:most] if each.labels is not None]
    counted = sorted(counted, key=lambda each: each.kind is ArrayKind.whole)
    for each in file.arrays[:most]:
        single = each.key is None or len(file.arrays) == 1
        name = "" if single else f"{_short(each.key or '', MOST_KEY)}: "
        if each.problem and each.problem != file.problem:
            lines += wrapped(f"problem: {name}{each.problem}")
        odd = [("NaN", each.nan), ("+inf", each.infinite), ("-inf (masked)", each.masked)]
        shares = [f"{percent(share)} of its values are {value}" for value, share in odd if share]
        lines += wrapped(f"{name}{', '.join(shares)}") if shares else []
        if each in counted[: None if most is None else MOST_COUNTED]:
            lines += wrapped(f"{name}{_counts(each, None if most is None else MOST_VALUES)}")
    left = len(file.arrays[len(file.arrays[:most]) :]) + file.more
    if left:
        rest = "; --all lists them" if most else ", which were not looked at"
        lines.append(f"and {left:,} more arrays{rest}")
    if file.class_names:
        names = listed(file.class_names)
        lines += wrapped(f"names of the {len(file.class_names):,} classes: {names}", 2)
    if file.others and not file.class_names:
        lines += wrapped(f"fields: {listed(file.others)}", 2)
    return [*lines, *(line for note in file.notes for line in wrapped(note))]


def _counts(found: ArrayFound, most: int | None) -> str:
    """``10 different: 1 (11 %), 7 (10 %), ...``"""
    counts, n = found.labels, 1
    if counts is None or counts.different is None:
        return "more than 65,536 different values"
    if found.kind is ArrayKind.whole and counts.different > MOST_VALUES:
        return f"{counts.different:,} different"
    for size in found.shape or ():
        n *= size
    values = [f"{_short(each.value, 20)} ({percent(each.rows / n)})" for each in counts.most]
    shown = values[:most]
    more = ", ..." if counts.different > len(shown) else ""
    return f"{counts.different:,} different: {', '.join(shown)}{more}"


def percent(share: float) -> str:
    """``11 %``, ``0.25 %``"""
    hundred = 100 * share
    if 0 < hundred < 0.01:
        return "< 0.01 %"
    return f"{hundred:.0f} %" if hundred >= 9.95 else f"{hundred:.2g} %"


def _next(found: Inspection, everything: bool) -> list[Part]:
    """What all would be taken for, and what to run."""
    parts: list[Part] = []
    taken = found.taken if everything else found.taken[:MOST_TAKEN]
    files = [file.name for file in found.files]
    alone = files[0] if len(files) == 1 else None
    lines = [line for each in taken for line in _taken(each, len(found.taken) > 1, alone)]
    left = len(found.taken) - len(taken)
    if left:
        lines.append(f"and {left:,} more such arrays")
    if lines:
        parts.append(Lines.of(*lines))
    run: list[str | Line] = [*(f"  {command}" for command in found.commands)]
    if run:
        run = ["Run:", *run]
    if found.advice:
        run.append(Line(found.advice, quiet=True))
    return [*parts, Lines.of(*run)] if run else parts


def _taken(taken: Taken, several: bool, file: str | None) -> list[str]:
    """What scores and labels would be taken for; ``file`` is the only one, if there is one."""
    both = [each for each in (taken.scores, taken.labels) if each is not None]
    names = [_short(each.removeprefix(f"{file}:"), 32) for each in both]
    of = f"{' with '.join(names)}: " if several else ""
    what = f"{taken.task}: {taken.rows:,} x {taken.columns:,} {taken.values}"
    if taken.task == Task.top_label:
        what = f"{taken.rows:,} predictions with their confidence"
    elif taken.labels_are is not None:
        what += f"; labels: {taken.labels_are}"
    if taken.problem is not None:
        refused = "They would be refused" if taken.labels is None else "They do not fit together"
        lines = wrapped(f"{of}{refused}: {taken.problem}", 3)
    elif several:
        lines = wrapped(f"{of}{what}", 2)
    else:
        fit = [f"They fit together: {taken.rows:,} rows each."] if taken.labels else []
        lines = [*fit, *wrapped(f"Taken for {what}", 2)]
    return [*lines, *(line for note in taken.notes for line in wrapped(note, 2))]


def _short(text: str, most: int) -> str:
    """A name in few characters, as it will be shown."""
    shown = printable(text)
    if len(shown) <= most:
        return text if not UNPRINTABLE.search(text) else shown
    half = (most - 3) // 2
    return f"{shown[:half]}...{shown[-half:]}"


def wrapped(text: str, most: int = 4) -> list[str]:
    """A sentence as lines of at most 80 characters, and at most so many of these."""
    lines, line = list[str](), ""
    for word in printable(cut_in_lines(text, most)).split(" "):
        if line and len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = f"  {word}"
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def cut_in_lines(text: str, most: int) -> str:
    room = most * (WIDTH - 10)
    return text if len(text) <= room else f"{text[:room]} ..."
