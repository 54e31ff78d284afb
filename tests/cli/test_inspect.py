"""calibrate inspect, through real processes on real files."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import numpy as np
import pytest
from conftest import refused

import calibrate
from calibrate.results.inspection import Inspection
from calibrate.results.json import read_result, to_dict


def test_a_pair_on_the_screen(run, files):
    z, y = (path.name for path in files)
    done = run("inspect", z, y)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "z.npy: numpy array, 11.1 KiB"
    assert lines[1].startswith("400 x 7 float32, from -")
    assert lines[1].endswith(": looks like logits")
    assert "400 int64, from 0 to 6: looks like class numbers" in lines
    assert "They fit together: 400 rows each." in lines
    assert "Taken for multiclass: 400 x 7 logits; labels: one class each" in lines
    assert lines[-2:] == ["Run:", "  calibrate fit z.npy y.npy"]
    fitted = run(*shlex.split(lines[-1])[1:])
    assert "multiclass: 400 x 7 logits; labels: one class each" in fitted.stderr
    assert "calibrator, written by `calibrate fit`" in run("inspect", "calibrator.json").stdout


def test_json_is_the_result_of_the_library(run, files, tmp_path: Path):
    done = run("inspect", *files, "--format", "json")
    found = calibrate.inspect(*files)
    assert json.loads(done.stdout) == json.loads(json.dumps(to_dict(found)))
    (tmp_path / "i.json").write_text(done.stdout)
    assert read_result(Inspection, tmp_path / "i.json") == found
    assert "result (inspect), written by `calibrate inspect`" in run("inspect", "i.json").stdout


def test_exit_status_2_only_where_nothing_can_be_told(run, files, tmp_path: Path):
    (tmp_path / "cut.npy").write_bytes(files[0].read_bytes()[:1_000])
    (tmp_path / "noise").write_bytes(bytes(range(256)))
    assert run("inspect", "cut.npy").returncode == 0
    assert "no such file" in run("inspect", files[0], "none.npy").stdout
    for name, said in {"none.npy": "no such file", "noise": "no kind that is known"}.items():
        done = run("inspect", name)
        refused(done, f"calibrate: {name}: ", said)


def test_sentences_name_options(run, tmp_path: Path):
    (tmp_path / "a.csv").write_text("x,y,label,target\n1,2,0,1\n")
    done = run("inspect", "a.csv")
    assert "choose one with --label-column" in done.stdout.replace("\n  ", " ")
    assert "`label_column`" in repr(calibrate.inspect(tmp_path / "a.csv"))


def screens(folder: Path) -> list[tuple[str, ...]]:
    """Files that are ordinary, or hostile, and what is asked of them."""
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(60, 4)), rng.integers(0, 4, 60)
    np.savez(folder / "both.npz", logits=z, labels=y)
    many = {f"layer.{i}.weight" * 3: rng.normal(size=(8, 8)) for i in range(70)}
    np.savez(folder / "model.npz", **many)
    np.savez(folder / "evil.npz", **{"\x1b[2J<script>\n\u202e" * 9: z, "labels": y, "o\x07": y})
    evil = "a\x1b]0;x\x07\n<script>alert(1)<b>.npy"
    np.save(folder / evil, z)
    text = "\n".join(["\x1b[1m,<b>,c,d,label", *(f"{','.join(map(str, r))},\x1b[1m" for r in z)])
    (folder / "evil.csv").write_text(text)
    for i in range(30):
        np.save(folder / f"part-{i}.npy", z)
    parts = tuple(f"part-{i}.npy" for i in range(30))
    calibrate.save(calibrate.fit(z, y), folder / "c.json")
    names = ("both.npz", "model.npz", "evil.npz", "evil.csv", "c.json", evil)
    return [*((name,) for name in names), parts]


def test_screens_are_short_and_harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for names in screens(tmp_path):
        monkeypatch.chdir(tmp_path)
        found = calibrate.inspect(*names)
        lines = repr(found).splitlines()
        assert len(lines) <= 20, names
        assert max(len(line) for line in lines if "  calibrate" not in line) <= 80, names
        assert all(line.isprintable() for line in lines), names
        assert "<script>" not in found._repr_html_()
        assert len(found._repr_html_()) > 100


def test_no_number_of_arrays_is_too_many(tmp_path: Path, run):
    screens(tmp_path)
    first, every = run("inspect", "model.npz").stdout, run("inspect", "model.npz", "--all").stdout
    assert "and 64 more arrays; --all lists them" in first
    assert "are they the weights of a model?" in first
    assert "Run:" not in first
    assert every.count("8 x 8") == 50
    assert "and 20 more arrays, which were not looked at" in every


def test_names_of_files_are_escaped(run, tmp_path: Path):
    name = "a\x1b[31m\n<b>.npy"
    np.save(tmp_path / name, np.zeros((3, 2)) + 0.5)
    done = run("inspect", name)
    assert "a\\x1b[31m\\n<b>.npy: numpy array" in done.stdout
    assert "calibrate fit $'a\\x1b[31m\\x0a<b>.npy' LABELS" in done.stdout


def test_it_has_a_page_of_help(run):
    done = run("inspect", "--help")
    assert "which command takes them" in done.stdout
    assert "  inspect     Say what is in files, and which command takes them.\n" in run("-h").stdout


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_pipe_is_not_waited_for(run, tmp_path: Path):
    os.mkfifo(tmp_path / "f.npy")
    assert "found a pipe" in run("inspect", "f.npy").stderr
