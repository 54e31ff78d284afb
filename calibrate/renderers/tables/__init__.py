"""The figures of a comparison as a table for other programs; one file per format."""

from collections.abc import Callable

from calibrate.errors import InputError
from calibrate.renderers.formats import csv, latex
from calibrate.results.comparison import Comparison

TABLES: dict[str, Callable[[Comparison], str]] = {".csv": csv.render, ".tex": latex.render}


def check_table_name(path: str) -> None:
    """Raise InputError unless the name ends in a format that can be written."""
    suffix = suffix_of(path)
    if suffix not in TABLES:
        raise InputError(
            f"{path}: expected a table name ending in {', '.join(TABLES)}, "
            f"found {suffix or 'no suffix'!r}"
        )


def suffix_of(path: str) -> str:
    """``.csv`` of ``results.CSV``."""
    return f".{path.rpartition('.')[2].lower()}" if "." in path else ""


def table(found: Comparison, path: str) -> bytes:
    """The content of a table of that name."""
    return TABLES[suffix_of(path)](found).encode(errors="replace")


__all__ = ["TABLES", "check_table_name", "table"]
