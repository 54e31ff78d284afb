"""What a terminal sees while the work goes on."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import fresh

import calibrate
from calibrate.blocks.passes import doing
from calibrate.cli.console import Pass


def on_a_terminal(folder: Path, *args: object) -> tuple[int, str]:
    """Run the command with a terminal for stderr: the exit status, and what it was sent."""
    ours, theirs = pty.openpty()
    with fresh(folder, *args, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        try:
            while part := os.read(ours, 4096):
                seen += part
        except OSError:  # how Linux says that the other side has closed
            pass
    os.close(ours)
    return process.returncode, seen.decode()


SLOW = ("--bootstrap", "4000")  # seconds


def test_stage_count_and_time_left(files, tmp_path: Path):
    status, seen = on_a_terminal(tmp_path, "report", *files, *SLOW, "--figures", "temperature")
    assert status == 0
    lines = seen.split("\r\x1b[2K")
    assert any(
        re.fullmatch(r"bootstrap: [\d,]+ of 4,000 samples, \d+ (s|min) left", each)
        for each in lines
    ), seen
    assert "drawing" in lines
    assert lines[-1].startswith("multiclass: 400 x 7 logits")  # the line is gone


def test_quiet_shows_none(files, tmp_path: Path):
    assert on_a_terminal(tmp_path, "report", *files, *SLOW, "--figures", "none", "-q") == (0, "")


def test_quick_work_shows_none(tmp_path: Path):
    np.save(tmp_path / "z.npy", np.zeros((3, 2)))
    status, seen = on_a_terminal(tmp_path, "apply", "z.npy", "--temperature", "2")
    assert status == 0
    assert "writing" not in seen


def test_each_pass_says_what_it_is_for(files):
    told, rows = [], []

    def began(stage: str, total: int, unit: str) -> None:
        told.append((stage, total, unit))

    with calibrate.running(progress=rows.append, began=began):
        dataset = calibrate.open_dataset(*map(str, files))
        assert told == [("reading", 0, "rows"), ("reading", 400, "rows")]
        calibrate.evaluate(dataset, settings=calibrate.Settings(bootstrap=150))
        with doing("resting"):
            pass
    assert ("fitting", 400, "rows") in told
    assert ("measuring", 400, "rows") in told
    assert ("bootstrap", 150, "samples") in told
    assert told[-1] == ("resting", 0, "rows")
    assert sum(rows) == sum(total for _, total, _ in told)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (Pass("drawing"), "drawing"),
        (Pass("fitting", 1000, number=3), "fitting (pass 3)"),
        (Pass("fitting", 1000, done=1000), "fitting"),
    ],
)
def test_what_is_not_known_is_not_said(now, said):
    assert str(now) == said


def test_the_time_left_follows_the_pace(monkeypatch):
    monkeypatch.setattr("time.monotonic", lambda: 103.0)
    assert str(Pass("measuring", 4000, done=1000, since=100.0)) == (
        "measuring: 1,000 of 4,000 rows, 9 s left"
    )
    assert str(Pass("measuring", 400_000, done=1000, since=100.0)).endswith(", 20 min left")
