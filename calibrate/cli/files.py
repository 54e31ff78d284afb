"""Names of outputs: checked before the work, written after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from calibrate.errors import InputError
from calibrate.files import announce, check_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from calibrate.results.report import Report


def check_outputs(files: Sequence[str | None], pictures: Sequence[str | None] = ()) -> None:
    """Raise InputError now rather than after the work, if an output cannot be written.

    Args:
        files, pictures: names; None for one that was not asked for.
    """
    check_names(pictures)
    announce([name for name in (*files, *pictures) if name is not None])


def check_suffix(name: str, expected: Sequence[str]) -> None:
    """Raise InputError for a name that promises another format than the one that is written."""
    from calibrate.data.readers.registry import FORMATS, Address

    suffix = Address(name, Path(name)).suffix
    if suffix in FORMATS and suffix not in expected:
        raise InputError(
            f"{name}: expected a name ending in {' or '.join(expected)}, which is what is written, "
            f"found {suffix}"
        )


def check_result(
    folder: str, stem: str, pictures: Sequence[str], elsewhere: Sequence[str] = ()
) -> None:
    """The same for the folder of a result, its pictures, and files that go elsewhere."""
    check_folder(folder)
    made = (f"{stem}.json", f"{stem}.md", f"{stem}.html")
    files = [str(Path(folder, name)) for name in (*made, *pictures)]
    announce([*files, *elsewhere], folder)


def check_names(pictures: Sequence[str | None]) -> None:
    """Raise InputError for a picture in a format that nobody draws."""
    for name in pictures:
        if name is not None:
            from calibrate.renderers.plots.style import check_figure_name

            check_figure_name(name)


def draw_picture(picture: str, report: Report, name: str, dpi: int) -> None:
    """One of the pictures of a report, in the format that its name asks for."""
    from calibrate.renderers.plots import PICTURES
    from calibrate.renderers.plots.style import save_figure

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
    from calibrate.renderers.plots import PICTURES

    drawn = dict(names)
    if figure is not None:
        drawn = {str(Path(figure).absolute()): "reliability"}
        drawn |= {file: name for file, name in names.items() if name != "reliability"}
    return {file: partial(PICTURES[name], report) for file, name in drawn.items()}
