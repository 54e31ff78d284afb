from __future__ import annotations

import subprocess
import sys

from update_stub import FILE, stub

import calibrate


def test_public_names_are_pinned():
    assert calibrate.__all__ == [
        "CalibrateError",
        "Comparison",
        "Dataset",
        "Fit",
        "FitError",
        "InputError",
        "Inspection",
        "Measurement",
        "PerLabelTemperature",
        "Reading",
        "Report",
        "Settings",
        "Temperature",
        "TopLabels",
        "accuracy",
        "augrc",
        "aurc",
        "auroc",
        "brier",
        "brier_calibration",
        "brier_refinement",
        "classwise_ece",
        "compare",
        "cross_evaluate",
        "ece",
        "ece_equal_mass",
        "evaluate",
        "evaluate_top_labels",
        "fit",
        "fit_per_label",
        "inspect",
        "ks",
        "load",
        "mce",
        "mean_confidence",
        "nll",
        "nll_calibration",
        "open_dataset",
        "overconfidence",
        "positive_ece",
        "read_top_labels",
        "rmsce",
        "rmsce_debiased",
        "running",
        "save",
        "smooth_ece",
        "top_5_accuracy",
    ]


def test_every_public_name_is_there_and_documented():
    for name in calibrate.__all__:
        assert getattr(calibrate, name).__doc__, name
    assert calibrate.__version__ not in ("", "0")


def test_type_checkers_know_them():
    assert FILE.read_text(encoding="utf-8") == stub(), "run: python tests/update_stub.py"


def test_functions_win_over_files_of_the_same_name():
    code = (
        "import calibrate; calibrate.fit, calibrate.evaluate; import calibrate.cli.app; "
        "assert all(callable(getattr(calibrate, n)) for n in calibrate.__all__)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_help_imports_neither_numpy_nor_scipy_nor_matplotlib():
    code = (
        "import sys; sys.argv = ['calibrate', '--help']\n"
        "from calibrate.cli.app import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'scipy', 'matplotlib'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_fit_does_not_import_matplotlib():
    code = (
        "import sys, numpy as np, calibrate\n"
        "calibrate.fit(np.array([[2., 0.], [1., 0.], [0., 1.]]), np.array([0, 1, 1]))\n"
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
