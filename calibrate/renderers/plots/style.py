"""matplotlib with the look that all plots share, whatever the settings of its user."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from logging.handlers import BufferingHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calibrate.errors import CalibrateError, InputError
from calibrate.files import write_bytes
from calibrate.results.report import Report

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe & Ito (2008), colour-blind safe.
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
GREY, INK = "#8A8A8A", "#222222"
DASHES = (0, (4, 3))

DEFAULT_DPI = 150
BACKENDS = {".png": "agg", ".svg": "svg", ".pdf": "pdf"}
SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # which comes with matplotlib
    "font.size": 10.5,
    "axes.titley": 1.0,  # where none has to look for ticks
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "hatch.linewidth": 0.8,
    "pdf.fonttype": 42,  # TrueType, which publishers ask for
    "svg.fonttype": "none",  # text that can be searched and edited
    "svg.hashsalt": "calibrate",  # the same names of parts every time
}


@contextmanager
def style() -> Iterator[None]:
    """For the block only: the defaults of matplotlib and the shared settings.

    The settings of the user, and those of the process, are left alone. No figure needs pyplot, so
    the backend stays what it is; it may be of a notebook.

    Raises:
        CalibrateError: matplotlib refuses the user's settings.
    """
    logger, said = logging.getLogger("matplotlib"), BufferingHandler(1000)
    propagates, logger.propagate = logger.propagate, False  # no word of folders and settings
    logger.addHandler(said)
    try:
        try:
            from matplotlib import MatplotlibDeprecationWarning, rc_context, rcParamsDefault
        except Exception as error:  # whatever a matplotlibrc may bring about
            why = [record.getMessage().rstrip(".") for record in said.buffer]
            raise CalibrateError(
                f"plots cannot be drawn: {'; '.join([*why, str(error)])}; matplotlib cannot be "
                "imported with its settings (matplotlibrc, MPLBACKEND)"
            ) from error
        defaults: Any = {key: rcParamsDefault[key] for key in rcParamsDefault if key != "backend"}
        with warnings.catch_warnings(), rc_context(defaults | SETTINGS):
            warnings.filterwarnings("ignore", category=MatplotlibDeprecationWarning)  # of defaults
            warnings.filterwarnings("ignore", message="Glyph .* missing")  # a box says as much
            yield
    finally:
        logger.removeHandler(said)
        logger.propagate = propagates


@contextmanager
def drawing(width: float, height: float) -> Iterator[Figure]:
    """A new figure of so many inches, to be drawn on in the block."""
    with style():
        from matplotlib.figure import Figure

        yield Figure(figsize=(width, height))


@dataclass(frozen=True)
class Wording:
    """What a diagram calls its axes and its gaps."""

    x: str
    y: str
    accuracy: str
    over: str
    under: str


OF_CONFIDENCE = Wording("confidence", "accuracy", "accuracy", "overconfident", "underconfident")
OF_YES = Wording("probability of yes", "how often it is yes", "share of yes", "too high", "too low")


def wording(report: Report) -> Wording:
    """That of the confidence; of yes-no models that of the probability of yes."""
    return OF_YES if report.data.task.yes_no else OF_CONFIDENCE


def shortened(name: str, length: int) -> str:
    """The end of a long path, which tells more than its beginning, as printable text."""
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return printable if len(printable) <= length else "…" + printable[1 - length :]


def labelled(name: str, length: int) -> str:
    """A name that a label begins with: no formula, and in the legend whatever it begins with."""
    text = shortened(name, length).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def check_figure_name(path: str | Path) -> None:
    """Raise InputError unless the name ends in a format that can be written."""
    if Path(path).suffix.lower() not in BACKENDS:
        raise InputError(
            f"{path}: expected a figure name ending in {', '.join(BACKENDS)}, "
            f"found {Path(path).suffix or 'no suffix'!r}"
        )


def save_figure(figure: Figure, path: str | Path, dpi: int = DEFAULT_DPI) -> None:
    """Write a figure in the format that its name asks for, whole or not at all."""
    write_bytes(path, drawn(figure, path, dpi))


def drawn(figure: Figure, path: str | Path, dpi: int = DEFAULT_DPI) -> bytes:
    """The figure as the content of a file of that name; the same bytes for the same figure."""
    check_figure_name(path)
    suffix = Path(path).suffix.lower()
    more: dict[str, Any] = {
        ".png": {"pil_kwargs": {"compress_level": 3}},  # half the time of 6, a tenth larger
        ".svg": {"metadata": {"Date": None}},
        ".pdf": {"metadata": {"CreationDate": None}},
    }
    content = io.BytesIO()
    with style():
        figure.savefig(
            content,
            format=suffix.removeprefix("."),
            backend=BACKENDS[suffix],
            dpi=dpi,
            **more[suffix],
        )
    return content.getvalue()
