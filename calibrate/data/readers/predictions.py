"""Predictions and confidences saved as a CSV, in place of logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from calibrate.data.readers.text import reading_csv
from calibrate.data.top_labels import TopLabels
from calibrate.errors import InputError

COLUMNS = ("true_label", "pred_label", "confidence")


@dataclass(frozen=True)
class Columns:
    """The names of the columns that hold the true label, the prediction and its confidence."""

    true: str = COLUMNS[0]
    predicted: str = COLUMNS[1]
    confidence: str = COLUMNS[2]

    @staticmethod
    def of(names: str | None) -> Columns:
        """From ``"true,predicted,confidence"``; None for the usual names.

        Raises:
            InputError: these are not three names.
        """
        parts = COLUMNS if names is None else tuple(names.split(","))
        if len(parts) != 3 or not all(parts):
            raise InputError(
                f"`columns`: expected three names with commas (true label, predicted label, "
                f"confidence), got {names!r}"
            )
        return Columns(*parts)


def read_top_labels(name: str, columns: Columns | None = None) -> TopLabels:
    """The rows of a CSV with a header.

    Raises:
        InputError: the file cannot be read, lacks a column, or a confidence is not in [0, 1].
    """
    columns = columns or Columns()
    with reading_csv(name) as rows:
        _check_header(name, rows.fieldnames or (), columns)
        true, predicted, confidence = [], [], []
        for row in rows:
            where = f"{name}: line {rows.line_num}"
            true.append(_label(row[columns.true], where, columns.true))
            predicted.append(_label(row[columns.predicted], where, columns.predicted))
            confidence.append(_confidence(row[columns.confidence], where))
    if not true:
        raise InputError(f"{name}: expected at least one row below the header, found none")
    one, two = _alike(true, predicted)
    warnings: tuple[str, ...] = ()
    if not {*one} & {*two}:
        warnings = (
            f"no value of {columns.true} occurs in {columns.predicted} (such as {true[0]!r} and "
            f"{predicted[0]!r}): are they labels of the same kind?",
        )
    return TopLabels(
        np.array([a == b for a, b in zip(one, two, strict=True)], dtype=np.float64),
        np.array(confidence),
        n_classes=len({*one, *two}),
        name=name,
        warnings=warnings,
    )


def _check_header(name: str, found: object, columns: Columns) -> None:
    held = list(found) if isinstance(found, (list, tuple)) else []
    wanted = (columns.true, columns.predicted, columns.confidence)
    missing = [column for column in wanted if column not in held]
    if missing:
        raise InputError(
            f"{name}: expected the columns {', '.join(wanted)}; {', '.join(missing)} missing, "
            f"found {', '.join(map(str, held)) or 'no header'}; name yours with "
            "`columns=TRUE,PREDICTED,CONFIDENCE`"
        )


def _alike(true: list[str], predicted: list[str]) -> tuple[Sequence[object], Sequence[object]]:
    """As numbers where all are numbers, so that 1 is 1.0; else as text."""
    try:
        return [float(text) for text in true], [float(text) for text in predicted]
    except ValueError:
        return true, predicted


def _label(text: str | None, where: str, column: str) -> str:
    if not text or not text.strip():
        raise InputError(f"{where}: expected a label in column {column!r}, found nothing")
    return text.strip()


def _confidence(text: str | None, where: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = np.nan
    if not isfinite(value) or not 0 <= value <= 1 + 1e-6:
        raise InputError(f"{where}: expected a confidence between 0 and 1, found {text!r}")
    return min(value, 1.0)
