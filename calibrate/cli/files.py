"""Names of outputs: checked before the work, written after it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from calibrate.errors import InputError
from calibrate.files import announce, check_folder


def check_outputs(files: Sequence[str | None], plots: Sequence[str | None] = ()) -> None:
    """Raise InputError now rather than after the work, if an output cannot be written.

    Args:
        files, plots: names; None for one that was not asked for.
    """
    for name in plots:
        if name is not None:
            from calibrate.renderers.plots.style import check_figure_name

            check_figure_name(name)
    announce([name for name in (*files, *plots) if name is not None])


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
    folder: str, stem: str, plots: Sequence[str], elsewhere: Sequence[str] = ()
) -> None:
    """Raise InputError if the folder of a result, its plots, or a file elsewhere cannot be."""
    check_folder(folder)
    files = (f"{stem}.json", f"{stem}.md", f"{stem}.html", *plots)
    announce([*(str(Path(folder, name)) for name in files), *elsewhere], folder)
