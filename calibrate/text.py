"""Texts of others, such as names of files and classes, as they may stand in a line of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields
from reprlib import Repr
from shlex import quote
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


MOST_VALUE = 60  # characters of a value that is echoed
MOST_LISTED = 12  # names in a list of them
MOST_LINE = 2_000  # characters of a message

# What moves the cursor, changes colours or the direction of the text, ends the line, or cannot be
# encoded: control characters, separators of lines, format characters but for joiners, surrogates.
UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)

_repr = Repr()
_repr.maxstring = _repr.maxother = _repr.maxlong = MOST_VALUE
_shorter = Repr()
_shorter.maxtuple = _shorter.maxlist = _shorter.maxdict = 3


def short(value: float) -> str:
    """Three significant digits, without an exponent where it can be helped."""
    return f"{value:#.3g}".rstrip(".") if 1e-3 <= value < 1e4 else f"{value:.3g}"


def printable(text: str) -> str:
    """The same text on one line; what does not show is escaped, as in ``\\x1b``."""
    return UNPRINTABLE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def shell_word(name: str) -> str:
    """The name of a file as a shell takes it back: quoted where it must be, and printable."""
    if name.startswith("-"):
        name = f"./{name}"
    if not UNPRINTABLE.search(name):
        return quote(name)
    plain = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{UNPRINTABLE.sub(_ansi, plain)}'"


def _ansi(found: re.Match[str]) -> str:
    """A character in the words of ``$'...'``."""
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x80 else f"\\U{code:08x}"


def one_line(text: str) -> str:
    """A message: printable, and cut in the middle where it is endless."""
    if len(text) > MOST_LINE:
        half = MOST_LINE // 2
        text = f"{text[:half]} ... {text[-half:]}"
    return printable(" ".join(text.split("\n")))


def brief(value: object) -> str:
    """A value in a message, as Python writes it, cut to about 60 characters."""
    return _repr.repr(value)


def listed(names: Iterable[object], none: str = "none") -> str:
    """Names in a message, with commas: the first ones, each cut."""
    every = list(names)
    shown = [cut(str(name)) for name in every[:MOST_LISTED]]
    more = [f"... ({len(every):,} in all)"] if len(every) > len(shown) else []
    return ", ".join([*shown, *more]) or none


def cut(text: str) -> str:
    """A text of at most about 60 characters, without its middle where it is longer."""
    half = MOST_VALUE // 2
    return text if len(text) <= MOST_VALUE else f"{text[:half]}...{text[-half:]}"


class ShortRepr:
    """A dataclass with ``repr=False`` that shows its fields, long ones cut."""

    def __repr__(self: DataclassInstance) -> str:
        shown = [f"{each.name}={_shorter.repr(getattr(self, each.name))}" for each in fields(self)]
        return f"{type(self).__name__}({', '.join(shown)})"


class Summarised:
    """A value that shows itself as one line, and in a notebook as a small table."""

    def _summary(self) -> dict[str, str]:
        """Return what to say of it, by what that is about."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(printable, self._summary().values()))})"

    def _repr_html_(self) -> str:
        from html import escape  # here: every command imports this file

        rows = "".join(
            f"<tr><th>{escape(about)}</th><td>{escape(printable(text))}</td></tr>"
            for about, text in self._summary().items()
        )
        return f"<table><caption>{type(self).__name__}</caption>{rows}</table>"
