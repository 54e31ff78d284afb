"""The three commands, through real processes on real files."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, fresh, heed_signals
from scipy.special import softmax

import calibrate
from calibrate.renderers.plots import PICTURES
from calibrate.results.json import to_dict

NO_PICTURES = ("--format", "json", "--plots", "none")


def test_fit_prints_and_writes_what_the_library_says(run, files, data):
    done = run("fit", *files, "-o", "c.json")
    assert done.returncode == 0
    fit = calibrate.fit(*data)
    folder = files[0].parent
    saved = json.loads((folder / "c.json").read_text())
    assert saved["schema"] == "calibrate.calibrator/1"
    assert saved["method"] == "temperature"
    assert saved["parameters"] == {"temperature": fit.temperature}
    assert saved["classes"] == 7
    assert saved["fitted"]["rows"] == 400
    assert saved["fitted"]["nll"] == fit.nll
    assert calibrate.load(folder / "c.json") == fit.calibrator
    assert f"T = {fit.temperature:.3g}" in done.stdout
    assert done.stdout.startswith(
        f"Overconfident: divide the logits by T = {fit.temperature:.3g} ["
    )
    assert "the very rows of the fit, so after is too good" in done.stdout
    said = "multiclass: 400 x 7 logits; labels: one class each"
    follow = "next, on other rows: calibrate report TEST TEST_LABELS -c c.json"
    assert done.stderr == f"{said}\n{follow}\nwrote c.json\n"


def test_fit_json_is_the_report_of_the_library(run, files, data):
    done = run("fit", *files, "--format", "json", "--n-bins", 10)
    got = json.loads(done.stdout)
    settings = calibrate.Settings(n_bins=10, full=False, bootstrap=0)
    want = to_dict(calibrate.evaluate(*data, calibrate.fit(*data), settings=settings))
    want["data"].update(logits=str(files[0]), labels=str(files[1]))
    assert got == json.loads(json.dumps(want))
    assert got["schema"] == "calibrate.report/1"
    assert got["data"]["in_sample"] is True
    assert len(got["reliability"]["before"]["weight"]) == 10
    assert len(got["reliability"]["before"]["edges"]) == 11
    assert got["reliability"]["before"]["accuracy"][0] is None
    assert set(got["metrics"]["after"]["ece"]) == {"value", "low", "high"}
    assert got["warnings"] == []


def test_the_same_bytes_for_any_number_of_workers(run, tmp_path):
    rng = np.random.default_rng(0)
    z = rng.normal(scale=3, size=(30_000, 100)).astype(np.float32)
    np.savez(tmp_path / "a.npz", logits=z, labels=rng.integers(0, 100, 30_000))
    outputs = set()
    for workers in (1, 2, 4):
        done = run("fit", "a.npz", "--format", "json", "--workers", workers)
        applied = run("apply", "a.npz", "--temperature", 2, "-o", "-", "--workers", workers,
                      text=False)  # fmt: skip
        outputs.add((done.stdout, (tmp_path / "calibrator.json").read_bytes(), applied.stdout))
    assert len(outputs) == 1


@pytest.mark.parametrize("saver", [np.savez, np.savez_compressed])
def test_npz_with_and_without_keys(run, tmp_path, data, saver):
    saver(tmp_path / "a.npz", logits=data[0], labels=data[1], more=data[0] * 2)
    want = calibrate.fit(*data).temperature
    for arguments in (["a.npz"], ["a.npz", "a.npz"], ["a.npz:logits", "a.npz:labels"]):
        run("fit", *arguments)
        assert calibrate.load(tmp_path / "calibrator.json").temperature == want
    run("fit", "a.npz:more", "a.npz:labels")
    assert calibrate.load(tmp_path / "calibrator.json").temperature == pytest.approx(2 * want)


@pytest.mark.parametrize("kind", ["probabilities", "log-probabilities", "logits"])
def test_apply_writes_what_the_library_says(run, files, data, kind):
    run("fit", *files)
    done = run("apply", files[0], "-c", "calibrator.json", "--as", kind)
    assert done.returncode == 0, done.stderr
    got = np.load(files[0].with_name("z.calibrated.npy"))
    want = calibrate.fit(*data).calibrator.apply(data[0], output=kind)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, want)


def test_apply_to_stdout_is_a_npy(run, files, data):
    done = run("apply", files[0], "--temperature", 2, "-o", "-", text=False)
    assert done.stderr == b""
    got = np.load(io.BytesIO(done.stdout))
    np.testing.assert_allclose(got, softmax(data[0].astype(float) / 2, axis=1), rtol=1e-5)


def test_apply_makes_report_agree_with_itself(run, files):
    """Probabilities that apply wrote, measured as they are, give the report's `after`."""
    run("fit", *files)
    run("apply", files[0], "-c", "calibrator.json", "-o", "p.npy")
    after = run("report", *files, *NO_PICTURES, "-c", "calibrator.json").stdout
    plain = run("report", "p.npy", files[1], *NO_PICTURES, "--scores", "probabilities").stdout
    for name, figure in json.loads(after)["metrics"]["after"].items():
        assert json.loads(plain)["metrics"]["before"][name]["value"] == pytest.approx(
            figure["value"], abs=1e-6
        )


