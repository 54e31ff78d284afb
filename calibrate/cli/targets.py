"""calibrate targets"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from calibrate.cli import options
from calibrate.cli.console import Progress, note, warn
from calibrate.cli.target_options import Asked, calibrator_of, smoothing_of, temperatures_of
from calibrate.errors import InputError

if TYPE_CHECKING:
    from calibrate.analyses.targets import LabelTargets, TargetReport, TargetStream, TeacherTargets
    from calibrate.data.dataset import Dataset


def targets(
    labels: Annotated[
        str | None,
        typer.Argument(metavar="[LABELS]", help="Class indices to smooth, one per row."),
    ] = None,
    n_classes: Annotated[
        int | None, typer.Option("--n-classes", min=2, help="How many classes LABELS is about.")
    ] = None,
    smoothing: Annotated[
        str | None,
        typer.Option(
            "--smoothing",
            metavar="EPS",
            help="How much to smooth, from 0 up to 1: a number, a file with one per row, or a "
            "range EASY:HARD with --difficulty.",
        ),
    ] = None,
    over: Annotated[
        options.SmoothingOver | None,
        typer.Option(
            "--smoothing-over",
            help="Share EPS among all classes, as PyTorch does (default), or all others.",
        ),
    ] = None,
    difficulty: Annotated[
        str | None,
        typer.Option(
            "--difficulty",
            help="Logits of the same rows: EASY where they are sure of the label, HARD where not.",
        ),
    ] = None,
    teacher: Annotated[
        str | None, typer.Option("--teacher", help="Logits of a teacher, in place of LABELS.")
    ] = None,
    teacher_labels: Annotated[
        str | None, typer.Option("--labels", help="The labels of the rows of the teacher.")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", help="Divide the teacher's logits by it.")
    ] = None,
    entropy: Annotated[
        float | None,
        typer.Option(
            "--entropy", help="Find the temperature that gives the teacher this mean entropy, nats."
        ),
    ] = None,
    calibrator: Annotated[
        str | None,
        typer.Option("-c", "--calibrator", help="Use the temperature that `calibrate fit` wrote."),
    ] = None,
    mix: Annotated[
        float | None,
        typer.Option("--mix", help="The share of the teacher, 0 to 1; the rest is the hard label."),
    ] = None,
    sweep: Annotated[
        str | None,
        typer.Option(
            "--sweep",
            metavar="T,T,...",
            help="Write no targets: show what a student would see at these temperatures.",
        ),
    ] = None,
    figure: Annotated[
        str | None,
        typer.Option("--figure", help="The picture of a sweep. Default: targets.png"),
    ] = None,
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
    scores: Annotated[
        options.ScoresKind | None,
        typer.Option("--scores", help="What the teacher's or the difficulty file holds."),
    ] = None,
    label_offset: options.LabelOffset = 0,
    workers: options.Workers = None,
    format: options.ReportFormat = options.Format.text,
    debug: options.Debug = False,
) -> None:
    """Write training targets: smoothed labels, or a teacher's softened probabilities."""
    del debug  # read by the error handler
    asked = Asked(
        labels, n_classes, smoothing, over, difficulty, teacher, teacher_labels, temperature,
        entropy, calibrator, mix, sweep, figure, output, scores and scores.value, label_offset,
        workers,
    )  # fmt: skip
    asked.check()
    with Progress() as progress:
        if asked.teacher is None:
            report = _from_labels(asked, progress)
        elif asked.sweep is None:
            report = _from_teacher(asked, asked.teacher, progress)
        else:
            report = _swept(asked, asked.teacher, asked.sweep, dpi, progress)
    _print(report, format.value, aside=asked.sweep is None and asked.target == "-")
    if asked.sweep is not None:
        note(f"wrote {asked.picture}")
    elif asked.target != "-":
        note(f"wrote {asked.target}: float32 of shape {(report.rows, report.classes)}")


