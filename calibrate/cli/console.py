"""What commands write to the terminal besides their result: notes, warnings, progress."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from calibrate.errors import CalibrateError
from calibrate.printable import one_line

if TYPE_CHECKING:
    from calibrate.data.dataset import Dataset

PATIENCE = 1.0  # seconds before progress shows
LEAST_MEMORY = 384 << 20  # of addresses, that numpy, scipy and their copies of a BLAS take


def note(message: str) -> None:
    """One line on stderr, whatever names it contains."""
    sys.stderr.write(f"{one_line(message)}\n")


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


def recognised(dataset: Dataset) -> str:
    """What the rows were taken for, in words."""
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
    return text + (f"; {left_out:,} {what}left out" if left_out else "")


def in_colour(out: TextIO) -> bool:
    """Whether a stream is a terminal that may be coloured."""
    return out.isatty() and "NO_COLOR" not in os.environ


class Progress:
    """A line on stderr that counts rows, on a terminal, for work that takes its time."""

    def __init__(self) -> None:
        self._start = self._shown = time.monotonic()
        self._rows = 0
        self._visible = False
        self._terminal = sys.stderr.isatty()

    def __call__(self, rows: int) -> None:
        self._rows += rows
        now = time.monotonic()
        if self._terminal and now - self._start > PATIENCE and now - self._shown > 0.1:
            self._shown, self._visible = now, True
            rate = self._rows / (now - self._start)
            sys.stderr.write(f"\r\x1b[2K{self._rows:,} rows read, {rate:,.0f} a second")
            sys.stderr.flush()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._visible:
            sys.stderr.write("\r\x1b[2K")
