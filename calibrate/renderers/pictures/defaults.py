"""matplotlib as it comes: whatever the settings of its user, and without a change to them."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from calibrate.errors import CalibrateError


@contextmanager
def own_defaults(settings: dict[str, Any]) -> Iterator[None]:
    """For the block only: the defaults of matplotlib and these settings in place of all others.

    No figure needs pyplot, so the backend stays what it is; it may be of a notebook.
    """
    with _quiet(), warnings.catch_warnings():
        _import()
        from matplotlib import MatplotlibDeprecationWarning, rc_context, rcParamsDefault

        warnings.filterwarnings("ignore", category=MatplotlibDeprecationWarning)  # of defaults
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a box says as much
        wanted: Any = {key: value for key, value in rcParamsDefault.items() if key != "backend"}
        with rc_context(wanted | settings):  # matplotlib types each of its 300 keys
            yield


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what matplotlib logs of folders it cannot write and settings it does not know."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _import() -> None:
    """Import matplotlib, also where its settings are such that it refuses to be.

    A process that has imported it keeps it as it is, and one whose settings can be read gets what
    it would have got.

    Raises:
        CalibrateError: it cannot be imported at all.
    """
    try:
        import_module("matplotlib")
    except Exception:  # whatever a file of settings may bring about
        try:
            with _shipped_settings():
                import_module("matplotlib")
        except Exception as error:
            raise CalibrateError(
                f"pictures cannot be drawn, as matplotlib cannot be imported: {error}; leave them "
                "out with `figures` none"
            ) from error


@contextmanager
def _shipped_settings() -> Iterator[None]:
    """With the settings that come with matplotlib: first it looks in the current folder."""
    spec = find_spec("matplotlib")
    shipped = Path((spec.origin if spec else None) or "").parent / "mpl-data"
    here, backend = os.getcwd(), os.environ.pop("MPLBACKEND", None)
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        del sys.modules[name]  # what is left of the first attempt
    os.chdir(shipped)
    try:
        yield
    finally:
        os.chdir(here)
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
