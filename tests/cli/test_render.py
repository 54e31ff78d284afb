"""Results shown again from their JSON, in every format; and what GitHub Actions gets."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from conftest import SAMPLES

import calibrate
from calibrate.cli.console import MOST
from calibrate.files import write_bytes
from calibrate.renderers.formats import FORMATS, github
from calibrate.renderers.parts import EVERYTHING
from calibrate.results.json import to_json
from calibrate.results.kinds import read_any
from calibrate.results.measurement import Measurement
from calibrate.results.report import Report
from calibrate.results.targets import TargetData, TargetFigures, TargetPoint, TargetReport

MNIST = SAMPLES / "mnist"
PAGE = "NO MISCALIBRATION FOUND"


@pytest.fixture(scope="module")
def report() -> Report:
    rows = calibrate.open_dataset(f"{MNIST}/hard_test.npy", f"{MNIST}/labels_test.npy")
    settings = calibrate.Settings(bootstrap=20)
    return calibrate.evaluate(rows, calibrator=calibrate.Temperature(2.74), settings=settings)


@pytest.fixture
def saved(report, tmp_path: Path) -> Path:
    write_bytes(tmp_path / "report.json", to_json(report).encode())
    return tmp_path / "report.json"


@pytest.fixture
def summary(tmp_path: Path, monkeypatch) -> Path:
    """The page of a step, empty at first."""
    path = tmp_path / "summary.md"
    path.write_text("")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


MADE = {
    "compare": ("2 models on y.npy", "z.npy", "z.npy", "y.npy", "--name", "a", "--name", "b"),
    "thresholds": ("decision threshold for the largest F1", "b.npy", "s.npy", "-o", "t.json"),
    "targets": ("smoothing 0.1000", "labels", "y.npy", "--n-classes", "7", "--smoothing", "0.1"),
    "inspect": ("They fit together", "z.npy", "y.npy"),
}


@pytest.mark.parametrize("command", MADE)
def test_every_result_is_shown_without_its_rows(run, files, tmp_path, command):
    z, y = map(np.load, files)
    np.save(tmp_path / "b.npy", z[:, 0])
    np.save(tmp_path / "s.npy", (y == 0).astype(int))
    said, *given = MADE[command]
    (tmp_path / "r.json").write_text(run(command, *given, "--format", "json").stdout)
    for path in files:
        path.unlink()
    found = read_any(tmp_path / "r.json")
    assert FORMATS["json"](found, EVERYTHING) == (tmp_path / "r.json").read_text()
    for format in ("text", "markdown"):
        assert said in FORMATS[format](found, EVERYTHING)
    assert run("render", "r.json", "-o", "r.html").returncode == 0
    assert said in (tmp_path / "r.html").read_text()


def test_a_report_as_the_command_printed_it(run, files, tmp_path):
    given = ("report", *files, "--bootstrap", "5", "--plots", "none", "--diagram", "--all")
    text, page = run(*given), run(*given, "--format", "markdown")
    shown = ("render", "report/report.json", "--diagram")
    assert run(*shown, "--all").stdout == text.stdout
    done = run(*shown, "-o", "again.md")
    assert (tmp_path / "again.md").read_text() == page.stdout
    assert done.stdout == ""
    assert done.stderr.endswith("wrote again.md\n")
    picked = run("render", "report/report.json", "--metrics", "KS").stdout
    assert "\nks " in picked
    assert "\nnll " not in picked


EDITS = [
    ('{"schema": "calibrate.report/9"}', "found schema 'calibrate.report/9'"),
    ('{"schema": 3}', "found schema 3"),
    ("{}", "found no schema"),
    ("[1]", "expected a result, found a JSON list"),
    ('{"schema": "calibrate.report/1",\n "data"', "(line 2, column 8: Expecting ':' delimiter)"),
    (
        '{"schema": "calibrate.targets/1", "data": 1}',
        "r.json.data: expected a JSON object, found 1",
    ),
    ("\x00", "expected a result in JSON"),
]


@pytest.mark.parametrize(("text", "said"), EDITS)
def test_what_is_no_result_is_one_line(tmp_path, text, said):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(calibrate.InputError) as caught:
        read_any(tmp_path / "r.json")
    assert said in str(caught.value)


def test_what_is_no_result_leaves_nothing(run, tmp_path):
    (tmp_path / "r.json").write_text("{}")
    done = run("render", "r.json", "-o", "out.html")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "r.json: expected a result" in done.stderr
    assert not (tmp_path / "out.html").exists()


def test_a_result_is_not_written_over_itself(run, saved):
    before = saved.read_bytes()
    done = run("render", "report.json", "-o", "report.json", "--format", "html")
    assert done.returncode == 2
    assert "is an input or another output" in done.stderr
    assert saved.read_bytes() == before


@pytest.mark.usefixtures("saved")
def test_github_gets_a_summary_and_annotations(run, summary):
    summary.write_text("an earlier step")
    done = run("render", "report.json", "--format", "github")
    assert done.returncode == 0
    assert done.stdout.startswith(f"::notice title=calibrate::{PAGE} after T = 2.74: ECE 0.0")
    page = run("render", "report.json", "--format", "markdown").stdout
    assert summary.read_text() == f"an earlier step\n\n{page}"


def test_a_command_adds_to_the_page_and_keeps_its_files(run, files, tmp_path, summary):
    np.save(files[1], np.random.default_rng(0).permutation(np.load(files[1])))
    done = run("report", *files, "--bootstrap", "0", "--plots", "none", "--format", "github")
    assert done.returncode == 0
    first = done.stdout.splitlines()[0]
    assert first.startswith("::warning title=calibrate::NOTHING SHOWS THAT THESE SCORES BELONG")
    assert summary.read_text().startswith("# NOTHING SHOWS THAT THESE SCORES BELONG")
    assert (tmp_path / "report/report.json").exists()


@pytest.mark.parametrize("place", ["", "none.md", ".", "f", "/dev/full", "read-only.md"])
def test_a_page_that_cannot_be_written(run, files, tmp_path, monkeypatch, place):
    if place == "read-only.md":
        (tmp_path / place).touch(0o444)
        if os.access(tmp_path / place, os.W_OK):
            pytest.skip("root may write anything")
    os.mkfifo(tmp_path / "f")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", place)
    done = run("fit", *files, "--format", "github")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "GITHUB_STEP_SUMMARY" in done.stderr
    assert "--format markdown" in done.stderr or place in done.stderr
    assert not (tmp_path / "calibrator.json").exists()


def test_an_input_is_no_page(run, files, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "y.npy")
    before = files[1].read_bytes()
    done = run("fit", *files, "--format", "github")
    assert done.returncode == 2
    assert "is an input or another output" in done.stderr
    assert files[1].read_bytes() == before


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize("full", [False, True])
def test_a_page_is_never_longer_than_github_takes(run, summary, full):
    summary.write_text("x" * (MOST - (10 if full else 1500)))
    done = run("render", "report.json", "--format", "github", "--diagram")
    assert done.returncode == 0
    added = summary.read_text().lstrip("x")
    assert summary.stat().st_size <= MOST
    assert ("is full" in done.stderr) == full
    if full:
        assert added == ""
    else:
        assert added.strip().startswith(f"# {PAGE}")
        assert added.count("<details>") == added.count("</details>") == 1
        assert added.endswith("`--format json` holds everything.\n")


def test_however_little_room_there_is():
    cells = [Measurement(0.1, 0.0, 0.2)] * 4
    figures = TargetFigures(*cells, None)
    data = TargetData("y.npy", None, 10, 3)
    warnings = tuple(f"warning {i}" for i in range(20))
    sweep = tuple(TargetPoint(*cells, None, temperature=t) for t in range(1, 60))
    found = TargetReport(data, None, None, None, "label", figures, sweep, warnings)
    whole = github.summary(found, EVERYTHING, MOST)
    for most in range(-10, len(whole) + 10, 13):
        page = github.summary(found, EVERYTHING, most)
        assert len(page) <= max(most, 0)
        assert page.count(b"<details>") == page.count(b"</details>")
        assert (page == whole) == (most >= len(whole))


def test_at_most_ten_lines(report, saved, summary, run):
    content = json.loads(to_json(report))
    content["warnings"] = [f"{i} % of\n%0A::error::x" for i in range(30)]
    saved.write_text(json.dumps(content))
    lines = run("render", "report.json", "--format", "github").stdout.splitlines()
    assert len(lines) == 10
    assert lines[0] == "::warning title=calibrate::0 %25 of %250A::error::x"
    assert lines[-1] == "::warning title=calibrate::and 22 more, in the summary of this step"
    assert summary.read_text().count("> **Warning:** ") == 30
