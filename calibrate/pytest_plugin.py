"""The fixture ``calibration_report`` of pytest, which finds it by itself.

What it needs is imported when it is used, so that no other test waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from calibrate.arrays import Values
    from calibrate.metrics.settings import Settings
    from calibrate.results.report import Report
    from calibrate.testing import Rows, Through


@dataclass(frozen=True)
class CalibrationReport:
    """Measures calibration and leaves what it found in a folder.

    Attributes:
        folder: ``calibration`` in the temporary folder of the test.
    """

    folder: Path

    def __call__(
        self,
        logits: Rows,
        labels: Values | str | Path | None = None,
        calibrator: Through = None,
        *,
        settings: Settings | None = None,
    ) -> Report:
        """The report, and ``report.json``, ``report.md`` and ``reliability.png``; ``report.html``
        where the extra ``html`` is installed.

        The arguments are those of ``assert_calibrated``; a second call replaces the files.
        """
        from calibrate.files import together
        from calibrate.renderers.folder import write_result
        from calibrate.renderers.plots.reliability import reliability_figure
        from calibrate.testing import measured

        report = measured(logits, labels, calibrator, settings)
        with together():
            drawn = {"reliability.png": lambda: reliability_figure(report)}
            write_result(report, str(self.folder), "report", drawn)
        return report


@pytest.fixture
def calibration_report(tmp_path: Path) -> CalibrationReport:
    """Called with logits, labels and a calibrator: a report, with its files in ``folder``."""
    return CalibrationReport(tmp_path / "calibration")
