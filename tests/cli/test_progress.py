"""What a terminal sees while the work goes on."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import threading
from pathlib import Path

from conftest import fresh, heed_signals

import calibrate
from calibrate.blocks.passes import doing
from calibrate.cli.console import Progress


def on_a_terminal(folder: Path, *args: object, stop: str | None = None) -> tuple[int, str]:
    """Run the command with a terminal for stderr: the exit status, and what it was sent.

    Ctrl-C is pressed when ``stop`` is seen.
    """
    ours, theirs = pty.openpty()
    with fresh(
        folder, *args, stdout=subprocess.DEVNULL, stderr=theirs, preexec_fn=heed_signals
    ) as process:
        os.close(theirs)
        seen = b""
        try:
            while part := os.read(ours, 4096):
                seen += part
                if stop is not None and stop.encode() in seen:
                    process.send_signal(signal.SIGINT)
                    stop = None
        except OSError:  # how Linux says that the other side has closed
            pass
    os.close(ours)
    return process.returncode, seen.decode()


SLOW = ("--bootstrap", "4000")  # seconds
HIDE, SHOW, ERASE = "\x1b[?25l", "\x1b[?25h", "\r\x1b[1A\x1b[2K"  # as Rich writes them
LINE = re.compile(
    r"[a-z]+( \(pass \d+\))?|[a-z]+: [\d,]+ of [\d,]+ (rows|samples)(, [1-9]\d* (s|min) left)?"
)


def test_stage_count_and_time_left(files, tmp_path: Path):
    status, seen = on_a_terminal(tmp_path, "report", *files, *SLOW, "--plots", "temperature")
    assert status == 0
    assert seen.startswith(HIDE)
    shown, after = seen[len(HIDE) :].split(f"\r\n{SHOW}{ERASE}")
    lines = shown.split("\r\x1b[2K")
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert any(re.fullmatch(r"bootstrap: [\d,]+ of 4,000 samples, \d+ s left", x) for x in lines)
    assert "drawing" in lines
    assert after.startswith("multiclass: 400 x 7 logits")  # where the line was


def test_ctrl_c_takes_the_line_away(files, tmp_path: Path):
    status, seen = on_a_terminal(tmp_path, "report", *files, "--bootstrap", 10**6, stop="bootstrap")
    assert status == 130
    assert seen.endswith(f"{SHOW}{ERASE}calibrate: interrupted\r\n")


def test_quiet_shows_none(files, tmp_path: Path):
    assert on_a_terminal(tmp_path, "report", *files, *SLOW, "--plots", "none", "-q") == (0, "")


def test_quick_work_shows_none(monkeypatch, capfd):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    before = threading.active_count()
    with Progress() as progress:
        progress.began("reading", 400, "rows")
        progress(300)
    assert capfd.readouterr().err.strip() == ""
    assert threading.active_count() == before


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
