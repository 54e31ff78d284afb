"""The document of Inspection."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from textwrap import wrap

from calibrate.renderers.parts import EVERYTHING, Heading, Line, Part, Shown, Table, document, lines
from calibrate.results.inspection import ArrayFound, ArrayKind, FileFound, Inspection, Taken
from calibrate.tasks import Task
from calibrate.text import UNPRINTABLE, listed, printable

LINE_WIDTH = 80  # characters of a line
MOST_KEY = 24  # of the name of an array
MOST_ARRAYS = 6  # of a file that are listed
MOST_FILES = 3  # that are described one by one
MOST_LISTED = 8  # files that are listed
MOST_WITH_VALUES = 2  # arrays of a file whose values are listed
MOST_TAKEN = 2  # pairs of scores and labels
MOST_VALUES = 5  # values of labels
NO_GUESS = (ArrayKind.nothing, ArrayKind.number, ArrayKind.other, ArrayKind.unread)


@document.register
def _(found: Inspection, shown: Shown = EVERYTHING) -> tuple[Part, ...]:
    if len(found.files) > MOST_FILES and not shown.all:
        return (*_many_files(found.files), *_next(found, shown.all))
    most = None if shown.all else max(2, MOST_ARRAYS // len(found.files))
    files = [part for file in found.files for part in _file(file, most)]
    return (*files, *_next(found, shown.all))


def _many_files(files: Sequence[FileFound]) -> list[Part]:
    """A line for each."""
    rows = []
    for file in files[:MOST_LISTED]:
        first = file.arrays[0] if len(file.arrays) == 1 else None
        what = f"{len(file.arrays)} arrays" if file.arrays else _short(file.format or "", 24)
        shape, looks = (what, "") if first is None else (_shape(first), _looks(first))
        rows.append([_short(file.name, 36), shape, "not readable" if file.problem else looks])
    problems = [f"{_short(file.name, 36)}: {file.problem}" for file in files if file.problem]
    more = [line for each in problems[:2] for line in wrapped(each, 2)]
    if len(files) > MOST_LISTED:
        more.append(f"and {len(files) - MOST_LISTED:,} more; --all says more of each")
    table = Table.of("file", ["", "looks like"], rows)
    return [Heading(f"{len(files):,} files"), table, *lines(*more)]


def _file(file: FileFound, most: int | None) -> list[Part]:
    """What a file is, its arrays, at most so many, and what else is to be said of it."""
    size = [] if file.size is None else [_size(file.size)]
    heading = f"{_short(file.name, 50)}: {', '.join([file.format or 'not read', *size])}"
    first = wrapped(f"problem: {file.problem}") if file.problem else []
    for name, text in file.facts.items():
        first += wrapped(f"{name}: {text}")
    arrays = file.arrays[:most]
    if len(file.arrays) == 1:
        (only,) = file.arrays
        if only.shape is not None:
            name = "" if only.key is None else f"{_short(only.key, MOST_KEY)}: "
            values = "" if only.low is None else f", from {_range(only)}"
            guess = "" if only.problem or only.kind in NO_GUESS else "looks like "
            dtype = {"text": "texts"}.get(only.dtype or "", _short(only.dtype or "", 40))
            first += wrapped(f"{name}{_shape(only)} {dtype}{values}: {guess}{_looks(only)}")
    elif any(each.shape is not None for each in file.arrays):
        rows = [
            [
                _short(each.key or "(one array)", MOST_KEY),
                _shape(each),
                _short(each.dtype or "", 12),
                _range(each),
                _looks(each),
            ]
            for each in arrays
        ]
        table = Table.of("array", ["shape", "dtype", "range", "looks like"], rows)
        return [Heading(heading), *lines(*first), table, *lines(*_rest(file, most))]
    return [Heading(heading), *lines(*first, *_rest(file, most))]


def _rest(file: FileFound, most: int | None) -> list[str]:
    """What a table has no room for."""
    found, arrays = list[str](), file.arrays[:most]
    counted = [each for each in arrays if each.labels is not None]
    counted = sorted(counted, key=lambda each: each.kind is ArrayKind.whole)
    for each in arrays:
        single = each.key is None or len(file.arrays) == 1
        name = "" if single else f"{_short(each.key or '', MOST_KEY)}: "
        if each.problem and each.problem != file.problem:
            found += wrapped(f"problem: {name}{each.problem}")
        odd = [("NaN", each.nan), ("+inf", each.infinite), ("-inf (masked)", each.masked)]
        shares = [f"{_percent(share)} of its values are {value}" for value, share in odd if share]
        found += wrapped(f"{name}{', '.join(shares)}") if shares else []
        if each in counted[: None if most is None else MOST_WITH_VALUES]:
            found += wrapped(f"{name}{_counts(each, None if most is None else MOST_VALUES)}")
    left = len(file.arrays) - len(arrays) + file.more
    if left:
        rest = "; --all lists them" if most else ", which were not looked at"
        found.append(f"and {left:,} more arrays{rest}")
    if file.class_names:
        names = listed(file.class_names)
        found += wrapped(f"names of the {len(file.class_names):,} classes: {names}", 2)
    elif file.others:
        found += wrapped(f"fields: {listed(file.others)}", 2)
    return [*found, *(line for note in file.notes for line in wrapped(note))]


def _counts(found: ArrayFound, most: int | None) -> str:
    """``10 different: 1 (11 %), 7 (10 %), ...``"""
    counts = found.labels
    if counts is None or counts.different is None:
        return "more than 65,536 different values"
    if found.kind is ArrayKind.whole and counts.different > MOST_VALUES:
        return f"{counts.different:,} different"
    n = prod(found.shape or ())
    values = [f"{_short(each.value, 20)} ({_percent(each.rows / n)})" for each in counts.most]
    shown = values[:most]
    more = ", ..." if counts.different > len(shown) else ""
    return f"{counts.different:,} different: {', '.join(shown)}{more}"


def _next(found: Inspection, everything: bool) -> list[Part]:
    """What all would be taken for, and what to run."""
    taken = found.taken if everything else found.taken[:MOST_TAKEN]
    alone = found.files[0].name if len(found.files) == 1 else None
    said = [line for each in taken for line in _taken(each, len(found.taken) > 1, alone)]
    left = len(found.taken) - len(taken)
    said += [f"and {left:,} more such arrays"] if left else []
    run = [f"  {command}" for command in found.commands]
    run = ["Run:", *run] if run else []
    return [*lines(*said), *lines(*run, Line(found.advice or "", quiet=True))]


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
        said = wrapped(f"{of}{refused}: {taken.problem}", 3)
    elif several:
        said = wrapped(f"{of}{what}", 2)
    else:
        fit = [f"They fit together: {taken.rows:,} rows each."] if taken.labels else []
        said = [*fit, *wrapped(f"Taken for {what}", 2)]
    return [*said, *(line for note in taken.notes for line in wrapped(note, 2))]


def _shape(found: ArrayFound) -> str:
    if found.shape is None:
        return ""
    return " x ".join(f"{size:,}" for size in found.shape) or "1 value"


def _range(found: ArrayFound) -> str:
    if found.low is None or found.high is None:
        return ""
    low, high = (
        f"{int(value)}" if value == int(value) and abs(value) < 1e6 else f"{value:.4g}"
        for value in (found.low, found.high)
    )
    return f"{low} to {high}"


def _looks(found: ArrayFound) -> str:
    if found.problem:
        return "not readable"
    rows, labels = (found.shape[0] if found.shape else 0), found.labels
    few = labels is not None and labels.different is not None and 2 * labels.different <= rows
    return "text labels" if found.kind is ArrayKind.names and few else found.kind.value


def _size(size: int) -> str:
    units = ("bytes", "KiB", "MiB", "GiB", "TiB")
    power = 0
    while size >= 1000 * 1024**power and power < len(units) - 1:
        power += 1
    return f"{size:,} bytes" if not power else f"{size / 1024**power:.3g} {units[power]}"


def _percent(share: float) -> str:
    """``11 %``, ``0.25 %``"""
    hundred = 100 * share
    if 0 < hundred < 0.01:
        return "< 0.01 %"
    return f"{hundred:.0f} %" if hundred >= 9.95 else f"{hundred:.2g} %"


def _short(text: str, most: int) -> str:
    """A name in few characters, as it will be shown."""
    shown = printable(text)
    if len(shown) <= most:
        return text if not UNPRINTABLE.search(text) else shown
    half = (most - 3) // 2
    return f"{shown[:half]}...{shown[-half:]}"


def wrapped(text: str, most: int = 4) -> list[str]:
    """A sentence as lines of at most 80 characters, and at most so many of these."""
    room = most * (LINE_WIDTH - 10)
    cut = printable(text if len(text) <= room else f"{text[:room]} ...")
    return wrap(
        cut, LINE_WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
