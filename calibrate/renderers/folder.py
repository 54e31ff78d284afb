"""A folder that holds a result: its JSON, its Markdown, its page and its pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from calibrate.files import peek, write_folder
from calibrate.renderers.formats import FORMATS
from calibrate.renderers.pages import page
from calibrate.renderers.parts import Shown
from calibrate.renderers.plots import PICTURES
from calibrate.renderers.plots.style import BACKENDS, DEFAULT_DPI, drawn
from calibrate.results.json import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Draw = Callable[[], "Figure | None"]  # None where there is nothing to draw


def write_result(
    result: Result,
    folder: str,
    stem: str,
    pictures: Mapping[str, Draw],
    *,
    dpi: int = DEFAULT_DPI,
    metrics: tuple[str, ...] | None = None,
) -> list[str]:
    """Write the files, all of them whole or none; returns their names.

    Everything is rendered before anything is written. Pictures that an earlier run left in the
    folder, and that this one has not drawn, go: they show other rows than the JSON beside them.

    Args:
        folder: made if missing; its parent must exist.
        stem: of the names of the JSON, the Markdown and the page; there is no page where what
            builds it is not installed.
        pictures: by the name of the file in the folder; an absolute one goes where it says.
        metrics: which ones the Markdown shows; None for all. The JSON holds all.
    """
    path, drawings = Path(folder), {}
    for name, draw in pictures.items():
        picture = draw()
        if picture is not None:
            drawings[path / name] = drawn(picture, name, dpi)
    beside = tuple(Path(os.path.relpath(target, path)).as_posix() for target in drawings)
    shown = Shown(metrics=metrics, pictures=beside)
    formats = {f"{stem}.json": "json", f"{stem}.md": "markdown"}
    if page.can_render():
        formats[f"{stem}.html"] = "html"
    contents = {
        path / name: FORMATS[format](result, shown).encode(errors="replace")
        for name, format in formats.items()
    }
    contents |= drawings
    earlier = [path / name for name in (*pictures_of_earlier(path, stem), *_page_of(path, stem))]
    write_folder(path, contents, tuple(picture for picture in earlier if picture not in contents))
    return [str(target) for target in contents]


def _page_of(folder: Path, stem: str) -> list[str]:
    """The page that an earlier run made in a folder, which says that it is ours."""
    name = f"{stem}.html"
    return [name] if page.MARK in peek(folder / name)[: page.HEAD] else []


def pictures_of_earlier(folder: Path, stem: str) -> list[str]:
    """Pictures that an earlier run drew in a folder: their names are ours, and it lists them."""
    listed = peek(folder / f"{stem}.md").decode(errors="replace")
    names = [f"{name}{suffix}" for name in PICTURES for suffix in BACKENDS]
    return [name for name in names if f"]({name})" in listed and (folder / name).is_file()]
