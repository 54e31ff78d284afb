"""The options that commands share, each declared once."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer


class ScoresKind(str, Enum):
    logits = "logits"
    probabilities = "probabilities"
    log_probabilities = "log-probabilities"


class Format(str, Enum):
    text = "text"
    json = "json"
    markdown = "markdown"


class TaskKind(str, Enum):
    multiclass = "multiclass"
    binary = "binary"
    multilabel = "multilabel"


class SmoothingOver(str, Enum):
    all = "all"
    others = "others"


class OutputKind(str, Enum):
    probabilities = "probabilities"
    log_probabilities = "log-probabilities"
    logits = "logits"


Logits = Annotated[
    str,
    typer.Argument(
        metavar="LOGITS", help="Scores, rows x classes: file.npy, file.npz or file.npz:key."
    ),
]
Labels = Annotated[
    str | None,
    typer.Argument(
        metavar="[LABELS]",
        help="Class indices, one per row, or a share per class; 0 and 1 for yes-no models. May be "
        "left out where LOGITS is a .npz with both.",
    ),
]
Scores = Annotated[
    ScoresKind | None,
    typer.Option(
        "--scores",
        help="What LOGITS holds. Default: logits, refused where they look like probabilities.",
    ),
]
LabelOffset = Annotated[
    int, typer.Option("--label-offset", help="The number of the first class, if not 0.")
]
Task = Annotated[
    TaskKind | None,
    typer.Option(
        "--task",
        help="Default: binary for one score per row, else multiclass. multilabel: a yes or no "
        "per column.",
    ),
]
IgnoreLabel = Annotated[
    int | None, typer.Option("--ignore-label", help="The label of rows to leave out, e.g. -100.")
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, help="Threads. Default: one per core. Results never depend on it."
    ),
]
ReportFormat = Annotated[
    Format, typer.Option("--format", help="How to print the result on stdout.")
]
Bins = Annotated[
    int, typer.Option("--n-bins", min=1, max=10_000, help="Equal-width confidence bins.")
]
Weights = Annotated[
    str | None,
    typer.Option("--weights", help="Row weights: file.npy, file.npz or file.npz:key."),
]
FigurePath = Annotated[
    str | None,
    typer.Option("--figure", help="The reliability diagram: a .png, .svg or .pdf file."),
]
Dpi = Annotated[int, typer.Option("--dpi", min=30, max=1200, help="Dots per inch of a .png.")]
Debug = Annotated[
    bool, typer.Option("--debug", help="Show the traceback of an error.", hidden=True)
]
