"""What can go wrong, as a tree.

CalibrateError          every error the package raises on purpose; its text is one line
├── InputError          a file, an array or a setting is not what was expected
└── FitError            the data cannot be fitted at all
"""

from __future__ import annotations

from collections.abc import Iterable

from calibrate.text import brief, one_line


class CalibrateError(Exception):
    """An error to show to the user as one line: expected, found, where, and the way out."""

    def __str__(self) -> str:
        return one_line(super().__str__())


class InputError(CalibrateError, ValueError):
    """A file, an array or a setting is not what was expected."""


class FitError(CalibrateError):
    """The data cannot be fitted at all."""


def check_known(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raise InputError for a name that nobody knows, with the nearest that is known."""
    from difflib import get_close_matches  # here: every command imports this file

    choices = list(known)
    for name in names:
        if name not in choices:
            near = get_close_matches(name, choices, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise InputError(
                f"{what}: expected one of {', '.join(choices)}, got {brief(name)}{hint}"
            )
