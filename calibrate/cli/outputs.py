"""Names of outputs: checked before the work, written after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from calibrate.errors import InputError
from calibrate.files import check_distinct, check_folder, check_writable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from calibrate.results.report import Report


def check_outputs(
    files: Sequence[str | None], pictures: Sequence[str | None], inputs: Iterable[str | None]
) -> None:
    """Raise InputError now rather than after the work, if an output cannot be written.

    Args:
        files, pictures, inputs: names; None for one that was not asked for.
    """
    check_distinct([*files, *pictures], [path_of(name) for name in inputs if name])
    for name in pictures:
        if name is not None:
            from calibrate.renderers.pictures.style import check_figure_name

            check_figure_name(name)
    for name in (*files, *pictures):
        if name is not None:
            check_writable(name)


def check_report(
    folder: str, pictures: Iterable[str], figure: str | None, inputs: Iterable[str | None]
) -> None:
    """The same for the folder of a report, and for the picture that goes elsewhere, if one does."""
    check_folder(folder, ("report.json", "report.md", *pictures))
    inside = figure is not None and Path(figure).resolve().parent == Path(folder).resolve()
    if inside and not Path(folder).exists():  # made with the folder
        figure_path, figure = figure, None
        from calibrate.renderers.pictures.style import check_figure_name

        check_figure_name(figure_path or "")
    check_outputs([], [figure], inputs)


def path_of(name: str) -> str:
    """The file in ``file.npz:key``."""
    from calibrate.data.readers.address import Address

    return str(Address.of(name).path)


def draw_picture(picture: str, report: Report, name: str, dpi: int) -> None:
    """One of the pictures of a report, in the format that its name asks for."""
    from calibrate.renderers.pictures import PICTURES
    from calibrate.renderers.pictures.style import save_figure

    figure = PICTURES[picture](report)
    if figure is None:
        raise InputError(f"{name}: there is nothing to draw for these rows")
    save_figure(figure, name, dpi)


def report_pictures(
    report: Report, names: Mapping[str, str], figure: str | None
) -> dict[str, Callable[[], Figure | None]]:
    """What to draw, by the name of its file; ``figure`` is where the reliability diagram goes.

    ``names``: those of the pictures, by that of the file.
    """
    from calibrate.renderers.pictures import PICTURES

    drawn = dict(names)
    if figure is not None:
        drawn = {str(Path(figure).absolute()): "reliability"}
        drawn |= {file: name for file, name in names.items() if name != "reliability"}
    return {file: partial(PICTURES[name], report) for file, name in drawn.items()}
