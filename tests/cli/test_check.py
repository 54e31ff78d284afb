"""calibrate check through real processes on real files."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from conftest import SAMPLES, refused

import calibrate
from calibrate.results.json import to_json

MNIST = SAMPLES / "mnist"
TEST = MNIST / "hard_test.npy", MNIST / "labels_test.npy"


def lines(done) -> dict[str, str]:
    """The verdict of each check of the table."""
    table = done.stdout[done.stdout.index("\ncheck ") :].split("\n\n")[0].strip().splitlines()[1:]
    return {line.split("  ")[0]: line.split()[-1] for line in table}


def test_the_exit_status(run, files):
    held = run("check", *files, "--max", "ece=0.9", "--min", "accuracy=0.05")
    assert (held.returncode, lines(held)["ece"]) == (0, "passed")
    assert held.stdout.startswith("PASSED: 3 checks\n")
    failed = run("check", *files, "--max", "ece=0.01", "--min", "accuracy=0.05", "-q")
    assert (failed.returncode, failed.stderr) == (1, "")
    assert lines(failed) == {"ece": "failed", "accuracy": "passed", "scores and labels": "passed"}
    assert all(len(line) <= 80 for line in failed.stdout.splitlines() if "z.npy" not in line)
    told = run("check", *files, "--max", "ece=0.01", "--warn-only")
    assert told.returncode == 0
    assert told.stdout.startswith("FAILED: 1 of 2 checks\n")


def test_nothing_to_check_shows_an_example(run, files):
    done = run("check", *files)
    refused(
        done,
        "calibrate: nothing to check; give a limit, as in: calibrate check LOGITS LABELS "
        "-c calibrator.json --max ece=0.03 --min accuracy=0.9\n",
    )


def test_figures_are_those_of_the_report(run, files):
    asked = ("--temperature", "2", "--format", "json", "--bootstrap", "30")
    report = json.loads(run("report", *files, *asked).stdout)
    limits = ("--max", "smooth_ece=1", "--max", "classwise_ece=1", "--max", "nll_calibration=9")
    found = json.loads(run("check", *files, *asked, *limits, "--drift").stdout)
    assert found["schema"] == "calibrate.check/1"
    for side, figures in found["metrics"].items():
        without = {n: m for n, m in figures.items() if n not in ("mce", "rmsce")}  # no samples
        assert without.items() <= report["metrics"][side].items()
        assert {"ece", "smooth_ece", "classwise_ece", "nll_calibration"} <= {*figures}
        assert "ks" not in figures  # nobody asked
    assert found["checks"][0]["measured"] == report["metrics"]["after"]["smooth_ece"]
    assert found["checks"][3]["p_value"] == report["tests"]["after"]["temperature"]["p_value"]
    quick = json.loads(run("check", *files, *asked, "--max", "ece=1").stdout)
    assert quick["settings"]["bootstrap"] == 0  # no limit needs samples
    assert quick["checks"][0]["measured"] == report["metrics"]["after"]["ece"]
    assert "nll_calibration" not in quick["metrics"]["after"]


def test_what_nobody_asked_for_is_not_computed(files):
    """T is fitted to the rows only where a limit needs it: that takes longer than all else."""
    code = (
        f"import sys; sys.argv = ['calibrate', 'check', {str(files[0])!r}, {str(files[1])!r}, "
        "'-q', '--max', 'ece=0.9']\nfrom calibrate.cli.app import main\n"
        "try: main()\nexcept SystemExit: sys.exit('scipy.optimize' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_settings_of_the_project_and_the_command_line(run, files, tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        "[tool.calibrate.check]\nmax = { ece = 0.9, nll = 0.01 }\nwarn-only = true\n"
    )
    done = run("check", *files)
    assert done.returncode == 0
    assert lines(done) == {"ece": "passed", "nll": "failed", "scores and labels": "passed"}
    won = run("check", *files, "--max", "nll=9")
    assert lines(won) == {"ece": "passed", "nll": "passed", "scores and labels": "passed"}
    (tmp_path / "other.toml").write_text("[check]\nmin.accuracy = 1\nconfident = true\n")
    other = run("check", *files, "--config", "other.toml", "--max", "ece=0.001")
    assert other.returncode == 1
    assert lines(other)["ece"] == lines(other)["accuracy"] == "failed"
    assert "whole 95 % interval" in other.stdout
    plain = run("check", *files, "--config", "other.toml", "--no-confident")
    assert "whole 95 % interval" not in plain.stdout


def test_against_an_earlier_report(run):
    run("report", *TEST, "--temperature", "2.7", "-o", "base", "-q", "--bootstrap", "0")
    same = run("check", *TEST, "--temperature", "2.7", "--against", "base")
    assert same.returncode == 0
    assert "against base/report.json: the same rows, paired" in same.stdout
    worse = run("check", *TEST, "--temperature", "2.3", "--against", "base/report.json")
    assert worse.returncode == 1
    assert lines(worse)["nll, now - then"] == "failed"
    assert lines(worse)["accuracy, now - then"] == "passed"
    other = MNIST / "smooth_test.npy", TEST[1]
    found = run("check", *other, "--temperature", "0.5", "--against", "base")
    assert "taken for other rows: not paired" in found.stdout


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text[: len(text) // 2], "truncated file (line"),
        (lambda text: text.replace("calibrate.report/1", "calibrate.compare/1"), "expected a rep"),
        (lambda text: text.replace('"rows": 400', '"rows": "many"'), "data.rows: expected a whole"),
        (lambda text: text.replace('"low": ', '"low": 1e9, "was": ', 1), "metrics.before.accuracy"),
        (lambda text: text.replace('"metrics"', '"metric"'), "expected 'metrics'"),
        (lambda _: "[]", "found a JSON list"),
    ],
)  # fmt: skip
def test_a_report_that_is_none(run, files, tmp_path, spoil, said):
    quick = calibrate.Settings(full=False, bootstrap=0)
    whole = to_json(calibrate.evaluate(*map(np.load, files), settings=quick))
    path = tmp_path / "base/report.json"
    path.parent.mkdir()
    assert spoil(whole) != whole
    path.write_text(spoil(whole))
    done = run("check", *files, "--against", "base", "-o", "check.xml")
    refused(done, "calibrate: base/report.json", said)
    assert not (tmp_path / "check.xml").exists()


def test_drift_and_a_calibrator_of_these_rows(run, files):
    run("fit", *files, "-q")
    own = run("check", *files, "-c", "calibrator.json", "--drift")
    assert own.returncode == 2
    assert "--drift: these very rows chose T" in own.stderr
    away = run("check", *files, "--temperature", "1", "--drift", "-q")
    assert (away.returncode, lines(away)["drift of T"]) == (1, "failed")
    far = run("check", *files, "--temperature", "1", "--drift", "--drift-size", "9", "-q")
    assert (far.returncode, lines(far)["drift of T"]) == (0, "passed")


def test_a_failed_check_leaves_its_files(run, files, tmp_path):
    asked = ("check", *files, "--max", "ece=0.001")
    for name in ("c.json", "c.xml", "c.md"):
        done = run(*asked, "-o", name)
        assert done.returncode == 1
        assert f"wrote {name}" in done.stderr
    assert json.loads((tmp_path / "c.json").read_text())["checks"][0]["outcome"] == "failed"
    assert ET.parse(tmp_path / "c.xml").find(".//failure").get("message").startswith("ece is")
    assert (tmp_path / "c.md").read_text().startswith("# FAILED: 1 of 2 checks\n")
    assert "calibrate render c.json" in run("inspect", "c.json").stdout
    junit = run(*asked, "--format", "junit")
    assert junit.stdout == (tmp_path / "c.xml").read_text()
    assert junit.stderr.startswith("warning: ece is ")
    odd = run(*asked, "-o", "c.yaml")
    assert (odd.returncode, odd.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--max ece", "--max: expected NAME=NUMBER, as in ece=0.03, with before., after. or"),
        ("--max ece@group:night=0.1", "no groups are known; give --groups"),
        ("--max change.nll=0", "without a calibrator there is no change; give --calibrator"),
        ("--max ece=0.1 --max ECE=0.2", "--max ece: expected one limit, got several"),
        ("--drift", "--drift: expected a calibrator whose T is tested; give --calibrator"),
        ("--drift --temperature 2 --alpha 2", "--alpha: expected a number between 0 and 1"),
        ("--against none.json", "none.json: no such report file; `calibrate report` writes one"),
        ("--config none.toml", "none.toml: no such file"),
    ],
)
def test_one_line(run, files, options, said):
    done = run("check", *files, *options.split())
    refused(done, said)


def test_every_kind_of_rows(run, tmp_path):
    rng = np.random.default_rng(0)
    z = rng.normal(scale=2, size=(300, 3))
    y = (rng.random(z.shape) < 1 / (1 + np.exp(-z))).astype(int)
    np.save(tmp_path / "z.npy", z)
    np.save(tmp_path / "y.npy", y)
    np.save(tmp_path / "b.npy", z[:, 0])
    np.save(tmp_path / "s.npy", y[:, 0])
    sure = 1 / (1 + np.exp(-z[:, 0]))
    pairs = zip(sure, y[:, 0], strict=True)
    answers = "confidence,correct\n" + "".join(f"{c},{r}\n" for c, r in pairs)
    (tmp_path / "answers.csv").write_text(answers)
    triples = zip(y[:, 0], sure, strict=True)
    (tmp_path / "p.csv").write_text(
        "true_label,pred_label,confidence\n" + "".join(f"{r},1,{c}\n" for r, c in triples)
    )
    for rows in (
        "z.npy y.npy --task multilabel --max ece@group:1=0.5 --drift --temperature 1",
        "b.npy s.npy --max positive_ece=0.5 --drift --temperature 1",
        "answers.csv --drift --temperature 1",
        "p.csv",
    ):
        asked = ("check", *rows.split(), "--max", "ece=0.001")
        done = run(*asked, "-q")
        assert (done.returncode, lines(done)["ece"]) == (1, "failed"), done.stderr
        if "--drift" in rows:
            assert lines(done)["drift of T"] == "passed"
    run("report", "p.csv", "-o", "base", "-q")
    again = run("check", "p.csv", "--against", "base")
    assert again.returncode == 0
    assert "the same rows, paired" in again.stdout
