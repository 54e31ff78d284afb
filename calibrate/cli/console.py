"""What commands write to the terminal besides their result: notes, warnings, progress."""

from __future__ import annotations

import os
import platform
import re
import sys
import threading
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from calibrate.errors import CalibrateError, InputError
from calibrate.files import announce, check_regular
from calibrate.results.report import Provenance
from calibrate.tasks import Task
from calibrate.text import one_line, shell_word
from calibrate.version import package_version

if TYPE_CHECKING:
    from calibrate.data.dataset import Dataset
    from calibrate.results.report import Report


PATIENCE = 1.0  # seconds before progress shows
LEAST_MEMORY = 384 << 20  # of addresses, that numpy, scipy and their copies of a BLAS take


COMMANDS = re.compile(r"^[ \t]*::|##(?=\w*\[)", re.MULTILINE)  # as names may contain them


def note(message: str) -> None:
    """One line on stderr, whatever names it contains."""
    sys.stderr.write(f"{in_log(one_line(message))}\n")


def in_log(text: str) -> str:
    """Lines in which nobody who reads the log of a build finds a command: ``::`` at the start of
    one and ``##[`` anywhere are such in GitHub Actions and Azure Pipelines.
    """
    if "CI" not in os.environ:
        return text
    return COMMANDS.sub(lambda found: re.sub("[:#]", _coded, found[0]), text)


def _coded(found: re.Match[str]) -> str:
    return f"\\x{ord(found[0]):02x}"


def warn(messages: Iterable[str]) -> None:
    """One line on stderr per warning."""
    for warning in messages:
        note(f"warning: {warning}")


def check_memory() -> None:
    """Raise CalibrateError where the libraries that a command needs cannot be loaded.

    With less, those libraries wait for ever, or end the process in their own words.
    """
    import mmap  # here: for commands only

    try:
        mmap.mmap(-1, LEAST_MEMORY).close()  # asked for, not filled
    except OSError as error:
        raise CalibrateError(
            f"expected at least {LEAST_MEMORY >> 20} MiB of memory to load libraries, found less; "
            "see ulimit -v"
        ) from error


def quieten_libraries() -> None:
    """What libraries warn of is meant for programmers, who see it with ``python -W``.

    A line of theirs beside our own would tell users nothing that they can act on. What the values
    of an input bring about is no matter of this: it is checked, or computed without a warning.
    """
    import logging  # here: for commands only

    logging.lastResort = None  # where nobody listens, nothing is printed
    logging.raiseExceptions = False
    sys.unraisablehook = lambda _: None  # as of what is cleaned up when memory is short
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


def recognised(dataset: Dataset) -> list[str]:
    """What the rows were taken for, in words, and how their files were understood."""
    if dataset.task is Task.confidence:
        return _of_answers(dataset)
    layout = dataset.layout
    shape, kind, soft = f"{layout.n_columns:,}", "0 and 1", "soft, shares of yes"
    if not dataset.task.yes_no:
        kind, soft = "one class each", "soft, shares of classes"
    elif dataset.task == "binary":
        shape = "1"
    text = f"{dataset.task}: {dataset.n_examples:,} x {shape} {dataset.scores}"
    if dataset.labels is not None:
        text += f"; labels: {kind if dataset.hard else soft}"
    if not dataset.alone:
        text += f"; {dataset.n_units:,} clusters"
    what = "labels " if dataset.task == "multilabel" else ""
    left_out = layout.n_decisions - dataset.n_rows
    text += f"; {left_out:,} {what}left out" if left_out else ""
    return [text, *dataset.notes]


def _of_answers(dataset: Dataset) -> list[str]:
    soft = "" if dataset.hard else ", or a share of 1"
    text = (
        f"confidence: {dataset.n_examples:,} answers; right where {dataset.labels_name} is 1{soft}"
    )
    if not dataset.alone:
        text += f"; {dataset.n_units:,} clusters"
    left_out = dataset.layout.n_decisions - dataset.n_rows
    text += f"; {left_out:,} left out" if left_out else ""
    return [text, *dataset.notes]


def not_measured(wanted: Sequence[str] | None, report: Report) -> list[str]:
    """A warning for each metric that was asked for and is not there."""
    held = report.metrics.before
    return [f"{name}: is not measured on these rows" for name in wanted or () if name not in held]


def in_colour(out: TextIO) -> bool:
    """Whether a stream is a terminal that may be coloured."""
    return out.isatty() and "NO_COLOR" not in os.environ


def in_blocks(out: TextIO) -> bool:
    """Whether a stream is a terminal that has characters for bars."""
    return out.isatty() and (out.encoding or "").lower().replace("-", "") == "utf8"


