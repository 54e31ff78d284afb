"""The definitions: a function per metric. Imported in the order of reports."""

from calibrate.metrics.definitions import rows  # isort: skip
from calibrate.metrics.definitions import decomposition  # isort: skip
from calibrate.metrics.definitions import binned  # isort: skip
from calibrate.metrics.definitions import ranked  # isort: skip

__all__ = ["binned", "decomposition", "ranked", "rows"]
