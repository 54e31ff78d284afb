"""calibrate targets"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from calibrate.cli import options
from calibrate.cli.command import Answer, command
from calibrate.cli.figures import Figures, one_picture
from calibrate.cli.target_options import LabelOptions, TargetRead, TeacherOptions, check_together
from calibrate.errors import InputError

if TYPE_CHECKING:
    from calibrate.analyses.targets.label_targets import LabelTargets
    from calibrate.analyses.targets.stream import TargetStream
    from calibrate.analyses.targets.teacher_targets import TeacherTargets
    from calibrate.results.targets import TargetReport

    Made = tuple[TargetReport, tuple[int, int], list[str]]


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
    from calibrate.cli.outputs import check_outputs

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
    from calibrate.analyses.targets.label_targets import LabelTargets
    from calibrate.analyses.targets.stream import label_report
    from calibrate.data.readers.open import open_column, open_dataset, read_array
    from calibrate.data.text_labels import Classes, numbered

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
    from calibrate.analyses.targets.teacher_targets import TeacherTargets

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
    from calibrate.renderers.pictures.style import save_figure
    from calibrate.renderers.pictures.targets import targets_figure

    temperatures = asked.temperatures()
    dataset = asked.dataset(read.reading)
    report = sweep_report(dataset, sweep(dataset, temperatures, asked.mix), asked.mix)
    for picture in pictures:
        save_figure(targets_figure(report), picture, dpi)
    return report


def _written(maker: LabelTargets | TeacherTargets, target: str) -> TargetStream:
    """Write all targets; what was written is returned for its figures."""
    from calibrate.analyses.targets.stream import TargetStream
    from calibrate.blocks.scheduler import doing
    from calibrate.data.npy_writer import write_npy_to

    stream = TargetStream(maker)
    with doing("writing"):
        write_npy_to(target, stream.shape, "float32", stream)
    return stream
