"""The options that every command has: how the work is run."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from calibrate.errors import InputError, check_known
from calibrate.renderers.formats import CHOICES, help_of_formats

if TYPE_CHECKING:
    from calibrate.calibrators.methods import temperature as calibrators
    from calibrate.calibrators.protocol import Calibrator
    from calibrate.cli.console import Progress
    from calibrate.data.dataset import Dataset
    from calibrate.data.reading import Reading
    from calibrate.metrics.settings import Settings


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How the work is run."""

    panel: ClassVar = "Run"

    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", min=1, help="Threads. Default: one per core. Results never depend on it."
        ),
    ] = None
    quiet: Annotated[
        bool,
        typer.Option("-q", "--quiet", help="Only the result, warnings and errors; no notes."),
    ] = False
    spool: Annotated[
        str | None,
        typer.Option(
            "--spool",
            metavar="DIR",
            help="Where numbers of large text files are kept meanwhile. Default: CALIBRATE_SPOOL, "
            "or the system's temporary folder.",
        ),
    ] = None
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error.", hidden=True)
    ] = False

    def running(self, progress: Progress) -> ExitStack:
        """What runs the passes of the command."""
        from calibrate.blocks.passes import running
        from calibrate.data.decoded import spooling

        both = ExitStack()
        both.enter_context(spooling(self.spool))
        both.enter_context(running(workers=self.workers, progress=progress, began=progress.began))
        return both


# The options that commands share, each declared once, in groups that go together.


class ScoresKind(str, Enum):
    logits = "logits"
    probabilities = "probabilities"
    log_probabilities = "log-probabilities"


class OutputFormat(str, Enum):
    """The formats that can be printed: those of ``renderers/formats/``."""

    _ignore_ = "OutputFormat each"
    OutputFormat = vars()
    for each in CHOICES:
        OutputFormat[each] = each


TEXT = OutputFormat("text")


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
    typer.Option(
        "--name", help="What to call a model; once per model, in order.", rich_help_panel="Input"
    ),
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
    str | None,
    typer.Option(
        "--class-names",
        help="A text file: one name per line and class.",
        rich_help_panel="Input",
    ),
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

    panel: ClassVar = "Input"

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

    panel: ClassVar = "Measurement"

    bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=0, help="Samples behind the intervals; 0 for none.")
    ] = 1000
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of folds and samples.")] = 0


@dataclass(frozen=True, kw_only=True)
class MeasureOptions(SampleOptions):
    """How a set of rows is measured."""

    n_bins: Bins = 15
    class_names: ClassNames = None

    def settings(self, **more: Any) -> Settings:
        """Return the settings, with ``more`` of their fields."""
        from calibrate.data.readers.text import read_names
        from calibrate.metrics.settings import Settings

        names = None if self.class_names is None else read_names(self.class_names)
        asked: dict[str, Any] = {"n_bins": self.n_bins, "bootstrap": self.bootstrap}
        return Settings(**{**asked, "seed": self.seed, "class_names": names, **more})


@dataclass(frozen=True, kw_only=True)
class FigureOptions:
    """One picture."""

    panel: ClassVar = "Output"

    figure: Annotated[
        str | None,
        typer.Option("--figure", help="The reliability diagram: a .png, .svg or .pdf file."),
    ] = None
    dpi: Dpi = 150


@dataclass(frozen=True, kw_only=True)
class PrintOptions:
    """How the result is printed."""

    panel: ClassVar = "Output"

    format: Annotated[
        OutputFormat,
        typer.Option(
            "--format",
            help=f"How to print the result on stdout. {help_of_formats()}",
        ),
    ] = TEXT


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


# Which plots a command draws, and in which format: the same on every command that draws.


Plots = Annotated[
    str,
    typer.Option(
        "--plots",
        metavar="NAME,...",
        help="Plots to draw, by name, with commas, as in reliability or reliability.pdf (.png, "
        ".svg, .pdf); all, or none.",
    ),
]


def plot_files(plots: str, known: Iterable[str]) -> dict[str, str]:
    """``reliability,classes.pdf`` -> the name of each plot, by that of its file.

    Raises:
        InputError: there is no such plot, or its format cannot be written.
    """
    from calibrate.renderers.plots.style import BACKENDS

    choices, found = list(known), {}
    if plots.strip() in ("all", "none"):
        return {f"{name}.png": name for name in choices if plots.strip() == "all"}
    for file in (each.strip() for each in plots.split(",")):
        name, suffix = PurePath(file).stem, PurePath(file).suffix.lower()
        check_known("`plots`", [name], choices)
        if suffix and suffix not in BACKENDS:
            raise InputError(
                f"`plots`: expected {name}, or {name} with a suffix ({', '.join(BACKENDS)}), "
                f"got {file!r}"
            )
        found[name + (suffix or ".png")] = name
    return found


def one_plot(name: str, plots: str, output: str | None) -> list[str]:
    """Return the files for the only plot of a command, which ``output`` may name too."""
    if output is None:
        return list(plot_files(plots, (name,)))
    if plots != name:
        raise InputError("expected either `output`, the name of the plot, or `plots`")
    return [output]


# The names of metrics, as users give them.


def metric_names(chosen: str | None) -> tuple[str, ...] | None:
    """``ECE, smooth-ece`` -> the names of metrics; None for None.

    Raises:
        InputError: there is no such metric.
    """
    if chosen is None:
        return None
    from calibrate.metrics import METRICS

    names = tuple(each.strip().lower().replace("-", "_") for each in chosen.split(","))
    check_known("`metrics`", names, METRICS)
    return tuple(dict.fromkeys(names))


# What scores go through before they are looked at: a calibrator file, or a temperature.


Temperature = Annotated[
    float | None, typer.Option("--temperature", help="A temperature in place of a file.")
]


def temperature_of(value: float) -> calibrators.Temperature:
    """A temperature that was given as an option.

    Raises:
        InputError: it is none.
    """
    import calibrate

    try:
        return calibrate.Temperature(value)
    except InputError as error:  # that of a file is none of an option
        raise InputError(f"--{error}") from error


@dataclass(frozen=True, kw_only=True)
class ThroughOptions:
    """A calibrator, said in one of two ways, or none."""

    panel: ClassVar = "Method"

    calibrator: CalibratorFile = None
    temperature: Temperature = None

    @property
    def given(self) -> str | Calibrator | None:
        """The name of the file, or the temperature as a calibrator; None where neither was given.

        Raises:
            InputError: both were given, or the temperature is none.
        """
        if self.temperature is None:
            return self.calibrator
        if self.calibrator is not None:
            raise InputError("expected either `calibrator` or `temperature`, got both")
        return temperature_of(self.temperature)

    def opened(self) -> tuple[Calibrator | None, tuple[str, ...]]:
        """The calibrator itself, read from its file, and what whoever uses it should know."""
        from calibrate.calibrators.file import read_calibrator_file

        given = self.given
        if not isinstance(given, str):
            return given, ()
        found = read_calibrator_file(given)
        return found.build(), found.warnings
