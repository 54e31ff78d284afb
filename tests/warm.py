"""Real processes of the command that do not wait two seconds each for what they import.

A server that has imported the libraries, and our modules, forks one process per call, with its own
memory, files, folder, variables and exit status. What the tests of start-up, signals and pipes need
is started from nothing, as a user would.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

import calibrate

COMMANDS = Path(calibrate.__file__).parent / "cli"
LIBRARIES = [
    "jinja2",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "scipy.optimize",
    "scipy.special",
    "scipy.stats",
]
OURS = [
    "calibrate.api",
    "calibrate.renderers.folder",
    *(
        f"calibrate.cli.{path.stem}"
        for path in Path(calibrate.__file__).parent.glob("cli/[a-z]*.py")
    ),
]
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload([*LIBRARIES, *OURS])


def run(arguments: list[str], folder: Path, seconds: float) -> subprocess.CompletedProcess[bytes]:
    """``python -m calibrate ARGUMENTS`` in a folder: its exit status and what it wrote."""
    with tempfile.TemporaryDirectory() as name:
        streams = Path(name, "out"), Path(name, "err")
        process = SERVER.Process(target=_main, args=(arguments, folder, dict(os.environ), streams))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(arguments, seconds)
        written = [stream.read_bytes() for stream in streams]
        return subprocess.CompletedProcess(arguments, process.exitcode, *written)


def _main(
    arguments: list[str], folder: Path, variables: dict[str, str], streams: tuple[Path, Path]
) -> None:
    for number, stream in enumerate(streams, 1):
        os.dup2(os.open(stream, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    sys.argv = ["calibrate", *arguments]
    runpy.run_module("calibrate", run_name="__main__", alter_sys=True)
