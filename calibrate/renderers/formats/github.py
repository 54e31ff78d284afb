"""A result in GitHub Actions: annotations of the run, and a summary of the step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from calibrate.renderers.formats import markdown
from calibrate.renderers.parts import Heading, ResultFormat, Shown, Tone, Warn, document
from calibrate.text import one_line

if TYPE_CHECKING:
    from calibrate.results.json import Result

TITLE = "calibrate"
MOST = 10  # annotations of a kind that GitHub shows of a step
MOST_LINE = 1000  # characters of one
ORDER: tuple[Tone, ...] = ("error", "warning", "notice")
CUT = "> **Warning:** cut, as GitHub shows at most 1 MiB; `--format json` holds everything."
FOLD, END = "<details>", "</details>"


def render(result: Result, shown: Shown) -> str:
    """Workflow commands, at most ten: errors, then warnings, then the verdict if it is neither."""
    said = [
        (part.tone, part.text)
        for part in document(result, replace(shown, all=True))
        if isinstance(part, Warn) or (isinstance(part, Heading) and part.level == 1)
    ]
    said.sort(key=lambda each: ORDER.index(each[0]))
    if len(said) > MOST:
        said, left = said[: MOST - 1], said[MOST - 1 :]
        said.append((left[0][0], f"and {len(left):,} more, in the summary of this step"))
    return "".join(f"::{tone} title={TITLE}::{data(text)}\n" for tone, text in said)


def data(text: str) -> str:
    """A text as the message of a workflow command: it cannot end it, nor begin another.

    Reference: GitHub, "Workflow commands for GitHub Actions"; ``escapeData`` of its toolkit.
    """
    line = one_line(text)
    if len(line) > MOST_LINE:
        line = f"{line[:MOST_LINE]}..."
    return line.replace("%", "%25")


def summary(result: Result, shown: Shown, most: int) -> bytes:
    """The Markdown of a result in at most so many bytes: whole lines, every fold closed.

    Empty where not even a line would fit.
    """
    text = markdown.render(result, replace(shown, pictures=()))
    whole = text.encode(errors="replace")
    if len(whole) <= most:
        return whole
    if shown.diagram:  # whose fence could be cut open
        return summary(result, replace(shown, diagram=False), most)
    end = f"\n\n{END}\n\n{CUT}\n".encode()
    kept, room, folded = list[bytes](), most - len(end), False
    for line in whole.splitlines(keepends=True):
        room -= len(line)
        if room < 0:
            break
        kept.append(line)
        folded = line.strip() == FOLD.encode() or (folded and line.strip() != END.encode())
    if not kept:
        return b""
    return b"".join(kept) + (end if folded else f"\n{CUT}\n".encode())


FORMAT = ResultFormat(render, help="annotations, and a summary of the step in GITHUB_STEP_SUMMARY")
