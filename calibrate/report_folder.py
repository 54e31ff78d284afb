"""A folder that holds a report: report.json, report.md and its pictures."""

from __future__ import annotations

import os
from pathlib import Path

from calibrate.errors import InputError
from calibrate.output import check_writable, write_bytes
from calibrate.plots import DEFAULT_DPI, check_figure_name, drawn, reliability_figure
from calibrate.render import render_json, render_markdown
from calibrate.report import Report

FIGURE = "reliability.png"
FILES = ("report.json", "report.md")


def check_folder(folder: str, figure: str | None) -> None:
    """Raise InputError now rather than after the work, if the report cannot be written."""
    path = Path(folder)
    if not folder:
        raise InputError("expected the name of a folder for the report, got an empty one")
    if path.exists():
        if not path.is_dir():
            raise InputError(f"{folder}: expected a folder for the report, found a file")
        for name in (*FILES, FIGURE):
            check_writable(path / name)
    else:
        check_writable(path)
    if figure:
        check_figure_name(figure)
        if Path(figure).resolve().parent != path.resolve():
            check_writable(figure)


def write_folder(
    report: Report, folder: str, figure: str | None = None, dpi: int = DEFAULT_DPI
) -> list[str]:
    """Write the files, each whole or not at all; returns their names.

    Everything is rendered before anything is written.

    Args:
        folder: made if missing; its parent must exist.
        figure: where the reliability diagram goes instead of into the folder.
    """
    path = Path(folder)
    picture = Path(figure) if figure else path / FIGURE
    shown = Path(os.path.relpath(picture, path)).as_posix()
    contents = {
        path / "report.json": render_json(report).encode(),
        path / "report.md": render_markdown(report, figures=[shown]).encode(errors="replace"),
        picture: drawn(reliability_figure(report), picture, dpi),
    }
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}") from error
    for name, content in contents.items():
        write_bytes(name, content)
    return [str(name) for name in contents]
