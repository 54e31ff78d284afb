"""Inputs that are no files, or hostile names: one line each, and nothing waited for."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from conftest import ROOT, fresh, refused

pytestmark = pytest.mark.usefixtures("files")  # z.npy and y.npy

CALIBRATOR = {
    "schema": "calibrate.calibrator/1",
    "method": "temperature",
    "parameters": {"temperature": 2.0},
}
QUICK = ("--bootstrap", 0, "--plots", "risk-coverage")


@pytest.mark.parametrize(
    "arguments",
    [
        "fit f.npy y.npy",
        "fit z.npy f.npy",
        "fit f.npz",
        "fit z.npy y.npy --weights f.npy",
        "fit z.npy y.npy --cluster f.txt",
        "report z.npy y.npy --groups f.txt",
        "report z.npy y.npy --groups f.csv:a",
        "report f.csv",
        "apply z.npy -c f.json",
    ],
)
def test_a_pipe_without_a_peer(arguments, run, tmp_path):
    for suffix in ("npy", "npz", "txt", "csv", "json"):
        os.mkfifo(tmp_path / f"f.{suffix}")
    refused(run(*arguments.split()), "pipe", "save")


@pytest.mark.parametrize("late", [False, True])
def test_a_pipe_with_a_peer(late, run, tmp_path):
    os.mkfifo(tmp_path / "c.json")

    def write() -> None:
        time.sleep(0.7 if late else 0.0)
        (tmp_path / "c.json").write_text(json.dumps(CALIBRATOR))

    peer = threading.Thread(target=write)
    peer.start()
    done = run("apply", "z.npy", "-c", "c.json", "-o", "p.npy")
    peer.join()
    assert done.returncode == 0, done.stderr
    assert np.load(tmp_path / "p.npy").shape == (400, 7)


@pytest.mark.parametrize(
    "arguments",
    ["fit zero.npy y.npy", "report zero.csv", "report z.npy y.npy --groups zero.txt"],
)
def test_a_device_is_no_file(arguments, run, tmp_path):
    for suffix in ("npy", "csv", "txt"):
        (tmp_path / f"zero.{suffix}").symlink_to("/dev/zero")
    refused(run(*arguments.split()), "expected a regular file, found a device")


@pytest.mark.parametrize(
    "arguments", ["apply z.npy -c /dev/zero", "report z.npy y.npy --class-names /dev/zero"]
)
def test_a_text_without_an_end(arguments, run):
    refused(run(*arguments.split()), "/dev/zero: expected at most 32 MiB")


@pytest.mark.parametrize(
    "arguments",
    ["fit loop.npy y.npy", "fit z.npy loop.npy", "apply z.npy -c loop.json", "fit d/z.npy y.npy"],
)
def test_a_link_to_itself(arguments, run, tmp_path):
    for name in ("loop.npy", "loop.json", "d"):
        (tmp_path / name).symlink_to(name)
    refused(run(*arguments.split()), "ink")  # Symlink loop, symbolic links


@pytest.mark.parametrize("mib", [40, 100, 200, 300])
def test_too_little_memory(mib, files, tmp_path):
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (mib << 20, mib << 20))

    process = fresh(tmp_path, "fit", *files, preexec_fn=limit, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE)  # fmt: skip
    stdout, stderr = process.communicate(timeout=120)
    refused(subprocess.CompletedProcess([], process.returncode, stdout, stderr), "memory")


@pytest.mark.draws
def test_names_that_are_not_utf_8(run, tmp_path):
    name = os.fsdecode(b"\xff\x1b[31m.npy")
    os.rename(tmp_path / "z.npy", tmp_path / name)
    done = run("report", name, "y.npy", *QUICK, "-o", "out")
    assert done.returncode == 0, done.stderr
    assert r"\udcff\x1b[31m.npy: 400 rows" in done.stdout
    assert json.loads((tmp_path / "out/report.json").read_text())["data"]["logits"][0] == "\\"
    assert r"\\udcff\\x1b\[31m.npy" in (tmp_path / "out/report.md").read_text()
    assert "\x1b" not in done.stdout + done.stderr
    refused(run("fit", f"no{name}", "y.npy"), r"no\udcff\x1b[31m.npy: no such file")
    done = run("fit", name, "y.npy", "-o", os.fsdecode(b"c\xff\n.json"))
    assert done.stderr.endswith("wrote c\\udcff .json\n")


@pytest.mark.draws
def test_names_in_other_outputs(run, tmp_path):
    (tmp_path / "n.txt").write_text("\ufeffa\x1b[2J\nb\u202e\n<i>c</i>\nd\ne\nf\ng\n")
    (tmp_path / "c.json").write_text(
        json.dumps({**CALIBRATOR, "fitted": {"label_smoothing": "<script>x</script>\x07"}})
    )
    given = ("--class-names", "n.txt", "-c", "c.json", *QUICK, "-o", "out")
    done = run("report", "z.npy", "y.npy", *given, "--all")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out/report.md").read_text()
    assert r"\na\x1b[2J " in done.stdout.replace("\n", r"\n")  # the byte order mark is gone
    assert "<" not in re.sub("</?(details|summary)>", "", page)
    assert "&lt;script&gt;x&lt;/script&gt;" in page
    for text in (done.stdout, done.stderr, page):
        assert not {"\x1b", "\x07", "\u202e", "\ufeff"} & {*text}


def test_warnings_of_libraries_stay_away(tmp_path):
    """A module that warns in every way while a command is run."""
    (tmp_path / "sitecustomize.py").write_text(
        "import builtins, sys\n"
        "real = builtins.__import__\n"
        "def loud(name, *more, **named):\n"
        "    if name == 'calibrate.data.dataset' and 'logging' in sys.modules:\n"
        "        import logging, warnings\n"
        "        builtins.__import__ = real\n"
        "        warnings.warn('a library warns', UserWarning)\n"
        "        logging.getLogger('some.library').warning('a library logs')\n"
        "    return real(name, *more, **named)\n"
        "builtins.__import__ = loud\n"
    )
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}

    def stderr(*python: str) -> str:
        line = [sys.executable, *python, "-m", "calibrate", "fit", "z.npy", "y.npy"]
        return subprocess.run(
            line, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=True
        ).stderr

    assert "library" not in stderr()
    assert "a library warns" in stderr("-W", "always")


def test_random_labels_take_two_passes():
    """Where no T is best, the slope at the bound tells so at once."""
    import calibrate

    rng = np.random.default_rng(1)
    logits = rng.normal(size=(4_000, 20)).astype(np.float32)
    for seed in range(8):
        fit = calibrate.fit(logits, np.random.default_rng(seed).integers(0, 20, 4_000))
        assert fit.passes <= 3 or fit.converged
        assert fit.temperature > 10
