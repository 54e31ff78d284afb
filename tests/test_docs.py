"""Every console example in the README and the docs runs and prints what it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import warm
from conftest import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: Path, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(page.read_text()) if kind == language]


def commands(block: str) -> list[tuple[str, list[str]]]:
    """``$ command`` lines, each with the lines it should print."""
    steps: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], []))
        else:
            steps[-1][1].append(line)
    return steps


def matches(expected: list[str], printed: list[str]) -> bool:
    """Line by line; a line ``...`` stands for any number of lines."""
    if not expected:
        return not printed
    if expected[0] == "...":
        return any(matches(expected[1:], printed[i:]) for i in range(len(printed) + 1))
    return bool(printed) and expected[0] == printed[0] and matches(expected[1:], printed[1:])


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    return make_workplace(tmp_path)


def make_workplace(tmp_path: Path) -> Path:
    """A folder with the samples, and a shell that finds `calibrate`."""
    (tmp_path / "sample_logits").symlink_to(ROOT / "sample_logits")
    binaries = tmp_path / ".bin"
    binaries.mkdir()
    for name, command in {"calibrate": "-m calibrate", "python": ""}.items():
        script = binaries / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {command} "$@"\n')
        script.chmod(0o755)
    return tmp_path


QUOTED = re.compile(r"'[^']*'")
OF_SHELLS = re.compile(r"""[|<>&;$*?#!~`"'(){}\[\]\\]""")


def printed_by(command: str, folder: Path) -> list[str]:
    """What a command prints to both streams; only what needs a shell waits for one to start."""
    if command.startswith("calibrate ") and not OF_SHELLS.search(QUOTED.sub("", command)):
        text = warm.printed(shlex.split(command)[1:], folder)
        return [line.rstrip() for line in text.splitlines()]
    return shell(command, folder)


def shell(command: str, folder: Path) -> list[str]:
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
        env={
            **os.environ,
            "PATH": f"{folder / '.bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        },
    )
    return [line.rstrip() for line in done.stdout.splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_console_examples(page: Path, workplace: Path):
    for block in blocks(page, "console"):
        for command, expected in commands(block):
            printed = printed_by(command, workplace)
            assert matches(expected, printed), "\n".join([f"$ {command}", *printed])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_examples(page: Path, workplace: Path):
    for block in blocks(page, "python"):
        (workplace / "example.py").write_text(block)
        printed = shell("python example.py", workplace)
        expected = re.findall(r"# prints: (.*)", block)
        assert printed == expected


def test_there_are_examples():
    assert sum(len(commands(b)) for page in PAGES for b in blocks(page, "console")) >= 8


def test_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_matcher_can_fail():
    assert matches(["a", "...", "d"], ["a", "b", "c", "d"])
    assert not matches(["a", "...", "d"], ["a", "b"])
    assert not matches(["a"], ["a", "b"])
