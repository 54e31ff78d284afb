"""Panels, what stands over and under them, and the legend: the same in every plot.

The places are inches that follow from the number of lines and panels, so that nothing has to be
measured: measuring every text took longer than drawing it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from calibrate.renderers import words
from calibrate.renderers.plots.style import DASHES, GREY, drawing, shortened, wording
from calibrate.results.report import Report

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

DIAGONAL: dict[str, Any] = {"color": GREY, "linewidth": 1.2, "linestyle": DASHES}
TENTHS = (0, 0.2, 0.4, 0.6, 0.8, 1)


def framed(
    figure: Figure,
    title: str,
    handles: Sequence[Artist],
    columns: int,
    *,
    left: float = 0.75,
    over: float = 0.1,
    under: float = 0.55,
    between: tuple[float, float] = (0.45, 0.2),
) -> None:
    """Put a small title over all panels, a legend of so many columns under them, and the panels
    in the room that is left.

    Args:
        left: inches for the labels of the first panels; ``over``, ``under``: for what stands over
            the panels at the top and under those at the bottom.
        between: inches between panels, beside and above each other.
    """
    rows = -(-len(handles) // columns)
    width, height = figure.get_size_inches()
    height += 0.2 * max(0, rows - 4)  # a long legend takes nothing from the panels
    figure.set_figheight(height)
    figure.suptitle(
        title, y=1 - 0.07 / height, va="top", fontsize=8.5, color=GREY, parse_math=False
    )
    figure.legend(
        handles=handles,
        loc="lower center",
        ncols=columns,
        frameon=False,
        fontsize=9.5,
        borderaxespad=0.2,
        handlelength=1.8,
        columnspacing=1.2,
    )
    shape = figure.axes[0].get_subplotspec()
    across, down = (1, 1) if shape is None else shape.get_geometry()[1::-1]
    top = height - over - 0.1 - 0.14 * len(title.splitlines())
    bottom = under + 0.05 + 0.2 * rows
    right = width - 0.2
    beside, above = between
    x = (right - left - beside * (across - 1)) / across
    y = (top - bottom - above * (down - 1)) / down
    figure.subplots_adjust(
        left / width, bottom / height, right / width, top / height, beside / x, above / y
    )


@contextmanager
def sides(
    report: Report, titles: Sequence[tuple[str, str]], beneath: str
) -> Iterator[tuple[Figure, Sequence[Axes], Sequence[Axes]]]:
    """A panel over [0, 1] for each side of a report, with its title and a caption, and a lower one
    ``beneath`` each, on the same axis.
    """
    called = wording(report)
    with drawing(4.9 * len(titles) + 0.2, 6.2) as figure:
        upper, lower = figure.subplots(
            2, len(titles), sharex=True, sharey="row", squeeze=False, height_ratios=[3.4, 1]
        )
        for ax, (title, caption) in zip(upper, titles, strict=True):
            ax.set_title(title, fontsize=12, fontweight="bold", pad=21 if caption else 7)
            ax.text(0.5, 1.02, caption, transform=ax.transAxes, ha="center", fontsize=10)
            diagonal(ax)
            ax.set(xlim=(0, 1), ylim=(0, 1.01), xticks=TENTHS, yticks=TENTHS)
        for ax in lower:
            ax.set_xlabel(called.x)
        upper[0].set_ylabel(called.y)
        lower[0].set_ylabel(beneath)
        yield figure, upper, lower


def title_of(report: Report, panels: int, more: str = "") -> str:
    """The name and size of the data, and perhaps more, over so many panels."""
    lines = [shortened(report.data.logits, 40 * panels), words.rows_and_classes(report)]
    return "\n".join([*lines, *wrap(more, 66 * panels)])


def diagonal(ax: Axes) -> None:
    """Draw where a calibrated model would be."""
    ax.plot([0, 1], [0, 1], zorder=4, **DIAGONAL)


def line_key(label: str, **look: Any) -> Line2D:
    """A line in a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **look)


def area_key(label: str, **look: Any) -> Patch:
    """An area in a legend."""
    from matplotlib.patches import Patch

    return Patch(label=label, **look)


def calibrated() -> Line2D:
    """The diagonal in a legend."""
    return line_key("calibrated", **DIAGONAL)
