"""--plots: the same on every command that draws."""

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
    done = run(*arguments.split(), "--plots", f"{name}, {name}.SVG,{name}.pdf")
    assert done.returncode == 0, done.stderr
    for suffix, start in START.items():
        assert (tmp_path / folder / f"{name}{suffix}").read_bytes().startswith(start)
    for path in (tmp_path / folder).glob(f"{name}.*"):
        path.unlink()
    assert run(*arguments.split(), "--plots", "none").returncode == 0
    assert not list(tmp_path.rglob(f"{name}.*"))
    wrong = run(*arguments.split(), "--plots", f"{name}x")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("calibrate: --plots: expected one of ")
    assert wrong.stderr.endswith(f"; did you mean {name}?\n")
    wrong = run(*arguments.split(), "--plots", f"{name}.bmp")
    assert wrong.stderr == (
        f"calibrate: --plots: expected {name}, or {name} with a suffix (.png, .svg, .pdf), "
        f"got '{name}.bmp'\n"
    )


@pytest.mark.parametrize("command", ["targets", "clusters"])
def test_a_plot_has_one_name(command, commands, run, tmp_path):
    arguments, _ = commands[command]
    done = run(*arguments.split(), "--plots", f"{PICTURE[command]}.pdf", "-o", "a.png")
    assert done.returncode == 2
    assert "expected either --output" in done.stderr
    assert not list(tmp_path.rglob("*.png"))
