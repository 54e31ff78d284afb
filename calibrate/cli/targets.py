"""calibrate targets labels, calibrate targets teacher"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer
from typer.core import TyperGroup

from calibrate.cli import options
from calibrate.cli.command import Answer, PanelCommand, command
from calibrate.cli.options import Plots, one_plot, temperature_of
from calibrate.errors import InputError

if TYPE_CHECKING:
    from calibrate.analyses.targets.labels import LabelTargets
    from calibrate.analyses.targets.stream import TargetStream
    from calibrate.analyses.targets.teacher import TeacherTargets
    from calibrate.calibrators.methods.temperature import Temperature
    from calibrate.data.reading import Reading
    from calibrate.results.targets import TargetReport


class _Targets(TyperGroup):
    """Both kinds of targets; whoever names neither is told how."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "-h", "--help"):
            raise InputError(
                f"targets {args[0]}: expected labels or teacher first, as in `calibrate targets "
                "labels LABELS --smoothing 0.1` or `calibrate targets teacher LOGITS "
                "--temperature 4`"
            )
        return super().parse_args(ctx, args)


targets = typer.Typer(
    cls=_Targets,
    rich_markup_mode=None,
    help="Write training targets: smoothed labels, or a teacher's softened probabilities.",
)


@dataclass(frozen=True, kw_only=True)
class TargetRead(options.ClassOptions):
    """How scores and class indices are to be read."""

    ignore_label: Annotated[
        int | None,
        typer.Option(
            "--ignore-label", help="The label of rows whose targets shall be all 0, e.g. -100."
        ),
    ] = None

    @property
    def reading(self) -> Reading:
        return replace(super().reading, ignore_label=self.ignore_label)


@dataclass(frozen=True, kw_only=True)
class SmoothingOptions:
    """How much labels are smoothed."""

    panel: ClassVar = "Method"

    smoothing: Annotated[
        str,
        typer.Option(
            "--smoothing",
            metavar="EPS",
            help="How much to smooth, from 0 (hard labels) up to 1: a number such as 0.1, a file "
            "with one per row, or a range EASY:HARD with --difficulty.",
        ),
    ]
    over: Annotated[
        options.SmoothingOver,
        typer.Option(
            "--smoothing-over", help="Share EPS among all classes, as PyTorch does, or all others."
        ),
    ] = options.SmoothingOver.all
    difficulty: Annotated[
        str | None,
        typer.Option(
            "--difficulty",
            help="Logits of the same rows: EASY where they are sure of the label, HARD where not.",
        ),
    ] = None

    def amount(self) -> tuple[float | str, float | None]:
        """``0.1``, ``0:0.2`` or the name of a file -> the amount or the name, and the hardest."""
        from calibrate.data.readers.registry import ARRAYS
        from calibrate.data.readers.several import first_address

        text = self.smoothing
        try:
            numbers = [float(part) for part in text.split(":")]
        except ValueError:
            numbers = []
        if len(numbers) not in (1, 2):
            if first_address(text).suffix not in ARRAYS:
                raise InputError(
                    "--smoothing: expected an amount such as 0.1, a range such as 0:0.2, or a file "
                    f"of amounts ({', '.join(ARRAYS)}), found {text!r}"
                )
            numbers = []
        easy, hard = (*numbers, None, None)[:2]
        if (hard is None) != (self.difficulty is None):
            raise InputError(
                "expected --smoothing EASY:HARD, such as 0:0.2, and --difficulty together"
            )
        return text if easy is None else easy, hard


@targets.command(cls=PanelCommand)
@command
def labels(
    labels: Annotated[
        str, typer.Argument(metavar="LABELS", help="Class indices to smooth, one per row.")
    ],
    smoothing: SmoothingOptions,
    read: TargetRead,
    show: options.PrintOptions,
    n_classes: Annotated[
        int | None,
        typer.Option(
            "--n-classes",
            min=2,
            help="How many classes LABELS is about. Default: those of --difficulty.",
            rich_help_panel="Input",
        ),
    ] = None,
    output: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            help="The .npy to write; - for stdout, the figures then go to stderr.",
        ),
    ] = "targets.npy",
) -> Answer:
    """Write smoothed labels, (rows, classes), for the training of a network."""
    from calibrate.analyses.targets.labels import LabelTargets
    from calibrate.analyses.targets.stream import label_report
    from calibrate.cli.files import check_outputs
    from calibrate.data.labels import Classes, numbered
    from calibrate.data.readers.open import open_column, open_dataset, read_array

    check_outputs([output])
    amount, hardest = smoothing.amount()
    difficulty, names = None, None
    if smoothing.difficulty is not None:
        difficulty = open_dataset(smoothing.difficulty, labels, reading=read.reading)
        n_classes, names = n_classes or difficulty.n_classes, difficulty.class_names
    if n_classes is None:
        raise InputError("expected --n-classes, how many classes the labels are about")
    held = open_column(labels, "labels", label_column=read.label_column)
    given, _, notes = numbered(held, Classes(n_classes, names, "the header"), read.reading)
    maker = LabelTargets(
        given,
        n_classes,
        read_array(amount, "smoothing", held) if isinstance(amount, str) else amount,
        hardest=hardest,
        difficulty=difficulty,
        over=smoothing.over.value,
        label_offset=read.label_offset,
        amounts_name=amount if isinstance(amount, str) else "smoothing",
        ignore_label=read.ignore_label,
    )
    stream = _written(maker, output)
    return _answer(label_report(maker, stream), stream, show, output, [*held.notes, *notes])


