"""The page of a step in GitHub Actions: a file that steps add Markdown to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from calibrate.errors import InputError
from calibrate.files import announce, check_regular

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
