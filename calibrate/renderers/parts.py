"""A result as parts: what every format walks over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import singledispatch
from importlib import import_module
from typing import TYPE_CHECKING, Literal, TypeAlias

from calibrate.renderers.words import ROUGH, measurement

if TYPE_CHECKING:
    from calibrate.results.json import Result
    from calibrate.results.measurement import Measurement
    from calibrate.results.report import Reliability

Tone = Literal["notice", "warning", "error"]  # how much somebody should mind; error fails a build


@dataclass(frozen=True)
class Heading:
    """What it is about, or what a part of it is about, one ``level`` further down.

    The first one is the verdict, where there is one, with its ``tone``. What stands under a
    heading further down is for those who look closer: Markdown folds it.
    """

    text: str
    level: int = 1
    tone: Tone = "notice"


@dataclass(frozen=True)
class Line:
    """A sentence, or a few words; ``quiet`` where it is less important."""

    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Lines:
    """Lines that belong together."""

    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Cell:
    """A cell of a table, ``better`` or ``worse`` than the one beside it; None where neither.

    ``figure`` is what its text says, with full precision; None of other texts.
    """

    text: str
    better: bool | None = None
    figure: Measurement | None = None

    @staticmethod
    def of(figure: Measurement, rough: bool = False, better: bool | None = None) -> Cell:
        """A figure with its interval, marked where that is ``rough``."""
        return Cell(measurement(figure, rough), better, figure)


Value: TypeAlias = "str | Measurement | Cell"


@dataclass(frozen=True)
class Table:
    """Names of rows to the left, figures to the right, and beneath it what marks mean."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    @staticmethod
    def of(
        title: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Value]],
        note: str | None = None,
    ) -> Table:
        """From texts and figures; where none is given, the note says what rough intervals are."""
        cells = tuple(
            tuple(
                each
                if isinstance(each, Cell)
                else Cell(each)
                if isinstance(each, str)
                else Cell.of(each)
                for each in row
            )
            for row in rows
        )
        return Table(title, tuple(columns), cells, rough_note(cells) if note is None else note)


def rough_note(rows: Iterable[Iterable[object]]) -> str:
    """What ``~`` means, where a cell has it."""
    cells = (cell for row in rows for cell in row if isinstance(cell, Cell) and cell.figure)
    return ROUGH if any(cell.text.endswith("~") for cell in cells) else ""


@dataclass(frozen=True)
class Warn:
    """What the user should know about the values; an ``error`` is what fails a build."""

    text: str
    tone: Tone = "warning"


@dataclass(frozen=True)
class Diagram:
    """A reliability diagram in characters; of the probability of ``yes``, or of the confidence."""

    bins: Reliability
    yes: bool = False


Part = Heading | Lines | Table | Warn | Diagram


@dataclass(frozen=True)
class Shown:
    """What of a result is wanted.

    Attributes:
        metrics: which ones, in order; None for the usual.
        all: everything, not only what fits on a screen.
        pictures: names of files beside, to be shown.
        colour: whether better and worse may be coloured.
        diagram: whether a report draws its reliability diagram in characters.
        fine: whether there are other characters than those of ASCII.
        exact: whether it is for programs: of a comparison a row per figure, with full precision.
    """

    metrics: tuple[str, ...] | None = None
    all: bool = False
    pictures: tuple[str, ...] = ()
    colour: bool = False
    diagram: bool = False
    fine: bool = False
    exact: bool = False


EVERYTHING = Shown()


@dataclass(frozen=True)
class ResultFormat:
    """A way to write a result, as each file of ``formats/`` declares it.

    Attributes:
        render: a result, and what of it is shown, as text.
        suffix: of the names of files; empty where no name asks for it.
        help: beside its name in the help of ``--format``; may be empty.
        offered: whether ``--format`` offers it.
    """

    render: Callable[[Result, Shown], str]
    suffix: str = ""
    help: str = ""
    offered: bool = True

    def __call__(self, result: Result, shown: Shown) -> str:
        return self.render(result, shown)


@singledispatch
def document(result: Result, shown: Shown = EVERYTHING) -> tuple[Part, ...]:
    """A result as parts; ``documents/`` has a file for each kind, imported when it is needed."""
    noun = result.schema.removeprefix("calibrate.").partition("/")[0]
    import_module(f"calibrate.renderers.documents.{noun}")
    if document.dispatch(type(result)) is document.dispatch(object):
        raise TypeError(f"no document is known for {type(result).__name__}")
    return document(result, shown)


def lines(*each: str | Line) -> tuple[Lines, ...]:
    """Texts as lines that belong together; empty ones are left out, and all where all are."""
    found = (line if isinstance(line, Line) else Line(line) for line in each)
    kept = tuple(line for line in found if line.text)
    return (Lines(kept),) if kept else ()


def warned(warnings: Sequence[str]) -> tuple[Warn, ...]:
    return tuple(map(Warn, warnings))
