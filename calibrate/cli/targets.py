"""The options of ``calibrate targets``: which go together, and what their texts mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from calibrate.cli import options
from calibrate.cli.command import Answer, command
from calibrate.cli.options import Figures, one_picture, temperature_of
from calibrate.errors import InputError

if TYPE_CHECKING:
    from calibrate.analyses.targets.labels import LabelTargets
    from calibrate.analyses.targets.stream import TargetStream
    from calibrate.analyses.targets.teacher import TeacherTargets
    from calibrate.calibrators.methods.temperature import Temperature
    from calibrate.data.dataset import Dataset
    from calibrate.data.reading import Reading
    from calibrate.results.targets import TargetReport

    Made = tuple[TargetReport, tuple[int, int], list[str]]


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
class LabelOptions:
    """Targets from labels."""

    panel: ClassVar = "Method"

    labels: Annotated[
        str | None,
        typer.Argument(metavar="[LABELS]", help="Class indices to smooth, one per row."),
    ] = None
    n_classes: Annotated[
        int | None, typer.Option("--n-classes", min=2, help="How many classes LABELS is about.")
    ] = None
    smoothing: Annotated[
        str | None,
        typer.Option(
            "--smoothing",
            metavar="EPS",
            help="How much to smooth, from 0 up to 1: a number, a file with one per row, or a "
            "range EASY:HARD with --difficulty.",
        ),
    ] = None
    over: Annotated[
        options.SmoothingOver | None,
        typer.Option(
            "--smoothing-over",
            help="Share EPS among all classes, as PyTorch does (default), or all others.",
        ),
    ] = None
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

        text = self.smoothing or ""
        try:
            numbers = [float(part) for part in text.split(":")]
        except ValueError:
            numbers = []
        if numbers and len(numbers) <= 2:
            return numbers[0], numbers[1] if len(numbers) == 2 else None
        if first_address(text).suffix in ARRAYS:
            return text, None
        raise InputError(
            "--smoothing: expected an amount such as 0.1, a range such as 0:0.2, or a file of "
            f"amounts ({', '.join(ARRAYS)}), found {text!r}"
        )


@dataclass(frozen=True, kw_only=True)
class TeacherOptions:
    """Targets from a teacher."""

    panel: ClassVar = "Method"

    teacher: Annotated[
        list[str] | None, typer.Option("--teacher", help="Logits of a teacher, in place of LABELS.")
    ] = None
    teacher_labels: Annotated[
        str | None, typer.Option("--labels", help="The labels of the rows of the teacher.")
    ] = None
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
    mix: Annotated[
        float | None,
        typer.Option("--mix", help="The share of the teacher, 0 to 1; the rest is the hard label."),
    ] = None
    sweep: Annotated[
        str | None,
        typer.Option(
            "--sweep",
            metavar="T,T,...",
            help="Write no targets: show what a student would see at these temperatures.",
        ),
    ] = None

    @property
    def ways(self) -> dict[str, object]:
        """The ways to say the temperature."""
        return {
            "--temperature": self.temperature,
            "--entropy": self.entropy,
            "--calibrator": self.calibrator,
            "--sweep": self.sweep,
        }

    def chosen(self) -> Temperature | None:
        """The temperature that was given, if one was, as a calibrator."""
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

    def dataset(self, reading: Reading) -> Dataset:
        """The rows of the teacher, with labels where they were given."""
        from calibrate.analyses.targets.labels import check_mix
        from calibrate.data.readers.open import open_dataset

        labelled = self.teacher_labels is not None
        check_mix(self.mix, labelled)
        return open_dataset(
            (self.teacher or [""])[0], self.teacher_labels, needs_labels=labelled, reading=reading
        )


def check_together(
    labels: LabelOptions,
    teacher: TeacherOptions,
    pictures: Mapping[str, str | None],
    output: str | None,
) -> None:
    """Raise InputError for options that do not go together."""
    if not teacher.teacher:
        more = {"--labels": teacher.teacher_labels, "--mix": teacher.mix, **pictures}
        why = "goes with --teacher LOGITS; labels alone are given as LABELS"
        _refuse({**teacher.ways, **more}, why)
        if labels.labels is None:
            raise InputError("expected LABELS with --smoothing, or --teacher LOGITS")
        if labels.smoothing is None:
            raise InputError("expected --smoothing, such as 0.1 (0 for hard labels)")
        return
    if len(teacher.teacher) > 1:
        raise InputError(
            f"--teacher: expected one, got {len(teacher.teacher)}; of an ensemble, average the "
            "probabilities and give the file of these, with --scores probabilities"
        )
    for_labels = {
        "LABELS": labels.labels,
        "--n-classes": labels.n_classes,
        "--smoothing": labels.smoothing,
        "--smoothing-over": labels.over,
        "--difficulty": labels.difficulty,
    }
    _refuse(for_labels, "does not go with --teacher; its labels are given as --labels")
    if sum(value is not None for value in teacher.ways.values()) != 1:
        raise InputError(f"--teacher: expected exactly one of {', '.join(teacher.ways)}")
    if teacher.mix is not None and teacher.teacher_labels is None:
        raise InputError("--mix: expected labels to mix the teacher with; pass --labels LABELS")
    if teacher.sweep is None:
        _refuse(pictures, "goes with --sweep, which draws it")
    else:
        _refuse({"-o": output}, "does not go with --sweep, which writes no targets")


def _refuse(given: Mapping[str, object], why: str) -> None:
    for name, value in given.items():
        if value is not None:
            raise InputError(f"{name} {why}")


# calibrate targets


@command
def targets(
    labels: LabelOptions,
    teacher: TeacherOptions,
    read: TargetRead,
    show: options.PrintOptions,
    figure: Annotated[
        str | None,
        typer.Option("--figure", help="The picture of a sweep. Default: targets.png"),
    ] = None,
    figures: Figures = None,
    dpi: options.Dpi = 150,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            help="The .npy to write; - for stdout, the figures then go to stderr. "
            "Default: targets.npy",
        ),
    ] = None,
) -> Answer:
    """Write training targets: smoothed labels, or a teacher's softened probabilities."""
    from calibrate.cli.files import check_outputs

    check_together(labels, teacher, {"--figure": figure, "--figures": figures}, output)
    target, pictures = output or "targets.npy", one_picture("targets", figures, figure, "figure")
    if teacher.sweep is not None:
        check_outputs([], pictures)
        return Answer(_swept(teacher, read, pictures, dpi), show)
    if target != "-":
        check_outputs([target])
    if teacher.teacher is None:
        report, shape, notes = _from_labels(labels, read, target)
    else:
        report, shape, notes = _from_teacher(teacher, read, target)
        if teacher.entropy is not None and teacher.mix is not None:
            notes += ["the entropy asked for is that of the teacher, before the label is mixed in"]
    if shape[0] > report.data.rows:
        left_out = shape[0] - report.data.rows
        notes.append(f"{left_out:,} rows with the label to ignore: their targets are all 0")
    about = {target: f": float32 of shape {shape}"}
    return Answer(report, show, about, notes=notes, aside=target == "-")