@dataclass(frozen=True, kw_only=True)
class TeacherOptions:
    """What a teacher's probabilities go through."""

    panel: ClassVar = "Method"

    temperature: Annotated[
        float | None, typer.Option("--temperature", help="Divide the teacher's logits by it.")
    ] = None
    entropy: Annotated[
        float | None,
        typer.Option(
            "--entropy", help="Find the temperature that gives the teacher this mean entropy, nats."
        ),
    ] = None
    calibrator: Annotated[
        str | None,
        typer.Option("-c", "--calibrator", help="Use the temperature that `calibrate fit` wrote."),
    ] = None
    sweep: Annotated[
        str | None,
        typer.Option(
            "--sweep",
            metavar="T,T,...",
            help="Write no targets: show what a student would see at these temperatures.",
        ),
    ] = None
    mix: Annotated[
        float | None,
        typer.Option("--mix", help="The share of the teacher, 0 to 1; the rest is the hard label."),
    ] = None

    def check(self) -> None:
        """Raise InputError unless the temperature is said in one way."""
        ways = {
            "--temperature": self.temperature,
            "--entropy": self.entropy,
            "--calibrator": self.calibrator,
            "--sweep": self.sweep,
        }
        if sum(value is not None for value in ways.values()) != 1:
            raise InputError(f"targets teacher: expected exactly one of {', '.join(ways)}")

    def chosen(self) -> Temperature | None:
        """Return the temperature that was given, if one was, as a calibrator."""
        import calibrate

        if self.temperature is not None:
            return temperature_of(self.temperature)
        if self.calibrator is None:
            return None
        found = calibrate.load(self.calibrator)
        if not isinstance(found, calibrate.Temperature):
            raise InputError(
                f"{self.calibrator}: expected a calibrator with one temperature, "
                f"found {found.method}"
            )
        return found

    def temperatures(self) -> list[float]:
        """``1,2,4`` -> the temperatures in rising order, each once."""
        from calibrate.calibrators.methods.temperature import check_temperature

        text = self.sweep or ""
        try:
            found = {float(part) for part in text.split(",")}
        except ValueError:
            raise InputError(
                f"--sweep: expected temperatures such as 1,2,4,8, found {text!r}"
            ) from None
        return sorted(map(check_temperature, found))


@targets.command(cls=PanelCommand)
@command
def teacher(
    logits: options.LogitsFile,
    through: TeacherOptions,
    read: TargetRead,
    show: options.PrintOptions,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels", help="The labels of the rows of the teacher.", rich_help_panel="Input"
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            help="The .npy to write; - for stdout, the figures then go to stderr. Default: "
            "targets.npy. With --sweep the plot: a .png, .svg or .pdf. Default: targets.png",
        ),
    ] = None,
    plots: Plots = "targets",
    dpi: options.Dpi = 150,
) -> Answer:
    """Write the probabilities of a teacher at a temperature, for the training of a student."""
    from calibrate.analyses.targets.entropy import temperature_for_entropy
    from calibrate.analyses.targets.labels import check_mix
    from calibrate.analyses.targets.stream import sweep, sweep_report, teacher_report
    from calibrate.analyses.targets.teacher import TeacherTargets
    from calibrate.cli.files import check_outputs
    from calibrate.data.readers.open import open_dataset
    from calibrate.renderers.plots.style import save_figure
    from calibrate.renderers.plots.targets import targets_figure

    through.check()
    if through.mix is not None and labels is None:
        raise InputError("--mix: expected labels to mix the teacher with; pass --labels LABELS")
    target = output or "targets.npy"
    drawn = [] if through.sweep is None else one_plot("targets", plots, output)
    check_outputs([target] if through.sweep is None else [], drawn)
    temperatures = [] if through.sweep is None else through.temperatures()
    chosen = through.chosen()
    check_mix(through.mix, labels is not None)
    dataset = open_dataset(logits, labels, needs_labels=labels is not None, reading=read.reading)
    if temperatures:
        report = sweep_report(dataset, sweep(dataset, temperatures, through.mix), through.mix)
        for plot in drawn:
            save_figure(targets_figure(report), plot, dpi)
        return Answer(report, show)
    if chosen is not None:
        chosen.fits.check(dataset)
        temperature = chosen.temperature
    else:
        temperature = temperature_for_entropy(dataset, through.entropy or 0.0)
    maker = TeacherTargets(dataset, temperature, through.mix)
    stream, notes = _written(maker, target), [*dataset.notes]
    if through.entropy is not None and through.mix is not None:
        notes += ["the entropy asked for is that of the teacher, before the label is mixed in"]
    return _answer(teacher_report(maker, stream), stream, show, target, notes)


def _written(maker: LabelTargets | TeacherTargets, target: str) -> TargetStream:
    """Write all targets; what was written is returned for its figures."""
    from calibrate.analyses.targets.stream import TargetStream
    from calibrate.blocks.passes import doing
    from calibrate.data.writing import write_npy_to

    stream = TargetStream(maker)
    with doing("writing"):
        write_npy_to(target, stream.shape, "float32", stream)
    return stream


def _answer(
    report: TargetReport,
    stream: TargetStream,
    show: options.PrintOptions,
    target: str,
    notes: list[str],
) -> Answer:
    left_out = stream.shape[0] - report.data.rows
    if left_out:
        notes = [*notes, f"{left_out:,} rows with the label to ignore: their targets are all 0"]
    about = {target: f": float32 of shape {stream.shape}"}
    return Answer(report, show, about, notes=notes, aside=target == "-")
