"""Processes of the command that do not wait two seconds each for what they import.

A server that has imported the libraries, and our modules, forks one process per call, with its own
memory, files, folder, variables and exit status. What the tests of start-up, signals and pipes need
is started from nothing, as a user would.

Two thirds of the time of a report go into pixels, so pictures are blank here unless a call `draws`:
matplotlib's last step, from a figure to bytes, is left out. All of ours runs: figures are made, and
their files checked, written, replaced and removed as ever.
"""

from __future__ import annotations

import multiprocessing
import os
import pkgutil
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

import calibrate

LIBRARIES = [
    "jinja2",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "scipy.optimize",
    "scipy.special",
    "scipy.stats",
]
OURS = [
    module.name
    for module in pkgutil.walk_packages(calibrate.__path__, "calibrate.")
    if module.name != "calibrate.__main__"
]
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload([*LIBRARIES, *OURS])

BLANK = {
    "png": b"\x89PNG\r\n\x1a\n blank",
    "svg": b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
    "pdf": b"%PDF-1.4 blank",
}


def run(
    arguments: list[str], folder: Path, seconds: float = 120, *, draws: bool = False
) -> subprocess.CompletedProcess[bytes]:
    """``python -m calibrate ARGUMENTS`` in a folder: its exit status and what it wrote."""
    with tempfile.TemporaryDirectory() as name:
        streams = Path(name, "out"), Path(name, "err")
        status = _status(arguments, folder, seconds, streams, draws)
        written = [stream.read_bytes() for stream in streams]
        return subprocess.CompletedProcess(arguments, status, *written)


def printed(arguments: list[str], folder: Path, seconds: float = 120) -> str:
    """What it writes to both streams, as a terminal would show it."""
    with tempfile.TemporaryDirectory() as name:
        both = Path(name, "both")
        _status(arguments, folder, seconds, (both, both), False)
        return both.read_text()


def _status(
    arguments: list[str], folder: Path, seconds: float, streams: tuple[Path, Path], draws: bool
) -> int:
    process = SERVER.Process(
        target=_main, args=(arguments, folder, dict(os.environ), streams, draws)
    )
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        raise subprocess.TimeoutExpired(arguments, seconds)
    return process.exitcode


def _main(
    arguments: list[str],
    folder: Path,
    variables: dict[str, str],
    streams: tuple[Path, Path],
    draws: bool,
) -> None:
    for number, stream in enumerate(streams, 1):
        os.dup2(os.open(stream, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    if streams[0] == streams[1]:
        sys.stdout.reconfigure(line_buffering=True)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    if not draws:
        from matplotlib.figure import Figure

        Figure.savefig = _blank  # type: ignore[method-assign,assignment]  # in this process alone
    sys.argv = ["calibrate", *arguments]
    runpy.run_module("calibrate", run_name="__main__", alter_sys=True)


def _blank(_: object, file: IO[bytes], *, format: str, **_options: object) -> None:
    file.write(BLANK[format])