@pytest.mark.draws
def test_report_writes_its_folder_and_prints_json_alone(run, files, tmp_path):
    run("fit", *files)
    done = run("report", *files, "-c", "calibrator.json", "-o", "out", "--format", "json")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "report.json",
        "report.md",
        "report.html",
        "reliability.png",
    }
    assert done.stdout == (tmp_path / "out/report.json").read_text()
    assert "![reliability.png](reliability.png)" in (tmp_path / "out/report.md").read_text()
    assert (tmp_path / "out/reliability.png").read_bytes().startswith(b"\x89PNG")


def test_report_without_calibrator_has_no_after(run, files):
    report = json.loads(run("report", *files, *NO_PICTURES).stdout)
    assert report["calibrator"] is None
    assert report["metrics"]["after"] is None
    assert report["reliability"]["after"] is None


def test_report_cross_fitted(run, files, data):
    report = json.loads(run("report", *files, *NO_PICTURES, "--fit", "--seed", 2).stdout)
    want = calibrate.cross_evaluate(*data, settings=calibrate.Settings(seed=2))
    assert report["metrics"]["after"]["nll"]["value"] == want.metrics.after["nll"].value
    assert len(report["calibrator"]["folds"]) == 5
    assert report["data"]["in_sample"] is None


def test_markdown_on_stdout(run, files):
    lines = run("fit", *files, "--format", "markdown").stdout.splitlines()
    assert lines[0].startswith("# Overconfident: divide the logits by T = ")
    assert any(line.endswith("z.npy: 400 rows, 7 classes") for line in lines)
    assert "| metric | before | after | change |" in lines  # all figures, below the first ones
    assert "<summary>All figures</summary>" in lines


