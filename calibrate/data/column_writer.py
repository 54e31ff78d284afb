"""Stream numbers into a .csv of one column."""

from __future__ import annotations

from collections.abc import Iterable

from calibrate.arrays import AnyArray
from calibrate.files import writing


def write_column_to(target: str, title: str, blocks: Iterable[AnyArray]) -> None:
    """The title, then a number to a line, to its own digits; whole or not at all."""
    with writing(target) as file:
        file.write(f"{title}\n".encode())
        for block in blocks:
            file.write("".join(f"{value!r}\n" for value in block.tolist()).encode())
