"""A result as a page: one HTML file with its style, its script and its numbers."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from importlib import import_module, resources
from typing import TYPE_CHECKING, Any

from calibrate.errors import InputError
from calibrate.renderers.parts import (
    Heading,
    Line,
    Lines,
    Part,
    Shown,
    Table,
    Warn,
    document,
)
from calibrate.results.json import Result
from calibrate.results.report import Provenance
from calibrate.text import printable
from calibrate.version import package_version

if TYPE_CHECKING:
    from jinja2 import Environment

PARTS = "calibrate.renderers.pages"
MOST_SORTED = 400  # of a table; nobody reads more of them, and the page stays small
MOST_TEXT = 200  # characters of a cell
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
SECTIONS = {"predicted class": "Classes", "groups": "Groups", "labels": "Labels"}
OWN = ("report", "compare")
MARK, HEAD = b'<meta name="generator" content="calibrate">', 2_000  # which bytes say it is ours


@dataclass(frozen=True)
class Page:
    """What a template is filled with.

    Attributes:
        template: its name.
        title, lines, warnings, parts: of the document.
        made: names and values of how it was made.
        own: what this template alone needs.
        data: what its script needs.
    """

    template: str
    title: str
    lines: tuple[Line, ...]
    warnings: tuple[str, ...]
    parts: tuple[Part, ...]
    made: tuple[tuple[str, str], ...]
    own: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)


def page_of(result: Result, shown: Shown) -> Page:
    """The parts of the document of a result: its title and first lines, warnings, and the rest.

    A result in ``OWN`` has a file here whose ``completed`` adds what only its page has.
    """
    parts = document(result, replace(shown, all=True))
    title = next((part.text for part in parts if isinstance(part, Heading)), result.command)
    lines = parts[1].lines if len(parts) > 1 and isinstance(parts[1], Lines) else ()
    rest = tuple(part for part in parts[1 + bool(lines) :] if not isinstance(part, Warn))
    warnings = tuple(part.text for part in parts if isinstance(part, Warn))
    made: Provenance | None = getattr(result, "made", None)
    by = [("Versions", f"calibrate {package_version()}")]
    if made is not None:
        versions = ", ".join(f"{name} {version}" for name, version in made.versions.items())
        by = [("Command", made.command), ("Versions", versions)]
    page = Page("document.html", title, lines, warnings, rest, tuple(by))
    noun = result.schema.removeprefix("calibrate.").partition("/")[0]
    if noun not in OWN:
        return page
    found: Page = import_module(f"{PARTS}.{noun}").completed(page, result)
    return found


def rendered(result: Result, shown: Shown) -> str:
    """The whole page.

    Raises:
        InputError: jinja2 is not installed.
    """
    environment = _environment()
    page = page_of(result, shown)
    script, style = _file("page.js"), _file("page.css")
    text: str = environment.get_template(page.template).render(
        page=page,
        sections=list(_sections(page.parts)),
        script=script,
        style=style,
        policy=f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; "
        f"script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'",
        command=result.command,
        data=json_in_html(page.data),
    )
    return text


def can_render() -> bool:
    """Whether what pages are built with is installed."""
    from importlib.util import find_spec

    return find_spec("jinja2") is not None


def _sections(parts: Iterable[Part]) -> Iterator[tuple[str, list[Part]]]:
    """Parts under headings: those of the document, and one for classes and for groups."""
    heading, held = "", list[Part]()
    for part in parts:
        name = ""
        if isinstance(part, Heading):
            name = part.text
        elif isinstance(part, Table):
            name = SECTIONS.get(part.title.partition(",")[0], "")
        if name:
            if held or heading:
                yield heading, held
            heading, held = name, []
        if not isinstance(part, Heading):
            held.append(part)
    if held:
        yield heading, held


def json_in_html(data: Any) -> str:
    """JSON that no element ends before its time: it holds no ``<``, ``>`` or ``&``."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", text)


@cache
def _environment() -> Environment:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise InputError(
            f"an HTML page needs the extra 'html': pip install 'calibrate-cli[html]' ({error})"
        ) from error
    made = Environment(
        loader=PackageLoader(PARTS, "parts"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )
    made.filters |= {"kind": lambda part: type(part).__name__.lower(), "sort_value": sort_value}
    made.filters |= {"rows": lambda rows: rows[:MOST_SORTED], "apart": apart, "json": json_in_html}
    return made


def _shown(value: Any) -> Any:
    """Texts of others on one line and no longer than a page has room for; ours are marked safe."""
    if type(value) is not str:
        return value
    return without_middle(printable(value.encode(errors="backslashreplace").decode()))


def without_middle(text: str, most: int = 2_000) -> str:
    """Without its middle where it is longer."""
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 2 :]}"


def apart(text: str) -> tuple[str, str]:
    """``0.1 [0.0, 0.2]`` -> the value and the interval, which may stand beneath it."""
    value, bracket, interval = without_middle(text, MOST_TEXT).partition(" [")
    return (value, f"[{interval}") if bracket and NUMBER.match(value) else (text, "")


def sort_value(text: str) -> str:
    """The first number of a cell, by which it is sorted; empty where there is none."""
    found = NUMBER.search(text)
    begins = found is not None and not text[: found.start()].strip(" <>≈")
    return found[0].replace(",", "") if found and begins else ""


@cache
def _file(name: str) -> str:
    return (resources.files(PARTS) / "parts" / name).read_text(encoding="utf-8")


def _digest(content: str) -> str:
    return f"sha256-{b64encode(sha256(content.encode()).digest()).decode()}"