def _from_labels(asked: Asked, progress: Progress) -> TargetReport:
    from calibrate.analyses.targets import LabelTargets, label_report
    from calibrate.data.readers.open import open_source, read_array

    name, amount, hardest = asked.labels or "", *smoothing_of(asked.smoothing or "")
    if (hardest is None) != (asked.difficulty is None):
        raise InputError("expected --smoothing EASY:HARD, such as 0:0.2, and --difficulty together")
    difficulty: Dataset | None = None
    if asked.difficulty is not None:
        difficulty = open_source(
            asked.difficulty, name, scores=asked.scores, label_offset=asked.label_offset,
            workers=asked.workers, on_rows=progress,
        )  # fmt: skip
        warn(difficulty.warnings)
    elif asked.n_classes is None:
        raise InputError("expected --n-classes, how many classes the labels are about")
    known = difficulty.n_classes if difficulty else 0
    maker = LabelTargets(
        read_array(name, "labels"),
        asked.n_classes or known,
        read_array(amount, "smoothing") if isinstance(amount, str) else amount,
        hardest=hardest,
        difficulty=difficulty,
        over=asked.over.value if asked.over else "all",
        label_offset=asked.label_offset,
        name=name,
        amounts_name=amount if isinstance(amount, str) else "smoothing",
        on_rows=None if difficulty else progress,
    )
    return label_report(maker, _written(asked, maker))


def _from_teacher(asked: Asked, teacher: str, progress: Progress) -> TargetReport:
    from calibrate.analyses.targets import (
        TeacherTargets,
        teacher_point,
        teacher_report,
        temperature_for_entropy,
    )
    from calibrate.calibrators import Temperature, check_classes

    chosen = None
    if asked.temperature is not None:
        chosen = Temperature(asked.temperature)
    elif asked.calibrator is not None:
        chosen = calibrator_of(asked.calibrator)
    dataset = _opened(asked, teacher, progress)
    if chosen is not None:
        check_classes(chosen, dataset)
        temperature = chosen.temperature
    else:
        temperature = temperature_for_entropy(dataset, asked.entropy or 0.0, asked.workers)
        if asked.mix is not None:
            note("the entropy asked for is that of the teacher, before the label is mixed in")
    maker = TeacherTargets(dataset, temperature, asked.mix)
    stream = _written(asked, maker)
    return teacher_report(dataset, (teacher_point(maker, stream),), asked.mix)


def _swept(asked: Asked, teacher: str, text: str, dpi: int, progress: Progress) -> TargetReport:
    from calibrate.analyses.targets import sweep, teacher_report
    from calibrate.renderers.pictures import save_figure
    from calibrate.renderers.pictures.targets import targets_figure

    temperatures = temperatures_of(text)
    dataset = _opened(asked, teacher, progress)
    points = sweep(dataset, temperatures, asked.mix, asked.workers)
    report = teacher_report(dataset, points, asked.mix, is_sweep=True)
    save_figure(targets_figure(report), asked.picture, dpi)
    return report


def _opened(asked: Asked, teacher: str, progress: Progress) -> Dataset:
    from calibrate.analyses.targets.inputs import check_mix
    from calibrate.data.readers import open_source

    check_mix(asked.mix, asked.teacher_labels is not None)
    return open_source(
        teacher, asked.teacher_labels, needs_labels=asked.teacher_labels is not None,
        scores=asked.scores, label_offset=asked.label_offset, workers=asked.workers,
        on_rows=progress,
    )  # fmt: skip


def _written(asked: Asked, maker: LabelTargets | TeacherTargets) -> TargetStream:
    """Write all targets; what was written is returned for its figures."""
    import numpy as np

    from calibrate.analyses.targets import TargetStream
    from calibrate.data.npy_writer import write_npy
    from calibrate.files import writing

    stream = TargetStream(maker, asked.workers)
    if asked.target == "-":
        write_npy(sys.stdout.buffer, stream.shape, np.dtype(np.float32), stream)
    else:
        with writing(asked.target) as file:
            write_npy(file, stream.shape, np.dtype(np.float32), stream)
    return stream


def _print(report: TargetReport, format: str, *, aside: bool) -> None:
    """The figures on stdout; on stderr where the targets themselves went to stdout."""
    from calibrate.renderers.documents.targets import RENDERERS, render_targets_text

    out = sys.stderr if aside else sys.stdout
    if format == "text":
        colour = out.isatty() and "NO_COLOR" not in os.environ
        out.write(render_targets_text(report, colour=colour))
    else:
        out.write(RENDERERS[format](report))
    warn(report.warnings)
