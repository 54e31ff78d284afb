"""Limits from a file."""

from __future__ import annotations

import os
import sys

import pytest
from conftest import ROOT

from calibrate import InputError
from calibrate.cli.check import CheckConfig
from calibrate.results.checks import Limit

WHOLE = """
[check]
max = { ece = 0.03, "ece@group:night" = 0.05, change.nll = 0 }
confident = true
warn-only = true
against = "old/report.json"
drift-size = 0.1

[check.min]
accuracy = 0.9
"""
LIMITS = (
    Limit("max", "ece", 0.03),
    Limit("max", "ece", 0.05, group="night"),
    Limit("max", "nll", 0.0, side="change"),
    Limit("min", "accuracy", 0.9),
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("calibrate.toml", WHOLE),
        ("calibrate.toml", WHOLE.replace("[check", "[tool.calibrate.check")),
        ("pyproject.toml", WHOLE.replace("[check", "[tool.calibrate.check")),
    ],
)
def test_a_whole_file(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    found = CheckConfig.read(str(tmp_path / name))
    assert found.limits == LIMITS
    assert found.options == {
        "confident": True,
        "warn_only": True,
        "against": str(tmp_path / "old/report.json"),
        "drift_size": 0.1,
    }


def test_the_example_of_the_docs(tmp_path):
    page = (ROOT / "docs/check.md").read_text()
    (tmp_path / "pyproject.toml").write_text(page.split("```toml\n")[1].split("```")[0])
    found = CheckConfig.read(str(tmp_path / "pyproject.toml"))
    assert [limit.name for limit in found.limits] == [
        "ece", "nll", "change.nll", "ece@group:night", "accuracy",
    ]  # fmt: skip
    assert len(found.options) == 6


@pytest.mark.parametrize("content", [None, "", "[tool.ruff]\n", "[tool.calibrate]\n", "[broken"])
def test_a_project_that_says_nothing(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "pyproject.toml").write_text(content)
    assert CheckConfig.read(None) == CheckConfig()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[check]\nmaxx.ece = 1", "check: expected one of max, min, "),
        ("[check]\nmaxx.ece = 1", "did you mean max?"),
        ("[chek]\nmax.ece = 1", "sections: expected one of check, got 'chek'"),
        ("[tool.calibrate.chek]", "tool.calibrate: expected one of check, got 'chek'"),
        ("[check]\nmax = 0.3", "check.max: expected a table, as in { ece = 0.03 }, found 0.3"),
        ("[check]\nmax.ece = '3%'", "check.max.ece: expected a number, found '3%'"),
        ("[check]\nmax.ece = true", "check.max.ece: expected a number, found True"),
        ("[check]\nmax.ece = 1" + 400 * "0", "check.max.ece: expected a number, found 1000"),
        ("[check]\nmax.ece = nan", "check.max.ece: expected a number, found nan"),
        ("[check]\nmax.chnage.nll = 0", "did you mean change?"),
        ("[check]\nconfident = 1", "check.confident: expected true or false, found 1"),
        ("[check]\nagainst = 1", "check.against: expected the name of a file, found 1"),
        ("[check]\nalpha = 'low'", "check.alpha: expected a number, found 'low'"),
        ("check = 1", "check: expected a table, found 1"),
        ("[check]\nmax.ece = ", "expected TOML, found something else: Invalid value (at"),
        ("", "expected a section [check], found none"),
    ],
)
def test_what_is_not_understood_is_named(tmp_path, content, said):
    path = tmp_path / "c.toml"
    path.write_text(content)
    with pytest.raises(InputError) as error:
        CheckConfig.read(str(path))
    assert str(error.value).startswith(f"{path}: ")
    assert said in str(error.value)


def test_files_that_are_none(tmp_path, monkeypatch):
    (tmp_path / "latin.toml").write_bytes(b"# \xff")
    (tmp_path / "folder.toml").mkdir()
    os.mkfifo(tmp_path / "pipe.toml")
    monkeypatch.setattr(sys.modules["calibrate.files.reading"], "PATIENCE", 0.1)
    for name, said in (
        ("no.toml", "no such file"),
        ("latin.toml", "UTF-8"),
        ("folder.toml", "cannot be read"),
        ("pipe.toml", "a pipe that nobody writes to"),
    ):
        with pytest.raises(InputError, match=said):
            CheckConfig.read(str(tmp_path / name))
