"""Options that mean the same on every command, and the command itself, through real processes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from calibrate.cli.app import COMMANDS


def printed_metrics(text: str) -> list[str]:
    """The names in the first column of the table of metrics."""
    table = text[text.index("\nmetric ") :].split("\n\n")[0]
    return [line.split()[0] for line in table.strip().splitlines()[1:] if line[0] != "~"]


def test_bare_is_help_and_a_usage_error(run):
    done, asked = run(), run("--help")
    assert (done.returncode, done.stdout, asked.returncode) == (2, "", 0)
    assert done.stderr == asked.stdout
    assert all(f"  {name} " in done.stderr for name in COMMANDS)


def test_the_version_has_a_short_name(run):
    assert run("-V").stdout == run("--version").stdout
    assert run("-V").stdout.startswith("calibrate ")


def test_help_lists_options_by_what_they_are_about(run):
    sections = dict(
        re.findall(r"^(\w+):\n(.*?)(?:\n\n|\Z)", run("check", "-h").stdout, re.M | re.S)
    )
    about = {
        "Arguments": "LOGITS", "Input": "--task", "Method": "--temperature", "Limits": "--max",
        "Measurement": "--n-bins", "Output": "--format", "Run": "--workers",
    }  # fmt: skip
    assert list(sections) == list(about)
    assert all(re.search(rf"^  .*{name}\b", sections[panel], re.M) for panel, name in about.items())


@pytest.mark.parametrize("command", ["fit", "report"])
def test_metrics_are_named_in_any_case(run, files, command):
    done = run(command, *files, "--metrics", "ECE, Smooth-ECE,nll", "--bootstrap", "20")
    assert printed_metrics(done.stdout) == ["ece", "smooth_ece", "nll"]
    assert done.returncode == 0


def test_fit_measures_what_is_asked_for(run, files):
    plain = json.loads(run("fit", *files, "--format", "json").stdout)
    assert "smooth_ece" not in plain["metrics"]["before"]
    asked = ("fit", *files, "--format", "json", "--metrics", "smooth_ece")
    found = [
        json.loads(run(*asked, "--bootstrap", samples, "--seed", "1").stdout) for samples in (0, 30)
    ]
    assert [each["settings"]["bootstrap"] for each in found] == [0, 30]
    figures = [each["metrics"]["before"]["smooth_ece"] for each in found]
    assert figures[0]["low"] is None
    assert figures[1]["low"] < figures[1]["value"] == figures[0]["value"]


def test_fit_names_classes(run, files, tmp_path: Path):
    (tmp_path / "names.txt").write_text("\n".join("abcdefg"))
    named = ("fit", *files, "--class-names", "names.txt", "--metrics", "ks", "--bootstrap", "0")
    assert run(*named, "--format", "json").stdout.count('"name": "a"') == 4
    (tmp_path / "names.txt").write_text("a\nb")
    done = run(*named)
    assert done.returncode == 2
    assert "names.txt: expected 7 names, one per class, found 2" in done.stderr


def test_compare_shows_the_metrics_asked_for(run, files):
    done = run("compare", files[0], files[0], files[1], "--name", "a", "--name", "b",
               "--metrics", "NLL,rmsce")  # fmt: skip
    assert done.returncode == 0
    header = next(line for line in done.stdout.splitlines() if line.startswith("model "))
    assert header.split() == ["model", "nll", "rmsce"]
    refused = run("compare", *files, "--metrics", "ks")
    assert refused.returncode == 2
    assert "--metrics: ks is not measured in a comparison" in refused.stderr


@pytest.mark.parametrize("command", ["fit", "report", "compare"])
def test_an_unknown_metric_is_told_before_the_work(run, command):
    done = run(command, "missing.npy", "missing.npy", "--metrics", "ecf")
    assert done.returncode == 2
    assert "calibrate: --metrics: expected one of " in done.stderr
    assert "did you mean ece?" in done.stderr


def same_as_a_file(run, tmp_path: Path, command: tuple[object, ...]) -> tuple[dict, dict]:
    """The JSON with ``-c`` a file of T = 2, and with ``--temperature 2``."""
    content = {"schema": "calibrate.calibrator/1", "method": "temperature",
               "parameters": {"temperature": 2.0}}  # fmt: skip
    (tmp_path / "two.json").write_text(json.dumps(content))
    ways = ("-c", "two.json"), ("--temperature", "2")
    done = [run(*command, "--format", "json", *way) for way in ways]
    assert [each.returncode for each in done] == [0, 0], done
    return tuple(json.loads(each.stdout) for each in done)


@pytest.mark.parametrize("command", ["report", "thresholds", "compare"])
def test_a_temperature_in_place_of_a_file(run, files, tmp_path: Path, command):
    z, y = map(np.load, files)
    np.save(tmp_path / "b.npy", z[:, 0])
    np.save(tmp_path / "s.npy", (y == 0).astype(int))
    rows = ("b.npy", "s.npy") if command == "thresholds" else files
    if command != "thresholds":
        rows = (*rows, "--plots", "none")
    by_file, by_number = same_as_a_file(run, tmp_path, (command, *rows))
    for each in (by_file, by_number):
        each.pop("made", None)  # the commands differ, and nothing else
    assert by_file == by_number
    without = json.loads(run(command, *rows, "--format", "json").stdout)
    without.pop("made", None)
    assert without != by_number
    both = run(command, *rows, "-c", "two.json", "--temperature", "2")
    assert both.returncode == 2
    assert "--calibrator" in both.stderr
    assert "--temperature, got both" in both.stderr


def test_compare_takes_a_calibrator_per_model(run, files):
    run("fit", *files)
    twice = ("-c", "calibrator.json", "-c", "calibrator.json", "--name", "a", "--name", "b")
    done = run("compare", files[0], *files, *twice)
    assert done.stderr.count("its temperature was fitted on these very rows") == 2
    few = run("compare", files[0], *files, "-c", "calibrator.json")
    assert "--calibrator: expected 2, one for each file of logits, in order" in few.stderr
    wrong = run("report", *files, "--temperature", "-1")
    assert wrong.stderr == "calibrate: --temperature: expected a positive finite number, got -1.0\n"


def quiet_commands(z: Path, y: Path) -> dict[str, tuple[object, ...]]:
    return {
        "fit": (z, y),
        "apply": (z, "--temperature", "2"),
        "report": (z, y, "--bootstrap", "0", "--plots", "none"),
        "check": (z, y, "--max", "ece=0.9", "-o", "check.xml"),
        "compare": (z, y, "--plots", "none"),
        "targets": ("labels", y, "--n-classes", "7", "--smoothing", "0.1"),
        "thresholds": ("b.npy", "s.npy"),
        "clusters": (z, y, "--classes", "0,1,2"),
        "inspect": (z, y),
        "render": ("t.json", "-o", "t.html"),
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_quiet_leaves_the_result(run, files, tmp_path: Path, command):
    z, y = map(np.load, files)
    np.save(tmp_path / "b.npy", z[:, 0])
    np.save(tmp_path / "s.npy", (y == 0).astype(int))
    asked = quiet_commands(*files)[command]
    if command == "render":
        run("thresholds", "b.npy", "s.npy", "-o", "t.json")
    loud, quiet = run(command, *asked), run(command, *asked, "-q")
    assert quiet.returncode == 0
    assert ("wrote " in loud.stderr) == (command != "inspect")
    assert quiet.stdout == loud.stdout
    assert quiet.stderr == ""
    assert run(command, *asked, "--quiet").stderr == ""


def test_quiet_keeps_warnings_and_errors(run, files):
    np.save(files[1], np.load(files[0]).argmax(axis=1))
    done = run("fit", *files, "-q")
    assert done.returncode == 0
    assert all(line.startswith("warning: ") for line in done.stderr.splitlines())
    assert "separate the labels" in done.stderr
    assert run("fit", "none.npy", files[1], "-q").stderr.startswith("calibrate: none.npy: no such")


def completed(*words: str) -> list[str]:
    """What bash would be offered for the last word."""
    code = "import sys; sys.argv = ['calibrate']; from calibrate.__main__ import main; main()"
    asked = {
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
        "_CALIBRATE_COMPLETE": "complete_bash",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


def test_the_shell_completes_commands_and_options():
    assert completed("calibrate", "") == list(COMMANDS)
    assert completed("calibrate", "t") == ["targets", "thresholds"]
    assert completed("calibrate", "report", "--me") == ["--metrics"]
    assert completed("calibrate", "fit", "--format", "m") == ["markdown"]


def test_a_shell_script_is_shown(run, monkeypatch):
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")  # none may be about
    done = run("--show-completion", "bash")
    assert done.returncode == 0
    assert "complete_bash" in done.stdout
