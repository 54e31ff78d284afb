"""Training targets: smoothed labels, or a teacher's softened probabilities."""

from calibrate.analyses.targets.arrays import smoothed_targets, teacher_targets
from calibrate.analyses.targets.entropy import entropy_range, temperature_for_entropy
from calibrate.analyses.targets.label_targets import LabelTargets
from calibrate.analyses.targets.statistics import TargetFigures, TargetPoint, TargetReport
from calibrate.analyses.targets.stream import (
    TargetStream,
    label_report,
    sweep,
    teacher_point,
    teacher_report,
)
from calibrate.analyses.targets.teacher_targets import TeacherTargets

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
