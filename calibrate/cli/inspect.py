"""calibrate inspect"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Annotated, Any

import typer

from calibrate.cli import options
from calibrate.cli.command import Answer, command, in_options

WORDS = "label_column scores task label_offset ignore_label class_names columns percent"
SPOKEN = {each: f"--{each.replace('_', '-')}" for each in WORDS.split()} | {
    "logits": "LOGITS",
    "labels": "LABELS",
}


@dataclass(frozen=True, kw_only=True)
class ShowOptions(options.PrintOptions):
    """How what was found is printed."""

    everything: Annotated[
        bool, typer.Option("--all", help="Print all arrays, not only the first ones.")
    ] = False


@command
def inspect(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Any files, also damaged ones: logits, labels, calibrators, reports; "
            "file.npz:key for one array. Of several it is said, too, whether they fit together.",
        ),
    ],
    show: ShowOptions,
) -> Answer:
    """Say what is in files, and which command takes them."""
    import calibrate

    return Answer(_in_options(calibrate.inspect(*files)), show)


def _in_options(found: Any) -> Any:
    """The same, with options where sentences of the library name arguments."""
    if isinstance(found, tuple):
        return tuple(map(_in_options, found))
    if not is_dataclass(found) or isinstance(found, type):
        return found
    parts = {each.name: _in_options(getattr(found, each.name)) for each in fields(found)}
    if parts.get("problem"):
        parts["problem"] = in_options(parts["problem"], SPOKEN)
    if parts.get("notes"):
        parts["notes"] = tuple(in_options(note, SPOKEN) for note in parts["notes"])
    return replace(found, **parts)
