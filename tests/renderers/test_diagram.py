"""The reliability diagram in characters."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import SAMPLES
from rich.console import Console

import calibrate
from calibrate.renderers.parts import Diagram
from calibrate.renderers.text_diagram import FINE, LENGTH, PLAIN, bars
from calibrate.results.report import Reliability


def bins(*found: tuple[float, float, float], bounds: tuple = ()) -> Diagram:
    """Equally wide bins of (rows, confidence, accuracy)."""
    edges = tuple(float(edge) for edge in np.linspace(0, 1, len(found) + 1))
    weight, *both = zip(*found, strict=True)
    confidence, accuracy = (
        tuple(v if w else None for v, w in zip(values, weight, strict=True)) for values in both
    )
    low, high = zip(*bounds, strict=True) if bounds else ((), ())
    return Diagram(Reliability(edges, weight, confidence, accuracy, low, high))


def test_a_bar_is_as_long_as_its_accuracy():
    lines = bars(bins((30, 0.2, 0.5), (0, 0, 0), (1000, 0.9, 0.6)), PLAIN).plain.splitlines()
    assert lines[0] == f"confidence      rows  {'accuracy, 0 to 1':<30}    gap"
    assert lines[1] == f"0.67 - 1.00    1,000 |{'#' * 18}{'-' * 9}   | +30.0"
    assert lines[2] == f"0.00 - 0.33       30 |{'#' * 6}{'+' * 9}{' ' * 15}| -30.0"
    assert lines[3] == "- too sure, + not sure enough; gap in points"
    assert len(lines) == 4  # the empty bin is not drawn


def test_what_is_beyond_chance_is_marked():
    diagram = bins((9, 0.2, 0.5), (9, 0.7, 0.6), bounds=((0.0, 0.4), (0.5, 0.9)))
    _, inside, beyond, legend = bars(diagram, PLAIN).plain.splitlines()
    assert beyond.endswith("-30.0*")
    assert inside.endswith("+10.0")
    assert legend.endswith(", * beyond chance")


@pytest.mark.parametrize("n", [1, 2, 15, 16, 30, 100, 10_000])
@pytest.mark.parametrize("pen", [PLAIN, FINE], ids=["plain", "fine"])
def test_it_fits_on_a_screen(n, pen):
    rng = np.random.default_rng(n)
    found = [(float(w), float(c), float(a)) for w, c, a in rng.random((n, 3)) * (1e7, 1, 1)]
    found[0] = (1e12, 1.0, 0.0)
    lines = bars(bins(*found), pen).plain.splitlines()
    assert len(lines) <= 17
    assert max(map(len, lines)) <= 60
    inside = [line.split(pen.rule) for line in lines[1:-1]]
    assert {len(between) for _, between, _ in inside} == {LENGTH}
    assert all(ord(c) < 128 for line in lines for c in line) == (pen is PLAIN)


def test_bins_put_together_keep_their_means():
    many = bins(*[(float(i % 3), i / 30, i / 60) for i in range(30)])
    lines = bars(many, PLAIN).plain.splitlines()
    assert len(lines) == 17
    low, rows = lines[-2].split()[0], lines[-2].split()[3]
    assert (low, rows) == ("0.00", "1")  # bins 0 and 1
    both = lines[-3].split("|")[-1]  # bins 2 and 3, of which 3 is empty
    assert float(both) == pytest.approx(100 * (2 / 30 - 2 / 60), abs=0.05)


@pytest.mark.parametrize("accuracy", np.linspace(0, 1, 41))
def test_eighths_end_where_the_accuracy_does(accuracy):
    text = bars(bins((50, 1.0, float(accuracy))), FINE).plain.splitlines()[1]
    bar = text.split("│")[1]
    eighths = 8 * bar.count("█") + sum(1 + FINE.ends.index(c) for c in bar if c in FINE.ends)
    assert eighths == pytest.approx(8 * LENGTH * accuracy, abs=1)


def test_of_yes_no_decisions_it_is_the_probability_of_yes(run):
    breast = SAMPLES / "breast"
    names = [breast / f"test_{name}.npy" for name in ("logits", "labels")]
    plain = ("report", *names, "--bootstrap", "0", "--plots", "none")
    done = run(*plain, "--diagram")
    assert "\nP(yes)          rows  share of yes, 0 to 1" in done.stdout
    assert "\n0.93 - 1.00      129 |####" in done.stdout
    assert done.stdout.isascii()
    assert "P(yes)          rows" not in run(*plain).stdout


def test_after_calibration_where_there_is_an_after():
    z = np.random.default_rng(0).normal(scale=4, size=(300, 3))
    y = (z / 4 + np.random.default_rng(1).gumbel(size=z.shape)).argmax(axis=1)
    from calibrate.renderers.documents.report import diagram_of

    report = calibrate.evaluate(z, y, calibrate.Temperature(4.0))
    assert diagram_of(report).bins == report.reliability.after != report.reliability.before


def test_gaps_are_coloured():
    console = Console(force_terminal=True, color_system="standard", width=80)
    with console.capture() as captured:
        console.print(bars(bins((30, 0.2, 0.5), (30, 0.9, 0.6)), FINE))
    assert "\x1b[31m░░░" in captured.get()
    assert "\x1b[34m▓▓▓" in captured.get()
