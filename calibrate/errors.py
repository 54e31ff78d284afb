"""What can go wrong, as a tree.

CalibrateError          every error the package raises on purpose; its text is one line
├── InputError          a file, an array or a setting is not what was expected
└── FitError            the data cannot be fitted at all
"""

from __future__ import annotations


class CalibrateError(Exception):
    """An error to show to the user as one line: expected, found, where, and the way out."""


class InputError(CalibrateError, ValueError):
    """A file, an array or a setting is not what was expected."""


class FitError(CalibrateError):
    """The data cannot be fitted at all."""
