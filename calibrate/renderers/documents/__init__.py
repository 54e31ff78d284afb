"""What of a result is shown, in which order: one file per kind of result."""

from calibrate.renderers.documents import clusters, comparison, report, targets, thresholds

__all__ = ["clusters", "comparison", "report", "targets", "thresholds"]
