"""The options of ``calibrate targets``: which go together, and what their texts mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calibrate.cli.options import SmoothingOver
from calibrate.errors import InputError

if TYPE_CHECKING:
    from calibrate.calibrators import Temperature


@dataclass(frozen=True)
class Asked:
    """The options that say which targets are wanted."""

    labels: str | None
    n_classes: int | None
    smoothing: str | None
    over: SmoothingOver | None
    difficulty: str | None
    teacher: str | None
    teacher_labels: str | None
    temperature: float | None
    entropy: float | None
    calibrator: str | None
    mix: float | None
    sweep: str | None
    figure: str | None
    output: str | None
    scores: str | None
    label_offset: int
    workers: int | None

    @property
    def target(self) -> str:
        return "targets.npy" if self.output is None else self.output

    @property
    def picture(self) -> str:
        return "targets.png" if self.figure is None else self.figure

    def check(self) -> None:
        """Raise InputError for options that do not go together, and for outputs in the way."""
        for_labels = {
            "LABELS": self.labels, "--n-classes": self.n_classes, "--smoothing": self.smoothing,
            "--smoothing-over": self.over, "--difficulty": self.difficulty,
        }  # fmt: skip
        ways = {
            "--temperature": self.temperature, "--entropy": self.entropy,
            "--calibrator": self.calibrator, "--sweep": self.sweep,
        }  # fmt: skip
        if self.teacher is None:
            more = {"--labels": self.teacher_labels, "--mix": self.mix, "--figure": self.figure}
            _refuse(
                {**ways, **more}, "goes with --teacher LOGITS; labels alone are given as LABELS"
            )
            if self.labels is None:
                raise InputError("expected LABELS with --smoothing, or --teacher LOGITS")
            if self.smoothing is None:
                raise InputError("expected --smoothing, such as 0.1 (0 for hard labels)")
        else:
            _refuse(for_labels, "does not go with --teacher; its labels are given as --labels")
            if sum(value is not None for value in ways.values()) != 1:
                raise InputError(f"--teacher: expected exactly one of {', '.join(ways)}")
            if self.sweep is None:
                _refuse({"--figure": self.figure}, "goes with --sweep, which draws it")
            else:
                _refuse({"-o": self.output}, "does not go with --sweep, which writes no targets")
        self._check_output()

    def _check_output(self) -> None:
        from calibrate.files import check_distinct, check_writable

        written = self.target
        if self.sweep is not None:
            from calibrate.renderers.pictures import check_figure_name

            written = self.picture
            check_figure_name(written)
        if written == "-":
            return
        inputs = [self.labels, self.teacher, self.teacher_labels, self.difficulty, self.calibrator]
        check_distinct([written], [_path(name) for name in (*inputs, self.smoothing) if name])
        check_writable(written)


def _refuse(given: Mapping[str, object], why: str) -> None:
    for name, value in given.items():
        if value is not None:
            raise InputError(f"{name} {why}")


def _path(name: str) -> str:
    """The file in ``file.npz:key``."""
    head, mark, _ = name.rpartition(".npz:")
    return f"{head}.npz" if mark else name


def smoothing_of(text: str) -> tuple[float | str, float | None]:
    """``0.1``, ``0:0.2`` or the name of a file -> the amount or the name, and the hardest."""
    try:
        numbers = [float(part) for part in text.split(":")]
    except ValueError:
        numbers = []
    if numbers and len(numbers) <= 2:
        return numbers[0], numbers[1] if len(numbers) == 2 else None
    if _path(text).endswith((".npy", ".npz")):
        return text, None
    raise InputError(
        "--smoothing: expected an amount such as 0.1, a range such as 0:0.2, or a file of amounts "
        f"(.npy, .npz), found {text!r}"
    )


def temperatures_of(text: str) -> list[float]:
    """``1,2,4`` -> the temperatures in rising order, each once."""
    from calibrate.calibrators import Temperature

    try:
        found = {float(part) for part in text.split(",")}
    except ValueError:
        raise InputError(
            f"--sweep: expected temperatures such as 1,2,4,8, found {text!r}"
        ) from None
    return sorted(Temperature(t).temperature for t in found)


def calibrator_of(name: str) -> Temperature:
    import calibrate
    from calibrate.calibrators import Temperature

    found = calibrate.load(name)
    if not isinstance(found, Temperature):
        raise InputError(
            f"{name}: expected a calibrator with one temperature, found {found.method}"
        )
    return found
