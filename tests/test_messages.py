"""Errors of the library name arguments; the command names its options in their place."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from whole_targets import smoothed_targets, teacher_targets

import calibrate
from calibrate.data.labels import class_numbers
from calibrate.results.thresholds import Goal

PACKAGE = ROOT / "calibrate"


def raised(path: Path) -> list[str]:
    """The texts of all errors that a file raises."""
    return [
        part.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Raise)
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


def options_in(text: str) -> list[str]:
    return re.findall(r"(?<![\w-])(?:--[a-z][a-z-]+|-[a-z])(?![\w>])", text)


def test_no_error_of_the_library_names_an_option():
    library = [path for path in PACKAGE.rglob("*.py") if "cli" not in path.parts]
    assert len(library) > 50
    found = {path.name: options_in(" ".join(raised(path))) for path in library}
    assert {name: named for name, named in found.items() if named} == {}


def test_the_check_would_notice():
    assert options_in("pass --label-offset 1") == ["--label-offset"]
    assert options_in(" ".join(raised(PACKAGE / "cli/apply.py"))) == ["-c", "--temperature"]


Z, Y = np.zeros((20, 3)), np.arange(20) % 3

BOTH = [
    (lambda: calibrate.fit(Z, Y, label_smoothing=2), "`label_smoothing`: expected an amount",
     "fit z.npy y.npy --label-smoothing 2", "--label-smoothing: expected an amount"),
    (lambda: calibrate.Settings(votes=0), "`votes`: expected at least 1", "", ""),
    (lambda: smoothed_targets(Y, 3, smoothing=1.5), "`smoothing`: expected an amount",
     "targets labels y.npy --n-classes 3 --smoothing 1.5", "--smoothing: expected an amount"),
    (lambda: smoothed_targets(Y, 1), "`n_classes`: expected at least 2", "", ""),
    (lambda: smoothed_targets(Z, 3), "the logits of a `teacher`?",
     "targets labels z.npy --n-classes 3 --smoothing 0", "the logits of a teacher?"),
    (lambda: teacher_targets(Z, Y, temperature=1, mix=2), "`mix`: expected the share",
     "targets teacher z.npy --labels y.npy --temperature 1 --mix 2", "--mix: expected the share"),
    (lambda: class_numbers("x", None), "`classes`: expected one of numbers from 0",
     "report z.npy y.npy --classes x", "--classes: expected one of numbers from 0"),
    (lambda: calibrate.evaluate(Z, Y, settings=calibrate.Settings(classes=(3,))),
     "`classes`: expected numbers from 0 to 2",
     "report z.npy y.npy --classes 3", "--classes: expected numbers from 0 to 2, got 3"),
    (lambda: calibrate.evaluate(Z, Y, settings=calibrate.Settings(class_names=("a",))),
     "`class_names`: expected 3 names",
     "report z.npy y.npy --class-names n.txt", "n.txt: expected 3 names"),
    (lambda: Goal.of_text("precision=2"), "`goal` precision: expected a number",
     "thresholds b.npy s.npy --for precision=2", "--for precision: expected a number above 0"),
    (lambda: Goal.of_text("f2"), "`goal`: expected one of",
     "thresholds b.npy s.npy --for f2", "--for: expected one of f1"),
    (lambda: calibrate.fit(Z), "`labels`: expected one class index per row, got None", "", ""),
    (lambda: calibrate.fit(Y, Z), "give `logits`, then `labels`",
     "fit y.npy z.npy", "give LOGITS, then LABELS"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "argument", "command", "option"), BOTH)
def test_the_same_error_in_both_languages(run, tmp_path, call, argument, command, option):
    with pytest.raises(calibrate.InputError, match=re.escape(argument)):
        call()
    np.save(tmp_path / "z.npy", Z)
    np.save(tmp_path / "y.npy", Y)
    np.save(tmp_path / "b.npy", Z[:, 0])
    np.save(tmp_path / "s.npy", Y % 2)
    (tmp_path / "n.txt").write_text("a")
    if command:
        done = run(*command.split())
        assert done.returncode == 2
        assert option in done.stderr
        assert "`" not in done.stderr