@dataclass
class Pass:
    """What is being done at the moment, and how far it is."""

    stage: str = "working"
    total: int = 0
    unit: str = "rows"
    number: int = 1
    done: int = 0
    since: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        """``fitting (pass 2): 400 of 1,000 rows, 3 s left``"""
        name = self.stage if self.number == 1 else f"{self.stage} (pass {self.number})"
        if not self.done or self.done >= self.total:  # not counted, or what comes after it
            return name
        left = (time.monotonic() - self.since) * (self.total - self.done) / self.done
        time_left = f"{left:.0f} s" if left < 100 else f"{left / 60:.0f} min"
        return f"{name}: {self.done:,} of {self.total:,} {self.unit}, {time_left} left"


class Progress:
    """A line on stderr that says what is being done, on a terminal, for work that takes its time.

    Call it with the number of rows at each step forward.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._terminal = sys.stderr.isatty() and not quiet
        self._now = Pass()
        self._over = threading.Event()
        self._shows = threading.Thread(target=self._show, daemon=True)

    def __call__(self, rows: int) -> None:
        self._now.done += rows

    def began(self, stage: str, total: int, unit: str) -> None:
        """A pass over so many rows begins; 0: work that is no pass."""
        again = total > 0 and self._now.total > 0 and self._now.stage == stage
        self._now = Pass(stage, total, unit, self._now.number + 1 if again else 1)

    def _show(self) -> None:
        """Draw the line every tenth of a second, once patience has run out."""
        if self._over.wait(PATIENCE):
            return
        while not self._over.wait(0.1):
            width = os.get_terminal_size(sys.stderr.fileno()).columns or 80
            sys.stderr.write(f"\r\x1b[2K{str(self._now)[: width - 1]}")
            sys.stderr.flush()
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()

    def __enter__(self) -> Progress:
        if self._terminal:
            self._shows.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._terminal:
            self._shows.join()


# The page of a step in GitHub Actions: a file that steps add Markdown to.


VARIABLE = "GITHUB_STEP_SUMMARY"
MOST = 1 << 20  # bytes of a step; of a longer one GitHub shows nothing
AWAY = "elsewhere, use --format markdown"


@dataclass(frozen=True)
class StepSummary:
    """The file that ``GITHUB_STEP_SUMMARY`` names."""

    path: Path

    @property
    def room(self) -> int:
        """How many bytes may still be added, and a blank line between."""
        return MOST - self.path.stat().st_size - 2

    def add(self, text: bytes) -> None:
        """Add to it; all or nothing.

        Raises:
            InputError: it cannot be written.
        """
        try:
            with self.path.open("ab") as file:
                before = file.tell()
                try:
                    file.write((b"\n\n" if before else b"") + text)
                    file.flush()
                except OSError:
                    file.truncate(before)
                    raise
        except OSError as error:
            raise InputError(
                f"{VARIABLE}: {self.path}: cannot be written: {error.strerror or error}"
            ) from error


def step_summary(format: Enum | None) -> StepSummary | None:
    """The page of this step, which cannot be read as an input from now on; None where it is not
    asked for.

    Raises:
        InputError: there is none, or it cannot be written.
    """
    if format is None or format.value != "github":
        return None
    name = os.environ.get(VARIABLE, "")
    if not name:
        raise InputError(
            f"--format github: expected {VARIABLE} to name a file, as GitHub Actions sets it, "
            f"found none; {AWAY}"
        )
    path = Path(name)
    try:
        check_regular(path, f"{VARIABLE}: {name}")
    except OSError as error:
        raise InputError(
            f"{VARIABLE}: {name}: cannot be written: {error.strerror}; {AWAY}"
        ) from error
    announce([name])
    if not os.access(path, os.W_OK):
        raise InputError(f"{VARIABLE}: {name}: cannot be written: Permission denied")
    return StepSummary(path)


# The command line, as results remember it.


# What changes no figure: files that are written, and how.
WITH_VALUE = {"-o", "--output", "--figure", "--figures", "--table", "--dpi", "--format"}
WITH_VALUE |= {"--workers"}
ALONE = {"-q", "--quiet", "--all", "--debug"}


def made_here() -> Provenance:
    """By this process."""
    import numpy as np

    words = ["calibrate", *map(_word, _kept(sys.argv[1:]))]
    versions = {
        "calibrate": package_version(),
        "Python": platform.python_version(),
        "numpy": np.__version__,
    }
    return Provenance(" ".join(words), versions)


def _kept(words: Sequence[str]) -> Iterator[str]:
    rest = iter(words)
    for word in rest:
        if word in WITH_VALUE:
            next(rest, None)
        elif word not in ALONE and word.partition("=")[0] not in WITH_VALUE:
            yield word


def _word(word: str) -> str:
    """A word as a shell takes it; what begins with dashes is an option here, no file."""
    rest = word.lstrip("-")
    return word if not rest else word[: len(word) - len(rest)] + shell_word(rest)
