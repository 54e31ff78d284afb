"""The command line, as results remember it."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Sequence

from calibrate.printable import shell_word
from calibrate.results.made import Made
from calibrate.version import package_version

# What changes no figure: files that are written, and how.
WITH_VALUE = {"-o", "--output", "--figure", "--figures", "--table", "--dpi", "--format"}
WITH_VALUE |= {"--workers"}
ALONE = {"-q", "--quiet", "--all", "--debug"}


def made_here() -> Made:
    """By this process."""
    import numpy as np

    words = ["calibrate", *map(_word, _kept(sys.argv[1:]))]
    versions = {
        "calibrate": package_version(),
        "Python": platform.python_version(),
        "numpy": np.__version__,
    }
    return Made(" ".join(words), versions)


def _kept(words: Sequence[str]) -> Iterator[str]:
    rest = iter(words)
    for word in rest:
        if word in WITH_VALUE:
            next(rest, None)
        elif word not in ALONE and word.partition("=")[0] not in WITH_VALUE:
            yield word


def _word(word: str) -> str:
    """A word as a shell takes it; what begins with dashes is an option here, no file."""
    rest = word.lstrip("-")
    return word if not rest else word[: len(word) - len(rest)] + shell_word(rest)
