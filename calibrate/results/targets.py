"""Training targets in numbers: what a student would see in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from calibrate.results.display import Displayed
from calibrate.results.measurement import Measurement


@dataclass(frozen=True)
class TargetFigures:
    """Means over rows of targets q, each with its normal 95 % interval.

    The true class y is the label, where labels are known, else the teacher's first argmax.

    Attributes:
        entropy: ``-sum_k q_k log q_k``, in nats, 0 to log K.
        true_class: ``q_y``.
        runner_up: ``max_{k != y} q_k``, the largest other class.
        rest: ``1 - true_class - runner_up``.
        agreement: the share of rows whose first argmax is the label; None without labels.
    """

    entropy: Measurement
    true_class: Measurement
    runner_up: Measurement
    rest: Measurement
    agreement: Measurement | None


@dataclass(frozen=True)
class TargetPoint(TargetFigures):
    """The figures of a teacher's targets at one temperature."""

    temperature: float


@dataclass(frozen=True)
class TargetData:
    """The files behind the targets, None where there is none, and the shape of these."""

    labels: str | None
    teacher: str | None
    rows: int
    classes: int


@dataclass(frozen=True)
class SmoothingUsed:
    """The mean amount of label smoothing, and the classes that share it."""

    mean: Measurement
    over: str


@dataclass(frozen=True, repr=False)
class TargetReport(Displayed):
    """Training targets in numbers: the only input of their renderers and of their picture.

    Attributes:
        data: where they come from.
        smoothing: None with a teacher.
        temperature: of the teacher; None without one, and for a sweep.
        mix: the share of the teacher in the targets; None without a teacher.
        true_class: whether that is the ``label`` or the ``teacher``'s first argmax.
        figures: of the targets that were written; None for a sweep.
        sweep: of the temperatures that were tried out; None where targets were written.
        warnings: what the user should know about the values.
    """

    data: TargetData
    smoothing: SmoothingUsed | None
    temperature: float | None
    mix: float | None
    true_class: str
    figures: TargetFigures | None
    sweep: tuple[TargetPoint, ...] | None
    warnings: tuple[str, ...] = ()

    schema: ClassVar[str] = "calibrate.targets/1"
    command: ClassVar[str] = "calibrate targets"
