"""The recipes of docs/ci.md and the action of GitHub, run as far as can be without a runner."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, SAMPLES
from test_docs import FENCE

from calibrate.cli.app import COMMANDS

PAGE = ROOT / "docs/ci.md"
ACTION = yaml.safe_load((ROOT / ".github/actions/calibrate/action.yml").read_text())
INSTALL, CHECK = ACTION["runs"]["steps"]


def recipe(first: str) -> str:
    """The block of the page that begins with these words."""
    (found,) = [body for _, body in FENCE.findall(PAGE.read_text()) if body.startswith(first)]
    return found


@dataclass(frozen=True)
class Workplace:
    """A folder with the rows of the recipes, and a shell that notes down what it is asked for.

    ``pip`` is never run; ``calibrate`` is, but for commands in ``noted``.
    """

    folder: Path
    noted: tuple[str, ...] = ("check",)

    def __post_init__(self) -> None:
        binaries = self.folder / ".bin"
        binaries.mkdir()
        note = 'printf "%s\\n" "$@" > asked; exit "${STATUS:-0}"'
        words = "|".join(self.noted)
        scripts = {
            "calibrate": f'case "$1" in {words}) {note};; esac\n'
            f'exec "{sys.executable}" -m calibrate "$@"',
            "python": note,
            "pip": note,
        }
        for name, script in scripts.items():
            (binaries / name).write_text(f"#!/bin/bash\n{script}\n")
            (binaries / name).chmod(0o755)
        for part in ("test", "val"):
            for array, source in (("logits", "hard"), ("labels", "labels")):
                target = self.folder / f"{part}_{array}.npy"
                target.symlink_to(SAMPLES / f"mnist/{source}_{part}.npy")

    def run(self, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder / '.bin'}:{os.environ['PATH']}"
        env = {**os.environ, "PYTHONPATH": str(ROOT), **variables, "PATH": path}
        return subprocess.run(
            command, cwd=self.folder, env=env, capture_output=True, text=True, check=False
        )

    def shell(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """As runners of GitHub start bash."""
        line = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        return self.run(line, **variables)

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def step(workplace: Workplace, of: Mapping, **given: str) -> subprocess.CompletedProcess[str]:
    """A step of the action with these inputs."""
    inputs = {name: about.get("default", "") for name, about in ACTION["inputs"].items()} | given
    variables = {
        name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: inputs[found[1]], text)
        for name, text in of["env"].items()
    }
    assert "${{" not in of["run"], "an input in a script is code of somebody else"
    return workplace.shell(
        of["run"], **variables, GITHUB_ACTION_PATH=str(ROOT / ".github/actions/calibrate")
    )


def test_the_action_checks(workplace):
    done = step(
        workplace, CHECK, logits="z.npy", labels="y.npy", calibrator="c.json",
        max="ece=0.03 nll=0.4\nece@group:night=0.05", min="accuracy=0.9", against="old.json",
        arguments="--seed\n1\n\n--max\nece@group:late night=0.1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert workplace.asked == [
        "check", "--format", "github", "--max", "ece=0.03", "--max", "nll=0.4",
        "--max", "ece@group:night=0.05", "--min", "accuracy=0.9", "--calibrator", "c.json",
        "--against", "old.json", "--confident", "--seed", "1", "--max", "ece@group:late night=0.1",
        "--", "z.npy", "y.npy",
    ]  # fmt: skip


def test_the_action_with_little(workplace):
    assert step(workplace, CHECK, logits="val.npz", confident="false").returncode == 0
    assert workplace.asked == ["check", "--format", "github", "--", "val.npz"]


def test_the_action_fails_as_the_check_does(workplace):
    for status in ("1", "2"):
        done = workplace.shell(CHECK["run"], STATUS=status, LOGITS="z.npy")
        assert done.returncode == int(status)


@pytest.mark.parametrize(
    "hostile", ["$(touch x).npy", "`touch x`", '"; touch x; "', "-c", "a b.npy"]
)
def test_inputs_are_no_code(workplace, hostile):
    step(workplace, CHECK, logits=hostile, labels=hostile, max="$(touch x)", arguments="; touch x")
    assert workplace.asked[-2:] == [hostile, hostile]
    assert not (workplace.folder / "x").exists()


def test_the_action_installs_itself(workplace):
    assert step(workplace, INSTALL).returncode == 0
    *pip, wanted = workplace.asked
    assert pip == ["-m", "pip", "install", "--quiet"]
    assert Path(wanted).resolve() == ROOT
    assert step(workplace, INSTALL, install="calibrate-cli==0.1.0").returncode == 0
    assert workplace.asked[-1] == "calibrate-cli==0.1.0"


def test_the_action_is_complete():
    used = set(re.findall(r"inputs\.(\w+)", str(ACTION["runs"])))
    assert used == {*ACTION["inputs"]}
    assert all(about["description"] for about in ACTION["inputs"].values())
    assert all(each["shell"] == "bash" for each in ACTION["runs"]["steps"])


def test_the_workflow_uses_the_action():
    flow = yaml.safe_load(recipe("# .github/workflows/calibration.yml"))
    *_, last = flow["jobs"]["check"]["steps"]
    assert (ROOT / last["uses"] / "action.yml").is_file()
    assert {*last["with"]} <= {*ACTION["inputs"]}
    assert "logits" in last["with"]


def test_a_step_without_the_action(workplace):
    (only,) = yaml.safe_load(recipe("      - run: calibrate check"))
    assert workplace.shell(only["run"]).returncode == 0
    assert workplace.asked[:3] == ["check", "test_logits.npy", "test_labels.npy"]
    assert workplace.asked[-2:] == ["--format", "github"]


def test_gitlab(workplace):
    job = yaml.safe_load(recipe("# .gitlab-ci.yml"))["calibration"]
    for line in job["script"]:
        assert workplace.shell(line).returncode == 0
    assert workplace.asked[-2:] == ["--format", "junit"]
    (kept,) = job["artifacts"]["paths"]
    assert kept == job["artifacts"]["reports"]["junit"]
    assert (workplace.folder / kept).exists()
    assert job["artifacts"]["when"] == "always"


def test_pre_commit(workplace):
    (hook,) = yaml.safe_load(recipe("# .pre-commit-config.yaml"))["repos"][0]["hooks"]
    assert workplace.shell(hook["entry"]).returncode == 0
    assert workplace.asked[0] == "check"
    files = [word for word in workplace.asked if re.search(hook["files"], word)]
    assert files == ["test_logits.npy", "test_labels.npy", "calibrator.json"]
    assert hook["pass_filenames"] is False


def test_make(workplace):
    (workplace.folder / "Makefile").write_text(recipe("calibrator.json: val_logits.npy"))
    done = workplace.run(["make", "check", "calibration.html"])
    assert done.returncode == 0, done.stderr
    assert workplace.asked == [
        "check", "test_logits.npy", "test_labels.npy", "-c", "calibrator.json", "--max", "ece=0.03",
    ]  # fmt: skip
    assert "2,000 rows" in (workplace.folder / "calibration.html").read_text()
    again = workplace.run(["make", "calibration.html"])
    assert "is up to date" in again.stdout
    assert workplace.run(["make", "check"], STATUS="1").returncode == 2  # of make


@pytest.mark.skipif("check" not in COMMANDS, reason="there is no such command yet")
def test_the_limits_of_the_page_hold(tmp_path):
    place = Workplace(tmp_path, noted=("nothing",))
    assert place.shell("calibrate fit val_logits.npy val_labels.npy").returncode == 0
    (tmp_path / "pyproject.toml").write_text(recipe("[tool.calibrate.check]"))
    done = place.shell("calibrate check test_logits.npy test_labels.npy -c calibrator.json")
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "summary.md").touch()
    (only,) = yaml.safe_load(recipe("      - run: calibrate check"))
    done = place.shell(only["run"], GITHUB_STEP_SUMMARY="summary.md")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ece" in (tmp_path / "summary.md").read_text()
