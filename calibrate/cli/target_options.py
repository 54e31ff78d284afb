"""The options of ``calibrate targets``: which go together, and what their texts mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from calibrate.cli import options
from calibrate.cli.through import temperature_of
from calibrate.errors import InputError

if TYPE_CHECKING:
    from calibrate.calibrators.methods.temperature import Temperature
    from calibrate.data.dataset import Dataset
    from calibrate.data.reading import Reading


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
        from calibrate.data.readers.formats import ARRAYS
        from calibrate.data.readers.several.files import first_address

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
        from calibrate.analyses.targets.inputs import check_mix
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
