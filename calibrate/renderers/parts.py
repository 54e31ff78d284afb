"""A result as parts: what every format walks over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from importlib import import_module
from typing import Literal

from calibrate.results.json import Result
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

    @staticmethod
    def of(*lines: str | Line) -> Lines:
        """From texts; empty ones are left out."""
        each = (line if isinstance(line, Line) else Line(line) for line in lines)
        return Lines(tuple(line for line in each if line.text))


@dataclass(frozen=True)
class Cell:
    """A cell of a table, ``better`` or ``worse`` than the one beside it; None where neither."""

    text: str
    better: bool | None = None


@dataclass(frozen=True)
class Table:
    """Names of rows to the left, figures to the right, and beneath it what marks mean."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    @staticmethod
    def of(
        title: str, columns: Sequence[str], rows: Sequence[Sequence[str | Cell]], note: str = ""
    ) -> Table:
        """From texts."""
        cells = (tuple(c if isinstance(c, Cell) else Cell(c) for c in row) for row in rows)
        return Table(title, tuple(columns), tuple(cells), note)


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


@dataclass(frozen=True)
class Picture:
    """The name of a file beside."""

    name: str


Part = Heading | Lines | Table | Warn | Diagram | Picture


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
    """

    metrics: tuple[str, ...] | None = None
    all: bool = False
    pictures: tuple[str, ...] = ()
    colour: bool = False
    diagram: bool = False
    fine: bool = False


EVERYTHING = Shown()


@singledispatch
def document(result: Result, shown: Shown = EVERYTHING) -> tuple[Part, ...]:
    """A result as parts; ``documents/`` has a file for each kind, imported when it is needed."""
    noun = result.schema.removeprefix("calibrate.").partition("/")[0]
    import_module(f"calibrate.renderers.documents.{noun}")
    if document.dispatch(type(result)) is document.dispatch(object):
        raise TypeError(f"no document is known for {type(result).__name__}")
    return document(result, shown)


def warned(warnings: Sequence[str]) -> tuple[Warn, ...]:
    return tuple(map(Warn, warnings))
