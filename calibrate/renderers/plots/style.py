"""matplotlib as it comes: whatever the settings of its user, and without a change to them."""

from __future__ import annotations

import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calibrate.arrays import Float64
from calibrate.errors import CalibrateError, InputError
from calibrate.files import write_bytes
from calibrate.renderers import words
from calibrate.results.report import Reliability, Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D


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
                f"plots cannot be drawn, as matplotlib cannot be imported: {error}; leave them "
                "out with `plots` none"
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


# The look that all pictures share, and saving them.


# Okabe & Ito (2008), colour-blind safe.
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
GREY, INK = "#8A8A8A", "#222222"

FEW = 20.0  # effective rows: bins of fewer are faint, and joined where dots are drawn
FAINT = 0.25
SELDOM = f"fewer than {FEW:g} rows"

DEFAULT_DPI = 150


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


_SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # which comes with matplotlib
    "font.size": 10.5,
    "figure.constrained_layout.wspace": 0.05,  # numbers at the ends of axes do not touch
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
DIAGONAL: dict[str, Any] = {"color": GREY, "linewidth": 1.2, "linestyle": (0, (4, 3))}
BACKENDS = {".png": "agg", ".svg": "svg", ".pdf": "pdf"}


def style() -> AbstractContextManager[None]:
    """The shared settings, for the block only: the caller's own are left alone."""
    return own_defaults(_SETTINGS)


@contextmanager
def drawing(width: float, height: float) -> Iterator[Figure]:
    """A new figure of so many inches, to be drawn on in the block."""
    with style():
        from matplotlib.figure import Figure

        yield Figure(figsize=(width, height), layout="constrained")


def shortened(name: str, length: int) -> str:
    """The end of a long path, which tells more than its beginning, as printable text."""
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return printable if len(printable) <= length else "…" + printable[1 - length :]


def labelled(name: str, length: int) -> str:
    """A name that a label begins with: no formula, and in the legend whatever it begins with."""
    text = shortened(name, length).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def headed(figure: Figure, report: Report, length: int, more: str = "") -> None:
    """The name and size of the data, and perhaps more, small, over everything."""
    title = f"{shortened(report.data.logits, length)}\n{words.rows_and_classes(report)}"
    title += f"\n{more}" if more else ""
    figure.suptitle(title, fontsize=8.5, color=GREY, parse_math=False)


def diagonal(ax: Axes) -> None:
    """Where a calibrated model would be."""
    ax.plot([0, 1], [0, 1], zorder=4, **DIAGONAL)


def calibrated() -> Line2D:
    """The same in a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label="calibrated", **DIAGONAL)


def pooled(table: Reliability) -> tuple[Float64, Float64, Float64]:
    """Effective rows, mean probability and frequency of bins, neighbours joined until they hold
    enough.
    """
    groups: list[list[float]] = [[0.0, 0.0, 0.0]]
    for rows, confidence, accuracy in zip(
        table.effective, table.confidence, table.accuracy, strict=True
    ):
        if groups[-1][0] >= FEW:
            groups.append([0.0, 0.0, 0.0])
        for i, mean in enumerate((1.0, confidence, accuracy)):
            groups[-1][i] += rows * (mean or 0.0)
    if len(groups) > 1 and groups[-1][0] < FEW:
        last = groups.pop()
        groups[-1] = [a + b for a, b in zip(groups[-1], last, strict=True)]
    sums = np.array(groups).T
    return sums[0], sums[1] / sums[0], sums[2] / sums[0]


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
    undated: dict[str, Any] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    content = io.BytesIO()
    with style():
        figure.savefig(
            content,
            format=suffix.removeprefix("."),
            backend=BACKENDS[suffix],
            dpi=dpi,
            metadata=undated.get(suffix),
        )
    return content.getvalue()
