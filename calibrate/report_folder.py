"""A folder that holds a report: report.json, report.md and its pictures."""

from __future__ import annotations

import os
from pathlib import Path

from calibrate.errors import InputError
from calibrate.output import check_writable, write_bytes
from calibrate.plots import DEFAULT_DPI, check_figure_name, reliability_figure, save_figure
from calibrate.render import render_json, render_markdown
from calibrate.report import Report

FIGURE = "reliability.png"


def check_folder(folder: str, figure: str | None) -> None:
    """Raise InputError now rather than after the work, if the report cannot be written."""
    path = Path(folder)
    if path.exists():
        if not path.is_dir():
            raise InputError(f"{folder}: expected a folder for the report, found a file")
        check_writable(path / "report.json")
    else:
        check_writable(path)
    if figure:
        check_figure_name(figure)
        check_writable(figure)


def write_folder(
    report: Report, folder: str, figure: str | None = None, dpi: int = DEFAULT_DPI
) -> list[str]:
    """Write the files, each whole or not at all; returns their names.

    Args:
        folder: made if missing; its parent must exist.
        figure: where the reliability diagram goes instead of into the folder.
    """
    path = Path(folder)
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}") from error
    picture = Path(figure) if figure else path / FIGURE
    shown = os.path.relpath(picture, path)
    save_figure(reliability_figure(report), picture, dpi)
    write_bytes(path / "report.json", render_json(report).encode())
    write_bytes(path / "report.md", render_markdown(report, figures=[shown]).encode())
    return [str(path / "report.json"), str(path / "report.md"), str(picture)]
