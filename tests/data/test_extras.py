"""Formats that need a package which is not installed say which one, and cost nothing otherwise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import calibrate
from calibrate.data.readers.registry import FORMATS

PACKAGES = {"arrow": "pyarrow", "hdf5": "h5py", "zarr": "zarr"}
EXTRA = {suffix: kind.extra for suffix, kind in FORMATS.items() if kind.extra is not None}


@pytest.mark.parametrize("suffix", EXTRA)
def test_a_missing_package_is_told_with_its_pip_line(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"val{suffix}"
    if suffix == "dataset/":
        path.mkdir()
        (path / "state.json").write_text("{}")
    else:
        path.write_bytes(b"x")
    extra = EXTRA[suffix]
    monkeypatch.setitem(sys.modules, PACKAGES[extra], None)
    modules = {f"calibrate.data.readers.{FORMATS[each].module}" for each in EXTRA}
    for each in [*sys.modules]:  # as before the first such file
        if each in modules or each.startswith("calibrate.data.readers.arrow"):
            monkeypatch.delitem(sys.modules, each)
    with pytest.raises(calibrate.InputError) as told:
        calibrate.open_dataset(str(path))
    assert f"pip install 'calibrate-cli[{extra}]'" in str(told.value)
    assert "\n" not in str(told.value)


def test_every_extra_is_in_all_and_all_is_tested():
    tomllib = pytest.importorskip("tomllib", reason="is in Python from 3.11 on")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    assert extras["all"] == [f"calibrate-cli[{','.join(sorted({*EXTRA.values(), 'html'}))}]"]
    assert "calibrate-cli[all]" in extras["test"]
    for extra, package in PACKAGES.items():
        assert extras[extra][0].startswith(package)


SILENT = """
import sys
import calibrate
from typer.testing import CliRunner
from calibrate.cli.app import app
CliRunner().invoke(app, ["--help"])
calibrate.open_dataset(sys.argv[1], sys.argv[2])
print([name for name in ("pyarrow", "h5py", "zarr", "pandas") if name in sys.modules])
"""


def test_nobody_else_imports_them(files: tuple[Path, Path]):
    command = [sys.executable, "-c", SILENT, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stdout == "[]\n", done.stderr
