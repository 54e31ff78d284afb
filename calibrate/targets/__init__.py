"""Training targets: smoothed labels, or a teacher's softened probabilities."""

from calibrate.targets.arrays import smoothed_targets, teacher_targets
from calibrate.targets.entropy import entropy_range, temperature_for_entropy
from calibrate.targets.label_targets import LabelTargets
from calibrate.targets.statistics import TargetFigures, TargetPoint, TargetReport
from calibrate.targets.stream import (
    TargetStream,
    label_report,
    sweep,
    teacher_point,
    teacher_report,
)
from calibrate.targets.teacher_targets import TeacherTargets

__all__ = [
    "LabelTargets",
    "TargetFigures",
    "TargetPoint",
    "TargetReport",
    "TargetStream",
    "TeacherTargets",
    "entropy_range",
    "label_report",
    "smoothed_targets",
    "sweep",
    "teacher_point",
    "teacher_report",
    "teacher_targets",
    "temperature_for_entropy",
]
