"""The options that commands share, each declared once, in groups that go together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from calibrate.data.dataset import Dataset
    from calibrate.data.reading import Reading


class ScoresKind(str, Enum):
    logits = "logits"
    probabilities = "probabilities"
    log_probabilities = "log-probabilities"


class Format(str, Enum):
    text = "text"
    json = "json"
    markdown = "markdown"
    html = "html"
    junit = "junit"
    github = "github"


class TaskKind(str, Enum):
    multiclass = "multiclass"
    binary = "binary"
    multilabel = "multilabel"
    confidence = "confidence"


class SmoothingOver(str, Enum):
    all = "all"
    others = "others"


LogitsFile = Annotated[
    str,
    typer.Argument(
        metavar="LOGITS",
        help="Scores, rows x classes: .npy, .npz, .pt, .safetensors, .pkl, .csv, .tsv, .json, "
        ".jsonl, .parquet, .arrow, .feather, .h5, .zarr or a saved dataset, or file.npz:key. "
        "Several files as one: 'z-*.npy', their folder, or a.npy,b.npy.",
    ),
]
ManyFiles = Annotated[
    list[str],
    typer.Argument(
        metavar="LOGITS... LABELS",
        help="The scores of one model or more on the same rows, and last the labels: .npy, .npz, "
        ".csv, .tsv, .json or .jsonl, or file.npz:key.",
    ),
]
Names = Annotated[
    list[str] | None,
    typer.Option("--name", help="What to call a model; once per model, in order."),
]
Scores = Annotated[
    ScoresKind | None,
    typer.Option(
        "--scores",
        help="What LOGITS holds. Default: logits, refused where they look like probabilities.",
    ),
]
Task = Annotated[
    TaskKind | None,
    typer.Option(
        "--task",
        help="Default: binary for one score per row, else multiclass. multilabel: a yes or no "
        "per column. confidence: how sure answers were, and whether they were right.",
    ),
]
Percent = Annotated[
    bool, typer.Option("--percent", help="LOGITS holds confidences in answers from 0 to 100.")
]
Bins = Annotated[
    int, typer.Option("--n-bins", min=1, max=10_000, help="Equal-width confidence bins.")
]
CalibratorFile = Annotated[
    str | None, typer.Option("-c", "--calibrator", help="What `calibrate fit` wrote.")
]
ClassNames = Annotated[
    str | None, typer.Option("--class-names", help="A text file: one name per line and class.")
]
Metrics = Annotated[
    str | None,
    typer.Option(
        "--metrics",
        help="Which figures to print, with commas, in any case and with - or _. JSON holds all "
        "that was measured.",
    ),
]
Votes = Annotated[
    int | None,
    typer.Option(
        "--votes", min=1, help="Votes behind each soft label. Default: its shares are exact."
    ),
]
IgnoreLabel = Annotated[
    int | None, typer.Option("--ignore-label", help="The label of rows to leave out, e.g. -100.")
]
LabelColumn = Annotated[
    str | None,
    typer.Option(
        "--label-column",
        help="The column of a .csv, or the key of a .jsonl, that holds the labels; none: no column "
        "does. Default: label, target, true_label or y.",
    ),
]
LeaveOut = Annotated[
    list[str] | None,
    typer.Option(
        "--leave-out",
        metavar="COLUMN",
        help="A column of a table that is not the score of a class, such as an id; none: all are.",
    ),
]
Folder = Annotated[
    str, typer.Option("-o", "--output", help="The folder to write; made if missing.")
]
Dpi = Annotated[int, typer.Option("--dpi", min=30, max=1200, help="Dots per inch of a .png.")]


@dataclass(frozen=True, kw_only=True)
class ScoreOptions:
    """How scores are to be read."""

    scores: Scores = None
    label_column: LabelColumn = None
    leave_out: LeaveOut = None

    @property
    def reading(self) -> Reading:
        from calibrate.data.reading import Reading

        return Reading(
            scores=_value(self.scores),
            label_column=self.label_column,
            leave_out=tuple(self.leave_out or ()),
        )


@dataclass(frozen=True, kw_only=True)
class UnlabelledOptions(ScoreOptions):
    """How scores without labels are to be read."""

    task: Task = None
    percent: Percent = False

    @property
    def reading(self) -> Reading:
        return replace(super().reading, task=_value(self.task), percent=self.percent)


@dataclass(frozen=True, kw_only=True)
class ClassOptions(ScoreOptions):
    """How scores of classes and class indices are to be read."""

    label_offset: Annotated[
        int, typer.Option("--label-offset", help="The number of the first class, if not 0.")
    ] = 0

    @property
    def reading(self) -> Reading:
        return replace(super().reading, label_offset=self.label_offset)


@dataclass(frozen=True, kw_only=True)
class ReadOptions(ClassOptions):
    """How scores and labels of any kind are to be read."""

    task: Task = None
    percent: Percent = False
    ignore_label: IgnoreLabel = None
    weights: Annotated[
        str | None,
        typer.Option("--weights", help="Row weights: file.npy, file.npz:key or file.csv:COLUMN."),
    ] = None
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster",
            help="Which rows belong together: file.npy, file.txt or file.csv:COLUMN. "
            "Default: those at the same place of the first axis.",
        ),
    ] = None

    @property
    def reading(self) -> Reading:
        task = _value(self.task)
        ignored = self.ignore_label
        return replace(super().reading, task=task, percent=self.percent, ignore_label=ignored)

    def open(
        self, logits: str, labels: str | None, names: tuple[str, ...] | None = None
    ) -> Dataset:
        """The rows of these files; ``names`` are those of the classes."""
        from calibrate.data.readers.open import open_dataset

        how = replace(self.reading, class_names=names)
        return open_dataset(
            logits, labels, weights=self.weights, clusters=self.cluster, reading=how
        )


@dataclass(frozen=True, kw_only=True)
class RowOptions(ReadOptions):
    """A file of scores and one of labels, and how they are to be read."""

    logits: LogitsFile
    labels: Annotated[
        str | None,
        typer.Argument(
            metavar="[LABELS]",
            help="Class indices or names, one per row, or a share per class; 0 and 1 for yes-no "
            "models; a .txt, too. May be left out where LOGITS holds both.",
        ),
    ] = None

    def dataset(self, names: tuple[str, ...] | None = None) -> Dataset:
        """The rows of these files; ``names`` are those of the classes."""
        return self.open(self.logits, self.labels, names)


def _value(choice: Enum | None) -> str | None:
    return None if choice is None else str(choice.value)


@dataclass(frozen=True, kw_only=True)
class SampleOptions:
    """Samples drawn."""

    bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=0, help="Samples behind the intervals; 0 for none.")
    ] = 1000
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of folds and samples.")] = 0


@dataclass(frozen=True, kw_only=True)
class FigureOptions:
    """One picture."""

    figure: Annotated[
        str | None,
        typer.Option("--figure", help="The reliability diagram: a .png, .svg or .pdf file."),
    ] = None
    dpi: Dpi = 150


@dataclass(frozen=True, kw_only=True)
class PrintOptions:
    """How the result is printed."""

    format: Annotated[
        Format,
        typer.Option(
            "--format",
            help="How to print the result on stdout. github: annotations, and a summary of the "
            "step in GITHUB_STEP_SUMMARY.",
        ),
    ] = Format.text


@dataclass(frozen=True, kw_only=True)
class ScreenOptions(PrintOptions):
    """How a result is printed that is longer than a screen."""

    everything: Annotated[
        bool, typer.Option("--all", help="Print all figures, classes and groups.")
    ] = False


Negligible = Annotated[
    float,
    typer.Option(
        "--negligible",
        min=0.0,
        max=0.5,
        help="An ECE below this matters to nobody, in the verdict.",
    ),
]
