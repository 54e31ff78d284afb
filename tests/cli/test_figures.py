"""--figures: the same on every command that draws."""

from __future__ import annotations

import numpy as np
import pytest

START = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.fixture
def commands(files, tmp_path) -> dict[str, tuple[str, str]]:
    """A command of each kind, and the folder that its pictures go to."""
    np.save(tmp_path / "y3.npy", np.load(files[1]) % 3)
    return {
        "report": ("report z.npy y.npy --bootstrap 0", "report"),
        "compare": ("compare z.npy y.npy", "compare"),
        "targets": ("targets teacher z.npy --sweep 1,2", "."),
        "clusters": ("clusters z.npy y3.npy --classes 0,1,2 --bootstrap 0", "."),
    }


PICTURE = {
    "report": "reliability",
    "compare": "reliability",
    "targets": "targets",
    "clusters": "clusters",
}


@pytest.mark.draws
@pytest.mark.parametrize("command", PICTURE)
def test_figures_mean_the_same(command, commands, run, tmp_path):
    arguments, folder = commands[command]
    name = PICTURE[command]
    done = run(*arguments.split(), "--figures", f"{name}, {name}.SVG,{name}.pdf")
    assert done.returncode == 0, done.stderr
    for suffix, start in START.items():
        assert (tmp_path / folder / f"{name}{suffix}").read_bytes().startswith(start)
    for path in (tmp_path / folder).glob(f"{name}.*"):
        path.unlink()
    assert run(*arguments.split(), "--figures", "none").returncode == 0
    assert not list(tmp_path.rglob(f"{name}.*"))
    wrong = run(*arguments.split(), "--figures", f"{name}x")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("calibrate: --figures: expected one of ")
    assert wrong.stderr.endswith(f"; did you mean {name}?\n")
    wrong = run(*arguments.split(), "--figures", f"{name}.bmp")
    assert wrong.stderr == (
        f"calibrate: --figures: expected {name}, or {name} with a suffix (.png, .svg, .pdf), "
        f"got '{name}.bmp'\n"
    )


@pytest.mark.parametrize(("command", "option"), [("targets", "--figure"), ("clusters", "--output")])
def test_a_picture_has_one_name(command, option, commands, run, tmp_path):
    arguments, _ = commands[command]
    done = run(*arguments.split(), "--figures", PICTURE[command], option, "a.png")
    assert done.returncode == 2
    assert f"expected either {option}" in done.stderr
    assert not list(tmp_path.rglob("*.png"))


def test_the_diagram_elsewhere_beside_others(run, files, tmp_path):
    """--figure draws the reliability diagram whatever --figures says."""
    done = run(
        "report", *files, "--bootstrap", 0, "--figures", "temperature.svg", "--figure", "a.pdf"
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.pdf").exists()
    assert {path.suffix for path in (tmp_path / "report").iterdir()} == {
        ".html",
        ".json",
        ".md",
        ".svg",
    }
