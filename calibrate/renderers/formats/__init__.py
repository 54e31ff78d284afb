"""The formats in which a result is written: a file for each, which says so in its ``FORMAT``.

The choices of ``--format``, their help and the suffixes of files come from these. Neither numpy nor
rich nor jinja2 is imported before something is rendered.
"""

from importlib import import_module
from pkgutil import iter_modules

from calibrate.renderers.parts import ResultFormat

FORMATS: dict[str, ResultFormat] = {
    module.name: import_module(f"{__name__}.{module.name}").FORMAT
    for module in iter_modules(__path__)
}
CHOICES = tuple(name for name, format in FORMATS.items() if format.offered)


def help_of_formats() -> str:
    """What is to be known of some choices: ``github: annotations, and ...``."""
    return " ".join(f"{name}: {FORMATS[name].help}." for name in CHOICES if FORMATS[name].help)


def format_of(path: str, among: tuple[str, ...] = CHOICES) -> str | None:
    """The format that the name of a file asks for; None where it asks for none of these."""
    if "." not in path:
        return None
    suffix = f".{path.rpartition('.')[2].lower()}"
    return next((name for name in among if FORMATS[name].suffix == suffix), None)


__all__ = ["CHOICES", "FORMATS", "format_of", "help_of_formats"]