def _from_labels(asked: LabelOptions, read: TargetRead, target: str) -> Made:
    from calibrate.analyses.targets.labels import LabelTargets
    from calibrate.analyses.targets.stream import label_report
    from calibrate.data.labels import Classes, numbered
    from calibrate.data.readers.open import open_column, open_dataset, read_array

    name, (amount, hardest) = asked.labels or "", asked.amount()
    if (hardest is None) != (asked.difficulty is None):
        raise InputError("expected --smoothing EASY:HARD, such as 0:0.2, and --difficulty together")
    difficulty, n_classes, names = None, asked.n_classes, None
    if asked.difficulty is not None:
        difficulty = open_dataset(asked.difficulty, name, reading=read.reading)
        n_classes, names = n_classes or difficulty.n_classes, difficulty.class_names
    if n_classes is None:
        raise InputError("expected --n-classes, how many classes the labels are about")
    held = open_column(name, "labels", label_column=read.label_column)
    given, _, notes = numbered(held, Classes(n_classes, names, "the header"), read.reading)
    of_file = isinstance(amount, str)
    maker = LabelTargets(
        given,
        n_classes,
        read_array(amount, "smoothing", held) if isinstance(amount, str) else amount,
        hardest=hardest,
        difficulty=difficulty,
        over=asked.over.value if asked.over else "all",
        label_offset=read.label_offset,
        amounts_name=str(amount) if of_file else "smoothing",
        ignore_label=read.ignore_label,
    )
    stream = _written(maker, target)
    return label_report(maker, stream), stream.shape, [*held.notes, *notes]


def _from_teacher(asked: TeacherOptions, read: TargetRead, target: str) -> Made:
    from calibrate.analyses.targets.entropy import temperature_for_entropy
    from calibrate.analyses.targets.stream import teacher_report
    from calibrate.analyses.targets.teacher import TeacherTargets

    chosen = asked.chosen()
    dataset = asked.dataset(read.reading)
    if chosen is not None:
        chosen.fits.check(dataset)
        temperature = chosen.temperature
    else:
        temperature = temperature_for_entropy(dataset, asked.entropy or 0.0)
    maker = TeacherTargets(dataset, temperature, asked.mix)
    stream = _written(maker, target)
    return teacher_report(maker, stream), stream.shape, [*dataset.notes]


def _swept(asked: TeacherOptions, read: TargetRead, pictures: list[str], dpi: int) -> TargetReport:
    from calibrate.analyses.targets.stream import sweep, sweep_report
    from calibrate.renderers.plots.style import save_figure
    from calibrate.renderers.plots.targets import targets_figure

    temperatures = asked.temperatures()
    dataset = asked.dataset(read.reading)
    report = sweep_report(dataset, sweep(dataset, temperatures, asked.mix), asked.mix)
    for picture in pictures:
        save_figure(targets_figure(report), picture, dpi)
    return report


def _written(maker: LabelTargets | TeacherTargets, target: str) -> TargetStream:
    """Write all targets; what was written is returned for its figures."""
    from calibrate.analyses.targets.stream import TargetStream
    from calibrate.blocks.passes import doing
    from calibrate.data.writing import write_npy_to

    stream = TargetStream(maker)
    with doing("writing"):
        write_npy_to(target, stream.shape, "float32", stream)
    return stream