def test_an_output_is_replaced_whole_and_keeps_its_permissions(run, files, tmp_path):
    target = tmp_path / "c.json"
    target.write_text("old")
    target.chmod(0o640)
    link = tmp_path / "link.json"
    link.symlink_to(target)
    run("fit", *files, "-o", "link.json")
    assert link.is_symlink()
    assert json.loads(target.read_text())["method"] == "temperature"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_pipe_is_written_to_not_replaced(files, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = fresh(tmp_path, "fit", *files, "-o", pipe, stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE)  # fmt: skip
    assert json.loads(pipe.read_text())["method"] == "temperature"
    process.communicate()
    assert process.returncode == 0
    assert not pipe.is_file()


def test_a_closed_pipe_is_not_an_error_message(files):
    report = f"{sys.executable} -m calibrate report {files[0]} {files[1]} --bootstrap 0"
    report += " --format json --plots none"
    done = subprocess.run(
        f"{report} | head -c 5",
        shell=True,
        capture_output=True,
        text=True,
        cwd=files[0].parent,
        check=False,
    )
    assert done.stdout == '{\n "s'
    assert "Traceback" not in done.stderr
    assert "rror" not in done.stderr


def test_ctrl_c_while_importing(tmp_path: Path):
    """At any moment of the first half second: one line, no traceback."""
    for delay in (0.05, 0.1, 0.2, 0.4):
        process = subprocess.Popen(
            [sys.executable, "-c", SLOWLY_IMPORTED], cwd=tmp_path, stderr=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
            preexec_fn=heed_signals,
        )  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()  # the imports have begun
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
        assert (process.returncode, stderr) == (130, "calibrate: interrupted\n")


SLOWLY_IMPORTED = """
import sys, time
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == 'typer':
            print('importing', flush=True)
            time.sleep(5)
sys.meta_path.insert(0, Slow())
from calibrate.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [(signal.SIGINT, 130, "calibrate: interrupted\n"), (signal.SIGTERM, 143, "")],
)
def test_signals_leave_nothing_half_written(tmp_path: Path, number, status, said):
    z = np.lib.format.open_memmap(tmp_path / "z.npy", "w+", np.float32, (40_000, 300))
    z[:] = np.random.default_rng(0).normal(size=(1000, 300)).repeat(40, axis=0)
    z.flush()
    process = fresh(tmp_path, "apply", "z.npy", "--temperature", 2, "-o", "p.npy",
                    stderr=subprocess.PIPE, preexec_fn=heed_signals)  # fmt: skip
    for _ in range(2000):
        if any(path.suffix == ".part" for path in tmp_path.iterdir()):
            break
        time.sleep(0.005)
    else:
        pytest.fail("no output was begun")
    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == status
    assert stderr == said
    assert {path.name for path in tmp_path.iterdir()} == {"z.npy"}


def test_version_and_module(run):
    assert run("--version").stdout == f"calibrate {calibrate.__version__}\n"


def test_no_colour_when_piped(run, files):
    assert "\x1b" not in run("fit", *files).stdout


@pytest.mark.parametrize("name", ["a$b\\bad{$.npy", "日本🎉.npy", "w" * 240 + ".npy"])
def test_odd_file_names(run, files, name):
    odd = files[0].with_name(name)
    files[0].rename(odd)
    done = run("report", odd.name, files[1], *NO_PICTURES, "--bootstrap", 0)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("\n") == 2  # what was recognised, and what was written
    assert run("apply", odd.name, "--temperature", 2, "-o", "x" * 250).returncode == 0


def test_the_default_name_of_apply(run, files, data):
    np.savez(files[0].with_name("model.v1.npz"), logits=data[0])
    for name in ("model.v1.npz", "model.v1.npz:logits"):
        done = run("apply", name, "--temperature", 2)
        assert " model.v1.calibrated.npy: probabilities, float32" in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_closed_streams(files, closed):
    command = f"{sys.executable} -m calibrate fit {files[0]} {files[1]} -o c.json {closed}"
    done = subprocess.run(command, shell=True, cwd=files[0].parent, check=False)
    assert done.returncode == 0
    assert (files[0].parent / "c.json").exists()


def test_weights_from_a_file(run, files, data, tmp_path):
    w = np.random.default_rng(0).random(400) + 0.1
    np.save(tmp_path / "w.npy", w)
    run("fit", *files, "--weights", "w.npy")
    want = calibrate.fit(*data, weights=w)
    assert calibrate.load(tmp_path / "calibrator.json") == want.calibrator
    done = run("report", *files, *NO_PICTURES, "--weights", "w.npy", "--bootstrap", 0)
    got = json.loads(done.stdout)["metrics"]["before"]["auroc"]["value"]
    settings = calibrate.Settings(bootstrap=0)
    figures = calibrate.evaluate(*data, weights=w, settings=settings).metrics.before
    assert got == figures["auroc"].value


def test_classes_by_prediction_and_name(run, files, tmp_path):
    names = [f"class {k}" for k in range(7)]
    (tmp_path / "names.txt").write_text("\n".join(names))
    done = run("report", *files, *NO_PICTURES, "--class-names", "names.txt", "--top", 2)
    report = json.loads(done.stdout)
    classes = report["classes"]["before"]
    assert len(classes["listed"]) == 2
    assert classes["listed"][0]["name"] in names
    assert 2 <= classes["tested"] <= 7
    assert report["classes"]["after"] is None
    text = (tmp_path / "report/report.md").read_text()
    assert f"of {classes['tested']} classes with 50+ rows" in text


@pytest.mark.parametrize(
    ("asked", "drawn"),
    [
        ((), {"reliability"}),
        (("--plots", "risk-coverage"), {"risk-coverage"}),
        (("--plots", "all"), {*PICTURES}),
        (("--plots", "none"), set()),
    ],
)
def test_the_plots_asked_for(run, files, tmp_path, asked, drawn):
    assert run("report", *files, *asked, "--bootstrap", "0", "--fit").returncode == 0
    assert {p.stem for p in (tmp_path / "report").glob("*.png")} == drawn


@pytest.mark.parametrize("name", ["g.npy", "g.txt", "g.csv:site"])
def test_groups_from_files(run, files, tmp_path, name):
    groups = np.array(["north", "south"])[np.arange(400) % 2]
    np.save(tmp_path / "g.npy", groups)
    (tmp_path / "g.txt").write_text("\n".join(groups) + "\n")
    (tmp_path / "g.csv").write_text(
        "id,site\n" + "".join(f"{i},{g}\n" for i, g in enumerate(groups))
    )
    done = run("report", *files, "--groups", name, "--bootstrap", 0)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report/report.json").read_text())
    assert {(g["name"], g["rows"]) for g in report["groups"]} == {("north", 200), ("south", 200)}
    assert "| groups |" in (tmp_path / "report/report.md").read_text()
    assert "north" in done.stdout
