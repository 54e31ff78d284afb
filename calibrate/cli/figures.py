"""Which pictures a command draws, and in which format: the same on every command that draws."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Annotated

import typer

from calibrate.errors import InputError, check_known

NONE = "none"

Figures = Annotated[
    str | None,
    typer.Option(
        "--figures",
        metavar="NAME,...",
        help="Which pictures, by name, with commas, as in reliability or reliability.pdf (.png, "
        ".svg, .pdf); none for none. Default: all.",
    ),
]


def figure_files(figures: str | None, known: Iterable[str]) -> dict[str, str]:
    """``reliability,classes.pdf`` -> the name of each picture, by that of its file.

    Args:
        figures: what was asked for; None for all that are known.

    Raises:
        InputError: a picture that nobody knows, or a format that cannot be written.
    """
    from calibrate.renderers.pictures.style import BACKENDS

    choices = list(known)
    if figures is None:
        return {f"{name}.png": name for name in choices}
    if figures.strip() == NONE:
        return {}
    found = {}
    for file in (each.strip() for each in figures.split(",")):
        name, suffix = PurePath(file).stem, PurePath(file).suffix.lower()
        check_known("`figures`", [name], choices)
        if suffix and suffix not in BACKENDS:
            raise InputError(
                f"`figures`: expected {name}, or {name} with a suffix ({', '.join(BACKENDS)}), "
                f"got {file!r}"
            )
        found[name + (suffix or ".png")] = name
    return found


def one_picture(name: str, figures: str | None, file: str | None, option: str) -> list[str]:
    """The files for the only picture of a command, which ``option`` may name too."""
    if figures is None:
        return [file or f"{name}.png"]
    if file is not None:
        raise InputError(f"expected either `{option}`, the name of the picture, or `figures`")
    return list(figure_files(figures, (name,)))
