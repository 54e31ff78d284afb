"""A folder that holds a report: report.json, report.md and its pictures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from calibrate.errors import InputError
from calibrate.files import check_writable, write_bytes
from calibrate.renderers.documents import render_json, render_markdown
from calibrate.renderers.pictures import DEFAULT_DPI, PICTURES, check_figure_name, drawn
from calibrate.results.report import Report

FILES = ("report.json", "report.md")


def check_folder(folder: str, pictures: Sequence[str], figure: str | None) -> None:
    """Raise InputError now rather than after the work, if the report cannot be written."""
    check_folder_of(folder, (*FILES, *(f"{picture}.png" for picture in pictures)))
    if figure:
        check_figure_name(figure)
        if Path(figure).resolve().parent != Path(folder).resolve():
            check_writable(figure)


def check_folder_of(folder: str, names: Sequence[str]) -> None:
    """Raise InputError if files of these names cannot be written to the folder."""
    path = Path(folder)
    if not folder:
        raise InputError("expected the name of a folder for the report, got an empty one")
    if path.exists():
        if not path.is_dir():
            raise InputError(f"{folder}: expected a folder for the report, found a file")
        for name in names:
            check_writable(path / name)
    else:
        check_writable(path)


def write_contents(folder: str, contents: dict[str, bytes]) -> list[str]:
    """Write files to a folder, made if missing, each whole or not at all; returns their names."""
    path = Path(folder)
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}") from error
    targets = [path / name for name in contents]
    for target, content in zip(targets, contents.values(), strict=True):
        write_bytes(target, content)
    return [str(target) for target in targets]


def write_folder(
    report: Report,
    folder: str,
    pictures: Sequence[str] = tuple(PICTURES),
    figure: str | None = None,
    dpi: int = DEFAULT_DPI,
    metrics: Sequence[str] | None = None,
) -> list[str]:
    """Write the files, each whole or not at all; returns their names.

    Everything is rendered before anything is written.

    Args:
        folder: made if missing; its parent must exist.
        pictures: which ones to draw, by name.
        figure: where the reliability diagram goes instead of into the folder.
        metrics: which ones the Markdown shows; None for all. The JSON holds all.
    """
    path = Path(folder)
    drawings = {}
    for name in pictures:
        target = Path(figure) if figure and name == "reliability" else path / f"{name}.png"
        picture = PICTURES[name](report)
        if picture is not None:
            drawings[target] = drawn(picture, target, dpi)
    shown = [Path(os.path.relpath(target, path)).as_posix() for target in drawings]
    written = write_contents(
        folder,
        {
            "report.json": render_json(report).encode(),
            "report.md": render_markdown(report, metrics, figures=shown).encode(errors="replace"),
        },
    )
    for target, content in drawings.items():
        write_bytes(target, content)
    return written + [str(target) for target in drawings]
