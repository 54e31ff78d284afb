"""Run a case, and say what is wrong with how it ended."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

from fuzz.cases import Case

from calibrate.cli.app import main

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60.0  # seconds
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
NOT_FINITE = re.compile(r"(?<![\w.\\-])[-+]?(nan|inf|infinity)(?![\w.])", re.IGNORECASE)


@dataclass
class Ended:
    """How a case ended."""

    code: object
    stdout: bytes
    stderr: bytes
    warned: tuple[str, ...] = ()
    seconds: float = 0.0


def in_process(case: Case, folder: Path) -> Ended:
    """The case in this process, in its own folder; warnings of libraries are collected."""
    prepare(case, folder)
    before = sys.stdout, sys.stderr, sys.argv, Path.cwd(), signal.getsignal(signal.SIGTERM)
    raw = io.BytesIO(), io.BytesIO()
    streams = [io.TextIOWrapper(each, encoding="utf-8", write_through=True) for each in raw]
    code: object = None
    started = time.monotonic()
    options, sys.warnoptions = sys.warnoptions, ["always"]  # as python -W: none is silenced
    os.chdir(folder)
    try:
        sys.stdout, sys.stderr = streams
        sys.argv = ["calibrate", *case.arguments]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.simplefilter("ignore", ResourceWarning)
            main()
    except SystemExit as left:
        code = left.code
    finally:
        sys.stdout, sys.stderr, sys.argv, here, handler = before
        sys.warnoptions = options
        os.chdir(here)
        signal.signal(signal.SIGTERM, handler)
    told = tuple(f"{w.category.__name__}: {w.message} ({w.filename}:{w.lineno})" for w in caught)
    return Ended(code, raw[0].getvalue(), raw[1].getvalue(), told, time.monotonic() - started)


def in_a_process(case: Case, folder: Path) -> Ended:
    """The case in a process of its own."""
    prepare(case, folder)
    started = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "calibrate", *case.arguments],
            cwd=folder,
            capture_output=True,
            timeout=2 * PATIENCE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ended("none: it went on", b"", b"", (), time.monotonic() - started)
    return Ended(done.returncode, done.stdout, done.stderr, (), time.monotonic() - started)


def prepare(case: Case, folder: Path) -> None:
    for name, content in case.files.items():
        (folder / name).write_bytes(content)


def wrong(case: Case, ended: Ended, folder: Path) -> list[str]:
    """What is wrong; nothing, as a rule."""
    stdout, stderr = (
        part.decode(errors="backslashreplace") for part in (ended.stdout, ended.stderr)
    )
    found = [f"a warning: {each}" for each in ended.warned]
    if ended.code not in (0, 1, 2):
        found.append(f"exit status {ended.code!r}")
    for word in ("internal error", "Traceback", "out of memory", "cannot be loaded"):
        if word in stderr:
            found.append(word)
    if CONTROL.search(stderr):
        found.append("a raw control character on stderr")
    if ended.seconds > PATIENCE:
        found.append(f"took {ended.seconds:.0f} s")
    written = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    new = {name: path for name, path in written.items() if name not in case.files}
    if ended.code == 2:
        found += _refused(stderr, stdout, new)
    elif "-o -" not in " ".join(case.arguments):
        formats = [each for each in ("json", "markdown") if each in case.arguments]
        found += _printed("stdout", stdout, formats[0] if formats else "text")
    for name, path in new.items():
        if path.suffix in (".json", ".md"):
            format = "json" if path.suffix == ".json" else "markdown"
            found += _printed(name, path.read_text(), format)
    for name, content in case.files.items():
        if written[name].read_bytes() != content and ended.code == 2:
            found.append(f"{name} was changed")
    return found


def _refused(stderr: str, stdout: str, new: dict[str, Path]) -> list[str]:
    found = []
    if stderr.count("\n") != 1 or not stderr.startswith("calibrate: "):
        found.append("not exactly one line on stderr")
    if len(stderr) > 2_500:
        found.append(f"a line of {len(stderr):,} characters")
    if stdout:
        found.append("something on stdout")
    if new:
        found.append(f"written although refused: {sorted(new)}")
    return found


def _printed(what: str, text: str, format: str) -> list[str]:
    found = []
    if CONTROL.search(text):
        found.append(f"a raw control character in {what}")
    if NOT_FINITE.search(text):
        found.append(f"{NOT_FINITE.findall(text)[0]} in {what}")
    if re.search(r"<(script|b)>", text) and format == "markdown":
        found.append(f"raw HTML in {what}")
    if format == "json" and text:
        try:
            json.loads(text, parse_constant=_no_constant)
        except ValueError as error:
            found.append(f"{what} is no JSON: {error}")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is none of JSON's values")
