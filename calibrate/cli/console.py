"""What commands write to the terminal besides their result: notes, warnings, progress."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from calibrate.data.dataset import Dataset
    from calibrate.results.report import Report

PATIENCE = 1.0  # seconds before progress shows


def note(message: str) -> None:
    """One line on stderr."""
    sys.stderr.write(f"{message}\n")


def warn(warnings: Iterable[str]) -> None:
    """One line on stderr per warning."""
    for warning in warnings:
        note(f"warning: {warning}")


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


def not_measured(wanted: Sequence[str] | None, report: Report) -> list[str]:
    """A warning for each metric that was asked for and is not there."""
    held = report.metrics.before
    return [f"{name}: is not measured on these rows" for name in wanted or () if name not in held]


def in_colour(out: TextIO) -> bool:
    """Whether a stream is a terminal that may be coloured."""
    return out.isatty() and "NO_COLOR" not in os.environ


class Progress:
    """A line on stderr that counts rows, on a terminal, for work that takes its time."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._start = self._shown = time.monotonic()
        self._rows = 0
        self._visible = False
        self._terminal = sys.stderr.isatty() and not quiet

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
