"""What commands write to the terminal besides their result: notes, warnings, progress."""

from __future__ import annotations

import os
import platform
import re
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from calibrate.errors import CalibrateError, InputError
from calibrate.files import announce, check_regular
from calibrate.tasks import Task
from calibrate.text import one_line, shell_word

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from calibrate.data.dataset import Dataset
    from calibrate.results.report import Provenance, Report


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
    """Return what the rows were taken for, in words, and how their files were understood."""
    task, layout = dataset.task, dataset.layout
    if task is Task.confidence:
        soft = "" if dataset.hard else ", or a share of 1"
        text = f"confidence: {dataset.n_examples:,} answers; right where {dataset.labels_name}"
        text += f" is 1{soft}"
    else:
        columns = "1" if task is Task.binary else f"{layout.n_columns:,}"
        text = f"{task}: {dataset.n_examples:,} x {columns} {dataset.scores}"
        hard, soft = ("0 and 1", "yes") if task.yes_no else ("one class each", "classes")
        if dataset.labels is not None:
            text += f"; labels: {hard if dataset.hard else f'soft, shares of {soft}'}"
    if not dataset.alone:
        text += f"; {dataset.n_units:,} clusters"
    left_out = layout.n_decisions - dataset.n_rows
    what = "labels " if task is Task.multilabel else ""
    text += f"; {left_out:,} {what}left out" if left_out else ""
    return [text, *dataset.notes]


def not_measured(wanted: Sequence[str] | None, report: Report) -> list[str]:
    """A warning for each metric that was asked for and is not there."""
    held = report.metrics.before
    return [f"{name}: is not measured on these rows" for name in wanted or () if name not in held]


class Progress:
    """A line on stderr that names the stage, on a terminal, for work of more than a second.

    Call it with the number of rows at each step forward.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._stage, self._total, self._unit, self._pass = "", 0, "rows", 1
        self._bar: Bar | None = None
        if not sys.stderr.isatty() or quiet:
            return
        from rich.console import Console
        from rich.progress import Progress as Bar
        from rich.progress import TextColumn

        self._bar = Bar(
            TextColumn("{task.description}{task.fields[count]}", markup=False),
            console=Console(stderr=True, highlight=False),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("working", total=None, count="")
        self._timer = threading.Timer(PATIENCE, self._bar.start)
        self._timer.daemon = True

    def __call__(self, rows: int) -> None:
        if self._bar is None:
            return
        self._bar.advance(self._task, rows)
        task = self._bar.tasks[0]
        done, seconds, count = int(task.completed), task.time_remaining, ""
        if done < self._total:
            count = f": {done:,} of {self._total:,} {self._unit}"
            if seconds is not None:
                time = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
                count += f", {time} left"
        self._bar.update(self._task, count=count)

    def began(self, stage: str, total: int, unit: str) -> None:
        """Begin a pass over so many rows; 0: work that is no pass."""
        again = total > 0 and self._total > 0 and self._stage == stage
        self._pass = self._pass + 1 if again else 1
        self._stage, self._total, self._unit = stage, total, unit
        if self._bar is not None:
            name = stage if self._pass == 1 else f"{stage} (pass {self._pass})"
            self._bar.reset(self._task, total=total or None, description=name, count="")

    def __enter__(self) -> Progress:
        if self._bar is not None:
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._timer.cancel()
            self._timer.join()  # not in the middle of its start
            self._bar.stop()


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
WITH_VALUE = {"-o", "--output", "--figure", "--plots", "--table", "--dpi", "--format"}
WITH_VALUE |= {"--workers"}
ALONE = {"-q", "--quiet", "--all", "--debug"}


def made_here() -> Provenance:
    """By this process."""
    import numpy as np

    from calibrate.results.report import Provenance
    from calibrate.version import package_version

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
